"""Messages about one patient: insurability (801), nursing care (410, 420, 430).

Public is what each zone means and the header's form (segment 200, 67 characters, as
in billing).  Not public is at which positions the zones behind it stand, so that
part is SIMULATED: fixed lengths in the order of the zones, invented in
`layouts/care_messages.csv`, and the header's unused zone 206 says SIMULATED FORM.  A
message without those words is named and its header read; its zones are not guessed.

Which forms there are is `data/care_messages.csv`: whoever knows the true positions
adds a layout and a row whose `mark` is empty, and needs no code.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import BinaryIO, Final

from attrs import evolve, frozen

from protocols.record_fields import Field
from protocols.records import Layout, load_layouts

HEADER: Final = 67
SIMULATED_MARK: Final = "SIMULATED FORM"
OUT, RETURN = "out", "return"
LINE_ENDS: Final = b"\r\n\x1a"

_LAYOUTS: Final = "care_messages"
_MARKED: Final = slice(52, 67)  # zone 206
_TYPE: Final = slice(0, 6)
_VERSION: Final = slice(8, 10)
_BEGINNING: Final = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]*([0-9]{6})[0-9 ]{46}")
_UTF8_MARK: Final = b"\xef\xbb\xbf"


@frozen(kw_only=True, eq=False)
class CareForm:
    """One version of one message; without a `layout` only its name is known.

    `flow` is the kind of exchange, `kind` what an answer is called, `question` the
    message that it answers; `numbering` says where its zone numbers come from and
    `sure` what of it is certain.
    """

    message: str
    version: str
    direction: str
    flow: str
    kind: str
    question: str
    mark: str
    layout: str
    numbering: str
    sure: str

    @property
    def format(self) -> str:
        """The format's stable name."""
        return f"mycarenet.{self.message}"


@frozen(kw_only=True, eq=False)
class CareMessage:
    """One message as it stands in a stream; `form` is None where none is known.

    `number` counts from 1, `offset` and `raw` are its bytes.  Of a message without
    a known form `raw` is all that is left of the stream, at most 4096 bytes of it.
    """

    number: int
    offset: int
    raw: bytes
    form: CareForm | None
    values: Mapping[str, str]

    @property
    def layout(self) -> Layout:
        """Its fields: the header's alone where its form is not known."""
        return header_layout() if self.form is None else layout_of(self.form)


@cache
def forms() -> tuple[CareForm, ...]:
    """Return every form that is known, in the order of the table."""
    file = resources.files("protocols.mycarenet") / "data" / "care_messages.csv"
    rows = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    return tuple(CareForm(**row) for row in rows)


def form_of(message: str, version: str = "01") -> CareForm:
    """Return the form in which a version of a message is written; raises KeyError."""
    for form in forms():
        if form.layout and (form.message, form.version) == (message, version):
            return form
    raise KeyError(f"no form of version {version} of message {message} is known")


@cache
def names(direction: str) -> Mapping[str, CareForm]:
    """Map the formats of a direction to their first form."""
    found: dict[str, CareForm] = {}
    for form in forms():
        if form.direction == direction:
            found.setdefault(form.format, form)
    return MappingProxyType(found)


def recognise(head: bytes) -> str | None:
    """Name the format of a file by its first bytes; None if it is no such message."""
    found = _BEGINNING.match(head)
    format = f"mycarenet.{found[1].decode()}" if found else ""
    return format if format in {**names(OUT), **names(RETURN)} else None


def header_layout() -> Layout:
    """Return the header's fields; the same in every message."""
    return load_layouts(_LAYOUTS)["200"]


@cache
def layout_of(form: CareForm) -> Layout:
    """Return all fields of a message, positions counted from its own beginning."""
    body = load_layouts(_LAYOUTS)[form.layout]
    fields = [evolve(each, start=each.start + HEADER) for each in body.fields]
    return Layout(
        kind=form.message,
        title=body.title,
        length=HEADER + body.length,
        fields=(*header_layout().fields, *fields),
    )


def read_messages(stream: BinaryIO) -> Iterator[CareMessage]:
    """Cut a stream into messages; line ends between them are passed over.

    After a message whose form is not known nothing more can be cut off.
    """
    offset = number = 0
    rest = stream.read(len(_UTF8_MARK))
    if rest == _UTF8_MARK:
        offset, rest = len(rest), b""
    while True:
        rest += stream.read(HEADER - len(rest))
        bare = rest.lstrip(LINE_ENDS)
        if len(bare) < len(rest):
            offset += len(rest) - len(bare)
            rest = bare
            continue
        if not rest:
            return
        number += 1
        form = _form_in(rest)
        if form is None:
            yield _message(number, offset, rest + stream.read(4096 - HEADER), None)
            return
        raw = rest + stream.read(layout_of(form).length - HEADER)
        yield _message(number, offset, raw, form)
        offset, rest = offset + len(raw), b""


def write_message(form: CareForm, values: Mapping[str, str | int]) -> bytes:
    """Make a message of a form; raises ValueError as `Layout.write` does."""
    told = {
        "message_type": form.message,
        "format_version": form.version,
        "form": form.mark,
        "environment": "92",
    }
    return layout_of(form).write(told | dict(values))


def union_of(mutuality: str) -> str:
    """Return the union of a mutuality by its first digit; "" if it has none."""
    known = len(mutuality) == len("120") and mutuality.isascii() and mutuality.isdigit()
    return f"{mutuality[0]}00" if known and mutuality[0] in "1234569" else ""


def named(field: Field) -> str:
    """Name a field as payers do, by its zone too where that is public."""
    return f"{field.title} (zone {field.zone})" if field.zone else field.title


def key_of(reference: str, message: str) -> str:
    """Return the key that ties an answer to its question: zone 204 and message."""
    return f"{reference}/{message}" if reference.strip("0 ") else ""


def _form_in(header: bytes) -> CareForm | None:
    told = (header[_TYPE], header[_VERSION], header[_MARKED].rstrip(b" 0"))
    message, version, mark = (each.decode("latin-1") for each in told)
    for form in forms():
        if form.layout and (form.message, form.version, form.mark) == (
            message,
            version,
            mark,
        ):
            return form
    return None


def _message(
    number: int, offset: int, raw: bytes, form: CareForm | None
) -> CareMessage:
    layout = header_layout() if form is None else layout_of(form)
    return CareMessage(
        number=number, offset=offset, raw=raw, form=form, values=layout.read(raw)
    )
