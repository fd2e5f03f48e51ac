"""A claim that two payers owe: split, sent to both, answered by both, one claim."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, select

from gateway.journal import ledger_check, life, schema, trace, two_parts
from gateway.telling import parts, standing
from gateway.telling.voice import English
from protocols.sesam.network import SESAM
from protocols.sesam.sample_maker import make_sender
from routing.envelope import Share
from routing.ledger import Account
from routing.parts import is_closed, together
from tests.engines import ON_SQLITE
from tests.gateway.steps.site import LEASE, Site
from tests.gateway.steps.two_payers import (
    FUND,
    FUND_CODE,
    REFUSES,
    bill,
    day,
    opened,
    respond,
)
from tests.protocols.sesam.amc_files import (
    AMC,
    CODE,
    OTHER_AMC,
    TABLES,
    convention,
    enriched_file,
    tables,
)


@pytest.fixture
def site(engine: str) -> Iterator[Site]:
    with closing(opened(engine)) as made:
        yield made
        made.check()


def claim_parts(site: Site, seq: int = 1) -> tuple[Any, ...]:
    lot = site.rows(schema.lot, schema.lot.c.part_of.is_(None))[0]
    return site.gateway.database.read(two_parts.of_claim, lot.id, seq)


def told(site: Site, lot: str, seq: int = 1) -> str:
    found = trace.Found(trace.CLAIM, lot, "", 0.0, seq=seq)
    return standing.headline(site.gateway.database.read(life.read, found), English(UTC))


def test_each_payer_gets_its_part_and_the_claim_closes_with_the_last(
    site: Site,
) -> None:
    """Amounts add up, each payer answers for its own, and both are told as one claim."""
    content = bill(site)
    asked = sum(
        each.asked
        for lot in SESAM.read(io.BytesIO(content), "sesam.b2").lots()
        for each in lot.claims
    )
    site.run()
    lots = site.rows(schema.lot)
    assert [lot.share for lot in lots] == [Share.MAIN, Share.OTHER]
    assert sum(lot.asked for lot in lots) == asked
    assert lots[1].part_of == lots[0].id
    assert [lot.payer_code for lot in lots] == [FUND_CODE, CODE]
    assert len(site.payer(FUND_CODE).files()) == len(site.payer(CODE).files()) == 1

    respond(site, FUND_CODE)
    site.run()
    main, other = claim_parts(site)
    accounts = [Account(each.account) for each in (main, other)]
    assert (main.account, main.paid) == ("paid", main.asked)
    assert (other.account, other.paid) == ("dispatched", 0)
    assert not is_closed(accounts)
    assert together(accounts) is Account.DISPATCHED
    for part in (main, other):  # whichever is asked about
        words = told(site, part.lot_id)
        assert f"compulsory: paid {main.paid / 100:.2f} EUR of" in words
        assert "complementary: " in words
        assert f"waits at payer-{CODE} since 2026-11-18" in words

    respond(site, CODE)
    site.run()
    main, other = claim_parts(site)
    assert (other.account, other.paid) == ("paid", other.asked)
    assert together([Account(main.account), Account(other.account)]) is Account.PAID
    assert set(site.states(schema.lot)) == {"answered"}
    assert set(site.states(schema.expectation)) == {"met"}
    assert site.gateway.database.read(ledger_check.imbalance) == 0
    assert site.anomalies() == {}


@ON_SQLITE
def test_the_steps_that_led_to_the_payer_are_kept(site: Site) -> None:
    """Which table, which row, why."""
    bill(site)
    site.run()
    _, other = site.rows(schema.lot)
    steps = json.loads(other.routing)
    taken = [each for each in steps if each["table"] == "conventions"]
    assert [each["row"] for each in taken] == [1]
    assert any(
        "table conventions, row 1: names AMC" in each
        for each in parts.steps(other.routing, English())
    )


@ON_SQLITE
def test_a_payer_that_refuses_its_part_takes_nothing_from_the_other(site: Site) -> None:
    """The claim is then paid in part."""
    bill(site)
    site.run()
    respond(site, FUND_CODE)
    respond(site, CODE, REFUSES)
    site.run()
    main, other = claim_parts(site)
    accounts = [Account(each.account) for each in (main, other)]
    assert accounts == [Account.PAID, Account.REJECTED]
    assert together(accounts) is Account.PARTLY_PAID


@ON_SQLITE
def test_the_complementary_payer_may_answer_first(site: Site) -> None:
    """Its words are not taken for the fund's."""
    bill(site)
    site.run()
    respond(site, CODE)
    site.run()
    main, other = claim_parts(site)
    assert (main.account, other.account) == ("dispatched", "paid")


