"""What is known already of rules and field values, so that they are not judged again.

In a sending most fields hold the same in all records of a kind, and in the sending
after it too.  A rule that looks at nothing but such fields has one verdict for all of
them; it is reached once for each file.  What is remembered holds values of fields, so it
lives no longer than the reading of a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final, NamedTuple

from protocols.mycarenet.checks_columns import (
    LAYOUTS,
    PARTS,
    Columns,
    is_signed,
    place_of,
)
from protocols.mycarenet.checks_rules import Condition, Rule, rules

_FEW: Final = 8  # records of a kind that are looked at one by one
_SIGNS: Final = (b"+", b"-")
_MOST: Final = 20_000  # verdicts that are remembered
_BY_RECORD: Final = frozenset(
    (
        *("one_of", "none_of", "present", "absent", "begins", "differs", "not_after"),
        *("not_before", "within_months", "next_month", "time", "enterprise", "bic"),
        *("sign_of", "serial", "destination", "union_of"),
    )
)
"""Kinds of rule that judge a record by the fields that they name, and by no others."""

Keys = Sequence[bytes] | None


class Place(NamedTuple):
    """Where a field stands, and what of it a rule looks at.

    `begins` is what it must begin with, where nothing else of it counts then; of one
    that is only asked whether it holds anything, `emptiness` is looked at.
    """

    of: str
    start: int
    stop: int
    begins: bytes = b""
    emptiness: bool = False
    signed: bool = False

    def key(self, record: bytes) -> bytes:
        """Return what of a record decides."""
        found = record[self.start : self.stop]
        if self.emptiness:
            bare = found[1:] if self.signed and found[:1] in _SIGNS else found
            nothing = not bare.strip(b"0") or not found.strip(b" ")
            return b"" if nothing else b"1"
        return self.begins if self.begins and found.startswith(self.begins) else found


class Places(NamedTuple):
    """Where the fields stand that a rule names, and those of its conditions.

    `own` is None for a rule that looks beyond the fields that it names.
    """

    record: str
    own: tuple[Place, ...] | None
    when: tuple[Place, ...]


class Known:
    """Verdicts on one file: by rule, the field values that never break it.

    A rule is named by its place among all.
    """

    def __init__(self) -> None:
        self._clean: set[tuple[int, bytes]] = set()
        self._idle: set[tuple[int, bytes]] = set()

    def is_kept(self, number: int, columns: Columns) -> bool:
        """Say whether a rule is surely kept by all records of its kind."""
        places = _all_places()[number]
        return (
            bool(places.when) and self._covers(self._idle, number, columns, places.when)
        ) or (
            places.own is not None
            and self._covers(self._clean, number, columns, places.own)
        )

    def note_clean(self, number: int, columns: Columns) -> None:
        """Remember that no record breaks the rule, whatever its conditions say."""
        places = _all_places()[number]
        if places.own is not None:
            self._note(self._clean, number, _keys(columns, places.record, places.own))

    def note_idle(self, number: int, columns: Columns) -> None:
        """Remember that the conditions of the rule hold for no record."""
        places = _all_places()[number]
        self._note(self._idle, number, _keys(columns, places.record, places.when))

    def _covers(
        self,
        known: set[tuple[int, bytes]],
        number: int,
        columns: Columns,
        places: tuple[Place, ...],
    ) -> bool:
        keys = _keys(columns, _all_places()[number].record, places)
        if keys is None:
            return False
        for key in keys:  # noqa: SIM110 - it is asked for each rule of each sending
            if (number, key) not in known:
                return False
        return True

    def _note(self, known: set[tuple[int, bytes]], number: int, keys: Keys) -> None:
        if len(known) > _MOST:
            known.clear()
        known.update((number, key) for key in keys or ())


def _keys(columns: Columns, record: str, places: tuple[Place, ...]) -> Keys:
    """Return what stands in the places; None where it is not the same in all records.

    Of few records each is told by itself.
    """
    parts = []
    for place in places:
        same = columns.same(record, place.of)
        if same is None:
            return None
        first, varied = same
        if varied.find(1, place.start, place.stop) >= 0:
            return _keys_of_few(columns, record, places)
        parts.append(place.key(first))
    return (b"/".join(parts),)


def _keys_of_few(columns: Columns, record: str, places: tuple[Place, ...]) -> Keys:
    few = columns.few(record, _FEW)
    if few is None or any(place.of != record for place in places):
        return None
    return [b"/".join([place.key(each) for place in places]) for each in few]


@cache
def _all_places() -> tuple[Places, ...]:
    return tuple(map(_places, rules()))


def _places(rule: Rule) -> Places:
    own = None
    if rule.kind in _BY_RECORD:
        begins = rule.arguments[0].encode() if rule.kind == "begins" else b""
        empty = rule.kind in {"present", "absent"}
        own = tuple(
            _place(rule.record, each, begins=begins, emptiness=empty)
            for each in _named(rule)
        )
    return Places(
        rule.record, own, tuple(_of_condition(rule, each) for each in rule.when)
    )


def _of_condition(rule: Rule, condition: Condition) -> Place:
    place = _place(rule.record, condition.field, emptiness=not condition.values)
    if not condition.operator.endswith("^="):
        return place
    longest = max(map(len, condition.values))
    return place._replace(stop=min(place.stop, place.start + longest))


def _named(rule: Rule) -> Iterator[str]:
    yield rule.field
    for each in rule.arguments:
        of, _, name = each.rpartition(".")
        of = of or rule.record
        if (of, name) in PARTS or (of in LAYOUTS and name in LAYOUTS[of].by_name):
            yield each


def _place(
    record: str, name: str, *, begins: bytes = b"", emptiness: bool = False
) -> Place:
    of, _, field = name.rpartition(".")
    of = of or record
    start, length = place_of(of, field)
    return Place(
        of=of,
        start=start - 1,
        stop=start - 1 + length,
        begins=begins,
        emptiness=emptiness,
        signed=is_signed(of, field),
    )
