"""A payer answers for what went to it, and for nothing else."""

from __future__ import annotations

from datetime import date
from typing import Any

from config.directory_records import CodeEntry
from gateway.journal import schema
from routing.ledger import Account
from tests.gateway.steps import toy
from tests.gateway.steps.site import Site

PAID = b"TORETURN x\nclaim S1/001/1 paid 1000 S1\n"
LONG_AGO = date(2020, 12, 31)


def _sent_to_p1(site: Site) -> None:
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.run()


def _account(site: Site) -> str:
    (claim,) = site.rows(schema.claim)
    (lot,) = site.rows(schema.lot)
    return str(claim.account or lot.account)


def _anomaly(site: Site, kind: str = "return-foreign") -> Any:
    (found,) = site.rows(schema.anomaly, schema.anomaly.c.kind == kind)
    return found


def test_another_payers_outbox_changes_nothing_and_is_told(site: Site) -> None:
    """A return in the wrong outbox is kept, named by its id, and pays nobody's claim."""
    _sent_to_p1(site)
    site.payer("P2").answer("DUPONT_Jeanne.ret", PAID)
    site.run()

    assert _account(site) == Account.DISPATCHED
    assert site.states(schema.payer_return) == ["partly-matched"]
    assert site.handed_back("alpha") == []
    anomaly = _anomaly(site)
    (returned,) = site.rows(schema.payer_return)
    assert (anomaly.state, anomaly.seen) == ("open", 1)
    assert (anomaly.subject, anomaly.payer_id) == ("e-P2", "payer-P1")
    for named in (returned.id, "e-P2", "1 of payer-P1", "directory"):
        assert named in anomaly.words
    assert "DUPONT" not in anomaly.words  # a payer names its files as it likes
    assert "return-orphans" not in site.anomalies()


def test_the_right_payer_is_still_believed(site: Site) -> None:
    """What a stranger said does not stand in the way of the payer's own answer."""
    _sent_to_p1(site)
    site.payer("P2").answer("odd.ret", PAID)
    site.run()
    site.payer("P1").answer("own.ret", PAID)
    site.run()

    assert _account(site) == Account.PAID
    assert len(site.handed_back("alpha")) == 1
    assert site.anomalies()["return-foreign"] == "open"


def test_a_new_directory_lets_it_be_tried_again_at_once(site: Site) -> None:
    """Once the payer is known to answer there, the return is believed."""
    _sent_to_p1(site)
    site.payer("P2").answer("odd.ret", PAID)
    site.run()
    site.run()
    assert _anomaly(site).seen == 1

    site.change("P1", endpoint="e-P2")
    site.run()

    assert _account(site) == Account.PAID
    assert site.states(schema.payer_return) == ["matched"]
    assert site.anomalies()["return-foreign"] == "resolved"
    assert len(site.handed_back("alpha")) == 1


def test_trying_again_in_vain_raises_nothing_new(site: Site) -> None:
    """A return that stays a stranger's is counted once, and not raised again."""
    _sent_to_p1(site)
    site.payer("P2").answer("odd.ret", PAID)
    site.run()
    for _ in range(3):
        site.at += 3601
        site.run()

    anomaly = _anomaly(site)
    assert (anomaly.seen, anomaly.state) == (1, "open")


def test_an_answer_before_the_sending_is_told_when_the_lot_went_elsewhere(
    site: Site,
) -> None:
    """What fitted nothing at first is a stranger's as soon as it fits a lot."""
    site.payer("P2").answer("early.ret", PAID)
    site.run()
    assert set(site.anomalies()) == {"return-orphans"}

    _sent_to_p1(site)
    site.at += 3601
    site.run()

    assert _account(site) == Account.DISPATCHED
    assert _anomaly(site).seen == 1


def test_payers_that_share_an_endpoint_answer_in_one_outbox(site: Site) -> None:
    """A service centre's outbox speaks for all of its payers."""
    site.change("P1", endpoint="e-P2")
    _sent_to_p1(site)
    site.payer("P2").answer("own.ret", PAID)
    site.run()

    assert _account(site) == Account.PAID


def test_a_payer_that_moved_may_answer_where_it_was_sent_to(site: Site) -> None:
    """An answer in the outbox of the endpoint that the file went over is believed."""
    site.change("P1", endpoint="e-P2")
    _sent_to_p1(site)
    site.change("P1", endpoint="e-P1")
    site.payer("P2").answer("own.ret", PAID)
    site.run()

    assert _account(site) == Account.PAID


def test_a_successor_answers_for_the_payer_it_took_over(site: Site) -> None:
    """Named as successor of a code, a payer answers for what went to that code."""
    _sent_to_p1(site)
    site.change("P1", codes=(CodeEntry("P1", None, LONG_AGO, "P2"),))
    site.payer("P2").answer("heir.ret", PAID)
    site.run()

    assert _account(site) == Account.PAID


def test_a_successor_whose_file_names_the_old_code_answers_for_it(site: Site) -> None:
    """The old payer's file is gone; its code stands in its successor's."""
    _sent_to_p1(site)
    old, own = CodeEntry("P1", None, LONG_AGO, "P2"), CodeEntry("P2", None, None, None)
    del site.entries["P1"]
    site.change("P2", codes=(own, old))
    site.payer("P2").answer("heir.ret", PAID)
    site.run()

    assert _account(site) == Account.PAID


def test_a_payer_does_not_answer_for_its_successor(site: Site) -> None:
    """The other way round is a stranger's word: what went to the new one is the new one's."""
    site.change("P2", codes=(CodeEntry("P2", None, LONG_AGO, "P1"),))
    _sent_to_p1(site)
    site.payer("P2").answer("old.ret", PAID)
    site.run()

    assert _account(site) == Account.DISPATCHED
    assert _anomaly(site).state == "open"


def test_a_lot_that_never_went_is_answered_by_nobody(site: Site) -> None:
    """A held lot's key fits, but nobody was asked: the answer is an orphan."""
    site.deposit(toy.deposit("S1", "001 P9: 1=1000"))
    site.run()
    site.payer("P1").answer("odd.ret", PAID)
    site.run()

    assert _account(site) == Account.HELD
    assert site.anomalies() == {"lot-held": "open", "return-orphans": "open"}
