"""Entities are shown as deep as they nest, whatever a file leaves out."""

from __future__ import annotations

import pytest

from protocols.sesam.noemie_nesting import Nesting


@pytest.mark.parametrize(
    ("codes", "levels"),
    [
        pytest.param(
            "000 040 071 080 100 103 198 100 198 990 080 100 990 990 990 040 999",
            [0, 1, 2, 3, 4, 5, 5, 4, 5, 3, 3, 4, 3, 2, 1, 1, 0],
            id="each level closed by its control",
        ),
        pytest.param("000 102 198 210 102 999", [0, 1, 2, 2, 1, 0], id="invoices only"),
        pytest.param(
            "000 040 261 262 262 261 999", [0, 1, 2, 3, 3, 2, 0], id="one-off"
        ),
        pytest.param("000 040 102 777 198 999", [0, 1, 2, 3, 3, 0], id="unknown code"),
        pytest.param("990 990 198 000", [1, 1, 1, 0], id="nothing to close"),
        pytest.param("000 910 911 912 911 999", [0, 1, 2, 3, 2, 0], id="simulated ARL"),
    ],
)
def test_what_nests_lies_deeper(codes: str, levels: list[int]) -> None:
    """Payee, day, lot, invoice, its parts: each lies inside the one before it."""
    nesting = Nesting()

    assert [nesting.level(code) for code in codes.split()] == levels
