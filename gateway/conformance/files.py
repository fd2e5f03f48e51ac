"""One file of a vendor, checked: the network's own checks, and what the file says of itself."""

from __future__ import annotations

import hashlib
import io
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from attrs import field, frozen

from config.sandbox_file import PAID, sandbox
from gateway.conformance import bytes as raw
from gateway.conformance.finding import Finding
from gateway.intake.uploads import in_progress
from protocols.interface import FileProblem, Network
from routing.envelope import Problem, Severity
from routing.sequence import FileNumber

_SOFTWARE: Final = Path(__file__).parent / "software.toml"
_HEAD: Final = 4096
_MOST: Final = 200  # findings of a file that are told; all are counted


class Numbered(NamedTuple):
    """A number that may be used once: whose it is, what it is of, where it stands."""

    sender: str
    key: str
    number: str
    record: int


@frozen(kw_only=True)
class Checked:
    """What is known of a file; `chosen` counts its invoices by outcome of the sandbox."""

    name: str
    sha256: str
    network: Network | None = None
    format: str = ""
    lots: Sequence[Numbered] = ()
    series: Sequence[Numbered] = ()
    invoices: Sequence[Numbered] = ()
    number: FileNumber | None = None
    software: str = ""
    errors: int = 0
    findings: Sequence[Finding] = ()
    chosen: Mapping[str, int] = field(factory=dict)


def check(name: str, content: bytes, networks: Sequence[Network]) -> Checked:
    """Read a file as a network does, and note what may be wrong with it."""
    digest = hashlib.sha256(content).hexdigest()
    own = [*_name(name), *raw.look(name, content)]
    for network in networks:
        format = network.recognise(content[:_HEAD])
        if format is not None:
            return _read(name, digest, content, network, format, own)
    known = ", ".join(each.name for each in networks) or "none"
    what = (
        f"it is in no format of the networks here ({known})"
        if content
        else "it is empty"
    )
    own.append(
        _whole(
            name, "unknown-format", what, "send a billing file as your network asks for"
        )
    )
    return Checked(name=name, sha256=digest, errors=_errors(own), findings=own)


def _read(
    name: str,
    digest: str,
    content: bytes,
    network: Network,
    format: str,
    own: list[Finding],
) -> Checked:
    if network.is_return(format):
        what = f"it is a payer's return ({format}), not a billing file"
        own.append(_whole(name, "a-return", what, "send what your software bills"))
        return Checked(
            name=name,
            sha256=digest,
            network=network,
            format=format,
            errors=_errors(own),
            findings=own,
        )
    reading = network.read(io.BytesIO(content), format)
    lots = list(reading.lots())
    summary = reading.summary()
    problems = dict.fromkeys(
        (*summary.problems, *(each for lot in lots for each in lot.problems))
    )
    software, lacking = _software(name, content, network, format)
    own += lacking
    told = sorted(problems, key=lambda each: (each.record or 0, each.position or 0))
    meanings = _meanings(network)
    found = [*own, *(_of_problem(name, each, meanings) for each in told[:_MOST])]
    chosen: dict[str, int] = {}
    for lot in lots:
        for claim in lot.claims:
            outcome = sandbox().outcome(claim.number, claim.asked)
            if outcome is not PAID:
                chosen[outcome.name] = chosen.get(outcome.name, 0) + 1
    return Checked(
        name=name,
        sha256=digest,
        network=network,
        format=format,
        lots=[
            Numbered(lot.sender, lot.match_key, lot.number, lot.record) for lot in lots
        ],
        series=[
            Numbered(lot.sender, f"{lot.series}/{lot.number}", lot.number, lot.record)
            for lot in lots
            if lot.series
        ],
        invoices=[
            Numbered(lot.sender, claim.number, claim.number, claim.record)
            for lot in lots
            for claim in lot.claims
        ],
        number=network.file_number(summary),
        software=software,
        errors=summary.errors + _errors(own),
        findings=found,
        chosen=chosen,
    )


def _name(name: str) -> Iterator[Finding]:
    if in_progress(name):
        yield _whole(
            name,
            "working-name",
            "a file of this name is work in progress: the gateway waits for another name",
            "rename it to its final name when it is whole",
        )


def _software(
    name: str, content: bytes, network: Network, format: str
) -> tuple[str, list[Finding]]:
    """Find the number of the software that made a file, and what is wrong with it."""
    wanted = _wanted().get(format)
    if wanted is None:
        return "", []
    first = 0
    for record in network.show(io.BytesIO(content), format):
        if record.kind != wanted["kind"]:
            continue
        first = first or record.record
        for each in record.fields:
            if each.name == wanted["field"] and each.value.strip(" 0"):
                return each.value.strip(), []
    lacking = Finding(
        name,
        first or None,
        None,
        wanted["field"],
        Severity.WARNING,
        "no-software",
        wanted["words"],
        wanted["mend"],
    )
    return "", [lacking]


@cache
def _wanted() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(_SOFTWARE.read_text(encoding="utf-8"))


def _meanings(network: Network) -> Mapping[str, FileProblem]:
    return {
        each.code: each for kinds in network.file_problems.values() for each in kinds
    }


def _of_problem(
    name: str, problem: Problem, meanings: Mapping[str, FileProblem]
) -> Finding:
    meaning = meanings.get(problem.code)
    return Finding(
        name,
        problem.record,
        problem.position,
        problem.field,
        problem.severity,
        problem.code,
        problem.message,
        meaning.words if meaning is not None else "",
    )


def _whole(name: str, code: str, what: str, mend: str) -> Finding:
    return Finding(name, None, None, None, Severity.ERROR, code, what, mend)


def _errors(findings: Sequence[Finding]) -> int:
    return sum(each.severity is Severity.ERROR for each in findings)
