"""Makes valid sendings of any size, for the demo, the tests and the benchmarks.

Everything in them is invented by the random generator that the caller gives:
national numbers have right keys and belong to nobody, totals add up.  The same
generator state gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from random import Random
from types import MappingProxyType
from typing import BinaryIO, Final

from attrs import frozen

from protocols.mycarenet.check_digits import codes_check, is_nihii, record_check
from protocols.mycarenet.examine_header import PRODUCTION, TEST
from protocols.mycarenet.sample_invoices import InvoiceMaker, Totals, Values
from protocols.mycarenet.sample_numbers import (
    NURSE,
    make_enterprise,
    make_iban,
    make_nihii,
)
from protocols.records import load_layouts

MUTUALITIES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "100": ("120", "134"),
        "200": ("228",),
        "300": ("304", "319"),
        "400": ("403", "414"),
        "500": ("506", "509"),
        "600": ("601", "602"),
        "900": ("910", "940"),
    }
)
"""Mutualities for which invoices are made, by union."""

_LAYOUTS = load_layouts("efact")
_BIC = "GEBABEBB"
_MORE_THAN_ONE_A_MONTH = "050"
_PROFESSION = "401"
_SOFTWARE = "999"  # invented: no software was accredited under it
_SENDINGS = 999


@frozen(kw_only=True)
class SendingFacts:
    """What a made sending is: who sends it, to whom, when, how much is in it.

    `third_party` has eleven digits, `reference` fourteen; `day` is ISO, and what
    is billed is the month before it.
    """

    union: str
    third_party: str
    reference: str
    sending_number: int
    day: str
    invoices: int
    mutualities: tuple[str, ...] = ()
    first_invoice: int = 1
    lines: int = 3
    test: bool = True


def make_third_party(rng: Random) -> str:
    """Invent a nurse who bills in her own name."""
    return make_nihii(rng, "4", NURSE)


def month_billed(day: str) -> date:
    """Return the last day of the month that a sending of an ISO day bills."""
    return date.fromisoformat(day).replace(day=1) - timedelta(days=1)


def facts_of(
    code: str,
    *,
    rng: Random,
    day: str,
    sender: str,
    lots: int,
    claims: int,
    invoice: int = 0,
) -> Iterator[SendingFacts]:
    """Yield the facts of `lots` sendings to a union, numbered onwards.

    `invoice` is the number of the first invoice; 0: invented.

    Raises ValueError for a sender whose number is none.
    """
    third_party = sender.zfill(11) if sender else make_third_party(rng)
    if not is_nihii(third_party):
        raise ValueError(
            "the sender's number must be a provider's number of eleven digits "
            "whose check digits fit"
        )
    if code not in MUTUALITIES:
        known = ", ".join(MUTUALITIES)
        raise ValueError(f"{code!r} is no union; one of {known} is expected")
    first = rng.randrange(_SENDINGS)
    reference = rng.randrange(900_000)
    first_invoice = invoice or rng.randrange(10**9) + 1
    for index in range(lots):
        yield SendingFacts(
            union=code,
            third_party=third_party,
            reference=f"{day.replace('-', '')}{(reference + index) % 10**6:06}",
            sending_number=(first + index) % _SENDINGS + 1,
            day=day,
            invoices=claims,
            first_invoice=first_invoice + index * claims,
        )


def write_sendings(
    code: str,
    *,
    rng: Random,
    day: str,
    sender: str,
    lots: int,
    claims: int,
    into: BinaryIO,
    invoice: int = 0,
) -> int:
    """Write a file of sendings invoice by invoice; return its size."""
    wanted = facts_of(
        code,
        rng=rng,
        day=day,
        sender=sender,
        lots=lots,
        claims=claims,
        invoice=invoice,
    )
    return sum(into.write(part) for facts in wanted for part in parts_of(rng, facts))


def make_sending(rng: Random, facts: SendingFacts) -> bytes:
    """Return a whole valid sending."""
    return b"".join(parts_of(rng, facts))


def parts_of(rng: Random, facts: SendingFacts) -> Iterator[bytes]:
    """Yield the header, record 10, each invoice, record 90 and the totals."""
    month = month_billed(facts.day)
    frame = _frame(rng, facts, month)
    yield _header(facts, month)
    yield sealed("10", frame | _opening(facts), 1)
    maker = InvoiceMaker(rng, facts.third_party, month, lines=facts.lines)
    by_mutuality: dict[str, Totals] = {}
    order = 2
    numbers = iter(range(facts.first_invoice, facts.first_invoice + facts.invoices))
    for mutuality, count in _shares(facts):
        totals = by_mutuality.setdefault(mutuality, Totals())
        for _ in range(count):
            records = maker.make(mutuality, next(numbers), totals)
            sealed_records = [
                sealed(kind, values, order + place)
                for place, (kind, values) in enumerate(records)
            ]
            order += len(records)
            yield b"".join(sealed_records)
    whole = Totals.of(by_mutuality.values())
    check = codes_check(whole.codes)
    ending: Values = {"insurer_amount_a": whole.asked, "sending_check": check}
    yield sealed("90", frame | ending, order)
    for mutuality, totals in by_mutuality.items():
        yield _total("95", mutuality, totals)
    yield _total("96", f"{facts.union[0]}99", whole)


def sealed(kind: str, values: Mapping[str, str | int], order: int) -> bytes:
    """Return a record with its order number and its check digits."""
    record = _LAYOUTS[kind].write({**values, "order_number": order})
    return record[:-2] + f"{record_check(record):02}".encode()


def _shares(facts: SendingFacts) -> Iterator[tuple[str, int]]:
    """Divide the invoices among the mutualities, in ascending order."""
    mutualities = sorted(facts.mutualities or MUTUALITIES[facts.union])
    whole, rest = divmod(facts.invoices, len(mutualities))
    for place, mutuality in enumerate(mutualities):
        count = whole + (place < rest)
        if count:
            yield mutuality, count


def _header(facts: SendingFacts, month: date) -> bytes:
    kind, version = TEST if facts.test else PRODUCTION
    message: Values = {
        "message_type": "920000",
        "format_version": "01",
        "environment": kind,
        "reference": facts.reference,
    }
    billing: Values = {
        "year_month": f"{month:%Y%m}",
        "sending_number": facts.sending_number,
        "created": facts.day.replace("-", ""),
        "instructions_version": version,
        "contact_name": "SPECIMEN",
        "invoice_type": "03",
        "account_mode": "01",
    }
    return _LAYOUTS["200"].write(message) + _LAYOUTS["300"].write(billing)


def _frame(rng: Random, facts: SendingFacts, month: date) -> Values:
    """Return what the records 10 and 90 have in common."""
    return {
        "sending_number": facts.sending_number,
        "third_party": facts.third_party,
        "year": month.year,
        "month": month.month,
        "enterprise_number": make_enterprise(rng),
        "bic_a": _BIC,
        "iban_a": make_iban(rng),
    }


def _opening(facts: SendingFacts) -> Values:
    return {
        "instructions_version": (TEST if facts.test else PRODUCTION)[1],
        "billing_content": _MORE_THAN_ONE_A_MONTH,
        "profession": _PROFESSION,
        "accreditation": _SOFTWARE,
        "created": facts.day.replace("-", ""),
    }


def _total(kind: str, mutuality: str, totals: Totals) -> bytes:
    """Return a record 95 or 96.

    What payers count as records in it is not settled; those of the invoices are.
    """
    return _LAYOUTS[kind].write(
        {
            "mutuality": mutuality,
            "insurer_amount_a": totals.asked,
            "insurer_amount": totals.asked,
            "records": totals.records,
            "check": codes_check(totals.codes),
        }
    )
