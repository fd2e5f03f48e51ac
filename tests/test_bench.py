"""The benchmark's own arithmetic: medians, ratios, verdicts and the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import table
from bench.harness import Bench, Goal, Row, Samples, Side, skipped, take_turns


def test_a_ratio_is_that_of_the_medians() -> None:
    """One wild turn changes the spread, and the ratio hardly."""
    found = Samples(
        {
            "ours": [{"rate": 20.0}, {"rate": 22.0}, {"rate": 90.0}],
            "peer": [{"rate": 10.0}, {"rate": 11.0}, {"rate": 9.0}],
        }
    )

    row = found.row("work", ours="ours", theirs="peer", measure="rate")

    assert (row.ours, row.theirs, row.ratio) == (22.0, 10.0, 2.2)
    assert (row.low, row.high, row.runs) == (2.0, 10.0, 3)
    assert row.against == "peer"


@pytest.mark.parametrize(
    ("goal", "ratio", "verdict"),
    [
        (Goal(must=1.6, aim=2.0), 2.0, "aim"),
        (Goal(must=1.6, aim=2.0), 1.6, "must"),
        (Goal(must=1.6, aim=2.0), 1.59, "missed"),
        (Goal(must=0.3, aim=0.15, lower=True), 0.15, "aim"),
        (Goal(must=0.3, aim=0.15, lower=True), 0.3, "must"),
        (Goal(must=0.3, aim=0.15, lower=True), 0.31, "missed"),
        (Goal(must=1.0, lower=True), 0.2, "must"),
        (Goal(), 0.0, "context"),
    ],
)
def test_a_ratio_is_judged_by_what_was_promised(
    goal: Goal, ratio: float, verdict: str
) -> None:
    """Costs have to stay below their bounds, rates above theirs."""
    assert goal.verdict(ratio) == verdict


def test_sides_take_turns_and_the_first_turn_is_dropped(tmp_path: Path) -> None:
    """What is compared was measured in the same minutes, warmed up."""
    turns: list[tuple[str, int]] = []

    def side(name: str) -> Side:
        def turn(number: int) -> dict[str, float]:
            turns.append((name, number))
            return {"rate": float(number)}

        return Side(name=name, turn=turn)

    quiet = Bench(folder=tmp_path, runs=2, quick=True)
    found = take_turns(quiet, [side("a"), side("b")])

    assert [number for _, number in turns] == [0, 0, 1, 1, 2, 2]
    assert [name for name, _ in turns] == ["b", "a", "a", "b", "b", "a"]
    assert found.median("a", "rate") == 1.5


def test_the_table_shows_ratios_and_what_is_missing() -> None:
    """A reader sees promise, ratio and verdict; never a figure of one machine."""
    rows = [
        Row(
            work="files",
            against="OpenSSH",
            goal=Goal(must=1.6, aim=2.0),
            ours=123456.0,
            theirs=61728.0,
            ratio=2.0,
            low=1.5,
            high=12.34,
            runs=5,
        ),
        Row(
            work="cost",
            against="itself",
            goal=Goal(must=0.03, lower=True),
            ratio=0.051,
            low=0.0,
            high=0.1,
            percent=True,
        ),
        skipped("files", "ProFTPD", "no proftpd on this machine"),
    ]

    assert table.markdown(rows).splitlines()[2:] == [
        "| files | OpenSSH | ≥ 1.60 × | ≥ 2.00 × | 2.00 × | 1.50 - 12 × | "
        "reached the aim |",
        "| cost | itself | ≤ 3.0 % |  | 5.1 % | 0.0 - 10.0 % | **missed** |",
        "| files | ProFTPD |  |  |  |  | skipped; no proftpd on this machine |",
    ]


def test_the_table_goes_between_its_marks(tmp_path: Path) -> None:
    """Writing it twice leaves one table, and the text around it as it was."""
    page = tmp_path / "README.md"
    page.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n")
    row = Row(work="files", against="OpenSSH", ratio=1.0, low=1.0, high=1.0)

    table.write(page, [row], "first")
    table.write(page, [row], "second")

    text = page.read_text()
    assert text.startswith(f"before\n{table.BEGIN}\nsecond\n\n| work |")
    assert text.endswith(f"{table.END}\nafter\n")
    assert text.count("| files | OpenSSH |") == 1


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    """Nothing is overwritten where there is no place for the table."""
    page = tmp_path / "README.md"
    page.write_text("no marks\n")

    with pytest.raises(ValueError, match="wanted"):
        table.write(page, [], "about")

    assert page.read_text() == "no marks\n"
