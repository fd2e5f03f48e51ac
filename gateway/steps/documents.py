"""A deposit that is a supporting document: the lot that it is, or why it is none."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from gateway.steps.found import Found, Placed
from protocols.attachments import Attachments
from protocols.interface import Network
from routing.envelope import Problem, Severity, Summary


def document(
    deposit: Row[*tuple[Any, ...]], network: Network, kind: Attachments
) -> Found:
    """Make one lot without claims of a document; its content is looked into later.

    One whose name does not say to which invoice it belongs is refused.
    """
    about = kind.about(deposit.filename)
    problems: list[Placed] = []
    lots = []
    if about is None:
        problems.append((None, _unnamed(kind)))
    else:
        lots.append(kind.lot(about, sha256=deposit.sha256, size=deposit.size))
    return Found(
        deposit=deposit,
        held=deposit.lease_until,
        network=network.name,
        summary=Summary(
            format=kind.format,
            records=1,
            lots=len(lots),
            claims=0,
            errors=len(problems),
            warnings=0,
        ),
        problems=problems,
        lots=lots,
        about=about,
    )


def _unnamed(kind: Attachments) -> Problem:
    words = (
        "the name of this supporting document does not say to which invoice it belongs; "
        f"name it {kind.naming}, and send it again (saved anew: the same bytes are the "
        "same deposit)"
    )
    return Problem(None, None, None, Severity.ERROR, "unnamed-document", words)
