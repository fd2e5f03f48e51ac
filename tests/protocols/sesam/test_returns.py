"""Returns are recognised, and cut per owner without losing a cent."""

from __future__ import annotations

import io
from collections.abc import Mapping

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import UnknownFormat
from protocols.records import load_layouts
from protocols.sesam.arl import SIMULATED_LAYOUTS, SIMULATED_MARK
from protocols.sesam.noemie_physical import Form
from protocols.sesam.noemie_writer import WRAPPED, ReturnWriter
from protocols.sesam.returns import (
    RETURN_FORMATS,
    read_return,
    recognise_return,
    show_return,
    split_return,
)
from routing.envelope import AnswerSeen, Level, Outcome, Summary
from tests.protocols.sesam.noemie_files import (
    FORMS,
    Group,
    Invoice,
    Return,
    returns,
    write,
)

NOEMIE, B2_RETURN, ARL = "sesam.noemie", "sesam.b2-return", "sesam.arl-simulated"


def read(content: bytes, format: str) -> tuple[list[AnswerSeen], Summary]:
    reading = read_return(io.BytesIO(content), format)
    return list(reading.answers()), reading.summary()


def notice(**values: str | int) -> bytes:
    usual: dict[str, str | int] = {
        "record_type": "2",
        "organism": "01751",
        "return_kind": "13",
        "invoice": 123,
        "invoice_date": "261102",
        "insured": "1" * 15,
        "amo_asked": 3600,
        "amc_asked": 8400,
        "amo_paid": 3600,
        "amc_paid": 8400,
        "lot": 1,
        "day": "261105",
        "currency": "U",
    }
    return load_layouts("b2_return")["2"].write(usual | values)


def acknowledgement(
    form: Form, reference: str, lots: Mapping[int, tuple[str, ...]]
) -> bytes:
    """A SIMULATED acknowledgement of one lot for each professional, with reasons."""
    layouts = load_layouts(SIMULATED_LAYOUTS)
    head = layouts["000"].write(
        {
            "sender_type": "CT",
            "sender_no": "1036751",
            "recipient_type": "OT",
            "recipient_no": "4242",
            "file_id": "000012",
            "file_created": "261103",
            "reference": reference,
            "currency": "U",
            "message": SIMULATED_MARK,
        }
    )
    writer = ReturnWriter(header=head, form=form, layouts=SIMULATED_LAYOUTS)
    writer.add(
        "910", {"sent_file_id": "000001", "received": "261103", "lots": len(lots)}
    )
    for professional, reasons in lots.items():
        writer.add(
            "911",
            {
                "professional": professional,
                "lot_date": "261102",
                "lot": "001",
                "organism": "751",
                "invoices": 3,
            },
        )
        writer.item(lot=professional)
        for reason in reasons:
            writer.add("912", {"code": reason, "label": "TOTAL WRONG"})
    return writer.finish()


ONE = Return(groups=[Group(payee=991234563, invoices=[Invoice(number=1)])])


@pytest.mark.parametrize("form", FORMS)
def test_each_format_is_recognised(form: Form) -> None:
    """The first bytes tell a NOEMIE, an acknowledgement and a payment notice."""
    ack = acknowledgement(form, "0930", {991234563: ()})

    assert recognise_return(write(ONE, form)) == NOEMIE
    assert recognise_return(ack) == ARL
    assert recognise_return(notice()) == B2_RETURN
    assert recognise_return(b"000".ljust(128) + b"\r\n" + notice()) == B2_RETURN


def test_an_acknowledgement_that_is_not_simulated_is_not_read_as_one() -> None:
    """Without its mark, a reference 0930 is only cut into entities."""
    ack = acknowledgement(WRAPPED, "0930", {991234563: ()})
    real = ack.replace(SIMULATED_MARK.encode(), b" " * len(SIMULATED_MARK))

    assert recognise_return(real) == NOEMIE
    assert read(real, NOEMIE)[0] == []


def test_billing_files_and_noise_are_no_returns() -> None:
    """A B2 file has its norm where a return has its reference."""
    billing = load_layouts("b2")["000"].write(
        {"norm_code": "FR", "norm_family": "B2", "record_length": "128"}
    )

    for head in (billing, b"", b"000", b"2" * 128, b"%PDF-1.7", b"\x00" * 200):
        assert recognise_return(head) is None


