"""The objective that pages draw is the one that the alerts are about."""

from __future__ import annotations

import re
from pathlib import Path

from routing.no_response import OBJECTIVE

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "octway.rules.yml"


def test_pages_and_alerts_have_one_objective() -> None:
    """Of each age the rules record the same share."""
    found = re.findall(
        r"record: octway:no_response_objective\s+expr: vector\(([0-9.]+)\)"
        r'\s+labels: \{after: "(\d+)"\}',
        RULES.read_text(encoding="utf-8"),
    )
    assert {int(age): float(share) for share, age in found} == dict(OBJECTIVE)
