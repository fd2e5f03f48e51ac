"""The way of a claim, from its deposit to its client's own return."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import select
from twisted.internet.defer import Deferred

from gateway.intake.tree import ClientTree
from gateway.journal import schema
from routing.ledger import Account
from tests.gateway.house import no_payers
from tests.gateway.steps import toy
from tests.gateway.steps.site import SEGMENT_LIMIT, Site, closed_now

TWO_LOTS = toy.deposit("S1", "001 P1: 1=1000 2=2000", "002 P2: 3=500")


def accounts(site: Site) -> dict[str, str]:
    """Tell in which account each claim stands."""
    claim, lot = schema.claim, schema.lot
    query = select(claim.c.match_key, claim.c.account, lot.c.account).join(
        lot, lot.c.id == claim.c.lot_id
    )
    rows = site.gateway.database.read(lambda each: each.execute(query).all())
    return {key: own or of_lot for key, own, of_lot in rows}


def pay_all(site: Site, name: str = "pay") -> None:
    for code in ("P1", "P2"):
        files = site.payer(code).files()
        if files:
            site.payer(code).answer(f"{name}-{code}.ret", toy.pay(*files.values()))


def test_every_claim_ends_in_one_account(site: Site) -> None:
    """Deposit, split, route, gather, dispatch, acknowledge, pay, hand back."""
    deposit = site.deposit(TWO_LOTS)
    site.run("split")
    assert set(accounts(site).values()) == {Account.RECEIVED}
    site.run("route")
    assert set(accounts(site).values()) == {Account.ROUTED}
    site.run("gather")
    assert site.states(schema.lot) == ["gathered", "gathered"]
    site.run("dispatch")
    assert set(accounts(site).values()) == {Account.DISPATCHED}
    assert len(site.rows(schema.expectation)) == 4

    (file,) = site.payer("P1").files().values()
    assert [key for key, _, _ in toy.claims_of(file)] == ["S1/001/1", "S1/001/2"]
    site.payer("P1").answer("arl", toy.acknowledge(file))
    site.run()
    assert accounts(site)["S1/001/1"] == Account.ACKNOWLEDGED
    pay_all(site)
    site.run()

    assert set(accounts(site).values()) == {Account.PAID}
    assert site.states(schema.lot) == ["answered", "answered"]
    assert site.states(schema.dispatch) == ["answered", "answered"]
    assert set(site.states(schema.expectation)) == {"met"}
    assert set(site.states(schema.payer_return)) == {"matched"}
    assert len(site.handed_back("alpha")) == 3
    assert list(site.payer("P1").outbox.iterdir()) == []
    assert site.row(schema.deposit, schema.deposit.c.id == deposit.deposit)
    way = ("routed", "sent", "answered")
    counted = {(payer, state) for payer in ("payer-P1", "payer-P2") for state in way}
    assert site.seen.lots == dict.fromkeys([*counted, ("payer-P1", "acknowledged")], 1)


def test_each_step_may_run_twice(site: Site) -> None:
    """A step that runs again on what it did finds nothing to do."""
    site.deposit(TWO_LOTS)
    steps = {step.name: step for step in site.gateway.steps.in_order()}
    for name in ("split", "route", "gather"):
        site.run(name)
        assert steps[name].run_once() is False
    site.run("dispatch")
    pay_all(site)
    site.run()
    events = len(site.rows(schema.event))
    site.settle()
    quiet = [row.kind for row in site.rows(schema.event)[events:]]
    assert quiet == []


def test_a_resumed_upload_is_hashed_as_a_whole(site: Site) -> None:
    """A part cut while it was small and gone on with beyond that keeps its hash."""
    content = toy.deposit("S1", *(f"{number} P1: {number}=1" for number in range(30)))
    tree = ClientTree(
        client=site.client(),
        reception=site.gateway.reception,
        networks=("toy",),
        referential=no_payers(site.gateway.database, site.client().id),
        channel="sftp",
    )
    begin = 0
    for end in (SEGMENT_LIMIT // 2, SEGMENT_LIMIT * 2):
        upload = fired(tree.open_upload("/in/cut", resume=begin > 0))
        assert upload.size == begin
        upload.write(begin, content[begin:end])
        upload.abandon()
        begin = end
    upload = fired(tree.open_upload("/in/cut", resume=True))
    upload.write(begin, content[begin:])
    site.accepted[fired(upload.close()).deposit] = content
    (deposit,) = site.rows(schema.deposit)
    assert deposit.sha256 == hashlib.sha256(content).hexdigest()


def test_a_large_file_that_comes_again_takes_no_more_room(site: Site) -> None:
    """A client that repeats itself gets its receipt again and fills no disk."""
    content = toy.deposit("S1", *(f"{number} P1: {number}=1" for number in range(30)))
    assert len(content) > SEGMENT_LIMIT
    first = site.deposit(content)
    files = list(site.gateway.storage.files())
    again = site.deposit(content, name="another-name")
    assert (again.repeated, again.receipt) == (True, first.receipt)
    assert list(site.gateway.storage.files()) == files


def fired(deferred: Deferred[Any]) -> Any:
    found: list[Any] = []
    deferred.addCallback(found.append)
    return found[0]


def test_a_return_for_two_clients_is_cut(site: Site) -> None:
    """Each client gets its own answers and sees nothing of the other's."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"), client="alpha")
    site.deposit(toy.deposit("S2", "001 P1: 7=700"), client="beta")
    site.run()
    assert len(site.payer("P1").files()) == 1
    pay_all(site)
    site.run()
    (mine,), (yours,) = site.handed_back("alpha"), site.handed_back("beta")
    assert b"S1/001/1" in mine
    assert b"S2" not in mine
    assert b"S2/001/7" in yours
    assert b"S1" not in yours


