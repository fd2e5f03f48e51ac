"""`octway report`: rates, delays, balances, remedies, completeness: counted from rows."""

from __future__ import annotations

from typing import Final

from gateway.cli import (
    report_balance,
    report_completeness,
    report_delays,
    report_no_response,
    report_remedies,
)
from gateway.cli.arguments import Actions, Parser

EXAMPLE: Final = (
    "octway report no-response --by payer --after 30\n"
    "octway report delays\n"
    "octway report balance --day 2026-11-24 --csv balance.csv\n"
    "octway report remedies\n"
    "octway report completeness --client cabinet-1 --month 2026-11 --html nov.html"
)


def define(parser: Parser) -> None:
    """Define the command line."""
    actions = Actions(parser)
    report_no_response.define(actions)
    report_delays.define(actions)
    report_balance.define(actions)
    report_remedies.define(actions)
    report_completeness.define(actions)
