"""`octway number`: a network without registers says so; a file is taken whole or not."""

from __future__ import annotations

from pathlib import Path

from tests.gateway.cli.installation import Installation


def test_a_network_without_registers_says_so(installed: Installation) -> None:
    """French funds know a lot by its number and date: there is nothing to list."""
    said = installed.octway("number", "list", "275968535", "caisse-nord", "2026")
    assert said.status == 1
    assert "payers of sesam hold no register of lot numbers" in said.err


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