def test_a_return_for_one_client_is_given_as_it_came(site: Site) -> None:
    """Where nothing needs cutting, the client gets the payer's own bytes."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.run()
    content = toy.pay(*site.payer("P1").files().values())
    site.payer("P1").answer("pay", content)
    site.run()
    assert site.handed_back("alpha") == [content]


def test_an_unreadable_deposit_is_kept_and_reported(site: Site) -> None:
    """A file in no known format, or without a lot, is an anomaly with its reason."""
    for content in (b"", b"\x00\xff binary", b"TOY S1\n"):
        site.deposit(content)
    site.run()
    assert site.states(schema.deposit) == ["unreadable"] * 3
    kinds = [(row.kind, row.seen) for row in site.rows(schema.anomaly)]
    assert sorted(kinds) == [("deposit-unreadable", 1), ("deposit-unreadable", 2)]
    reports = [row.report for row in site.rows(schema.deposit)]
    assert all(reports)
    assert sum(b"it looks like an empty file" in each for each in reports) == 1
    assert sum(b"it looks like binary data" in each for each in reports) == 1


def test_a_payers_return_that_is_deposited_is_refused(site: Site) -> None:
    """A client that uploads a return is told so."""
    site.deposit(toy.pay(TWO_LOTS))
    site.run()
    (deposit,) = site.rows(schema.deposit)
    assert deposit.state == "unreadable"
    assert b"payer's return" in deposit.report


def test_one_bad_lot_does_not_stop_its_neighbours(site: Site) -> None:
    """The bad lot is refused with its reason, the others go on."""
    site.deposit(toy.deposit("S1", "001 P1 BAD: 1=1000", "002 P1: 2=2000"))
    site.run()
    assert site.states(schema.lot) == ["refused", "sent"]
    assert accounts(site)["S1/001/1"] == Account.REJECTED
    assert site.anomalies() == {"lot-refused": "open"}


def test_texts_that_no_database_stores_do_no_harm(site: Site) -> None:
    """A NUL in an invoice number is replaced; the deposit is read on both engines."""
    site.deposit(b"TOY S1\nLOT 001 P1\nINV 1\x00\xe9 1000\n")
    site.run()
    assert site.states(schema.deposit) == ["split"]
    (claim,) = site.rows(schema.claim)
    assert claim.number == "1\ufffd\xe9"
    site.payer("P1").answer(
        "pay", b"TORETURN pay\nclaim S1/001/1\x00\xc3\xa9 paid 1000 S1\n"
    )
    site.run()
    assert accounts(site) == {claim.match_key: Account.PAID}


def test_a_held_lot_goes_on_with_a_new_directory(site: Site) -> None:
    """An unknown payer holds the lot in sight; the payer's file lets it go on."""
    entry = site.entries["P2"]
    site.leave("P2")
    site.deposit(TWO_LOTS)
    site.run()
    assert site.states(schema.lot) == ["sent", "held"]
    assert accounts(site)["S1/002/3"] == Account.HELD
    assert site.anomalies() == {"lot-held": "open"}
    site.settle()
    assert site.states(schema.lot) == ["sent", "held"]

    site.entries["P2"] = entry
    site.change("P2")
    site.settle()
    assert site.states(schema.lot) == ["sent", "sent"]
    assert site.anomalies() == {"lot-held": "resolved"}


