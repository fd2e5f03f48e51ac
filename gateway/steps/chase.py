"""Step 11, chase: a lot whose answers are late gets its next remedy, one at a time.

What is decided is journaled before it is done, and each remedy may be done twice
without harm, so a crash in between costs nothing.  What is only rows is done in
the deciding transaction; what speaks to a payer is done after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from config.directory_records import Playbook, Within
from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.database import Database
from gateway.journal import anomalies, chases, enrolments, remedies
from gateway.steps.remedies import BY_ROWS, Remedies, RemedyObserver
from gateway.steps.standing import Seen, awaited_until, decide, see
from gateway.wording import often
from protocols.channels.interface import Channel
from protocols.interface import Network
from routing.chase import ChaseEvent, ChaseState, Known, RemedyState, Status
from routing.directory import Directory
from routing.errors import NoRoute
from routing.remedy import WORDS, Next, Remedy

_AT_ONCE: Final = 100
_WHILE_UNDER_WAY: Final = 3600.0
_DAY: Final = Within(1, 0.0)
_ENROLS_WITHIN: Final = 60 * 86_400.0
_ASKS_AT_MOST: Final = 100
_LEAVES_IT: Final = frozenset({None, Remedy.PERSON})  # with the person who has it


class Chase:
    """Decides on remedies and carries them out."""

    name = "chase"

    def __init__(
        self,
        *,
        database: Database,
        channel: Callable[[str], Channel],
        look: Callable[[str, str], bool],
        networks: Mapping[str, Network],
        directory: Callable[[], Directory],
        entropy: Entropy,
        observe: RemedyObserver,
    ) -> None:
        self._database = database
        self._networks = networks
        self._directory = directory
        self._entropy = entropy
        self._observe = observe
        self._remedies = Remedies(
            database=database,
            channel=channel,
            look=look,
            see=lambda connection, lot, now: see(
                connection, lot, directory(), networks, now
            ),
            until=lambda payer, remedy, now: awaited_until(
                directory(), payer, remedy, now
            ),
            entropy=entropy,
            observe=observe,
        )

    def run_once(self) -> bool:
        """Decide on what is due, then do what was planned; False if nothing was."""
        decided = self._database.write("chase.decide", self._decide, self._directory())
        for payer, remedy, outcome in decided:
            self._observe.remedy(payer, remedy, outcome)
        return self._remedies.carry_out() or bool(decided)

    def _decide(self, tx: Tx, directory: Directory) -> list[tuple[str, str, str]]:
        """Decide on each chase that is due; return payer, remedy and state of each."""
        done = []
        sent_with: set[str] = set()  # lots whose file was sent again for another
        for row in chases.due(tx, _AT_ONCE):
            if row.lot_id in sent_with:
                continue
            begun = self._decide_one(tx, row, directory)
            if begun is not None:
                done.append(begun[0])
                sent_with |= begun[1]
        return done

    def _decide_one(
        self, tx: Tx, row: chases.Chase, directory: Directory
    ) -> tuple[tuple[str, str, str], set[str]] | None:
        """Decide on a chase; None: no remedy was begun.

        Else payer, remedy and its state, and other lots for which it was done as well.
        """
        given_up = row.state == ChaseState.GIVEN_UP  # and looked at once more
        if not chases.owes_still(tx.connection, row.lot_id):
            chases.end(tx, row)
            return None
        try:
            seen = see(tx.connection, row.lot_id, directory, self._networks, tx.now)
        except NoRoute as error:
            if given_up:
                chases.rest(tx, row)
            else:
                self._give_up(tx, row, None, str(error))
            return None
        row = chases.follow(tx, row, seen.dispatch)
        found = self._next(tx, row, seen, directory)
        if found is None:
            return None
        if given_up and found.remedy in _LEAVES_IT:
            chases.rest(tx, row)
            return None
        if given_up:
            row = chases.go_on(tx, row)
        if found.remedy is None:
            chases.wait(tx, row.lot_id, self._awaited(tx, row, seen, directory))
            return None
        state, others = self._begin(tx, row, seen, found, found.remedy, directory)
        return (seen.dispatch.payer_id, found.remedy.value, state), others

    def _next(
        self, tx: Tx, row: chases.Chase, seen: Seen, directory: Directory
    ) -> Next | None:
        """Decide what is next for a lot; None: nothing, or another node decides on its file."""
        if seen.standing.only_money and not seen.late:
            chases.end(tx, row)  # it begins anew when the money is late
            return None
        playbook = directory.payer(seen.dispatch.payer_id).playbook
        known = Known.from_json(row.known)
        found = decide(tx.connection, playbook, known, seen)
        if found.remedy is Remedy.RESEND and seen.standing.recognises:
            if not chases.hold_file(tx, seen.dispatch.id):
                return None
            found = decide(tx.connection, playbook, known, seen)
        if found.remedy is None and _enrols_for_ever(row, seen, directory, tx.now):
            why = "the sender's enrolment was asked for long ago, and is not open"
            return Next(Remedy.PERSON, why)
        return found

    def _awaited(
        self,
        tx: Tx,
        row: chases.Chase,
        seen: Seen,
        directory: Directory,
    ) -> float:
        """Return when to look again at what waits; asks after an enrolment on the way."""
        if seen.standing.under_way:
            return tx.now + _WHILE_UNDER_WAY
        if not seen.standing.enrolling:  # a second person is asked
            return awaited_until(
                directory, seen.dispatch.payer_id, Remedy.RESEND, tx.now
            )
        calendar = directory.calendar(seen.dispatch.payer_id)
        wait = _enrolment_wait(directory.payer(seen.dispatch.payer_id).playbook)
        poll = calendar.due(seen.enrolment_asked_at or tx.now, wait)
        if poll <= tx.now and "enrolment" in seen.standing.desk.answers:
            self._add(tx, row, seen, Remedy.ASK_ENROLMENT, "is the sender enrolled?")
            enrolments.touch(
                tx,
                self._networks[seen.lot.network],
                seen.lot.sender,
                seen.dispatch.payer_id,
                seen.lot.flow,
            )
        return max(poll, calendar.due(tx.now, wait))

    def _begin(
        self,
        tx: Tx,
        row: chases.Chase,
        seen: Seen,
        found: Next,
        remedy: Remedy,
        directory: Directory,
    ) -> tuple[str, set[str]]:
        """Journal a remedy, and do it if it is only rows.

        Returns its state, and the other lots for which it was done as well.
        """
        if remedy is Remedy.PERSON:
            self._give_up(tx, row, seen, found.why)
            return "given-up", set()
        if found.approval:
            asked = seen.standing.asked_again(remedy)
            words = f"{found.why}; {asked / 100:.2f} are asked"
            self._add(tx, row, seen, remedy, words, RemedyState.APPROVAL)
            chases.move(tx, row, ChaseEvent.WANT_APPROVAL)
            self._tell_of_approval(tx, seen, remedy)
            return RemedyState.APPROVAL, set()
        name = self._add(tx, row, seen, remedy, found.why)
        until = awaited_until(directory, seen.dispatch.payer_id, remedy, tx.now)
        known = Known.from_json(row.known).after(remedy, tx.now)
        chases.wait(tx, row.lot_id, until, known)
        if remedy not in BY_ROWS:
            return RemedyState.PLANNED, set()
        planned = remedies.one(tx.connection, name)
        return self._remedies.do_rows(tx, planned, seen, until)

    def _add(
        self,
        tx: Tx,
        row: chases.Chase,
        seen: Seen,
        remedy: Remedy,
        words: str,
        state: RemedyState = RemedyState.PLANNED,
    ) -> str:
        return remedies.add(
            tx,
            self._entropy,
            seen.lot,
            seen.dispatch,
            remedy,
            state=state,
            words=words,
        )

    def _give_up(self, tx: Tx, row: chases.Chase, seen: Seen | None, why: str) -> None:
        """Give what no safe remedy is left for to a person, with what is known."""
        chases.move(tx, row, ChaseEvent.GIVE_UP)
        known = Known.from_json(row.known)
        cause = _cause(known, seen)
        anomalies.raise_(
            tx,
            self._entropy,
            kind="answer-missing",
            severity=anomalies.ERROR,
            subject=f"{row.payer_id}:{row.flow}:{cause}",
            payer=row.payer_id,
            seen=row.claims,
            words=f"lot {row.lot_id} of payer {row.payer_id}: {CAUSES[cause]}; {why}. "
            f"Tried: {_tried(known)}",
        )

    def _tell_of_approval(self, tx: Tx, seen: Seen, remedy: Remedy) -> None:
        anomalies.raise_(
            tx,
            self._entropy,
            kind="remedy-approval",
            severity=anomalies.WARNING,
            subject=seen.dispatch.payer_id,
            payer=seen.dispatch.payer_id,
            words=f"lot {seen.lot.id}: {WORDS[remedy]} needs a second person above the "
            "payer's amount; see `octway remedy list --state approval`",
        )


def _enrols_for_ever(
    row: chases.Chase, seen: Seen, directory: Directory, now: float
) -> bool:
    """Say whether an enrolment has been waited for as long as makes sense.

    That is 60 days, or as long as the playbook would ask for it if that is longer.
    """
    if seen.standing.under_way or not seen.standing.enrolling:
        return False
    since = seen.enrolment_since or row.opened_at
    if now < since + _ENROLS_WITHIN:
        return False
    payer = directory.payer(seen.dispatch.payer_id)
    for entry in payer.playbook.remedies:
        if entry.do == Remedy.ASK_ENROLMENT:
            most = min(entry.most, _ASKS_AT_MOST)
            whole = Within(entry.wait.working_days * most, entry.wait.seconds * most)
            return directory.calendar(payer.id).due(since, whole) <= now
    return True


def _enrolment_wait(playbook: Playbook) -> Within:
    """Say how long after a question about an enrolment it is asked again."""
    for entry in playbook.remedies:
        if entry.do == Remedy.ASK_ENROLMENT:
            return entry.wait
    return _DAY


CAUSES: Final = {
    "silent": "the payer says nothing at all",
    "undecided": "the payer has the lot and has not answered",
    "return-lost": "the payer says that it has answered, and nothing comes",
    "unknown-there": "the payer says that it does not have the lot",
    "unpaid": "the payer has decided on the lot, and no bank statement shows its money",
    "payer-gone": "the payer is no longer in the directory",
}
"""Why an answer is missing, as far as it is known when a person gets it."""

_BY_STATUS: Final = {
    Status.UNASKED: "silent",
    Status.UNKNOWN: "unknown-there",
    Status.RECEIVED: "undecided",
    Status.REFUSED: "undecided",
    Status.ANSWERED: "return-lost",
}


def _cause(known: Known, seen: Seen | None) -> str:
    if seen is None:
        return "payer-gone"
    if seen.standing.only_money:
        return "unpaid"
    if known.status is Status.UNASKED and seen.standing.acknowledged:
        return "undecided"
    return _BY_STATUS[known.status]


def _tried(known: Known) -> str:
    return "; ".join(_times(*each) for each in known.tried.items()) or "nothing"


def _times(name: str, count: int) -> str:
    return f"{WORDS[Remedy(name)]} ({often(count)})"
