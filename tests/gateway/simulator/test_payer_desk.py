"""A payer of the demo at its folders."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

from gateway.simulator.payer_desk import Desk
from protocols.desk import Ask, Question
from protocols.sesam.sample_maker import make_file, make_sender
from protocols.sesam.simulation import SIMULATION
from protocols.simulated_payer import Faults

START = 1_795_305_600.0
DAY = 2.0


class Caisse:
    """A desk whose clock is moved by hand."""

    def __init__(self, folder: Path, faults: Faults | None = None) -> None:
        self.folder = folder
        self.faults = faults or Faults()
        self.now = START
        self.open()

    def open(self) -> None:
        self.desk = Desk(
            folder=self.folder,
            simulation=SIMULATION,
            code="01990",
            faults=self.faults,
            day=DAY,
            rng=Random(5),
            now=lambda: self.now,
        )

    def put(self, name: str, content: bytes) -> None:
        (self.folder / "in" / name).write_bytes(content)

    def after(self, seconds: float) -> list[str]:
        self.now += seconds
        self.desk.work()
        return sorted(path.name for path in (self.folder / "out").iterdir())


def billing(number: int = 1) -> bytes:
    rng = Random(number)
    return make_file(
        rng,
        sender=make_sender(rng),
        lots=2,
        invoices_per_lot=3,
        day="2026-11-22",
        file_number=number,
    )


def test_a_file_is_acknowledged_at_once_and_paid_days_later(tmp_path: Path) -> None:
    """The acknowledgement is there at the next look, the payment when it is due."""
    caisse = Caisse(tmp_path)
    caisse.put("one.b2", billing())

    assert caisse.after(0) == ["arl-000001.noe"]
    assert caisse.after(1.9 * DAY) == ["arl-000001.noe"]
    assert "noemie-000001.noe" in caisse.after(4 * DAY)


def test_what_is_still_being_written_is_left_alone(tmp_path: Path) -> None:
    """A working name is no file yet."""
    caisse = Caisse(tmp_path)
    caisse.put("one.b2.tmp", billing())

    assert caisse.after(0) == []


def test_a_caisse_that_was_ended_goes_on(tmp_path: Path) -> None:
    """It answers nothing twice, and still delivers what was due meanwhile."""
    caisse = Caisse(tmp_path)
    caisse.put("one.b2", billing())
    caisse.after(0)
    (tmp_path / "out" / "arl-000001.noe").unlink()
    caisse.open()

    assert caisse.after(0) == []
    assert "noemie-000001.noe" in caisse.after(6 * DAY)


def test_one_that_was_killed_before_it_noted_a_file_answers_it_alike(
    tmp_path: Path,
) -> None:
    """The second answer has the same words as the first."""
    caisse = Caisse(tmp_path)
    caisse.put("one.b2", billing())
    caisse.after(0)
    first = (tmp_path / "out" / "arl-000001.noe").read_bytes()
    state = json.loads((tmp_path / "state.json").read_text())
    (tmp_path / "state.json").write_text(json.dumps({**state, "read": {}}))
    (tmp_path / "out" / "arl-000001.noe").unlink()
    caisse.open()

    assert caisse.after(0) == ["arl-000001.noe"]
    assert (tmp_path / "out" / "arl-000001.noe").read_bytes() == first


def test_senders_find_their_file_for_a_while(tmp_path: Path) -> None:
    """A file stays in `in`, so that who lost the line can look; then it goes."""
    caisse = Caisse(tmp_path)
    caisse.put("one.b2", billing())
    caisse.after(0)
    caisse.after(20)
    still_there = (tmp_path / "in" / "one.b2").exists()
    caisse.after(20)

    assert still_there
    assert not (tmp_path / "in" / "one.b2").exists()
    assert (tmp_path / "taken" / "one.b2").exists()


def test_a_file_sent_again_is_answered_again(tmp_path: Path) -> None:
    """The same file under its old name, put there later, gets its answers anew."""
    caisse = Caisse(tmp_path)
    caisse.put("one.b2", billing())
    caisse.after(0)
    caisse.after(40)
    (tmp_path / "out" / "arl-000001.noe").unlink()
    caisse.put("one.b2", billing())

    assert "arl-000001.noe" in caisse.after(0)


def test_lost_returns_never_come(tmp_path: Path) -> None:
    """A caisse told to lose everything puts nothing into its outbox."""
    caisse = Caisse(tmp_path, Faults(lost=1.0))
    caisse.put("one.b2", billing())

    assert caisse.after(0) == []
    assert caisse.after(30 * DAY) == []


def test_a_desk_keeps_to_what_it_has_said_of_a_sender(tmp_path: Path) -> None:
    """Whoever was told that it is registered is not dropped as unknown later on."""
    caisse = Caisse(tmp_path, Faults(unknown_sender=1.0))
    question = Question(
        id="q1",
        ask=Ask.ENROLMENT,
        file="one.b2",
        number=1,
        lot="",
        sender=make_sender(Random(1)).number,
        flow="billing",
    )
    caisse.put(question.name, question.to_bytes())
    caisse.after(0)
    caisse.put("one.b2", billing(1))
    caisse.put("two.b2", billing(2))  # of another sender, of whom nobody asked

    arls = [name for name in caisse.after(DAY) if name.startswith("arl")]
    assert arls == ["arl-000001.noe"]
