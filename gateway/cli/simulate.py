"""`octway simulate`: the no-response study, tracking off and on."""

from __future__ import annotations

import argparse
import tempfile
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gateway.cli.arguments import Options, Parser, add_json
from gateway.cli.refusal import DOES_NOT_HOLD, WRONG_USAGE, Refusal
from gateway.cli.report_files import a_picture, a_sheet, write_csv, write_file
from gateway.cli.simulate_shown import SHORT, show
from gateway.cli.terminal import Terminal
from gateway.plots import line_plot
from gateway.simulator import study
from gateway.simulator.study_faults import ALSO, MIX, read_faults
from gateway.simulator.study_payers import MOST_DAYS, ids_of
from gateway.simulator.study_progress import Bars
from gateway.simulator.study_report import SETTLED_AFTER, Study
from gateway.simulator.study_run import StudyOptions
from protocols.catalog import Catalog, Simulated

EXAMPLE: Final = (
    "octway simulate\n"
    "octway simulate --claims 2000 --faults mix.toml --plot curves.svg\n"
    "octway simulate --claims 100000 --days 120 --seed 7 --json"
)
_CLAIMS: Final = 10_000
_DAYS: Final = 120
_LEAST_DAYS: Final = 20
_MOST_CLAIMS: Final = 1_000_000


def _names(names: Iterable[str]) -> str:
    return textwrap.fill(
        ", ".join(names), 78, initial_indent=" " * 10, subsequent_indent=" " * 10
    )


_FAULT_FILE: Final = (
    "A fault file (TOML) has shares from 0 to 1, 0 unless said, in [mix] and [also],\n"
    'and how payers behave in [payers."*"] and [payers.ID]:\n'
    f"  [mix]   of all claims, 1 at most together:\n{_names(MIX)}\n"
    f"  [also]  of all lots, each by itself:\n{_names(ALSO)}\n"
    '  [payers."*"]  enrolment_days = 10 (days to register a sender once asked),\n'
    "          outage_days = [40, 41] (days of the study, from 0, without a word)\n"
    "  payers:\n{payers}\n"
    "docs/no-response.md says more, docs/studies holds examples."
)


def define(parser: Parser) -> None:
    """Define the command line."""
    parser.add_argument(
        "--claims",
        type=_claims,
        default=_CLAIMS,
        metavar="N",
        help="claims that vendors send (default: %(default)s)",
    )
    parser.add_argument(
        "--days",
        type=_days,
        default=_DAYS,
        metavar="D",
        help="days that the study lasts (default: %(default)s); under "
        f"{SHORT} the slowest remedies have no time",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="S",
        help="seed of everything that is invented (default: %(default)s)",
    )
    parser.add_argument(
        "--faults",
        type=Path,
        metavar="FILE",
        help="what goes wrong, TOML (default: about 30 %% of all answers are lost)",
    )
    payers = _names(ids_of(list(Catalog.installed().simulated())))
    fault_file = _FAULT_FILE.format(payers=payers)
    parser.description = f"{parser.description}\n\n{fault_file}"
    parser.add_argument(
        "--network",
        metavar="NAME",
        help="only its payers (default: of every network that can be simulated)",
    )
    parser.add_argument(
        "--plot", type=a_picture, metavar="FILE", help="write both curves as SVG"
    )
    parser.add_argument(
        "--csv", type=a_sheet, metavar="FILE", help="write both curves as CSV"
    )
    parser.add_argument(
        "--dir",
        type=Path,
        metavar="DIR",
        help="keep both journals in this new folder, for `octway trace`",
    )
    add_json(parser)
    parser.set_defaults(call=run)


def run(options: Options, terminal: Terminal) -> int:
    """Conduct the study; exit 1 if a claim was paid twice or a ledger is out of balance."""
    there = list(Catalog.installed().simulated())
    asked = StudyOptions(
        claims=options.claims,
        days=options.days,
        seed=options.seed,
        faults=read_faults(options.faults, ids_of(there)),
        networks=_networks(options.network, there),
    )
    if options.days < SHORT:
        terminal.note(
            f"note: {options.days} days are too short for the slowest remedies, so "
            f"tracking shows less than it brings; wanted {SHORT} or more"
        )
    bars = Bars(terminal.err, study.RUNS, options.days, redraw=terminal.err.isatty())
    began = terminal.now()
    with _folder(options.dir) as folder:
        try:
            found = study.conduct(asked, folder, bars.show)
        except study.StudyBroken as error:
            raise Refusal(str(error)) from error
        finally:
            bars.clear()
    facts = found.to_json(terminal.now() - began)
    if options.json:
        terminal.give(facts)
    else:
        show(facts, terminal)
    _write(found, options, terminal)
    sound = not facts["processed_twice"] and not facts["ledger_imbalance"]
    return 0 if sound else DOES_NOT_HOLD


def _networks(wanted: str | None, there: Sequence[Simulated]) -> tuple[str, ...]:
    """Return the networks whose payers are studied."""
    names = tuple(each.name for each in there)
    if wanted is None:
        return names
    if wanted not in names:
        known = ", ".join(names)
        raise Refusal(
            f"network {wanted!r} cannot be simulated; wanted one of {known}",
            WRONG_USAGE,
        )
    return (wanted,)


def _write(found: Study, options: Options, terminal: Terminal) -> None:
    """Write the curves where they were asked for."""
    curves = found.curves()
    if options.plot:
        picture = line_plot(
            {
                "tracking off": [(day, share) for day, share, _ in curves],
                "tracking on": [(day, share) for day, _, share in curves],
            },
            title=f"Claims sent {SETTLED_AFTER} days ago or more without an answer",
            x_label="day of the study",
            y_label="no response",
            percent=True,
        )
        write_file(options.plot, picture, terminal)
    if options.csv:
        write_csv(options.csv, ("day", "untracked", "tracked"), curves, terminal)


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    """Give a folder for both journals: a new one that is kept, or one for now."""
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="octway-simulate-") as name:
            yield Path(name)
        return
    if kept.exists() and (not kept.is_dir() or any(kept.iterdir())):
        raise Refusal(
            f"{kept}: is there already; wanted a new or empty folder", WRONG_USAGE
        )
    kept.mkdir(parents=True, exist_ok=True, mode=0o700)
    yield kept


def _claims(text: str) -> int:
    return _between(text, 1, _MOST_CLAIMS, "claims")


def _days(text: str) -> int:
    return _between(text, _LEAST_DAYS, MOST_DAYS, "days")


def _between(text: str, least: int, most: int, what: str) -> int:
    value = int(text)
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(
            f"{text} {what} cannot be studied; wanted {least} to {most}"
        )
    return value
