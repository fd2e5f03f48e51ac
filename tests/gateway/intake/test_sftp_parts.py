"""The small parts of the SFTP door, each by itself."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from gateway.errors import BadUpload, NotPermitted
from gateway.intake.backoff import AddressBackoff
from gateway.intake.interface import Entry
from gateway.intake.sftp_door import host_keys_by_algorithm
from gateway.intake.sftp_handles import UploadHandle
from gateway.intake.sftp_order import PathOrder
from gateway.intake.sftp_pace import Pace
from gateway.intake.sftp_packets import listing
from gateway.intake.sftp_paths import read_path
from gateway.intake.ssh_wire import Fields, Malformed, number, string, u32
from tests.gateway.intake.memory_space import MemorySpace, MemoryUpload
from tests.gateway.intake.ssh_test_keys import ecdsa_key, ed25519_key, rsa_key

NOW = 1_700_000_000.0


@given(text=st.text(st.sampled_from("ab./é\n\x7f\0 "), max_size=30))
def test_a_path_never_leaves_the_tree(text: str) -> None:
    """What comes out is absolute and normal, and reads the same again."""
    try:
        path = read_path(text.encode())
    except NotPermitted:
        return
    assert path.startswith("/")
    assert not {"", ".", ".."} & set(path[1:].split("/")) or path == "/"
    assert read_path(path.encode()) == path


@pytest.mark.parametrize(
    "raw", [b"/in/\x81", b"/in/a\nb", b"/in/a\0b", b"/in/" + b"x" * 256, b"x/" * 3000]
)
def test_names_that_could_harm_are_refused(raw: bytes) -> None:
    """No text, control characters, endless."""
    with pytest.raises(NotPermitted):
        read_path(raw)


def test_a_name_as_old_windows_programs_write_it_is_taken() -> None:
    """It is the same file however its name is written, and is shown in UTF-8."""
    old = read_path("/in/coupé n° 5 €.b2".encode("cp1252"))
    assert old == read_path("/in/coupé n° 5 €.b2".encode()) == "/in/coupé n° 5 €.b2"


@given(
    order=st.permutations(range(12)),
    repeats=st.lists(st.integers(0, 11), max_size=4),
)
def test_writes_in_any_order_give_the_same_file(
    order: list[int], repeats: list[int]
) -> None:
    """What comes early waits for the gap before it, and a repeat changes nothing."""
    upload = MemoryUpload(space=MemorySpace(), path="/in/a", content=bytearray())
    handle = UploadHandle(path="/in/a", upload=upload, append=False)
    for piece in (*order, *repeats):
        handle.write(piece * 10, bytes((65 + piece,)) * 10)
    assert bytes(upload.content) == b"".join(
        bytes((65 + piece,)) * 10 for piece in range(12)
    )
    handle.give_up_early()
    assert handle.broken is None


def test_early_writes_are_bounded() -> None:
    """A client cannot make us hold a file's end without its beginning."""
    upload = MemoryUpload(space=MemorySpace(), path="/in/a", content=bytearray())
    handle = UploadHandle(path="/in/a", upload=upload, append=False)
    size = 1_000_000
    for turn in range(8):
        handle.write(1 + turn * size, b"x" * size)
    with pytest.raises(BadUpload):
        handle.write(1 + 8 * size, b"x" * size)


paths = st.sampled_from(["/", "/in", "/in/a", "/in/ab", "/in/a/b", "/out"])


@given(
    asked=st.lists(st.lists(paths, min_size=1, max_size=2).map(tuple), max_size=12),
    choose=st.data(),
)
def test_requests_on_related_paths_keep_their_order(
    asked: list[tuple[str, ...]], choose: st.DataObject
) -> None:
    """However slow each is; unrelated ones never wait for each other."""
    order = PathOrder()
    running: dict[int, Deferred[None]] = {}
    ended: list[int] = []

    def start(turn: int) -> Deferred[None]:
        running[turn] = Deferred()
        return running[turn]

    def ask(turn: int, wanted: tuple[str, ...]) -> None:
        done = order.run(wanted, lambda: start(turn))
        done.addCallback(lambda _: ended.append(turn))

    for turn, wanted in enumerate(asked):
        ask(turn, wanted)
    while running:
        for turn in running:
            earlier = [one for one in range(turn) if one not in ended]
            assert not [one for one in earlier if related(asked[one], asked[turn])]
        turn = choose.draw(st.sampled_from(sorted(running)))
        running.pop(turn).callback(None)
    assert sorted(ended) == list(range(len(asked)))


def test_a_request_that_fails_lets_the_next_begin() -> None:
    """An error is its own answer and nobody else's."""
    order = PathOrder()
    first: Deferred[None] = Deferred()
    failing = order.run(("/in",), lambda: first)
    after = order.run(("/in",), lambda: succeed("done"))
    first.errback(RuntimeError("broken on purpose"))
    seen: list[object] = []
    failing.addErrback(lambda failure: seen.append(failure.type))
    after.addCallback(seen.append)
    assert seen == [RuntimeError, "done"]


def related(one: tuple[str, ...], two: tuple[str, ...]) -> bool:
    def below(a: str, b: str) -> bool:
        return a == b or a.startswith(b.rstrip("/") + "/")

    return any(below(a, b) or below(b, a) for a in one for b in two)


