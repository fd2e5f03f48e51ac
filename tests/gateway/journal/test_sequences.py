"""A missing number is seen at once, a late one closes it, and jumpers are left alone."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.journal import anomalies, schema, sequences
from gateway.journal.sequences import Maker
from routing.lifecycle import AnomalyEvent
from routing.sequence import FileNumber, Numbering
from tests.gateway.journal.desk import Desk

MAKER = Maker(kind="return-gap", name="e-nord", words="endpoint e-nord", payer="nord")
ROUND = Numbering(1, 99)


def see(desk: Desk, numbers: Iterable[int], maker: Maker = MAKER) -> None:
    for number in numbers:
        desk.at += 1
        said = FileNumber("arl", number, ROUND)
        desk.write(sequences.note, desk.entropy, maker, said)


def missing(desk: Desk) -> list[int]:
    found: list[int] = desk.database.read(sequences.missing, "return-gap:e-nord:arl")
    return found


def shown(desk: Desk) -> list[tuple[str, int, str]]:
    rows = desk.rows(schema.anomaly)
    return [(row.state, row.seen, row.words) for row in rows]


def test_a_missing_number_is_told_as_soon_as_the_next_one_comes(desk: Desk) -> None:
    """One anomaly for the series names all that is missing; it ends with the last."""
    see(desk, [*range(1, 8), 10])
    assert missing(desk) == [8, 9]
    words = "endpoint e-nord (arl) counts its files one by one, and {} never came; the last one is {}"
    assert shown(desk) == [("open", 1, words.format("files 8 to 9", 10))]
    assert desk.row(schema.anomaly).payer_id == "nord"
    see(desk, [11, 13, 9])
    assert shown(desk) == [("open", 2, words.format("files 8, 12", 13))]
    see(desk, [12])
    assert shown(desk) == [("open", 2, words.format("file 8", 13))]
    see(desk, [8])
    assert missing(desk) == []
    assert [state for state, _, _ in shown(desk)] == ["resolved"]
    see(desk, [14, 16])
    assert [(state, seen) for state, seen, _ in shown(desk)] == [("open", 3)]
    assert desk.broken() == []


def test_repeats_change_nothing(desk: Desk) -> None:
    """A number that came before is counted, and the series stands where it stood."""
    see(desk, [*range(1, 8), 7, 3, 7, 8])
    series, beside = desk.rows(schema.sequence)
    assert (series.last, series.seen, series.in_order) == (8, 7, 7)
    assert (beside.series, beside.seen) == ("return-gap:e-nord:arl#old", 2)
    assert shown(desk) == []


def test_numbers_go_round(desk: Desk) -> None:
    """After the last number comes the first, and what is missing between is told."""
    see(desk, [*range(93, 99), 2])
    assert missing(desk) == [1, 99]
    see(desk, [99, 1, 3])
    assert missing(desk) == []
    assert [state for state, _, _ in shown(desk)] == ["resolved"]


def test_a_maker_whose_numbers_jump_is_never_alarmed(desk: Desk) -> None:
    """Fours, and random order: nothing of it can be a loss."""
    see(desk, range(1, 90, 4))
    see(
        desk,
        [1, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14],
        Maker(kind="return-gap", name="other", words="other"),
    )
    assert desk.rows(schema.sequence_gap) == []
    assert desk.rows(schema.anomaly) == []


def test_a_change_of_habit_is_learned(desk: Desk) -> None:
    """A maker that begins to jump is told a few times, then no more, and all is closed."""
    see(desk, range(1, 8))
    see(desk, range(9, 60, 3))
    assert missing(desk) == []
    assert [state for state, _, _ in shown(desk)] == ["resolved"]
    assert shown(desk)[0][1] < 4


def test_numbers_that_begin_anew_are_followed(desk: Desk) -> None:
    """A new year's numbers are noticed after five of them, and gaps are told again."""
    see(desk, range(1, 45))
    see(desk, [46])
    assert missing(desk) == [45]
    see(desk, range(1, 6))
    assert missing(desk) == []
    see(desk, [6, 8])
    assert missing(desk) == [7]


def test_what_a_person_has_seen_to_is_not_told_again(desk: Desk) -> None:
    """After a person resolved it, only what is missing anew is named."""
    see(desk, [*range(1, 8), 10])
    name = desk.row(schema.anomaly).id
    desk.write(
        lambda tx: anomalies.move(
            tx, name, AnomalyEvent.RESOLVE, by="lea", resolution="8 and 9 never were"
        )
    )
    see(desk, [11, 9])
    assert [state for state, _, _ in shown(desk)] == ["resolved"]
    see(desk, [12, 14])
    assert missing(desk) == [13]
    assert [state for state, _, _ in shown(desk)] == ["open"]


def test_files_that_nobody_could_read_explain_what_is_missing(desk: Desk) -> None:
    """A gap is no second alarm for a file that came and could not be read."""
    see(desk, range(1, 8))
    excused = Maker(kind="return-gap", name="e-nord", words="", excused=lambda since: 1)
    see(desk, [9], excused)
    assert missing(desk) == []
    see(desk, [12], excused)
    assert missing(desk) == [10, 11]
