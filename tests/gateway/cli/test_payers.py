"""`octway payer`: the directory as loaded, tested, and taken over from the table."""

from __future__ import annotations

import errno
import itertools
from pathlib import Path

import pytest

from tests.gateway.cli.installation import Installation, lines_with

HEADER = ";".join(f"column {number}" for number in range(1, 15))


def row(regime: str, fund: str, label: str, organism: str, computer: str) -> str:
    """Make a row of the national table, in its fourteen columns."""
    values = [regime, fund, "0000", label, "", organism, computer]
    return ";".join(values + [""] * (14 - len(values)))


@pytest.fixture
def table(installed: Installation) -> Path:
    """Give a table with a known fund, a new one, and one of them said again."""
    file = installed.folder / "national.csv"
    lines = [
        HEADER,
        row("01", "990", "Caisse Nord", "990", "000"),
        row("01", "123", "Caisse de l'Été", "123", "036"),
        row("01", "123", "Caisse de l'Été", "123", "036"),
    ]
    file.write_bytes("\n".join(lines).encode("latin-1"))
    return file


def test_payers_are_listed_and_shown(installed: Installation) -> None:
    """Each with codes, flows and how it is reached; a code finds its payer too."""
    shown = installed.octway("payer", "list")
    assert lines_with(shown.out, "caisse-nord", "01990", "billing", "folder")
    for name in ("caisse-nord", "01990"):
        assert installed.octway("payer", "show", name, "--json").facts["payer"] == (
            "caisse-nord"
        )
    assert lines_with(
        installed.octway("payer", "show", "caisse-nord").out,
        "owes payment",
        "7 working days",
    )
    assert installed.octway("payer", "show", "nobody").status == 1


def test_a_payer_that_answers_and_one_that_does_not(installed: Installation) -> None:
    """Test logs in and looks; exit 1 if one of them does not answer."""
    assert installed.octway("payer", "test", "caisse-nord").status == 0
    installed.shut("caisse-nord")
    tested = installed.octway("payer", "test", "--all")
    assert tested.status == 1
    assert "caisse-nord: does not answer" in tested.err
    assert lines_with(tested.out, "caisse-sud", "answers")
    assert installed.octway("payer", "test").status == 2


CHANGES = {"added": 1, "removed": 5, "changed": 1}
"""What the table of the tests changes in the example's."""


def test_an_import_adds_what_is_new_and_keeps_what_is_there(
    installed: Installation, table: Path
) -> None:
    """Files of payers stay byte for byte; the fund that was not there gets one."""
    known = {
        file: file.read_bytes() for file in (installed.folder / "payers").glob("*.toml")
    }
    done = installed.octway("payer", "import", str(table), "--json")
    assert done.status == 0
    assert f"{table}:4: regime (column 1)" in done.err
    assert (done.facts["errors"], done.facts["warnings"]) == (0, 1)
    assert done.facts["payers_added"] == ["sesam-01123"]
    assert {file: file.read_bytes() for file in known} == known
    assert installed.octway("check").status == 0
    shown = installed.octway("payer", "show", "01123", "--json").facts
    assert shown["name"] == "Caisse de l'Été"
    assert shown["endpoint"] is None
    assert done.facts["changes"] == CHANGES
    again = installed.octway("payer", "import", str(table), "--json")
    assert again.facts["payers_added"] == []
    assert not any(again.facts["changes"].values())
    before = installed.folder / "payers/tables/sesam/destinations.csv.before"
    assert "Invented rows" in before.read_text()


def test_a_dry_run_writes_nothing(installed: Installation, table: Path) -> None:
    """It says what it would do."""
    files = {
        file: file.read_bytes()
        for file in (installed.folder / "payers").rglob("*")
        if file.is_file()
    }
    done = installed.octway("payer", "import", str(table), "--dry-run")
    assert "1 payer would be added, 1 there already" in done.out
    told = ", ".join(f"{count} {what}" for what, count in CHANGES.items())
    assert f"rows, compared with the table in the directory: {told}" in done.out
    after = [f for f in (installed.folder / "payers").rglob("*") if f.is_file()]
    assert sorted(after) == sorted(files)
    assert {file: file.read_bytes() for file in files} == files


