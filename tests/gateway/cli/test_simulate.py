"""`octway simulate` from the outside: what it refuses, prints and writes."""

from __future__ import annotations

import io
import json
import os
import time
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from gateway.cli.main import main
from gateway.cli.simulate_shown import show
from gateway.cli.terminal import Terminal
from gateway.simulator.study import StudyBroken, conduct
from gateway.simulator.study_faults import ALSO, MIX, Faults
from gateway.simulator.study_payers import ids_of
from gateway.simulator.study_run import StudyOptions
from protocols.catalog import Catalog


def terminal_on(out: io.StringIO, err: io.StringIO) -> Terminal:
    return Terminal(
        out=out,
        err=err,
        stdin=io.StringIO(),
        environ={},
        now=time.time,
        entropy=os.urandom,
        user="tester",
    )


def simulate(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    status = main(["simulate", *arguments], terminal_on(out, err))
    return status, out.getvalue(), err.getvalue()


def test_a_study_gives_one_json_object_and_both_curves(tmp_path: Path) -> None:
    """Both runs are lived through, their journals kept, and nothing else printed."""
    status, out, err = simulate(
        *("--claims", "40", "--days", "30", "--json", "--dir", str(tmp_path / "kept")),
        *("--plot", str(tmp_path / "c.svg"), "--csv", str(tmp_path / "c.csv")),
    )

    found = json.loads(out)
    assert status == 0
    assert (found["claims"], found["days"], found["seed"]) == (40, 30, 1)
    assert found["processed_twice"] == found["ledger_imbalance"] == 0
    assert "note: 30 days are too short for the slowest remedies" in err
    assert "untracked: day 30 of 30" in err
    assert "tracked: day 30 of 30" in err
    assert (tmp_path / "kept" / "tracked" / "octway.toml").exists()
    assert fromstring((tmp_path / "c.svg").read_bytes()).tag.endswith("svg")
    lines = (tmp_path / "c.csv").read_text().splitlines()
    assert lines[0] == "day,untracked,tracked"
    assert len(lines) == 11
    shown = io.StringIO()
    for days in (
        30,
        60,
    ):  # why a short study need not reach its floor is said beside it
        show(found | {"days": days}, terminal_on(shown, io.StringIO()))
    assert "In 30 days tracking may stay above the floor" in shown.getvalue()
    assert "In 60 days" not in shown.getvalue()


def test_a_run_that_ends_early_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without room for its journals a study ends with words, and starts nothing else."""
    (tmp_path / "untracked").write_text("no folder")
    options = StudyOptions(claims=8, days=20, seed=1, faults=Faults())
    with pytest.raises(StudyBroken, match="the untracked run ended before its last"):
        conduct(options, tmp_path, lambda run, day: None)

    assert "FileExistsError" in capfd.readouterr().err


def test_a_fault_file_is_refused_with_its_line(tmp_path: Path) -> None:
    """Nothing is started, and the mistake is told as in any other file."""
    file = tmp_path / "mix.toml"
    file.write_text("[mix]\nmisrouted = 2\n", encoding="utf-8")
    status, out, err = simulate("--faults", str(file))

    assert (status, out) == (2, "")
    assert f"octway: {file}:2: mix.misrouted: is 2; wanted a share from 0 to 1" in err


def test_a_file_that_is_not_there_is_named() -> None:
    """A wrong path is told as such."""
    status, _, err = simulate("--faults", "/nowhere/mix.toml")

    assert status == 2
    assert "/nowhere/mix.toml: cannot be read" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--claims", "0"), "0 claims cannot be studied; wanted 1 to 1000000"),
        (("--days", "5"), "5 days cannot be studied; wanted 20 to 720"),
        (("--days", "many"), "'many' is no number; wanted one such as 5"),
    ],
)
def test_sizes_that_mean_nothing_are_refused(
    arguments: tuple[str, ...], told: str
) -> None:
    """The command line says what can be studied."""
    status, _, err = simulate(*arguments)

    assert status == 2
    assert told in err


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    """Journals are kept in a new folder, never among other files."""
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    status, _, err = simulate("--dir", str(tmp_path))

    assert status == 2
    assert "is there already; wanted a new or empty folder" in err


def test_help_tells_the_whole_fault_file(capsys: pytest.CaptureFixture[str]) -> None:
    """Every key that a fault file may have is named, in the page of the study too."""
    assert simulate("--help")[0] == 0
    told = capsys.readouterr().out
    page = Path("docs/no-response.md").read_text(encoding="utf-8")
    payers = ids_of(list(Catalog.installed().simulated()))
    for name in (*MIX, *ALSO, "enrolment_days", "outage_days", *payers):
        assert name in told
        assert f"`{name}`" in page
