"""Collecting from a mailbox: nothing is lost, confirmed too early, or believed."""

from __future__ import annotations

import io
from contextlib import closing
from itertools import count
from random import Random

import pytest

from protocols.channels.interface import Channel, RemoteFile
from protocols.errors import OutcomeUnknown, PayerRefused, PayerUnavailable
from protocols.mycarenet.genasync_hub import Coming
from protocols.mycarenet.genasync_settings import read_settings
from tests.protocols.mycarenet.simulated_mycarenet import (
    NIHII,
    SimulatedMyCareNet,
    name,
    sending,
)

pytestmark = pytest.mark.system


def _fetched(channel: Channel, file: RemoteFile) -> bytes:
    into = io.BytesIO()
    assert channel.fetch(file, into) == file.size
    return into.getvalue()


def _names(channel: Channel) -> list[str]:
    return [file.name.rpartition("-")[0] for file in channel.list()]


def test_names_tell_message_union_and_reference(
    payer: SimulatedMyCareNet, channel: Channel
) -> None:
    """Returns of several unions come through one mailbox and are told apart."""
    payer.put(b"920900", union="900", about=12)
    payer.put(b"931000", union="300", about=7)

    assert _names(channel) == [
        "HCPFAC-300-00000000000007",
        "HCPFAC-900-00000000000012",
    ]


def test_what_is_asked_for_and_comes_back_in_one_conversation(
    payer: SimulatedMyCareNet, channel: Channel
) -> None:
    """A union's returns lie in the mailbox from their own moments on."""
    payer.comes = lambda union, content: [
        Coming(b"931000 " + union.encode()),
        Coming(b"920098 " + content[20:34], after=3600.0),
    ]
    body = sending(7)
    channel.send(name(7), len(body), io.BytesIO(body))

    assert [_fetched(channel, file) for file in channel.list()] == [b"931000 300"]
    payer.clock.now += 3600
    assert sorted(_fetched(channel, file) for file in channel.list()) == [
        b"920098 00000000000007",
        b"931000 300",
    ]


def test_a_crash_before_the_confirmation_loses_nothing(
    payer: SimulatedMyCareNet, channel: Channel
) -> None:
    """What was fetched and not confirmed is given again, to whoever asks next."""
    payer.put(b"920900")
    (file,) = channel.list()
    assert _fetched(channel, file) == b"920900"
    channel.close()

    with closing(payer.open()) as after_the_crash:
        assert after_the_crash.list() == [file]
        assert _fetched(after_the_crash, file) == b"920900"
        after_the_crash.remove(file)
        assert after_the_crash.list() == []
    assert payer.waiting() == []


def test_a_node_confirms_what_another_one_fetched(
    payer: SimulatedMyCareNet, channel: Channel
) -> None:
    """A file's name is enough: the mailbox is asked for the rest."""
    payer.put(b"920900")
    (file,) = channel.list()

    with closing(payer.open()) as other:
        other.remove(file)

    assert payer.waiting() == []


def test_a_doubled_return_is_one_file(
    payer: SimulatedMyCareNet, channel: Channel
) -> None:
    """The same bytes twice are confirmed by one hash, both of them."""
    payer.comes = lambda union, content: [Coming(b"931000")]
    payer.dial(doubles_returns=True)
    body = sending(7)
    channel.send(name(7), len(body), io.BytesIO(body))
    assert payer.waiting() == [b"931000"] * 2

    (file,) = channel.list()
    channel.remove(file)

    assert payer.waiting() == []


def test_a_lost_return_and_a_lost_sending_leave_the_mailbox_empty(
    payer: SimulatedMyCareNet, channel: Channel
) -> None:
    """Both look alike from here: a good TAck, and nothing more."""
    payer.comes = lambda union, content: [Coming(b"931000")]
    for number, faults in ((7, {"loses_returns": True}), (8, {"loses_sending": True})):
        payer.dial(**faults)
        body = sending(number)
        channel.send(name(number), len(body), io.BytesIO(body))

    assert channel.list() == []


