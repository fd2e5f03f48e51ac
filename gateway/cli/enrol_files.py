"""Enrolments as a CSV file: `sender;payer;flow;state;words`, out and in again."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

from config.directory_records import PayerEntry
from config.errors import ConfigErrors, Mistake
from gateway.cli.csv_files import rows_of
from gateway.enrolling import flow_problem, flows_of, sender_problem
from gateway.journal.enrolments import Stated
from gateway.sheets import harmless, meant
from protocols.interface import Network
from routing.directory import Directory
from routing.enrolment import EnrolmentState
from routing.errors import NoRoute

COLUMNS: Final = ("sender", "payer", "flow", "state", "words")
_NEEDED: Final = ("sender", "payer", "state")


def write(rows: Iterable[Any], into: TextIO) -> None:
    """Write rows of the journal so that a sheet runs none; `read` takes what was written."""
    writer = csv.writer(into, delimiter=";", lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        cells = (row.sender, row.payer_id, row.flow, row.state, row.words)
        writer.writerow(map(harmless, cells))


def read(
    file: Path, directory: Directory, networks: Mapping[str, Network]
) -> list[Stated]:
    """Read every line, or raise `ConfigErrors` with all mistakes and no line taken.

    Where the first row names the columns they may stand in any order; `flow` and
    `words` may then be left out.
    """
    lines = _Lines(str(file), directory, networks)
    columns: Sequence[str] = COLUMNS
    found: list[Stated] = []
    for number, (line, cells) in enumerate(rows_of(file)):
        row = [meant(cell) for cell in cells]
        names = [cell.lower() for cell in row]
        if number == 0 and "sender" in names:
            columns = lines.header(line, names)
            if lines.mistakes:
                break
            continue
        stated = lines.read(line, row, columns)
        if stated is not None:
            found.append(stated)
    if not found and not lines.mistakes:
        lines.wrong(0, "", f"holds no enrolment; wanted {';'.join(COLUMNS)}")
    if lines.mistakes:
        raise ConfigErrors(lines.mistakes)
    return found


class _Lines:
    """The lines of one file: what they say, and what is wrong with them."""

    def __init__(
        self, file: str, directory: Directory, networks: Mapping[str, Network]
    ) -> None:
        self._file = file
        self._directory = directory
        self._networks = networks
        self._seen: dict[tuple[str, str, str], int] = {}
        self.mistakes: list[Mistake] = []

    def wrong(self, line: int, key: str, message: str) -> None:
        """Note a mistake."""
        self.mistakes.append(Mistake(self._file, line, key, message))

    def header(self, line: int, names: Sequence[str]) -> Sequence[str]:
        """Check the row that names the columns, and return their names."""
        named = [name for name in names if name]
        for name in named:
            if name not in COLUMNS:
                wanted = ", ".join(COLUMNS)
                self.wrong(line, name, f"is no column of ours; wanted {wanted}")
            elif named.count(name) > 1:
                self.wrong(line, name, "is the name of two columns; wanted it once")
        for name in _NEEDED:
            if name not in named:
                self.wrong(line, name, "is missing among the columns")
        return names

    def read(
        self, line: int, cells: Sequence[str], columns: Sequence[str]
    ) -> Stated | None:
        """Read one line; None where something is wrong with it."""
        before = len(self.mistakes)
        needed = 1 + max(columns.index(name) for name in _NEEDED)
        if not needed <= len(cells) <= len(columns):
            wanted = ";".join(columns)
            self.wrong(line, "", f"has {len(cells)} columns; wanted {wanted}")
            return None
        said = dict(zip(columns, cells, strict=False))
        sender, name, state = (said[each] for each in _NEEDED)
        flow = said.get("flow", "")
        payer = self._payer(line, name)
        if state not in set(EnrolmentState):
            wanted = ", ".join(EnrolmentState)
            self.wrong(line, "state", f"is {state!r}; wanted one of {wanted}")
        if payer is None:
            return None
        network = self._networks[payer.network]
        for key, problem in (
            ("sender", sender_problem(network, sender, payer)),
            ("flow", flow_problem(payer, flow)),
        ):
            if problem:
                self.wrong(line, key, problem)
        flow = flow or flows_of(payer)[0]
        self._once(line, (network.normal_sender(sender), payer.id, flow))
        if len(self.mistakes) > before:
            return None
        return Stated(
            network=network,
            sender=sender,
            payer=payer.id,
            flow=flow,
            state=EnrolmentState(state),
            words=said.get("words", ""),
        )

    def _payer(self, line: int, name: str) -> PayerEntry | None:
        try:
            return self._directory.payer(name)
        except NoRoute as error:
            self.wrong(line, "payer", str(error))
            return None

    def _once(self, line: int, key: tuple[str, str, str]) -> None:
        earlier = self._seen.setdefault(key, line)
        if earlier != line:
            self.wrong(line, "sender", f"is the one of line {earlier}; wanted it once")
