"""The log: one line per event that a machine can read, and that never breaks."""

from __future__ import annotations

import json
import logging
from io import StringIO
from typing import Any

from twisted.logger import ILogObserver, Logger, LogPublisher, globalLogPublisher

from gateway.logs import FromLibraries, observer


class Broken:
    """A thing that cannot be shown."""

    def __repr__(self) -> str:
        raise ValueError("cannot be shown")


def logger(out: StringIO, namespace: str = "gateway.test", **options: Any) -> Logger:
    watching: ILogObserver = observer(out, **options)
    return Logger(namespace, observer=LogPublisher(watching))


def _nothing() -> dict[str, str]:
    return {}


def lines(out: StringIO) -> list[Any]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_facts_are_fields() -> None:
    """An event is found by its facts, beside a text that never changes."""
    out = StringIO()
    logger(out).info("deposit taken", deposit="d1", size=3)

    (told,) = lines(out)
    assert (told["text"], told["level"]) == ("deposit taken", "info")
    assert (told["deposit"], told["size"]) == ("d1", 3)
    assert told["from"] == "gateway.test"
    assert told["time"].endswith("Z")


def test_a_failure_comes_with_its_trace() -> None:
    """What went wrong, and where, stands in the line."""
    out = StringIO()
    try:
        _nothing()["missing"]
    except KeyError:
        logger(out).failure("a step failed", step="split")

    (told,) = lines(out)
    assert told["error"] == "KeyError: 'missing'"
    assert "test_logs.py" in told["trace"]
    assert told["step"] == "split"


def test_libraries_may_only_warn() -> None:
    """Chatter of libraries is cut; their warnings are kept."""
    out = StringIO()
    noisy = logger(out, "twisted.web.http")
    noisy.info("request")
    noisy.warn("odd")
    logger(out, level="error").warn("ours, below the level")

    assert [told["text"] for told in lines(out)] == ["odd"]


def test_an_event_that_cannot_be_written_breaks_nothing() -> None:
    """A log line that fails is told of, and the work goes on."""
    out = StringIO()
    logger(out).info("shown as {thing}", thing=Broken())
    out.close()
    logger(out).info("nowhere to write")


def test_things_are_not_dumped() -> None:
    """Only plain facts become fields: an object's insides stay out of the log."""
    out = StringIO()
    logger(out).info("opened", connection=object(), secret=b"token")

    (told,) = lines(out)
    assert "connection" not in told
    assert "secret" not in told


def test_a_terminal_gets_words() -> None:
    """The text form has time, level, text and facts on one line."""
    out = StringIO()
    logger(out, text=True).warn("storage is slow", seconds=3)

    assert out.getvalue().split(" ", 1)[1] == "warn  storage is slow seconds=3\n"


def test_what_libraries_log_is_a_line_without_values() -> None:
    """A library's warning is one event like all others; its values stay out."""
    out = StringIO()
    watching: ILogObserver = observer(out)
    error = ValueError("patient 1234")
    globalLogPublisher.addObserver(watching)
    try:
        FromLibraries().emit(
            logging.LogRecord(
                *("sqlalchemy.pool", logging.ERROR, "", 0, "reset of %s", ("1234",)),
                exc_info=(ValueError, error, None),
            )
        )
    finally:
        globalLogPublisher.removeObserver(watching)
    (line,) = lines(out)
    assert (line["said"], line["error"]) == ("reset of %s", "ValueError")
    assert "1234" not in out.getvalue()
