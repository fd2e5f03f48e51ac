"""What is likely waits for a person, and what cannot be meant is never booked."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.journal import proposals, schema
from gateway.steps import decide
from routing.errors import IllegalTransition
from routing.ledger import Account
from tests.gateway.steps import toy
from tests.gateway.steps.site import Site

VISIT = "patient=S11 number=77 lot=001 day=2026-11-02"


def answer(site: Site, *lines: str, payer: str = "P1", name: str = "a.ret") -> None:
    content = "TORETURN payment\n" + "".join(f"{line}\n" for line in lines)
    site.payer(payer).answer(name, content.encode())
    site.run()


def accounts(site: Site) -> list[str]:
    lots = {row.id: row.account for row in site.rows(schema.lot)}
    return [str(row.account or lots[row.lot_id]) for row in site.rows(schema.claim)]


def proposed(site: Site, state: str = "open") -> list[Any]:
    return site.rows(schema.proposal, schema.proposal.c.state == state)


def confirm(site: Site, row: Any) -> None:
    name = proposals.name_of(row)
    site.gateway.database.write(
        "confirm",
        lambda tx: decide.confirm(tx, name, site.directory(), by="lea"),
    )


def refuse(site: Site, row: Any) -> None:
    name = proposals.name_of(row)
    site.gateway.database.write("refuse", lambda tx: decide.refuse(tx, name, by="lea"))


def test_a_notice_without_a_professional_finds_the_claim_of_that_patient(
    site: Site,
) -> None:
    """Number and patient tell whose it is, though the number alone is another's too."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000 2=2000"))
    site.deposit(toy.deposit("S2", "001 P1: 1=1000"))
    site.run()
    answer(site, f"claim - paid 1000 - {VISIT} number=1")

    assert accounts(site) == [Account.PAID, Account.DISPATCHED, Account.DISPATCHED]
    assert len(site.handed_back("alpha")) == 1


def test_a_sure_approximation_is_matched_and_kept_with_its_score(site: Site) -> None:
    """Patient, day and amount of the sender named: paid, with rule, score and event."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000 2=2000"))
    site.run()
    answer(site, f"claim lost/key paid 1000 S1 {VISIT}")

    assert accounts(site) == [Account.PAID, Account.DISPATCHED]
    (kept,) = proposed(site, "confirmed")
    assert (kept.rule, kept.score, kept.decided_by) == ("renumbered", 85, "gateway")
    (said,) = site.rows(schema.answer)
    assert said.rule == "renumbered"
    assert site.rows(schema.event, schema.event.c.kind == "answer.approximated")
    assert site.seen.ties == {"renumbered": 1}
    assert len(site.handed_back("alpha")) == 1


def _equal_visits(site: Site) -> None:
    """Send two invoices of one patient, of one day and amount."""
    site.deposit(toy.deposit("S1", "001 P1: 1-a=1000", "002 P1: 1-b=1000"))
    site.run()
    answer(site, "claim lost/key paid 1000 S1 patient=S11 number=77")


def test_equal_visits_wait_for_a_person_who_confirms_one(site: Site) -> None:
    """Nothing is guessed; the one confirmed is paid, the other proposal is closed."""
    _equal_visits(site)
    assert accounts(site) == [Account.DISPATCHED] * 2
    first, second = proposed(site)
    assert site.anomalies() == {"return-orphans": "open"}
    assert site.seen.ties == {"proposed": 1}

    confirm(site, second)
    assert accounts(site) == [Account.DISPATCHED, Account.PAID]
    assert [row.state for row in site.rows(schema.proposal)] == [
        "overtaken",
        "confirmed",
    ]
    assert site.states(schema.payer_return) == ["matched"]
    assert site.anomalies() == {"return-orphans": "resolved"}
    site.run()
    assert len(site.handed_back("alpha")) == 1
    with pytest.raises(decide.NotMatchable, match="meanwhile"):
        confirm(site, first)


def test_what_a_person_refused_is_not_proposed_again(site: Site) -> None:
    """One of two is refused: it is no rival any more, and the other is sure."""
    _equal_visits(site)
    first, second = proposed(site)
    refuse(site, first)
    with pytest.raises(IllegalTransition):
        refuse(site, first)

    site.at += 3601
    site.run()
    assert accounts(site) == [Account.DISPATCHED, Account.PAID]
    (row,) = proposed(site, "confirmed")
    assert row.lot_id == second.lot_id


def test_a_cut_number_that_became_anothers_is_not_believed(site: Site) -> None:
    """The key is another patient's, the amount too: it goes to whose visit it was."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000 12=500"))
    site.run()
    answer(site, "claim S1/001/1 paid 500 S1 patient=S112 number=1 lot=001")
    assert sorted(accounts(site)) == [Account.DISPATCHED, Account.PAID]
    (kept,) = proposed(site, "confirmed")
    assert (kept.claim_seq, kept.rule) == (2, "renumbered")