def test_a_payer_that_leaves_between_route_and_gather_holds_its_lots(
    site: Site,
) -> None:
    """Lots that were routed already are held in sight, and go on when it is back."""
    entry = site.entries["P1"]
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.run("split", "route")
    site.leave("P1")
    site.run("gather")
    assert site.states(schema.lot) == ["held"]
    assert site.anomalies() == {"lot-held": "open"}
    site.entries["P1"] = entry
    site.change("P1")
    site.settle()
    assert site.states(schema.lot) == ["sent"]


def test_the_same_lot_in_another_file_is_held_as_a_duplicate(site: Site) -> None:
    """A lot number that its sender used before does not go out twice."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.deposit(toy.deposit("S1", "001 P1: 9=1000"))
    site.deposit(toy.deposit("S1", "005 P1: 1=1000"))
    site.settle()
    assert site.states(schema.lot) == ["sent", "held", "held"]
    causes = [row.cause for row in site.rows(schema.lot)]
    assert causes == ["", "duplicate-lot", "duplicate-invoice"]


def test_two_equal_lots_in_one_file_go_out_once(site: Site) -> None:
    """Of two equal lots the first goes, the second is held."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000", "001 P1: 1=1000"))
    site.settle()
    assert site.states(schema.lot) == ["sent", "held"]


def test_a_lot_held_for_long_does_not_follow_its_own_copy(site: Site) -> None:
    """What a client sent again while the first was held is not sent twice."""
    entry = site.entries["P1"]
    site.leave("P1")
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.run()
    site.entries["P1"] = entry
    site.change("P1")
    site.deposit(toy.deposit("S1", "001 P1: 1=1000 2=10"))
    site.settle()
    assert sorted(site.states(schema.lot)) == ["held", "sent"]


def test_a_rejected_claim_may_come_again(site: Site) -> None:
    """An invoice that its payer rejected can be billed in a new lot."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.run()
    site.payer("P1").answer("no", b"TORETURN x\nclaim S1/001/1 rejected 1000 S1\n")
    site.run()
    site.deposit(toy.deposit("S1", "002 P1: 1=900"))
    site.run()
    assert site.states(schema.lot) == ["answered", "sent"]


def test_files_respect_the_payers_limits_and_wait(site: Site) -> None:
    """Lots share a file up to the limits; the last waits as long as it may."""
    gather = site.entries["P1"].gather
    site.change("P1", gather=gather._replace(max_lots=2, wait=600.0))
    for number in range(5):
        site.deposit(toy.deposit("S1", f"{number} P1: {number}=100"))
    site.run()
    sizes = [row.lots for row in site.rows(schema.dispatch)]
    assert sizes == [2, 2]
    site.at += 601
    site.run()
    assert [row.lots for row in site.rows(schema.dispatch)] == [2, 2, 1]
    assert sorted(site.payer("P1").files()) == [
        name for name, _ in site.payer("P1").taken
    ]


def test_lots_that_wait_for_one_payer_hold_up_no_other(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many lots wait for company, another payer's go at once."""
    monkeypatch.setattr("gateway.steps.gather._AT_ONCE", 2)
    gather = site.entries["P1"].gather
    site.change("P1", gather=gather._replace(wait=600.0))
    for number in range(3):
        site.deposit(toy.deposit("S1", f"{number} P1: {number}=100"))
    site.deposit(toy.deposit("S1", "9 P2: 9=100"))
    site.run()
    assert site.states(schema.lot) == ["routed"] * 3 + ["sent"]


