"""A simulated union answers as the payers' own pages say that unions do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random

import pytest

from protocols.mycarenet.payer_simulator import Faults, Mix, SimulatedReturn, Union
from protocols.mycarenet.payer_simulator_decisions import LEAST
from protocols.mycarenet.return_dialects import SORTED
from routing.envelope import Outcome
from tests.protocols.mycarenet.return_files import DIALECTS, codes, hear
from tests.protocols.mycarenet.sendings import THIRD_PARTY, Bill, Line, sending

PAYS_ALL = Mix(rejected=0, partly=0, lowered=0, noted=0)
GOOD = Faults()
TWO = sending([Bill(number=1), Bill(number=2, patient=2)])
DAY = "2026-11-26"


def union(mix: Mix = PAYS_ALL, faults: Faults = GOOD, dialect: str = "") -> Union:
    return Union(code="100", faults=faults, mix=mix, dialect=dialect)


def ask(payer: Union, content: bytes, day: str = DAY) -> list[SimulatedReturn]:
    return payer.respond(content, rng=Random(1), day=day)


def messages(made: Sequence[SimulatedReturn]) -> list[str]:
    return [each.name[:6] for each in made]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_right_sending_is_received_accepted_and_paid(dialect: str) -> None:
    made = ask(union(dialect=dialect), TWO)

    assert messages(made) == ["931000", "920098", "920900"]
    heard = [hear(each.content) for each in made]
    assert [each.kind for each in heard] == [each.kind for each in made]
    assert heard[-1].of_lot.outcome is Outcome.PAID
    assert (heard[-1].of_lot.asked, heard[-1].of_lot.paid) == (2000, 2000)
    assert all(not each.summary.errors for each in heard)
    delays = [each.delay_days for each in made]
    assert delays == sorted(delays)
    assert delays[-1] <= 14  # two weeks after it was received


def test_the_days_and_numbers_of_a_union_go_on() -> None:
    payer = union()
    first = ask(payer, TWO)
    second = ask(payer, sending(number=8))

    numbers = [hear(e.content).summary.keys["payer_reference"] for e in first + second]
    assert len(set(numbers)) == 6
    verdict = hear(first[1].content).of_lot.facts["verdict_day"]
    assert DAY < verdict <= "2026-11-29"


def test_a_number_is_used_once_for_a_year() -> None:
    """The same sending again, or another one with its number, is refused at once."""
    payer = union()
    ask(payer, TWO)

    for again in (TWO, sending(reference="20261126000009")):
        (double,) = ask(payer, again)
        heard = hear(double.content)
        assert heard.summary.format == "mycarenet.920999"
        assert heard.of_lot.outcome is Outcome.DEFERRED
        assert codes(heard.of_lot) == ["301-40"]


@pytest.mark.parametrize(
    "other",
    [
        sending(number=8),
        sending(year_month="202701", created="20270104"),
        sending(third_party=f"0{THIRD_PARTY[1:7]}{THIRD_PARTY[7:9]}402"),
    ],
)
def test_another_number_year_or_third_party_is_no_double(other: bytes) -> None:
    payer = union()
    ask(payer, TWO)

    assert messages(ask(payer, other, "2027-01-05"))[0] == "931000"


def test_a_refused_number_may_be_used_again() -> None:
    """A 920099 is mended and sent with the same number."""
    payer = union()
    wrong = bytearray(TWO)
    wrong[227 + 348 : 227 + 350] = b"00"
    refused = ask(payer, bytes(wrong))
    mended = ask(payer, TWO)

    assert messages(refused) == ["931000", "920099"]
    heard = hear(refused[1].content)
    assert codes(heard.of_lot) == ["B109902"]
    assert heard.of_lot.facts["refusal_type"] == "01"
    assert messages(mended) == ["931000", "920098", "920900"]


def test_the_same_bytes_are_judged_alike_after_a_refusal() -> None:
    """A sending that comes again as it was does not become right by that."""
    faults = Faults(refused=0.5)

    def sent(payer: Union, seed: int) -> list[str]:
        return messages(payer.respond(TWO, rng=Random(seed), day=DAY))

    refused = ["931000", "920099"]
    seed = next(n for n in range(50) if sent(union(faults=faults), n) == refused)
    payer = union(faults=faults)
    assert [sent(payer, n) for n in (seed, *range(10))] == [refused] * 11


def test_header_and_totals_are_looked_at_first() -> None:
    """A test sending to production, and a union that the sums do not name."""
    header = bytearray(TWO)
    header[12:14] = b"92"
    (first,) = ask(union(), bytes(header))
    (second,) = ask(union(), sending([Bill(mutuality="319")]))

    assert all(each.name.startswith("920999") for each in (first, second))
    assert hear(first.content).of_lot.outcome is Outcome.REJECTED
    assert codes(hear(second.content).of_lot) == ["401-20", "501-20"]


def test_a_mutuality_that_is_not_known_is_refused_at_once() -> None:
    payer = Union(code="100", faults=GOOD, mix=PAYS_ALL, mutualities=["120"])
    (made,) = ask(payer, TWO)

    heard = hear(made.content)
    assert heard.summary.format == "mycarenet.920999"
    assert codes(heard.of_lot) == ["401-20"]


def test_more_than_five_percent_in_error_refuse_the_sending() -> None:
    """On sendings large enough; test systems were seen not to look at tiny ones."""
    mix = Mix(rejected=0.5, partly=0, lowered=0, noted=0)
    bills = [Bill(number=n, patient=n) for n in range(1, LEAST)]
    large = ask(union(mix), sending(bills))
    small = ask(union(mix), sending(bills[:5]))

    heard = hear(large[1].content)
    assert heard.summary.format == "mycarenet.920099"
    assert heard.of_lot.facts["refusal_type"] == "02"
    assert messages(small) == ["931000", "920098", "920900"]


def test_refused_lines_and_invoices_have_codes_and_consequences() -> None:
    lines = [Line(amount=1000), Line(amount=700), Line(date="20261103", amount=500)]
    content = sending([Bill(lines=lines)])
    partly = ask(union(Mix(rejected=0, partly=1, lowered=0, noted=0)), content)
    rejected = ask(union(Mix(rejected=1, partly=0, lowered=0, noted=0)), content)

    (claim,) = hear(partly[-1].content).of_claims
    assert claim.outcome is Outcome.PARTLY_PAID
    assert codes(claim)[0] == "R502255"
    assert "billed on" in claim.facts["comment R502255"]
    (claim,) = hear(rejected[-1].content).of_claims
    assert claim.outcome is Outcome.REJECTED
    assert codes(claim) == ["F200742", "R500119"]


def test_what_is_only_noted_stands_in_no_settlement() -> None:
    """Errors for information come with a 920098, never with a 920900."""
    made = ask(union(Mix(rejected=0, partly=0, lowered=0, noted=1)), TWO)

    assert len(hear(made[1].content).of_claims) == 2
    assert not hear(made[2].content).of_claims


def test_faults_of_returns_are_dialled() -> None:
    lost = ask(union(faults=Faults(lost=1)), TWO)
    late = ask(union(faults=Faults(late=1, late_days=9)), TWO)
    doubled = ask(union(faults=Faults(doubled=1)), TWO)
    cut = ask(union(faults=Faults(cut=1)), TWO)
    moved = ask(union(faults=Faults(out_of_order=1)), TWO)
    usual = ask(union(), TWO)

    assert lost == []
    assert [e.delay_days for e in late] == [e.delay_days + 9 for e in usual]
    assert len(doubled) == 6
    assert all(len(a.content) < len(b.content) for a, b in zip(cut, usual, strict=True))
    assert messages(moved) == ["920098", "920900", "931000"]


def test_faults_of_sendings_are_dialled() -> None:
    """Refused without a word, named wrong, never answered, or not known at all."""
    refused = ask(union(faults=Faults(refused=1)), TWO)
    misnamed = ask(union(faults=Faults(wrong_identifiers=1)), TWO)
    stranger = union(faults=Faults(unknown_sender=1))

    assert messages(refused) == ["931000", "920099"]
    assert len(refused[1].content) == 677
    references = {hear(e.content).summary.keys["reference"] for e in misnamed}
    assert references == {"31372237111112"}
    assert ask(union(faults=Faults(never=1)), TWO) == []
    assert ask(stranger, TWO) == []
    assert not stranger.knows(THIRD_PARTY)
    stranger.register(THIRD_PARTY)
    assert stranger.knows(THIRD_PARTY)
    assert messages(ask(stranger, TWO)) == ["931000", "920098", "920900"]


def test_a_union_remembers_in_plain_values() -> None:
    """What it keeps may be written down and given to the next one."""
    payer = union()
    ask(payer, TWO)
    kept = json.loads(json.dumps(payer.seen))

    (double,) = ask(Union(code="100", faults=GOOD, seen=kept), TWO)
    assert double.name.startswith("920999")


def test_a_payer_without_a_number_answers_for_every_union() -> None:
    """One mailbox may stand for all of them."""
    payer = Union(faults=GOOD, mix=PAYS_ALL)
    made = ask(payer, TWO) + ask(payer, sending([Bill(mutuality="319")], number=8))

    assert [each.name[7:10] for each in made] == ["100"] * 3 + ["300"] * 3
    assert payer.has("20261126000001/202611/007")
    assert not payer.has("20261126000001/202611/009")


def test_a_union_that_is_asked_sends_everything_anew() -> None:
    payer = union(Mix(rejected=0.5, partly=0.5, lowered=0, noted=0.5))
    first = ask(payer, TWO)

    assert payer.repeat(TWO, rng=Random(2)) == first
    assert payer.repeat(sending(number=9), rng=Random(2)) == []


@pytest.mark.parametrize("content", [b"", b"920000", b"hello", b"\x00" * 1000])
def test_nothing_is_sent_for_what_is_no_sending(content: bytes) -> None:
    assert ask(union(), content) == []


def test_every_return_says_that_its_payer_is_simulated() -> None:
    for dialect in ("900", "300", SORTED):
        for made in ask(union(dialect=dialect), TWO)[1:]:
            assert b"SIMULATED PAYER" in made.content[:227]
