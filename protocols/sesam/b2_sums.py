"""Totals: lines against their invoice's end, invoices against their lot's end.

The rules are those of french.md 1.4 for establishments; office norms are held
to the same sums of the fields they have.  Where a specification counts detail
records and practice does not, either count is accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from attrs import frozen

from protocols.sesam.b2_fields import Flags
from protocols.sesam.b2_kinds import Kinds
from protocols.sesam.b2_nesting import Group
from protocols.sesam.b2_numbers import Numbers
from protocols.sesam.b2_records import Family
from protocols.sesam.b2_structure import Finding, Rows, Structure

_MOST_LINES = 999
_LINES = (Group.HOSPITAL_LINE, Group.LINE)
_DETAILS = (Group.HOSPITAL_MORE, Group.LINE_MORE)


@frozen(kw_only=True, eq=False)
class Amounts:
    """Cents of each invoice as its end states them; zero where it has no end."""

    billed: Numbers
    amo: Numbers
    amc: Numbers


def read_amounts(structure: Structure, kinds: Kinds) -> Amounts:
    """Return what each invoice's end states."""
    family, count = kinds.family, len(structure.invoices)
    rows = kinds.of(Group.TOTAL)
    which = structure.invoice_of[rows]
    each_once = len(rows) == count and bool((which[1:] > which[:-1]).all())

    def add_up(names: Sequence[str]) -> Numbers:
        total = np.zeros(count, np.int64)
        for name in names if len(rows) else ():
            found = kinds.numbers(Group.TOTAL, name)
            if each_once:
                total += found
            else:
                total[which] += found
        return total

    return Amounts(
        billed=add_up(family.billed), amo=add_up(family.amo), amc=add_up(family.amc)
    )


def check_sums(
    structure: Structure, kinds: Kinds, amounts: Amounts, doubtful: Rows
) -> Iterator[Finding]:
    """Yield the totals that are wrong, except in lots whose nesting is damaged.

    `doubtful` are rows whose digits are wrong: a sum over them says nothing new.
    """
    spoilt = np.zeros(len(structure.lots) + 1, np.bool_)
    spoilt[structure.lot_of(structure.damaged)] = True
    spoilt[structure.lot_of(doubtful)] = True
    yield from _check_invoices(structure, kinds, spoilt)
    yield from _check_lots(structure, kinds, amounts, spoilt)


def _check_invoices(
    structure: Structure, kinds: Kinds, spoilt: Flags
) -> Iterator[Finding]:
    family, count = kinds.family, len(structure.invoices)
    rows = kinds.of(Group.TOTAL)
    if not len(rows) or not count:
        return
    which = structure.invoice_of.take(rows)
    judged = np.ones(len(rows), np.bool_)
    if spoilt.any():
        judged = ~spoilt[structure.lot_of(rows)]
    lines = _sum_lines(structure, kinds, count)
    for rule in family.sums:
        wanted = np.zeros(count, np.int64)
        for sign, group, name in rule.terms:
            if (group, name) in lines:
                wanted += sign * lines[group, name]
        stated = kinds.numbers(Group.TOTAL, rule.total)
        own = wanted.take(which)
        wrong = (judged & (stated != own)).nonzero()[0]
        if len(wrong):
            found = stated[wrong], own[wrong]
            place = (Group.TOTAL, rule.total)
            yield _differs(rule.code, rows[wrong], family, place, *found)
    counts = kinds.numbers(Group.TOTAL, family.lines)
    yield from _check_line_counts(structure, kinds, judged, counts, count)


def _sum_lines(
    structure: Structure, kinds: Kinds, count: int
) -> dict[tuple[int, str], Numbers]:
    """Add up, by invoice, every field of lines that some total needs."""
    wanted: dict[int, list[str]] = {}
    for rule in kinds.family.sums:
        for _, group, name in rule.terms:
            names = wanted.setdefault(group, [])
            if name not in names:
                names.append(name)
    sums: dict[tuple[int, str], Numbers] = {}
    for group, names in wanted.items():
        rows = kinds.of(group)
        if not len(rows):
            continue
        which = structure.invoice_of.take(rows)
        for name in names:  # what an invoice can add up to has an exact float
            added = np.bincount(which, kinds.numbers(group, name), count)
            sums[group, name] = added.astype(np.int64)
    return sums