def test_a_key_that_all_else_denies_waits_for_a_person(site: Site) -> None:
    """Nobody else fits either: the claim that the key names is proposed."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.run()
    answer(site, "claim S1/001/1 paid 500 S1 patient=S19 number=1 lot=001")
    assert accounts(site) == [Account.DISPATCHED]
    (row,) = proposed(site)
    assert row.words == "the keys fit; the patient and the amount do not"


def test_what_names_no_key_goes_to_its_sender_and_asks_nobody(site: Site) -> None:
    """Notices without keys are handed back; one that is surely a claim's pays it."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000 2=500"))
    site.run()
    answer(
        site,
        "claim - paid 1000 S1 patient=S11",
        "claim - paid 7 S1 patient=S12 number=2 lot=001",
    )
    assert accounts(site) == [Account.PAID, Account.DISPATCHED]
    assert [row.rule for row in site.rows(schema.answer)] == ["same-visit", "sender"]
    assert proposed(site) == []


def test_trying_again_proposes_nothing_twice(site: Site) -> None:
    """An orphan that is tried every hour leaves its proposals as they are."""
    _equal_visits(site)
    before = site.rows(schema.proposal)
    for _ in range(3):
        site.at += 3601
        site.run()
    assert site.rows(schema.proposal) == before


def test_an_answer_that_outran_its_send_is_found_when_tried_again(site: Site) -> None:
    """Approximations, too, wait for what is not known yet."""
    answer(site, f"claim lost/key paid 1000 S1 {VISIT}")
    assert site.anomalies() == {"return-orphans": "open"}
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.run()
    site.at += 3601
    site.run()
    assert accounts(site) == [Account.PAID]


def test_another_payer_or_sender_is_never_approximated(site: Site) -> None:
    """The same visit, said by another payer, or of another professional: an orphan."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.deposit(toy.deposit("S2", "001 P1: 5=1"), client="beta")
    site.run()
    answer(site, f"claim lost/key paid 1000 S1 {VISIT}", payer="P2")
    answer(site, f"claim lost/key paid 1000 S2 {VISIT}", name="b.ret")
    assert accounts(site) == [Account.DISPATCHED] * 2
    assert site.rows(schema.proposal) == []


def test_a_misdated_lot_is_proposed_as_a_whole(site: Site) -> None:
    """An acknowledgement of a lot on another day waits for a person."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.run()
    answer(site, "lot lost/key acknowledged 0 S1 lot=001 day=2026-11-03")
    (row,) = proposed(site)
    assert row.claim_seq == 0
    confirm(site, row)
    assert accounts(site) == [Account.ACKNOWLEDGED]


@pytest.mark.parametrize(
    "line",
    [
        "claim S1/001/1 paid 1000 S1 paid=5000",
        "claim S1/001/1 paid 1000 S1 paid=-1",
        "claim S1/001/1 paid 99999999999 S1",
        "claim S1/001/1 paid 1000 S2",
    ],
)
def test_what_cannot_be_meant_is_kept_and_told(site: Site, line: str) -> None:
    """Too much, less than nothing, absurdly much, or another client's sender."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.deposit(toy.deposit("S2", "001 P1: 5=1"), client="beta")
    site.run()
    answer(site, line)
    assert accounts(site) == [Account.DISPATCHED] * 2
    assert site.anomalies() == {"return-absurd": "open"}
    assert site.handed_back("alpha") == site.handed_back("beta") == []
    (row,) = proposed(site)
    assert row.rule == "absurd-amount"
    site.at += 3601
    site.run()
    kind = schema.anomaly.c.kind == "return-absurd"
    (anomaly,) = site.rows(schema.anomaly, kind)
    assert anomaly.seen == 1
    (returned,) = site.rows(schema.payer_return)
    assert returned.id in anomaly.words
    assert returned.remote_name not in anomaly.words  # it may name a patient

    if "paid=-1" not in line:
        confirm(site, row)
        assert Account.PAID in accounts(site)
        assert site.anomalies()["return-absurd"] == "resolved"


def test_money_may_be_taken_back_and_paid_in_parts(site: Site) -> None:
    """A reversal of what was paid, and two parts of it, are no absurdity."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.run()
    answer(site, "claim S1/001/1 partly-paid 1000 S1 paid=700", name="a")
    answer(site, "claim S1/001/1 partly-paid 1000 S1 paid=300", name="b")
    answer(site, "claim S1/001/1 partly-paid 1000 S1 paid=-300", name="c")
    (claim,) = site.rows(schema.claim)
    assert claim.paid == 700
    assert site.anomalies() == {}


def test_doubled_answers_are_counted_and_change_nothing(site: Site) -> None:
    """The same word in another file is kept as repeated."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.run()
    answer(site, "claim S1/001/1 paid 1000 S1", name="a")
    answer(site, "claim S1/001/1 paid 1000 S1 remark=X", name="b")
    (claim,) = site.rows(schema.claim)
    assert claim.paid == 1000
    assert site.seen.ties == {"exact": 1, "repeated": 1}
