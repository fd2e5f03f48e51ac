"""A NOEMIE return says of every invoice what was paid, and proves its totals."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.sesam.noemie_answers import NoemieReading
from protocols.sesam.noemie_physical import Form
from protocols.sesam.noemie_writer import PLAIN, WRAPPED, ReturnWriter
from routing.envelope import AnswerSeen, Level, Outcome
from tests.protocols.sesam.noemie_files import (
    FORMS,
    Group,
    Invoice,
    Return,
    header,
    returns,
    write,
)

PS = 991234563
KEY = f"{PS}|2026-11-02|001|000000123"
P, R, D = "P", "R", "D"


def read(content: bytes) -> tuple[list[AnswerSeen], NoemieReading]:
    reading = NoemieReading(io.BytesIO(content))
    return list(reading.answers()), reading


def answer_of(invoice: Invoice, *, old: bool = False) -> AnswerSeen:
    made = Return(groups=[Group(payee=PS, invoices=[invoice])], old=old)
    answers, reading = read(write(made, WRAPPED))
    assert reading.summary().valid
    return answers[0]


@pytest.mark.parametrize("old", [False, True])
def test_an_invoice_is_named_by_lot_and_number(old: bool) -> None:
    """Both the full key (102) and the older pair (080, 100) give the same key."""
    answer = answer_of(Invoice(number=123), old=old)

    assert answer.level is Level.CLAIM
    assert answer.match_keys == (KEY, "4242|2026-11-02|001|000000123")
    assert answer.sender == str(PS)
    assert answer.facts["transfer"] == "VIR 1"
    assert answer.facts["accounting_day"] == "2026-11-05"


@pytest.mark.parametrize("kind", ["D", "A", "C"])
def test_a_complementary_payer_speaks_of_its_own_part_alone(kind: str) -> None:
    """What it repeats of the fund is left out; its request comes before the invoice."""
    told = Invoice(number=123, kind=kind, amo=(3600, P, 3600), amc=(1500, P, 1400))
    answer = answer_of(told)
    assert answer.match_keys[:2] == (
        f"{PS}|2026-11-02|001|C|000000123",
        "4242|2026-11-02|001|C|000000123",
    )
    assert answer.match_keys[2] == KEY
    assert answer.outcome is Outcome.PARTLY_PAID
    assert (answer.asked, answer.paid) == (1500, 1400)


def test_an_answer_to_the_other_part_alone_is_of_a_request_first() -> None:
    """Whatever kind of invoice it names; one of both parts is of the whole invoice."""
    alone = answer_of(Invoice(number=123, amo=None, amc=(1500, P, 1500)))
    assert alone.match_keys[0] == f"{PS}|2026-11-02|001|C|000000123"
    both = answer_of(Invoice(number=123, amc=(1500, P, 1500)))
    assert both.match_keys[0] == KEY


@pytest.mark.parametrize(
    ("amo", "amc", "outcome", "asked", "paid"),
    [
        ((3600, P, 3600), None, Outcome.PAID, 3600, 3600),
        ((3600, P, 4000), None, Outcome.PAID, 3600, 4000),
        ((3600, P, 3000), None, Outcome.PARTLY_PAID, 3600, 3000),
        ((3600, R, 0), None, Outcome.REJECTED, 3600, 0),
        ((3600, D, 0), None, Outcome.DEFERRED, 3600, 0),
        ((3600, P, 3600), (8400, P, 8400), Outcome.PAID, 12000, 12000),
        ((3600, P, 3600), (8400, R, 0), Outcome.PARTLY_PAID, 12000, 3600),
        ((3600, P, 3600), (8400, D, 0), Outcome.PARTLY_PAID, 12000, 3600),
        ((3600, R, 0), (8400, R, 0), Outcome.REJECTED, 12000, 0),
        ((3600, R, 0), (8400, D, 0), Outcome.DEFERRED, 12000, 0),
        ((3600, P, 3600), (8400, "", 0), Outcome.PAID, 3600, 3600),
        ((3600, P, 3600), (0, R, 0), Outcome.PAID, 3600, 3600),
        (None, (8400, P, 8400), Outcome.PAID, 8400, 8400),
        ((3600, P, -3600), None, Outcome.PARTLY_PAID, 3600, -3600),
        ((3600, "", 0), None, Outcome.INFORMATION, 0, 0),
    ],
)
def test_the_parts_give_one_outcome(
    amo: tuple[int, str, int] | None,
    amc: tuple[int, str, int] | None,
    outcome: Outcome,
    asked: int,
    paid: int,
) -> None:
    """What main and complementary payer decided is put together as documented."""
    answer = answer_of(Invoice(number=123, amo=amo, amc=amc))

    assert (answer.outcome, answer.asked, answer.paid) == (outcome, asked, paid)


def test_the_reasons_of_a_reject_are_told() -> None:
    """Codes and labels of a reject come with the answer."""
    answer = answer_of(Invoice(number=123, amo=(3600, R, 0), rejects=("1234", "77")))

    assert [(each.code, each.label) for each in answer.remarks] == [
        ("1234", "REFUS"),
        ("77", "REFUS"),
    ]


def test_a_return_of_rejects_only_is_a_reject() -> None:
    """The kind of the return tells a payment from a reject."""
    rejected = Invoice(number=123, amo=(3600, R, 0))
    _, reading = read(
        write(Return(groups=[Group(payee=PS, invoices=[rejected])]), PLAIN)
    )

    assert reading.kind == "reject"


def test_a_debt_under_an_invoice_bears_its_key() -> None:
    """A sum withheld is told after its invoice and moves nothing by itself."""
    made = Return(groups=[Group(payee=PS, invoices=[Invoice(number=123, debt=-500)])])
    answers, reading = read(write(made, WRAPPED))

    claim, debt = answers
    assert (debt.outcome, debt.paid) == (Outcome.INFORMATION, -500)
    assert debt.match_keys == claim.match_keys
    assert debt.level is Level.CLAIM
    assert reading.summary().valid
    assert reading.summary().totals["paid"] == 3600


def test_a_one_off_payment_belongs_to_no_invoice() -> None:
    """Money without an invoice is told, with its details, to the payee only."""
    made = Return(groups=[Group(payee=PS, invoices=[], one_off=700)])
    answers, reading = read(write(made, WRAPPED))

    (answer,) = answers
    assert (answer.outcome, answer.paid) == (Outcome.INFORMATION, 700)
    assert answer.match_keys == ()
    assert answer.level is Level.DISPATCH
    assert answer.sender == str(PS)
    assert "FORFAIT" in [each.label for each in answer.remarks]
    assert reading.summary().valid


@settings(max_examples=60, deadline=None)
@given(made=returns(), form=st.sampled_from(FORMS))
def test_totals_are_those_of_the_invoices(made: Return, form: Form) -> None:
    """Every invoice is answered once, and the file's own totals agree."""
    answers, reading = read(write(made, form))
    summary = reading.summary()

    invoices = [each for group in made.groups for each in group.invoices]
    claims = [each for each in answers if "invoice" in each.facts]
    assert summary.problems == ()
    assert summary.claims == len(claims) == len(invoices)
    assert [each.facts["invoice"] for each in claims] == [
        f"{each.number:09}" for each in invoices
    ]
    assert summary.totals["paid"] == sum(each.paid for each in claims)
    assert summary.totals["asked"] == sum(each.asked for each in claims)


