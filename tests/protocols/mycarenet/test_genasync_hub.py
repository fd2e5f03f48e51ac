"""The simulated MyCareNet by itself: bytes in, bytes out, on a clock of the test."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.mycarenet import genasync_messages as messages
from protocols.mycarenet.genasync_blob import digest_of
from protocols.mycarenet.genasync_hub import Coming, Hub
from protocols.mycarenet.genasync_hub_faults import HubFaults
from protocols.mycarenet.genasync_xml import (
    Element,
    Fault,
    envelope,
    fault,
    header_and_body,
    parse,
    written,
)
from tests.protocols.mycarenet.simulated_mycarenet import NIHII, Clock, sending

ORIGIN = messages.Origin(
    package="Octway", user="octway", password="invented", nihii=NIHII, quality="nurse"
)
REFERENCE = "00000000000007"
HASH = digest_of(b"931000")


class Desk:
    """A hub, and whoever asks it without a line between."""

    def __init__(self, *, get_interval: float = 30.0) -> None:
        self.clock = Clock()
        self.hub = Hub(
            now=self.clock,
            rng=Random(1),
            arrived=lambda union, content: [Coming(b"931000"), Coming(b"later", 60.0)],
            get_interval=get_interval,
        )

    def say(self, action: str, body: Element, to: str = "") -> Element:
        request = written(envelope(action, body, message_id="asked-1", to=to))
        reply = self.hub.answer(action, request)
        _, answer = header_and_body(parse(reply.body, limit=1_000_000))
        assert (reply.status == 500) == (fault(answer) is not None)
        if reply.status == 200:
            assert b"asked-1" in reply.body
        return answer

    def post(self, union: str = "300", number: int = 7) -> Element:
        body = messages.post(
            ORIGIN,
            content=sending(number),
            reference=f"{number:014}",
            is_test=True,
            identifier="b",
        )
        return self.say(messages.POST, body, f"urn:nip:destination:io:{union}")

    def get(self, most: int = 10) -> messages.Mail:
        body = messages.get(ORIGIN, messages=most, tacks=most)
        return messages.read_get_response(self.say(messages.GET, body))

    def confirm(self, *digests: bytes, proofs: tuple[bytes, ...] = ()) -> Fault | None:
        body = messages.confirm(ORIGIN, digests=digests, proofs=proofs)
        return fault(self.say(messages.CONFIRM, body))


def test_a_post_is_acknowledged_with_a_proof() -> None:
    """The TAck names the reference and proves what was taken by its HMAC."""
    tack = messages.read_post_response(Desk().post())

    assert (tack.reference, tack.is_success) == (REFERENCE, True)
    assert tack.proves(sending(7))
    assert not tack.proves(sending(8))


def test_messages_stay_until_they_are_confirmed() -> None:
    """Given again and again, each from its own moment on, gone by their hash only."""
    desk = Desk(get_interval=0.0)
    desk.post()
    desk.get()
    for mail in (desk.get(), desk.get()):
        assert [each.blob.digest for each in mail.messages] == [HASH]
        assert mail.messages[0].union == "300"
        assert mail.messages[0].input_reference == REFERENCE
    assert desk.confirm(HASH, proofs=(desk.get().tacks[0].proof,)) is None
    assert desk.get().messages == []

    desk.clock.now += 60
    mail = desk.get()
    assert [each.blob.digest for each in mail.messages] == [digest_of(b"later")]
    assert mail.tacks == []


def test_what_was_never_given_cannot_be_confirmed() -> None:
    """A hash that no `get` showed is refused, and nothing beside it is taken out."""
    desk = Desk(get_interval=0.0)
    desk.post()
    refused = desk.confirm(HASH)
    assert refused is not None
    assert "nothing given" in refused.text
    desk.get()

    assert desk.confirm(HASH, digest_of(b"later")) is not None
    assert len(desk.get().messages) == 1
    assert desk.confirm(HASH) is None
    assert desk.confirm(HASH) is None


def test_two_gets_need_a_pause() -> None:
    """Too early is a fault "Not enough time", whoever asks; then it is let again."""
    desk = Desk(get_interval=30.0)
    desk.get()
    desk.clock.now += 29
    body = messages.get(ORIGIN, messages=1, tacks=1)
    found = fault(desk.say(messages.GET, body))
    assert found is not None
    assert "Not enough time" in found.text

    desk.clock.now += 1
    desk.get()


def test_no_more_is_given_than_is_asked_for() -> None:
    """The oldest come first; the count says how many there are."""
    desk = Desk(get_interval=0.0)
    for number in range(3):
        desk.hub.deliver(
            NIHII, "900", Coming(b"%d" % number), reference=f"{number:014}"
        )

    mail = desk.get(2)
    assert [each.blob.digest for each in mail.messages] == [
        digest_of(b"0"),
        digest_of(b"1"),
    ]
    assert mail.message_count == 3


def test_mailboxes_are_of_one_provider() -> None:
    """What came for another care provider is not seen, and not confirmed."""
    desk = Desk()
    desk.hub.deliver("another", "300", Coming(b"931000"), reference=REFERENCE)

    assert desk.get().messages == []
    assert desk.confirm(HASH) is not None


def test_an_unknown_destination_is_refused() -> None:
    """The union in `To` is the routing key: without a known one nothing is taken."""
    desk = Desk()

    assert fault(desk.post("310")) is not None
    assert desk.hub.posted == []


_HUB = Desk().hub


@given(st.binary(max_size=200))
def test_whatever_comes_is_answered(data: bytes) -> None:
    """A request that cannot be read gets a fault, and the hub goes on."""
    for action in (messages.POST, messages.GET, messages.CONFIRM, ""):
        assert _HUB.answer(action, data).status == 500


def test_faults_hold_for_what_they_are_dialled_for() -> None:
    """A fault on one operation leaves the others as they were."""
    desk = Desk()
    desk.hub.dial(HubFaults(on=("get",), fault="Server"))

    assert messages.read_post_response(desk.post()).is_success
    body = messages.get(ORIGIN, messages=1, tacks=1)
    assert fault(desk.say(messages.GET, body)) is not None


@pytest.mark.parametrize(
    "wrong", [{"fault": "None"}, {"garbage": "noise"}, {"slow": -1}, {"cut_after": -1}]
)
def test_a_fault_that_means_nothing_is_refused(wrong: dict[str, object]) -> None:
    """A dial is turned to what there is, or not at all."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        HubFaults(**wrong)  # type: ignore[arg-type]
