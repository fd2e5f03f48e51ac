"""Shows a return for people: the header's segments, then every record.

The header is no record of the format and is shown under number 0.  Of a returned
record the part that was sent comes first, then the payer's word on it; what only
fills up is idle there, whatever it is: each payer fills with something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import BinaryIO, Final

from protocols.mycarenet.codes import header_label_of, label_of
from protocols.mycarenet.return_message import (
    PRELIMINARY,
    SENT,
    SETTLED,
    ReturnMessage,
    ReturnRecord,
    segments,
)
from protocols.mycarenet.return_records import (
    CLOSE,
    END,
    INVOICE,
    LINES,
    PRICED,
    START,
)
from protocols.mycarenet.return_totals import KINDS
from protocols.mycarenet.show import may_be_idle
from protocols.problem_log import ProblemLog
from protocols.records import Layout, load_layouts
from protocols.shown import FieldShown, RecordShown

_FRAMES: Final = frozenset({START, END})
_MEANT: Final = frozenset({"error_sending_number", "error_date", "error_third_party"})
_LEVELS: Final = {
    **dict.fromkeys((START, END, "95", "96"), 0),
    **dict.fromkeys((INVOICE, CLOSE), 1),
    **dict.fromkeys(PRICED, 2),
    **dict.fromkeys(LINES - PRICED, 3),
}
_WORD: Final = "error"
_FILLER: Final = re.compile(r"0*(?:1*|9*)")


def show_return(stream: BinaryIO, format: str) -> Iterator[RecordShown]:
    """Show every record; one of an unknown kind as it stands."""
    message = ReturnMessage(stream, format, ProblemLog())
    for layout, segment in segments(message.header.content, format):
        if segment:
            yield RecordShown(
                record=0,
                kind=layout.kind,
                title=layout.title,
                fields=_told(layout, segment),
            )
    for record in message.records():
        yield _shown(record, format)


def _shown(record: ReturnRecord, format: str) -> RecordShown:
    kind, content = record.kind, record.content
    returns, sent = load_layouts("efact_returns"), load_layouts("efact")
    level = 0 if format == PRELIMINARY else _LEVELS.get(kind, 0)
    if record.sound and format == SETTLED and kind in KINDS:
        title, fields = returns[kind].title, _told(returns[kind], content)
    elif record.sound and kind in _LEVELS and kind in sent:
        title, fields = sent[kind].title, _told(sent[kind], content[:SENT])
        if len(content) > SENT:
            fields += _word(returns[_WORD], kind, content)
    else:
        raw = content.decode("latin-1")
        title = "Record that cannot be read"
        fields = (FieldShown(1, len(raw), "record", "As it stands", raw, "", True),)
    return RecordShown(
        record=record.number, kind=kind, title=title, fields=fields, level=level
    )


def _told(layout: Layout, content: bytes) -> tuple[FieldShown, ...]:
    """Show the zones; unused ones and errors that say nothing are idle."""
    shown = []
    for each in layout.show(content):
        name = each.name.removesuffix("_error")
        if not each.value.strip(" 0") and may_be_idle(each.name):
            shown.append(each._replace(idle=True))
        elif name == each.name:
            shown.append(_zoned(each, layout))
        else:
            zone = layout[name].zone.split(",")[-1].strip()
            shown.append(each._replace(meaning=header_label_of(zone, each.value)))
    return tuple(shown)


def _word(layout: Layout, kind: str, content: bytes) -> tuple[FieldShown, ...]:
    """Show what the payer wrote; what only fills up is idle."""
    shown = []
    letters = {
        each.name[-1]: each.raw(content).strip(" 0")
        for each in layout.fields
        if each.name.startswith("letter_")
    }
    for each in layout.show(content):
        says_nothing = kind in _FRAMES and not _has_sense(each)
        if says_nothing or _FILLER.fullmatch(each.value.strip()):
            shown.append(each._replace(idle=True))
        elif each.name.startswith("code_"):
            code = letters[each.name[-1]] + each.value.strip()
            shown.append(_zoned(each, layout)._replace(meaning=label_of(code)))
        else:
            shown.append(_zoned(each, layout))
    return tuple(shown)


def _zoned(each: FieldShown, layout: Layout) -> FieldShown:
    """Add the payers' number of a field to its title."""
    return each._replace(title=_titles(layout)[each.name])


@cache
def _titles(layout: Layout) -> Mapping[str, str]:
    return {
        each.name: f"{each.title} (zone {each.zone})" if each.zone else each.title
        for each in layout.fields
    }


def _has_sense(each: FieldShown) -> bool:
    """Say whether a field says anything on the records 10 and 90."""
    return each.name in _MEANT or each.name.startswith(("letter_", "code_"))
