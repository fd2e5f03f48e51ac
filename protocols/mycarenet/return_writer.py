"""Writes every return on a sending as a payer does, in any payer's dialect.

It is what the simulated payer sends, and what the reader is tested with; nothing
of it reaches a real client.  Which records are shown follows belgium.md 2: those
with codes, with the records 10, 20, 80 and 90 around them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from attrs import frozen

from protocols.mycarenet.return_accounts import Accepted, accept, totals
from protocols.mycarenet.return_dialects import (
    SORTED,
    error_layout,
    fill,
    rewritten,
    values_of,
)
from protocols.mycarenet.return_message import PRELIMINARY, RECEIPT, segments
from protocols.mycarenet.return_records import END, INVOICE, LINES, START
from protocols.mycarenet.return_sending import Sending, SentRecord
from protocols.records import load_layouts

NO_REASON, BLOCKING, TOO_MANY = "00", "01", "02"
"""Types of refusal (zone 311)."""

_RETURNED: Final = 800
_SLOTS: Final = 3
_SEGMENT: Final = 67
_NETWORK: Final = "mycarenet."
_PERCENT: Final = 10_000  # of zone 310: five digits, two of them decimals


class Verdict(NamedTuple):
    """A payer's word on one record: codes with their letters, at most three.

    `accepted` is what is paid of a line, in cents; None: all, or nothing where a
    code refuses it.
    """

    codes: tuple[str, ...]
    comment: str = ""
    accepted: int | None = None


@frozen(kw_only=True)
class Payer:
    """Who answers: a union, its dialect, its references, the day as YYYYMMDD.

    `number` is the payer's own number of the message (zone 205), `series` that of
    the sending in the references of a settlement.
    """

    union: str
    dialect: str
    number: int
    day: str
    series: int = 1


def write_receipt(sending: Sending, payer: Payer) -> bytes:
    """Write a 931000: the sending was received, and no more."""
    return _header(sending, payer, RECEIPT, {"received_type": "920000"}, {})


def write_preliminary(
    sending: Sending,
    payer: Payer,
    errors: Mapping[str, str],
    of_totals: Mapping[int, Mapping[str, str]] | None = None,
) -> bytes:
    """Write a 920999: errors of two digits by the name of the header's field.

    `of_totals` gives those of records 95 and 96, by place from 0; only these are
    returned.
    """
    digits = {f"{name}_error": error for name, error in errors.items()}
    header = _header(sending, payer, PRELIMINARY, {"message_status": "40"} | digits, {})
    parts = [header]
    for place, wrong in sorted((of_totals or {}).items()):
        total = bytearray(sending.totals[place])
        layout = load_layouts("efact")[total[:2].decode("ascii")]
        for name, error in wrong.items():
            field = layout[f"{name}_error"]
            total[field.start - 1 : field.end] = field.pack(error)
        parts.append(bytes(total))
    return b"".join(parts)


def write_verdict(
    sending: Sending,
    payer: Payer,
    verdicts: Mapping[int, Verdict],
    *,
    refusal: str = NO_REASON,
    records: bool = True,
) -> bytes:
    """Write a 920098, or a 920099 where `refusal` names a type.

    `verdicts` are by the place of the record in the sending; without `records`
    there is only the header, as one payer was seen to do.
    """
    message = "920098" if refusal == NO_REASON else "920099"
    wrong = sum(1 for each in verdicts.values() if each.codes)
    share = wrong * _PERCENT // max(1, len(sending.records))
    facts = {
        "percentage": f"{share:05}",
        "share": f"{share if refusal == TOO_MANY else 0:05}",
    }
    header = _header(
        sending, payer, _NETWORK + message, {"refusal_type": refusal}, facts
    )
    if not records:
        return header
    shown = _shown(sending, verdicts, {}, payer)
    return header + b"".join(_records(sending, payer, message, shown, verdicts, {}))


def write_settlement(
    sending: Sending, payer: Payer, verdicts: Mapping[int, Verdict]
) -> bytes:
    """Write a 920900: invoices that are not paid in full, and the totals."""
    message = "920900"
    zeros = {"percentage": "00000", "share": "00000"}
    header = _header(
        sending, payer, _NETWORK + message, {"refusal_type": NO_REASON}, zeros
    )
    accepted = accept(sending, verdicts)
    shown = _shown(sending, verdicts, accepted, payer)
    records = _records(sending, payer, message, shown, verdicts, accepted)
    return header + b"".join(records) + totals(sending, accepted, payer.union)


def _header(
    sending: Sending,
    payer: Payer,
    format: str,
    own: Mapping[str, str],
    facts: Mapping[str, str],
) -> bytes:
    """Make both segments: the sending's fields, the payer's own, the dialect's."""
    message = format.removeprefix(_NETWORK)
    names = ("contact_name", "contact_first_name")
    told = {name: sending.head(name) for name in names} | dict(facts)
    own = {
        **own,
        "message_type": message,
        "payer_reference": f"{payer.number:014}",
    }
    values = values_of(payer.dialect, message, "header")
    sent = {
        f.name: f.raw(sending.header[_SEGMENT:])
        for f in load_layouts("efact")["300"].fields
    }
    made = []
    for (layout, _), raw in zip(
        segments(b"", format), (sending.header[:_SEGMENT], b""), strict=True
    ):
        segment = bytearray(raw or b" " * layout.length)
        if not raw:
            for each in layout.fields:
                text = sent.get(each.name, "").ljust(each.length)
                if each.name.endswith("_error"):
                    text = "0" * each.length
                segment[each.start - 1 : each.end] = text.encode("latin-1")
        if format != PRELIMINARY or raw:
            fill(segment, layout, values, told)
        for name, value in own.items():
            if (field := layout.by_name.get(name)) is not None:
                segment[field.start - 1 : field.end] = field.pack(value)
        made.append(bytes(segment))
    return b"".join(made)


