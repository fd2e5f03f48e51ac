"""Payloads on the disk: shared segments, own files, and a disk that fails."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from gateway.errors import StorageUnavailable
from gateway.storage.local import LocalStorage
from tests.gateway.house import House


def storage(folder: Path, size: int = 1000) -> LocalStorage:
    return LocalStorage(folder, node="n1", segment_size=size)


def test_many_share_a_segment_and_a_full_one_is_followed_by_the_next(
    tmp_path: Path,
) -> None:
    """Places name segment and offset; a segment is left when it has grown enough."""
    store = storage(tmp_path)
    first = store.append([b"a" * 600, b"b" * 600])
    second = store.append([b"c" * 10])
    assert [place.offset for place in first] == [0, 600]
    assert first[0].name == first[1].name
    assert second[0].name != first[0].name
    assert store.read_at(first[1], 0, 600) == b"b" * 600
    store.close()


def test_a_restart_never_writes_into_an_old_segment(tmp_path: Path) -> None:
    """What a crash left half written stays behind; new payloads begin a new segment."""
    one = storage(tmp_path)
    (before,) = one.append([b"x"])
    one.close()
    two = storage(tmp_path)
    (after,) = two.append([b"y"])
    two.close()
    assert before.name != after.name


def test_a_failed_append_is_followed_by_a_fresh_segment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an error of the disk nothing is appended behind a torn payload."""
    store = storage(tmp_path, size=1_000_000)
    (good,) = store.append([b"good"])

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", full)
    with pytest.raises(StorageUnavailable, match="No space"):
        store.append([b"lost"])
    monkeypatch.undo()
    (next_one,) = store.append([b"next"])
    assert next_one.name != good.name
    assert store.read_at(good, 0, 4) == b"good"
    store.close()


class FullDiskTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.client = self.house.client()

    def upload(self, content: bytes) -> Deferred[object]:
        incoming = self.house.reception.begin(self.client, "sftp", "/in/a.b2")
        incoming.write(0, content)
        return incoming.close()  # type: ignore[return-value]

    def test_a_full_disk_refuses_in_words_and_the_next_upload_works(self) -> None:
        """Nothing is acknowledged while the disk is full, and nothing is broken after."""

        def full(descriptor: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        self.patch(os, "fdatasync", full)
        failure = self.failureResultOf(self.upload(b"content"), StorageUnavailable)
        assert "nothing was accepted" in failure.getErrorMessage()
        self.patch(os, "fdatasync", os.fsync)
        assert self.successResultOf(self.upload(b"content"))
