"""A simulated caisse behaves as a payer does, well or badly as it is told."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from random import Random

import pytest
from attrs import frozen

from protocols.records import load_layouts
from protocols.sesam import reader
from protocols.sesam.network import SESAM
from protocols.sesam.noemie_writer import PLAIN
from protocols.sesam.payer_simulator import (
    Caisse,
    Faults,
    Mix,
    SimulatedReturn,
    respond,
)
from protocols.sesam.returns import read_return, recognise_return, split_return
from routing.envelope import AnswerSeen, Outcome, Summary

DAY = "2026-11-03"
GOOD = Faults()
PAYS_ALL = Mix(rejected=0, partly=0, deferred=0)
SENDERS = ("100000007", "100000015", "100000023")


@frozen(kw_only=True)
class Lot:
    """A made-up lot: who bills, and (AMO, AMC) cents of each invoice."""

    sender: str = SENDERS[0]
    number: int = 1
    invoices: Sequence[tuple[int, int]] = ((3600, 0), (2000, 1500))
    wrong_total: int = 0


def made_up_person(number: int) -> tuple[str, str]:
    """A number with its key that nobody can have (month 99)."""
    nir = 1_79_99_99_000_000 + number
    return str(nir), f"{97 - nir % 97:02}"


def billing(lots: Sequence[Lot], file_id: str = "000042") -> bytes:
    """Write a B2 file of an office norm."""
    layouts = load_layouts("b2")
    parties: dict[str, str | int] = {
        "sender_type": "OT",
        "sender_no": "4242",
        "recipient_type": "CT",
        "recipient_no": "00000001036751",
        "application": "TR",
        "file_id": file_id,
    }
    records = [
        layouts["000"].write(
            parties
            | {
                "file_created": "261102",
                "norm_code": "FR",
                "norm_family": "B2",
                "record_length": "128",
            }
        )
    ]
    for lot in lots:
        records += lot_records(lot)
    records.append(
        layouts["999"].write(
            parties | {"nb_records": len(records) + 1, "nb_lots": len(lots)}
        )
    )
    return b"".join(records)


def lot_records(lot: Lot) -> list[bytes]:
    layouts = load_layouts("b2")
    number = f"{lot.number:03}"
    records = [
        layouts["1"].write(
            {
                "ps_id": lot.sender,
                "dest_organism": "751",
                "lot_no": number,
                "ps_name": "OPTICIEN INVENTE",
                "norm_version_used": "B2",
                "lot_created": "261102",
                "norm_code": "FR",
                "norm_version": "062007",
                "currency": "U",
            }
        )
    ]
    for position, (amo, amc) in enumerate(lot.invoices, 1):
        nir, check = made_up_person(position)
        key: dict[str, str | int] = {
            "ps_id": lot.sender,
            "insured_nir": nir,
            "insured_nir_key": check,
            "invoice_no": lot.number * 1000 + position,
        }
        records += [
            layouts["2"].write(
                key
                | {
                    "operation_kind": "1",
                    "invoice_date": "261102",
                    "regime": "01",
                    "fund": "751",
                    "rights_proof": "1",
                    "prescriber_id": SENDERS[1],
                    "prescription_date": "261015",
                    "insurance_kind": "10",
                    "copay_waiver_code": "0",
                    "birth_date": "790512",
                    "payee": "15" if amc else "05",
                }
            ),
            layouts["4"].write(
                key
                | {
                    "performer_id": lot.sender,
                    "act_date": "261101",
                    "act_code": "LUN",
                    "quantity": "01",
                    "coefficient": "000100",
                    "count": "01",
                    "unit_price": amo + amc,
                    "base": amo,
                    "rate": "100",
                    "amo_amount": amo,
                    "total_amount": amo + amc,
                    "place_code": "0",
                    "amc_amount": amc,
                }
            ),
            layouts["5"].write(
                key
                | {
                    "nb_type4": "001",
                    "total_billed": amo + amc,
                    "total_amo": amo,
                    "total_patient_before_amc": amc,
                    "total_amc": amc,
                }
            ),
        ]
    count = len(lot.invoices)
    amo = sum(each[0] for each in lot.invoices)
    amc = sum(each[1] for each in lot.invoices)
    records.append(
        layouts["6"].write(
            {
                "ps_id": lot.sender,
                "nb_invoices": count,
                "nb_act_lines": count,
                "nb_type2_records": count,
                "nb_type5_records": count,
                "total_billed": amo + amc,
                "total_amo": amo + lot.wrong_total,
                "total_amc": amc,
                "lot_no": number,
            }
        )
    )
    return records


MIXED = [Lot(sender=each, number=i) for i, each in enumerate(SENDERS, 1)]


def read(sent: SimulatedReturn) -> tuple[list[AnswerSeen], Summary]:
    format = recognise_return(sent.content)
    assert format is not None
    reading = read_return(io.BytesIO(sent.content), format)
    return list(reading.answers()), reading.summary()


def answers_of(returns: Sequence[SimulatedReturn], kind: str) -> list[AnswerSeen]:
    return [each for sent in returns if sent.kind == kind for each in read(sent)[0]]


def ask(
    content: bytes,
    *,
    faults: Faults = GOOD,
    mix: Mix = PAYS_ALL,
    seed: int = 1,
    caisse: Caisse | None = None,
) -> list[SimulatedReturn]:
    caisse = caisse or Caisse(faults=faults, mix=mix)
    return caisse.respond(content, rng=Random(seed), day=DAY)


def keys_of(content: bytes) -> tuple[set[str], set[str]]:
    """Keys of the lots and invoices of a billing file, as it was read."""
    reading = reader.read(io.BytesIO(content))
    lots = list(reading.lots())
    assert reading.summary().errors == 0
    return (
        {each.match_key for each in lots},
        {claim.match_key for each in lots for claim in each.claims},
    )


def test_every_lot_and_invoice_is_answered_with_its_own_key() -> None:
    """What is sent and what comes back are tied by the same keys."""
    content = billing(MIXED)
    lots, claims = keys_of(content)

    returns = ask(content)

    assert {each.match_keys[0] for each in answers_of(returns, "arl")} == lots
    assert {each.match_keys[0] for each in answers_of(returns, "payment")} == claims
    assert {each.outcome for each in answers_of(returns, "payment")} == {Outcome.PAID}
    assert all(read(each)[1].problems == () for each in returns)


def test_a_return_for_many_can_be_split() -> None:
    """One payment file holds all professionals; each part pays one of them."""
    returns = ask(billing(MIXED))
    (payment,) = [each for each in returns if each.kind == "payment"]
    answers, whole = read(payment)

    parts = split_return(
        io.BytesIO(payment.content),
        "sesam.noemie",
        {index: each.sender for index, each in enumerate(answers)},
    )

    assert [each.owner for each in parts] == list(SENDERS)
    assert whole.totals["paid"] == 3 * 7100


def test_the_mix_is_realistic_and_every_claim_ends() -> None:
    """Most are paid, some lowered, rejected or deferred; the deferred paid later."""
    lot = Lot(invoices=[(1000 + i, i % 2 * 500) for i in range(300)])

    returns = ask(billing([lot]), mix=Mix())

    first, second = [each for each in returns if each.kind == "payment"]
    outcomes = [each.outcome for each in read(first)[0]]
    for outcome in (
        Outcome.PAID,
        Outcome.PARTLY_PAID,
        Outcome.REJECTED,
        Outcome.DEFERRED,
    ):
        assert outcomes.count(outcome) > 0
    assert outcomes.count(Outcome.PAID) > 250
    later = read(second)[0]
    assert {each.outcome for each in later} == {Outcome.PAID}
    assert {each.match_keys for each in later} == {
        each.match_keys for each in read(first)[0] if each.outcome is Outcome.DEFERRED
    }
    assert second.delay_days > first.delay_days


def test_a_lot_with_wrong_totals_is_refused_whole() -> None:
    """Its neighbours are paid; it gets a negative acknowledgement with reasons."""
    lots = [Lot(), Lot(sender=SENDERS[1], number=2, wrong_total=1)]

    returns = ask(billing(lots))

    outcomes = {
        each.sender: (each.outcome, bool(each.remarks))
        for each in answers_of(returns, "arl")
    }
    assert outcomes == {
        SENDERS[0]: (Outcome.ACKNOWLEDGED, False),
        SENDERS[1]: (Outcome.REJECTED, True),
    }
    assert {each.sender for each in answers_of(returns, "payment")} == {SENDERS[0]}


def test_a_file_sent_again_is_never_paid_twice() -> None:
    """The same number and content gets the very same files, not new ones."""
    caisse = Caisse(faults=GOOD, mix=Mix())
    content = billing(MIXED)

    first = ask(content, caisse=caisse, seed=1)
    again = ask(content, caisse=caisse, seed=2)

    assert again == first


def test_a_memory_can_be_kept_as_plain_values() -> None:
    """A caisse made from what another has seen goes on where it stopped."""
    caisse = Caisse(faults=GOOD, mix=Mix())
    content = billing(MIXED)
    first = ask(content, caisse=caisse)

    kept = json.loads(json.dumps(caisse.seen))
    again = ask(content, caisse=Caisse(faults=GOOD, mix=Mix(), seen=kept), seed=9)

    assert again == first


def test_a_number_used_twice_and_a_lot_sent_twice_are_refused() -> None:
    """Other content under an old number, or an old lot in a new file: no money."""
    caisse = Caisse(faults=GOOD, mix=PAYS_ALL)
    ask(billing([Lot()]), caisse=caisse)

    reused = ask(billing([Lot(number=2)]), caisse=caisse)
    repeated = ask(billing([Lot()], file_id="000043"), caisse=caisse)

    for returns in (reused, repeated):
        assert [each.outcome for each in answers_of(returns, "arl")] == [
            Outcome.REJECTED
        ]
        assert answers_of(returns, "payment") == []


def test_the_same_seed_gives_the_same_returns() -> None:
    """A simulation can be repeated to the byte."""
    content = billing(MIXED)
    faults = Faults(lost=0.3, late=0.3, doubled=0.3, cut=0.3, wrong_identifiers=0.3)

    def once(seed: int) -> list[SimulatedReturn]:
        return respond(content, rng=Random(seed), faults=faults, day=DAY, number=7)

    assert once(5) == once(5)
    assert len({str(once(seed)) for seed in range(5)}) > 1


def test_lost_returns_come_when_the_file_is_sent_again() -> None:
    """What was lost on its way is sent once more, as it was."""
    content = billing(MIXED)
    expected = ask(content)
    caisse = Caisse(faults=Faults(lost=0.5), mix=PAYS_ALL)

    tries = [ask(content, caisse=caisse, seed=seed) for seed in range(12)]

    assert any(len(each) < len(expected) for each in tries)
    assert {each.name for got in tries for each in got} == {
        each.name for each in expected
    }
    contents = {each.content for got in tries for each in got}
    assert len(contents) == len(expected)


def test_an_unknown_sender_is_dropped_until_registered() -> None:
    """No word at all comes for a professional whom the payer does not know."""
    caisse = Caisse(faults=Faults(unknown_sender=1), mix=PAYS_ALL)
    content = billing(MIXED)

    assert ask(content, caisse=caisse) == []
    caisse.register(SENDERS[1])
    returns = ask(content, caisse=caisse)

    assert {each.sender for each in answers_of(returns, "payment")} == {SENDERS[1]}


def test_wrong_identifiers_never_hit_the_right_invoice() -> None:
    """An altered answer bears another key, and still tells the insured person."""
    content = billing(MIXED)
    _, claims = keys_of(content)

    returns = ask(content, faults=Faults(wrong_identifiers=1))

    answers = answers_of(returns, "payment")
    assert len(answers) == len(claims)
    assert not claims & {key for each in answers for key in each.match_keys}
    assert all(each.facts["patient"] for each in answers)


@pytest.mark.parametrize(
    ("faults", "kinds"),
    [
        (Faults(lost=1), []),
        (Faults(never=1), ["arl"]),
        (Faults(refused=1), ["arl"]),
        (Faults(doubled=1), ["arl", "arl", "payment", "payment"]),
        (Faults(out_of_order=1), ["payment", "arl"]),
    ],
)
def test_each_fault_does_what_it_says(faults: Faults, kinds: list[str]) -> None:
    """Which files come, in the order of their days."""
    returns = ask(billing(MIXED), faults=faults)

    assert [each.kind for each in returns] == kinds


def test_late_and_cut_returns() -> None:
    """Late ones come after the days set; cut ones are read with an error."""
    content = billing(MIXED)
    usual = ask(content)

    late = ask(content, faults=Faults(late=1, late_days=9))
    cut = ask(content, faults=Faults(cut=1))

    assert [each.delay_days for each in late] == [each.delay_days + 9 for each in usual]
    assert [each.content for each in late] == [each.content for each in usual]
    for whole, part in zip(usual, cut, strict=True):
        assert whole.content.startswith(part.content)
        assert len(part.content) < len(whole.content)


def test_a_share_outside_its_bounds_is_refused() -> None:
    """The error names the fault and its bounds."""
    with pytest.raises(ValueError, match=r"lost is 1\.5"):
        Faults(lost=1.5)


@pytest.mark.parametrize("content", [b"", b"000", b"hello", b"\x00" * 1000])
def test_nothing_is_sent_for_what_is_no_billing_file(content: bytes) -> None:
    """A caisse that finds no lot has nobody to answer."""
    assert ask(content) == []


def test_a_caisse_may_send_the_plain_form() -> None:
    """Payers that mail their returns do not wrap them; answers are the same."""
    content = billing(MIXED)
    plain = Caisse(faults=GOOD, mix=PAYS_ALL, form=PLAIN)

    assert answers_of(ask(content, caisse=plain), "payment") == answers_of(
        ask(content), "payment"
    )


def test_acknowledgements_are_numbered_without_holes() -> None:
    """A file that is dropped in silence uses no number, and one sent again its own."""
    caisse = Caisse(faults=GOOD, mix=Mix())
    silent = Caisse(faults=Faults(unknown_sender=1.0), seen=caisse.seen)

    def numbers(content: bytes, by: Caisse) -> list[int]:
        found = []
        for each in ask(content, caisse=by):
            if each.kind == "arl":
                with io.BytesIO(each.content) as stream:
                    reading = SESAM.read_return(stream, "sesam.arl-simulated")
                    list(reading.answers())
                    number = SESAM.file_number(reading.summary())
                assert number is not None
                assert number.series.endswith(":arl")
                found.append(number.number)
        return found

    files = [
        billing(
            [Lot(number=i, wrong_total=i % 2), Lot(number=i + 10)], file_id=f"{i:06}"
        )
        for i in range(1, 5)
    ]
    assert numbers(files[0], caisse) == [1, 2]
    assert numbers(files[1], silent) == []
    assert numbers(files[2], caisse) == [3, 4]
    assert numbers(files[0], caisse) == [1, 2]
    assert numbers(files[3], caisse) == [5]