@pytest.mark.parametrize("code", ["990", "999"])
def test_a_wrong_total_is_told(code: str) -> None:
    """A control that disagrees with the invoices above it is an error."""
    made = Return(groups=[Group(payee=PS, invoices=[Invoice(number=123)])])
    content = write(made, PLAIN)
    at = content.rindex(code.encode() + (b"99" if code == "990" else b"CT"))
    content = content[:at] + content[at:].replace(b"00003600P", b"00003700P", 1)

    _, reading = read(content)

    summary = reading.summary()
    assert not summary.valid
    assert (
        summary.problems[0].code
        == {
            "990": "control-amount",
            "999": "end-amount",
        }[code]
    )


@pytest.mark.parametrize("form", [WRAPPED, PLAIN], ids=["wrapped", "plain"])
def test_a_count_of_records_proves_a_loss_only_where_records_are(form: Form) -> None:
    """Nobody says what a plain file counts, so another count there is no damage."""
    content = write(
        Return(groups=[Group(payee=PS, invoices=[Invoice(number=1)])]), form
    )
    at = content.rindex(b"999CT") + 55
    _, reading = read(content[:at] + b"00000077" + content[at + 8 :])

    summary = reading.summary()
    assert [each.code for each in summary.problems] == ["end-records"]
    assert summary.valid is not form.wrapped


def test_a_damaged_payee_gives_its_invoices_to_nobody() -> None:
    """An invoice is never matched through the payee that stood before."""
    made = Return(
        groups=[
            Group(payee=PS, invoices=[Invoice(number=1)]),
            Group(payee=PS + 1, invoices=[Invoice(number=1)]),
        ]
    )
    content = write(made, PLAIN)
    at = content.rindex(b"04002")

    for damaged in (b"04X02", b"040X2", b"?4002"):
        answers, reading = read(content[:at] + damaged + content[at + 5 :])
        assert answers[0].match_keys != ()
        if damaged != b"040X2":
            assert answers[1].match_keys == ()
        assert reading.summary().problems


