"""Posting a sending: what each answer, and each broken line, means for the file."""

from __future__ import annotations

import io
import ssl
from contextlib import closing
from itertools import count
from random import Random

import pytest

from protocols.channels.interface import Arrival, Channel, Sent
from protocols.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    PayerRefused,
    PayerUnavailable,
    TransferError,
)
from protocols.mycarenet.genasync_settings import read_settings
from tests.protocols.mycarenet.simulated_mycarenet import (
    SimulatedMyCareNet,
    marked,
    name,
    sending,
)

pytestmark = pytest.mark.system


def _send(channel: Channel, number: int = 7, union: str = "300") -> Sent:
    body = sending(number, b"x" * 700)
    return channel.send(name(number, union), len(body), io.BytesIO(body))


def _ask(channel: Channel, number: int = 7) -> Arrival:
    return channel.ask(name(number), 927)


def test_the_union_of_the_name_gets_the_file(
    payer: SimulatedMyCareNet, channel: Channel
) -> None:
    """One endpoint serves every union; zone 204 goes along as the reference."""
    sent = [_send(channel, 7, "300"), _send(channel, 8, "900")]

    assert [(union, reference) for union, reference, _ in payer.hub.posted] == [
        ("300", "00000000000007"),
        ("900", "00000000000008"),
    ]
    assert sent[0].reference != sent[1].reference
    assert "union 900" in sent[1].note


def test_a_tack_of_failure_is_a_refusal(
    payer: SimulatedMyCareNet, channel: Channel
) -> None:
    """A TAck that says no is told with its reason and not tried again."""
    payer.dial(refuses=True)

    with pytest.raises(PayerRefused, match=r"TAck says no.*refused \(simulated\)"):
        _send(channel)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("Server", PayerUnavailable),
        ("Client", PayerRefused),
        ("Security", CredentialsRefused),
    ],
)
def test_a_fault_is_told_by_whose_it_is(
    payer: SimulatedMyCareNet,
    channel: Channel,
    fault: str,
    error: type[TransferError],
) -> None:
    """MyCareNet's own fault may pass, ours does not, security closes the circuit."""
    payer.dial(fault=fault)

    with pytest.raises(error, match=r"dialled fault \(simulated\)"):
        _send(channel)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, CredentialsRefused),
        (404, PayerRefused),
        (302, PayerRefused),
        (503, PayerUnavailable),
        (502, OutcomeUnknown),
        (504, OutcomeUnknown),
        (500, OutcomeUnknown),
    ],
)
def test_a_bare_status_says_how_far_it_came(
    payer: SimulatedMyCareNet,
    channel: Channel,
    status: int,
    error: type[TransferError],
) -> None:
    """Where something before the service answers, only some answers mean "not taken"."""
    payer.dial(status=status)

    with pytest.raises(error) as caught:
        _send(channel)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    "faults",
    [
        {"cut_after": 0},
        {"cut_after": 100},
        {"wrong_proof": True},
        {"other_reference": True},
        {"garbage": "html"},
        {"garbage": "entities"},
        {"garbage": "endless"},
        {"garbage": "multipart"},
    ],
    ids=str,
)
def test_after_the_last_byte_the_outcome_is_asked(
    payer: SimulatedMyCareNet, channel: Channel, faults: dict[str, object]
) -> None:
    """Without a TAck that can be trusted nothing is sent again: the mailbox is asked."""
    payer.dial(on=("post",), **faults)

    with pytest.raises(OutcomeUnknown) as caught:
        _send(channel)

    assert not caught.value.retryable
    assert len(payer.arrived()) == 1
    assert _ask(channel) is Arrival.ARRIVED
    assert len(payer.hub.posted) == 1


def test_an_answer_that_comes_too_late_leaves_the_outcome_open(
    payer: SimulatedMyCareNet,
) -> None:
    """A slow hub may have taken the file: it is asked, with all it takes."""
    payer.dial(slow=30)

    with (
        closing(payer.open(answer_timeout="100ms")) as channel,
        pytest.raises(OutcomeUnknown, match="no answer in time"),
    ):
        _send(channel)


