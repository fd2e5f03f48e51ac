"""What a browser sent: the query of an address, or the fields of a form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import parse_qsl

from gateway.api.problems import Refusal
from gateway.api.routes import Asked

_MOST_FIELDS: Final = 2000
_FORM: Final = "application/x-www-form-urlencoded"


class Fields:
    """Names with their values, in the order in which they came."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def get(self, name: str, default: str = "") -> str:
        """Return the last value of a name, without blanks around it."""
        values = self._values.get(name)
        return values[-1].strip() if values else default

    def every(self, name: str) -> list[str]:
        """Return all values of a name."""
        return list(self._values.get(name, ()))

    def number(self, name: str, default: int, *, most: int) -> int:
        """Return a whole number between 0 and `most`; the default for anything else."""
        text = self.get(name)
        if not (text.isascii() and text.isdigit() and len(text) < len(str(most)) + 1):
            return default
        return min(int(text), most)

    def kept(self, *names: str) -> dict[str, str]:
        """Return the names that have a value, for a link that keeps them."""
        return {name: self.get(name) for name in names if self.get(name)}

    def as_mapping(self) -> Mapping[str, str]:
        """Return the last value of every name."""
        return {name: values[-1] for name, values in self._values.items()}


def read_query(asked: Asked) -> Fields:
    """Read the query of an address; raises `Refusal` if it is no text."""
    return Fields(_pairs(asked.query))


async def read_form(asked: Asked) -> Fields:
    """Read the form in a body; raises `Refusal` if it is none, or too large."""
    content = bytearray()

    def take(piece: bytes) -> None:
        content.extend(piece)
        if len(content) > asked.most:
            raise Refusal(
                "too-large", f"a body here may have {asked.most} bytes at most"
            )

    await asked.body.each(take)
    kind = asked.headers.get("content-type").partition(";")[0].strip().lower()
    if content and kind != _FORM:
        raise Refusal("unsupported-media", f"is {kind or 'nothing'}; wanted {_FORM}")
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        raise Refusal("bad-parameter", "a form must be percent-encoded") from None
    return Fields(_pairs(text))


def _pairs(raw: str) -> list[tuple[str, str]]:
    try:
        found = parse_qsl(
            raw, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except (UnicodeDecodeError, ValueError):
        raise Refusal(
            "bad-parameter",
            f"cannot be read; wanted UTF-8, percent-encoded, {_MOST_FIELDS} fields at most",
        ) from None
    return [
        (name, value.replace("\0", "\N{REPLACEMENT CHARACTER}"))
        for name, value in found
    ]
