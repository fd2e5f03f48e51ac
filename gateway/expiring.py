"""How long the certificates of a node and of its endpoints last, for the metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from gateway.clock import Now
from gateway.intake.https_tls import read_certificates
from gateway.steps.certificates import first_to_end
from routing.directory import Directory

_EVERY: Final = 60.0  # seconds between two looks into files


class Expiring:
    """Tells when what ends; files are read again once a minute."""

    def __init__(
        self, own: Path | None, directory: Callable[[], Directory], now: Now
    ) -> None:
        self._own = own
        self._directory = directory
        self._now = now
        self._ends: Mapping[str, float] = {}
        self._look_at = 0.0

    def seconds_left(self) -> dict[str, float]:
        """Return the time until each ends: `https` is ours, others are endpoints'."""
        now = self._now()
        if now >= self._look_at:
            self._ends, self._look_at = self._read(), now + _EVERY
        return {subject: ends - now for subject, ends in self._ends.items()}

    def _read(self) -> dict[str, float]:
        ends = {
            endpoint: paper.ends
            for endpoint, paper in first_to_end(self._directory()).items()
            if paper is not None and paper.ends is not None
        }
        if self._own is not None:
            (certificate, *_) = read_certificates(self._own)
            ends["https"] = certificate.not_valid_after_utc.timestamp()
        return ends
