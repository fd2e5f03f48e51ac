"""Receipts of what happened: each client's chain, each day's root, whatever dies between."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from sqlalchemy import delete, update

from gateway.errors import LostRace
from gateway.intake import receipt_check, receipts
from gateway.intake.receipt_folder import ReceiptFolder
from gateway.journal import schema
from gateway.journal.verify_receipts import chained
from gateway.steps import seal
from tests.gateway.steps import toy
from tests.gateway.steps.site import LEASE, Program, Site

DAY: Final = 86_400.0
ALPHA: Final = toy.deposit("S1", "001 P1: 1=1000 2=2000", "002 P2: 3=500")
BETA: Final = toy.deposit("S2", "001 P1: 7=700")


def live(site: Site) -> None:
    """Bring files of two clients all the way, in dispatches that they share."""
    site.deposit(ALPHA)
    site.deposit(BETA, client="beta")
    site.run()
    site.run("seal")
    for side in site.payers.values():
        for name, content in side.files().items():
            side.answer(f"pay-{name}", toy.pay(content))
    site.run()
    site.run("seal")


def papers(site: Site, client: str) -> dict[str, bytes]:
    """Download everything that is signed in a client's `/receipts`."""
    folder = ReceiptFolder(site.gateway.database, client, lambda: 0.0)
    found = {}
    for entry in folder.entries():
        download: Any = folder.open(entry.name)
        assert download.size == entry.size
        if not entry.name.endswith(".report.json"):
            read: list[bytes] = []
            download.read(0, entry.size).addCallback(read.append)
            found[entry.name] = read[0]
    return found


def breaks(site: Site, documents: Mapping[str, bytes]) -> list[str]:
    """Check documents as their client does; everything must be covered."""
    key = site.receipt_key.public_key()
    checked = receipt_check.check(documents.items(), [key])
    return [*checked.breaks, *checked.notes]


def kept(site: Site) -> tuple[str, ...]:
    """Say what `octway verify` finds broken in the chains."""
    key = site.receipt_key.public_key()
    verdict = site.gateway.database.read(chained, [key], whole=True)
    return verdict.breaks


def of_kind(documents: Mapping[str, bytes], kind: str) -> list[Any]:
    """Read the documents of a kind."""
    read = [receipts.read(each) for each in documents.values()]
    return [each.body for each in read if each.kind == kind]


def test_every_client_gets_its_own_receipts_and_nothing_else(site: Site) -> None:
    """Deposit, dispatch and answer, of one's own lots alone, in a chain that holds."""
    live(site)
    for client, lots in (("alpha", 2), ("beta", 1)):
        mine = papers(site, client)
        assert breaks(site, mine) == []
        assert {receipts.read(each).body["client"] for each in mine.values()} == {
            client
        }
        sent = [lot for each in of_kind(mine, "dispatch") for lot in each["lots"]]
        deposits = {each["deposit"] for each in of_kind(mine, "deposit")}
        assert len(sent) == lots
        assert {lot["deposit"] for lot in sent} == deposits
        answered = {
            lot["lot"] for each in of_kind(mine, "answer") for lot in each["lots"]
        }
        assert answered == {lot["lot"] for lot in sent}
    assert kept(site) == ()


def test_a_dispatch_receipt_says_which_file_went_where(site: Site) -> None:
    """Payer, number, name and hash of the file as the payer got it, when, and the proof."""
    site.deposit(BETA, client="beta")
    site.run()
    site.run("seal")
    (sent,) = of_kind(papers(site, "beta"), "dispatch")
    ((name, content),) = site.payer("P1").files().items()
    (row,) = site.rows(schema.dispatch)
    assert (sent["payer"], sent["filename"], sent["number"]) == (
        row.payer_id,
        name,
        row.number,
    )
    assert (sent["dispatch"], sent["sent_at"]) == (
        row.id,
        receipts.iso_time(row.sent_at),
    )
    assert sent["proof"]["arrival"] == "accepted"
    assert sent["proof"]["reference"] == name
    assert sent["sha256"] == hashlib.sha256(content).hexdigest()


def test_an_answer_receipt_is_of_the_very_file(site: Site) -> None:
    """Its hash is that of the return as the client gets it, its counts what is in it."""
    live(site)
    (given,) = of_kind(papers(site, "beta"), "answer")
    (content,) = site.handed_back("beta")
    assert given["sha256"] == hashlib.sha256(content).hexdigest()
    assert (given["answers"], given["lots"][0]["outcomes"]) == (1, {"paid": 1})


