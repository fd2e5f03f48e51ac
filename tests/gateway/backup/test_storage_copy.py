"""Stored files in a backup: only what is new is copied, and never a wrong byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from gateway.backup.journal_copy import Ending
from gateway.backup.manifest import Kept
from gateway.backup.storage_copy import StorageCopy
from gateway.errors import BackupFailed, IntegrityBroken

NAME = "segments/node-1-000001.seg"
BLOCK = 1 << 20


class Sides:
    """A segment, and what a backup has of it."""

    def __init__(self, folder: Path) -> None:
        self.live, self.copy = folder / "live", folder / "copy"
        for each in (self.live, self.copy):
            (each / NAME).parent.mkdir(parents=True)

    def work(self, held: Kept | None = None) -> StorageCopy:
        return StorageCopy(
            source=self.live, target=self.copy, held={NAME: held} if held else {}
        )

    def copied(self) -> bytes:
        return (self.copy / NAME).read_bytes()


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    return Sides(tmp_path)


def ending(size: int, last: str = "p1") -> Ending:
    return Ending(place=NAME, size=size, last=last)


def test_room_that_no_row_names_is_left_out(sides: Sides) -> None:
    """A segment is longer than what is in it; what follows is of later rows."""
    (sides.live / NAME).write_bytes(b"named" + bytes(10))
    work = sides.work()
    kept = work.bring(ending(5))
    assert sides.copied() == b"named"
    assert (kept.size, kept.last, work.fresh) == (5, "p1", {NAME: 0})


def test_what_is_held_is_not_read_again(sides: Sides) -> None:
    """An unchanged file costs nothing; its source may even be gone."""
    held = Kept(name=NAME, size=5, sha256="…", last="p1")
    work = sides.work(held)
    assert work.bring(ending(5)) == held
    assert work.fresh == {}


def test_a_grown_segment_is_gone_on_with(sides: Sides) -> None:
    """Only what lies behind is new; the older moment is still its beginning."""
    first = bytes(range(256)) * 4096 * 2  # two blocks
    (sides.live / NAME).write_bytes(first)
    held = sides.work().bring(ending(len(first)))
    (sides.live / NAME).write_bytes(first + b"more")
    work = sides.work(held)
    kept = work.bring(ending(len(first) + 4, "p2"))
    assert sides.copied() == first + b"more"
    assert work.fresh == {NAME: len(first)}
    assert kept.sha256 != held.sha256


def test_a_copy_that_was_cut_off_is_gone_on_with(sides: Sides) -> None:
    """Bytes that no finished moment vouches for are compared, and mended."""
    content = b"a" * BLOCK + b"b" * BLOCK + b"c" * 10
    (sides.live / NAME).write_bytes(content)
    (sides.copy / NAME).write_bytes(b"a" * BLOCK + b"b" * 500 + bytes(3000))
    work = sides.work()
    work.bring(ending(len(content)))
    assert sides.copied() == content
    assert work.fresh == {NAME: BLOCK}


def test_another_life_of_the_installation_is_refused(sides: Sides) -> None:
    """After going back to an older state a segment of the same name has other bytes."""
    (sides.copy / NAME).write_bytes(b"first life")
    (sides.live / NAME).write_bytes(b"other life, longer")
    held = Kept(name=NAME, size=10, sha256="…", last="p1")
    with pytest.raises(BackupFailed, match="another life"):
        sides.work(held).bring(ending(18, "p9"))
    assert sides.copied() == b"first life"


def test_a_segment_whose_end_was_purged_keeps_what_older_moments_name(
    sides: Sides,
) -> None:
    """The newer moment names less of it; nothing of the older is cut off."""
    (sides.live / NAME).write_bytes(b"kept purged")
    held = sides.work().bring(ending(11, "p2"))
    kept = sides.work(held).bring(ending(4, "p1"))
    assert sides.copied() == b"kept purged"
    assert (kept.size, kept.last) == (4, "p1")


def test_a_segment_that_ends_too_early_is_broken(sides: Sides) -> None:
    """What rows name and the disk has not is told, and not padded."""
    (sides.live / NAME).write_bytes(b"abc")
    with pytest.raises(IntegrityBroken, match="has 3 bytes, and rows name 5"):
        sides.work().bring(ending(5))


def test_what_no_moment_names_goes(sides: Sides) -> None:
    """Purged files leave the backup with the last moment that named them."""
    (sides.copy / NAME).write_bytes(b"purged")
    (sides.copy / "segments/kept.seg").write_bytes(b"kept")
    assert sides.work().forget({"segments/kept.seg"}) == 1
    assert [each.name for each in (sides.copy / "segments").iterdir()] == ["kept.seg"]


def test_a_moment_is_the_first_bytes_of_a_longer_file(sides: Sides) -> None:
    """The hash of a moment is of what it names, whatever came behind."""
    (sides.live / NAME).write_bytes(b"one two")
    first = sides.work().bring(ending(3))
    second = sides.work(first).bring(ending(7, "p2"))
    again = sides.work(evolve(second, last="")).bring(ending(3))
    assert again.sha256 == first.sha256
