"""Texts that say when."""

from __future__ import annotations

import pytest

from config.directory_records import Window, Within
from config.times import as_day, deadline, minutes, weekdays, window, within


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Mon-Fri 06:00-22:00", Window((0, 1, 2, 3, 4), 360, 1320)),
        ("Sat,Mon 08:30-12:00", Window((0, 5), 510, 720)),
        ("Fri-Mon 00:00-24:00", Window((0, 4, 5, 6), 0, 1440)),
        ("22:00-06:00", Window((0, 1, 2, 3, 4, 5, 6), 1320, 360)),
    ],
)
def test_windows(text: str, found: Window) -> None:
    """Days and hours as people write them; a week may wrap, and so may a night."""
    assert window(text) == found


@pytest.mark.parametrize(
    "text",
    ["", "Mon", "Mon 6:00-7:00", "Lun 06:00-07:00", "06:60-07:00", "24:00-06:00"],
)
def test_bad_windows_are_refused(text: str) -> None:
    """What is no window says what one looks like."""
    with pytest.raises(ValueError, match=r"is '.*'; "):
        window(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2 working days", Within(2, 0)),
        ("1 working day", Within(1, 0)),
        ("48h", Within(0, 172_800)),
        ("90m", Within(0, 5400)),
        ("3d", Within(0, 259_200)),
        ("30s", Within(0, 30)),
        ("6s", Within(0, 6)),
    ],
)
def test_delays(text: str, found: Within) -> None:
    """A delay counts working days or hours, never both, and is written as it is read."""
    assert within(text) == found
    assert within(str(found)) == found


def test_bad_texts_are_refused() -> None:
    """Each says what was found and what is wanted."""
    with pytest.raises(ValueError, match="wanted a delay"):
        within("2 days")
    with pytest.raises(ValueError, match="wanted a time of day"):
        minutes("25:00")
    with pytest.raises(ValueError, match="wanted weekdays"):
        weekdays("Mon-")
    for value in ("2026-13-01", 20260101, "2026-1-1x"):
        with pytest.raises(ValueError, match="wanted a day"):
            as_day(value)


@pytest.mark.parametrize(
    "text", ["9999999 working days", f"{'9' * 5000}d", "401d", "34560001s"]
)
def test_a_delay_beyond_all_reason_is_refused(text: str) -> None:
    """Nobody waits for years: it is a slip, and named as one in a few words."""
    with pytest.raises(ValueError, match="wanted 400 days at most") as raised:
        within(text)
    assert len(str(raised.value)) < 100
    with pytest.raises(ValueError, match="wanted 400 days at most"):
        deadline("08:00 after 401 working days", None)
