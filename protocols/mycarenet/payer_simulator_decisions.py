"""What a simulated union decides: errors that were found, and invented ones.

Errors are those of the checks before sending, under the payers' own codes.  Beyond
them each invoice has its own dice, drawn from the seed and its place, so that a
sending is always decided as the first time.  The codes are real ones, the reasons
are not: the union SIMULATES that it refuses.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from random import Random
from typing import Final

from attrs import frozen

from protocols.mycarenet.payer_simulator_sent import SentLot
from protocols.mycarenet.return_sending import SentRecord, is_priced
from protocols.mycarenet.return_writer import Verdict
from protocols.records import load_layouts
from protocols.simulated_payer import share

LIMIT: Final = 0.05
"""Share of records in error beyond which a sending is refused (the FAQ of Refac)."""

LEAST: Final = 100
"""Records below which that share is not looked at: test systems were seen not to."""

_CODE: Final = re.compile(r"[BFRES][0-9]{4}[0-9A-Z]{2}")
_HEADER_CODE: Final = re.compile(r"([0-9]{3})-([0-9]{2})")
_MOST: Final = 3
_NOTES: Final = ("E500452", "S502740", "S503040")
_COMMENT: Final = "{code} {day} du {day} facturée par {provider}"


@frozen(kw_only=True)
class Mix:
    """How often a well-behaved union does not pay an invoice in full, or notes it.

    `rejected` refuses the invoice, `partly` one of its lines (and with it the
    others of that day), `lowered` pays less of a line.
    """

    rejected: float = share(0.03)
    partly: float = share(0.04)
    lowered: float = share(0.01)
    noted: float = share(0.05)


def early_errors(
    lot: SentLot, union: str, mutualities: Collection[str]
) -> tuple[dict[str, str], dict[int, dict[str, str]]]:
    """Find what refuses a sending before it is looked into.

    By name of the header's field; and by place of the total and name of its field.
    """
    header: dict[str, str] = {}
    totals: dict[int, dict[str, str]] = {}
    for problem in lot.errors:
        found = _HEADER_CODE.fullmatch(problem.code)
        place = (problem.record or 0) - len(lot.sending.records) - 1
        if found is None:
            continue
        if 0 <= place < len(lot.sending.totals):
            kind = lot.sending.totals[place][:2].decode("latin-1")
            if name := _field((kind,), found[1]):
                totals.setdefault(place, {})[name] = found[2]
        elif name := _field(("200", "300"), found[1]):
            header[name] = found[2]
    for place, total in enumerate(lot.sending.totals):
        if not _knows(total, union, mutualities):
            totals.setdefault(place, {}).setdefault("mutuality", "20")
    return header, totals


def blocking(lot: SentLot) -> dict[int, Verdict]:
    """Return the codes of records that the checks found wrong, by place."""
    found: dict[int, list[str]] = {}
    for problem in lot.errors:
        place = problem.record or 1
        if _CODE.fullmatch(problem.code) and place <= len(lot.sending.records):
            found.setdefault(place, []).append(problem.code)
        elif not _HEADER_CODE.fullmatch(problem.code):
            found.setdefault(1, []).append("B100103")  # it cannot be read
    return {
        place: Verdict(tuple(dict.fromkeys(codes))[:_MOST])
        for place, codes in found.items()
    }


def refused(lot: SentLot) -> dict[int, Verdict]:
    """Return the verdicts on invoices and lines that the checks found wrong, by place."""
    codes: dict[int, list[str]] = {}
    for problem in lot.refused:
        codes.setdefault(problem.record or 1, []).append(problem.code)
    found = {
        place: Verdict(tuple(dict.fromkeys(each))[:_MOST])
        for place, each in codes.items()
    }
    for invoice in lot.sending.invoices():
        line: SentRecord | None = None
        hangs = not found.keys().isdisjoint({invoice[0].place, invoice[-1].place})
        for record in invoice[1:-1]:
            if is_priced(record):
                line = record
                if hangs:
                    found.setdefault(record.place, Verdict(("R500119",)))
            elif record.place in found and line is not None:
                found.setdefault(line.place, Verdict(("R500120",)))
    return found


def decide(lot: SentLot, seed: int, mix: Mix) -> dict[int, Verdict]:
    """Decide what is paid: the verdicts on records, by place."""
    decided: dict[int, Verdict] = {}
    for position, invoice in enumerate(lot.sending.invoices()):
        dice = Random(f"{seed}|{position}")  # noqa: S311
        chance = dice.random()
        lines = [each for each in invoice if is_priced(each)]
        if chance < mix.rejected:
            decided |= reject(invoice)
        elif chance < mix.rejected + mix.partly and lines:
            decided |= refuse_line(lines, dice)
        elif chance < mix.rejected + mix.partly + mix.lowered and lines:
            line = dice.choice(lines)
            asked = line.amount("insurer_amount")
            decided[line.place] = Verdict(("S501903",), accepted=asked * 8 // 10)
    return decided


def noted(lot: SentLot, seed: int, mix: Mix) -> dict[int, Verdict]:
    """Note what refuses nothing and stands in a 920098 only."""
    marks: dict[int, Verdict] = {}
    for position, invoice in enumerate(lot.sending.invoices()):
        dice = Random(f"{seed}|noted|{position}")  # noqa: S311
        lines = [each for each in invoice if is_priced(each)]
        if dice.random() < mix.noted and lines:
            marks[dice.choice(lines).place] = Verdict((dice.choice(_NOTES),))
    return marks


def too_many(lot: SentLot, decided: Mapping[int, Verdict]) -> bool:
    """Say whether so many records are refused that the whole sending is."""
    size = len(lot.sending.records)
    refused = sum(1 for each in decided.values() if each.accepted is None)
    return size >= LEAST and refused > LIMIT * size


def reject(invoice: Sequence[SentRecord], code: str = "F200742") -> dict[int, Verdict]:
    """Refuse an invoice: the patient is not known; its lines hang on it."""
    decided = {invoice[0].place: Verdict((code,))}
    for record in invoice[1:-1]:
        if is_priced(record):
            decided[record.place] = Verdict(("R500119",))
    return decided


def refuse_line(lines: Sequence[SentRecord], dice: Random) -> dict[int, Verdict]:
    """Refuse one line, and the others of its day because of it."""
    culprit = dice.choice(lines)
    day = culprit.field("first_date")
    comment = _COMMENT.format(
        code=culprit.field("code"), day=day, provider=culprit.field("provider")
    )
    decided = {culprit.place: Verdict(("R502255",), comment)}
    for line in lines:
        if line is not culprit and line.field("first_date") == day:
            decided[line.place] = Verdict(("R500118",))
    return decided


def _knows(total: bytes, union: str, mutualities: Collection[str]) -> bool:
    mutuality = total[4:7].decode("latin-1")
    if total[:2] == b"96":
        return mutuality == f"{union[:1]}99"
    return mutuality in mutualities if mutualities else mutuality[:1] == union[:1]


def _field(kinds: Sequence[str], zone: str) -> str:
    """Name the field of a zone among some kinds of record; "" if there is none."""
    for kind in kinds:
        for each in load_layouts("efact")[kind].fields:
            names_it = zone in {part.strip() for part in each.zone.split(",")}
            if names_it and f"{each.name}_error" in load_layouts("efact")[kind].by_name:
                return each.name
    return ""