def test_the_tack_is_confirmed_with_the_answer(
    payer: SimulatedMyCareNet, channel: Channel
) -> None:
    """The mailbox does not fill with TAcks of sendings that were answered."""
    body = sending(7)
    channel.send(name(7), len(body), io.BytesIO(body))
    payer.put(b"931000", about=7)
    assert len(payer.hub.tacks(NIHII)) == 1

    (file,) = channel.list()
    channel.remove(file)

    assert payer.hub.tacks(NIHII) == []


def test_a_message_with_a_wrong_hash_stays_there(
    payer: SimulatedMyCareNet, channel: Channel
) -> None:
    """What is not what it says is neither stored nor confirmed; mended, it is had."""
    payer.put(b"920900")
    payer.dial(wrong_hash=True)

    (file,) = channel.list()
    with pytest.raises(PayerRefused, match="has not the hash"):
        channel.fetch(file, io.BytesIO())
    assert payer.waiting() == [b"920900"]

    payer.dial()
    assert [_fetched(channel, each) for each in channel.list()] == [b"920900"]


def test_a_bomb_is_not_unpacked(payer: SimulatedMyCareNet) -> None:
    """A message that grows beyond all measure is refused at the limit."""
    payer.put(b"920900")
    payer.dial(bomb=20_000_000)

    with closing(payer.open(max_content="1M")) as channel:
        (file,) = channel.list()
        assert file.size <= 1_000_000
        with pytest.raises(PayerRefused, match="1000000 bytes taken at most"):
            channel.fetch(file, io.BytesIO())


@pytest.mark.parametrize(
    ("garbage", "words"),
    [
        ("entities", "document type"),
        ("endless", "more tags"),
        ("html", "no SOAP 1.1 envelope"),
        ("multipart", "no XML"),
    ],
)
def test_what_is_no_soap_is_not_read(
    payer: SimulatedMyCareNet, channel: Channel, garbage: str, words: str
) -> None:
    """Entities, endless documents and error pages are refused, and told as such."""
    payer.dial(garbage=garbage)

    with pytest.raises(PayerUnavailable, match=words):
        channel.list()


def test_large_messages_come_beside_the_envelope(
    payer: SimulatedMyCareNet, channel: Channel
) -> None:
    """Blobs of more than 80 kB are attachments (MTOM); what is fetched is the same."""
    large = Random(3).randbytes(200_000)
    for content in (large, b"931000", large[::-1]):
        payer.put(content)

    files = channel.list()
    assert {_fetched(channel, file) for file in files} == {*payer.waiting()}
    for file in files:
        channel.remove(file)
    assert payer.waiting() == []


@pytest.mark.parametrize("cut", [0, 40, 400])
def test_a_cut_answer_is_asked_for_again(
    payer: SimulatedMyCareNet, channel: Channel, cut: int
) -> None:
    """A line cut in the middle of a mailbox gives nothing, and loses nothing."""
    payer.put(b"920900")
    payer.dial(cut_after=cut)
    with pytest.raises(PayerUnavailable, match="nothing was confirmed"):
        channel.list()

    payer.dial()
    assert len(channel.list()) == 1


def test_a_confirmation_without_an_answer_is_made_again(
    payer: SimulatedMyCareNet, channel: Channel
) -> None:
    """Confirming twice is harmless, so a broken line is just tried again."""
    payer.put(b"920900")
    (file,) = channel.list()
    payer.dial(cut_after=0)
    with pytest.raises(PayerUnavailable, match="may be confirmed again"):
        channel.remove(file)
    assert payer.waiting() == []

    payer.dial()
    channel.remove(file)
    assert channel.list() == []


def test_a_confirmation_refused_there_is_told(
    payer: SimulatedMyCareNet, channel: Channel
) -> None:
    """MyCareNet's no to a confirmation is not taken for a yes."""
    payer.put(b"920900")
    (file,) = channel.list()
    payer.dial(fault="Client", on=("confirm",))

    with pytest.raises(PayerRefused, match=file.name):
        channel.remove(file)
    payer.dial()
    channel.remove(file)
    assert payer.waiting() == []


def test_what_is_given_again_after_its_confirmation_is_confirmed_again(
    payer: SimulatedMyCareNet, channel: Channel
) -> None:
    """A hub that forgot our confirmation is told once more."""
    payer.put(b"920900", about=7)
    (file,) = channel.list()
    channel.remove(file)
    payer.put(b"920900", about=7)

    assert channel.list() == [file]
    channel.remove(file)
    assert payer.waiting() == []


