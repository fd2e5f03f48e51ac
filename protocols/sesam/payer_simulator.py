"""A SIMULATED payer: takes B2 files, sends back acknowledgements and payments.

It is a fund, or a complementary payer: of a request (DRE) it answers the complementary
part alone (NOEMIE 102 of kind D, 199), of a fund's invoice what is asked of it.

It does what a payer does (french.md 3): refuses whole lots whose totals are
wrong, acknowledges the others, pays, lowers, rejects or defers each invoice,
and pays a file or lot that comes again only once.  Its faults are dialled in.
It is pure: no clock, no files; a return says after how many days it is there,
and what a caisse has already seen is plain values that its owner may keep.
What surprises: a resent file is decided as before but delivered anew, so a
return that was lost or cut comes whole when the file is sent again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import NotRequired, TypedDict

from protocols.sesam import attachment_arl
from protocols.sesam.attachment_arl import REFUSED, TAKEN
from protocols.sesam.attachment_container import Document, read_container
from protocols.sesam.keys import normal_ps
from protocols.sesam.noemie_physical import Form
from protocols.sesam.noemie_writer import WRAPPED
from protocols.sesam.payer_simulator_decisions import (
    Decision,
    Mix,
    decide,
    is_refused,
    is_unknown,
)
from protocols.sesam.payer_simulator_files import Refusal, acknowledge, pay
from protocols.sesam.payer_simulator_sent import SentFile, SentLot, read_sent
from protocols.simulated_payer import Faults, SimulatedReturn, deliver

__all__ = ["Caisse", "Faults", "FileSeen", "Mix", "Seen", "SimulatedReturn", "respond"]

_NUMBERS = 4  # kept for the payments of a file: twice what it can have, so they jump
_REASONS = 5  # told of a refused lot
_REFUSED: Refusal = (("SIM9", "SIMULATED REFUSAL WITHOUT A REASON", 0),)
_AGAIN: Refusal = (("SIM8", "LOT ALREADY RECEIVED IN ANOTHER FILE", 0),)
_REUSED: Refusal = (("SIM7", "FILE NUMBER ALREADY USED FOR ANOTHER CONTENT", 0),)


class FileSeen(TypedDict):
    """What a caisse keeps of a file: how it was decided, and its first day.

    `number` is that of its first payments, `arls` those of its acknowledgements.
    """

    seed: int
    day: str
    number: int
    sha256: str
    arls: dict[str, int]


class Seen(TypedDict):
    """All that a caisse keeps; plain values only.

    `lots` tells in which file a lot was acknowledged, `dropped` the professionals
    whose lots went unread, `registered` those that are known in spite of the faults.
    """

    files: dict[str, FileSeen]
    lots: dict[str, str]
    registered: list[str]
    dropped: list[str]
    next_number: int
    next_arl: NotRequired[int]


class Caisse:
    """One payer with a memory; `seen` may be kept and given to the next one."""

    def __init__(
        self,
        *,
        faults: Faults,
        mix: Mix | None = None,
        form: Form = WRAPPED,
        seen: Seen | None = None,
    ) -> None:
        self.seen: Seen = seen or Seen(
            files={}, lots={}, registered=[], dropped=[], next_number=1
        )
        self._faults = faults
        self._mix = mix or Mix()
        self._form = form

    def register(self, professional: str) -> None:
        """Know a professional from now on, whatever the faults say."""
        who = normal_ps(professional)
        if who not in self.seen["registered"]:
            self.seen["registered"].append(who)

    def has(self, lot: str) -> bool:
        """Say whether a lot was taken, by its match key."""
        return lot in self.seen["lots"]

    def knows(self, professional: str) -> bool:
        """Say whether a professional whose lots came so far is known."""
        who = normal_ps(professional)
        return who in self.seen["registered"] or who not in self.seen["dropped"]

    def respond(
        self, b2_file: bytes, *, rng: Random, day: str
    ) -> list[SimulatedReturn]:
        """Take a file on an ISO day; return what is sent back for it."""
        if (documents := self._documents(b2_file)) is not None:
            return deliver(documents, self._faults, rng, early="arl")
        sent = read_sent(b2_file)
        made = self._returns(sent, b2_file, rng.getrandbits(48), day)
        return deliver(made, self._faults, rng, early="arl")

    def repeat(self, b2_file: bytes, *, rng: Random, day: str) -> list[SimulatedReturn]:
        """Deliver anew what was sent back for a file, which is what it does anyway."""
        return self.respond(b2_file, rng=rng, day=day)

    def _returns(
        self, sent: SentFile, b2_file: bytes, seed: int, day: str
    ) -> list[SimulatedReturn]:
        digest = hashlib.sha256(b2_file).hexdigest()
        known = self.seen["files"].get(sent.key)
        if known is not None and known["sha256"] != digest:
            lots = [(lot, _REUSED) for lot in sent.lots]
            return self._refuse(sent, lots, {}, day)
        if known is None:
            number = self.seen["next_number"]
            self.seen["next_number"] += _NUMBERS
            known = FileSeen(seed=seed, day=day, number=number, sha256=digest, arls={})
            self.seen["files"][sent.key] = known
        return self._answer(sent, known)

    def _documents(self, content: bytes) -> list[SimulatedReturn] | None:
        """Acknowledge the documents of a container; None if it is none."""
        packed = read_container(content)
        if packed is None:
            return None
        manifest, documents = packed
        told = [self._word(each) for each in documents]
        answer = attachment_arl.write(manifest["container"], told)
        name = f"scor-arl-{hashlib.sha256(content).hexdigest()[:12]}.json"
        return [SimulatedReturn(name=name, content=answer, kind="arl", delay_days=0)]

    def _word(self, document: Document) -> dict[str, str]:
        """Take a document, or refuse it: the same one always in the same way."""
        chance = int(document.sha256[:8], 16) / 2**32
        word, code, label = TAKEN, "", ""
        if chance < self._faults.refused:
            ((code, label, _),) = _REFUSED
            word = REFUSED
        return {**document._asdict(), "word": word, "code": code, "label": label}

    def _arl_number(self, known: dict[str, int], kind: str) -> int:
        """Number an acknowledgement when it is first made: the numbers have no holes.

        Payments are numbered when they are decided, and come when they are due, so
        their numbers jump.
        """
        if kind not in known:
            known[kind] = self.seen.get("next_arl", 1)
            self.seen["next_arl"] = known[kind] + 1
        return known[kind]

    def _answer(self, sent: SentFile, known: FileSeen) -> list[SimulatedReturn]:
        taken: list[SentLot] = []
        refused: list[tuple[SentLot, Refusal]] = []
        here: set[str] = set()
        for lot in sent.lots:
            who = normal_ps(lot.professional)
            registered = who in self.seen["registered"]
            if not registered and is_unknown(sent, lot, self._faults):
                if who not in self.seen["dropped"]:
                    self.seen["dropped"].append(who)
                continue
            reasons = self._reasons(sent, lot, known["seed"])
            if lot.key in here:
                reasons = reasons or _AGAIN
            if reasons:
                refused.append((lot, reasons))
            else:
                here.add(lot.key)
                self.seen["lots"][lot.key] = sent.key
                taken.append(lot)
        made: list[SimulatedReturn] = []
        if taken:
            number = self._arl_number(known["arls"], "taken")
            content = acknowledge(
                sent,
                [(lot, ()) for lot in taken],
                number=number,
                day=date.fromisoformat(known["day"]),
                form=self._form,
            )
            made.append(_arl(number, content, 0))
        made += self._refuse(sent, refused, known["arls"], known["day"])
        made += self._payments(sent, taken, known)
        return made

    def _reasons(self, sent: SentFile, lot: SentLot, seed: int) -> Refusal:
        """Say why a lot is refused as a whole; nothing if it is not."""
        if lot.errors:
            return [
                ("B2", f"{each.code}: {each.message}", each.record or 0)
                for each in lot.errors[:_REASONS]
            ]
        if self.seen["lots"].get(lot.key, sent.key) != sent.key:
            return _AGAIN
        return _REFUSED if is_refused(lot, seed, self._faults) else ()

    def _refuse(
        self,
        sent: SentFile,
        lots: Sequence[tuple[SentLot, Refusal]],
        known: dict[str, int],
        day: str,
    ) -> list[SimulatedReturn]:
        if not lots:
            return []
        number = self._arl_number(known, "refused")
        content = acknowledge(
            sent, lots, number=number, day=date.fromisoformat(day), form=self._form
        )
        return [_arl(number, content, 0)]

    def _payments(
        self, sent: SentFile, lots: Sequence[SentLot], known: FileSeen
    ) -> list[SimulatedReturn]:
        """Write what is decided first, and later what was deferred."""
        seed, first = known["seed"], date.fromisoformat(known["day"])
        dice = Random(f"{seed}|days")  # noqa: S311
        now: dict[str, list[Decision]] = {}
        later: dict[str, list[Decision]] = {}
        for lot in lots:
            for decision in decide(lot, seed, self._faults, self._mix):
                now.setdefault(lot.professional, []).append(decision)
                if decision.later is not None:
                    later.setdefault(lot.professional, []).append(decision.later)
        wait = dice.randint(2, 5)
        made = []
        for offset, decided in enumerate((now, later)):
            if decided:
                number = known["number"] + offset
                content = pay(
                    sent,
                    decided,
                    number=number,
                    day=first + timedelta(days=wait),
                    form=self._form,
                )
                name = f"noemie-{number:06}.noe"
                made.append(
                    SimulatedReturn(
                        name=name, content=content, kind="payment", delay_days=wait
                    )
                )
            wait += dice.randint(5, 15)
        return made


def respond(
    b2_file: bytes, *, rng: Random, faults: Faults, day: str, number: int
) -> list[SimulatedReturn]:
    """Answer one file as a caisse without memory, from return number `number` on."""
    seen = Seen(
        files={},
        lots={},
        registered=[],
        dropped=[],
        next_number=number,
        next_arl=number,
    )
    return Caisse(faults=faults, seen=seen).respond(b2_file, rng=rng, day=day)


def _arl(number: int, content: bytes, delay_days: int) -> SimulatedReturn:
    return SimulatedReturn(
        name=f"arl-{number:06}.noe", content=content, kind="arl", delay_days=delay_days
    )
