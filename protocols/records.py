"""Fixed-length records driven by data: read, write, check and show any of them.

A format is a file `layouts/<name>.csv`, one line a field; `layouts/
<name>_meanings.csv`, where there is one, gives the meaning of codes.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType

from attrs import field, frozen

from protocols.record_fields import FORMS, Field
from protocols.shown import FieldShown

COLUMNS = (
    "record",
    "record_title",
    "length",
    "start",
    "end",
    "kind",
    "presence",
    "name",
    "title",
    "note",
)
_DECIMALS = re.compile(r"\d+\+(\d+)")
_ZONE = re.compile(r"zone (.+)")


@frozen(kw_only=True, eq=False)
class Layout:
    """One kind of record: its fields in order, and what can be done with them."""

    kind: str
    title: str
    length: int
    fields: tuple[Field, ...]
    by_name: Mapping[str, Field] = field(init=False, repr=False)

    _cuts: tuple[tuple[str, slice, bool], ...] = field(init=False, repr=False)

    @_cuts.default
    def _cut(self) -> tuple[tuple[str, slice, bool], ...]:
        return tuple(
            (each.name, slice(each.start - 1, each.end), each.kind != "A")
            for each in self.fields
        )

    _empty: bytes = field(init=False, repr=False)

    @_empty.default
    def _fill(self) -> bytes:
        record = bytearray(b" " * self.length)
        for each in self.fields:
            record[each.start - 1 : each.end] = each.pack(each.const)
        return bytes(record)

    @by_name.default
    def _index(self) -> Mapping[str, Field]:
        return MappingProxyType({each.name: each for each in self.fields})

    def __getitem__(self, name: str) -> Field:
        return self.by_name[name]

    def read(self, record: bytes) -> dict[str, str]:
        """Return every field by name, without the blanks that fill it up.

        The zeros of a number are kept.  A record that is cut short gives empty
        texts for what is missing; nothing is checked here.
        """
        text = record.decode("latin-1")
        return {
            name: text[cut].strip(" ") if number else text[cut].rstrip(" ")
            for name, cut, number in self._cuts
        }

    def write(self, values: Mapping[str, str | int]) -> bytes:
        """Make a record: constants filled in, absent fields zeros or blanks.

        Raises ValueError naming the field and its width when a value does not
        fit, is no number where one is due, or belongs to no field.
        """
        unknown = values.keys() - self.by_name.keys()
        if unknown:
            raise ValueError(f"record {self.kind} has no field {sorted(unknown)[0]!r}")
        record = bytearray(self._empty)
        for name, value in values.items():
            each = self.by_name[name]
            try:
                record[each.start - 1 : each.end] = each.pack(value)
            except ValueError as error:
                raise ValueError(f"record {self.kind}: {error}") from None
        return bytes(record)

    def check(self, record: bytes) -> Iterator[tuple[Field, str, str]]:
        """Yield field, code and message of everything wrong inside one record.

        Codes: `cut`, `constant`, `missing`, `digits`, `sign`, `control`, `date`.
        Messages hold no value of a private field.
        """
        for each in self.fields:
            for code, message in each.faults(record):
                yield each, code, message

    def show(self, record: bytes) -> tuple[FieldShown, ...]:
        """Return the fields for people; empty ones that only fill up are idle."""
        text = record.decode("latin-1")
        return tuple(
            FieldShown(
                *(each.start, each.length, name, each.title),
                *(value := text[cut].rstrip(" "), each.meaning(value), each.private),
                not value and _is_filler(name),
            )
            for each, (name, cut, _) in zip(self.fields, self._cuts, strict=True)
        )


@cache
def load_layouts(name: str) -> Mapping[str, Layout]:
    """Return the layouts of a format by record kind, in the order of their file.

    A note is words separated by `;`: `=X` is a constant, `6+2` tells implied
    decimals, `YYMMDD` (and the other `FORMS`) a date, `private` a patient's datum,
    `zone 7` the payers' number of the field; the rest is free.
    A field called `filler` is given its position as part of its name.  Raises
    ValueError naming file and line when the data contradict themselves.
    """
    folder = resources.files("protocols") / "layouts"
    meanings = _read_meanings(folder / f"{name}_meanings.csv")
    rows: dict[str, list[tuple[int, dict[str, str]]]] = {}
    text = (folder / f"{name}.csv").read_text(encoding="utf-8")
    reader = csv.DictReader(text.splitlines())
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise ValueError(f"{name}.csv:1: the columns must be {','.join(COLUMNS)}")
    for line, row in enumerate(reader, 2):
        rows.setdefault(row["record"], []).append((line, row))
    return MappingProxyType(
        {kind: _build_layout(name, kind, of, meanings) for kind, of in rows.items()}
    )


def _build_layout(
    name: str,
    kind: str,
    rows: Iterable[tuple[int, dict[str, str]]],
    meanings: Mapping[tuple[str, str], Mapping[str, str]],
) -> Layout:
    fields: list[Field] = []
    seen: set[str] = set()
    title, length, after = "", 0, 0
    for line, row in rows:
        made = _build_field(row, kind, meanings)
        title, length = title or row["record_title"], length or int(row["length"])
        right = made.end == int(row["end"]) and after < made.start <= made.end <= length
        if not right or made.name in seen or made.kind not in {"N", "S", "A"}:
            raise ValueError(
                f"{name}.csv:{line}: {kind}/{made.name}: fields must follow one "
                "another inside the record, with their own names, as N, S or A"
            )
        after = made.end
        seen.add(made.name)
        fields.append(made)
    return Layout(kind=kind, title=title, length=length, fields=tuple(fields))


def _build_field(
    row: Mapping[str, str],
    kind: str,
    meanings: Mapping[tuple[str, str], Mapping[str, str]],
) -> Field:
    start = int(row["start"])
    name = f"filler_{start}" if row["name"] == "filler" else row["name"]
    notes = [note.strip() for note in row["note"].split(";")]
    decimals = [int(found[1]) for note in notes if (found := _DECIMALS.fullmatch(note))]
    return Field(
        name=name,
        start=start,
        length=int(row["end"]) - start + 1,
        kind=row["kind"],
        presence=row["presence"],
        title=row["title"] or name.replace("_", " "),
        decimals=decimals[0] if decimals else 0,
        form=next((note for note in notes if note in FORMS), ""),
        const=next((note[1:] for note in notes if note.startswith("=")), ""),
        zone=next((hit[1] for note in notes if (hit := _ZONE.fullmatch(note))), ""),
        private="private" in notes,
        meanings=meanings.get((kind, name)) or meanings.get(("*", name)) or {},
    )


def _read_meanings(
    file: Traversable,
) -> Mapping[tuple[str, str], Mapping[str, str]]:
    """Read `record,field,value,meaning`; the record `*` stands for all of them."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    if file.is_file():
        for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines()):
            key = row["record"], row["field"]
            found.setdefault(key, {})[row["value"]] = row["meaning"]
    return found


def _is_filler(name: str) -> bool:
    return name.startswith("filler")
