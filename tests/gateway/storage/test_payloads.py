"""What storage takes it keeps; what it cannot take it refuses, and goes on."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import IntegrityBroken, StorageUnavailable
from gateway.journal import schema
from gateway.storage.local import LocalStorage
from gateway.storage.payloads import Payloads, StoredPayload
from gateway.storage.rewrap import rewrap
from gateway.storage.vault import CHUNK, KeyRing, sealed_size
from tests.gateway.journal.desk import Desk

LIMIT = 1000
SIZES = (0, 1, LIMIT, LIMIT + 1, CHUNK, 2 * CHUNK, 3 * CHUNK + 7)


@pytest.fixture
def keys() -> KeyRing:
    return KeyRing({"k1": b"1" * 32}, "k1", b"s", os.urandom)


@pytest.fixture
def payloads(desk: Desk, tmp_path: Path, keys: KeyRing) -> Iterator[Payloads]:
    made = open_payloads(desk, tmp_path / "storage", keys)
    yield made
    made.storage.close()


def open_payloads(
    desk: Desk, folder: Path, keys: KeyRing, *, segment_size: int = 10**6
) -> Payloads:
    return Payloads(
        storage=LocalStorage(folder, node="n", segment_size=segment_size),
        keys=keys,
        now=lambda: desk.at,
        entropy=os.urandom,
        segment_limit=LIMIT,
    )


def store(desk: Desk, payloads: Payloads, content: bytes) -> StoredPayload:
    """Store in pieces of odd sizes, and record."""

    def write(into: Any) -> None:
        for at in range(0, len(content), 70_001):
            into.write(content[at : at + 70_001])

    stored = payloads.store(write)
    desk.write(payloads.record, [stored])
    return stored


def read(desk: Desk, payloads: Payloads, stored: StoredPayload) -> bytes:
    with desk.database.read(payloads.open, stored.id) as stream:
        return stream.read()


def broken(desk: Desk, payloads: Payloads) -> list[str]:
    return desk.database.read(lambda each: list(payloads.broken(each)))


def place(payloads: Payloads, stored: StoredPayload) -> Path:
    return payloads.storage.folder / stored.place.name


def staged(payloads: Payloads) -> list[str]:
    folder = payloads.storage.folder / "staging"
    return [path.name for path in folder.iterdir() if path.name != ".now"]


@pytest.mark.parametrize("size", SIZES)
def test_small_and_large_come_back(desk: Desk, payloads: Payloads, size: int) -> None:
    """Any size is stored sealed, found, and read as it was given."""
    content = b"READ ME " * (size // 8) + b"x" * (size % 8)
    stored = store(desk, payloads, content)
    assert stored.size == size
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert read(desk, payloads, stored) == content
    assert b"READ ME" not in place(payloads, stored).read_bytes()
    assert staged(payloads) == []
    assert broken(desk, payloads) == []


def test_many_small_ones_share_a_write(
    desk: Desk, payloads: Payloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred small payloads cost one sync of the disk."""
    payloads.store_small([b"first"])
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    contents = [bytes([number]) * number for number in range(100)]
    stored = payloads.store_small(contents)
    desk.write(payloads.record, stored)
    assert len(synced) == 1
    assert [read(desk, payloads, each) for each in stored] == contents


def test_a_segment_ends_when_it_is_full(
    desk: Desk, keys: KeyRing, tmp_path: Path
) -> None:
    """Full segments are closed, and a restart begins a new one."""
    folder = tmp_path / "s"
    payloads = open_payloads(desk, folder, keys, segment_size=500)
    stored = [store(desk, payloads, bytes([number]) * 300) for number in range(4)]
    payloads.storage.close()
    again = open_payloads(desk, folder, keys, segment_size=500)
    stored.append(store(desk, again, b"after"))
    assert len({each.place.name for each in stored}) == 3
    assert read(desk, again, stored[0]) == b"\0" * 300
    assert sum(1 for _ in again.storage.files()) == 3
    again.storage.close()


def test_a_segment_is_made_longer_ahead_and_cut_when_it_ends(
    desk: Desk, keys: KeyRing, tmp_path: Path
) -> None:
    """Most appends find room on disk; a crash leaves zeros, and an orderly end none."""
    payloads = open_payloads(desk, tmp_path / "s", keys)
    contents = [bytes([number]) * 300 for number in range(1, 9)]
    stored = [store(desk, payloads, each) for each in contents]
    path = place(payloads, stored[0])
    taken = sum(sealed_size(each.size) for each in stored)
    left = path.read_bytes()[taken:]
    assert left
    assert not any(left)
    assert [read(desk, payloads, each) for each in stored] == contents

    payloads.storage.close()
    assert path.stat().st_size == taken
    assert broken(desk, payloads) == []


@pytest.mark.parametrize("size", [10, 3 * CHUNK])
def test_spoilt_and_missing_files_are_found(
    desk: Desk, payloads: Payloads, size: int
) -> None:
    """Verifying names what was changed or lost; its neighbours are well."""
    good, bad = (store(desk, payloads, bytes([each]) * size) for each in (1, 2))
    path = place(payloads, bad)
    whole = path.read_bytes()
    at = bad.place.offset + 5
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    (said,) = broken(desk, payloads)
    assert bad.id in said
    assert read(desk, payloads, good) == bytes([1]) * size

    path.unlink()
    with pytest.raises(IntegrityBroken, match=r"is gone; restore"):
        read(desk, payloads, bad)
    assert any(bad.id in each for each in broken(desk, payloads))


