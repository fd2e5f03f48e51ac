"""Ten senders at work beside five hundred sessions that say nothing.

Two nodes have the same ten senders in turns; only one of them has the idle sessions.
What a session takes of memory is what the node has more once all are open, shared
pages counted in parts (PSS), as it must be for a server that is many processes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench.clients import SftpClient
from bench.files import FileMaker
from bench.harness import Bench, Goal, Row, Sample, Side, skipped, take_turns
from bench.idle_sessions import Account, IdleSessions, accounts
from bench.node import OctwayNode, waiting_payer
from bench.peers import OpenSsh, Peer, make_keys
from bench.processes import BenchFailed, PeerMissing

NAME = "idle"
_SESSIONS = 500
_AT_OPENSSH = 40  # which has two processes for each, all alike
_SENDERS = 10
_BESIDE, _ALONE = "beside", "alone"
_TIME, _CPU = "milliseconds per file", "CPU ms per file"
_MEMORY = "memory of an SFTP session that is idle"


class _Place:
    """Two nodes, and the idle sessions of one of them."""

    def __init__(self, bench: Bench, stack: ExitStack) -> None:
        self.bench = bench
        self.keys = make_keys(bench.folder / "keys")
        self.client = SftpClient(bench.folder / "client", self.keys)
        self.idle = IdleSessions()
        self.nodes: dict[str, OctwayNode] = {}
        self._files = FileMaker()
        self._turns = 0
        payer = waiting_payer(bench.folder / "payer")
        for name in (_BESIDE, _ALONE):
            node = OctwayNode(
                bench.folder / name,
                self.keys,
                payer=payer,
                environ={"OCTWAY_HTTPS__ENABLED": "false"},
            )
            stack.callback(node.server.stop)
            self.nodes[name] = node
        stack.callback(self.idle.close)

    def turn(self, name: str, _turn: int) -> Sample:
        """Have ten senders send at once; all that was sent before is worked off."""
        node, each = self.nodes[name], self.bench.size(20, 5)
        self._turns += 1
        folder = self.bench.folder / "files" / str(self._turns)
        paths = self._files.write(folder, _SENDERS * each)
        files = [(path, f"t{self._turns}-{path.name}") for path in paths]
        batches = [
            self.client.batch(node, files[at : at + each])
            for at in range(0, len(files), each)
        ]
        node.settle()
        before, cpu = node.deposits(), node.server.cpu()
        seconds = self.client.run(node, batches, at_once=_SENDERS)
        used = node.server.cpu() - cpu
        if node.deposits() - before != len(files):
            raise BenchFailed(f"{name}: did not take all files")
        self.idle.check()
        shutil.rmtree(folder)
        return {_TIME: 1000 * seconds / len(files), _CPU: 1000 * used / len(files)}


def run(bench: Bench) -> Iterator[Row]:
    """Measure the memory first, then the ten senders."""
    count = bench.size(_SESSIONS, 40)
    with ExitStack() as stack:
        place = _Place(bench, stack)
        node = place.nodes[_BESIDE]
        place.turn(_BESIDE, 0)  # so that it has all that it keeps for senders
        node.settle()
        bench.say(f"  opening {count} idle sessions")
        before = node.server.memory()
        place.idle.open(place.client, node, accounts(node, count), count)
        ours = (node.server.memory() - before) / count / 1000
        yield _against_openssh(bench, place, ours)
        sides = [
            Side(name=name, turn=partial(place.turn, name))
            for name in (_BESIDE, _ALONE)
        ]
        found = take_turns(bench, sides)
    for measure, goal in ((_TIME, Goal(must=1.2, lower=True)), (_CPU, None)):
        yield found.row(
            f"{_SENDERS} senders beside {count} idle SFTP sessions, {measure}",
            ours=_BESIDE,
            theirs=_ALONE,
            against="the same without those",
            measure=measure,
            goal=goal,
            unit=measure,
        )


def _against_openssh(bench: Bench, place: _Place, ours: float) -> Row:
    try:
        peer = OpenSsh(bench.folder / "OpenSSH", place.keys)
    except (PeerMissing, BenchFailed) as error:
        return skipped(_MEMORY, "OpenSSH", str(error).splitlines()[0])
    theirs = _of_peer(place.client, peer, place.keys.client)
    return Row(
        work=_MEMORY,
        against="OpenSSH",
        unit="kB",
        ours=ours,
        theirs=theirs,
        ratio=ours / theirs,
        low=ours / theirs,
        high=ours / theirs,
        runs=1,
        note=f"{ours:.0f} kB",
    )


def _of_peer(client: SftpClient, peer: Peer, key: Path) -> float:
    """Return the kilobytes of one of a peer's idle sessions."""
    idle = IdleSessions()
    try:
        before = peer.server.memory()
        them = [Account(peer.user, key, "127.0.0.1")] * _AT_OPENSSH
        idle.open(client, peer, them, _AT_OPENSSH)
        return (peer.server.memory() - before) / _AT_OPENSSH / 1000
    finally:
        idle.close()
        peer.server.stop()
