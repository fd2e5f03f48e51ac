"""File names and labels as HTTPS clients give them, made fit for the tree."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import unquote_to_bytes

from gateway.api.problems import Refusal
from gateway.intake.uploads import in_progress

_PARAMETER: Final = re.compile(
    r""";\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;"\s]+)"""
)
_MOST_BYTES: Final = 255


def name_in_disposition(header: str) -> str | None:
    """Return the file name of a Content-Disposition (RFC 6266), or None.

    The extended form (`filename*`, RFC 8187) wins over the plain one.
    """
    plain = extended = None
    for name, value in _PARAMETER.findall(";" + header):
        if name.lower() == "filename*":
            extended = _extended(value)
        elif name.lower() == "filename":
            plain = value
            if value.startswith('"'):
                plain = re.sub(r"\\(.)", r"\1", value[1:-1])
    return extended or plain


def file_name(given: str | None) -> str:
    """Make a deposit's name of what a client gave; raises `Refusal`.

    Only the last part of a path counts, whichever way its slashes lean.
    """
    if not given:
        raise Refusal(
            "bad-filename",
            "the file has no name; send Content-Disposition: attachment; "
            'filename="NAME", or ?filename=NAME',
        )
    name = _plain(re.split(r"[/\\]", given)[-1])
    if name in {"", ".", ".."}:
        raise Refusal(
            "bad-filename",
            f"{given!r} holds no file name; give the last part of its path, as LOTS.b2",
        )
    if in_progress(name):
        raise Refusal(
            "bad-filename",
            f"{name!r} stands for unfinished work; give the file its final name",
        )
    return _short(name, "bad-filename", "the file name")


def label_name(given: str | None) -> str:
    """Make a label (a folder's name under /in) of what a client gave."""
    if not given:
        return ""
    name = _plain(given)
    if re.search(r"[/\\]", name) or name in {"", ".", ".."}:
        raise Refusal(
            "bad-parameter", f"label is {given!r}; wanted one word without slashes"
        )
    return _short(name, "bad-parameter", "label")


def _plain(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text.strip()
    text = unicodedata.normalize("NFC", text)
    kept = (each for each in text if not unicodedata.category(each).startswith("C"))
    return "".join(kept).strip()


def _short(name: str, code: str, what: str) -> str:
    size = len(name.encode())
    if size > _MOST_BYTES:
        raise Refusal(
            code, f"{what} has {size} bytes of UTF-8; wanted {_MOST_BYTES} at most"
        )
    return name


def _extended(value: str) -> str | None:
    charset, _, rest = value.partition("'")
    _language, quote, encoded = rest.partition("'")
    if not quote or charset.lower() not in {"utf-8", "iso-8859-1"}:
        return None
    return unquote_to_bytes(encoded).decode(charset, errors="replace")
