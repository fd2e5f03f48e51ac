"""Taking files in over HTTPS: the node against aiohttp that only stores the body.

Same certificate (P-256), same client, TLS 1.3 without session resumption.  The
node does all that it does for SFTP before it answers 201 with the receipt.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

from bench.harness import Bench, Goal, Row, Sample, Side, skipped, take_turns
from bench.node import OctwayNode, waiting_payer
from bench.peers import AiohttpStore, make_keys
from bench.processes import BenchFailed, PeerMissing, Server

NAME = "https"
_PEER = "aiohttp that only stores the body"
_OURS, _DOORS = "Octway", "Octway, doors alone"
_KEEP = "HTTPS POST of 20 kB, keep-alive, per second"
_NEW = "HTTPS POST of 20 kB, new connections, per second"
_GOAL = Goal(must=0.7, aim=1.0)
_CONNECTIONS = 16
_SECONDS = 300


def run(bench: Bench) -> Iterator[Row]:
    """Measure both ways."""
    keys = make_keys(bench.folder / "keys")
    payer = waiting_payer(bench.folder / "payer")
    with ExitStack() as stack:
        nodes = {}
        for name in (_OURS, _DOORS):
            node = OctwayNode(
                bench.folder / name.replace(", ", "-").replace(" ", "-"),
                keys,
                payer=payer,
                environ={"OCTWAY_SFTP__ENABLED": "false"},
                doors_only=name == _DOORS,
            )
            stack.callback(node.server.stop)
            nodes[name] = node
        certificate, key = nodes[_OURS].certificate
        try:
            peer = AiohttpStore(bench.folder / "aio", certificate=certificate, key=key)
        except PeerMissing as error:
            yield from (
                skipped(each, _PEER, str(error), _GOAL) for each in (_KEEP, _NEW)
            )
            return
        stack.callback(peer.server.stop)
        load = _Loads(bench, nodes, peer)
        for work, mode in ((_KEEP, "keep"), (_NEW, "new")):
            yield from load.compare(work, mode)


class _Loads:
    """Puts load on each server in turn."""

    def __init__(
        self, bench: Bench, nodes: dict[str, OctwayNode], peer: AiohttpStore
    ) -> None:
        self._bench = bench
        self._nodes = nodes
        self._peer = peer
        self._seed = 10_000_000

    def compare(self, work: str, mode: str) -> Iterator[Row]:
        """Compare all in one mode."""
        self._bench.say(f"  {work}")
        count = self._bench.size(600 if mode == "keep" else 300, 60)
        sides = [
            Side(name=name, turn=lambda _, name=name: self._turn(name, mode, count))  # type: ignore[misc]
            for name in (_OURS, _DOORS, _PEER)
        ]
        found = take_turns(self._bench, sides)
        for name in (_OURS, _DOORS):
            first = name == _OURS
            yield found.row(
                work if first else f"{work}: doors alone",
                ours=name,
                theirs=_PEER,
                measure="files per second",
                goal=_GOAL if first else None,
                unit="files per second",
            )

    def _turn(self, name: str, mode: str, count: int) -> Sample:
        node = self._nodes.get(name)
        if node is not None and name == _OURS:
            node.settle()
        before = node.deposits() if node is not None else 0
        port = node.ports["https"] if node else self._peer.port
        server: Server = node.server if node else self._peer.server
        cpu = server.cpu()
        seconds = self._load(port, mode, count, node.token if node else "nobody")
        used = server.cpu() - cpu
        if node is not None and node.deposits() - before != count:
            raise BenchFailed(f"{name}: did not take all {count} files")
        return {"files per second": count / seconds, "CPU ms": 1000 * used / count}

    def _load(self, port: int, mode: str, count: int, token: str) -> float:
        command = [sys.executable, "-m", "bench.https_load", str(port)]
        command += [str(_CONNECTIONS), str(count), mode, token, str(self._seed)]
        self._seed += count
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise BenchFailed("the HTTPS load took too long") from None
        if done.returncode != 0:
            raise BenchFailed(f"the HTTPS load failed: {done.stderr[-2000:]}")
        return float(done.stdout)