def test_a_damaged_amount_pays_nothing() -> None:
    """An invoice whose decision cannot be read changes no account."""
    made = Return(groups=[Group(payee=PS, invoices=[Invoice(number=1)])])
    content = write(made, WRAPPED).replace(b"1980400003600P", b"19804000?3600P")

    answers, reading = read(content)

    assert [(each.outcome, each.paid) for each in answers] == [(Outcome.INFORMATION, 0)]
    assert answers[0].facts["damaged"] == "yes"
    assert not reading.summary().valid


THREE = Return(
    groups=[
        Group(
            payee=PS, invoices=[Invoice(number=111111111), Invoice(number=555555555)]
        ),
        Group(payee=PS + 4, invoices=[Invoice(number=999999999, amo=(5, R, 0))]),
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    form=st.sampled_from(FORMS),
    where=st.floats(0, 1, exclude_max=True),
    byte=st.sampled_from(list(b"0123456789PRDN @ABX\r\n\x00\xff")),
)
def test_one_wrong_byte_never_moves_money_silently(
    form: Form, where: float, byte: int
) -> None:
    """Where an invoice is paid otherwise than was sent, the file is not valid."""
    content = bytearray(write(THREE, form))
    sent = {each.match_keys: each.paid for each in read(bytes(content))[0]}
    content[int(where * len(content))] = byte

    answers, reading = read(bytes(content))

    if reading.summary().valid:
        for each in answers:
            assert each.paid == sent.get(each.match_keys, each.paid)


@pytest.mark.parametrize("amo", [(3600, R, 3600), (3600, D, 1), (3600, "X", 0)])
def test_a_part_that_contradicts_itself_pays_nothing(amo: tuple[int, str, int]) -> None:
    """A reject that is paid, or an unknown state, is an error and moves nothing."""
    made = Return(groups=[Group(payee=PS, invoices=[Invoice(number=1, amo=amo)])])

    answers, reading = read(write(made, WRAPPED))

    assert [(each.outcome, each.paid) for each in answers] == [(Outcome.INFORMATION, 0)]
    assert "contradiction" in [each.code for each in reading.summary().problems]


def test_a_lost_beginning_does_not_mix_two_invoices() -> None:
    """Two decisions under one invoice number are believed for neither."""
    made = Return(
        groups=[Group(payee=PS, invoices=[Invoice(number=1), Invoice(number=2)])]
    )
    content = write(made, PLAIN)
    at = content.rindex(b"10204")
    answers, _ = read(content[:at] + b"182" + content[at + 3 :])

    assert [each.outcome for each in answers] == [Outcome.INFORMATION]


@pytest.mark.parametrize(
    ("lot", "day", "keys"),
    [
        ("001", "", (KEY,)),
        ("001", "261103", (KEY.replace("-02|", "-03|"),)),
        ("002", "", ()),
        ("", "261103", (KEY,)),
    ],
    ids=["day-above", "own-day", "another-lot", "lot-above"],
)
def test_a_lot_without_its_day_is_the_one_above(
    lot: str, day: str, keys: tuple[str, ...]
) -> None:
    """An invoice may name its lot in full, by its number, or leave it to entity 080."""
    writer = ReturnWriter(header=header("991234563", "0580"), form=WRAPPED)
    writer.add("080", {"level": "03", "lot": "001", "lot_date": "261102"})
    own: dict[str, str | int] = {"lot": lot, "lot_date": day} if day else {"lot": lot}
    writer.add("102", {"level": "04", "invoice": "123", "invoice_kind": "B"} | own)
    writer.add("198", {"level": "04", "asked": 100, "state": "P", "sign": "P"})

    answers, _ = read(writer.finish())

    assert answers[0].match_keys == keys


def test_older_lines_without_parts_are_summed() -> None:
    """Where no part is told, the refunded lines are what was paid."""
    writer = ReturnWriter(header=header("991234563", "0576"), form=WRAPPED)
    writer.add("080", {"level": "03", "lot": "001", "lot_date": "261102"})
    writer.add("100", {"level": "04", "invoice": "123"})
    for line in (1, 2):
        values: dict[str, str | int] = {"level": "05", "line": line, "act": "LUN"}
        care: dict[str, str | int] = {"care_from": "261101", "care_to": "261101"}
        writer.add("210", values | care | {"refunded": 1000, "sign": "P"})
    writer.item(lot=1, items=1, paid=2000)
    writer.control("")

    answers, reading = read(writer.finish())

    assert answers[0].match_keys == (KEY,)
    assert (answers[0].outcome, answers[0].paid) == (Outcome.PAID, 2000)
    assert reading.summary().problems == ()