def test_the_get_limit_is_respected(payer: SimulatedMyCareNet) -> None:
    """After "Not enough time" no get is made before the wait is over; it says when."""
    payer.limit(60.0)
    payer.put(b"920900")
    with closing(payer.open(get_wait="30s")) as channel, closing(payer.open()) as other:
        other.list()
        with pytest.raises(PayerUnavailable, match=r"Not enough time.*in 30 s"):
            channel.list()
        asked = payer.hub.asked["get"]
        payer.clock.now += 29
        with pytest.raises(
            PayerUnavailable, match=r"again at \d\d:\d\d:\d\d UTC, in 1 s"
        ):
            channel.list()
        assert payer.hub.asked["get"] == asked

        payer.clock.now += 31
        assert len(channel.list()) == 1


def test_between_two_gets_what_is_in_hand_is_listed(payer: SimulatedMyCareNet) -> None:
    """Our own pace costs no error: the mailbox is as it was when it was asked."""
    payer.limit(30.0)
    payer.put(b"920900")
    with closing(payer.open(get_interval="30s")) as channel:
        first = channel.list()
        payer.put(b"931000")
        for _ in range(5):
            assert channel.list() == first
        channel.remove(first[0])
        assert channel.list() == []
        assert payer.hub.asked["get"] == 1

        payer.clock.now += 30
        assert [_fetched(channel, file) for file in channel.list()] == [b"931000"]


def test_one_get_serves_the_question_too(payer: SimulatedMyCareNet) -> None:
    """Asking for a sending uses what the last get showed; else it waits its turn."""
    payer.limit(30.0)
    with closing(payer.open(get_interval="30s")) as channel:
        payer.dial(wrong_proof=True)
        for number in (7, 8):
            body = sending(number)
            with pytest.raises(OutcomeUnknown):
                channel.send(name(number), len(body), io.BytesIO(body))
        channel.list()

        assert channel.ask(name(7), 227) == "arrived"
        assert channel.ask(name(8), 227) == "arrived"
        with pytest.raises(PayerUnavailable, match="in 30 s"):
            channel.ask(name(9), 227)
        assert payer.hub.asked["get"] == 1


def test_a_slow_mailbox_is_asked_for_less(payer: SimulatedMyCareNet) -> None:
    """Each answer that does not come in time quarters what is asked for, down to one."""
    for number in range(20):
        payer.put(b"return %d" % number)
    settings = read_settings(payer.settings(max_messages=64), {})
    minutes, now = count(1), 0
    hurried = True

    def clock() -> float:
        """Let a minute pass between any two looks, as long as it is hurried."""
        nonlocal now
        now = next(minutes) * 60 if hurried else now
        return now

    with closing(payer.channel(settings, clock)) as channel:
        for size in (16, 4, 1, 1):
            with pytest.raises(PayerUnavailable, match=f"{size} messages will be"):
                channel.list()

        hurried = False
        seen: set[RemoteFile] = set()
        for expected in (1, 4, 16):
            seen.update(channel.list())
            assert len(seen) == expected


def test_an_answer_that_is_too_long_is_asked_for_in_parts(
    payer: SimulatedMyCareNet,
) -> None:
    """A full mailbox does not fill our memory: it is taken in smaller parts."""
    for number in range(20):
        payer.put(b"return %d" % number)
    with closing(payer.open(max_messages=16, max_answer="8k")) as channel:
        with pytest.raises(PayerUnavailable, match="max_answer"):
            channel.list()
        assert len(channel.list()) == 4


def test_the_check_says_who_signs(payer: SimulatedMyCareNet) -> None:
    """`octway payer test` says that the signature is a local stand-in, and no more."""
    payer.limit(30.0)
    payer.put(b"920900")
    with closing(payer.open(get_interval="30s")) as channel:
        words = channel.check()
        assert "1 messages are waiting" in words
        assert "LOCAL STAND-IN" in words
        assert "the real MyCareNet refuses it" in words
        assert "may be asked again at" in channel.check()
    with closing(payer.open()) as another:
        assert "lets us in" in another.check()
    assert payer.waiting() == [b"920900"]