def test_an_unknown_format_is_refused_by_name() -> None:
    """The error names the formats that exist."""
    with pytest.raises(UnknownFormat, match=r"sesam\.noemie"):
        read_return(io.BytesIO(), "sesam.nothing")


@settings(max_examples=80, deadline=None)
@given(made=returns(), form=st.sampled_from(FORMS), data=st.data())
def test_parts_of_a_mixed_return_say_what_the_whole_said(
    made: Return, form: Form, data: st.DataObject
) -> None:
    """Each owner gets its own answers and no other; sums and controls agree."""
    content = write(made, form)
    answers, whole = read(content, NOEMIE)
    owner = st.sampled_from(["a", "b", "c"])
    owners: dict[int, str] = {}
    for index, each in enumerate(answers):
        under = each.level is Level.CLAIM and "invoice" not in each.facts
        owners[index] = owners[index - 1] if under else data.draw(owner)

    parts = split_return(io.BytesIO(content), NOEMIE, owners)

    assert sorted(each.owner for each in parts) == sorted(set(owners.values()))
    total = 0
    for part in parts:
        got, summary = read(part.content, NOEMIE)
        mine = [each for i, each in enumerate(answers) if owners[i] == part.owner]
        assert without_places(got) == without_places(mine)
        assert summary.keys == whole.keys
        assert [each.code for each in summary.problems] == []
        total += summary.totals["paid"]
    assert total == whole.totals["paid"]


def without_places(answers: list[AnswerSeen]) -> list[AnswerSeen]:
    """What answers say, not where they stand."""
    return [evolve(each, first=0, last=0) for each in answers]


def test_what_stands_under_an_invoice_goes_with_it() -> None:
    """A debt is never handed to another client than its invoice."""
    made = Return(
        groups=[Group(payee=991234563, invoices=[Invoice(number=1, debt=-500)])]
    )
    content = write(made, WRAPPED)

    (part,) = split_return(io.BytesIO(content), NOEMIE, {0: "a", 1: "b"})

    assert (part.owner, part.content) == ("a", content)


def test_an_answer_without_an_owner_goes_to_nobody() -> None:
    """Nobody reads what is not his, even if nobody else claims it."""
    made = Return(
        groups=[
            Group(payee=991234563, invoices=[Invoice(number=1)]),
            Group(payee=991234564, invoices=[Invoice(number=2)]),
        ]
    )

    (part,) = split_return(io.BytesIO(write(made, WRAPPED)), NOEMIE, {1: "b"})

    assert b"991234564" in part.content
    assert b"991234563" not in part.content
    assert split_return(io.BytesIO(write(made, WRAPPED)), NOEMIE, {}) == []


