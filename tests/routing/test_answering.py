"""A new directory has those answers tried again that it may make somebody's."""

from __future__ import annotations

from datetime import date

from attrs import evolve

from config.directory_records import CodeEntry, DirectoryData, PayerEntry
from routing.answering import Answering, answering, changed
from routing.directory import Directory
from tests.routing.payers import payer

DAY = date(2026, 3, 9)
NORTH = evolve(payer("north", "toy", "North", code="1"), endpoint="n")
SOUTH = evolve(payer("south", "toy", "South", code="2"), endpoint="s")
EAST = evolve(payer("east", "toy", "East", code="3"), endpoint="e")
MERGED = CodeEntry("2", None, date(2025, 12, 31), "1")


def _answering(*payers: PayerEntry) -> Answering:
    data = DirectoryData(payers=payers, endpoints=(), tables={}, sources={})
    return answering(Directory(data), DAY)


def test_the_same_payers_answer_as_before() -> None:
    """What is published anew and says the same has nothing tried again."""
    before = _answering(NORTH, SOUTH, EAST)

    assert (
        changed(before, _answering(EAST, evolve(SOUTH, name="The South"), NORTH)) == []
    )


def test_a_payer_that_moves_changes_where_it_was_and_where_it_is() -> None:
    before = _answering(NORTH, SOUTH, EAST)

    assert changed(before, _answering(NORTH, evolve(SOUTH, endpoint="n"), EAST)) == [
        "n",
        "s",
    ]


def test_an_heir_answers_for_the_codes_it_took_over() -> None:
    """By the day of the merger, and only where the heir answers."""
    before = _answering(NORTH, SOUTH, EAST)
    after = _answering(NORTH, evolve(SOUTH, codes=(MERGED,)), EAST)

    assert changed(before, after) == ["n"]


def test_a_payer_that_comes_or_goes_is_noticed() -> None:
    before = _answering(NORTH, SOUTH)

    assert changed(before, _answering(NORTH, SOUTH, EAST)) == ["e"]
    assert changed(before, _answering(NORTH)) == ["s"]
    assert changed(before, _answering(NORTH, evolve(SOUTH, codes=()))) == ["s"]