def test_cut_in_the_middle_nothing_was_handed_over(
    payer: SimulatedMyCareNet, channel: Channel
) -> None:
    """A line cut among the bytes of a large file may be tried again."""
    payer.dial(cut_request_after=1000)
    body = sending(7, Random(1).randbytes(5_000_000))  # more than buffers hold

    with pytest.raises(PayerUnavailable, match="nothing was handed over"):
        channel.send(name(7), len(body), io.BytesIO(body))

    assert payer.arrived() == {}


def test_no_tack_and_no_answer_is_unclear(
    payer: SimulatedMyCareNet, channel: Channel
) -> None:
    """That the mailbox shows nothing does not mean that nothing was taken."""
    payer.dial(hides_tacks=True, wrong_proof=True)
    with pytest.raises(OutcomeUnknown):
        _send(channel)

    assert _ask(channel) is Arrival.UNCLEAR


def test_what_was_taken_needs_no_asking(
    payer: SimulatedMyCareNet, channel: Channel
) -> None:
    """A good TAck that the journal has lost is still known here: no `get` is made."""
    _send(channel)

    assert _ask(channel) is Arrival.ARRIVED
    assert payer.hub.asked["get"] == 0


def test_a_return_proves_the_arrival(
    payer: SimulatedMyCareNet, channel: Channel
) -> None:
    """Where an answer to the sending lies in the mailbox, it has arrived."""
    payer.dial(hides_tacks=True, wrong_proof=True)
    with pytest.raises(OutcomeUnknown):
        _send(channel)
    payer.put(b"931000", about=7)

    assert _ask(channel) is Arrival.ARRIVED


def test_a_tack_of_failure_in_the_mailbox_is_absent(
    payer: SimulatedMyCareNet, channel: Channel
) -> None:
    """The other side says that it did not take it: so it may be sent again."""
    payer.dial(refuses_later=True, cut_after=0, on=("post",))
    with pytest.raises(OutcomeUnknown):
        _send(channel)

    assert _ask(channel) is Arrival.ABSENT


def test_a_tack_about_the_refused_sending_says_nothing_of_the_corrected_one(
    payer: SimulatedMyCareNet,
) -> None:
    """Two contents under one reference are two files: each has a TAck of its own."""
    first, second = sending(7, b"first"), sending(7, b"corrected")
    with closing(payer.open()) as before, closing(payer.open()) as after_a_restart:
        _post(before, first)
        payer.put(b"920099", about=7)
        assert _arrival(after_a_restart, first) is Arrival.ARRIVED
        payer.clock.now += 60
        assert _arrival(after_a_restart, second) is Arrival.UNCLEAR
        _post(before, second)
        payer.clock.now += 60
        assert _arrival(after_a_restart, second) is Arrival.ARRIVED


def test_a_no_to_the_corrected_sending_is_no_word_on_the_first(
    payer: SimulatedMyCareNet,
) -> None:
    """A failing TAck names the content too: only that one may be sent again."""
    first, second = sending(7, b"first"), sending(7, b"corrected")
    payer.dial(refuses_later=True)
    with closing(payer.open()) as channel:
        _post(channel, second)
    with closing(payer.open()) as after_a_restart:
        assert _arrival(after_a_restart, second) is Arrival.ABSENT
        payer.clock.now += 60
        assert _arrival(after_a_restart, first) is Arrival.UNCLEAR


def test_a_file_that_its_name_was_not_made_for_is_not_sent(
    payer: SimulatedMyCareNet, channel: Channel
) -> None:
    """Its mark is of another content: what was stored is not what was made."""
    body = sending(7, b"corrected")
    with pytest.raises(TransferError, match="its mark is another"):
        channel.send(marked(sending(7, b"first")), len(body), io.BytesIO(body))
    assert payer.hub.posted == []


def _post(channel: Channel, body: bytes) -> None:
    channel.send(marked(body), len(body), io.BytesIO(body))


def _arrival(channel: Channel, body: bytes) -> Arrival:
    return channel.ask(marked(body), len(body))


