"""Invented tables of complementary payers, and files whose invoices have such a part."""

from __future__ import annotations

import io
import random
from collections.abc import Mapping

from protocols.sesam.amc_tables import COLUMNS, CONVENTIONS, GROUPINGS
from protocols.sesam.reader import read
from protocols.sesam.sample_maker import (
    AmcFacts,
    FundFacts,
    SenderFacts,
    make_file,
    make_sender,
)
from protocols.tables import Tables
from routing.envelope import LotSeen

DAY = "2026-11-02"
AMC, OTHER_AMC = "888888881", "888888882"
ADDRESS, OTHER_ADDRESS = ("OC", "981", "amc.example"), ("OC", "982", "amc.example")
CODE, OTHER_CODE = "/".join(ADDRESS), "/".join(OTHER_ADDRESS)


def convention(
    amc: str, address: tuple[str, str, str] = ADDRESS, *, mode: str = "C", row: int = 1
) -> Mapping[str, str]:
    """Make a row of the table of conventions."""
    routing_code, host_id, domain = address if mode in "CS" else ("", "", "")
    told = {
        "row": str(row),
        "mode": mode,
        "signatory": f"7{amc}",
        "signatory_name": f"SIGNATORY {amc}",
        "grouped": "0",
        "convention_type": "OC",
        "amc_number": amc,
        "routing_code": routing_code,
        "host_id": host_id,
        "domain": domain,
    }
    return {name: told.get(name, "") for name in COLUMNS[CONVENTIONS]}


def tables(*conventions: Mapping[str, str]) -> Tables:
    """Make the tables of a directory."""
    return {CONVENTIONS: conventions, GROUPINGS: ()}


TABLES = tables(convention(AMC), convention(OTHER_AMC, OTHER_ADDRESS, row=2))


def enriched_file(
    *,
    seed: int = 1,
    lots: int = 1,
    invoices: int = 3,
    amc: str = AMC,
    day: str = DAY,
    sender: SenderFacts | None = None,
    fund: FundFacts | None = None,
    alone: bool = False,
    first_invoice: int = 1,
) -> bytes:
    """Make a file whose invoices have both parts; `alone`: only the other one is asked."""
    rng = random.Random(seed)
    return make_file(
        rng,
        sender=sender or make_sender(rng),
        lots=lots,
        invoices_per_lot=invoices,
        day=day,
        norm="SE",
        fund=fund,
        first_invoice=first_invoice,
        amc=AmcFacts(number=amc, alone=alone),
    )


def lots_of(content: bytes, told: Tables = TABLES) -> list[LotSeen]:
    """Read the lots of a file with the tables of a directory."""
    return list(read(io.BytesIO(content), told).lots())