def test_what_came_at_one_time_is_one_entry(site: Site) -> None:
    """Many deposits are covered by one signature; the next ones build on it."""
    for number in range(3):
        site.deposit(toy.deposit("S1", f"{number} P1: 1=1"))
    site.run("seal")
    site.deposit(toy.deposit("S1", "9 P1: 1=1"))
    site.run("seal")
    entries = of_kind(papers(site, "alpha"), "chain")
    assert [len(each["receipts"]) for each in entries] == [3, 1]
    assert [each["number"] for each in entries] == [1, 2]


def test_more_than_fits_one_turn_is_chained_in_its_order(
    site: Site, other: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backlog over several chains of events is worked off whole, piece by piece."""
    monkeypatch.setattr(seal, "_AT_ONCE", 3)
    monkeypatch.setattr(seal, "_IN_ONE", 2)
    names = [
        site.deposit(toy.deposit("S1", f"{number} P1: 1=1")).deposit
        for number in range(4)
    ]
    site.gateway, here = other, site.gateway
    names += [
        site.deposit(toy.deposit("S1", f"{number} P1: 1=1")).deposit
        for number in range(4, 8)
    ]
    site.gateway = here
    assert site.gateway.steps.seal.run_once()
    assert not site.gateway.steps.seal.run_once()
    mine = papers(site, "alpha")
    covered = [
        each["id"] for entry in of_kind(mine, "chain") for each in entry["receipts"]
    ]
    assert sorted(covered) == sorted(names)
    assert breaks(site, mine) == []


def test_a_step_that_finds_nothing_writes_nothing(site: Site) -> None:
    """The chains are still while nothing happens."""
    live(site)
    before = len(site.rows(schema.event))
    site.run("seal")
    assert len(site.rows(schema.event)) == before


def test_every_day_gets_its_root(site: Site) -> None:
    """Days without a receipt and days on which nothing ran have one as well."""
    live(site)
    site.at += 3 * DAY
    site.run("seal")
    site.deposit(toy.deposit("S1", "9 P1: 1=1"))
    site.run("seal")
    site.at += DAY
    site.run("seal")
    today = datetime.fromtimestamp(site.at, UTC).date()
    days = [row.day for row in site.rows(schema.receipt_root)]
    wanted = [
        today.fromordinal(today.toordinal() - each).isoformat() for each in (4, 3, 2, 1)
    ]
    assert days == wanted
    for client, proofs in (("alpha", [days[0], days[3]]), ("beta", [days[0]])):
        mine = papers(site, client)
        assert [each["day"] for each in of_kind(mine, "inclusion")] == proofs
        assert breaks(site, mine) == []
    public = {row.day: row.content for row in site.rows(schema.receipt_root)}
    assert breaks(site, public) == []
    assert b"alpha" not in b"".join(public.values())
    assert kept(site) == ()


def test_an_entry_never_joins_a_day_that_is_closed(site: Site) -> None:
    """A clock that was set back makes no entry in a day whose root is published."""
    live(site)
    site.at += DAY
    site.run("seal")
    site.at -= DAY / 2
    site.deposit(toy.deposit("S1", "9 P1: 1=1"))
    site.run("seal")
    site.at += 2 * DAY
    site.run("seal")
    assert kept(site) == ()
    mine = papers(site, "alpha")
    assert breaks(site, mine) == []
    assert len(of_kind(mine, "inclusion")) == 2


def test_whatever_dies_between_nothing_is_chained_twice_or_never(site: Site) -> None:
    """The program ends behind each commit of the step in turn, and goes on after."""
    place = 0
    while True:
        site.deposit(toy.deposit("S1", f"{place} P1: 1=1"))
        site.deposit(toy.deposit("S2", f"{place} P2: 1=1"), client="beta")
        site.run("split", "route", "gather", "dispatch")
        site.at += DAY
        if not site.dies(lambda: site.run("seal"), place):
            break
        site.run("seal")
        assert kept(site) == ()
        place += 1
    assert place == 3  # behind the entries, the root of events and the root of the day
    for client in ("alpha", "beta"):
        assert breaks(site, papers(site, client)) == []


@pytest.fixture
def other(site: Site) -> Iterator[Program]:
    """Another node on the site's journal."""
    with closing(site.node("node-2")) as made:
        yield made


def test_one_node_at_a_time_chains(site: Site, other: Program) -> None:
    """The other one waits for the lease; what a dead one held goes on after it ended."""
    site.deposit(ALPHA)
    site.run("seal")
    site.deposit(BETA, client="beta")
    assert not other.steps.seal.run_once()
    site.at += LEASE + 1
    assert other.steps.seal.run_once()
    assert len(papers(site, "beta")) == 2


def test_a_node_that_was_overtaken_commits_nothing(site: Site, other: Program) -> None:
    """Two nodes that read the same state: the first commits, the second looks again."""
    site.deposit(ALPHA)
    first = site.gateway.steps.seal
    write = other.database.write

    def late(name: str, call: Any, /, *args: Any) -> Any:
        first.run_once()
        site.at += LEASE + 1
        return write(name, call, *args)

    other.database.write = late  # type: ignore[method-assign]
    with pytest.raises(LostRace):
        other.steps.seal.run_once()
    assert len(site.rows(schema.receipt_entry)) == 1
    assert kept(site) == ()


def test_nodes_that_receive_and_chain_at_once_make_one_chain(
    site: Site, other: Program
) -> None:
    """Deposits of one client over two nodes are in one chain, each of them once."""
    rounds, gate, errors = 12, threading.Barrier(2), []

    def work(program: Program, sender: str) -> None:
        try:
            gate.wait()
            for number in range(rounds):
                upload = program.reception.begin(
                    site.client(), "sftp", f"/in/{sender}{number}"
                )
                upload.write(0, toy.deposit(sender, f"{number} P1: 1=1"))
                upload.close()
                site.at += LEASE / 2  # so that leases end and nodes take turns
                with suppress(LostRace):
                    program.steps.seal.run_once()
        except BaseException as error:
            errors.append(error)

    threads = [
        threading.Thread(target=work, args=each)
        for each in ((site.gateway, "S1"), (other, "S2"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    site.at += LEASE + 1
    site.run("seal")
    assert errors == []
    mine = papers(site, "alpha")
    assert len(of_kind(mine, "deposit")) == 2 * rounds
    assert breaks(site, mine) == []
    assert kept(site) == ()


def spoil_entry(site: Site) -> Any:
    row = site.rows(schema.receipt_entry)[0]
    body = dict(receipts.read(row.content).body) | {
        "made_at": "2026-01-01T00:00:00.000Z"
    }
    content = json.dumps({**body, "signature": json.loads(row.content)["signature"]})
    table = schema.receipt_entry
    mine = (table.c.client_id == row.client_id) & (table.c.number == row.number)
    return update(table).where(mine).values(content=content.encode())


SPOILT: Final[Mapping[str, tuple[Any, str]]] = {
    "an entry that was changed": (spoil_entry, "signature does not hold"),
    "an entry that was taken out": (
        lambda _: delete(schema.receipt_entry).where(
            schema.receipt_entry.c.number == 1
        ),
        "entry 1 before it is missing",
    ),
    "the last entry taken off": (
        lambda site: delete(schema.receipt_entry).where(
            schema.receipt_entry.c.number
            == max(row.number for row in site.rows(schema.receipt_entry))
        ),
        "were made, and",
    ),
    "a row of what is covered": (
        lambda _: update(schema.receipt_link).values(sha256="0" * 64),
        "the rows of what it covers say otherwise",
    ),
    "a deposit's receipt": (
        lambda _: update(schema.deposit).values(receipt=b"{}"),
        "is no receipt",
    ),
    "a receipt of a dispatch": (
        lambda site: update(schema.receipt).values(
            content=receipts.ReceiptSigner(site.receipt_key).seal(
                {"receipt": "octway/1", "kind": "dispatch"}
            )
        ),
        "is not the one that was chained",
    ),
    "a receipt that is gone": (
        lambda _: delete(schema.receipt),
        "no entry covers what happened to it",
    ),
    "a root": (
        lambda site: update(schema.receipt_root).values(
            content=receipts.ReceiptSigner(site.receipt_key).seal(
                json.loads(site.rows(schema.receipt_root)[0].content)
                | {"root": "0" * 64, "signature": None}
            )
        ),
        "root of",
    ),
    "a proof of a root": (
        lambda _: update(schema.receipt_inclusion).values(content=b"[]"),
        "proof of alpha",
    ),
    "a proof that is gone": (
        lambda _: delete(schema.receipt_inclusion),
        "clients with a proof",
    ),
}


@pytest.mark.parametrize("what", SPOILT)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_verify_finds_what_was_done_behind_its_back(site: Site, what: str) -> None:
    """Whatever of the chains is changed in the database, `octway verify` names it."""
    live(site)
    site.at += DAY
    site.run("seal")
    make, words = SPOILT[what]
    statement = make(site)
    site.gateway.database.write("spoil", lambda tx: tx.connection.execute(statement))
    assert any(words in each for each in kept(site)), kept(site)
