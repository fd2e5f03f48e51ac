"""`octway purge`: says what goes and why the rest stays, and does what it said."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from gateway.journal import schema, tree
from gateway.purge import Purge, Tally
from routing.lifecycle import HandbackEvent
from tests.gateway.cli.installation import Installation

DAY = 86_400.0


def live(installed: Installation) -> None:
    """Bring a file to the end of its life, and another to the payer only."""
    installed.deposit("facture.b2", installed.billing_file())
    installed.work()
    installed.answer()
    installed.work()
    installed.deposit("offen.b2", installed.billing_file(number=2))
    installed.work()
    database = installed.house.database
    table = schema.handback
    names = database.read(lambda each: list(each.execute(select(table.c.id)).scalars()))
    for name in names:
        database.write("fetch", tree.move_handback, name, HandbackEvent.FETCH, "sftp")
    installed.work("seal")


def test_a_dry_run_says_what_a_run_does(installed: Installation) -> None:
    """Counts by kind and reason, in words and as JSON; the dry run changes nothing."""
    live(installed)
    young = installed.octway("purge", "--dry-run", "--json").facts
    assert young["kept"]["young"]["files"] > 0
    installed.time += 1000 * DAY
    dry = installed.octway("purge", "--dry-run", "--json").facts
    assert dry["purged"]["deposit"]["files"] == 1
    assert dry["kept"]["unanswered"]["files"] == 2
    assert installed.octway("purge", "--dry-run", "--json").facts == dry
    said = installed.octway("purge", "--why", "yearly")
    assert said.status == 0
    assert "1 deposit, " in said.out
    assert "unanswered" in said.out
    assert "an answer is owed or a claim has none" in said.out
    again = installed.octway("purge", "--json").facts
    assert sum(each["files"] for each in again["purged"].values()) == 0
    assert again["kept"] == dry["kept"]


def test_a_purged_file_is_no_broken_one(installed: Installation) -> None:
    """`octway verify` holds and counts it; the trace says who had it purged, and why."""
    live(installed)
    installed.time += 1000 * DAY
    installed.octway("purge", "--by", "lea", "--why", "yearly")
    said = installed.octway("verify", "--json")
    assert (said.status, said.facts["ok"]) == (0, True)
    assert "were purged" in said.facts["checks"]["files"]["notes"][0]
    assert "purged for lea: yearly" in installed.octway("trace", "facture.b2").out


def test_a_payers_file_says_how_long(installed: Installation) -> None:
    """What its directory file says is heard, and a mistake in it has its line."""
    live(installed)
    file = installed.folder / "payers" / "caisse-nord.toml"
    text = file.read_text()
    file.write_text(text + '\n[retention]\nkeep = "2000d"\n')
    installed.time += 1000 * DAY
    dry = installed.octway("purge", "--dry-run", "--json").facts
    assert sum(each["files"] for each in dry["purged"].values()) == 0
    file.write_text(text + '\n[retention]\nkept = "2000d"\n')
    said = installed.octway("purge", "--dry-run")
    assert said.status == 2
    assert "retention.kept" in said.err


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "1 return cut for a client, "), (4, "4 returns cut for clients, ")],
)
def test_returns_that_were_cut_are_counted_in_words(
    installed: Installation, monkeypatch: pytest.MonkeyPatch, count: int, words: str
) -> None:
    """One is one client's; several are those of clients."""
    found = Tally()
    found.files["handback"] = count
    monkeypatch.setattr(Purge, "look", lambda _self: found)
    assert words in installed.octway("purge", "--dry-run").out
