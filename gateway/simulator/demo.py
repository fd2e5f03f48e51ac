"""`octway demo`: the whole system on one machine, with payers and vendors simulated.

The gateway and the payers are processes of their own; the vendors' software runs
here in threads and uses the gateway's doors as any client must.  All figures
are read from the gateway's journal, so what is shown is what it would say too.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from logging import NullHandler, getLogger
from pathlib import Path
from random import Random
from typing import Any, Final, TextIO

from attrs import frozen
from sqlalchemy import Engine

from config.errors import ConfigErrors
from gateway.journal import verify
from gateway.journal.dialect import open_engine
from gateway.simulator import demo_setup
from gateway.simulator.demo_figures import Figures, count
from gateway.simulator.demo_programs import Program, ProgramFailed
from gateway.simulator.demo_setup import DemoHome, NotADemo
from gateway.simulator.demo_signals import Interrupts, listening_for_signals
from gateway.simulator.demo_vendors import hire, write_samples
from gateway.simulator.demo_welcome import hints, how_called, welcome
from gateway.simulator.options import DemoOptions
from gateway.simulator.progress import Progress, summary
from gateway.simulator.vendors import Notebook, Office
from protocols.catalog import Catalog

_FAULT_EVERY: Final = 8.0  # seconds between two faults of a payer's line
_LOCK_OUT_AT: Final = 60.0
_LONG_RUN: Final = 300.0  # in a shorter one a payer that locked us out is not back
_DRAIN: Final = 4.0  # seconds kept for stopping
_SETTLE_SHARE: Final = 0.45  # of the whole time, for answers to come in
_SETTLE: Final = (5.0, 30.0)
_SETTLE_ON_CTRL_C: Final = 10.0
_LEAST_SENDING: Final = 3.0
_TICK: Final = 1.0
_DOORS: Final = ("sftp", "https", "operations")
_SHOWN_NOTES: Final = 5
_WIDTH: Final = 100

now = time.time  # noqa: TID251 - the one clock of the demo, given to all its parts


@frozen(kw_only=True)
class Demo:
    """A demo under way."""

    home: DemoHome
    options: DemoOptions
    began: float
    progress: Progress
    engine: Engine
    gateway: Program
    payers: Program
    notebook: Notebook
    interrupts: Interrupts

    def watch(
        self,
        until: float | None,
        *,
        or_answered: bool = False,
        office: Office | None = None,
    ) -> None:
        """Show how it stands, until the time has come or somebody interrupts.

        An `office` that is given sends nothing new while answers are behind.
        """
        start = self.interrupts.count
        while (until is None or time.monotonic() < until) and self.gateway.running:
            began = time.monotonic()
            figures = self.figures()
            self.progress.show(
                began - self.began, figures, self.notes()[-_SHOWN_NOTES:]
            )
            if or_answered and figures.all_answered:
                return
            if office is not None:
                office.hold_back(figures.behind)
            # Counting a large journal takes its time; it must not be all we do.
            pause = max(_TICK, 5 * (time.monotonic() - began))
            if until is not None:
                pause = min(pause, max(0.0, until - time.monotonic()))
            if self.interrupts.wait(start, pause):
                return

    def figures(self) -> Figures:
        """Count how it stands."""
        with self.engine.connect() as connection:
            return count(connection, now())

    def notes(self) -> list[str]:
        """Everything that went wrong so far."""
        return [
            *self.notebook.notes,
            *self.gateway.complaints,
            *self.payers.complaints,
        ]


def run(options: DemoOptions) -> int:
    """Run the demo; return 1 if a promise was broken, else 0.

    Stops by itself after `options.seconds`, or cleanly at SIGINT or SIGTERM.
    """
    getLogger("paramiko").addHandler(NullHandler())
    with ExitStack() as stack:
        interrupts = stack.enter_context(listening_for_signals())
        out: TextIO = sys.stdout
        if options.json:
            out = stack.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
        kept = options.dir is not None
        folder = (
            options.dir or Path(tempfile.mkdtemp(prefix="octway-demo-"))
        ).resolve()
        try:
            figures, notes, seconds = _run(options, folder, out, interrupts)
        except NotADemo as error:
            sys.stderr.write(f"octway: {error}\n")
            return 2
        except (ProgramFailed, ConfigErrors, OSError) as error:
            sys.stderr.write(f"octway: {error}\n")
            return 1
        finally:
            if not kept:
                shutil.rmtree(folder, ignore_errors=True)
    _report(options, figures, notes, seconds)
    return 1 if notes or figures.imbalance else 0


def _run(
    options: DemoOptions, folder: Path, out: TextIO, interrupts: Interrupts
) -> tuple[Figures, list[str], float]:
    began = time.monotonic()
    progress = Progress(
        out,
        redraw=out.isatty() and os.environ.get("TERM") != "dumb",
        width=shutil.get_terminal_size((_WIDTH, 24)).columns,
    )
    home = demo_setup.prepare(
        folder,
        list(Catalog.installed().simulated()),
        count=options.clients,
        seed=options.seed,
        now=now,
        entropy=os.urandom,
    )
    with ExitStack() as stack:
        payers = stack.enter_context(_running(_payers(home, options)))
        listening = payers.doors(["payers"])["payers"]
        demo_setup.write_payers(
            home,
            where=listening["where"],
            host_key=listening["host_key"],
            hosts=listening["hosts"],
        )
        gateway = stack.enter_context(_running(_gateway(home)))
        doors = gateway.doors(_DOORS)
        places = {name: str(doors[name]["where"]) for name in _DOORS}
        engine = open_engine(home.settings.database.url, write=False, connections=1)
        stack.callback(engine.dispose)
        demo = Demo(
            home=home,
            options=options,
            began=began,
            progress=progress,
            engine=engine,
            gateway=gateway,
            payers=payers,
            notebook=Notebook(),
            interrupts=interrupts,
        )
        _welcome(demo, places)
        _work(demo, places)
        gateway.stop()
        payers.stop()
        figures = demo.figures()
        notes = [*demo.notes(), *_broken(engine)]
    return figures, notes, time.monotonic() - began


def _welcome(demo: Demo, places: dict[str, str]) -> None:
    home, options = demo.home, demo.options
    demo_setup.write_known_hosts(home, places["sftp"])
    samples = write_samples(home, Random(f"{options.seed}|sample"), now)  # noqa: S311
    for text in welcome(home, places, samples, _call()):
        demo.progress.say(text)
    if options.open:
        webbrowser.open(f"https://{places['https']}/console")


def _work(demo: Demo, places: dict[str, str]) -> None:
    """Let the software bill, then only fetch until all is answered."""
    office = hire(
        demo.home,
        sftp=places["sftp"],
        https=places["https"],
        dice=Random(f"{demo.options.seed}|{now()}"),  # noqa: S311 - a second run differs
        notebook=demo.notebook,
        now=now,
        monotonic=time.monotonic,
        wait=threading.Event().wait,
    )
    office.start()
    try:
        _bill_and_settle(demo, office)
    finally:
        office.stop()


def _bill_and_settle(demo: Demo, office: Office) -> None:
    seconds = demo.options.seconds
    if seconds is None:
        demo.watch(None, office=office)
        office.stop_sending()
        demo.progress.say(
            "Stopping: nothing new is sent; waiting a little for answers "
            "(Ctrl-C again to stop at once)."
        )
        demo.watch(time.monotonic() + _SETTLE_ON_CTRL_C, or_answered=True)
        return
    least, most = _SETTLE
    settle = min(most, max(least, _SETTLE_SHARE * seconds))
    end = demo.began + seconds - _DRAIN
    start = demo.interrupts.count
    demo.watch(max(end - settle, time.monotonic() + _LEAST_SENDING), office=office)
    office.stop_sending()
    if demo.interrupts.count == start:
        demo.watch(max(end, time.monotonic() + _LEAST_SENDING), or_answered=True)


def _payers(home: DemoHome, options: DemoOptions) -> Program:
    long = options.seconds is None or options.seconds >= _LONG_RUN
    arguments = [
        *("--dir", str(home.folder / "payers-side"), "--key", home.payer_key),
        *("--seed", str(options.seed), "--fault-every", str(_FAULT_EVERY)),
        *(("--locked-out-at", str(_LOCK_OUT_AT)) if long else ()),
        *(f"{each.network}:{each.code}:{each.id}" for each in home.payers),
    ]
    return Program(
        name="payers",
        module="gateway.simulator.payers",
        arguments=arguments,
        log=home.folder / "payers.log",
    )


def _gateway(home: DemoHome) -> Program:
    return Program(
        name="gateway",
        module="gateway",
        arguments=["run", "-c", str(home.config)],
        log=home.folder / "gateway.log",
    )


@contextmanager
def _running(program: Program) -> Iterator[Program]:
    try:
        yield program
    finally:
        program.stop()


def _broken(engine: Engine) -> list[str]:
    """Prove the ledger and the history once more, from scratch."""
    checks: tuple[Callable[[Any], verify.Verdict], ...] = (verify.ledger, verify.chain)
    found: list[str] = []
    for check in checks:
        with engine.connect() as connection:
            found += check(connection).breaks
    return found


def _report(
    options: DemoOptions, figures: Figures, notes: list[str], seconds: float
) -> None:
    if options.json:
        sys.stdout.write(json.dumps(facts(figures, notes, seconds)) + "\n")
        return
    lines = [*summary(seconds, figures)]
    if notes:
        lines += ["", "What went wrong:", *(f"  {each}" for each in notes)]
    else:
        lines += ["", "Every receipt and every return was right; the ledger balances."]
    lines += ["", "What went missing was made to: the faults are injected on purpose."]
    if options.dir is None:
        lines += [
            "The folder is gone.  With --dir DIR it is kept, and these tell what was done "
            "about it:",
        ]
    else:
        lines += ["These tell what was done about it:"]
    folder = options.dir.resolve() if options.dir else Path("DIR")
    lines += [f"  {each}" for each in hints(folder / demo_setup.CONFIG, _call())]
    sys.stdout.write("\n".join(lines) + "\n")


def _call() -> str:
    return how_called(Path(sys.executable), Path.cwd(), shutil.which("octway"))


def facts(figures: Figures, notes: list[str], seconds: float) -> dict[str, Any]:
    """Return what `--json` prints: a contract, so names stay."""
    return {
        "seconds": round(seconds, 1),
        "deposits": figures.deposits,
        "deposits_by_channel": dict(figures.by_channel),
        "lots": figures.lots,
        "claims": figures.claims,
        "dispatches": figures.dispatches,
        "returns": figures.returns,
        "answers": figures.answers,
        "no_response_ratio": figures.no_response,
        "anomalies_open": figures.anomalies_open,
        "ledger_imbalance": figures.imbalance,
        "errors": notes,
    }
