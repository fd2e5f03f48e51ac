"""Reads the answers of a NOEMIE return: one for each invoice, in file order.

Entities that name a payee, a day, a lot or a kind of return hold for all that
follows until they are named anew; a new payee ends the lot.  Debts, one-off
payments and remarks outside an invoice are answers of their own, with the
outcome `information`; those that stand under an invoice come right after its
answer, with its keys.  What surprises: a damaged entity makes the reader forget
what it may have said, because an invoice given to the wrong professional is
worse than one given to nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO

from protocols.problem_log import ProblemLog
from protocols.sesam.noemie import END, HEADER, Entity, EntityReader, read_entities
from protocols.sesam.noemie_claim import Claim
from protocols.sesam.noemie_context import Context
from protocols.sesam.noemie_controls import Controls, check_control, check_end
from protocols.sesam.noemie_information import (
    ONE_OFF,
    ONE_OFF_DETAIL,
    information,
    is_payment,
    with_detail,
)
from routing.envelope import AnswerSeen, Outcome, Severity, Summary

FORMAT = "sesam.noemie"
CONTEXT = frozenset(["010", "020", "040", "070", "071", "080", "081"])
INVOICES = frozenset({"100", "102"})
CONTROL = "990"
_TURNS = CONTEXT | INVOICES | {CONTROL, END}
_PART_TOTALS = {name: (f"{name}_asked", f"{name}_paid") for name in ("amo", "amc")}
_SHOWN_KEYS = (
    "reference",
    "file_id",
    "file_created",
    "sender_type",
    "sender_no",
    "recipient_type",
    "recipient_no",
    "flow",
)


class NoemieReading:
    """A NOEMIE return being read; `kind` is final once `answers` is exhausted.

    `kind` is "payment", or "reject" when every invoice of it is rejected.
    `entities` and `controls` serve whoever copies the file.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.format = FORMAT
        self.kind = "payment"
        self.problems = ProblemLog()
        self.controls = Controls()
        self.entities: EntityReader = read_entities(stream, problems=self.problems)
        self._header = self.entities.header
        self._context = Context(
            recipient=self._header["recipient_no"], reference=self._header["reference"]
        )
        self._claim: Claim | None = None
        self._waiting: list[AnswerSeen] = []  # information under the open invoice
        self._one_off: AnswerSeen | None = None
        self._lots: set[tuple[str, ...]] = set()
        self._claims = 0
        self._rejected = 0
        names = ("asked", "paid", "amo_asked", "amo_paid", "amc_asked", "amc_paid")
        self._totals = dict.fromkeys(names, 0)

    def answers(self) -> Iterator[AnswerSeen]:
        """Yield each answer in the order of the file."""
        for entity in self.entities.entities():
            claim = self._claim
            if entity.code != CONTROL or not entity.sound:
                self.controls.other()
            if (
                claim is not None
                and self._one_off is None
                and entity.sound
                and claim.holds(entity.code)
            ):
                self._add(claim, entity)
            elif not entity.sound and entity.code != HEADER:
                yield from self._damage(entity)
            elif entity.code != HEADER:
                yield from self._take(entity)
        yield from self._end_claim()
        if self._claims and self._claims == self._rejected:
            self.kind = "reject"

    def summary(self) -> Summary:
        """Say what the whole file was; only after `answers` is exhausted."""
        keys = {name: self._header[name] for name in _SHOWN_KEYS}
        keys["form"] = "wrapped" if self.entities.form.wrapped else "plain"
        return Summary(
            format=self.format,
            records=self.entities.count,
            lots=len(self._lots),
            claims=self._claims,
            errors=self.problems.errors,
            warnings=self.problems.warnings,
            keys=keys,
            totals=self._totals,
            problems=tuple(self.problems.kept),
        )

    def _take(self, entity: Entity) -> Iterator[AnswerSeen]:
        values = self.entities.read(entity)
        if entity.code != ONE_OFF_DETAIL:
            yield from self._end_one_off()
        if entity.code in _TURNS:
            yield from self._end_claim()
            self._turn(entity, values)
        elif self._claim is not None and self._claim.holds(entity.code):
            self._add(self._claim, entity)
        else:
            yield from self._inform(entity, values)

    def _add(self, claim: Claim, entity: Entity) -> None:
        """Add an entity to the invoice that it tells of."""
        doubtful = claim.damaged
        claim.add(entity.code, self.entities.read(entity))
        claim.last = entity.number
        if claim.damaged and not doubtful:
            self._report_contradiction(entity)

    def _turn(self, entity: Entity, values: Mapping[str, str]) -> None:
        """Take an entity that ends the invoice before it."""
        if entity.code in CONTEXT:
            self._context = self._context.within(entity.code, values)
        elif entity.code in INVOICES:
            self._claim = Claim(self._context, values, number=entity.number)
        elif entity.code == CONTROL:
            held = self.controls.close()
            check_control(held, values, number=entity.number, log=self.problems)
        else:
            check_end(
                self.controls,
                values,
                entities=self.entities,
                lots=len(self._lots),
                log=self.problems,
            )

    def _damage(self, entity: Entity) -> Iterator[AnswerSeen]:
        """Take an entity that cannot be read, or whose keys or money cannot."""
        if entity.code not in self.entities.layouts and entity.code.isdecimal():
            if self._claim is not None:  # a kind of entity that is new to us
                self._claim.last = entity.number
            return
        if self._claim is not None and entity.code not in _TURNS:
            self._claim.damaged = True
            self._claim.last = entity.number
        yield from self._end_one_off()
        if entity.code in _TURNS or not entity.code.isdecimal():
            yield from self._end_claim()
            self._context = self._context.doubtful(entity.code)

    def _end_claim(self) -> Iterator[AnswerSeen]:
        if self._one_off is not None:
            yield from self._end_one_off()
        claim, self._claim = self._claim, None
        if claim is None:
            return
        answer = claim.close()
        self._claims += 1
        self._rejected += answer.outcome is Outcome.REJECTED
        self.controls.item(items=1, paid=claim.paid)
        lot = answer.facts.get("lot", ""), answer.facts.get("lot_date", "")
        self._lots.add((answer.sender, *lot))
        self._totals["asked"] += answer.asked
        self._totals["paid"] += answer.paid
        for name, part in claim.parts.items():
            asked, paid = _PART_TOTALS[name]
            self._totals[asked] += part.asked
            self._totals[paid] += part.paid
        yield answer
        yield from self._waiting
        self._waiting = []

    def _inform(
        self, entity: Entity, values: Mapping[str, str]
    ) -> Iterator[AnswerSeen]:
        """Make an answer of an entity that moves no invoice."""
        if self._claim is not None and not self._claim.is_above(values["level"]):
            yield from self._end_claim()
        if entity.code == ONE_OFF_DETAIL and self._one_off is not None:
            self._one_off = with_detail(self._one_off, entity, values)
            return
        answer = information(
            entity,
            values,
            layout=self.entities.layouts[entity.code],
            context=self._context,
            claim=self._claim,
        )
        if answer is None:
            self._report_stray(entity)
            return
        if is_payment(entity, values):
            self.controls.item(extra=answer.paid)
        self._one_off = answer
        if entity.code != ONE_OFF:
            yield from self._end_one_off()

    def _end_one_off(self) -> Iterator[AnswerSeen]:
        """Let go of information that no detail will be added to any more."""
        answer, self._one_off = self._one_off, None
        if answer is not None and self._claim is not None:
            self._waiting.append(answer)
        elif answer is not None:
            yield answer

    def _report_contradiction(self, entity: Entity) -> None:
        self.problems.add(
            "contradiction",
            f"entity {entity.code} contradicts itself or the invoice: a part stands "
            "once, in a state P, R, D or blank, paid only if P; nothing is booked, "
            "ask the payer what was meant",
            record=entity.number,
            position=6,
        )

    def _report_stray(self, entity: Entity) -> None:
        self.problems.add(
            "no-invoice",
            f"entity {entity.code} stands under no invoice (100 or 102); "
            "it belongs to nobody and is not read",
            severity=Severity.WARNING,
            record=entity.number,
            position=1,
        )
