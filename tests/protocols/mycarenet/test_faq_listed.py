"""The page that lists the payer's rules, and the tests that are named for them."""

from __future__ import annotations

import re
from pathlib import Path

_HERE = Path(__file__).parent
_PAGE = _HERE.parents[2] / "docs" / "networks" / "mycarenet.md"


def test_every_rule_has_a_test_of_its_number() -> None:
    """And every test of a number has its row on the page."""
    rows = re.findall(r"^\| ([0-9]{2}) \|", _PAGE.read_text(encoding="utf-8"), re.M)
    tested: set[str] = set()
    for file in _HERE.glob("test_*.py"):
        for name in re.findall(
            r"def test_faq_(\w+)\(", file.read_text(encoding="utf-8")
        ):
            tested.update(re.findall(r"(?:^|and_)([0-9]{2})(?=_)", name))
    assert rows == sorted(set(rows))
    assert len(rows) == 34
    assert tested == set(rows)
