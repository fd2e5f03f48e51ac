"""What a person sees while the demo runs, and what a program gets at its end."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from attrs import evolve

from gateway.simulator.demo import facts
from gateway.simulator.demo_figures import Figures, count
from gateway.simulator.demo_welcome import hints, how_called
from gateway.simulator.progress import Progress, block, line, summary
from tests.gateway import furnished
from tests.gateway.house import House

FIGURES = Figures(
    deposits=1200,
    by_channel={"sftp": 700, "https": 500},
    lots=2000,
    lots_held=3,
    claims=20_000,
    sent_claims=18_000,
    answered_claims=9000,
    returns=310,
    lots_chased=12,
    remedies_tried=7,
    brought_claims=41,
    answers=9500,
    no_response=0.0123,
    anomalies={"lot-held": 1, "answer-late": 2},
    accounts={"paid": 9000},
)


def test_the_json_object_has_exactly_the_keys_that_were_promised() -> None:
    """Programs built on `--json` find every key, and no other."""
    found = facts(FIGURES, ["oh"], 12.345)

    assert list(found) == [
        "seconds",
        "deposits",
        "deposits_by_channel",
        "lots",
        "claims",
        "dispatches",
        "returns",
        "answers",
        "no_response_ratio",
        "anomalies_open",
        "ledger_imbalance",
        "errors",
    ]
    assert found["deposits_by_channel"] == {"sftp": 700, "https": 500}
    assert found["anomalies_open"] == 3
    assert found["errors"] == ["oh"]


def test_a_terminal_is_redrawn_in_place() -> None:
    """Each picture wipes the one before it, and a text that stays is not wiped."""
    out = io.StringIO()
    progress = Progress(out, redraw=True, width=40)
    progress.say("welcome")
    progress.show(1.0, FIGURES, ["a note"])
    height = len(list(block(1.0, FIGURES, ["a note"])))
    progress.show(2.0, FIGURES, [])
    text = out.getvalue()

    assert text.startswith("welcome\n---")
    assert text.count(f"\033[{height}A\033[J") == 1
    assert max(len(each) for each in text.splitlines()) <= 40 + len(
        f"\033[{height}A\033[J"
    )


def test_a_log_file_gets_a_line_now_and_then() -> None:
    """Where nothing can be redrawn, there is one line for five seconds."""
    out = io.StringIO()
    progress = Progress(out, redraw=False, width=80)
    for second in range(12):
        progress.show(float(second), FIGURES, [])

    assert len(out.getvalue().splitlines()) == 3
    assert "\033" not in out.getvalue()


def test_an_unbalanced_ledger_cannot_be_overlooked() -> None:
    """Both views say so in capitals."""
    wrong = Figures(imbalance=7)

    assert "OUT OF BALANCE BY 7" in line(3700.0, wrong)
    assert "OUT OF BALANCE BY 7" in "\n".join(summary(1.0, wrong))
    assert line(3700.0, wrong).startswith("1:01:40 ")


def test_all_is_answered_when_nothing_is_on_its_way() -> None:
    """The demo waits for files unread, unsent, unanswered and unfetched."""
    assert Figures(sent_claims=5, answered_claims=5).all_answered
    assert not Figures(unread=1).all_answered
    assert not Figures(lots_on_their_way=1).all_answered
    assert not Figures(dispatches_waiting=1).all_answered
    assert not Figures(sent_claims=5, answered_claims=4).all_answered
    assert not Figures(unfetched=1).all_answered


def test_what_tracking_did_is_told_while_it_runs_and_in_the_end() -> None:
    """Lots chased, remedies tried and claims brought stand in every view."""
    told = "7 remedies tried, 41 claims brought"
    assert f"chased 12 lots, {told}" in line(1.0, FIGURES)
    assert told in "\n".join(block(1.0, FIGURES, ()))
    assert told in "\n".join(summary(1.0, FIGURES))
    assert "sent at least once 18,000" in line(1.0, FIGURES)


def test_a_busy_machine_is_told() -> None:
    """Whoever sees that nothing new is sent sees why."""
    behind = evolve(FIGURES, behind=True)
    assert "this machine is busy" in line(1.0, behind)
    assert "this machine is busy" in "\n".join(block(1.0, behind, ()))
    assert "busy" not in line(1.0, FIGURES)
    assert "1 anomaly;" in line(1.0, evolve(FIGURES, anomalies={"lot-held": 1}))


def test_what_is_to_be_typed_calls_the_program_that_ran(tmp_path: Path) -> None:
    """After `make demo` no shell finds `octway`: it is in the folder `.venv`."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    assert how_called(python, tmp_path, None) == "octway"
    python.with_name("octway").touch()
    assert how_called(python, tmp_path, None) == ".venv/bin/octway"
    assert how_called(python, tmp_path / "else", None) == f"{python.parent}/octway"
    assert how_called(python, tmp_path, "/usr/bin/octway") == "octway"
    assert next(hints(Path("a.toml"), "x/octway")) == "x/octway remedy list -c a.toml"


def test_hints_name_what_tells_about_missing_answers() -> None:
    """They can be typed as they stand."""
    assert list(hints(Path("my site/octway.toml"))) == [
        "octway remedy list -c 'my site/octway.toml'",
        "octway report remedies -c 'my site/octway.toml'",
        "octway anomaly list --all -c 'my site/octway.toml'",
    ]


@pytest.mark.parametrize(
    ("after", "behind"),
    [(10.0, False), (45.0, True), (200.0, False)],
    ids=["young", "unanswered", "long-ago"],
)
def test_lots_that_wait_too_long_say_that_the_machine_is_busy(
    url: str, after: float, behind: bool
) -> None:
    """What came just now may wait; what came long ago says nothing about now."""
    house = House(url)
    stored = house.deposit(house.client(), "facture.b2", b"some bytes")
    furnished.split(house, "alpha", stored.deposit, [1] * 12)
    found = house.database.read(count, house.now() + after)
    house.close()

    assert found.behind is behind
