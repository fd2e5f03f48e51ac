"""Taking files in over SFTP: the node against OpenSSH, ProFTPD and rclone.

The client is OpenSSH's `sftp` for all.  A turn of the node begins when it has
worked off what the turn before left, and everything it does in the meantime is
its own: reading, routing and journalling what came in goes on while it
measures.  Processor time is that of the whole server up to the last answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench.clients import SftpClient
from bench.files import FileMaker
from bench.harness import Bench, Goal, Row, Sample, Samples, Side, skipped, take_turns
from bench.node import OctwayNode, waiting_payer
from bench.peers import Keys, OpenSsh, Peer, ProFtpd, Rclone, make_keys
from bench.processes import BenchFailed, PeerMissing

NAME = "sftp"
_OURS, _DOORS, _OPENSSH = "Octway", "Octway, doors alone", "OpenSSH"
_NEW = "new SFTP connections with one 20 kB file each, per second"
_CPU = "server CPU for each of them"
_ONE = "200 files of 20 kB on one connection"
_EIGHT = "the same on 8 connections at once"
_BIG = "one 100 MB file, {}"
_CIPHERS = {"default cipher": "", "AES-GCM": "aes128-gcm@openssh.com"}
_GOALS = {
    _NEW: Goal(must=1.6, aim=2.0),
    _CPU: Goal(must=0.30, aim=0.15, lower=True),
    _ONE: Goal(must=1.0, aim=1.3),
    _EIGHT: Goal(must=0.75, aim=1.0),
    _BIG.format("default cipher"): Goal(must=1.15, aim=1.5),
    _BIG.format("AES-GCM"): Goal(must=1.3, aim=1.5),
}
_COST = "CPU ms per file"
_WHOLE_COST = "CPU ms per file until it was read and routed"
_LATER = "fsync, SHA-256, encryption, journal row and receipt before each answer"


class _Place:
    """All servers, one client, and the files that were made for them."""

    def __init__(self, bench: Bench, stack: ExitStack) -> None:
        self.bench = bench
        self.folder = bench.folder
        self.keys: Keys = make_keys(self.folder / "keys")
        self.client = SftpClient(self.folder / "client", self.keys)
        self.files = FileMaker()
        self.nodes: dict[str, OctwayNode] = {}
        self.peers: dict[str, Peer] = {}
        self.missing: dict[str, str] = {}
        for name, kind in (
            (_OPENSSH, OpenSsh),
            ("ProFTPD", ProFtpd),
            ("rclone", Rclone),
        ):
            try:
                peer = kind(self.folder / name, self.keys)
            except (PeerMissing, BenchFailed) as error:
                self.missing[name] = str(error).splitlines()[0]
                bench.say(f"  {name} is left out: {error}")
                continue
            stack.callback(peer.server.stop)
            self.peers[name] = peer
        payer = waiting_payer(self.folder / "payer")
        for name in (_OURS, _DOORS):
            node = OctwayNode(
                self.folder / name.replace(", ", "-").replace(" ", "-"),
                self.keys,
                payer=payer,
                environ={"OCTWAY_HTTPS__ENABLED": "false"},
                doors_only=name == _DOORS,
            )
            stack.callback(node.server.stop)
            self.nodes[name] = node
        self._turns = 0

    def fresh(self, count: int) -> list[tuple[Path, str]]:
        """Write files that no turn had before, with the names to upload them by."""
        self._turns += 1
        folder = self.folder / "files" / f"t{self._turns}"
        paths = self.files.write(folder, count)
        return [(path, f"t{self._turns}-{path.name}") for path in paths]

    def sides(self, turn: _Turn, names: Iterable[str]) -> list[Side]:
        """Make a side of each server that is here."""
        return [
            Side(name=name, turn=partial(turn, name))
            for name in names
            if name in self.nodes or name in self.peers
        ]


class _Turn:
    """One turn: some files on some connections, each file a deposit."""

    def __init__(
        self, place: _Place, *, connections: int, files: int, at_once: int
    ) -> None:
        self._place = place
        self._connections = connections
        self._files = files
        self._at_once = at_once

    def __call__(self, name: str, _turn: int) -> Sample:
        """Upload, and measure until the last answer."""
        place = self._place
        server = place.nodes.get(name) or place.peers[name]
        files = place.fresh(self._connections * self._files)
        batches = [
            place.client.batch(server, files[at : at + self._files])
            for at in range(0, len(files), self._files)
        ]
        before = self._begin(name)
        cpu = server.server.cpu()
        seconds = place.client.run(server, batches, at_once=self._at_once)
        if isinstance(server, Peer):
            server.server.quiet()
        used = server.server.cpu() - cpu
        self._end(name, files, before)
        if name == _OURS:
            place.nodes[name].settle()
        in_all = server.server.cpu() - cpu
        return {
            "files per second": len(files) / seconds,
            _COST: 1000 * used / len(files),
            _WHOLE_COST: 1000 * in_all / len(files),
        }

    def _begin(self, name: str) -> int:
        node = self._place.nodes.get(name)
        if node is None:
            return 0
        if name == _OURS:
            node.settle()
        return node.deposits()

    def _end(self, name: str, files: Sequence[tuple[Path, str]], before: int) -> None:
        """See that every file is there, and make room for the next turn."""
        node = self._place.nodes.get(name)
        if node is not None:
            there = node.deposits() - before
        else:
            store = self._place.peers[name].store
            stored = [store / remote for _, remote in files]
            there = sum(
                path.stat().st_size == local.stat().st_size
                for path, (local, _) in zip(stored, files, strict=True)
            )
            for path in stored:
                path.unlink()
        if there != len(files):
            raise BenchFailed(f"{name}: took {there} of {len(files)} files")
        for local, _ in files:
            local.unlink()


def run(bench: Bench) -> Iterator[Row]:
    """Measure all of it."""
    with ExitStack() as stack:
        place = _Place(bench, stack)
        if _OPENSSH not in place.peers:
            why = place.missing[_OPENSSH]
            yield from (skipped(work, _OPENSSH, why, _GOALS[work]) for work in _GOALS)
            return
        yield from _new_connections(place)
        yield from _one_connection(place)
        yield from _eight_connections(place)
        yield from _large(place)


def _new_connections(place: _Place) -> Iterator[Row]:
    turn = _Turn(place, connections=place.bench.size(40, 10), files=1, at_once=10)
    names = (_OURS, _DOORS, _OPENSSH, "ProFTPD", "rclone")
    place.bench.say(f"  {_NEW}")
    found = take_turns(place.bench, place.sides(turn, names))
    yield from _rows(place, found, _NEW, "files per second", names, _LATER)
    note = "up to the last answer, with what is read and routed meanwhile"
    yield from _rows(place, found, _CPU, _COST, names, note)
    yield found.row(
        f"{_CPU}, until all of it was read and routed",
        ours=_OURS,
        theirs=_OPENSSH,
        measure=_WHOLE_COST,
        unit=_WHOLE_COST,
    )


def _one_connection(place: _Place) -> Iterator[Row]:
    turn = _Turn(place, connections=1, files=place.bench.size(200, 20), at_once=1)
    names = (_OURS, _DOORS, _OPENSSH, "ProFTPD", "rclone")
    place.bench.say(f"  {_ONE}")
    found = take_turns(place.bench, place.sides(turn, names))
    yield from _rows(place, found, _ONE, "files per second", names, "")


def _eight_connections(place: _Place) -> Iterator[Row]:
    turn = _Turn(place, connections=8, files=place.bench.size(50, 10), at_once=8)
    names = (_OURS, _DOORS, _OPENSSH)
    place.bench.say(f"  {_EIGHT}")
    found = take_turns(place.bench, place.sides(turn, names))
    note = "OpenSSH takes both cores, the node one"
    yield from _rows(place, found, _EIGHT, "files per second", names, note)


def _rows(
    place: _Place,
    found: Samples,
    work: str,
    measure: str,
    names: Sequence[str],
    note: str,
) -> Iterator[Row]:
    """Compare the node with each peer; only the one with OpenSSH has a goal."""
    for ours, peer in (
        (_OURS, _OPENSSH),
        (_DOORS, _OPENSSH),
        *((_OURS, name) for name in names if name not in (_OURS, _DOORS, _OPENSSH)),
    ):
        if peer in place.missing:
            yield skipped(work, peer, place.missing[peer])
            continue
        first = (ours, peer) == (_OURS, _OPENSSH)
        yield found.row(
            work if ours == _OURS else f"{work}: doors alone",
            ours=ours,
            theirs=peer,
            measure=measure,
            goal=_GOALS[work] if first else None,
            unit=measure,
            note=note if first else "",
        )


def _large(place: _Place) -> Iterator[Row]:
    """Upload one large file that is no billing file, so that nobody reads it."""
    size = place.bench.size(100_000_000, 5_000_000)
    local = place.folder / "large.bin"
    block = bytes(range(256)) * 4096
    with local.open("wb") as file:
        for start in range(0, size, len(block)):
            file.write(block[: size - start])
    for words, cipher in _CIPHERS.items():
        work = _BIG.format(words)
        place.bench.say(f"  {work}")
        turn = _LargeTurn(place, local, cipher)
        sides = [
            Side(name=_OURS, turn=partial(turn, _OURS)),
            Side(name=_OPENSSH, turn=partial(turn, _OPENSSH)),
        ]
        found = take_turns(place.bench, sides)
        yield found.row(
            work,
            ours=_OURS,
            theirs=_OPENSSH,
            measure="MB per second",
            goal=_GOALS[work],
            unit="MB per second",
            against="OpenSSH, same client",
        )


class _LargeTurn:
    """One turn: one large file, its content another each time."""

    def __init__(self, place: _Place, local: Path, cipher: str) -> None:
        self._place = place
        self._local = local
        self._cipher = cipher

    def __call__(self, name: str, turn: int) -> Mapping[str, float]:
        """Upload it."""
        place, size = self._place, self._local.stat().st_size
        server = place.nodes.get(name) or place.peers[name]
        with self._local.open("r+b") as file:
            file.write(f"{name} {self._cipher} {turn:06}".encode())
        if name in place.nodes:
            place.nodes[name].settle()
        batch = place.client.batch(server, [(self._local, f"large{turn}.bin")])
        cpu = server.server.cpu()
        seconds = place.client.run(server, [batch], cipher=self._cipher)
        used = server.server.cpu() - cpu
        if name in place.peers:
            stored = place.peers[name].store / f"large{turn}.bin"
            if stored.stat().st_size != size:
                raise BenchFailed(f"{name}: the large file is not whole")
            stored.unlink()
        return {"MB per second": size / 1e6 / seconds, "CPU seconds": used}
