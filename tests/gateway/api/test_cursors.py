"""Cursors: what was written is read, and nothing else."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api import cursors
from gateway.api.problems import Refusal

SHAPE = (float, str, int)


def forged(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_a_cursor_comes_back_as_it_was_written() -> None:
    """The key of the last row, of its types; no cursor is no key."""
    cursor = cursors.write("events", (1.5, "node-1", 7))

    assert cursors.read("events", cursor, SHAPE) == (1.5, "node-1", 7)
    assert cursors.read("events", None, SHAPE) is None
    assert cursors.read("events", "", SHAPE) is None


@pytest.mark.parametrize(
    "cursor",
    [
        "rubbish",
        "é",
        forged("events"),
        forged(["lots", 1.5, "x", 7]),
        forged(["events", 1.5, "x"]),
        forged(["events", 1, "x", 7]),
        forged(["events", 1.5, "x", True]),
        forged(["events", float("nan"), "x", 7]),
        forged(["events", float("inf"), "x", 7]),
        forged(["events", 1.5, "\0", 7]),
        forged(["events", 1.5, "\ud800", 7]),
        forged(["events", 1.5, "x", 1 << 63]),
        forged(["events", 1.5, "x" * 500, 7]),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
    ],
)
def test_a_forged_cursor_is_refused(cursor: str) -> None:
    """Nothing reaches the database that it could not compare with."""
    with pytest.raises(Refusal, match="leave `after` out"):
        cursors.read("events", cursor, SHAPE)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading(text: str) -> None:
    """Any text is a cursor or a refusal; nothing else is raised."""
    if not text:
        return
    with pytest.raises(Refusal):
        cursors.read("events", text, SHAPE)
