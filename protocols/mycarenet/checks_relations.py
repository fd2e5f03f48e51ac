"""Rules about what belongs together: fields, lines of an invoice, and the directory."""

from __future__ import annotations

from collections import Counter

import numpy as np

from protocols.mycarenet.checks_columns import Columns, Mask, both
from protocols.mycarenet.checks_days import date_of
from protocols.mycarenet.checks_rules import Rule
from protocols.mycarenet.tables import Tables


def differs(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """Tell which are the same as another field."""
    own = columns.text(rule.record, rule.field)
    same: Mask = own == columns.text(rule.record, rule.arguments[0])
    return same & ~columns.empty(rule.record, rule.field)


def sign_of(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """Tell which amounts bear another sign than another amount."""
    own = columns.characters(rule.record, rule.field)[:, 0]
    other = columns.characters(rule.record, rule.arguments[0])[:, 0]
    wrong: Mask = own != other
    return wrong & both(columns, rule.record, rule.field, rule.arguments[-1])


def needs_code(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """Alone in its invoice: a chunk holds whole invoices."""
    texts = columns.text(rule.record, rule.field)
    invoice = columns.master(rule.record, "20")
    there = np.unique(invoice[texts == rule.arguments[0].encode()])
    return ~np.isin(invoice, there)


def followed_by_52(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """No record 52 before the next line."""
    lines = columns.rows(rule.record)
    read = columns.master("52", rule.record)
    return ~np.isin(lines, read)


def companions(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """More fees of the kind than other acts of the same day by the same caregiver."""
    texts = columns.text(rule.record, rule.field)
    fees = np.isin(texts, np.array([each.encode() for each in rule.arguments]))
    if not fees.any():
        return fees
    invoices = columns.master(rule.record, "20").tolist()
    days = columns.text(rule.record, "first_date").tolist()
    carers = columns.text(rule.record, "provider").tolist()
    keys = list(zip(invoices, days, carers, strict=True))
    counted = Counter(
        key for key, fee in zip(keys, fees.tolist(), strict=True) if not fee
    )
    for at in np.flatnonzero(fees).tolist():
        counted[keys[at]] -= 1
    lacking = [counted[key] < 0 for key in keys]
    return fees & np.array(lacking, np.bool_)


def affiliation(columns: Columns, rule: Rule, tables: Tables) -> Mask:
    """Judged on the first day of care; the number 000 is left to those who allow it."""
    texts = columns.text(rule.record, rule.field)
    rows, lines = columns.rows(rule.record), columns.master("50", rule.record)
    days = np.array(columns.text(rule.record, "10.created"))
    if len(lines):
        first = np.minimum(np.searchsorted(lines, rows), len(lines) - 1)
        told = columns.text("50", "first_date")[first]
        has_line = (lines[first] == rows) & (told != b"")
        days[has_line] = told[has_line]
    destination = columns.text(rule.record, "destination_mutuality")
    cases = list(zip(texts.tolist(), destination.tolist(), days.tolist(), strict=True))
    refused = {
        case
        for case in set(cases)
        if tables.mutualities.refuses_affiliation(
            *(each.decode("latin-1") for each in case)
        )
    }
    if not refused:
        return np.zeros(len(texts), np.bool_)
    return np.array([case in refused for case in cases], np.bool_)


def destination(columns: Columns, rule: Rule, tables: Tables) -> Mask:
    """Tell which destinations nobody knows."""
    texts = columns.text(rule.record, rule.field)
    numbers, which = np.unique(texts, return_inverse=True)
    wrong = [
        not tables.mutualities.union_of(each.decode("latin-1"))
        for each in numbers.tolist()
    ]
    return np.array(wrong, np.bool_)[which]


def union_of(columns: Columns, rule: Rule, tables: Tables) -> Mask:
    """Another union than the destination's; unions that name no mutuality are not judged."""
    pairs = np.char.add(
        columns.text(rule.record, rule.field),
        columns.text(rule.record, rule.arguments[0]),
    )
    each, which = np.unique(pairs, return_inverse=True)
    wrong = [
        tables.mutualities.contradict(
            text[:3].decode("latin-1"), text[3:].decode("latin-1")
        )
        for text in each.tolist()
    ]
    return np.array(wrong, np.bool_)[which]


def contact(columns: Columns, rule: Rule, tables: Tables) -> Mask:
    """Another destination than the point of contact that the directory knows."""
    texts = columns.text(rule.record, rule.field)
    wrong = np.zeros(len(texts), np.bool_)
    if len(texts):
        third_party = bytes(columns.text(rule.record, "10.third_party")[0])
        made = date_of(bytes(columns.text(rule.record, "10.created")[0]))
        day = made.isoformat() if made else ""
        contact = tables.contacts.contact_of(third_party.decode("latin-1"), day)
        if contact:
            wrong = texts != contact.encode()
    return wrong
