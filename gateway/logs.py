"""The process's log: one line per event, for machines or for a terminal.

An event's text is a constant and its facts are fields beside it, so a log can
be searched by fact.  Libraries may only warn.  Writing a line never raises: a
log that breaks the work it tells of is worse than none.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from constantly import NamedConstant
from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    formatEvent,
)
from twisted.python.failure import Failure
from zope.interface import implementer

_NOISY: Final = ("twisted", "paramiko", "stdout", "stderr", "log_legacy")
_PLAIN: Final = (str, int, float, bool, type(None))


def observer(out: TextIO, level: str = "info", *, text: bool = False) -> ILogObserver:
    """Build the process's observer; `level` is debug, info, warn or error.

    `text` gives lines for a terminal instead of JSON.
    """
    least = LogLevel.levelWithName(level)
    levels = LogLevelFilterPredicate(defaultLogLevel=least)
    for noisy in _NOISY:
        levels.setLogLevelForNamespace(noisy, max(least, LogLevel.warn))
    lines = TextLines(out) if text else JsonLines(out)
    return FilteringLogObserver(lines, [levels])


class FromLibraries(logging.Handler):
    """Says what libraries log with Python's `logging` as events of the process.

    Only their constant text and the kind of an error: what they were given, and
    a traceback, may hold values of a claim.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one record on as a warning."""
        error = record.exc_info[0] if record.exc_info else None
        Logger(namespace=record.name).warn(
            "a library says: {said}",
            said=str(record.msg),
            error=error.__name__ if error else "",
        )


@implementer(ILogObserver)
class JsonLines:
    """Writes each event as one line of JSON."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __call__(self, event: LogEvent) -> None:
        """Write one event; see `ILogObserver`."""
        try:
            line = _encode(_described(event))
        except Exception as error:
            line = json.dumps(
                {"level": "error", "text": "unloggable event", "error": repr(error)}
            )
        _write(self._out, line)


@implementer(ILogObserver)
class TextLines:
    """Writes each event as a line for a person, facts behind its text."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __call__(self, event: LogEvent) -> None:
        """Write one event; see `ILogObserver`."""
        try:
            facts = _described(event)
            head = [
                str(facts.pop("time"))[11:19],
                f"{facts.pop('level'):<5}",
                str(facts.pop("text")),
            ]
            facts.pop("from")
            trace = facts.pop("trace", "")
            tail = [f"{name}={value}" for name, value in facts.items()]
            line = " ".join([*head, *tail])
            if trace:
                line += "\n" + str(trace).rstrip()
        except Exception as error:
            line = f"unloggable event: {error!r}"
        _write(self._out, line)


def _described(event: LogEvent) -> dict[str, Any]:
    moment = datetime.fromtimestamp(event.get("log_time", 0.0), UTC)
    level = event.get("log_level", LogLevel.info)
    found: dict[str, Any] = {
        "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": level.name if isinstance(level, NamedConstant) else str(level),
        "from": event.get("log_namespace", ""),
        "text": _text(event),
    }
    found.update(_facts(event))
    failure = event.get("log_failure")
    if isinstance(failure, Failure):
        name = type(failure.value).__name__
        found["error"] = f"{name}: {failure.getErrorMessage()}"
        found["trace"] = failure.getTraceback()
    return found


def _text(event: LogEvent) -> str:
    """Return the event's text; most are constants, with nothing to be put in."""
    text = event.get("log_format")
    if isinstance(text, str) and "{" not in text and "}" not in text:
        return text
    return formatEvent(event) or ""


def _facts(event: LogEvent) -> Iterator[tuple[str, Any]]:
    """Give the fields that the caller named; the logger's own begin with log_."""
    for name, value in event.items():
        if name.startswith("log_") or name in {"time", "level", "from", "text"}:
            continue
        if isinstance(value, _PLAIN):
            yield name, value


def _safe(value: object) -> str:
    return type(value).__name__


_encode: Final = json.JSONEncoder(ensure_ascii=False, default=_safe).encode


def _write(out: TextIO, line: str) -> None:
    # A log that cannot be written has nowhere to say so.
    with suppress(OSError, ValueError):
        out.write(line + "\n")
        out.flush()
