"""What a NOEMIE return says of one invoice, gathered from its entities.

An invoice has a main part (198) and a complementary part (199), each asked,
decided and paid on its own (french.md 2.3).  They give one outcome:

| parts that were handled          | outcome     |
| -------------------------------- | ----------- |
| paid, all as asked or more       | paid        |
| paid, less than asked            | partly-paid |
| one paid, the other not          | partly-paid |
| rejected only                    | rejected    |
| deferred, alone or with a reject | deferred    |

A complementary payer speaks of its own part alone: what it repeats of the main one
is left out, and the keys of the complementary part come first.

A part with a blank state was not handled: it counts neither as asked nor as
paid.  A part of nothing asked and nothing paid is left out if there is another.
A sign N makes a payment negative: money taken back, `partly-paid` with the fact
`reversal`.  Older references have no parts: the sum of their lines is paid, and
what was asked is not known, so it is taken to be the same.  Where nothing was
handled or paid a reject (290, 294) rejects, and else nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from protocols.sesam import keys
from protocols.sesam.noemie_context import Context, iso_date, surroundings
from routing.envelope import NO_TRAITS, AnswerSeen, Level, Outcome, Remark, Traits

_PARTS = {"198": "amo", "199": "amc"}
_PART_FACTS = {
    name: (f"{name}_state", f"{name}_asked", f"{name}_paid") for name in _PARTS.values()
}
_LINES = frozenset({"210", "220"})
_REJECTS = frozenset({"290", "294"})
REMARKS = _REJECTS | {"295"}
_HELD = _LINES | REMARKS | _PARTS.keys() | {"103", "110", "120", "150", "160"}
_OF_COMPLEMENTARY = frozenset({"D", "A", "C"})  # kinds of invoice
_PAID = "P"
_STATES = frozenset({_PAID, "R", "D", ""})
_DECISIONS: Mapping[str, Outcome] = {
    _PAID: Outcome.PAID,
    "R": Outcome.REJECTED,
    "D": Outcome.DEFERRED,
}
_SIGNS = frozenset({"P", "N", ""})
_OWN = 15  # characters of a person's number with its key
_lot_key = lru_cache(maxsize=4096)(keys.lot_key)


class Part(NamedTuple):
    """One payer's part of an invoice, in cents.

    `outcome` is what was decided; None if this payer did not handle it.
    """

    asked: int
    state: str
    paid: int
    outcome: Outcome | None


def _part(asked: int, state: str, paid: int) -> Part:
    outcome = _DECISIONS.get(state)
    if state == _PAID and paid < asked:
        outcome = Outcome.PARTLY_PAID
    return Part(asked, state, paid, outcome)


class Claim:
    """One invoice under construction; `close` gives its answer.

    A damaged one, or one that contradicts itself, moves no money: its outcome
    is `information` with the fact `damaged`.  It does so if a part comes twice
    (another invoice's beginning must have been lost), if a part that is not paid
    is paid something, or if state or sign are none that exist.
    """

    def __init__(
        self, context: Context, values: Mapping[str, str], *, number: int
    ) -> None:
        self.level = values["level"]
        self.last = number
        self.damaged = False
        self.parts: dict[str, Part] = {}
        self._context = context
        self._values = values
        self._first = number
        self._lines = 0
        self._refused = False
        self._remarks: list[Remark] = []
        self._insurance = ""
        self._details: dict[str, str] = {}
        self._person = ""

    @property
    def paid(self) -> int:
        """What this return pays for the invoice, in cents, signed."""
        if self.damaged:
            return 0
        if self.parts:
            return sum([part.paid for part in self.parts.values() if part.outcome])
        return self._lines

    def add(self, code: str, values: Mapping[str, str]) -> None:
        """Take in one entity that belongs to the invoice."""
        if code in _PARTS:
            self._add_part(_PARTS[code], values)
            if code == "199":
                self._details["amc"] = values["amc"]
            return
        if code in _LINES:
            self._lines += signed(values, "refunded")
        elif code in REMARKS:
            self._remarks.append(Remark(values["code"], values["label"]))
            self._refused = self._refused or code in _REJECTS
        if "insured" in values:
            self._details["patient"] = values["insured"] + values["insured_check"]
            self._person = values.get("person", "")
        self._insurance = values.get("insurance", self._insurance)

    def _add_part(self, name: str, values: Mapping[str, str]) -> None:
        state, paid = values["state"], signed(values, "paid")
        known = state in _STATES and values["sign"] in _SIGNS
        if name in self.parts or not known or (paid and state != _PAID):
            self.damaged = True
        self.parts[name] = _part(cents(values["asked"]), state, paid)

    def holds(self, code: str) -> bool:
        """Whether an entity of this kind tells of an invoice."""
        return code in _HELD

    def is_above(self, level: str) -> bool:
        """Whether an entity of this break level can stand under the invoice."""
        return level >= self.level

    def match_keys(self) -> tuple[str, ...]:
        """Keys of the invoice, the payee's before the recipient's.

        None if the lot or its date is not told: an invoice number alone says
        too little to move money.
        """
        lot, day = self._lot()
        invoice = self._values["invoice"]
        if not (lot and day and invoice):
            return ()
        number = keys.normal_invoice(invoice)
        owners = surroundings(self._context).owners
        main = tuple([f"{_lot_key(each, day, lot)}|{number}" for each in owners])
        if not self._of_complementary():
            return main
        of_request = [
            keys.request_claim_key(each, day, lot, invoice) for each in owners
        ]
        return (*of_request, *main)

    def _of_complementary(self) -> bool:
        """Whether a complementary payer speaks of its part, and nobody of the other."""
        if self._values.get("invoice_kind", "") in _OF_COMPLEMENTARY:
            return True
        return "amc" in self.parts and "amo" not in self.parts

    def close(self) -> AnswerSeen:
        """Return what was said of the invoice."""
        handled = [] if self.damaged else _handled(self._own_parts())
        paid = self.paid
        if self.parts:
            paid = sum([part.paid for part in handled])
        asked = sum([part.asked for part in handled]) if self.parts else paid
        return AnswerSeen(
            level=Level.CLAIM,
            match_keys=self.match_keys(),
            sender=surroundings(self._context).sender,
            outcome=self._outcome(handled),
            asked=asked,
            paid=paid,
            remarks=tuple(self._remarks),
            first=self._first,
            last=self.last,
            facts=self._facts(paid),
            traits=NO_TRAITS if self.damaged else self._traits(),
        )

    def _own_parts(self) -> Mapping[str, Part]:
        """Return the parts of the payer that speaks."""
        if self._of_complementary() and "amc" in self.parts:
            return {"amc": self.parts["amc"]}
        return self.parts

    def _traits(self) -> Traits:
        lot, day = self._lot()
        values = self._values
        return Traits(
            number=keys.normal_invoice(values["invoice"]),
            lot=lot,
            lot_date=day,
            date=iso_date(values.get("invoice_date", "")),
            patients=patients(self._details.get("patient", ""), self._person),
        )

    def _lot(self) -> tuple[str, str]:
        """Return the lot's number and ISO date: the invoice's own, or those above.

        An invoice that repeats the lot's number alone means the lot above it.
        """
        above = self._context.lot, iso_date(self._context.lot_date)
        own = self._values.get("lot", "")
        day = iso_date(self._values.get("lot_date", ""))
        if not own or (not day and own.rjust(3, "0") == above[0].rjust(3, "0")):
            return above
        return own, day

    def _outcome(self, handled: Sequence[Part]) -> Outcome:
        if self.damaged:
            return Outcome.INFORMATION
        if handled:
            return combine([found for part in handled if (found := part.outcome)])
        if self._lines and not self.parts:
            return Outcome.PAID if self._lines > 0 else Outcome.PARTLY_PAID
        return Outcome.REJECTED if self._refused else Outcome.INFORMATION

    def _facts(self, paid: int) -> dict[str, str]:
        lot, day = self._lot()
        values = self._values
        facts = {
            **surroundings(self._context).facts,
            **self._details,
            "invoice": values["invoice"],
            "lot": lot,
            "lot_date": day,
            "invoice_date": iso_date(values.get("invoice_date", "")),
            "invoice_kind": values.get("invoice_kind", ""),
            "amc_route": values.get("amc_route", ""),
            "insurance": values.get("insurance", "") or self._insurance,
        }
        for name, part in self.parts.items():
            state, asked, given = _PART_FACTS[name]
            facts[state] = part.state
            facts[asked] = str(part.asked)
            facts[given] = str(part.paid)
        facts["reversal"] = "yes" if paid < 0 else ""
        facts["damaged"] = "yes" if self.damaged else ""
        return {name: value for name, value in facts.items() if value}


def patients(insured: str, person: str) -> tuple[str, ...]:
    """List what a patient may have been billed under, from what a payer tells.

    That is the patient's own number, or the insured person's with the day and
    rank of birth; `person` holds the three, in the widths of entity 103.
    """
    own = person[:_OWN].strip()
    if own.strip("0"):
        return (own,)
    return (insured + person[_OWN:], insured) if insured.strip("0") else ()


def combine(outcomes: Sequence[Outcome]) -> Outcome:
    """Make one outcome of those of the parts (one or more) that were handled."""
    found = set(outcomes)
    if len(found) == 1:
        return outcomes[0]
    if found <= {Outcome.REJECTED, Outcome.DEFERRED}:
        return Outcome.DEFERRED
    return Outcome.PARTLY_PAID


def cents(text: str) -> int:
    """Read an amount; 0 where there is none or it cannot be read."""
    return int(text) if text.isdigit() and text.isascii() else 0


def signed(values: Mapping[str, str], name: str) -> int:
    """Read an amount with the sign of its entity: N makes it negative."""
    amount = cents(values[name])
    return -amount if values.get("sign") == "N" else amount


def _handled(parts: Mapping[str, Part]) -> list[Part]:
    handled = [part for part in parts.values() if part.outcome is not None]
    return [part for part in handled if part.asked or part.paid] or handled