def test_a_payload_without_a_row_is_said(desk: Desk, payloads: Payloads) -> None:
    """An id that the journal does not know is no file."""
    with pytest.raises(IntegrityBroken, match="has no row"):
        desk.database.read(payloads.open, "nobody")


def test_keys_rotate_without_touching_payloads(
    desk: Desk, payloads: Payloads, keys: KeyRing
) -> None:
    """Old payloads open while the old key is there, and without it once re-wrapped."""
    stored = [store(desk, payloads, b"%d" % number) for number in range(5)]
    files = dict(payloads.storage.files())
    both = KeyRing({"k1": b"1" * 32, "k2": b"2" * 32}, "k2", b"s", os.urandom)
    payloads.keys = both
    assert [read(desk, payloads, each) for each in stored] == [
        b"%d" % number for number in range(5)
    ]
    counts = [desk.write(rewrap, payloads.keys, 2) for _ in range(4)]
    assert counts == [2, 2, 1, 0]
    assert dict(payloads.storage.files()) == files

    payloads.keys = KeyRing({"k2": b"2" * 32}, "k2", b"s", os.urandom)
    assert broken(desk, payloads) == []


def test_an_old_key_taken_away_too_early_is_named(
    desk: Desk, payloads: Payloads
) -> None:
    """The error says which key to bring back."""
    stored = store(desk, payloads, b"x")
    payloads.keys = KeyRing({"k2": b"2" * 32}, "k2", b"s", os.urandom)
    with pytest.raises(IntegrityBroken, match=r"'k1'.*restore that key"):
        read(desk, payloads, stored)
    (said,) = broken(desk, payloads)
    assert "'k1'" in said
    with pytest.raises(IntegrityBroken):
        desk.write(rewrap, payloads.keys, 10)


def full(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def half(write: Callable[[int, Any], int]) -> Callable[[int, Any], int]:
    """Take only half of what is given, as a disk nearly full may."""
    return lambda descriptor, data: write(descriptor, data[: (len(data) + 1) // 2])


@pytest.mark.parametrize("call", ["write", "fdatasync", "fsync"])
@pytest.mark.parametrize("size", [10, 2 * CHUNK])
def test_a_full_disk_refuses_in_words_and_harms_nobody(
    desk: Desk,
    payloads: Payloads,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    size: int,
) -> None:
    """What cannot be stored is refused; what was stay well, what comes after too."""
    before = store(desk, payloads, b"b" * size)
    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        if call == ("fsync" if size == 10 else "fdatasync"):
            store(desk, payloads, b"n" * size)  # needs no such call
        else:
            with pytest.raises(StorageUnavailable, match=r"No space left.*try again"):
                store(desk, payloads, b"d" * size)
    after = store(desk, payloads, b"a" * size)
    assert read(desk, payloads, before) == b"b" * size
    assert read(desk, payloads, after) == b"a" * size
    assert staged(payloads) == []
    assert broken(desk, payloads) == []


def test_a_write_that_takes_only_a_part_is_gone_on_with(
    desk: Desk, payloads: Payloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that takes half of each write still gets all of it."""
    monkeypatch.setattr(os, "write", half(os.write))
    for size in (10, LIMIT, 2 * CHUNK):
        content = os.urandom(size)
        assert read(desk, payloads, store(desk, payloads, content)) == content


def test_a_storage_folder_that_went_away_is_said(
    desk: Desk, payloads: Payloads
) -> None:
    """An unmounted disk refuses new files in words."""
    shutil.rmtree(payloads.storage.folder)
    for size in (10, 2 * CHUNK):
        with pytest.raises(StorageUnavailable):
            store(desk, payloads, b"x" * size)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_disk_that_is_really_full(desk: Desk, keys: KeyRing, tmp_path: Path) -> None:
    """On a real disk of one megabyte the same holds as with an imitated one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        payloads = open_payloads(desk, folder / "storage", keys)
        small = store(desk, payloads, b"small")
        for size in (4 * CHUNK, 900):
            refused = 0
            for _ in range(2000):
                try:
                    store(desk, payloads, os.urandom(size))
                except StorageUnavailable:
                    refused += 1
                    break
            assert refused == 1
        assert staged(payloads) == []
        assert broken(desk, payloads) == []
        assert read(desk, payloads, small) == b"small"
        payloads.storage.close()
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_failed_source_leaves_nothing_behind(desk: Desk, payloads: Payloads) -> None:
    """A transfer that breaks off half way leaves no file in staging."""

    def write(into: Any) -> None:
        into.write(b"x" * (3 * CHUNK))
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        payloads.store(write)
    assert staged(payloads) == []
    assert desk.rows(schema.payload) == []


def test_staging_files_of_nobody_are_forgotten(payloads: Payloads) -> None:
    """After a crash, parts that a row owns stay and all others go."""
    for name in ("kept", "kept.tail", "lost", "lost.tail", "lost.tail.new"):
        payloads.storage.staging(name).write_bytes(b"x")
    assert payloads.storage.forget_staging({"kept"}, older_than=0.0) == 3
    assert sorted(staged(payloads)) == ["kept", "kept.tail"]


def test_random_files_survive_in_any_mix(desk: Desk, payloads: Payloads) -> None:
    """Small and large ones stored in turns do not disturb one another."""
    rng = random.Random(3)
    contents = [rng.randbytes(rng.choice(SIZES)) for _ in range(12)]
    stored = [store(desk, payloads, each) for each in contents]
    assert [read(desk, payloads, each) for each in stored] == contents
