"""A study's result for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.cli.tables import facts as pairs
from gateway.cli.tables import table
from gateway.cli.terminal import Terminal
from gateway.simulator.study_faults import MIX

SHORT: Final = 60
"""Days of a study under which the slowest remedies have no time."""

_ALSO: Final = {
    "late": "answered after the due date",
    "doubled": "answered twice",
    "out_of_order": "acknowledged after it was paid",
}


def show(facts: Mapping[str, Any], terminal: Terminal) -> None:
    """Print what `Study.to_json` says."""
    pairs(
        terminal,
        [
            ("study", f"{facts['claims']:,} claims, {facts['days']} days"),
            ("seed", str(facts["seed"])),
            ("no response, tracking off", _percent(facts["untracked"])),
            ("no response, tracking on", _percent(facts["tracked"])),
            ("floor", f"{facts['floor']:.2%}  (what no remedy could have brought)"),
        ],
    )
    if facts["days"] < SHORT:
        terminal.say(
            f"In {facts['days']} days tracking may stay above the floor: that counts each "
            "fault as mended when it strikes, and to notice, to ask and to send again "
            f"takes up to {SHORT} days of a payer's calendar."
        )
    _show_payers(facts, terminal)
    _show_causes(facts, terminal)
    _show_remedies(facts, terminal)
    terminal.say()
    alarms = facts["false_alarms"]
    pairs(
        terminal,
        [
            (
                "called missing, answered in time",
                f"{alarms['claims']:,} claims ({alarms['ratio']:.2%})",
            ),
            (
                "called missing, answered late",
                f"{facts['late_called_missing']:,} claims",
            ),
            ("paid twice", f"{facts['processed_twice']:,} claims"),
            ("ledger out of balance by", f"{facts['ledger_imbalance']:,}"),
            ("took", f"{facts['seconds']:.0f} s, {facts['memory_mb']:,} MB"),
        ],
    )


def _show_payers(facts: Mapping[str, Any], terminal: Terminal) -> None:
    terminal.say()
    table(
        terminal,
        ("payer", "claims", "off", "on", "floor"),
        [
            (
                payer,
                f"{of['claims']:,}",
                f"{of['untracked']:.2%}",
                f"{of['tracked']:.2%}",
                f"{of['floor']:.2%}",
            )
            for payer, of in facts["by_payer"].items()
        ],
        right=("claims", "off", "on", "floor"),
    )


def _show_causes(facts: Mapping[str, Any], terminal: Terminal) -> None:
    terminal.say()
    table(
        terminal,
        ("cause", "claims hit", "off", "on", "is"),
        [
            (
                cause,
                f"{of['hit']:,}",
                f"{of['untracked']:.1%}",
                f"{of['tracked']:.1%}",
                {**MIX, **_ALSO}[cause],
            )
            for group in ("by_cause", "also")
            for cause, of in facts[group].items()
            if of["hit"]
        ],
        right=("claims hit", "off", "on"),
    )


def _show_remedies(facts: Mapping[str, Any], terminal: Terminal) -> None:
    remedies = facts["tracked"]["remedies"]
    if remedies:
        terminal.say()
    table(
        terminal,
        ("remedy", "tried", "claims brought"),
        [
            (name, f"{of['tried']:,}", f"{of['brought']:,}")
            for name, of in remedies.items()
        ],
        right=("tried", "claims brought"),
    )


def _percent(run: Mapping[str, Any]) -> str:
    return f"{run['no_response_ratio']:.2%}"