def test_a_closed_window_holds_files_back(site: Site) -> None:
    """Nothing is handed over outside the payer's window, and all of it inside."""
    delivery = site.entries["P1"].delivery
    site.change("P1", delivery=evolve(delivery, windows=closed_now(site.at)))
    site.deposit(TWO_LOTS)
    site.run()
    assert sorted(site.states(schema.dispatch)) == ["ready", "sent"]
    assert site.payer("P1").files() == {}
    (waiting,) = site.rows(schema.dispatch, schema.dispatch.c.state == "ready")
    assert waiting.cause == "window-closed"
    site.at = waiting.not_before + 1
    site.run()
    assert site.states(schema.dispatch) == ["sent", "sent"]


def test_late_wins_over_missing(site: Site) -> None:
    """What is past due is late, then missing; an answer closes it all the same."""
    site.deposit(TWO_LOTS)
    site.run()
    site.at += 7201
    site.run()
    assert set(site.states(schema.expectation)) == {"late", "missing"} or set(
        site.states(schema.expectation)
    ) == {"late"}
    site.at += 7201
    site.run()
    assert set(site.states(schema.expectation)) == {"missing"}
    assert set(accounts(site).values()) == {Account.MISSING}
    assert site.anomalies() == {"answer-late": "open", "answer-missing": "open"}
    late = site.rows(schema.anomaly, schema.anomaly.c.kind == "answer-late")
    assert all(each.claims for each in late)

    pay_all(site)
    site.run()
    assert set(site.anomalies().values()) == {"resolved"}
    assert set(site.states(schema.expectation)) == {"met"}
    assert set(accounts(site).values()) == {Account.PAID}
    assert site.states(schema.dispatch) == ["answered", "answered"]


def test_doubled_answers_change_nothing(site: Site) -> None:
    """A return that comes twice, under any name or repeated in another, pays once."""
    site.deposit(TWO_LOTS)
    site.run()
    pay_all(site, "pay")
    site.run()
    moves = len(site.rows(schema.ledger_move))
    pay_all(site, "again")
    (file,) = site.payer("P1").files().values()
    site.payer("P1").answer("other", toy.pay(file).replace(b"payment", b"repeat"))
    site.run()
    assert len(site.rows(schema.ledger_move)) == moves
    assert len(site.rows(schema.payer_return)) == 3
    assert [row.paid for row in site.rows(schema.claim)] == [1000, 2000, 500]
    repeated = [row.repeated for row in site.rows(schema.answer)]
    assert sorted(repeated) == [0, 0, 0, 1, 1]


def test_part_payments_add_up(site: Site) -> None:
    """Two different part payments make a claim paid once they reach its amount."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.run()
    for number, cents in enumerate((400, 600)):
        line = f"TORETURN x\nclaim S1/001/1 partly-paid {cents} S1\n"
        site.payer("P1").answer(f"part-{number}", line.encode())
        site.run()
    assert accounts(site) == {"S1/001/1": Account.PAID}


def test_an_acknowledged_claim_still_owes_its_answer(site: Site) -> None:
    """A word of receipt for one claim is no answer: the lot is not settled by it."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.run()
    site.payer("P1").answer("a", b"TORETURN x\nclaim S1/001/1 acknowledged 1000 S1\n")
    site.run()
    assert site.states(schema.lot) == ["acknowledged"]
    site.at += 20_000
    site.run()
    assert accounts(site) == {"S1/001/1": Account.MISSING}


