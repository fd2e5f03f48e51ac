"""The same way with a real network: B2 files out, acknowledgements and NOEMIE back."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from gateway.journal import schema
from protocols.sesam.network import SESAM
from protocols.sesam.payer_simulator import Caisse, Faults
from protocols.sesam.sample_maker import FundFacts, SenderFacts, make_file, make_sender
from routing.ledger import ANSWERED, Account
from tests.gateway.steps.site import LEASE, Site

CODE = "01995"
FUND = FundFacts(regime="01", fund="995", organism="995", computer_centre="000")
CLIENTS = ("alpha", "beta")


@pytest.fixture
def site(engine: str) -> Iterator[Site]:
    with closing(Site(engine, network=SESAM, payers=(CODE,))) as made:
        made.change(CODE, rules={"regime": "01", "organism": "995", "centre": "000"})
        for client in CLIENTS:
            made.client(client)
        yield made
        made.check()


def day(site: Site) -> str:
    return datetime.fromtimestamp(site.at, UTC).date().isoformat()


def bill(
    site: Site, rng: random.Random, first_invoice: int = 1
) -> dict[str, SenderFacts]:
    """Let each client deposit a file of two lots in its own sender's name."""
    senders = {}
    for client in CLIENTS:
        senders[client] = make_sender(rng)
        content = make_file(
            rng,
            sender=senders[client],
            lots=2,
            invoices_per_lot=3,
            day=day(site),
            fund=FUND,
            first_invoice=first_invoice,
        )
        site.deposit(content, client=client)
    return senders


def accounts(site: Site) -> list[Account]:
    claim, lot = schema.claim, schema.lot
    query = select(func.coalesce(claim.c.account, lot.c.account)).join(
        lot, lot.c.id == claim.c.lot_id
    )
    found = site.gateway.database.read(lambda each: each.execute(query).scalars().all())
    return [Account(each) for each in found]


def respond(site: Site, caisse: Caisse, rng: random.Random, seen: set[str]) -> None:
    side = site.payer(CODE)
    for name, content in side.files().items():
        if name not in seen:
            seen.add(name)
            for back in caisse.respond(content, rng=rng, day=day(site)):
                side.answer(back.name, back.content)


def assert_each_has_his_own(site: Site, senders: dict[str, SenderFacts]) -> None:
    """Every claim is answered, and no client sees another sender's number."""
    assert set(accounts(site)) <= ANSWERED
    assert len(accounts(site)) == 12
    assert set(site.states(schema.dispatch)) == {"answered"}
    assert set(site.states(schema.payer_return)) == {"matched"}
    for client, other in (CLIENTS, CLIENTS[::-1]):
        files = site.handed_back(client)
        assert any(senders[client].number.encode() in each for each in files)
        assert not any(senders[other].number.encode() in each for each in files)


def test_claims_of_two_clients_are_billed_and_answered(site: Site) -> None:
    """One concentrated file goes out, and each client gets its own returns."""
    rng = random.Random(7)
    senders = bill(site, rng)
    site.run()
    assert set(accounts(site)) == {Account.DISPATCHED}
    assert len(site.payer(CODE).files()) == 1
    respond(site, Caisse(faults=Faults()), rng, set())
    site.run()
    assert_each_has_his_own(site, senders)


def test_doubled_and_disordered_returns_change_nothing(site: Site) -> None:
    """A caisse that repeats itself, out of order, leaves the books as they should be."""
    rng = random.Random(8)
    senders = bill(site, rng)
    site.run()
    respond(site, Caisse(faults=Faults(doubled=1.0, out_of_order=1.0)), rng, set())
    site.run()
    assert_each_has_his_own(site, senders)


def test_altered_identifiers_are_seen_through(site: Site) -> None:
    """Numbers cut, renumbered or in a misdated lot: each finds its claim, surely."""
    rng = random.Random(11)
    senders = bill(site, rng, first_invoice=260_001_001)
    site.run()
    respond(site, Caisse(faults=Faults(wrong_identifiers=1.0)), rng, set())
    site.run()
    assert_each_has_his_own(site, senders)
    rules = {row.rule for row in site.rows(schema.proposal)}
    assert rules == {"cut-number", "renumbered", "other-lot"}
    assert set(site.states(schema.proposal)) == {"confirmed"}


def test_a_return_that_was_cut_off_is_told_once_and_the_whole_one_completes_it(
    site: Site,
) -> None:
    """What was read of it is booked; a person is told of the rest, and by whom to get it."""
    rng = random.Random(10)
    senders = bill(site, rng)
    site.run()
    caisse, side = Caisse(faults=Faults()), site.payer(CODE)
    (sent,) = side.files().values()
    backs = {
        back.name: back.content for back in caisse.respond(sent, rng=rng, day=day(site))
    }
    cut = max(backs, key=lambda name: len(backs[name]))
    for name, content in backs.items():
        side.answer(name, content[:-900] if name == cut else content)
    site.run()
    assert {Account.ACKNOWLEDGED} < set(accounts(site))
    site.at += 7200  # what fits nothing in it is tried again meanwhile
    site.run()
    cases = {row.kind: row for row in site.rows(schema.anomaly)}
    case = cases["return-damaged"]
    assert (case.subject, case.seen) == (f"e-{CODE}", 1)
    assert "is damaged" in case.words
    assert "Ask the payer to send it again" in case.words
    side.answer(f"again-{cut}", backs[cut])
    site.run()
    assert_each_has_his_own(site, senders)


@pytest.mark.crash
@pytest.mark.parametrize("place", [3, 9, 20])
def test_killed_on_the_way(site: Site, place: int) -> None:
    """A node that dies on the way of real files leaves the same result."""
    rng = random.Random(9)
    senders = bill(site, rng)
    caisse, seen = Caisse(faults=Faults()), set[str]()

    def live() -> None:
        site.run()
        respond(site, caisse, rng, seen)
        site.run()

    assert site.dies(live, place)
    site.at += LEASE + 1
    live()
    assert_each_has_his_own(site, senders)
