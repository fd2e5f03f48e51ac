"""The plots of a payer's page, in the language of who looks at it."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from config.directory_records import PayerEntry
from gateway.console.languages import Language
from gateway.payer_curves import Delay, delay_lines, rate_lines
from gateway.plots import line_plot
from routing.delays import Delays
from routing.no_response import Week


def delays(
    language: Language, found: Sequence[Delay], learned: Delays, payer: PayerEntry
) -> Markup:
    """Draw the delays seen against those promised; empty where nothing was seen."""
    say = language.say
    lines = delay_lines(found, learned, payer.id, promised=say("{}: promised"))
    if not lines:
        return Markup("")
    return _inline(
        line_plot(
            lines,
            title=say("Answers by working day, and what was promised"),
            x_label=say("working days after the sending"),
            y_label=say("share of the answers that come"),
            percent=True,
            described=say("The table below says the same."),
            prefix="delays-",
        )
    )


def rates(language: Language, found: Sequence[Week]) -> Markup:
    """Draw the no-response rate by week; empty while nothing is old enough."""
    say = language.say
    lines = rate_lines(
        found,
        seen=say("after {} days"),
        objective=say("objective after {} days"),
    )
    if not lines:
        return Markup("")
    return _inline(
        line_plot(
            lines,
            title=say("Claims without a closing answer, by week of sending"),
            x_label=say("week of sending"),
            y_label=say("share of the claims sent"),
            percent=True,
            described=say("The table below says the same."),
            prefix="rates-",
        )
    )


def _inline(svg: bytes) -> Markup:
    """Take a picture of ours into a page; its writer has escaped every name in it."""
    text = svg.decode().partition("?>")[2].strip()
    return Markup(text.replace("<svg ", '<svg class="plot" ', 1))  # noqa: S704
