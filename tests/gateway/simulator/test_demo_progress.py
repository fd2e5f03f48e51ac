"""What a person sees while the demo runs, and what a program gets at its end."""

from __future__ import annotations

import io
from pathlib import Path

from gateway.simulator.demo import facts
from gateway.simulator.demo_figures import Figures
from gateway.simulator.demo_welcome import hints
from gateway.simulator.progress import Progress, block, line, summary

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


def test_hints_name_what_tells_about_missing_answers() -> None:
    """They can be typed as they stand."""
    assert list(hints(Path("my site/octway.toml"))) == [
        "octway remedy list -c 'my site/octway.toml'",
        "octway report remedies -c 'my site/octway.toml'",
        "octway anomaly list --all -c 'my site/octway.toml'",
    ]
