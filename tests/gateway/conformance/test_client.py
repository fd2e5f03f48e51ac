"""A test client does what is asked, and ends with a page that anybody can verify."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.conformance.steps import steps
from gateway.journal import parts, schema, tree
from routing.lifecycle import HandbackEvent
from tests.gateway.cli.installation import Said
from tests.gateway.simulator.sandbox import REAL, TEST, SandboxSite

_ENDINGS = ("001", "941", "944", "951", "952", "954", "955")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SandboxSite]:
    made = SandboxSite(tmp_path / "octway")
    yield made
    made.at.close()


def take_all(site: SandboxSite) -> None:
    """Fetch and acknowledge every return, as the client's software does."""
    for row in site.rows(schema.handback):
        for happened in (HandbackEvent.FETCH, HandbackEvent.ACKNOWLEDGE):
            site.at.house.database.write(
                "take", tree.move_handback, row.id, happened, "sftp"
            )


def check(site: SandboxSite, *more: str) -> Said:
    return site.at.octway("vendor", "check", "--client", TEST, *more)


def undone(site: SandboxSite) -> set[str]:
    """Name the steps that are still to do."""
    told = check(site, "--json").facts["steps"]
    return {each["name"] for each in told if each["needed"] and not each["done_at"]}


def test_from_the_first_file_to_the_certificate(site: SandboxSite) -> None:
    """Nothing is done at first; all is, once it was sent, fetched and acknowledged."""
    needed = {each.name for each in steps() if each.needed}
    page = site.at.folder / "certificate.html"
    assert undone(site) == needed

    broken = site.bill("sesam")
    site.deposit(broken[:-60])
    for ending in _ENDINGS:
        site.deposit(site.bill("sesam", ending))
    site.live(1500.0)
    refused = check(site, "--html", str(page))
    assert (refused.status, page.exists()) == (1, False)
    assert {"all-acknowledged", "paid"} <= undone(site) <= needed

    take_all(site)
    said = check(site, "--html", str(page))
    assert (said.status, undone(site)) == (0, set()), said.out
    text = page.read_text(encoding="utf-8")
    assert "simulated: no payer has approved" in text
    assert "src=" not in text
    assert "href=" not in text
    assert site.sender("sesam").number not in text
    verified = site.at.octway("vendor", "verify", str(page))
    assert verified.status == 0
    page.write_text(text.replace("Acme", "Other"), encoding="utf-8")
    assert site.at.octway("vendor", "verify", str(page)).status == 1


def test_only_the_upload_that_was_cut_counts_as_gone_on_with(
    site: SandboxSite,
) -> None:
    """Not any larger file that came after a part; and renaming is something else."""
    database = site.at.house.database

    def keep(part: str, size: int) -> None:
        database.write(
            "kept",
            lambda tx: tx.say("upload.kept", part, client=TEST, size=size),
        )

    def done() -> set[str]:
        told = check(site, "--json").facts["steps"]
        return {each["name"] for each in told if each["done_at"]}

    keep("u1", 10)
    keep("u2", 10)
    site.deposit(site.bill("sesam", "001"))
    assert not done() & {"renamed", "resumed"}
    database.write("whole", lambda tx: parts.deposited(tx, "u1", "d1", size=10))
    assert done() & {"renamed", "resumed"} == {"renamed"}
    database.write("longer", lambda tx: parts.deposited(tx, "u2", "d2", size=99))
    assert done() & {"renamed", "resumed"} == {"renamed", "resumed"}


def test_a_return_that_waits_too_long_is_a_step_undone(site: SandboxSite) -> None:
    """Not only the first returns are to be fetched."""
    site.deposit(site.bill("sesam"))
    site.live(400.0)
    take_all(site)
    assert "all-fetched" not in undone(site)
    site.deposit(site.bill("sesam"))
    site.live(400.0)
    site.at.time += 3600.0
    assert "all-fetched" in undone(site)


def test_a_real_client_has_no_certificate(site: SandboxSite) -> None:
    """It is told how to open a test client; an unknown one is named."""
    said = site.at.octway("vendor", "check", "--client", REAL)
    assert said.status == 1
    assert "--test" in said.err
    assert site.at.octway("vendor", "check", "--client", "nobody").status == 1


def test_an_account_says_that_it_is_a_test(site: SandboxSite) -> None:
    """From the day on which it is opened, and for ever."""
    octway = site.at.octway
    octway("client", "add", "bolt-test", "--test", "--token")
    octway("client", "add", "bolt", "--token")
    shown = {
        each: octway("client", "show", each, "--json").facts["test"]
        for each in ("bolt", "bolt-test")
    }
    assert shown == {"bolt": False, "bolt-test": True}
    assert "sandbox" in octway("client", "show", "bolt-test").out
    deposit = site.deposit(site.bill("sesam"))
    site.at.work("split", "route")
    assert "sandbox" in octway("trace", deposit).out


def test_wrong_usage(site: SandboxSite) -> None:
    """Nothing to check, and a certificate of nobody, are refused as such."""
    assert site.at.octway("vendor", "check").status == 2
    assert site.at.octway("vendor", "check", "x", "--html", "y").status == 2
    file = site.at.folder / "a.b2"
    file.write_bytes(site.bill("sesam"))
    assert site.at.octway("vendor", "check", str(file)).status == 0