def test_orphans_are_kept_and_find_their_claim_later(site: Site) -> None:
    """An answer to something unknown is kept, counted once, and matched when it can be."""
    site.payer("P1").answer("early", b"TORETURN x\nclaim S1/001/1 paid 1000 S1\n")
    site.run()
    assert site.states(schema.payer_return) == ["partly-matched"]
    site.at += 3601
    site.run()
    (anomaly,) = site.rows(schema.anomaly)
    assert (anomaly.kind, anomaly.seen, anomaly.state) == ("return-orphans", 1, "open")

    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.run()
    site.at += 3 * 3601
    site.run()
    assert site.states(schema.payer_return) == ["matched"]
    assert accounts(site) == {"S1/001/1": Account.PAID}
    assert site.anomalies()["return-orphans"] == "resolved"
    assert len(site.handed_back("alpha")) == 1


def test_an_orphan_matched_later_reaches_its_client_alone(site: Site) -> None:
    """Of a mixed return, what is matched later is handed back by itself."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.run()
    lines = b"claim S1/001/1 paid 1000 S1\nclaim S2/001/7 paid 700 S2\n"
    site.payer("P1").answer("mixed.ret", b"TORETURN x\n" + lines)
    site.run()
    assert site.handed_back("alpha") == [b"TORETURN x\nclaim S1/001/1 paid 1000 S1\n"]
    site.deposit(toy.deposit("S2", "001 P1: 7=700"), client="beta")
    site.run()
    site.at += 3601
    site.run()
    assert site.handed_back("beta") == [b"TORETURN x\nclaim S2/001/7 paid 700 S2\n"]
    assert len(site.handed_back("alpha")) == 1


def test_a_word_without_a_claim_goes_to_its_senders_client(site: Site) -> None:
    """Information that names only a professional reaches the one who bills for him."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.run()
    site.payer("P1").answer("info", b"TORETURN x\nclaim - information 0 S1\n")
    site.run()
    assert len(site.handed_back("alpha")) == 1


def test_an_unreadable_return_is_kept_and_shown(site: Site) -> None:
    """Bytes of no known format are stored before they are removed at the payer's."""
    site.payer("P1").answer("odd", b"%PDF-1.7 something")
    site.run()
    (row,) = site.rows(schema.payer_return)
    assert row.state == "unreadable"
    assert site.read(row.payload_id) == b"%PDF-1.7 something"
    (case,) = site.rows(schema.anomaly)
    assert (case.kind, case.state) == ("return-unreadable", "open")
    assert "is in no format we know, and looks like a PDF document" in case.words


def test_a_whole_lot_can_be_refused_by_its_payer(site: Site) -> None:
    """A refused lot settles all its claims at once."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000 2=2000"))
    site.run()
    site.payer("P1").answer("no", b"TORETURN arl\nlot S1/001 rejected 0 S1\n")
    site.run()
    assert set(accounts(site).values()) == {Account.REJECTED}
    assert set(site.states(schema.expectation)) == {"met"}
    assert site.states(schema.dispatch) == ["answered"]


def test_a_damaged_deposit_is_said_and_does_not_stop_others(site: Site) -> None:
    """A payload that the disk spoilt raises an alarm; its neighbours go on."""
    first = site.deposit(TWO_LOTS)
    (payload,) = site.rows(schema.payload)
    place = site.folder / "storage" / payload.place
    whole = place.read_bytes()
    place.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    site.crash()  # the next one begins a segment of its own
    site.deposit(toy.deposit("S9", "001 P1: 1=1000"))
    site.run()
    assert site.states(schema.deposit) == ["received", "split"]
    assert site.anomalies() == {"storage-broken": "open"}

    place.write_bytes(whole)  # restored from the backup
    site.settle()
    assert site.states(schema.deposit) == ["split", "split"]
    assert first.deposit in site.accepted