def _shown(
    sending: Sending,
    verdicts: Mapping[int, Verdict],
    accepted: Mapping[int, Accepted],
    payer: Payer,
) -> list[SentRecord]:
    """Choose the records that are returned, in their order."""
    if payer.dialect == SORTED:
        return sorted(sending.records, key=lambda each: (each.kind, each.place))
    telling = {place for place, each in verdicts.items() if each.codes}
    telling |= {place for place, each in accepted.items() if each.refused}
    shown = []
    for invoice in sending.invoices():
        if any(each.place in telling for each in invoice):
            lines = [each for each in invoice[1:-1] if each.place in telling]
            shown += [invoice[0], *lines, invoice[-1]]
    first, last = sending.records[0], sending.records[-1]
    return [first, *shown, last]


def _records(
    sending: Sending,
    payer: Payer,
    message: str,
    shown: Sequence[SentRecord],
    verdicts: Mapping[int, Verdict],
    accepted: Mapping[int, Accepted],
) -> Iterator[bytes]:
    """Write each record, and the payer's word after it."""
    layout = error_layout()
    facts = {
        "sending_number": sending.records[0].field("sending_number"),
        "created": sending.head("created"),
        "day": payer.day,
        "year_month": sending.head("year_month"),
        "third_party": sending.third_party,
        "mutuality": "",
    }
    index = 0
    for place, record in enumerate(shown, 1):
        kind = "line" if record.kind in LINES else record.kind
        verdict = verdicts.get(record.place, Verdict(()))
        if record.kind == INVOICE:
            facts["mutuality"] = record.field("destination_mutuality")
        index += record.kind not in {START, END}
        facts |= {
            "index": f"{index:06}",
            "place": f"{place:06}",
            "order": record.field("order_number"),
            "reference": f"{payer.day[:4]}{payer.union}{payer.series:05}"
            f"{record.field('order_number')}0000",
            "comment": verdict.comment,
            "codes": _repeated(verdict.codes),
            **accepted.get(record.place, Accepted()).facts(),
        }
        made = bytearray(record.content.ljust(_RETURNED))
        values = values_of(payer.dialect, message, kind)
        sent = load_layouts("efact").get(record.kind)
        if sent is not None:
            fill(made, sent, rewritten(payer.dialect, message, kind), facts)
        fill(made, layout, values, facts)
        _slots(made, verdict.codes, values["slot"])
        yield bytes(made)


def _slots(record: bytearray, codes: Sequence[str], empty: str) -> None:
    layout = error_layout()
    told = [*codes[:_SLOTS], *[empty] * _SLOTS][:_SLOTS]
    for slot, code in enumerate(told, 1):
        start = layout[f"letter_{slot}"].start
        text = code if code == empty else code.rjust(7)
        record[start - 1 : start + 6] = text.encode("latin-1")


def _repeated(codes: Sequence[str]) -> str:
    """Repeat the first two codes without their letters, as one payer does."""
    bare = [code[-6:] for code in codes[:2]]
    return "|".join(code.ljust(99) for code in bare) if len(bare) > 1 else "".join(bare)
