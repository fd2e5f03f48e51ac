"""A gateway with a fund and a complementary payer, and the invoices that both owe."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

from protocols.sesam.network import SESAM
from protocols.sesam.payer_simulator import Caisse, Faults, Mix
from protocols.sesam.sample_maker import FundFacts
from tests.gateway.steps.site import Site
from tests.protocols.sesam.amc_files import CODE, TABLES, enriched_file

FUND_CODE = "01995"
FUND = FundFacts(regime="01", fund="995", organism="995", computer_centre="000")
PAYS = Mix(rejected=0, partly=0, deferred=0)
REFUSES = Mix(rejected=1, partly=0, deferred=0)
RULES = {"routing_code": "OC", "host_id": "981", "domain": "amc.example"}


def opened(engine: str) -> Site:
    made = Site(engine, network=SESAM, payers=(FUND_CODE, CODE))
    made.change(FUND_CODE, rules={"regime": "01", "organism": "995", "centre": "000"})
    made.change(CODE, rules=RULES)
    made.tell(TABLES)
    return made


def day(site: Site) -> str:
    return datetime.fromtimestamp(site.at, UTC).date().isoformat()


def bill(site: Site, **options: Any) -> bytes:
    content = enriched_file(day=day(site), fund=FUND, **options)
    if content not in site.accepted.values():
        site.deposit(content)
    return content


def respond(site: Site, code: str, mix: Mix = PAYS) -> None:
    """Let a payer answer everything that it has."""
    payer = Caisse(faults=Faults(), mix=mix)
    side = site.payer(code)
    for content in side.files().values():
        for back in payer.respond(content, rng=random.Random(3), day=day(site)):
            side.answer(back.name, back.content)
