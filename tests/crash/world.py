"""A gateway, its clients and payers, to whom everything can happen at any time.

What survives a crash is a `Site`; here are the clients' memory of what they
sent, payers that lose files on the way and answer as they like, and a journal
that fails: before its commit, or after it, so that nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final

from attrs import frozen
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from config.directory_records import DESK_ANSWERS, CodeEntry, DeskEntry, Playbook
from config.playbook_files import DEFAULT
from config.settings import Settings
from gateway.errors import StorageUnavailable
from gateway.intake.interface import Upload
from gateway.intake.tree import ClientTree
from gateway.journal import parts, replay, schema, work
from protocols.channels.folder import open_channel
from protocols.channels.interface import Sent
from protocols.desk import Ask, DeskAnswer, Enrolled, Question, read_question
from protocols.errors import OutcomeUnknown
from routing.chase import Status
from routing.ledger import ANSWERED, Account
from tests.gateway.house import no_payers, result
from tests.gateway.steps import toy
from tests.gateway.steps.site import Fuse, PayerChannel, PayerSide, Site

STEPS: Final = (
    "split", "route", "gather", "dispatch", "collect", "match", "hand-back", "watch", "chase",
    "seal",
)  # fmt: skip
CLIENTS: Final = ("alpha", "beta")
PAYERS: Final = ("P1", "P2")
_AT_PAYER: Final = ("sent", "acknowledged")


class LostOnTheWay(OutcomeUnknown):
    """The line broke after the last byte, and the payer has no file."""


class Line(PayerChannel):
    """A line that may also break before the payer has the file."""

    def send(self, name: str, size: int, body: BinaryIO) -> Sent:
        faults = self._side.faults
        if faults and isinstance(faults[0], LostOnTheWay):
            self._fuse.check()
            body.read()
            raise faults.pop(0)
        return super().send(name, size, body)


class Payer(PayerSide):
    """A payer at the end of such a line, which may lose a file before it looks at it."""

    def __init__(self, folder: Path, fuse: Fuse) -> None:
        super().__init__(folder, fuse)
        self.gone: set[str] = set()  # files that it has lost, and may not know it yet
        self.answered: set[str] = set()
        self.told: set[str] = set()  # questions that its desk has answered

    def billing(self) -> dict[str, bytes]:
        """Read the billing files that it has, by name."""
        return {
            name: content
            for name, content in self.files().items()
            if not name.startswith("desk-") and name not in self.gone
        }

    def lose(self, which: int) -> None:
        """Lose a file that was not answered in any way."""
        files = [name for name in self.billing() if name not in self.answered]
        if files:
            self.gone.add(files[which % len(files)])

    def serve(self) -> None:
        """Answer the questions at its desk, and know what it has lost by then."""
        for name, content in self.files().items():
            if name.startswith("desk-") and name not in self.told:
                self.told.add(name)
                asked = read_question(content)
                answer = DeskAnswer(
                    question=asked.id,
                    ask=asked.ask,
                    lot=asked.lot,
                    sender=asked.sender,
                    said=self._says(asked),
                )
                self.answer(answer.name, answer.to_bytes())

    def _says(self, asked: Question) -> str:
        if asked.ask is Ask.ENROLMENT:
            return Enrolled.YES
        if asked.ask is not Ask.STATUS:
            return "noted"
        if asked.file in self.billing():
            return Status.RECEIVED
        self.lost.add(asked.file)
        return Status.UNKNOWN

    def channel(self) -> PayerChannel:
        return Line(self, open_channel(self.settings), self._fuse)


@frozen(kw_only=True)
class Cut:
    """An upload whose line was cut: what its client still wants to send."""

    client: str
    path: str
    content: bytes


class World(Site):
    """Everything that a crash leaves behind, and what the others remember."""

    def __init__(self) -> None:
        self.outages: list[bool] = []  # of the next commits: was it committed?
        self._breaks = False
        super().__init__(payers=PAYERS)
        self.sides = {
            code: Payer(self.folder / "lines" / code, self.fuse) for code in PAYERS
        }
        self.payers = {f"e-{code}": side for code, side in self.sides.items()}
        self.change(
            "P1",
            desk=DeskEntry(answers=DESK_ANSWERS),
            playbook=Playbook(remedies=DEFAULT),
        )
        self.directory.replace(self._directory())
        self.sent: list[tuple[str, bytes]] = []  # by clients, acknowledged or not
        self.said: dict[str, set[str]] = {}  # by payers, of each claim
        self.strays = 0
        self._serial = 0
        self._wire()
        for name in CLIENTS:
            self.client(name)

    def serial(self) -> int:
        """Return a number that was not used yet."""
        self._serial += 1
        return self._serial

    def put(self, client: str, content: bytes) -> None:
        """Deposit a file; a journal that is away refuses it."""
        known = [name for name, each in self.accepted.items() if each == content]
        mine = {
            row.id
            for row in self.rows(schema.deposit, schema.deposit.c.client_id == client)
        }
        self.sent.append((client, content))
        try:
            stored = self.deposit(content, client=client, name=str(self.serial()))
        except StorageUnavailable:
            return
        assert stored.repeated or not mine & set(known)

    def cut(self, client: str, content: bytes, after: int) -> Cut:
        """Begin an upload whose line is cut after some bytes."""
        cut = Cut(client=client, path=f"/in/{self.serial()}", content=content)
        upload = self._open(cut, resume=False)
        upload.write(0, content[:after])
        upload.abandon()
        return cut

    def resume(self, cut: Cut) -> bool:
        """Go on with an upload where it was cut; True once it is a deposit."""
        try:
            upload = self._open(cut, resume=True)
            upload.write(upload.size, cut.content[upload.size :])
            stored = result(upload.close())
        except StorageUnavailable:
            return False
        self.sent.append((cut.client, cut.content))
        self.accepted[stored.deposit] = cut.content
        return True

    def step(self, name: str) -> bool:
        """Run a step once, as its runner would: a journal that is away ends it."""
        steps = self.gateway.steps
        self.at += 0.01
        try:
            if name == "collect":  # one outbox after the other, for the same outcome
                ends = steps.collect.endpoints().items()
                return sum(steps.collect.empty(*each) for each in ends) > 0
            (step,) = (each for each in steps.in_order() if each.name == name)
            return step.run_once()
        except StorageUnavailable:
            return False

    def steps(self, last: str) -> None:
        """Run every step once, up to one of them."""
        for name in STEPS[: STEPS.index(last) + 1]:
            self.step(name)

    def run_quiet(self) -> None:
        """Run all steps until none finds anything to do."""
        for _ in range(200):
            if sum(self.step(name) for name in STEPS) == 0:
                return
        raise AssertionError("the steps find no end")

    def crash(self) -> None:
        super().crash()
        self._wire()

    def start(self) -> None:
        """Do what a node does at its start, before its steps run."""
        gateway = self.gateway
        try:
            gateway.database.write("abandon", work.abandon_all, Settings().node.id)
        except StorageUnavailable:
            return
        kept = gateway.database.read(parts.all_ids)
        gateway.storage.forget_staging(kept, older_than=0.0)

    def set_open(self, code: str, *, is_open: bool) -> None:
        """Load a directory in which a payer's code is open, or was closed."""
        today = datetime.fromtimestamp(self.at, UTC).date()
        until = None if is_open else today - timedelta(days=1)
        self.change(code, codes=(CodeEntry(code, None, until, None),))

    def answer(self, code: str, which: int, word: str, *, times: int) -> None:
        """Let a payer answer a file that it has; a lot is rejected as a whole."""
        side = self.sides[code]
        files = list(side.billing().items())
        if not files:
            return
        name, file = files[which % len(files)]
        side.answered.add(name)
        if word in {"acknowledged", "lot-rejected"}:
            lines = toy.acknowledge(file).decode()
            if word == "lot-rejected":
                lines = lines.replace("acknowledged", "rejected")
                self._note(toy.claims_of(file), "rejected")
        else:
            claims = toy.claims_of(file)
            self._note(claims, word)
            share = 2 if word == "partly-paid" else 1
            lines = "TORETURN payment\n" + "".join(
                f"claim {key} {word} {cents // share} {sender}\n"
                for key, cents, sender in claims
            )
        for _ in range(times):  # under another number each time, as a new return
            number = self.serial()
            head, _, rest = lines.partition("\n")
            side.answer(f"r{number}", f"{head} {number}\n{rest}".encode())

    def heal(self) -> None:
        """End everything that went wrong, and do what is left to a person."""
        self.outages.clear()
        self.fuse.blow_at(None)
        for code in PAYERS:
            self.payer(code).faults.clear()
            self.payer(code).shows.clear()
            self.set_open(code, is_open=True)
        for _ in range(4):
            self.run_quiet()
            self._ask_and_replay()
            self._send_what_was_lost()
            self.at += 1900  # longer than any lease, or pause of a circuit
        self.run_quiet()

    def answer_all(self) -> None:
        """Let payers pay every file that they have, and collect that."""
        for code in PAYERS:
            for which in range(len(self.sides[code].billing())):
                self.answer(code, which, "paid", times=1)
        for _ in range(2):
            self.run_quiet()
            self.at += 3700  # orphans are tried again after an hour

    def answered(self) -> set[tuple[str, int]]:
        """List the claims that stand in an answered account."""
        return {
            (row.lot_id, row.seq)
            for row in self.claims()
            if Account(row.account) in ANSWERED
        }

    def claims(self) -> Sequence[Any]:
        """Read every claim: its place, key, account, dispatch and client."""
        claim, lot = schema.claim, schema.lot
        account = func.coalesce(claim.c.account, lot.c.account).label("account")
        query = select(
            claim.c.lot_id,
            claim.c.seq,
            claim.c.match_key,
            account,
            lot.c.dispatch_id,
            lot.c.client_id,
            lot.c.state,
        ).join(lot, lot.c.id == claim.c.lot_id)
        return self.gateway.database.read(lambda each: each.execute(query).all())

    def delivered(self) -> list[str]:
        """List the claims that payers were given and say not that they have lost."""
        files = [
            file
            for side in self.payers.values()
            for name, file in side.taken
            if name not in side.lost
        ]
        return sorted(key for file in files for key, _, _ in toy.claims_of(file))

    def _ask_and_replay(self) -> None:
        """Do as a person: what its payer has not, and nothing tells, goes again."""
        for row in self.rows(schema.dispatch, schema.dispatch.c.state == "refused"):
            if row.filename not in self.payers[row.endpoint_id].files():
                self.gateway.database.write(
                    "replay",
                    lambda tx, name: replay.dispatch(
                        tx, name, by="a person", resend=True, repeats=False
                    ),
                    row.id,
                )

    def _send_what_was_lost(self) -> None:
        """Do as a person: what a payer has lost, and no chase sent again, goes again."""
        for row in self.rows(schema.lot, schema.lot.c.state.in_(_AT_PAYER)):
            (sent,) = self.rows(
                schema.dispatch, schema.dispatch.c.id == row.dispatch_id
            )
            for side in self.sides.values():
                if sent.filename in side.gone and sent.state == "sent":
                    side.lost.add(sent.filename)
                    self.gateway.database.write(
                        "replay",
                        lambda tx, name: replay.lot(
                            tx, name, by="a person", resend=True
                        ),
                        row.id,
                    )

    def _open(self, cut: Cut, *, resume: bool) -> Upload:
        tree = ClientTree(
            client=self.client(cut.client),
            reception=self.gateway.reception,
            networks=("toy",),
            referential=no_payers(self.gateway.database, cut.client),
            channel="sftp",
        )
        return there(tree.open_upload(cut.path, resume=resume))

    def _note(self, claims: Iterable[tuple[str, int, str]], word: str) -> None:
        for key, _, _ in claims:
            self.said.setdefault(key, set()).add(word)

    def _wire(self) -> None:
        """Let the journal of the running program fail when it is planned."""
        database: Any = self.gateway.database
        commit = database._commit

        def interrupted(batch: list[Any]) -> Any:
            if not self.outages:
                return commit(batch)
            committed = self.outages.pop(0)
            self._breaks = not committed
            try:
                done = commit(batch)
            finally:
                self._breaks = False
            failure = Failure(StorageUnavailable("the line to the journal broke"))
            return [(each, failure) for each, _ in done]

        database._commit = interrupted
        event.listen(database._writer, "commit", self._commits)

    def _commits(self, _connection: object) -> None:
        if self._breaks:
            raise OperationalError("COMMIT", {}, Exception("no space"))


def there(deferred: Deferred[Upload]) -> Upload:
    """Return what is there already, or raise what went wrong."""
    found: list[Any] = []
    deferred.addBoth(found.append)
    (value,) = found
    if isinstance(value, Failure):
        value.raiseException()
    opened: Upload = value
    return opened
