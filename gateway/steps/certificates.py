"""Certificates that endpoints need are told of before they end, and once they have.

Of several of one owner in one file the last counts: the next one is often there
before the old one ends.  What is simulated renews itself and is not looked at.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from config.directory_records import EndpointEntry
from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.endpoint_papers import SOON, Paper, papers
from gateway.journal import anomalies
from routing.directory import Directory

KIND = "certificate-ends"
_OLD = "old_"  # settings of what is only kept to read what still comes


def first_to_end(directory: Directory) -> dict[str, Paper | None]:
    """Map every real endpoint to its certificate that ends first, if it has one.

    Reads files, so it is no part of a transaction.
    """
    return {
        endpoint.id: _first(endpoint, os.environ)
        for endpoint in directory.data.endpoints
        if not endpoint.simulated
    }


def ending(directory: Directory, now: float) -> dict[str, Paper | None]:
    """Map every real endpoint to its certificate that ends first, if that is soon."""
    return {
        endpoint: first if first is not None and _end(first) < now + SOON else None
        for endpoint, first in first_to_end(directory).items()
    }


def tell(tx: Tx, entropy: Entropy, found: Mapping[str, Paper | None]) -> None:
    """Raise what is new in what was found, and settle what is mended."""
    told = {row.subject: row for row in anomalies.open_of_kind(tx.connection, KIND)}
    for endpoint, paper in found.items():
        if paper is None:
            anomalies.settle(
                tx, kind=KIND, subject=endpoint, reason="its certificates last"
            )
            continue
        left = _end(paper) - tx.now
        severity = anomalies.WARNING if left > 0 else anomalies.ERROR
        words = _words(endpoint, paper, left)
        if not _is_told(told.get(endpoint), severity):
            anomalies.raise_(
                tx,
                entropy,
                kind=KIND,
                severity=severity,
                subject=endpoint,
                words=words,
            )
    for subject in set(told) - set(found):
        anomalies.settle(
            tx, kind=KIND, subject=subject, reason="the directory has no such endpoint"
        )


def _first(endpoint: EndpointEntry, environment: Mapping[str, str]) -> Paper | None:
    last: dict[tuple[str, str], Paper] = {}
    for paper in papers(endpoint, environment):
        if paper.ends is not None and not paper.setting.startswith(_OLD):
            key = paper.setting, paper.words
            if key not in last or _end(last[key]) < paper.ends:
                last[key] = paper
    return min(last.values(), key=_end, default=None)


def _end(paper: Paper) -> float:
    return paper.ends or 0.0


def _is_told(row: Any, severity: str) -> bool:
    return row is not None and row.severity in {severity, anomalies.ERROR}


def _words(endpoint: str, paper: Paper, left: float) -> str:
    days = round(abs(left) / 86_400)
    span = f"{days} day{'s' * (days != 1)}"
    when = f"ends in {span}" if left > 0 else f"ended {span} ago"
    return (
        f"endpoint {endpoint}: the certificate {paper.words} of {paper.setting} {when};"
        " put its successor into that file, then have the directory loaded again"
    )
