"""What `octway vendor check` shows, to people and to programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gateway.cli.tables import table
from gateway.cli.terminal import Terminal
from gateway.conformance.files import Checked
from gateway.conformance.finding import Finding
from gateway.conformance.steps import Seen
from gateway.intake.receipts import iso_time
from gateway.wording import counted, moment


def show_files(
    checked: Sequence[Checked], between: Sequence[Finding], terminal: Terminal
) -> None:
    """Tell of each file what is wrong in it, then what is between them."""
    for file in checked:
        what = file.format or "in no known format"
        wrong = counted(file.errors, "error") if file.errors else "no error"
        invoices = counted(len(file.invoices), "invoice")
        terminal.say(f"{file.name}: {what}, {invoices}, {wrong}")
        for each in file.findings:
            _show(each, terminal)
        for outcome, count in file.chosen.items():
            terminal.say(f"  in the sandbox, {counted(count, 'invoice')}: {outcome}")
        terminal.say()
    if between:
        terminal.say("Between the files:")
        for each in between:
            terminal.say(f"  {each.file}")
            _show(each, terminal)
        terminal.say()


def _show(finding: Finding, terminal: Terminal) -> None:
    terminal.say(f"  {finding.severity}: {finding.where}: {finding.what}")
    if finding.mend:
        terminal.say(f"    {finding.mend}")
    terminal.say(f"    code {finding.code}")


def show_steps(
    client: str, seen: Sequence[Seen], doors: Mapping[str, int], terminal: Terminal
) -> None:
    """Tell what is done, and how to do what is not."""
    came = ", ".join(
        f"{counted(count, 'file')} over {door}" for door, count in doors.items()
    )
    terminal.say(f"Test client {client}: {came or 'has sent nothing yet'}")
    table(
        terminal,
        ("", "step", "what", "since"),
        [
            (
                "done"
                if each.at is not None
                else ("to do" if each.step.needed else "may"),
                each.step.name,
                each.step.words,
                "" if each.at is None else moment(each.at, terminal.zone),
            )
            for each in seen
        ],
        indent="  ",
    )
    missing = [each.step for each in seen if each.at is None and each.step.needed]
    if missing:
        terminal.say()
        terminal.say("To do:")
        for step in missing:
            terminal.say(f"  {step.name}: {step.how}")
    terminal.say()


def conclude(
    terminal: Terminal,
    *,
    holds: bool,
    page: Path | None,
    wanted: Path | None,
    client: str | None,
) -> None:
    """Say what it comes to."""
    if page is not None:
        terminal.say(f"all of it holds; the certificate is {page}")
    elif wanted is not None:
        terminal.say("not all of it holds: no certificate was written")
    elif holds and client is not None:
        terminal.say("all of it holds; --html FILE writes the certificate")
    elif holds:
        terminal.say("nothing in these files would make a payer refuse them")
    else:
        terminal.say("mend what is named above, and check again")


def file_as_json(file: Checked) -> dict[str, Any]:
    """Return what programs are told of a file."""
    return {
        "file": file.name,
        "sha256": file.sha256,
        "format": file.format or None,
        "network": file.network and file.network.name,
        "software": file.software or None,
        "invoices": len(file.invoices),
        "errors": file.errors,
        "findings": [finding_as_json(each) for each in file.findings],
        "sandbox": dict(file.chosen),
    }


def finding_as_json(finding: Finding) -> dict[str, Any]:
    """Return what programs are told of something that is wrong."""
    return {**finding._asdict(), "severity": str(finding.severity)}


def step_as_json(seen: Seen) -> dict[str, Any]:
    """Return what programs are told of a step."""
    return {
        "name": seen.step.name,
        "words": seen.step.words,
        "how": seen.step.how,
        "needed": seen.step.needed,
        "done_at": None if seen.at is None else iso_time(seen.at),
    }
