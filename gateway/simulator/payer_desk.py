"""What a payer of the demo does with its folders: reads `in`, answers into `out`.

All it knows is in its folder, so it goes on where it was when started again:
`state.json` holds its memory, `later` the returns that are written and not due.
The order surprises: the memory is saved before the returns are written and the
file is noted as read after, so a payer killed in between answers the file once
more, in the same words, as one that was resent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final, TypedDict

from gateway.clock import Now
from gateway.simulator.payer_folder import INBOX, OUTBOX
from gateway.simulator.payer_questions import Questions, is_question
from protocols.simulated_payer import Faults, SimulatedReturn
from protocols.simulation import Simulation

_STATE: Final = "state.json"
_LATER: Final = "later"
_TAKEN: Final = "taken"
_WORKING: Final = (".tmp", ".part", ".partial", ".filepart")
_KEEP: Final = 30.0  # seconds that a file stays in `in`, where senders look for it
_MILLISECONDS: Final = 1000


class State(TypedDict):
    """What is kept: the payer's memory, and which files of `in` were read."""

    seen: Mapping[str, object] | None
    read: dict[str, float]
    registering: dict[str, float]


class Desk:
    """One payer at its folders.  `day` is how many seconds its days last.

    It `loses` that share of the files that come, before anybody has read them.
    """

    def __init__(
        self,
        *,
        folder: Path,
        simulation: Simulation,
        code: str,
        faults: Faults,
        day: float,
        rng: Random,
        now: Now,
        loses: float = 0.0,
    ) -> None:
        self._loses = loses
        self._folder = folder
        self._day = day
        self._rng = rng
        self._now = now
        self._state = self._load()
        self._payer = simulation.payer(code, faults, self._state["seen"])
        self._questions = Questions(
            self._payer,
            waiting=self._state["registering"],
            day=day,
            send_again=self._send_again,
        )
        for name in (INBOX, OUTBOX, _LATER, _TAKEN):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def work(self) -> None:
        """Answer what came, put what is due into `out`, clear what is long read."""
        self._questions.register(self._now())
        new = list(self._new())
        for file in new:
            if is_question(file):
                self._reply(file)
            else:
                self._answer(file)
        if new:
            self._save()  # once: what is kept of a payer that is busy is long
        self._deliver()
        self._clear()

    def _new(self) -> Iterator[Path]:
        for file in sorted((self._folder / INBOX).iterdir()):
            whole = file.is_file() and not file.name.endswith(_WORKING)
            if whole and _version(file) not in self._state["read"]:
                yield file

    def _answer(self, file: Path) -> None:
        version = _version(file)
        if self._rng.random() >= self._loses:
            self._respond(file)
        self._state["read"][version] = self._now()

    def _respond(self, file: Path, *, again: bool = False) -> None:
        today = datetime.fromtimestamp(self._now(), UTC).date().isoformat()
        respond = self._payer.repeat if again else self._payer.respond
        made = respond(file.read_bytes(), rng=self._rng, day=today)
        self._save()
        for each in made:
            self._keep_for_later(each)

    def _reply(self, file: Path) -> None:
        """Answer a question on the next day."""
        answer = self._questions.answer(file.read_bytes(), self._now())
        if answer is not None:
            due = int((self._now() + self._day) * _MILLISECONDS)
            name = f"{due:014}-{answer.name}"
            _write(self._folder / _LATER / name, answer.to_bytes())
        self._state["read"][_version(file)] = self._now()

    def _send_again(self, name: str) -> bool:
        """Answer a file anew, as it was answered first; False if it is not kept."""
        for folder in (INBOX, _TAKEN):
            file = self._folder / folder / name
            if file.is_file() and file.parent.name in {INBOX, _TAKEN}:
                self._respond(file, again=True)
                return True
        return False

    def _keep_for_later(self, each: SimulatedReturn) -> None:
        due = self._now() + each.delay_days * self._day
        name = f"{int(due * _MILLISECONDS):014}-{each.name}"
        _write(self._folder / _LATER / name, each.content)

    def _deliver(self) -> None:
        now = int(self._now() * _MILLISECONDS)
        for file in sorted((self._folder / _LATER).iterdir()):
            due, _, name = file.name.partition("-")
            if not due.isdigit():
                continue  # being written
            if int(due) > now:
                return
            file.replace(self._folder / OUTBOX / name)

    def _clear(self) -> None:
        before = self._now() - _KEEP
        gone = [key for key, at in self._state["read"].items() if at < before]
        for key in gone:
            file = self._folder / INBOX / key.rsplit("|", 2)[0]
            if file.exists() and _version(file) == key:
                file.replace(self._folder / _TAKEN / file.name)
            del self._state["read"][key]
        if gone:
            self._save()

    def _load(self) -> State:
        path = self._folder / _STATE
        if path.exists():
            found: State = json.loads(path.read_text(encoding="utf-8"))
            return found
        return State(seen=None, read={}, registering={})

    def _save(self) -> None:
        self._state["seen"] = self._payer.seen
        text = json.dumps(self._state, separators=(",", ":"))
        _write(self._folder / _STATE, text.encode())


def _version(file: Path) -> str:
    """Tell one sending of a file from the next under the same name."""
    seen = file.stat()
    return f"{file.name}|{seen.st_size}|{seen.st_mtime_ns}"


def _write(path: Path, content: bytes) -> None:
    """Put a file in its place at once: nobody ever sees half of it."""
    working = path.with_name(f"being-written-{path.name}.tmp")
    working.write_bytes(content)
    working.replace(path)
