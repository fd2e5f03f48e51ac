"""What is stored is sealed: unreadable without its key, and no byte can be changed."""

from __future__ import annotations

import hashlib
import hmac
import io
import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import IntegrityBroken
from gateway.storage import vault
from gateway.storage.vault import CHUNK, TAG, KeyRing, SealedStream, Sealer, seal

KEY = bytes(range(32))
SIZES = (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5)
ENTROPY = random.Random(5).randbytes


def opened(sealed: bytes, size: int, name: str = "p1") -> io.BufferedReader:
    raw = SealedStream(name, KEY, size, lambda at, length: sealed[at : at + length])
    return io.BufferedReader(raw, 8192)


@pytest.mark.parametrize("size", SIZES)
def test_what_was_sealed_opens_again(size: int) -> None:
    """Every size around the chunks comes back, and takes the space that is said."""
    plain = ENTROPY(size)
    sealed = seal("p1", KEY, plain)
    assert len(sealed) == vault.sealed_size(size)
    assert opened(sealed, size).read() == plain


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_part_reads_as_in_the_plain_file(data: st.DataObject) -> None:
    """Seeking and partial reads give exactly what a plain file would give."""
    size = data.draw(st.sampled_from(SIZES))
    plain = random.Random(size).randbytes(size)
    stream, same = opened(seal("p1", KEY, plain), size), io.BytesIO(plain)
    for _ in range(8):
        if data.draw(st.booleans()):
            where = data.draw(st.integers(0, size + 10))
            assert stream.seek(where) == same.seek(where)
        length = data.draw(st.sampled_from([0, 1, 100, CHUNK, CHUNK + 1, -1]))
        assert stream.read(length) == same.read(length)
        assert stream.tell() == same.tell()


@settings(max_examples=40, deadline=None)
@given(pieces=st.lists(st.integers(0, CHUNK), max_size=6))
def test_pieces_seal_like_the_whole(pieces: list[int]) -> None:
    """However bytes arrive, the sealed file is the same."""
    plain = random.Random(1).randbytes(sum(pieces))
    sealer, sealed, at = Sealer("p1", KEY), b"", 0
    for piece in pieces:
        sealed += b"".join(sealer.add(plain[at : at + piece]))
        at += piece
    assert sealed + sealer.finish() == seal("p1", KEY, plain)


def chunks(sealed: bytes) -> list[bytes]:
    step = CHUNK + TAG
    return [sealed[at : at + step] for at in range(0, len(sealed), step)]


SIZE = 2 * CHUNK + 50
SEALED = seal("p1", KEY, random.Random(2).randbytes(SIZE))
FIRST, SECOND, LAST = chunks(SEALED)
OTHER = chunks(seal("p2", KEY, random.Random(2).randbytes(SIZE)))
DAMAGE = {
    "a bit of a chunk": bytes([FIRST[0] ^ 1]) + SEALED[1:],
    "a bit of a tag": SEALED[:-1] + bytes([SEALED[-1] ^ 128]),
    "chunks swapped": SECOND + FIRST + LAST,
    "a chunk repeated": FIRST + FIRST + LAST,
    "a chunk of another payload": FIRST + OTHER[1] + LAST,
    "cut in the last chunk": SEALED[:-1],
    "cut at a chunk": FIRST + SECOND,
    "cut to nothing": b"",
}


@pytest.mark.parametrize("how", DAMAGE)
def test_damage_is_found(how: str) -> None:
    """Whatever was changed, swapped, repeated or cut, reading says so."""
    with pytest.raises(IntegrityBroken, match=r"payload p1: chunk .* restore"):
        opened(DAMAGE[how], SIZE).read()


def test_a_size_that_was_changed_is_found() -> None:
    """A row that claims fewer or more bytes than were sealed does not open."""
    for size in (SIZE - 1, SIZE + 1, CHUNK, 2 * CHUNK, 3 * CHUNK):
        with pytest.raises(IntegrityBroken):
            opened(SEALED, size).read()


def test_what_lies_before_the_damage_can_still_be_read() -> None:
    """One spoilt chunk does not take the others with it."""
    stream = opened(DAMAGE["a bit of a tag"], SIZE)
    assert len(stream.read(2 * CHUNK - 8192)) == 2 * CHUNK - 8192


def ring(names: str, active: str) -> KeyRing:
    keys = {name: name.encode() * 32 for name in names}
    return KeyRing(keys, active, b"search", os.urandom)


def test_a_key_is_bound_to_its_payload_and_its_ring() -> None:
    """A wrapped key opens for its own payload, with its own key, unchanged."""
    keys = ring("ab", "a")
    key, wrapped = keys.new_key("p1")
    assert keys.unwrap("p1", wrapped) == key
    with pytest.raises(IntegrityBroken, match="p2 does not open"):
        keys.unwrap("p2", wrapped)
    spoilt = vault.WrappedKey(key_id="b", wrapped=wrapped.wrapped)
    with pytest.raises(IntegrityBroken, match="does not open with key 'b'"):
        keys.unwrap("p1", spoilt)


def test_a_missing_key_is_named() -> None:
    """An error says which key is wanted and which are there."""
    _, wrapped = ring("ab", "a").new_key("p1")
    with pytest.raises(IntegrityBroken, match=r"'a'.*it holds b, c\); restore"):
        ring("bc", "b").unwrap("p1", wrapped)


def test_a_key_file_is_read_back_and_rotated(tmp_path: Path) -> None:
    """A rotated file holds the old key too, and seals under the new one."""
    path = tmp_path / "storage.keys"
    text = vault.new_key_file(os.urandom, "2026")
    path.write_text(text)
    old = vault.read_key_ring(path, os.urandom)
    key, wrapped = old.new_key("p1")
    path.write_text(vault.with_new_key(text, os.urandom, "2027"))
    new = vault.read_key_ring(path, os.urandom)
    assert (old.active, new.active) == ("2026", "2027")
    assert new.unwrap("p1", wrapped) == key
    assert new.new_key("p1")[1].key_id == "2027"
    with pytest.raises(ValueError, match="choose another name"):
        vault.with_new_key(path.read_text(), os.urandom, "2026")


def test_a_patient_is_searched_and_not_read() -> None:
    """Equal identifiers hash alike under one key, differently under another."""
    keys, others = ring("a", "a"), KeyRing({"a": KEY}, "a", b"other", os.urandom)
    assert keys.patient_hash("x") == keys.patient_hash("x")
    assert keys.patient_hash("x") != keys.patient_hash("y")
    assert keys.patient_hash("x") != others.patient_hash("x")
    assert 0 <= keys.patient_hash("x") < 2**63


@pytest.mark.parametrize("size", [1, 32, 64, 65, 200])
def test_a_patients_hash_stays_what_it_was(size: int) -> None:
    """Rows of earlier versions are found: it is the beginning of an HMAC-SHA256."""
    search = os.urandom(size)
    keys = KeyRing({"a": KEY}, "a", search, os.urandom)
    for text in ("", "x", "É", "2" * 300):
        digest = hmac.digest(search, text.encode(), hashlib.sha256)
        assert keys.patient_hash(text) == int.from_bytes(digest[:8]) >> 1
