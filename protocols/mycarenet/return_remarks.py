"""What is told of an invoice's codes: causes first, then what they brought about.

R500118 and R500119 refuse a line because of another one of the day or block; so
does x0119 on lines 51 and 52 (which codes do so is in the network's causes).  Such
a remark comes last and names the codes that caused it: only these are mended, and
the lines that hang on them are accepted when they are billed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from config.cause_files import known_causes
from protocols.mycarenet.codes import header_label_of, label_of
from protocols.mycarenet.comments import UNREAD, tell
from protocols.mycarenet.return_message import HeaderError
from protocols.mycarenet.return_records import (
    CLOSE,
    INVOICE,
    LINES,
    PRICED,
    Code,
    Returned,
)
from routing.cause import cause_of
from routing.envelope import Remark

_NETWORK: Final = "mycarenet"
_SEVEREST_FIRST: Final = "BFR"
_ATTACHED: Final = LINES - PRICED
_MOST_LINES: Final = 20
_MOST_COMMENTS: Final = 5


def remarks_of(records: Sequence[Returned]) -> tuple[Remark, ...]:
    """Tell the codes of an invoice, or of the sending's own records, each once."""
    causes: dict[str, Code] = {}
    brought: dict[str, dict[str, None]] = {}
    nearest = _Causes(records)
    for record in records:
        for code in record.codes:
            if is_consequence(code):
                found = brought.setdefault(str(code), {})
                found.update(dict.fromkeys(nearest.of(record)))
            else:
                causes.setdefault(str(code), code)
    ordered = [str(code) for code in sorted(causes.values(), key=_severity)]
    comments = comments_told(records)
    return (
        *(
            Remark(code, label_of(code), comments.get(f"comment {code}", ""))
            for code in ordered
        ),
        *(Remark(code, _because(code, why)) for code, why in brought.items()),
    )


def header_remarks(errors: Iterable[HeaderError], where: str = "") -> Iterator[Remark]:
    """Tell errors of two digits after zones of the header, or of a sum."""
    for zone, error, _ in errors:
        label = header_label_of(zone, error)
        yield Remark(f"{zone}-{error}", f"{where}: {label}" if where else label)


def is_consequence(code: Code) -> bool:
    """Say whether another code of the same invoice brings this one about."""
    cause = cause_of(code.number, known_causes(_NETWORK))
    return cause is not None and cause.consequence


def lines_told(records: Iterable[Returned]) -> str:
    """Name the records that have codes: order number, act and day; no patient."""
    told = [_line(each) for each in records if each.codes]
    more = len(told) - _MOST_LINES
    kept = "; ".join(told[:_MOST_LINES])
    return f"{kept}; and {more} more" if more > 0 else kept


def comments_told(records: Iterable[Returned]) -> dict[str, str]:
    """Return the facts of the payer's comments, by the code that they explain.

    They are of one invoice only, so no label that stands for many repeats them.
    """
    told: dict[str, dict[str, None]] = {}
    for record in records:
        if record.codes and record.comment:
            said = [
                (str(code), tell(code.number, record.comment)) for code in record.codes
            ]
            read = [each for each in said if each[1] not in {"", UNREAD}]
            for code, words in (read or [each for each in said if each[1]])[:1]:
                told.setdefault(f"comment {code}", {})[words] = None
    return {name: "; ".join(list(of)[:_MOST_COMMENTS]) for name, of in told.items()}


def _line(record: Returned) -> str:
    what = f" ({record.act} of {record.date})" if record.act and record.date else ""
    return f"{record.order}{what}: {' '.join(map(str, record.codes))}"


def _severity(code: Code) -> int:
    place = _SEVEREST_FIRST.find(code.letter) if code.letter else -1
    return place if place >= 0 else len(_SEVEREST_FIRST)


def _because(code: str, causes: Iterable[str]) -> str:
    told = ", ".join(causes)
    why = f"caused by {told}" if told else "by which one is not told"
    return f"{label_of(code)}; {why}"


class _Causes:
    """The codes of an invoice that are no consequences, by how near they are."""

    def __init__(self, records: Sequence[Returned]) -> None:
        self._known: dict[tuple[str, ...], dict[str, None]] = {}
        for record in records:
            told = dict.fromkeys(
                str(code)
                for code in record.codes
                if code.refuses and not is_consequence(code)
            )
            keys: list[tuple[str, ...]] = [("any",)]
            if record.kind in {INVOICE, CLOSE}:
                keys.append(("frame",))
            else:
                keys.append((record.date,))
            if record.kind in PRICED:
                keys.append((record.date, record.act))
            for key in keys if told else ():
                self._known.setdefault(key, {}).update(told)

    def of(self, record: Returned) -> Iterable[str]:
        """Name the nearest: of its own line, of the same day, of the frame, any."""
        keys: list[tuple[str, ...]] = [("frame",), ("any",)]
        if record.date:
            keys.insert(0, (record.date,))
            if record.kind in _ATTACHED:
                keys.insert(0, (record.date, record.act))
        return next((found for key in keys if (found := self._known.get(key))), ())
