"""A payer's return as it stands: its header, then its records, one at a time.

One stream of characters without line breaks (belgium.md 1.1): a header of 227
characters (931000, 920999) or 677, then records of 350 (920999: the sums found
wrong) or 800 (the record as sent, and the payer's word on it).  Line breaks
between records are met where a file went through a text tool; they are left
out, and said once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final, NamedTuple

from attrs import frozen

from protocols.mycarenet.keys import lot_key
from protocols.mycarenet.return_alignment import LOOKED_AT, record_excess
from protocols.problem_log import ProblemLog
from protocols.records import Layout, load_layouts
from routing.envelope import Severity

RECEIPT: Final = "mycarenet.931000"
PRELIMINARY: Final = "mycarenet.920999"
INFORMED: Final = "mycarenet.920098"
REFUSED: Final = "mycarenet.920099"
SETTLED: Final = "mycarenet.920900"

SENT: Final = 350
"""Characters of a record as it was sent: the first part of a returned one."""

_FIRST: Final = 67  # characters of the first header segment
_BREAKS: Final = b"\r\n"
_BLANKS: Final = b" \r\n\x1a\x00"
_MARK: Final = b"\xef\xbb\xbf"


class Shape(NamedTuple):
    """How long the parts of a message are, and which layout its second segment has."""

    header: int
    record: int
    second: str
    enough: int  # characters of the header that hold all it says


SHAPES: Final[Mapping[str, Shape]] = {
    RECEIPT: Shape(227, 0, "300c", 75),
    PRELIMINARY: Shape(227, SENT, "300", 207),
    INFORMED: Shape(677, 800, "300r", 218),
    REFUSED: Shape(677, 800, "300r", 218),
    SETTLED: Shape(677, 800, "300r", 218),
}


class ReturnRecord(NamedTuple):
    """One record; `number` counts from 1.

    `sound` says that every position in it can be believed: where characters are
    missing or too many, none can.  The last of a cut file is sound and short.
    """

    number: int
    content: bytes
    sound: bool

    @property
    def kind(self) -> str:
        """The two characters that say what the record is."""
        return self.content[:2].decode("latin-1")


class HeaderError(NamedTuple):
    """An error that a payer put after a zone: two digits, and where they stand."""

    zone: str
    error: str
    name: str


@frozen(kw_only=True)
class ReturnHeader:
    """The header: its fields by name, and the errors after them.

    `usable` says that everything was there that names the sending.
    """

    content: bytes
    values: Mapping[str, str]
    errors: tuple[HeaderError, ...]
    usable: bool

    @property
    def lot_key(self) -> str:
        """Key of the sending: zone 204, year and month, number; "" in a 931000."""
        number = self.values.get("sending_number", "")
        if not (number and self.reference):
            return ""
        return lot_key(self.reference, self.values["year_month"], number)

    @property
    def reference(self) -> str:
        """Zone 204, the sender's own reference; "" where there is none."""
        reference = self.values["reference"]
        return reference if reference.strip("0") else ""

    @property
    def lot_keys(self) -> tuple[str, ...]:
        """Keys of the sending, strongest first; the last is zone 204 alone."""
        return tuple(key for key in (self.lot_key, self.reference) if key)


class ReturnMessage:
    """A return being read, once; only one record of it is in memory."""

    def __init__(self, stream: BinaryIO, format: str, problems: ProblemLog) -> None:
        self.format = format
        self.records_read = 0
        self._stream = stream
        self._shape = SHAPES[format]
        self._problems = problems
        self._broken = False
        self._ahead = b""
        self.header = self._read_header()

    def records(self) -> Iterator[ReturnRecord]:
        """Yield the records in the order of the file; what is cut is reported."""
        size = self._shape.record
        while content := self._take(size or SENT):
            if not content.strip(_BLANKS) and len(content) != size:
                return
            self.records_read += 1
            if not size:
                self._problem("surplus", "text follows the header, which is all", 1)
                return
            sound = True
            if len(content) < size:
                self._problem(
                    "cut",
                    f"the file ends after {len(content)} of {size} characters; "
                    "part of it is missing, ask the payer for it again",
                    len(content) + 1,
                )
            elif size > SENT:
                content = self._aligned(content)
                sound = len(content) == size
            yield ReturnRecord(self.records_read, content, sound)

    def _aligned(self, content: bytes) -> bytes:
        """Return a record up to where the next one begins, if that is not at its end."""
        off = record_excess(content, self._peek(LOOKED_AT).lstrip(_BREAKS))
        if off:
            self._problem(
                "record-length",
                f"has {len(content) + off} characters; {len(content)} are expected. "
                "What it says cannot be told, ask the payer for the return again",
                1,
            )
        if off >= 0:
            return content + self._read(off)
        self._ahead = content[off:] + self._ahead
        return content[:off]

    def _read_header(self) -> ReturnHeader:
        shape = self._shape
        content = self._take(shape.header, mark=True)
        usable = len(content) >= shape.enough
        if len(content) < shape.header:
            self._problems.add(
                "cut-header",
                f"the file ends after {len(content)} characters; its header has "
                f"{shape.header}; ask the payer for it again",
                position=len(content) + 1,
            )
        values: dict[str, str] = {}
        errors: list[HeaderError] = []
        for layout, segment in segments(content, self.format):
            values |= layout.read(segment)
            errors += header_errors(layout, segment)
        return ReturnHeader(
            content=content, values=values, errors=tuple(errors), usable=usable
        )

    def _take(self, size: int, *, mark: bool = False) -> bytes:
        """Read so many characters, without line breaks before them."""
        content = self._read(size)
        if mark and content.startswith(_MARK):
            content = content[len(_MARK) :] + self._read(len(_MARK))
        while content[:1] in (b"\r", b"\n"):
            rest = content.lstrip(_BREAKS)
            missing = len(content) - len(rest)
            content = rest + self._read(missing)
            self._report_breaks()
        return content

    def _peek(self, size: int) -> bytes:
        """Return the next characters without giving them up."""
        self._ahead = self._read(size)
        return self._ahead

    def _read(self, size: int) -> bytes:
        content, self._ahead = self._ahead[:size], self._ahead[size:]
        while len(content) < size and (more := self._stream.read(size - len(content))):
            content += more
        return content

    def _report_breaks(self) -> None:
        if not self._broken:
            self._broken = True
            self._problems.add(
                "line-break",
                "a line break stands between records or at the end; the format has "
                "none, and they are left out",
                severity=Severity.WARNING,
                record=self.records_read or None,
            )

    def _problem(self, code: str, message: str, position: int) -> None:
        self._problems.add(code, message, record=self.records_read, position=position)


def segments(header: bytes, format: str) -> tuple[tuple[Layout, bytes], ...]:
    """Cut a header into its two segments, each with its layout."""
    second = SHAPES[format].second
    name = "efact" if second == "300" else "efact_returns"
    return (
        (load_layouts("efact")["200"], header[:_FIRST]),
        (load_layouts(name)[second], header[_FIRST:]),
    )


def header_errors(layout: Layout, content: bytes) -> list[HeaderError]:
    """Find the errors that stand after the zones of a segment or of a sum."""
    found = []
    for each in layout.fields:
        error = each.raw(content)
        if each.name.endswith("_error") and error.strip(" 0"):
            name = each.name.removesuffix("_error")
            zone = layout[name].zone.split(",")[-1].strip()
            found.append(HeaderError(zone, error, name))
    return found
