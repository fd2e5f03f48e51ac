"""/metrics, /healthz and /readyz, as an orchestrator and Prometheus see them."""

from __future__ import annotations

import json

from prometheus_client import CollectorRegistry
from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from gateway.errors import StorageUnavailable
from gateway.journal.schema import SCHEMA_VERSION
from gateway.metrics import Metrics
from gateway.operations import (
    Check,
    Operations,
    Readiness,
    database_check,
    disk_check,
    storage_check,
)
from tests.gateway.house import House


class OperationsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.metrics = Metrics(CollectorRegistry(), version="1.2")

    def site(self, *checks: Check) -> Operations:
        self.readiness = Readiness(list(checks), clock=self.house.clock)
        return Operations(
            registry=self.metrics.registry,
            readiness=self.readiness,
            run_in_thread=maybeDeferred,
            clock=self.house.clock,
        )

    def ask(self, site: Operations, path: str) -> tuple[int, str]:
        line = StringTransport()
        channel = site.buildProtocol(None)
        channel.makeConnection(line)
        channel.dataReceived(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        self.house.clock.advance(5)
        head, _, body = line.value().decode().partition("\r\n\r\n")
        assert "Server:" not in head
        return int(head.split()[1]), body

    def migrated(self, version: str) -> None:
        def write(connection: object) -> None:
            run = connection.exec_driver_sql  # type: ignore[attr-defined]
            run("DROP TABLE IF EXISTS alembic_version")
            run("CREATE TABLE alembic_version (version_num TEXT)")
            run(f"INSERT INTO alembic_version VALUES ('{version}')")

        self.house.database.write("version", lambda tx: write(tx.connection))

    def test_alive_is_a_word(self) -> None:
        """The process answers, whatever the state of its parts."""
        assert self.ask(self.site(), "/healthz") == (200, "alive\n")

    def test_metrics_are_given_in_prometheus_form(self) -> None:
        """The registry of the process, and nothing else, is shown."""
        status, body = self.ask(self.site(), "/metrics")

        assert status == 200
        assert 'octway_build_info{version="1.2"} 1.0' in body

    def test_ready_when_database_and_storage_are(self) -> None:
        """All parts right: 200, and each says how it is."""
        self.migrated(SCHEMA_VERSION)
        site = self.site(
            database_check(self.house.database, maybeDeferred),
            storage_check(self.house.storage, maybeDeferred),
            disk_check(self.house.storage, maybeDeferred, 1),
        )
        status, body = self.ask(site, "/readyz")

        assert status == 200
        parts = json.loads(body)["parts"]
        assert parts["database"] == {
            "ready": True,
            "words": f"version {SCHEMA_VERSION}",
        }
        assert parts["storage"]["ready"]
        assert parts["disk"]["ready"]

    def test_a_journal_of_another_version_is_named(self) -> None:
        """A node before its migration takes no work, and says what to run."""
        self.migrated("0000_other")
        status, body = self.ask(
            self.site(database_check(self.house.database, maybeDeferred)), "/readyz"
        )

        assert status == 503
        assert "octway migrate" in json.loads(body)["parts"]["database"]["words"]

    def test_a_full_disk_is_named(self) -> None:
        """Below the free space that is wanted, the node is not ready."""
        checks = (
            storage_check(self.house.storage, maybeDeferred),
            disk_check(self.house.storage, maybeDeferred, 10**18),
        )
        status, body = self.ask(self.site(*checks), "/readyz")

        assert status == 503
        parts = json.loads(body)["parts"]
        assert "are needed" in parts["disk"]["words"]
        assert parts["storage"]["ready"]

    def test_a_part_that_does_not_answer_is_not_waited_for(self) -> None:
        """A hanging database does not hang the answer; the others are still told."""
        hanging = Check(name="database", look=Deferred)
        broken = Check(name="other", look=lambda: fail(ZeroDivisionError("inside")))
        status, body = self.ask(self.site(hanging, broken), "/readyz")

        assert status == 503
        parts = json.loads(body)["parts"]
        assert parts["database"]["words"] == "gave no answer within 5 s"
        assert parts["other"]["words"] == "fails (ZeroDivisionError)"

    def test_a_journal_that_cannot_be_read_is_told_in_words(self) -> None:
        """An operator reads what is wrong, and not the name of an error of ours."""
        away = StorageUnavailable(
            "the journal cannot be read now (DiskFull); try again"
        )
        gone = Check(name="database", look=lambda: fail(away))
        status, body = self.ask(self.site(gone), "/readyz")

        assert status == 503
        assert json.loads(body)["parts"]["database"]["words"] == str(away)

    def test_a_node_that_stops_says_so(self) -> None:
        """While draining, a balancer is told to send work elsewhere."""
        site = self.site()
        self.readiness.draining = True
        status, body = self.ask(site, "/readyz")

        assert status == 503
        assert not json.loads(body)["parts"]["node"]["ready"]

    def test_nothing_else_is_here(self) -> None:
        """Other addresses are 404."""
        assert self.ask(self.site(), "/console")[0] == 404
