"""The kinds of rule that the table may name, and when a rule applies at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from protocols.mycarenet import checks_days as days
from protocols.mycarenet import checks_relations as relations
from protocols.mycarenet import checks_values as values
from protocols.mycarenet.checks_columns import Columns, Mask, prefix
from protocols.mycarenet.checks_rules import Condition, Rule
from protocols.mycarenet.tables import Tables

Judge = Callable[[Columns, Rule, Tables], Mask]


def holds(columns: Columns, rule: Rule) -> Mask | None:
    """Tell for which records a rule's conditions hold; None: for all."""
    found: Mask | None = None
    for each in rule.when:
        one = _holds(columns, rule.record, each)
        found = one if found is None else found & one
    return found


def _holds(columns: Columns, record: str, condition: Condition) -> Mask:
    if not condition.values:
        empty = columns.empty(record, condition.field)
        return ~empty if condition.operator == "!=" else empty
    texts = columns.text(record, condition.field)
    operator = condition.operator
    if operator == ">=":
        least: Mask = texts >= condition.values[0]
        return least
    found = np.zeros(len(texts), np.bool_)
    for value in condition.values:
        if operator.endswith("^="):
            found |= prefix(texts, len(value)) == value
        else:
            found |= texts == value
    return ~found if operator.startswith("!") else found


JUDGES: Final[Mapping[str, Judge]] = {
    "one_of": values.one_of,
    "none_of": values.none_of,
    "present": values.present,
    "absent": values.absent,
    "begins": values.begins,
    "differs": relations.differs,
    "not_after": days.not_after,
    "not_before": days.not_before,
    "within_months": days.within_months,
    "outlasts_care": days.outlasts_care,
    "next_month": days.next_month,
    "time": values.time_of_day,
    "enterprise": values.enterprise,
    "bic": values.bic,
    "sign_of": relations.sign_of,
    "serial": values.serial,
    "needs_code": relations.needs_code,
    "followed_by_52": relations.followed_by_52,
    "affiliation": relations.affiliation,
    "destination": relations.destination,
    "union_of": relations.union_of,
    "contact": relations.contact,
    "companions": relations.companions,
}
"""Every kind of rule that the table may name."""
