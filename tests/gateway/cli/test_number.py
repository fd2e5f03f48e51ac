"""`octway number`: a network without registers says so; a file is taken whole or not."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.gateway.cli.installation import Installation

SENDER: Final = "47041040401"  # invented


def test_a_network_without_registers_says_so(installed: Installation) -> None:
    """French funds know a lot by its number and date: there is nothing to list."""
    said = installed.octway("number", "list", "275968535", "caisse-nord", "2026")
    assert said.status == 1
    assert "payers of sesam hold no register of lot numbers" in said.err


@pytest.fixture
def belgian(installed: Installation) -> Installation:
    """An installation with a union in its directory, and numbers used before it."""
    installed.add_union()
    used = installed.folder / "used.csv"
    used.write_text(
        "sender;payer;year;first;last;note\n"
        f"{SENDER};300;2026;1;120;other program\n{SENDER};300;2026;130;;paper\n",
        encoding="utf-8",
    )
    assert installed.octway("number", "import", str(used)).status == 0
    return installed


def test_numbers_noted_alike_are_one_line(belgian: Installation) -> None:
    """A practice sees at a glance what is taken, what that means, and what is next."""
    said = belgian.octway("number", "list", SENDER, "union-300", "2026")
    lines = [line.split() for line in said.out.splitlines()]
    assert ["001-120", "before", "before", "Octway", "other", "program"] in lines
    assert ["130", "before", "before", "Octway", "paper"] in lines
    assert "before: the number is never used again" in said.out
    assert "1 to 120, 130; the next one is 131" in said.out


@pytest.mark.parametrize(
    ("sender", "year", "wrong"),
    [
        (SENDER, "26", "YEAR is '26'; wanted four digits"),
        ("12", "2026", "SENDER is '12', which is no sender's number in network myc"),
    ],
)
def test_a_register_that_cannot_be_is_not_told_to_be_free(
    belgian: Installation, sender: str, year: str, wrong: str
) -> None:
    """A slip of the keyboard does not make a used number look free."""
    said = belgian.octway("number", "list", sender, "union-300", year)
    assert said.status == 2
    assert wrong in said.err


def test_every_mistake_of_a_file_is_named(
    installed: Installation, tmp_path: Path
) -> None:
    """Nothing is noted unless all lines are right."""
    file = tmp_path / "used.csv"
    file.write_text(
        "sender;payer;year;first;last;note\n"
        "275968535;caisse-nord;2026;1;20;\n"
        "275968535;nobody;2026;1;2;\n"
        "275968535;caisse-nord;26;0;2000;\n"
        "275968535\n",
        encoding="utf-8",
    )
    said = installed.octway("number", "import", str(file))
    assert f"{file}:2: payer: is 'caisse-nord'; payers of sesam hold no register" in (
        said.err
    )
    assert said.status == 2
    assert f"{file}:3: payer: " in said.err
    assert f"{file}:4: year: is '26'" in said.err
    assert f"{file}:4: last: is '2000'" in said.err
    assert f"{file}:5: has 1 columns" in said.err
