"""Sending to an OpenSSH payer: our channel against `sftp -b` with one mput.

The channel works with the defaults of an endpoint, and with as many files at
once as a payer has by default.  It writes under a temporary name, has the payer
fsync, looks at the size, renames, and looks again; `mput` writes, and does none
of that.  Both make their connections within the time that is measured.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from bench.clients import SftpClient
from bench.files import FileMaker
from bench.harness import Bench, Goal, Row, Sample, Side, skipped, take_turns
from bench.peers import Keys, OpenSsh, make_keys
from bench.processes import BenchFailed, PeerMissing
from protocols.channels.sftp import open_channel

NAME = "delivery"
_WORK = "sending 20 kB files to an OpenSSH payer, verified and renamed, per second"
_PEER = "`sftp -b` mput on one connection"
_GOAL = Goal(must=1.2, aim=2.0)
_WORKERS = 8  # a payer's `concurrency` as shipped
_SIDES: Mapping[str, Mapping[str, object]] = {
    "Octway": {},
    "Octway, without fsync": {"fsync": False},
    "Octway, one session": {"connections": 1, "channels_per_connection": 1},
}


def run(bench: Bench) -> Iterator[Row]:
    """Measure it."""
    keys = make_keys(bench.folder / "keys")
    try:
        payer = OpenSsh(bench.folder / "payer", keys)
    except PeerMissing as error:
        yield skipped(_WORK, _PEER, str(error), _GOAL)
        return
    with payer.server:
        place = _Place(bench, payer, keys)
        sides = [
            Side(name=name, turn=lambda turn, name=name: place.ours(name, turn))  # type: ignore[misc]
            for name in _SIDES
        ]
        found = take_turns(bench, [*sides, Side(name=_PEER, turn=place.mput)])
    for name in _SIDES:
        first = name == "Octway"
        yield found.row(
            _WORK if first else _WORK.replace(",", f"{name[6:]},", 1),
            ours=name,
            theirs=_PEER,
            measure="files per second",
            goal=_GOAL if first else None,
            unit="files per second",
        )


class _Place:
    """The payer's folders and the files to be sent there."""

    def __init__(self, bench: Bench, payer: OpenSsh, keys: Keys) -> None:
        self._payer = payer
        self._keys = keys
        self._client = SftpClient(bench.folder / "client", keys)
        files = FileMaker().write(bench.folder / "files", bench.size(600, 100))
        self._files = {path.name: path.read_bytes() for path in files}
        self._folder = bench.folder / "files"

    def ours(self, name: str, turn: int) -> Sample:
        """Send all files through the channel, each by the next free worker."""
        inbox = self._inbox(f"{list(_SIDES).index(name)}-{turn}")
        settings = {
            "host": "127.0.0.1",
            "port": self._payer.port,
            "user": self._payer.user,
            "key_file": str(self._keys.client),
            "host_keys": [self._keys.host_line],
            "send_folder": str(inbox),
            "collect_folder": str(inbox),
            **_SIDES[name],
        }
        paths = [self._folder / each for each in self._files]
        began = time.perf_counter()
        with closing(open_channel(settings)) as channel:

            def send(path: Path) -> None:
                with path.open("rb") as body:
                    channel.send(path.name, path.stat().st_size, body)

            with ThreadPoolExecutor(_WORKERS) as pool:
                for _ in pool.map(send, paths):
                    pass
            seconds = time.perf_counter() - began
        return self._done(inbox, seconds)

    def mput(self, turn: int) -> Sample:
        """Send all files with one mput."""
        inbox = self._inbox(f"mput-{turn}")
        batch = self._folder.parent / "mput"
        batch.write_text(f"lcd {self._folder}\ncd {inbox}\nmput *\n")
        return self._done(inbox, self._client.run(self._payer, [batch]))

    def _inbox(self, name: str) -> Path:
        inbox = self._payer.store / name
        inbox.mkdir()
        return inbox

    def _done(self, inbox: Path, seconds: float) -> Sample:
        there = {path.name: path.read_bytes() for path in inbox.iterdir()}
        if there != self._files:
            raise BenchFailed(f"{inbox.name}: the payer has not what was sent")
        for path in inbox.iterdir():
            path.unlink()
        return {"files per second": len(there) / seconds}
