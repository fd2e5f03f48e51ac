"""What only shows over several files: repeats, gaps, order, and who made them.

The files are in the order in which they are to be sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.conformance.files import Checked, Numbered
from gateway.conformance.finding import Finding
from routing.envelope import Severity
from routing.sequence import ranges


def look(files: Sequence[Checked]) -> Iterator[Finding]:
    """Yield what is wrong between files, and between the lots of one."""
    yield from _same_content(files)
    yield from _repeats(files)
    yield from _numbers(files)
    yield from _software(files)


def _same_content(files: Sequence[Checked]) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for file in files:
        known = first.setdefault(file.sha256, file.name)
        if known != file.name:
            yield _finding(
                file.name,
                "same-content",
                f"it has the very content of {known}",
                "send each file once; the gateway gives the same receipt again and sends "
                "nothing twice, but two names for one file mislead whoever looks for it",
                Severity.WARNING,
            )


def _repeats(files: Sequence[Checked]) -> Iterator[Finding]:
    seen: dict[tuple[str, str, str], str] = {}
    contents: set[str] = set()
    for file in files:
        if file.sha256 in contents or file.network is None:
            continue  # told already
        contents.add(file.sha256)
        identity = file.network.lot_identity
        kinds: list[tuple[str, str, Sequence[Numbered]]] = [
            (
                "lot",
                f"give every lot of a sender another {identity}",
                file.lots,
            ),
            ("number", "a payer takes each number once a year; count on", file.series),
        ]
        if file.network.invoices_unique:
            kinds.append(
                (
                    "invoice",
                    "give every invoice of a sender a number of its own; only one that "
                    "was rejected may come again",
                    file.invoices,
                )
            )
        for kind, mend, numbered in kinds:
            for each in numbered:
                key = (kind, each.sender, each.key)
                before = seen.setdefault(key, f"{file.name}, record {each.record}")
                if before != f"{file.name}, record {each.record}":
                    what = "sending number" if kind == "number" else kind
                    yield Finding(
                        file.name,
                        each.record,
                        None,
                        None,
                        Severity.ERROR,
                        f"repeated-{kind}",
                        f"{what} {each.number} of its sender was used before: {before}",
                        mend,
                    )


def _numbers(files: Sequence[Checked]) -> Iterator[Finding]:
    last: dict[str, tuple[int, str]] = {}
    contents: set[str] = set()
    for file in files:
        if file.number is None or file.sha256 in contents:
            continue
        contents.add(file.sha256)
        series, number, numbering = file.number
        before, name = last.get(series, (None, ""))
        seen = numbering.see(before, number)
        if before is not None and seen.old:
            what = (
                f"its file number {number} is that of {name}"
                if number == before
                else f"its file number {number} comes after {before} of {name}"
            )
            yield _finding(
                file.name,
                "file-number-order",
                what,
                "number files one by one, and send them in that order",
                Severity.WARNING,
            )
            continue
        if seen.missing:
            yield _finding(
                file.name,
                "file-number-gap",
                f"between {name} and it file numbers are missing: {ranges(seen.missing)}",
                "send what is missing, or count without a gap: the gateway takes a missing "
                "number for a file that got lost",
                Severity.WARNING,
            )
        last[series] = (seen.last, file.name)


def _software(files: Sequence[Checked]) -> Iterator[Finding]:
    by_format: dict[str, tuple[str, str]] = {}
    for file in files:
        if not file.software:
            continue
        first, name = by_format.setdefault(file.format, (file.software, file.name))
        if first != file.software:
            yield _finding(
                file.name,
                "other-software",
                f"it names the software {file.software}, and {name} names {first}",
                "check one software, and one version of it, at a time",
                Severity.WARNING,
            )


def _finding(name: str, code: str, what: str, mend: str, severity: Severity) -> Finding:
    return Finding(name, None, None, None, severity, code, what, mend)
