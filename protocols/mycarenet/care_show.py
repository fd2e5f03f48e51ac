"""Shows messages about a patient for people, zone numbers and all.

What is simulated says so in the title of every message.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from protocols.mycarenet.care_message import HEADER, CareMessage, named, read_messages
from protocols.shown import FieldShown, RecordShown


def show(stream: BinaryIO) -> Iterator[RecordShown]:
    """Yield each message; of one whose form is not public, the header alone."""
    for message in read_messages(stream):
        yield RecordShown(
            record=message.number,
            kind=message.values["message_type"],
            title=_title(message),
            fields=_fields(message),
        )


def _fields(message: CareMessage) -> tuple[FieldShown, ...]:
    """Name each field by its zone too, where the number is public."""
    layout = message.layout
    return tuple(
        each
        if each.name.endswith("_error")
        else each._replace(title=named(layout[each.name]))
        for each in layout.show(message.raw)
    )


def _title(message: CareMessage) -> str:
    form = message.form
    if form is None:
        left = max(0, len(message.raw) - HEADER)
        return f"positions of its zones not public: {left} characters are not read"
    return f"{message.layout.title} ({form.numbering}; {form.sure})"
