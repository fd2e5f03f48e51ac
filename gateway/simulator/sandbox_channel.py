"""The channel to a payer of the sandbox, which is inside of this program.

SIMULATED.  It connects to nothing.  All that the payer knows is rows and stored files, so
it answers after a restart, and to another node, as if nothing had been.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, Final

from config.sandbox_file import Does
from config.sandbox_file import sandbox as table
from gateway.clock import Now
from gateway.committing import Tx
from gateway.database import Database
from gateway.house import House
from gateway.journal import dispatches, sandbox
from gateway.simulator import sandbox_script
from gateway.simulator.sandbox_desk import Desk
from gateway.simulator.sandbox_script import Coming, Script
from gateway.storage.payloads import Payloads
from protocols import desk
from protocols.channels.interface import Arrival, Channel, RemoteFile, Sent
from protocols.errors import OutcomeUnknown, PayerRefused, PayerUnavailable
from protocols.interface import Network
from routing import sandbox as scope
from routing.directory import Directory

_FAILS: Final = 2  # attempts at a payer that cannot be reached
_CUT: Final = 60  # bytes that are left of a return which was cut


class Sandboxed:
    """Gives channels by endpoint: the sandbox's own, and else those of `real`.

    An endpoint of the sandbox is never looked for among real ones.
    """

    def __init__(self, house: House, real: Callable[[str], Channel]) -> None:
        self._house = house
        self._real = real

    def __call__(self, endpoint: str) -> Channel:
        """Return the channel of an endpoint."""
        if scope.read(endpoint) is None:
            return self._real(endpoint)
        return SandboxChannel(
            endpoint,
            database=self._house.database,
            payloads=self._house.payloads,
            networks=self._house.networks.__getitem__,
            directory=self._house.directory,
            now=self._house.now,
        )


class SandboxChannel:
    """A `protocols.channels.interface.Channel` to one payer in one client's sandbox."""

    def __init__(
        self,
        endpoint: str,
        *,
        database: Database,
        payloads: Payloads,
        networks: Callable[[str], Network],
        directory: Callable[[], Directory],
        now: Now,
    ) -> None:
        self._endpoint = endpoint
        self._database = database
        self._payloads = payloads
        self._networks = networks
        self._directory = directory
        self._now = now

    def send(self, name: str, size: int, body: BinaryIO) -> Sent:
        """Hand a file to the payer, who does with it what its invoices choose."""
        content = body.read()
        there = self._database.read(sandbox.file, self._endpoint, name)
        if there is not None:
            return Sent(reference=name, note="the sandbox's payer had it already")
        tries = self._database.write("sandbox.try", sandbox.tried, self._endpoint, name)
        if desk.recognise(content) == desk.QUESTION_FORMAT:
            self._hear(name, content)
            return Sent(reference=name, note="the sandbox's desk has the question")
        script = self._script(content)
        if script.does is Does.UNREACHABLE and tries <= _FAILS:
            raise PayerUnavailable(
                f"the sandbox's payer cannot be reached: attempt {tries} of {_FAILS} "
                "that fail, as the invoice asks for"
            )
        if script.does is Does.REFUSE_FILE:
            raise PayerRefused("the sandbox's payer takes no such file, as asked for")
        self._take(name, len(content), script)
        if script.does is Does.UNCLEAR:
            raise OutcomeUnknown("the sandbox's line broke after the last byte")
        return Sent(reference=name, note=f"{size} bytes taken in the sandbox")

    def ask(self, name: str, size: int) -> Arrival:
        """Say whether a file has come whole."""
        there = self._database.read(sandbox.file, self._endpoint, name)
        arrived = there is not None and there.size == size
        return Arrival.ARRIVED if arrived else Arrival.ABSENT

    def list(self) -> Sequence[RemoteFile]:
        """List what the payer has sent back by now."""
        return [
            RemoteFile(name=row.name, size=row.size, modified=row.ready_at)
            for row in self._database.read(sandbox.ready, self._now(), self._endpoint)
        ]

    def fetch(self, file: RemoteFile, into: BinaryIO) -> int:
        """Copy a return."""
        row = self._database.read(sandbox.one, self._endpoint, file.name)
        if row is None:
            raise PayerUnavailable(f"{file.name} is gone from the sandbox")
        with self._database.read(self._payloads.open, row.payload_id) as stream:
            content = stream.read()
        into.write(content)
        return len(content)

    def remove(self, file: RemoteFile) -> None:
        """Take a return away that was fetched."""
        self._database.write(
            "sandbox.remove", sandbox.removed, self._endpoint, file.name
        )

    def check(self) -> str:
        """Say what it is."""
        return "a payer of the sandbox, SIMULATED, inside of this program"

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def _script(self, content: bytes) -> Script:
        directory = self._directory()
        payer = directory.payer(self._endpoint)
        network = self._networks(payer.network)
        if network.simulation is None:
            raise PayerRefused(
                f"payers of {scope.base(network.name)} cannot be simulated here yet"
            )
        return sandbox_script.write(
            content,
            network=network,
            simulation=network.simulation,
            payer=payer,
            tables=directory.tables(payer.network),
            sandbox=table(),
            day=directory.calendar(payer.id).day(self._now()).isoformat(),
        )

    def _take(self, name: str, size: int, script: Script) -> None:
        now = self._now()
        made = [file for each in script.coming for file in self._made(each, now)]
        answered = None if script.last is None else now + script.last
        self._keep(made, name, size, lot_key=script.lot, answered_at=answered)

    def _made(self, coming: Coming, now: float) -> Iterator[tuple[str, bytes, float]]:
        """Write an answer as the file that comes; each has a number of its own."""
        number = self._database.write(
            "sandbox.number", dispatches.next_number, f"{self._endpoint}/returns"
        )
        ready = now + coming.after
        if coming.told is None:
            stem, ending = posixpath.splitext(coming.name)
            yield f"{stem}-{number:06}{ending}", coming.content, ready
            return
        directory = self._directory()
        payer = directory.payer(self._endpoint)
        simulation = self._networks(payer.network).simulation
        if simulation is None:
            return
        day = directory.calendar(payer.id).day(now)
        for file in simulation.answer(
            coming.kind, [coming.told], number=number, day=day
        ):
            content = file.content[:_CUT] if coming.cut else file.content
            yield file.name, content, ready

    def _hear(self, name: str, content: bytes) -> None:
        question = desk.read_question(content)
        answer = self._database.write(
            "sandbox.desk", Desk(self._endpoint).hear, question
        )
        half = table().working_day * table().answers_after
        made = [(answer.name, answer.to_bytes(), self._now() + half)]
        self._keep(made, name, len(content), lot_key="", answered_at=None)

    def _keep(
        self,
        made: Sequence[tuple[str, bytes, float]],
        name: str,
        size: int,
        *,
        lot_key: str,
        answered_at: float | None,
    ) -> None:
        """Make durable at once that a file was taken, and all that will come of it."""
        stored = self._payloads.store_small([content for _, content, _ in made])
        coming = [
            sandbox.Coming(file, each, ready)
            for (file, _, ready), each in zip(made, stored, strict=True)
        ]

        def note(tx: Tx) -> None:
            self._payloads.record(tx, stored)
            sandbox.taken(
                tx,
                self._endpoint,
                name,
                size,
                lot_key=lot_key,
                answered_at=answered_at,
                coming=coming,
            )

        self._database.write("sandbox.take", note)
