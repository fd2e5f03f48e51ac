"""The reader names every mistake with its line, and never stops at the first."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import Mistake
from config.reader import read_file, read_text

WRONG = """\
title = 3
[sftp]
listen = "x"
max_files = true
grace = "5 minutes"
limit = "1.5G"
lists = ["a", 1]

[[door]]
name = "a"
[[door]]
naem = "b"
[door.inner]
size = 1
"""


def test_all_mistakes_come_at_once_with_their_lines() -> None:
    """One look shows every line to mend, the right name for a misspelt key too."""
    mistakes: list[Mistake] = []
    root = read_text(WRONG, mistakes, "t.toml")
    root.get("title", str)
    table = root.table("sftp")
    table.get("max_files", int, 1)
    table.duration("grace")
    table.size("limit", "1G")
    table.texts("lists")
    table.choice("listen", ("y", "z"))
    table.get("absent", bool)
    table.done()
    for door in root.tables("door"):
        door.get("name", str)
        inner = door.table("inner")
        inner.size("size", "1k")
        door.done()
    root.done()

    assert [str(mistake) for mistake in mistakes] == [
        "t.toml:1: title: is 3; wanted a text",
        "t.toml:4: sftp.max_files: is True; wanted a whole number",
        "t.toml:5: sftp.grace: is '5 minutes'; wanted a duration such as 30s, 5m or 2h",
        "t.toml:6: sftp.limit: is '1.5G'; wanted a size such as 256k, 50M or 1G",
        "t.toml:7: sftp.lists: is ['a', 1]; wanted a list of texts",
        "t.toml:3: sftp.listen: is 'x'; wanted one of y, z",
        "t.toml:2: sftp.absent: is missing",
        "t.toml:11: door[1].name: is missing; is 'naem' meant for it?",
        "t.toml:14: door[1].inner.size: is 1; wanted a size such as 256k, 50M or 1G",
        "t.toml:12: door[1].naem: is unknown; did you mean 'name'?",
    ]


@pytest.mark.parametrize(
    ("text", "seconds"), [("200ms", 0.2), ("30s", 30), ("1.5h", 5400), ("1d", 86400)]
)
def test_durations_are_seconds(text: str, seconds: float) -> None:
    """Durations are written with their unit and read as seconds."""
    table = read_text(f'd = "{text}"', [], "t.toml")
    assert table.duration("d") == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("12", 12), ("256k", 256_000), ("1GB", 1_000_000_000)]
)
def test_sizes_are_bytes(text: str, size: int) -> None:
    """Sizes are powers of 1000, as disks and networks are sold."""
    assert read_text(f's = "{text}"', [], "t.toml").size("s") == size


def test_a_file_that_is_no_toml_is_one_mistake_with_its_line() -> None:
    """A broken file says where it broke."""
    mistakes: list[Mistake] = []
    read_text('a = 1\nb = "x\n', mistakes, "t.toml")
    assert len(mistakes) == 1
    assert str(mistakes[0]).startswith("t.toml:2: is no valid TOML")


def test_a_file_that_cannot_be_read_is_a_mistake(tmp_path: Path) -> None:
    """A missing file is named, not raised."""
    mistakes: list[Mistake] = []
    read_file(tmp_path / "absent.toml", mistakes)
    assert "absent.toml: cannot be read" in str(mistakes[0])


def test_tables_of_the_wrong_shape_are_named() -> None:
    """A value where a table belongs is a mistake, and reads as an empty table."""
    mistakes: list[Mistake] = []
    root = read_text("a = 1\nb = 2\n", mistakes, "t.toml")
    assert root.table("a").data == {}
    assert list(root.tables("b")) == []
    assert [str(mistake) for mistake in mistakes] == [
        "t.toml:1: a: is 1; wanted a table",
        "t.toml:2: b: is no list of tables; wanted one or more [[...]]",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = 1\nx = " + "[" * 20_000, "t.toml:2: is nested too deeply"),
        ("x = " + "{a=" * 20_000, "t.toml:1: is nested too deeply"),
        ("x = " + "9" * 5_000, "t.toml: holds a value beyond measure"),
    ],
)
def test_what_no_parser_can_hold_is_a_mistake(text: str, told: str) -> None:
    """A file that is absurd is refused in words, as any other wrong one."""
    mistakes: list[Mistake] = []
    assert not read_text(text, mistakes, "t.toml").data
    assert [str(each)[: len(told)] for each in mistakes] == [told]