def _check_line_counts(
    structure: Structure, kinds: Kinds, judged: Flags, stated: Numbers, count: int
) -> Iterator[Finding]:
    rows = kinds.of(Group.TOTAL)
    which = structure.invoice_of.take(rows)
    lines = _count(structure, kinds.of_groups(*_LINES), count).take(which)
    name = kinds.family.lines
    wrong, records = (judged & (stated != lines)).nonzero()[0], lines
    if len(wrong):
        details = _count(structure, kinds.of_groups(*_DETAILS), count)
        records = lines + details.take(which)
        wrong = wrong[stated[wrong] != records[wrong]]
    if len(wrong):
        wanted = records if kinds.family.letters_cp is not None else lines
        yield _differs(
            "invoice-lines",
            rows[wrong],
            kinds.family,
            (Group.TOTAL, name),
            stated[wrong],
            wanted[wrong],
        )
    many = (lines > _MOST_LINES).nonzero()[0]
    if len(many):
        yield Finding(
            "too-many-lines",
            rows[many],
            None,
            name,
            lambda at: (
                "too-many-lines",
                f"the invoice has {lines[many[at]]} lines; {_MOST_LINES} are the most",
            ),
        )


def _count(structure: Structure, rows: Sequence[Rows], count: int) -> Numbers:
    """Count the rows of each invoice."""
    counts: Numbers = np.zeros(count, np.int64)
    for each in rows:
        counts += np.bincount(structure.invoice_of.take(each), minlength=count)
    return counts


def _check_lots(
    structure: Structure, kinds: Kinds, amounts: Amounts, spoilt: Flags
) -> Iterator[Finding]:
    rows = kinds.of(Group.LOT_END)
    if not len(rows):
        return
    lots = structure.lot_of(rows)
    judged = ~spoilt[lots]
    starts, stops = structure.lots[lots], structure.stops[lots]
    first = structure.invoices.searchsorted(starts)
    behind = structure.invoices.searchsorted(stops)
    begins = kinds.of_groups(Group.INVOICE, Group.INVOICE_MORE)
    ends = kinds.of_groups(Group.TOTAL)
    lines = _between(kinds.of_groups(*_LINES), starts, stops)
    more = kinds.of_groups(*_DETAILS)
    wanted = (
        ("lot-invoices", "nb_invoices", behind - first),
        ("lot-type2", "nb_type2_records", _between(begins, starts, stops)),
        ("lot-type5", "nb_type5_records", _between(ends, starts, stops)),
        ("lot-billed", "total_billed", _added(amounts.billed, first, behind)),
        ("lot-amo", "total_amo", _added(amounts.amo, first, behind)),
        ("lot-amc", "total_amc", _added(amounts.amc, first, behind)),
    )
    for code, name, right in wanted:
        stated = kinds.numbers(Group.LOT_END, name)
        wrong = (judged & (stated != right)).nonzero()[0]
        if len(wrong):
            found = stated[wrong], right[wrong]
            place = (Group.LOT_END, name)
            yield _differs(code, rows[wrong], kinds.family, place, *found)
    acts = kinds.numbers(Group.LOT_END, "nb_act_lines")
    either = (acts == lines) | (acts == lines + _between(more, starts, stops))
    wrong = (judged & ~either).nonzero()[0]
    if len(wrong):
        place = (Group.LOT_END, "nb_act_lines")
        found = acts[wrong], lines[wrong]
        yield _differs("lot-lines", rows[wrong], kinds.family, place, *found)


def _between(rows: Sequence[Rows], starts: Rows, stops: Rows) -> Numbers:
    """Count the rows of each lot."""
    counts: Numbers = np.zeros(len(starts), np.int64)
    for each in rows:
        counts += each.searchsorted(stops) - each.searchsorted(starts)
    return counts


def _added(values: Numbers, first: Rows, behind: Rows) -> Numbers:
    """Add up the values of each lot's invoices."""
    sums = np.concatenate((np.zeros(1, np.int64), np.cumsum(values)))
    added: Numbers = sums[behind] - sums[first]
    return added


def _differs(
    code: str,
    rows: Rows,
    family: Family,
    place: tuple[int, str],
    stated: Numbers,
    wanted: Numbers,
) -> Finding:
    group, name = place
    field = family.layout(family.kind(group))[name]

    def explain(at: int) -> tuple[str, str]:
        says, adds = (
            f"{value / 10**field.decimals:.{field.decimals}f}"
            for value in (int(stated[at]), int(wanted[at]))
        )
        return code, f"says {says}; the records before it give {adds}"

    return Finding(code, rows, field.start, name, explain)