def test_a_part_whose_payer_is_open_waits_for_the_tables(site: Site) -> None:
    """The fund's part goes at once, the other by itself when tables decide."""
    site.tell(tables(convention(OTHER_AMC)))
    bill(site)
    site.run()
    main, other = site.rows(schema.lot)
    assert (main.state, other.state, other.cause) == ("sent", "held", "payer-undecided")
    assert f"AMC {AMC}" in other.cause_words
    (case,) = site.rows(schema.anomaly)
    assert (case.kind, case.subject) == ("lot-held", f"payer-undecided:sesam:{AMC}")
    site.tell(TABLES)
    site.run()
    assert site.states(schema.lot) == ["sent", "sent"]
    assert site.anomalies() == {"lot-held": "resolved"}


@ON_SQLITE
def test_several_conventions_are_shown_and_nothing_is_guessed(site: Site) -> None:
    """The case names the rows that say different things."""
    other = convention(AMC, ("OC", "983", "x.example"), row=7)
    site.tell(tables(convention(AMC), other))
    bill(site)
    site.run()
    (case,) = site.rows(schema.anomaly)
    assert "row 1 of" in case.words
    assert "row 7 of" in case.words


def test_a_senders_own_request_goes_to_the_payer_of_its_convention(site: Site) -> None:
    """It bears the number of an invoice that a fund has, and repeats nothing."""
    sender = make_sender(random.Random(5))
    first = enriched_file(day=day(site), fund=FUND, sender=sender, amc=OTHER_AMC)
    site.tell(tables(convention(AMC), convention(OTHER_AMC, mode="I")))
    site.deposit(first)  # the fund handles both parts: as one
    site.run()
    site.deposit(enriched_file(day=day(site), sender=sender, alone=True))
    site.run()
    whole, request = site.rows(schema.lot)
    assert (whole.share, request.share) == (Share.WHOLE, Share.OTHER)
    assert (whole.state, request.state) == ("sent", "sent")
    assert request.payer_code == CODE
    respond(site, CODE)
    respond(site, FUND_CODE)
    site.run()
    assert site.states(schema.lot) == ["answered", "answered"]


@ON_SQLITE
def test_the_same_invoices_again_are_held_for_both_payers(site: Site) -> None:
    """A repeat is no second request, neither to the fund nor to the other payer."""
    sender = make_sender(random.Random(5))
    bill(site, sender=sender)
    site.run()
    bill(site, sender=sender, seed=2, lots=2, invoices=2)
    site.run()
    again = site.rows(schema.lot)[2:]
    assert [(lot.share, lot.cause) for lot in again] == [
        (Share.MAIN, "duplicate-lot"),
        (Share.OTHER, "duplicate-lot"),
        (Share.MAIN, "duplicate-invoice"),
        (Share.OTHER, "duplicate-invoice"),
    ]


@ON_SQLITE
def test_killed_while_it_is_split_the_parts_are_the_same_and_sent_once(
    engine: str,
) -> None:
    """Splitting twice yields the same rows, and cutting twice the same bytes."""

    def live(site: Site) -> None:
        bill(site, lots=2)
        site.run("split", "route", "gather")

    with closing(opened(engine)) as site:
        bill(site, lots=2)  # that it is received once is promised elsewhere
        site.fuse.blow_at(None)
        live(site)
        total, wanted = site.fuse.burnt, parts_of(site)
    assert total >= 6
    for place in range(total):
        with closing(opened(engine)) as site:
            bill(site, lots=2)
            assert site.dies(partial(live, site), place)
            site.at += LEASE + 1
            live(site)
            assert parts_of(site) == wanted, f"killed at place {place} of {total}"
            site.check()


def parts_of(site: Site) -> tuple[list[tuple[Any, ...]], set[bytes]]:
    """Read the claims of every part, and the lots in the files made for payers."""
    rows = split_rows(site)
    files = [site.read(row.payload_id) for row in site.rows(schema.dispatch)]
    return rows, {content[128:-128] for content in files}


def split_rows(site: Site) -> list[tuple[Any, ...]]:
    claim, lot = schema.claim, schema.lot
    query = (
        select(lot.c.share, lot.c.match_key, claim.c.seq, claim.c.asked)
        .join(lot, lot.c.id == claim.c.lot_id)
        .order_by(lot.c.position, lot.c.id, claim.c.seq)
    )

    def read(connection: Connection) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in connection.execute(query)]

    return site.gateway.database.read(read)
