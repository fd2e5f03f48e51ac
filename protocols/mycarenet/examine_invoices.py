"""What an invoice says, against itself: totals, repeated zones, numbers of people.

Every check takes all invoices of a chunk at once and gives findings; an empty
result is the normal case and is cheap.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from protocols.mycarenet.check_digits import NIHII_MODULI
from protocols.mycarenet.columns import (
    ZERO,
    Flags,
    Numbers,
    Rows,
    Table,
    numbers,
    part,
)
from protocols.mycarenet.examine_zones import LAYOUTS
from protocols.mycarenet.findings import Finding
from protocols.mycarenet.invoices import Invoices
from protocols.mycarenet.problems import read_data
from protocols.record_fields import Field

_MODULUS = 97
_SINCE_2000 = 2_000_000_000
_SUMS = (
    ("invoice-amount-a", "insurer_amount_a", "insurer_amount", 0),
    ("invoice-amount-b", "insurer_amount_b", "insurer_amount", 1),
    ("invoice-share", "patient_share", "patient_share", None),
    ("invoice-supplement", "supplement", "supplement", None),
)
_PROVIDERS = (
    ("20", "billing_provider", "provider-check"),
    ("30", "care_place", "care-place-check"),
    ("50", "care_place", "care-place-check"),
    ("50", "provider", "carer-check"),
    ("50", "prescriber", "prescriber-check"),
    ("50", "care_assistant", "assistant-check"),
)


class Repeat(NamedTuple):
    """A zone that must repeat that of another record, and the code if it does not."""

    own: Field
    other: Field
    code: str
    but_for: tuple[int, ...]


@cache
def repeats(kind: str, of: str) -> tuple[Repeat, ...]:
    """Return what records of a kind repeat of records of another kind."""
    return tuple(
        Repeat(
            own=LAYOUTS[kind][row["field"]],
            other=LAYOUTS[of][row["field"]],
            code=row["code"],
            but_for=tuple(map(int, row["but_for_unions"].split())),
        )
        for row in read_data("repeats")
        if (row["record"], row["of"]) == (kind, of)
    )


def check_invoices(invoices: Invoices) -> Iterator[Finding]:
    """Yield what is wrong in the invoices of a chunk, but for their numbers."""
    if not len(invoices):
        return
    yield from _check_sums(invoices)
    yield from _check_codes(invoices)
    yield from _check_repeats(invoices)
    yield from _check_patients(invoices)
    yield from _check_providers(invoices)
    yield from _check_days(invoices)


def _check_sums(invoices: Invoices) -> Iterator[Finding]:
    for rule, stated_name, name, account in _SUMS:
        stated = invoices.stated(stated_name)
        added = invoices.added(name, account=account)
        wrong = (stated != added) & invoices.sound
        if account is None and wrong.any():
            wrong &= ~invoices.odd_shares
        which = np.flatnonzero(wrong)
        if len(which):
            yield _sum_finding(rule, invoices, stated_name, which, stated, added)


def _sum_finding(
    rule: str,
    invoices: Invoices,
    name: str,
    which: Rows,
    stated: Numbers,
    added: Numbers,
) -> Finding:
    def words(at: int) -> str:
        return (
            f"says {cents(stated[which[at]])}; the lines of the invoice add up to "
            f"{cents(added[which[at]])}"
        )

    rows = invoices.stops[which] - 1
    return Finding(rule=rule, rows=rows, words=words, field=LAYOUTS["80"][name])


def cents(amount: int | np.int64) -> str:
    """Write an amount as people do: 12.34."""
    sign, value = ("-" if amount < 0 else ""), abs(int(amount))
    return f"{sign}{value // 100}.{value % 100:02}"


def _check_codes(invoices: Invoices) -> Iterator[Finding]:
    field = LAYOUTS["80"]["invoice_check"]
    stated = (
        invoices.table.numbers("80", field)
        if invoices.are_whole
        else numbers(part(invoices.ends_of, field))
    )
    right = invoices.codes % _MODULUS
    right[right == 0] = _MODULUS
    which = np.flatnonzero((stated != right) & invoices.sound)
    if len(which):
        yield Finding(
            rule="invoice-check",
            rows=invoices.stops[which] - 1,
            words=lambda at: (
                f"holds {stated[which[at]]:02}; {right[which[at]]:02} is expected"
            ),
            field=field,
        )


def _check_repeats(invoices: Invoices) -> Iterator[Finding]:
    table = invoices.table
    for kind in ("30", "50", "51", "52", "80"):
        rows = table.rows(kind)
        which = invoices.owners(kind)
        inside = which >= 0
        if inside.any():
            starts = _varied(table, kind, "20")
            if not len(starts):
                continue
            own = table.records(kind)[:, starts]
            other = invoices.starts_of[:, starts][which]
            differs = (own != other).any(axis=1) & inside
            if differs.any():
                yield from _differing(
                    invoices, kind, "20", rows[differs], invoices.starts[which[differs]]
                )
    for kind in ("51", "52"):
        yield from _check_services(invoices, kind)


def _check_services(invoices: Invoices, kind: str) -> Iterator[Finding]:
    """Compare records with the record 50 before them in their invoice."""
    table = invoices.table
    services, rows = table.rows("50"), table.rows(kind)
    if not len(rows) or not len(services):
        return
    columns = _varied(table, kind, "50")
    if not len(columns):
        return
    before = np.searchsorted(services, rows) - 1
    same = invoices.owners("50")[before] == invoices.owners(kind)
    same &= (before >= 0) & (invoices.owners(kind) >= 0)
    own = table.records(kind)[:, columns]
    differs = (own != table.records("50")[:, columns][before]).any(axis=1) & same
    if differs.any():
        yield from _differing(
            invoices, kind, "50", rows[differs], services[before[differs]]
        )


def _varied(table: Table, kind: str, of: str) -> NDArray[np.intp]:
    """Return those of the columns compared in which records are not all the same."""
    columns, own, other = _compared(kind, of), table.extremes(kind), table.extremes(of)
    same = (own.least == other.least) & (own.most == other.most)
    same &= own.least == own.most
    varied: NDArray[np.intp] = columns[~same[columns]]
    return varied


@cache
def _compared(kind: str, of: str) -> NDArray[np.intp]:
    """Return the columns that records of a kind repeat, which stand in the same place."""
    return np.concatenate(
        [np.arange(each.own.start - 1, each.own.end) for each in repeats(kind, of)]
    )


def _differing(
    invoices: Invoices, kind: str, of: str, rows: Rows, others: Rows
) -> Iterator[Finding]:
    records = invoices.table.chunk.rows
    unions = invoices.mutualities[invoices.of(rows)] // 100
    for own, other, code, but_for in repeats(kind, of):
        differs = (part(records[rows], own) != part(records[others], other)).any(axis=1)
        differs &= ~np.isin(unions, but_for)
        if differs.any():
            yield Finding(
                rule="repeat",
                rows=rows[differs],
                words=f"is not what the record {of} says to which it belongs",
                field=own,
                code={"code": code},
            )


def _check_patients(invoices: Invoices) -> Iterator[Finding]:
    layout, records = LAYOUTS["20"], invoices.starts_of
    whole = part(records, layout["patient"])
    yield from _said(
        "patient-missing",
        invoices,
        (whole == ZERO).all(axis=1) | (whole == ord(" ")).all(axis=1),
        layout["patient"],
        "holds nothing; the number of a patient is expected",
    )
    flag = records[:, layout["patient_flag"].start - 1]
    strange = (flag != ZERO) & (flag != ord("1"))
    words = "is neither 0 nor 1; 1 is expected for a national number"
    yield from _said("patient-flag", invoices, strange, layout["patient_flag"], words)
    niss = invoices.table.numbers("20", layout["patient"])
    base, key = niss // 100, niss % 100
    right = (key == _MODULUS - base % _MODULUS) | (
        key == _MODULUS - (base + _SINCE_2000) % _MODULUS
    )
    words = "is no national number: its check digits do not fit; check what was typed"
    wrong = ~right & (niss != 0) & (flag != ZERO)
    yield from _said("patient-check", invoices, wrong, layout["patient"], words)
    holder = records[:, layout["holder_codes"].start - 1 :][:, :4]
    words = "does not begin with four zeros; they and CT1 and CT2 are expected"
    yield from _said(
        "holder-digits",
        invoices,
        (holder != ZERO).any(axis=1),
        layout["holder_codes"],
        words,
    )


def _said(
    rule: str, invoices: Invoices, which: Flags, field: Field, words: str
) -> Iterator[Finding]:
    if which.any():
        rows = invoices.starts[which]
        yield Finding(rule=rule, rows=rows, words=words, field=field)


def _check_providers(invoices: Invoices) -> Iterator[Finding]:
    table = invoices.table
    for kind, name, rule in _PROVIDERS:
        field = LAYOUTS[kind][name]
        if not len(table.rows(kind)):
            continue
        one = table.extremes(kind).uniform(slice(field.start - 1, field.end))
        if one is not None and _is_provider(one):
            continue
        wrong = ~are_providers(table.numbers(kind, field))
        if wrong.any():
            yield Finding(
                rule=rule,
                rows=table.rows(kind)[wrong],
                words="is no provider's number: its check digits do not fit",
                field=field,
                code={"rr": kind},
            )


def are_providers(nihii: Numbers) -> Flags:
    """Say which numbers are providers'; zero stands for none and is let through."""
    base, key = nihii // 100_000, nihii // 1000 % 100
    right: Flags = nihii == 0
    for modulus in NIHII_MODULI:
        right |= key == modulus - base % modulus
    return right


@lru_cache(maxsize=4096)
def _is_provider(text: bytes) -> bool:
    number = int(text) if text.isdigit() else 0
    return bool(are_providers(np.array([number]))[0])


def _check_days(invoices: Invoices) -> Iterator[Finding]:
    table = invoices.table
    for kind in ("30", "50"):
        layout = LAYOUTS[kind]
        if not len(table.rows(kind)):
            continue
        first = table.numbers(kind, layout["first_date"])
        last = table.numbers(kind, layout["last_date"])
        wrong = (last < first) & (last != 0)
        if wrong.any():
            yield Finding(
                rule="days-reversed",
                rows=table.rows(kind)[wrong],
                words="lies before the first day; the same day or a later one is "
                "expected",
                field=layout["last_date"],
                code={"rr": kind},
            )
