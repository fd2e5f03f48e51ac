"""Enrolments as a CSV file: `sender;payer;flow;state;words`, out and in again."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, Final, TextIO

from config.directory_records import PayerEntry
from config.errors import ConfigErrors, Mistake
from gateway.journal.enrolments import Stated
from protocols.interface import Network
from routing.directory import Directory
from routing.enrolment import EnrolmentState
from routing.errors import NoRoute

COLUMNS: Final = ("sender", "payer", "flow", "state", "words")
_NEEDED: Final = 4


def write(rows: Iterable[Any], into: TextIO) -> None:
    """Write rows of the journal; `read` takes what was written."""
    writer = csv.writer(into, delimiter=";", lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow((row.sender, row.payer_id, row.flow, row.state, row.words))


def read(
    file: Path, directory: Directory, networks: Mapping[str, Network]
) -> list[Stated]:
    """Read every line, or raise `ConfigErrors` with all mistakes and no line taken."""
    text = file.read_text(encoding="utf-8-sig")
    lines = _Lines(str(file), directory, networks)
    delimiter = ";" if ";" in text or "," not in text else ","
    reader = csv.reader(StringIO(text), delimiter=delimiter)
    found = []
    for row in reader:
        cells = [" ".join(cell.split()) for cell in row]
        if not any(cells) or cells[0].startswith("#"):
            continue
        if tuple(cells[:_NEEDED]) == COLUMNS[:_NEEDED]:
            continue  # the header row
        stated = lines.read(reader.line_num, cells)
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

    def read(self, line: int, cells: Sequence[str]) -> Stated | None:
        """Read one line; None where something is wrong with it."""
        before = len(self.mistakes)
        if not _NEEDED <= len(cells) <= len(COLUMNS):
            wanted = ";".join(COLUMNS)
            self.wrong(line, "", f"has {len(cells)} columns; wanted {wanted}")
            return None
        sender, name, flow, state, *rest = cells
        payer = self._payer(line, name)
        if not sender.isalnum():
            self.wrong(line, "sender", f"is {sender!r}; wanted letters and digits only")
        if state not in set(EnrolmentState):
            wanted = ", ".join(EnrolmentState)
            self.wrong(line, "state", f"is {state!r}; wanted one of {wanted}")
        if payer is None:
            return None
        network = self._networks[payer.network]
        for key, problem in (
            ("sender", sender_problem(network, sender)),
            ("flow", flow_problem(payer, flow)),
        ):
            if problem:
                self.wrong(line, key, problem)
        flow = flow or payer.flows[0]
        self._once(line, (network.normal_sender(sender), payer.id, flow))
        if len(self.mistakes) > before:
            return None
        return Stated(
            network=network,
            sender=sender,
            payer=payer.id,
            flow=flow,
            state=EnrolmentState(state),
            words="".join(rest),
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


def sender_problem(network: Network, sender: str) -> str:
    """Say what is wrong with a sender's number; empty where it is right."""
    if not sender.isalnum() or not network.normal_sender(sender):
        return f"is {sender!r}; wanted a number of letters and digits, not only zeros"
    return ""


def flow_problem(payer: PayerEntry, flow: str) -> str:
    """Say what is wrong with a flow of a payer; empty where it is right.

    An empty flow is the payer's only one.
    """
    taken = ", ".join(payer.flows)
    if not flow and len(payer.flows) > 1:
        return f"is missing; payer {payer.id} takes {taken}; wanted one of them"
    if flow and flow not in payer.flows:
        return f"is {flow!r}; payer {payer.id} takes {taken}"
    return ""
