"""What commands print never steers the terminal of who reads it."""

from __future__ import annotations

import io
import json

import pytest

from gateway.cli.terminal import Terminal

_STEERING = (
    "\x1b]0;title\x07",
    "\x1b[2J",
    "\x9b2J",
    "\u202egnp.exe",
    "\u2066x",
    "a\rb",
    "\x08\x08",
)


def printing(*, colour: bool = False) -> Terminal:
    return Terminal(
        out=io.StringIO(),
        err=io.StringIO(),
        stdin=io.StringIO(),
        environ={},
        now=lambda: 0.0,
        entropy=bytes,
        user="lea",
        colour=colour,
    )


@pytest.mark.parametrize("text", _STEERING, ids=ascii)
def test_what_a_payer_wrote_is_printed_as_it_would_be_typed(text: str) -> None:
    """Escapes, C1 controls and marks of direction are written out, never sent."""
    terminal = printing()
    terminal.say(f"from {text} outside")
    terminal.complain(text)
    terminal.note(text)
    printed = terminal.out.getvalue() + terminal.err.getvalue()  # type: ignore[attr-defined]
    assert printed.replace("\n", "").isprintable()


@pytest.mark.parametrize("text", _STEERING, ids=ascii)
def test_json_steers_nothing_and_says_the_same(text: str) -> None:
    """What programs read is what was said, character by character."""
    terminal = printing()
    terminal.give({"name": text, "é": "日本"})
    printed = terminal.out.getvalue()  # type: ignore[attr-defined]
    assert printed.rstrip("\n").isprintable()
    assert json.loads(printed) == {"name": text, "é": "日本"}
    assert "日本" in printed


def test_lines_letters_and_our_colours_stay() -> None:
    """Colours are ours to send; words of every script are printed as they are."""
    terminal = printing(colour=True)
    text = f"{terminal.paint('late', 'red')}: é\n  naïve, 日本, 😀\tx"
    terminal.say(text)
    assert terminal.out.getvalue() == f"{text}\n"  # type: ignore[attr-defined]