def test_a_file_that_is_no_table_changes_nothing(installed: Installation) -> None:
    """Nothing usable in it: exit 1, and the table stays."""
    place = installed.folder / "payers/tables/sesam/destinations.csv"
    before = place.read_bytes()
    file = installed.folder / "other.txt"
    file.write_text("hello\nworld\n")
    done = installed.octway("payer", "import", str(file))
    assert done.status == 1
    assert "holds no payer" in done.err
    assert place.read_bytes() == before


def test_one_bad_row_changes_nothing(installed: Installation, table: Path) -> None:
    """All of them are named, the table in force and the payers' files stay."""
    bad = row("01", "12x", "Caisse", "123", "036")
    table.write_bytes(table.read_bytes() + f"\n{bad}\n01;99;cut".encode())
    before = sorted((installed.folder / "payers").rglob("*"))
    place = installed.folder / "payers/tables/sesam/destinations.csv"
    content = place.read_bytes()
    done = installed.octway("payer", "import", str(table), "--json")
    assert done.status == 1
    assert (done.facts["written"], done.facts["errors"]) == (False, 1)
    assert f"{table}:6: (column 4)" in done.err
    assert "refused as a whole, and the one in force stays" in done.err
    assert sorted((installed.folder / "payers").rglob("*")) == before
    assert place.read_bytes() == content


@pytest.mark.parametrize("after", [0, 1, 3], ids=["payer", "before", "table"])
def test_an_import_that_the_disk_cannot_take_changes_nothing(
    installed: Installation,
    table: Path,
    after: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whichever of its files finds no room: the directory is the one of before."""
    written = itertools.count()

    def fsync(descriptor: int) -> None:
        if next(written) == after:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("gateway.cli.key_files.os.fsync", fsync)
    payers = installed.folder / "payers"
    before = {file: file.read_bytes() for file in payers.rglob("*") if file.is_file()}
    done = installed.octway("payer", "import", str(table))
    assert done.status == 2
    assert f"{payers}/" in done.err
    assert "No space left on device; make room on that disk" in done.err
    told = {file: file.read_bytes() for file in payers.rglob("*") if file.is_file()}
    assert {name: told[name] for name in before} == before
    assert {file.name for file in told.keys() - before} <= {"destinations.csv.before"}
    assert installed.octway("check").status == 0


def test_held_lots_find_an_imported_payer(installed: Installation, table: Path) -> None:
    """After an import the fund is known: only its endpoint is missing."""
    installed.octway("payer", "import", str(table))
    installed.deposit("facture.b2", installed.billing_file(fund="123"))
    installed.work()
    said = installed.octway("trace", "facture.b2", "--json").facts
    assert said["lots"][0]["cause"] == "no-endpoint"
    assert any("[endpoint]" in each for each in said["todo"])


def test_show_tells_what_is_done_about_missing_answers(
    installed: Installation,
) -> None:
    """Desk, playbook and announced outages, for people and for programs."""
    file = installed.folder / "payers" / "caisse-nord.toml"
    kept = file.read_text(encoding="utf-8").split("[desk]", maxsplit=1)[0]
    file.write_text(
        kept + '\n[desk]\nanswers = ["status"]\n'
        "[playbook]\napprove_above = 500000\n"
        '[[remedy]]\ndo = "ask-status"\nmost = 4\nwait = "1 working day"\n'
        '[[remedy]]\ndo = "person"\n',
        encoding="utf-8",
    )
    shown = installed.octway("payer", "show", "caisse-nord")
    assert lines_with(shown.out, "desk", "answers status")
    assert lines_with(shown.out, "ask-status", "4 times at most, then waits 1 working")
    assert "1 working days" not in shown.out
    assert lines_with(shown.out, "second person", "asked above 5,000.00 EUR")
    assert lines_with(shown.out, "patience", "4 working days")
    facts = installed.octway("payer", "show", "caisse-nord", "--json").facts
    assert facts["playbook"]["approve_above"] == 500000
    assert [each["most"] for each in facts["playbook"]["remedies"]] == [4, 1]
    assert facts["outages"] == []
