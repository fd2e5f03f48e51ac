"""Cuts a mixed NOEMIE return into one for each owner, in the same outer form.

An owner's part holds its answers and the entities above them (payee, day, lot
…); whatever belongs to others, or to nobody, is left out, and the controls are
made anew.  The file is read twice, so the content must be seekable: what an
answer is, and whose, is known only once it is whole.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import BinaryIO, NamedTuple

from protocols.interface import SplitReturn
from protocols.problem_log import ProblemLog
from protocols.sesam.noemie import END, HEADER, Entity, read_entities
from protocols.sesam.noemie_answers import CONTEXT, CONTROL, NoemieReading
from protocols.sesam.noemie_physical import Form
from protocols.sesam.noemie_writer import ReturnWriter
from routing.envelope import AnswerSeen, Level

_NOBODY = -1
_DAYS = frozenset({"070", "071"})


class _Item(NamedTuple):
    """An answer in a part: where it begins and what it counts for."""

    owner: int
    first: int
    lot: tuple[str, ...] | None
    items: int
    paid: int
    extra: int


class _Part:
    """One owner's part while the whole is read for the second time."""

    def __init__(self, *, header: bytes, form: Form, with_extra: bool) -> None:
        self.writer = ReturnWriter(header=header, form=form, with_extra=with_extra)
        self._above: dict[str, int] = {}  # entity number last written, by slot
        self._kept = 0
        self._kept_at: dict[int, int] = {}  # what was kept when a level last closed

    def keep(self, entity: Entity, above: Mapping[str, Entity]) -> None:
        """Write an entity, after what stands above it and is not written yet."""
        for slot, each in sorted(above.items(), key=lambda item: item[1].number):
            if self._above.get(slot) != each.number:
                self.writer.raw(each.content)
                self._above[slot] = each.number
        self.writer.raw(entity.content)
        self._kept += 1

    def close(self, depth: int, closed: str) -> None:
        """Write a control if the level that it closes holds anything here."""
        if self._kept > self._kept_at.get(depth, 0):
            self.writer.control(closed)
            self._kept_at[depth] = self._kept


def split_noemie(content: BinaryIO, owners: Mapping[int, str]) -> Sequence[SplitReturn]:
    """Cut a return; `owners` says whose each answer is, by its index from 0.

    The parts come in the order of the owners' first answers.  An owner of no
    answer that exists gets no part.  Information under an invoice goes with the
    invoice, whatever `owners` says: alone it would be taken for another's.
    """
    names: dict[str, int] = {}
    for index in sorted(owners):
        names.setdefault(owners[index], len(names))
    reading = NoemieReading(content)
    items: dict[int, list[_Item]] = {}
    whose = array("i")
    of_invoice = _NOBODY
    for index, answer in enumerate(reading.answers()):
        owner = names[owners[index]] if index in owners else _NOBODY
        if "invoice" in answer.facts:
            of_invoice = owner
        elif answer.level is Level.CLAIM:
            owner = of_invoice
        _mark(whose, answer, owner)
        if owner != _NOBODY:
            items.setdefault(answer.first, []).append(_item(answer, owner))
    content.seek(0)
    parts = _copy(content, whose, items, with_extra=reading.controls.with_extra)
    return [
        SplitReturn(name, parts[number])
        for name, number in names.items()
        if number in parts
    ]


def _mark(whose: array[int], answer: AnswerSeen, owner: int) -> None:
    """Note whose the entities of an answer are; an inner answer wins."""
    missing = answer.last + 1 - len(whose)
    if missing > 0:
        whose.extend([_NOBODY] * missing)
    for number in range(answer.first, answer.last + 1):
        whose[number] = owner


def _item(answer: AnswerSeen, owner: int) -> _Item:
    if "invoice" not in answer.facts:
        counts = answer.facts.get("operation", "RPR") == "RPR"
        return _Item(owner, answer.first, None, 0, 0, answer.paid if counts else 0)
    facts = answer.facts
    lot = (answer.sender, facts.get("lot", ""), facts.get("lot_date", ""))
    return _Item(owner, answer.first, lot, 1, answer.paid, 0)


def _copy(
    content: BinaryIO,
    whose: array[int],
    items: Mapping[int, Sequence[_Item]],
    *,
    with_extra: bool,
) -> dict[int, bytes]:
    reader = read_entities(content, problems=ProblemLog())
    closed = reader.layouts[CONTROL]["closed"]
    parts: dict[int, _Part] = {}
    above: dict[str, Entity] = {}
    header, end, depth = b"", None, 0
    for entity in reader.entities():
        depth = depth + 1 if entity.code == CONTROL and entity.sound else 0
        owner = whose[entity.number] if entity.number < len(whose) else _NOBODY
        if entity.code == HEADER:
            header = entity.content
        elif entity.code == END and entity.whole:
            end = entity.content
        elif depth:
            for part in parts.values():
                part.close(depth, closed.raw(entity.content).rstrip())
        elif owner != _NOBODY:
            if owner not in parts:
                parts[owner] = _Part(
                    header=header, form=reader.form, with_extra=with_extra
                )
            parts[owner].keep(entity, above)
            for item in items.get(entity.number, ()):
                parts[item.owner].writer.item(
                    lot=item.lot, items=item.items, paid=item.paid, extra=item.extra
                )
        elif slot := _slot(entity):
            above[slot] = entity
            if slot == "040":
                above.pop("080", None)
    return {number: part.writer.finish(end) for number, part in parts.items()}


def _slot(entity: Entity) -> str:
    """Say which context an entity sets; a damaged one may have named a payee."""
    if entity.code in _DAYS:
        return "070"
    if entity.code in CONTEXT:
        return entity.code
    return "" if entity.sound or entity.code.isdecimal() else "040"
