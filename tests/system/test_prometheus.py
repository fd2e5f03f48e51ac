"""A real Prometheus, with the shipped settings and rules, scrapes a real node."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.site import Site
from tests.test_deploy import DEPLOY, PANELS, prepared

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(
        shutil.which("prometheus") is None,
        reason="prometheus is not installed here (Debian: prometheus)",
    ),
]

# What a node says that has no payer yet.
QUIET = {
    "Nodes that answer",
    "Books disagree by",
    "Late",
    "Missing",
    "Anomalies open",
    "Connections open",
    "Room for stored files",
    "Transactions that wait",
    "Certificate ends in",
    "Versions",
    "Notifications and webhooks",
}


class Prometheus:
    """A server that scrapes every second; else as it is shipped."""

    def __init__(self, folder: Path, scraped: str) -> None:
        rules = DEPLOY / "prometheus" / "octway.rules.yml"
        shutil.copy(rules, folder / rules.name)
        shipped = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
        assert "gateway:9464" in shipped
        (folder / "prometheus.yml").write_text(
            shipped.replace("gateway:9464", scraped).replace(": 15s", ": 1s")
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self._log = (folder / "log").open("w")
        self._process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address={self.address}",
            ],
            stderr=self._log,
            stdout=self._log,
        )

    def ask(self, path: str, **parameters: str) -> Any:
        """Ask its API, or raise `OSError` while it does not listen yet."""
        query = urllib.parse.urlencode(parameters)
        url = f"http://{self.address}/api/v1/{path}?{query}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[Any]:
        found: list[Any] = self.ask("query", query=expression)["result"]
        return found

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._log.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "site")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def prometheus(tmp_path: Path, site: Site) -> Iterator[Prometheus]:
    host, port = site.where["operations"]
    made = Prometheus(tmp_path, f"{host}:{port}")
    yield made
    made.stop()


def until(look: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            if look():
                return
        except OSError:
            pass  # it does not listen yet
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)


def test_prometheus_works_with_what_is_shipped(prometheus: Prometheus) -> None:
    """It scrapes, evaluates every rule, and answers every question of the dashboard."""
    until(lambda: bool(prometheus.query('octway_ledger_imbalance{job="octway"}')))

    def evaluated() -> bool:
        groups = prometheus.ask("rules")["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        wrong = [rule["name"] for rule in rules if rule["health"] == "err"]
        assert wrong == []
        quick = [group for group in groups if group["interval"] < 60]
        return bool(quick) and all(
            rule["health"] == "ok" for group in quick for rule in group["rules"]
        )

    until(evaluated)
    drawn = {
        panel["title"]
        for panel in PANELS
        for each in panel["targets"]
        if prometheus.query(prepared(each["expr"]))
    }
    assert QUIET - drawn == set()
    (down,) = [
        rule
        for group in prometheus.ask("rules")["groups"]
        for rule in group["rules"]
        if rule["name"] == "OctwayDown"
    ]
    assert down["state"] == "inactive"
