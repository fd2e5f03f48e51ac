"""What a payer accepts of a sending, record by record, and the totals of it.

A line is refused by a code of its own or of the records 51 and 52 after it; an
invoice as a whole by one on its record 20 or 80.  Lines ask their amount on
account A, or B where zone 11 is 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

from attrs import define

from protocols.mycarenet.codes import REFUSING
from protocols.mycarenet.return_sending import Sending, SentRecord, is_priced
from protocols.records import load_layouts

_WHOLE: Final = "BF"
_TOTALS: Final = {"95": "91", "96": "92"}
_ACCOUNTS: Final = ("a", "b")
_ON_B: Final = "1"


class _Said(Protocol):
    """What is said of one record."""

    @property
    def codes(self) -> tuple[str, ...]: ...

    @property
    def accepted(self) -> int | None: ...


@define
class Accepted:
    """Cents of one record: accepted on both accounts and of the patient's share."""

    a: int = 0
    b: int = 0
    share: int = 0
    refused: int = 0

    def facts(self) -> dict[str, str]:
        """Return the amounts as they are written into a returned record."""
        return {
            "accepted_a": f"{self.a:+012}",
            "accepted_b": f"{self.b:+012}",
            "accepted_share": f"{self.share:+012}",
        }

    def add(self, other: Accepted) -> None:
        """Add a line to what its invoice comes to."""
        self.a += other.a
        self.b += other.b
        self.share += other.share
        self.refused += other.refused


def accept(sending: Sending, said: Mapping[int, _Said]) -> dict[int, Accepted]:
    """Say what is accepted of each priced line and of each record 80, by place."""
    found: dict[int, Accepted] = {}
    for invoice in sending.invoices():
        ends = (invoice[0], invoice[-1])
        whole = any(_refuses(said.get(each.place), _WHOLE) for each in ends)
        total = found[invoice[-1].place] = Accepted()
        for line, attached in _lines(invoice):
            refused = whole or any(
                _refuses(said.get(each.place), REFUSING) for each in (line, *attached)
            )
            word = said.get(line.place)
            amount = word.accepted if word is not None else None
            found[line.place] = _of_line(line, refused=refused, amount=amount)
            total.add(found[line.place])
    return found


def totals(sending: Sending, accepted: Mapping[int, Accepted], union: str) -> bytes:
    """Write a 91 for each 95 of the sending and a 92 for its 96."""
    by_mutuality: dict[str, Accepted] = {}
    for invoice in sending.invoices():
        mutuality = invoice[0].field("destination_mutuality")
        total = by_mutuality.setdefault(mutuality, Accepted())
        total.add(accepted[invoice[-1].place])
    whole = Accepted()
    for each in by_mutuality.values():
        whole.add(each)
    reference = (
        f"{sending.head('sending_number')}/{sending.head('year_month')}/{union}/"
    )
    made = []
    for sent in sending.totals:
        kind = sent[:2].decode("ascii")
        mutuality = load_layouts("efact")[kind]["mutuality"].raw(sent)
        of = whole if kind == "96" else by_mutuality.get(mutuality, Accepted())
        made.append(_total(_TOTALS[kind], sent, of, reference))
    return b"".join(made)


def _total(kind: str, sent: bytes, of: Accepted, reference: str) -> bytes:
    layout = load_layouts("efact_returns")[kind]
    told = load_layouts("efact")[sent[:2].decode("ascii")]
    asked = {
        account: int(told[f"insurer_amount_{account}"].raw(sent))
        for account in _ACCOUNTS
    }
    accepted = {"a": of.a, "b": of.b}
    values: dict[str, str | int] = {
        "rec_type": kind,
        "mutuality": told["mutuality"].raw(sent),
        "summary_invoice": told["summary_invoice"].raw(sent),
        "records": told["records"].raw(sent),
        "check": told["check"].raw(sent),
        "asked": sum(asked.values()),
        "accepted": sum(accepted.values()),
        "refused": sum(asked.values()) - sum(accepted.values()),
    }
    for account in _ACCOUNTS:
        values[f"asked_{account}"] = asked[account]
        values[f"accepted_{account}"] = accepted[account]
        values[f"refused_{account}"] = asked[account] - accepted[account]
        if kind == "91":
            values[f"payment_reference_{account}"] = reference
            values[f"payment_reference_{account}_error"] = "00"
    record = layout.write(values)
    if kind == "91":  # account C is newer: no amounts were seen, its reference was
        known = layout["payment_reference_b_error"].end
        behind = layout["payment_reference_c"].start - 1
        record = record[:known].ljust(behind) + reference.encode("ascii")
        record = record.ljust(layout["payment_reference_c"].end) + b"00"
    return record.ljust(layout.length)


def _lines(
    invoice: Sequence[SentRecord],
) -> Iterator[tuple[SentRecord, list[SentRecord]]]:
    """Yield each priced line with the records that go with it."""
    line: SentRecord | None = None
    attached: list[SentRecord] = []
    for record in invoice[1:-1]:
        if not is_priced(record):
            attached.append(record)
            continue
        if line is not None:
            yield line, attached
        line, attached = record, []
    if line is not None:
        yield line, attached


def _of_line(line: SentRecord, *, refused: bool, amount: int | None) -> Accepted:
    asked = line.amount("insurer_amount")
    if amount is None:
        amount = 0 if refused else asked
    share = 0 if refused else line.amount("patient_share")
    made = Accepted(share=share, refused=asked - amount)
    if line.field("account_used") == _ON_B:
        made.b = amount
    else:
        made.a = amount
    return made


def _refuses(said: _Said | None, letters: str) -> bool:
    return said is not None and any(code[0] in letters for code in said.codes)
