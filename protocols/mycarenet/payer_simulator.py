"""A SIMULATED union: takes billing sendings, sends back what MyCareNet would carry.

It answers as the payers' own pages describe (belgium.md 2): a receipt; a refusal at
once where header or sums are wrong, or where the number was used in that year by
that third-party payer; a refusal of the whole sending where anything blocks it or
more than 5 % of it is in error; else what it noted, and later the settlement.  What
it decides of invoices and lines is invented and no rule of a real payer.  Returns
name SIMULATED PAYER as the person to ask, where that is not the sender's own.  Its
faults are dialled in.
What surprises: a sending that comes again is not answered anew but refused as a
double, as real ones do; `repeat` is what a payer does who is asked on the telephone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import date, timedelta
from random import Random
from typing import Final, Literal, TypedDict

from attrs import evolve

from protocols.mycarenet import care_message, care_simulated
from protocols.mycarenet.keys import normal_sender
from protocols.mycarenet.payer_simulator_decisions import (
    Mix,
    blocking,
    decide,
    early_errors,
    noted,
    refused,
    too_many,
)
from protocols.mycarenet.payer_simulator_sent import SentLot, read_lots
from protocols.mycarenet.return_writer import (
    BLOCKING,
    TOO_MANY,
    Payer,
    write_preliminary,
    write_receipt,
    write_settlement,
    write_verdict,
)
from protocols.simulated_payer import Faults, SimulatedReturn, deliver

__all__ = ["Faults", "Mix", "Seen", "SendingSeen", "SimulatedReturn", "Union"]

State = Literal["taken", "refused"]
_UNIQUENESS: Final = {"sending_number": "40"}
_RECEIPT, _VERDICT, _SETTLEMENT = "receipt", "verdict", "settlement"
_REFERENCE: Final = slice(20, 34)  # zone 204 in the header
_NUMBERS = 4  # of messages kept for one sending; it has three at most


class SendingSeen(TypedDict):
    """What a union keeps of a sending: how it decides, and what became of it.

    `lot` is its match key, `number` that of its first message (zone 205).
    """

    lot: str
    seed: int
    day: str
    number: int
    sha256: str
    state: State


class Seen(TypedDict):
    """All that a union keeps; plain values only.

    `sendings` is by third-party payer, year and number; `registered` are those
    third-party payers that are known in spite of the faults, `dropped` those
    whose sendings went unread.
    """

    sendings: dict[str, SendingSeen]
    registered: list[str]
    dropped: list[str]
    next_number: int


class Union:
    """One simulated union with a memory; `seen` may be kept and given to the next.

    `code` is its number (`100`); without one it answers as the union that a sending
    is for.  `dialect` is how it writes its returns, its own by default; `mutualities`
    are those that it knows, all of its hundred if empty.
    """

    def __init__(
        self,
        *,
        faults: Faults,
        code: str = "",
        mix: Mix | None = None,
        dialect: str = "",
        mutualities: Collection[str] = (),
        seen: Seen | None = None,
    ) -> None:
        self.seen: Seen = seen or Seen(
            sendings={}, registered=[], dropped=[], next_number=1
        )
        self._code = code
        self._faults = faults
        self._mix = mix or Mix()
        self._dialect = dialect
        self._mutualities = frozenset(mutualities)

    def register(self, third_party: str) -> None:
        """Know a third-party payer from now on, whatever the faults say."""
        who = normal_sender(third_party)
        if who not in self.seen["registered"]:
            self.seen["registered"].append(who)

    def knows(self, third_party: str) -> bool:
        """Say whether a third-party payer whose sendings came so far is known."""
        who = normal_sender(third_party)
        return who in self.seen["registered"] or who not in self.seen["dropped"]

    def has(self, lot: str) -> bool:
        """Say whether a sending was taken, by its match key."""
        return any(
            each["lot"] == lot and each["state"] == "taken"
            for each in self.seen["sendings"].values()
        )

    def respond(
        self, content: bytes, *, rng: Random, day: str
    ) -> list[SimulatedReturn]:
        """Take a file on an ISO day; return what is sent back for it."""
        if care_message.recognise(content):
            asked = care_simulated.replies(content, rng=rng, day=day)
            return deliver(asked, self._faults, rng, early=_RECEIPT)
        made: list[SimulatedReturn] = []
        for lot in read_lots(content):
            made += self._answer(lot, rng.getrandbits(48), day)
        return deliver(made, self._faults, rng, early=_RECEIPT)

    def repeat(self, content: bytes, *, rng: Random) -> list[SimulatedReturn]:
        """Send anew everything that was said of sendings that were taken or refused."""
        made: list[SimulatedReturn] = []
        for lot in read_lots(content):
            known = self.seen["sendings"].get(lot.key)
            if known is not None and known["sha256"] == _digest(lot):
                made += self._decided(lot, known)
        return deliver(made, self._faults, rng, early=_RECEIPT)

    def _answer(self, lot: SentLot, seed: int, day: str) -> list[SimulatedReturn]:
        who = normal_sender(lot.third_party)
        union = self._union(lot)
        if who not in self.seen["registered"] and self._is_unknown(who, union):
            if who not in self.seen["dropped"]:
                self.seen["dropped"].append(who)
            return []
        known = self.seen["sendings"].get(lot.key)
        if known is not None and known["state"] == "taken":
            return [self._refuse(lot, day, _UNIQUENESS, {})]
        errors, of_totals = early_errors(lot, union, self._mutualities)
        if errors or of_totals:
            return [self._refuse(lot, day, errors, of_totals)]
        if known is not None and known["sha256"] == _digest(lot):
            seed = known["seed"]  # the same bytes are judged alike: refused again
        known = SendingSeen(
            lot=lot.seen.match_key,
            seed=seed,
            day=day,
            number=self._number(),
            sha256=_digest(lot),
            state="taken",
        )
        self.seen["sendings"][lot.key] = known
        made = self._decided(lot, known)
        again = any(each.name.startswith("920099") for each in made)
        known["state"] = "refused" if again else "taken"
        return [] if self._dice(known, "never") < self._faults.never else made

    def _decided(self, lot: SentLot, known: SendingSeen) -> list[SimulatedReturn]:
        """Write every return on a sending: the same for the same memory."""
        first = date.fromisoformat(known["day"])
        wait = 1 + int(self._dice(known, "verdict") * 3)
        later = wait + 6 + int(self._dice(known, "settlement") * 5)
        payer = self._payer(lot, known["number"], first)
        judging = evolve(
            payer, number=payer.number + 1, day=_plain(first + timedelta(days=wait))
        )
        returns: list[tuple[str, str, bytes, int]] = [
            ("931000", _RECEIPT, write_receipt(lot.sending, payer), 0)
        ]
        wrong = blocking(lot)
        decided = decide(lot, known["seed"], self._mix) | refused(lot)
        if self._dice(known, "refused") < self._faults.refused:
            content = write_verdict(
                lot.sending, judging, {}, refusal=BLOCKING, records=False
            )
            returns.append(("920099", _VERDICT, content, wait))
        elif wrong or too_many(lot, decided):
            kind = BLOCKING if wrong else TOO_MANY
            content = write_verdict(
                lot.sending, judging, wrong or decided, refusal=kind
            )
            returns.append(("920099", _VERDICT, content, wait))
        else:
            marks = noted(lot, known["seed"], self._mix)
            content = write_verdict(lot.sending, judging, marks)
            returns.append(("920098", _VERDICT, content, wait))
            paying = evolve(
                judging,
                number=payer.number + 2,
                day=_plain(first + timedelta(days=later)),
            )
            content = write_settlement(lot.sending, paying, decided)
            returns.append(("920900", _SETTLEMENT, content, later))
        made = []
        for offset, (message, kind, content, days) in enumerate(returns):
            dice = self._dice(known, f"name|{message}")
            altered = dice < self._faults.wrong_identifiers
            sent = _misnamed(content) if altered else content
            numbered = evolve(payer, number=payer.number + offset)
            made.append(_made(message, kind, sent, days, numbered))
        return made

    def _refuse(
        self,
        lot: SentLot,
        day: str,
        errors: dict[str, str],
        of_totals: dict[int, dict[str, str]],
    ) -> SimulatedReturn:
        payer = self._payer(lot, self._number(), date.fromisoformat(day))
        content = write_preliminary(lot.sending, payer, errors, of_totals)
        return _made("920999", _VERDICT, content, 0, payer)

    def _union(self, lot: SentLot) -> str:
        return self._code or lot.seen.destination["union"]

    def _payer(self, lot: SentLot, number: int, day: date) -> Payer:
        union = self._union(lot)
        return Payer(
            union=union,
            dialect=self._dialect or union,
            number=number,
            day=_plain(day),
            series=number % 100_000,
        )

    def _number(self) -> int:
        number = self.seen["next_number"]
        self.seen["next_number"] += _NUMBERS
        return number

    def _is_unknown(self, third_party: str, union: str) -> bool:
        """Whether a third-party payer is not registered: the same for ever."""
        dice = Random(f"unknown|{union}|{third_party}")  # noqa: S311
        return dice.random() < self._faults.unknown_sender

    def _dice(self, known: SendingSeen, what: str) -> float:
        return Random(f"{known['seed']}|{what}").random()  # noqa: S311


def _made(
    message: str, kind: str, content: bytes, days: int, payer: Payer
) -> SimulatedReturn:
    name = f"{message}-{payer.union}-{payer.number:06}.txt"
    return SimulatedReturn(name=name, content=content, kind=kind, delay_days=days)


def _digest(lot: SentLot) -> str:
    return hashlib.sha256(lot.content).hexdigest()


def _plain(day: date) -> str:
    return day.strftime("%Y%m%d")


def _misnamed(content: bytes) -> bytes:
    """Give a return the reference of another sending (zone 204)."""
    reference = content[_REFERENCE]
    digits = reference.translate(bytes.maketrans(b"0123456789", b"1234567890"))
    return content[: _REFERENCE.start] + digits + content[_REFERENCE.stop :]
