"""The whole way: a vendor's files, accepted over SFTP, verified at the payer.

Both sides take valid B2 files of 20 kB over SFTP on one connection and hand
them to the same OpenSSH payer.  The node reads each file, judges it, journals
every claim and gathers lots into the payer's own files as its directory says.
The peer is a shell loop: `inotifywait` names each file that was closed, and
`lftp` puts it there under a temporary name, renames it and looks at it.  It is
given fewer files, since what a file costs it does not change with their number.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench.clients import SftpClient
from bench.files import LOTS, FileMaker
from bench.harness import Bench, Goal, Row, Sample, Side, skipped, take_turns
from bench.node import OctwayNode, payer_file
from bench.peers import Keys, OpenSsh, make_keys
from bench.processes import BenchFailed, PeerMissing, Server, program, wait_for

NAME = "whole-way"
_WORK = "whole way, accepted to verified at an OpenSSH payer, files per second"
_PEER = "an `inotifywait` + `lftp` shell loop"
_GOAL = Goal(must=5, aim=20)
_SECONDS = 180.0
_LOOP = """
set -u
'{inotifywait}' -q -m -e close_write --format %f '{inbox}' | while read -r name; do
  '{lftp}' -c "set sftp:connect-program '{ssh}'; set sftp:auto-confirm yes;
    set net:max-retries 1; open -u {user}, sftp://127.0.0.1:{port};
    put '{inbox}/$name' -o '{outbox}/$name.tmp';
    mv '{outbox}/$name.tmp' '{outbox}/$name'; cls -l '{outbox}/$name'"
done
"""


def run(bench: Bench) -> Iterator[Row]:
    """Measure it."""
    keys = make_keys(bench.folder / "keys")
    with ExitStack() as stack:
        try:
            place = _Place(bench, keys, stack)
        except PeerMissing as error:
            yield skipped(_WORK, _PEER, str(error), _GOAL)
            return
        found = take_turns(
            bench,
            [
                Side(name="Octway", turn=place.ours),
                Side(name=_PEER, turn=place.theirs),
            ],
        )
    yield found.row(
        _WORK,
        ours="Octway",
        theirs=_PEER,
        measure="files per second",
        goal=_GOAL,
        unit="files per second",
    )


class _Place:
    """The payer, the node before it, and the loop that takes the node's place."""

    def __init__(self, bench: Bench, keys: Keys, stack: ExitStack) -> None:
        for name in ("inotifywait", "lftp", "bash", "ssh"):
            program(name)
        self._bench = bench
        self._client = SftpClient(bench.folder / "client", keys)
        self._maker = FileMaker()
        self._payer = OpenSsh(bench.folder / "payer", keys)
        stack.callback(self._payer.server.stop)
        self._drop = OpenSsh(bench.folder / "drop", keys)
        stack.callback(self._drop.server.stop)
        self._outbox = self._payer.store / "from-loop"
        self._outbox.mkdir()
        self._start_loop(keys, stack)
        self._node = self._start_node(keys, stack)

    def ours(self, turn: int) -> Sample:
        """Have the node take files and hand all of their lots over."""
        count = self._bench.size(400, 30)
        files = self._fresh("node", turn, count)
        before = self._sent()
        batch = self._client.batch(self._node, files)
        began = time.perf_counter()
        self._client.run(self._node, [batch])
        if not wait_for(lambda: self._sent() >= before + count * LOTS, _SECONDS):
            raise BenchFailed(f"{self._sent() - before} of {count * LOTS} lots went")
        seconds = time.perf_counter() - began
        self._see_all(files)
        return {"files per second": count / seconds}

    def theirs(self, turn: int) -> Sample:
        """Have the loop hand files over."""
        count = self._bench.size(30, 5)
        files = self._fresh("loop", turn, count)
        batch = self._client.batch(self._drop, files)
        began = time.perf_counter()
        self._client.run(self._drop, [batch])
        wanted = {name for _, name in files}
        if not wait_for(lambda: wanted <= set(_names(self._outbox)), _SECONDS):
            raise BenchFailed("the loop did not hand all files over")
        seconds = time.perf_counter() - began
        for local, name in files:
            if (self._outbox / name).read_bytes() != local.read_bytes():
                raise BenchFailed(f"{name} is not what was sent")
            (self._outbox / name).unlink()
            (self._drop.store / name).unlink()
        return {"files per second": count / seconds}

    def _fresh(self, side: str, turn: int, count: int) -> list[tuple[Path, str]]:
        folder = self._bench.folder / "files" / f"{side}{turn}"
        paths = self._maker.write(folder, count)
        return [(path, f"{side}{turn}-{path.name}") for path in paths]

    def _sent(self) -> int:
        return self._node.ask("SELECT count(*) FROM lot WHERE state = 'sent'")

    def _see_all(self, files: list[tuple[Path, str]]) -> None:
        """See each professional's number in what the payer has, then clear it."""
        inbox = self._payer.store / "in"
        there = b"".join(path.read_bytes() for path in inbox.iterdir())
        numbers = {path.read_bytes()[129:138] for path, _ in files}
        missing = [number for number in numbers if number not in there]
        if missing:
            raise BenchFailed(f"{len(missing)} files are not with the payer")
        for path in inbox.iterdir():
            path.unlink()

    def _start_loop(self, keys: Keys, stack: ExitStack) -> None:
        known = self._bench.folder / "known"
        known.write_text(keys.known_hosts(self._payer.port))
        options = {
            "KexAlgorithms": "curve25519-sha256",
            "UserKnownHostsFile": known,
            "IdentitiesOnly": "yes",
            "BatchMode": "yes",
        }
        words = "".join(f" -o {name}={value}" for name, value in options.items())
        script = self._bench.folder / "loop.sh"
        script.write_text(
            _LOOP.format(
                inotifywait=program("inotifywait"),
                lftp=program("lftp"),
                ssh=f"{program('ssh')} -a -x -F none -i {keys.client}{words}",
                inbox=self._drop.store,
                outbox=self._outbox,
                user=self._payer.user,
                port=self._payer.port,
            )
        )
        log = self._bench.folder / "loop.log"
        loop = Server([program("bash"), str(script)], log=log)
        stack.callback(loop.stop)
        loop.wait_until(lambda: loop.children() >= 1)

    def _start_node(self, keys: Keys, stack: ExitStack) -> OctwayNode:
        """Start a node whose one payer is the OpenSSH server; defaults else."""
        folders = {
            f"{kind}_folder": str(self._payer.store / name)
            for kind, name in (("send", "in"), ("collect", "out"))
        }
        for folder in folders.values():
            Path(folder).mkdir()
        settings = {
            "host": "127.0.0.1",
            "port": self._payer.port,
            "user": self._payer.user,
            "key_file": str(keys.client),
            "host_keys": [keys.host_line],
            **folders,
        }
        node = OctwayNode(
            self._bench.folder / "node",
            keys,
            payer=payer_file("sftp", settings),
            environ={"OCTWAY_HTTPS__ENABLED": "false"},
        )
        stack.callback(node.server.stop)
        return node


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]