@pytest.mark.parametrize(
    ("age", "date"), [(3600.0, "Nov 14 21:13"), (400 * 86400.0, "Oct 10  2022")]
)
def test_a_listing_line_reads_as_that_of_ls(age: float, date: str) -> None:
    """Clients take it apart: mode, links, owner, group, size, date, name."""
    entry = Entry(
        name="a b.b2", is_folder=False, size=128, modified=NOW - age, writable=True
    )
    fields = Fields(listing([entry], owner="acme", now=NOW), 4)
    assert fields.string() == b"a b.b2"
    line = fields.string().decode()
    pattern = r"-rw-------\s+1 acme\s+acme\s+128 " + re.escape(date) + " a b.b2"
    assert re.fullmatch(pattern, line), line


def test_a_pace_lets_a_burst_pass_and_then_waits() -> None:
    """One second's worth at once, the rest in its time; no rate, no wait."""
    clock = Clock()
    pace = Pace(clock=clock, bytes_per_second=1000)
    assert pace.take(1000) == 0
    assert pace.take(500) == 0.5
    clock.advance(0.5)
    assert pace.take(0) == 0
    assert Pace(clock=clock, bytes_per_second=0).take(10**9) == 0


def test_an_address_waits_longer_with_each_failure() -> None:
    """A few are free, then the wait doubles to a bound, then it is forgotten."""
    clock = Clock()
    backoff = AddressBackoff(clock=clock)
    waits = []
    for _ in range(40):
        backoff.failed("192.0.2.1")
        waits.append(backoff.wait("192.0.2.1"))
    assert waits[:12] == [0] * 9 + [1, 2, 4]
    assert max(waits) == waits[-1] == 900
    clock.advance(4000)
    backoff.failed("192.0.2.1")
    assert backoff.wait("192.0.2.1") == 0


def test_an_ipv6_network_is_one_address() -> None:
    """A guesser has a whole /64 to himself."""
    backoff = AddressBackoff(clock=Clock())
    for host in range(20):
        backoff.failed(f"2001:db8::{host:x}")
    assert backoff.wait("2001:db8::ffff") > 0
    assert backoff.wait("2001:db8:0:1::1") == 0
    assert backoff.wait("unknown") == 0


def test_backoff_remembers_only_so_many() -> None:
    """An attacker with many addresses does not fill the memory."""
    backoff = AddressBackoff(clock=Clock())
    for _ in range(12):
        backoff.failed("192.0.2.1")
    for host in range(10_000):
        backoff.failed(f"2001:db8:{host:x}::1")
    assert backoff.wait("192.0.2.1") == 0


def test_host_keys_are_sorted_by_what_they_sign() -> None:
    """Ed25519 first; RSA only with SHA-2; weak, public and no keys are refused."""
    keys = host_keys_by_algorithm([rsa_key(), ecdsa_key(), ed25519_key()])
    assert list(keys) == [
        b"ssh-ed25519",
        b"ecdsa-sha2-nistp256",
        b"rsa-sha2-512",
        b"rsa-sha2-256",
    ]
    for weak in ([rsa_key(1024)], [ed25519_key().public()], []):
        with pytest.raises(ValueError, match="key"):
            host_keys_by_algorithm(weak)


@given(data=st.binary(max_size=40), at=st.integers(0, 41), view=st.booleans())
def test_fields_are_read_within_the_message(data: bytes, at: int, view: bool) -> None:
    """Each is the bytes that are there, or the message is refused as cut short."""

    def fields() -> Fields:
        return Fields(memoryview(data) if view else data, at)

    left = data[at:]
    size = int.from_bytes(left[:4], "big")
    for read, needs, wanted in (
        (Fields.u8, 1, left[:1]),
        (Fields.u32, 4, left[:4]),
        (Fields.u64, 8, left[:8]),
        (Fields.string, 4 + size, left[4 : 4 + size]),
    ):
        if len(left) < max(needs, 1):
            with pytest.raises(Malformed, match="cut short"):
                read(fields())
            continue
        found = read(fields())
        if isinstance(found, int):
            found = found.to_bytes(needs, "big")
        assert type(found) is bytes
        assert found == wanted


@given(words=st.lists(st.binary(max_size=5), max_size=4))
def test_fields_follow_one_another(words: list[bytes]) -> None:
    """Each begins where the one before ended."""
    packed = b"".join(b"\7" + u32(len(word)) + string(word) for word in words)
    fields = Fields(packed + b"rest")
    for word in words:
        assert (fields.u8(), fields.u32(), fields.string()) == (7, len(word), word)
    assert fields.rest() == b"rest"


@given(value=st.integers(0, 2**300))
def test_a_number_is_read_as_it_was_written(value: int) -> None:
    """With the sign bit clear, as RFC 4251 wants it."""
    packed = number(value)
    assert Fields(packed).number() == value
    assert value == 0 or packed[4] < 0x80


def test_a_try_counts_from_its_beginning_until_it_is_taken_back() -> None:
    """Of many at once only the free ones begin; who was right leaves no trace."""
    clock = Clock()
    backoff = AddressBackoff(clock=clock)
    begun = [backoff.begin("192.0.2.1") for _ in range(12)]
    made = [each for each in begun if each is not None]
    assert len(made) == 10
    clock.advance(5)
    for each in made:
        backoff.take_back(each)
    assert backoff.wait("192.0.2.1") == 0
    assert backoff.begin("192.0.2.1") is not None


def test_who_was_right_after_a_wait_does_not_begin_it_anew() -> None:
    """The next person of the network waits no longer than without that login."""
    clock = Clock()
    backoff = AddressBackoff(clock=clock)
    for _ in range(14):
        backoff.failed("192.0.2.1")
    clock.advance(16)
    made = backoff.begin("192.0.2.1")
    assert made is not None
    assert backoff.wait("192.0.2.1") > 0
    backoff.take_back(made)
    assert backoff.wait("192.0.2.1") == 0
