"""A wrong point of contact is put right before it is sent, where the client agreed."""

from __future__ import annotations

from io import BytesIO
from random import Random

import pytest

from protocols.mycarenet import reader
from protocols.mycarenet.network import MYCARENET
from protocols.sending import Addressee, Composed, Emitter, LotPart
from routing.envelope import LotSeen

DAY = "2026-11-20"
EMITTER = Emitter(number="1", kind="OT", name="")


@pytest.fixture(scope="module")
def sending() -> bytes:
    """A valid sending of one invoice to a mutuality of the union 100."""
    into = BytesIO()
    MYCARENET.sample(
        "100", {}, rng=Random(1), day=DAY, sender="", lots=1, claims=1, into=into
    )
    return into.getvalue()


def read(sending: bytes) -> LotSeen:
    (lot,) = MYCARENET.read(BytesIO(sending), reader.FORMAT).lots()
    return lot


def composed(sending: bytes, **row: str) -> tuple[Composed, bytes]:
    lot = read(sending)
    table = {"third_party": lot.sender, "contact": "187", "valid_from": "2026-01-01"}
    into = BytesIO()
    made = MYCARENET.compose(
        [LotPart(lambda: BytesIO(sending), lot.sender, lot.number, len(lot.claims))],
        addressee=Addressee(
            payer="union-100", code="100", tables={"contacts": [table | row]}
        ),
        emitter=EMITTER,
        number=1,
        day=DAY,
        into=into,
    )
    return made, into.getvalue()


def test_the_corrected_sending_is_valid_and_the_trace_names_both(
    sending: bytes,
) -> None:
    """Zone 18, its records' check digits and record 95 agree again."""
    was = read(sending).destination["mutuality"]
    made, sent = composed(sending, correct="yes")
    now = read(sent)
    assert (now.valid, now.destination["mutuality"]) == (True, "187")
    assert len(sent) == len(sending) == made.size
    assert [each.asked for each in now.claims] == [
        each.asked for each in read(sending).claims
    ]
    (note,) = made.notes
    assert "187" in note
    assert was in note


@pytest.mark.parametrize(
    "row",
    [
        {"correct": ""},  # the client did not agree
        {"correct": "yes", "valid_from": "2027-01-01"},  # not yet
        {"correct": "yes", "third_party": "10000000007"},  # another's
    ],
)
def test_otherwise_it_goes_as_it_came(sending: bytes, row: dict[str, str]) -> None:
    """Not one character is changed unasked."""
    made, sent = composed(sending, **row)
    assert sent == sending
    assert made.notes == ()


def test_what_is_right_stays_as_it_is(sending: bytes) -> None:
    """A sending that names the point of contact already has nothing to note."""
    own = read(sending).destination["mutuality"]
    made, sent = composed(sending, correct="yes", contact=own)
    assert sent == sending
    assert made.notes == ()


def test_several_destinations_become_one(sending: bytes) -> None:
    """Their totals are added up, and every check digit fits again."""
    into = BytesIO()
    MYCARENET.sample(
        "100", {}, rng=Random(1), day=DAY, sender="", lots=1, claims=3, into=into
    )
    mixed = into.getvalue()
    made, sent = composed(mixed, correct="yes")
    lot = read(sent)
    assert (lot.valid, lot.destination["mutuality"]) == (True, "187")
    assert sum(each.asked for each in lot.claims) == sum(
        each.asked for each in read(mixed).claims
    )
    assert len(mixed) - len(sent) == 350  # one record 95 less
    assert "120, 134" in made.notes[0]


def test_another_unions_sending_is_left_alone() -> None:
    """A contact is one of its own union only."""
    into = BytesIO()
    MYCARENET.sample(
        "300", {}, rng=Random(1), day=DAY, sender="", lots=1, claims=1, into=into
    )
    assert composed(into.getvalue(), correct="yes")[1] == into.getvalue()


def test_a_wrong_contact_that_may_not_be_corrected_is_named_at_the_door(
    sending: bytes,
) -> None:
    """The directory's table decides; with `correct` there is nothing to refuse."""
    table = {"third_party": read(sending).sender, "contact": "187", "valid_from": ""}

    def codes(**row: str) -> set[str]:
        rows = {"contacts": [table | row]}
        (lot,) = MYCARENET.read(BytesIO(sending), reader.FORMAT, rows).lots()
        return {problem.code for problem in lot.problems}

    assert {"F201810", "error-share"} <= codes()
    assert not codes(contact="120") & {"F201810", "error-share"}
    assert "F201810" not in codes(correct="yes")