@settings(max_examples=60, deadline=None)
@given(
    made=returns(),
    form=st.sampled_from(FORMS),
    format=st.sampled_from([NOEMIE, ARL, B2_RETURN]),
    damage=st.lists(
        st.tuples(
            st.floats(0, 1, exclude_max=True), st.binary(max_size=3), st.integers(0, 9)
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_a_damaged_return_can_be_split(
    made: Return, form: Form, format: str, damage: list[tuple[float, bytes, int]]
) -> None:
    """Whatever bytes are lost, added or altered, a split stops at nothing."""
    content = {
        NOEMIE: write(made, form),
        ARL: acknowledgement(form, "0931", {991234563: ("T1",), 12345678: ()}),
        B2_RETURN: notice() + form.line_end + notice(invoice=2) + form.line_end,
    }[format]
    for where, added, removed in damage:
        at = int(where * len(content))
        content = content[:at] + added + content[at + removed :]
    answers, _ = read(content, format)

    parts = split_return(
        io.BytesIO(content), format, dict.fromkeys(range(len(answers)), "a")
    )

    assert len(parts) == (1 if answers else 0)
    assert all(read(each.content, format)[1].records for each in parts)


@pytest.mark.parametrize("form", FORMS)
def test_a_cut_return_with_a_damaged_header_can_be_split(form: Form) -> None:
    """The end record that was lost is made anew of the header as it stands."""
    content = write(ONE, form).replace(b"CT00000001036751", b"CT0000000?036751")
    cut = content[: content.rindex(b"990")]

    (part,) = split_return(io.BytesIO(cut), NOEMIE, {0: "a"})

    assert b"999CT0000000?036751" in part.content
    assert read(part.content, NOEMIE)[1].totals["paid"] == 3600


def test_a_payment_notice_is_answered_and_split() -> None:
    """Each notice is an answer; the lines around them go to every part."""
    lines = [
        b"000HEADER".ljust(128),
        notice(),
        notice(invoice=124, return_kind="23", amo_paid=0, amc_paid=0, code="R12"),
        notice(invoice=125, return_kind="11", amo_paid=3000),
        notice(invoice=126, return_kind="32"),
        b"999END".ljust(128),
    ]
    content = b"".join(line + b"\r\n" for line in lines)

    answers, summary = read(content, B2_RETURN)
    parts = split_return(io.BytesIO(content), B2_RETURN, {0: "a", 1: "b", 2: "a"})

    assert [(each.outcome, each.asked, each.paid) for each in answers] == [
        (Outcome.PAID, 12000, 12000),
        (Outcome.REJECTED, 12000, 0),
        (Outcome.PARTLY_PAID, 3600, 3000),
        (Outcome.INFORMATION, 8400, 8400),
    ]
    assert answers[1].remarks[0].code == "R12"
    assert (summary.records, summary.claims, summary.problems) == (6, 4, ())
    assert {each.owner: each.content for each in parts} == {
        "a": b"".join(lines[i] + b"\r\n" for i in (0, 1, 3, 5)),
        "b": b"".join(lines[i] + b"\r\n" for i in (0, 2, 5)),
    }


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=300), format=st.sampled_from(sorted(RETURN_FORMATS)))
def test_no_content_raises_in_any_format(content: bytes, format: str) -> None:
    """Whatever is put before a reader, it reports and does not raise."""
    answers, summary = read(content, format)
    shown = list(show_return(io.BytesIO(content), format))

    assert len(shown) == summary.records
    assert split_return(io.BytesIO(content), format, {}) == []
    assert len(answers) <= summary.records


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("reference", "outcome"),
    [("0930", Outcome.ACKNOWLEDGED), ("0931", Outcome.REJECTED)],
)
def test_a_simulated_acknowledgement_answers_lots(
    form: Form, reference: str, outcome: Outcome
) -> None:
    """Each lot is acknowledged or rejected, with its key and the reasons."""
    content = acknowledgement(form, reference, {991234563: ("T1", "T2"), 12345678: ()})

    answers, summary = read(content, ARL)

    assert [(each.level, each.outcome) for each in answers] == [
        (Level.LOT, outcome)
    ] * 2
    assert [each.match_keys for each in answers] == [
        ("991234563|2026-11-02|001",),
        ("12345678|2026-11-02|001",),
    ]
    assert [each.code for each in answers[0].remarks] == ["T1", "T2"]
    assert (summary.lots, summary.problems) == (2, ())
    assert summary.keys["sent_file_id"] == "000001"


@pytest.mark.parametrize("form", FORMS)
def test_a_simulated_acknowledgement_is_split_by_lot(form: Form) -> None:
    """Each owner gets its lots with their reasons."""
    content = acknowledgement(form, "0931", {991234563: ("T1",), 12345678: ("T2",)})

    parts = split_return(io.BytesIO(content), ARL, {0: "a", 1: "b"})

    for part, code in zip(parts, ("T1", "T2"), strict=True):
        answers, summary = read(part.content, ARL)
        assert [each.remarks[0].code for each in answers] == [code]
        assert summary.problems == ()


def test_a_simulated_acknowledgement_says_so_when_shown() -> None:
    """Nobody can take the invented entities for national ones."""
    content = acknowledgement(WRAPPED, "0930", {991234563: ()})

    shown = list(show_return(io.BytesIO(content), ARL))

    assert all("SIMULATED" in each.title for each in shown)