def test_a_refusal_that_comes_later_is_not_dropped(
    payer: SimulatedMyCareNet, channel: Channel
) -> None:
    """A sending that was taken and then refused comes to a person, as a file."""
    payer.dial(refuses_later=True)
    _send(channel)

    (file,) = channel.list()
    into = io.BytesIO()
    channel.fetch(file, into)
    channel.remove(file)

    assert file.name.startswith("TACK-000-00000000000007-")
    assert b"result:major:failure" in into.getvalue()
    assert b"refused (simulated)" in into.getvalue()
    assert payer.hub.tacks("41234567001") == []
    assert channel.list() == []


@pytest.mark.parametrize(
    "wrong", ["B2-001", "920000-30-00000000000007.txt", "931000-300-00000000000007.txt"]
)
def test_a_name_that_is_no_sendings_is_refused(channel: Channel, wrong: str) -> None:
    """Without a union and a reference in its name a file goes nowhere."""
    with pytest.raises(TransferError, match="names no sending"):
        channel.send(wrong, 1, io.BytesIO(b"x"))


def test_other_kinds_go_where_an_endpoint_takes_them(
    payer: SimulatedMyCareNet,
) -> None:
    """What else the network composes needs an endpoint that says so, by its names."""
    body = b"410000" + sending(7)[6:]
    settings = {"kinds": ["410000"], "post_name": "CARE", "get_names": ["CARE"]}
    with closing(payer.open(**settings)) as channel:
        channel.send("410000-300-00000000000007.txt", len(body), io.BytesIO(body))

        assert payer.hub.posted == [("300", "00000000000007", body)]
        with pytest.raises(TransferError, match="wanted <410000>"):
            _send(channel)


@pytest.mark.parametrize("body", [sending(8), b"931000" + sending(7)[6:], b"920000"])
def test_a_header_that_is_not_the_names_is_refused(
    payer: SimulatedMyCareNet, channel: Channel, body: bytes
) -> None:
    """What is in the file decides nothing, and must agree with what was journaled."""
    with pytest.raises(TransferError, match="header does not hold"):
        channel.send(name(7), len(body), io.BytesIO(body))

    assert payer.arrived() == {}


def test_a_licence_that_is_not_known_is_a_matter_of_credentials(
    payer: SimulatedMyCareNet,
) -> None:
    """A program without a licence is not let in, and its password is not shown."""
    with (
        closing(payer.open(license_user="somebody")) as channel,
        pytest.raises(CredentialsRefused, match="licence is not known") as caught,
    ):
        _send(channel)
    assert "invented" not in str(caught.value)


def test_a_signature_is_wanted_there(payer: SimulatedMyCareNet) -> None:
    """Without WS-Security the simulated MyCareNet refuses, as the real one would."""
    with (
        closing(payer.open(signer="none")) as channel,
        pytest.raises(CredentialsRefused, match="no Security header"),
    ):
        _send(channel)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("size", [0, 5_000_000])
def test_a_certificate_not_known_is_told_as_such(
    payer: SimulatedMyCareNet, version: ssl.TLSVersion, size: int
) -> None:
    """The server's alert is found, also where it hung up in the middle of our file."""
    client = payer.certificates.strange_client
    changes = {
        "certificate_file": str(client.certificate),
        "key_file": str(client.key),
    }
    settings = read_settings(payer.settings(**changes), {})
    settings.tls.maximum_version = version
    body = sending(7, Random(1).randbytes(size))

    with (
        closing(payer.channel(settings)) as channel,
        pytest.raises(CredentialsRefused, match="our certificate was refused"),
    ):
        channel.send(name(7), len(body), io.BytesIO(body))


def test_an_answer_that_drips_is_given_up(payer: SimulatedMyCareNet) -> None:
    """The time for an answer is counted as a whole, not from byte to byte."""
    settings = read_settings(payer.settings(answer_timeout="60s"), {})
    hurried = count(0, 61)  # a minute passes between any two looks at the clock

    with (
        closing(payer.channel(settings, lambda: next(hurried))) as channel,
        pytest.raises(OutcomeUnknown, match="did not end in time"),
    ):
        _send(channel)
