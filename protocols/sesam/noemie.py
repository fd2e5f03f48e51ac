"""NOEMIE returns as a run of entities: cut, numbered, checked, shown.

An entity is a code of three digits, fields, and `@`; its length is fixed by
its code (french.md 2.1).  What surprises: the length is trusted before the
`@`, because labels may hold one; only an entity that does not end where it
must, or whose code is unknown, is cut at an `@` that an entity follows.  Its
bytes are kept as they are and reading goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import BinaryIO, NamedTuple

from protocols.problem_log import ProblemLog
from protocols.records import Layout, load_layouts
from protocols.sesam.noemie_fields import EntityFields
from protocols.sesam.noemie_nesting import Nesting
from protocols.sesam.noemie_physical import END_MARK, Form, PhysicalReader
from protocols.shown import FieldShown, RecordShown
from routing.envelope import Severity

HEADER = "000"
END = "999"
_AROUND = frozenset({HEADER, END})
CODE = 3  # characters of an entity's code
_LONGEST = 4096  # an entity without an end is cut here
_NEXT_ENTITY = re.compile(rb"@(?=[0-9]{3}|\s{3}|\s*\Z)")
_DECISIVE = frozenset(  # fields without which an answer means something else
    [
        "amount",
        "asked",
        "count",
        "invoice",
        "lot",
        "lot_date",
        "paid",
        "payee",
        "records",
        "state",
    ]
)


class Entity(NamedTuple):
    """One entity; `number` counts from 1, the header being the first.

    `content` runs from the code to the `@`; `whole` says that its length and
    end are those of its code, so that its layout may be applied; `sound` that
    the fields that carry keys and money can be read as well.
    """

    number: int
    code: str
    content: bytes
    whole: bool
    sound: bool


class EntityReader:
    """Reads one file of the NOEMIE family once, whatever it holds.

    `layouts` names the layouts of the entities that are known.  `header` may be read at once;
    `end` and the physical count only after `entities` is exhausted.
    """

    def __init__(self, stream: BinaryIO, *, layouts: str, problems: ProblemLog) -> None:
        self.problems = problems
        self.layouts: Mapping[str, Layout] = load_layouts(layouts)
        self._lengths = {
            code.encode("ascii"): layout.length
            for code, layout in self.layouts.items()
            if code not in {HEADER, END}
        }
        self._physical = PhysicalReader(
            stream, lengths=self._lengths, problems=problems
        )
        self._fields = _fields_of(layouts)
        self.header = self.layouts[HEADER].read(self._physical.header)
        self.count = 0

    @property
    def form(self) -> Form:
        """How the file is laid out."""
        return self._physical.form

    @property
    def physical_records(self) -> int:
        """Physical records of a wrapped file, header and end included."""
        return self._physical.records

    def read(self, entity: Entity) -> dict[str, str]:
        """Return the fields of a whole entity that answers need, by name."""
        return self._fields.read(entity.code, entity.content)

    def entities(self) -> Iterator[Entity]:
        """Yield every entity, header and end included; problems go to the log."""
        if self._physical.header:
            yield self._number(HEADER, self._physical.header, whole=True)
        yield from self._cut()
        if self._physical.end is not None:
            yield self._number(END, self._physical.end, whole=True)
        elif self._physical.header:
            self.problems.add(
                "no-end",
                "the file stops before its end record 999: it was cut; fetch it "
                "again, or ask the payer to send it again",
                record=self.count,
            )

    def _number(self, code: str, content: bytes, *, whole: bool) -> Entity:
        """Number an entity that may be wrong, and report what is."""
        self.count += 1
        sound = whole and self._check(code, content)
        entity = Entity(self.count, code, content, whole, sound)
        if not whole:
            self._report(entity)
        return entity

    def _check(self, code: str, content: bytes) -> bool:
        """Report what is wrong in the fields; say if those that decide are right."""
        sound = True
        for each, cause, message in self.layouts[code].check(content):
            decisive = each.name in _DECISIVE
            sound = sound and not decisive
            self.problems.add(
                cause,
                f"{code} {each.name}: {message}",
                severity=Severity.ERROR if decisive else Severity.WARNING,
                record=self.count,
                position=each.start,
                field=each.name,
            )
        return sound

    def _report(self, entity: Entity) -> None:
        if entity.code in self.layouts:
            wanted = self.layouts[entity.code].length
            code, severity = "bad-length", Severity.ERROR
            message = (
                f"entity {entity.code} has {len(entity.content)} characters; "
                f"{wanted} with @ as the last are expected; it is kept but not read"
            )
        else:
            code, severity = "unknown-entity", Severity.WARNING
            message = (
                f"entity {entity.code!r} is not known; it is kept but not read; "
                "add it to the layouts if the payer really sends it"
            )
        self.problems.add(
            code, message, severity=severity, record=entity.number, position=1
        )

    def _cut(self) -> Iterator[Entity]:
        pieces = self._physical.data()
        sound = self._fields.sound
        held, at, more = b"", 0, True
        while True:
            if more and len(held) - at < _LONGEST:
                piece = next(pieces, None)
                more = piece is not None
                held, at = held[at:] + (piece or b""), 0
                continue
            enough = len(held) - (_LONGEST if more else 0)
            while at < enough and (known := sound.get(held[at : at + CODE])):
                code, length, well_formed = known
                content = held[at : at + length]
                if well_formed(content) is None or code in _AROUND:
                    break
                at += length
                self.count += 1
                yield Entity(self.count, code, content, True, True)
            if more and len(held) - at < _LONGEST:
                continue
            if at >= len(held) or (held[at] in b" \r\n" and not held[at:].strip()):
                return
            size = self._whole(held, at)
            whole = size > 0
            if not whole:
                size = self._near(held, at) or _resync(held, at)
            content = held[at : at + size]
            yield self._number(content[:CODE].decode("latin-1"), content, whole=whole)
            at += size

    def _whole(self, held: bytes, at: int) -> int:
        """Return the length of the entity here if it ends where it must, or 0."""
        length = self._lengths.get(held[at : at + CODE], 0)
        return length if held[at + length - 1 : at + length] == END_MARK else 0

    def _near(self, held: bytes, at: int) -> int:
        """Return the length of an entity whose end mark was altered or lost, or 0."""
        length = self._lengths.get(held[at : at + CODE], 0)
        for size in (length, length - 1):
            if length and held[at + size : at + size + CODE] in self._lengths:
                return size
        return 0


def _resync(held: bytes, at: int) -> int:
    """Return the length of what stands before the next entity."""
    found = _NEXT_ENTITY.search(held, at, at + _LONGEST)
    if found is not None:
        return found.end() - at
    mark = held.find(END_MARK, at, at + _LONGEST)
    if mark >= 0:
        return mark + 1 - at
    return len(held[at : at + _LONGEST].rstrip(b" ")) or min(_LONGEST, len(held) - at)


def read_entities(
    stream: BinaryIO, *, problems: ProblemLog, layouts: str = "noemie"
) -> EntityReader:
    """Open a file of the NOEMIE family with the layouts of that name."""
    return EntityReader(stream, layouts=layouts, problems=problems)


def show_entities(stream: BinaryIO, layouts: str = "noemie") -> Iterator[RecordShown]:
    """Show every entity of a file, unknown ones as raw text."""
    reader = read_entities(stream, problems=ProblemLog(), layouts=layouts)
    nesting = Nesting()
    for entity in reader.entities():
        if entity.whole:
            layout = reader.layouts[entity.code]
            title, fields = layout.title, layout.show(entity.content)
        else:
            title, fields = "Entity that cannot be read", (_raw(entity),)
        yield RecordShown(
            record=entity.number,
            kind=entity.code,
            title=title,
            fields=fields,
            level=nesting.level(entity.code),
        )


def _raw(entity: Entity) -> FieldShown:
    return FieldShown(
        position=1,
        length=len(entity.content),
        name="raw",
        title="As it stands",
        value=entity.content.decode("latin-1"),
        meaning="",
        private=True,  # nobody knows what stands in it
    )


@cache
def _fields_of(layouts: str) -> EntityFields:
    return EntityFields(load_layouts(layouts))
