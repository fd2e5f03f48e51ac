"""Lines of messages, for tests."""

from __future__ import annotations

from typing import Any

from gateway.notifications.content import Line


def line(**values: Any) -> Line:
    """Make a line; what is not said is as good as any."""
    given: dict[str, Any] = {
        "status": "new",
        "anomaly": "a1",
        "kind": "payer-locked-out",
        "severity": "error",
        "payer": "caisse-nord",
        "client": "",
        "cause": "",
        "code": "",
        "claims": 2,
        "seen": 1,
        "since": 1_794_990_000.0,
    }
    return Line(**(given | values))
