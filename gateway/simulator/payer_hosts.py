"""Hosts that networks bring for their payers of the demo, tied to the payers' folders.

What a host takes is put into the `in` of the payer that it is for, where its desk
finds it; what the desk puts into `out` is given to the host, and removed once it was
fetched.  So a payer works the same whatever it is reached through, and what nobody
has fetched is given again when all of it is started anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Final, Protocol

from gateway.clock import Now
from gateway.simulator import payer_faults
from gateway.simulator.payer_folder import INBOX, OUTBOX
from protocols.simulation import LineFault, OpenHost, SimulatedHost

LINE_FAULTS: Final[Mapping[LineFault, payer_faults.Faults]] = {
    LineFault.CUT_LATE: payer_faults.Faults(drop_after_rename=True),
    LineFault.CUT_EARLY: payer_faults.Faults(drop_after_bytes=2000),
    LineFault.SLOW: payer_faults.Faults(delay=0.3),
    # Lines that are open stay logged in, so they are cut as well.
    LineFault.LOCKED_OUT: payer_faults.Faults(refuse_login=True, drop_after_bytes=0),
}
"""What a fault of a host's line is on that of an SFTP server."""

_AS_LINE: Final = {faults: line for line, faults in LINE_FAULTS.items()}


class HostedPayers:
    """The payers of one network behind its host; `folders` are theirs, by code."""

    def __init__(
        self,
        open_host: OpenHost,
        folder: Path,
        folders: Mapping[str, Path],
        *,
        now: Now,
        rng: Random,
    ) -> None:
        self._folders = folders
        self._given: dict[Path, str] = {}  # what the host calls each
        for each in folders.values():
            for name in (INBOX, OUTBOX):
                (each / name).mkdir(parents=True, exist_ok=True)
        self.host: SimulatedHost = open_host(folder, took=self._took, now=now, rng=rng)

    def work(self) -> None:
        """Give the host what is new in `out`; remove what was fetched from there."""
        waiting = self.host.waiting()
        for code, folder in self._folders.items():
            for file in sorted((folder / OUTBOX).iterdir()):
                name = self._given.get(file)
                if name is None:
                    self._given[file] = self.host.give(code, file.read_bytes())
                elif name not in waiting:
                    file.unlink()
                    del self._given[file]

    def dial(self, faults: payer_faults.Faults) -> None:
        """Have its line fail as that of an SFTP server would; a good one, if unlike."""
        self.host.dial(_AS_LINE.get(faults))

    def _took(self, code: str, name: str, content: bytes) -> None:
        """Put a file into its payer's folder; what is for nobody is for nobody."""
        if (folder := self._folders.get(code)) is not None:
            working = folder / INBOX / f"{name}.tmp"
            working.write_bytes(content)
            working.replace(folder / INBOX / name)


class Dialled(Protocol):
    """As much of a `PayerHost` as is dialled."""

    def dial(self, user: str, faults: payer_faults.Faults) -> None:
        """Set an account's faults."""
        ...


class Lines:
    """The line to each payer, whatever it is reached through."""

    def __init__(self, sftp: Dialled, hosted: Mapping[str, HostedPayers]) -> None:
        self._sftp = sftp
        self._hosted = hosted

    def dial(self, user: str, faults: payer_faults.Faults) -> None:
        """Set the faults of the line to a payer."""
        hosted = self._hosted.get(user)
        if hosted is None:
            self._sftp.dial(user, faults)
        else:
            hosted.dial(faults)
