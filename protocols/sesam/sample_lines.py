"""Invents the lines of invoices: amounts that add up, and what details say of them."""

from __future__ import annotations

import random
from collections.abc import Mapping

DETAILS = {
    "FR": "4F",
    "PH": "4C",
    "LB": "4B",
    "TR": "4T",
    "PM": "4M",
    "SE": "4M",
}
NORMS = ("CP", *DETAILS)
_RATES = (60, 65, 70, 100)


def price(rng: random.Random) -> dict[str, int]:
    """Invent quantity and amounts of a line; what the AMO leaves, the AMC pays."""
    quantity = rng.randrange(1, 4)
    price = rng.randrange(500, 20_000)
    total = quantity * price
    rate = rng.choice(_RATES)
    amo = total * rate // 100
    amc = total - amo if rng.random() < 3 / 4 else 0
    return {
        "quantity": quantity,
        "unit_price": price,
        "base": total,
        "rate": rate,
        "amo_amount": amo,
        "total_amount": total,
        "amc_amount": amc,
    }


def shared_price(line: Mapping[str, int]) -> dict[str, int]:
    """Let both payers be asked for a share of a line."""
    total = line["total_amount"]
    rate = min(line["rate"], _RATES[-2])
    amo = total * rate // 100
    return {**line, "rate": rate, "amo_amount": amo, "amc_amount": total - amo}


def detail(norm: str, line: Mapping[str, int], day: str) -> dict[str, str | int]:
    """Return what a detail record of a norm says of its line."""
    quantity, price = line["quantity"], line["unit_price"]
    details: Mapping[str, dict[str, str | int]] = {
        "FR": {
            "lpp_code": "2203240",
            "service_type": "A",
            "from_date": day,
            "reference_tariff": price,
            "quantity": quantity,
            "unit_sale_price": price,
            "base": line["base"],
            "total": line["total_amount"],
        },
        "PH": {"cip_1": 3400930, "price_1": price, "qty_1": quantity},
        "LB": {"date_1": day, "qty_1": quantity, "code_1": 1104},
        "TR": {"series": 0, "flat_fee_kind": 1, "flat_fee_price": price},
        "PM": {"ccam_code": "ZZZZ001", "activity": "1"},
        "SE": {"ccam_code": "ZZZZ001", "activity": "1"},
    }
    return details[norm]


def stay_totals(
    stays: list[dict[str, int]], fees: list[dict[str, int]]
) -> dict[str, int]:
    """Add up the lines of a stay into the totals of its end."""

    def add(lines: list[dict[str, int]], name: str) -> int:
        return sum(line[name] for line in lines)

    rest = sum(line["total_amount"] - line["amo_amount"] for line in (*stays, *fees))
    return {
        "base_hospital": add(stays, "base"),
        "amo_hospital": add(stays, "amo_amount"),
        "billed_hospital": add(stays, "total_amount"),
        "amc_hospital": add(stays, "amc_amount"),
        "fees_billed": add(fees, "total_amount"),
        "fees_amo": add(fees, "amo_amount"),
        "amc_fees": add(fees, "amc_amount"),
        "patient_before_amc": rest,
    }
