"""What MyCareNet itself refuses comes back as a refusal of the sending."""

from __future__ import annotations

from io import BytesIO

from protocols.mycarenet.network import MYCARENET
from protocols.mycarenet.rules import VERDICT
from protocols.mycarenet.tack import FAILURE, FORMAT, write
from routing.envelope import Level, Outcome

TACK = write(
    result=FAILURE,
    reference="20261126000001",
    minor="urn:nip:tack:result:minor:invalid",
    words="the message\ncannot be read",
    issuer="urn:nip:issuer",
)


def test_a_refused_message_refuses_its_sending_with_mycarenets_words() -> None:
    """The sending is found by its reference, and may be sent again under its number."""
    assert MYCARENET.recognise(TACK) == FORMAT
    assert MYCARENET.is_return(FORMAT)
    reading = MYCARENET.read_return(BytesIO(TACK), FORMAT)
    (answer,) = reading.answers()
    assert (reading.kind, answer.level, answer.outcome) == (
        VERDICT,
        Level.LOT,
        Outcome.REJECTED,
    )
    assert answer.match_keys == ("20261126000001",)
    assert answer.remarks[0].label.endswith("the message cannot be read")
    assert reading.summary().valid


def test_it_can_be_shown_and_given_to_its_client() -> None:
    """All of it is its client's: it speaks of one sending."""
    (shown,) = MYCARENET.show(BytesIO(TACK), FORMAT)
    assert {each.name: each.value for each in shown.fields}["reference"] == (
        "20261126000001"
    )
    (part,) = MYCARENET.split_return(BytesIO(TACK), FORMAT, {0: "alpha"})
    assert (part.owner, part.content) == ("alpha", TACK)


def test_one_that_names_no_message_is_a_problem() -> None:
    """It is kept and tied to nothing."""
    nameless = write(result=FAILURE, reference="", minor="", words="", issuer="")
    reading = MYCARENET.read_return(BytesIO(nameless), FORMAT)
    assert [answer.match_keys for answer in reading.answers()] == [()]
    assert not reading.summary().valid
