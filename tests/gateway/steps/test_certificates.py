"""Certificates that end are told of in time, once, and until they are renewed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from config.directory_records import DirectoryData, EndpointEntry
from gateway.expiring import Expiring
from gateway.journal import schema
from gateway.steps import certificates
from routing.directory import Directory
from tests.gateway.house import House
from tests.protocols.channels.mail_account import FUND, NOW, certificate, pem

DAY = 86_400.0


class Site:
    """A house, and an endpoint whose certificates lie in files."""

    def __init__(self, folder: Path, url: str) -> None:
        self.house = House(url)
        self.file = folder / "funds.pem"
        self.settings: dict[str, object] = {"recipients_file": str(self.file)}
        self.simulated = False

    def ends(self, *days: float, name: str = FUND) -> None:
        """Have certificates of one owner that end so many days from now."""
        now = self.house.now() - NOW
        self.file.write_bytes(
            pem(
                *(
                    certificate(name, days=(-999.0, now / DAY + each), serial=n)
                    for n, each in enumerate(days, 1)
                )
            )
        )

    def directory(self) -> Directory:
        """Return a directory with the one endpoint."""
        endpoint = EndpointEntry(
            id="mail", channel="mail", simulated=self.simulated, settings=self.settings
        )
        return Directory(
            DirectoryData(payers=(), endpoints=(endpoint,), tables={}, sources={})
        )

    def look(self) -> list[tuple[str, str, str, int]]:
        """Look once; return what is told."""
        found = certificates.ending(self.directory(), self.house.now())
        database = self.house.database
        database.write("tell", certificates.tell, self.house.entropy, found)
        rows = database.read(lambda each: each.execute(select(schema.anomaly)).all())
        return [(row.subject, row.severity, row.state, row.seen) for row in rows]

    def words(self) -> str:
        query = select(schema.anomaly.c.words)
        return str(self.house.database.read(lambda each: each.execute(query).scalar()))


@pytest.fixture
def site(tmp_path: Path, url: str) -> Iterator[Site]:
    made = Site(tmp_path, url)
    yield made
    made.house.close()


def test_a_certificate_is_told_a_month_before_and_worse_once_it_ended(
    site: Site,
) -> None:
    """One anomaly however often one looks; it gets worse with the end, and closes."""
    site.ends(40.0)
    assert site.look() == []
    site.ends(12.4)
    for _ in range(3):
        assert site.look() == [("mail", "warning", "open", 1)]
    assert f"CN={FUND} of recipients_file ends in 12 days" in site.words()

    site.ends(-2.0)
    for _ in range(2):
        assert site.look() == [("mail", "error", "open", 2)]
    assert "ended 2 days ago" in site.words()
    site.ends(-2.0, 300.0)
    assert site.look() == [("mail", "error", "resolved", 2)]


def test_the_time_it_has_left_is_a_metric(site: Site) -> None:
    """Long before it is soon; files are read anew within a minute."""
    left = Expiring(None, site.directory, site.house.now).seconds_left
    site.ends(100.0)
    assert left() == {"mail": pytest.approx(100 * DAY, abs=1)}
    site.ends(200.0)
    site.house.clock.advance(60)
    assert left() == {"mail": pytest.approx(200 * DAY, abs=DAY)}


def test_the_last_one_of_an_owner_counts(site: Site) -> None:
    """An old certificate may lie beside its successor; ours from before may end."""
    site.ends(-100.0, 5.0, 200.0)
    assert site.look() == []

    site.settings = {"old_certificate_file": str(site.file)}
    site.ends(-100.0)
    assert site.look() == []


def test_what_is_simulated_is_not_looked_at(site: Site) -> None:
    """Certificates of simulated payers are made anew at each start."""
    site.ends(5.0)
    site.simulated = True
    assert site.look() == []
