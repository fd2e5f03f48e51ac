"""Sentences that the journal holds, said in the language of who reads them.

The gateway writes them in English, with facts in their places (`lot {lot}: {why}`).
The room `journal.po` of a language holds their forms; what stands in a place is said
in the language too where a form fits it, and as it stands else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from attrs import frozen

from gateway.console.languages import language, sentences

_PLACE: Final = re.compile(r"\{(\w+)\}")
_SINGLE: Final = frozenset(
    {
        *("lot", "deposit", "return", "endpoint", "document", "dispatch", "webhook"),
        *("payer", "client", "sender", "network", "invoice", "number", "twin", "day"),
        *("flow", "state", "count", "orphans", "answers", "most", "many", "recipient"),
    }
)
"""Places that hold one word; any other may hold a sentence."""
_DEEP: Final = 4  # places within places
_LONGEST: Final = 4000  # characters that are compared with forms


@frozen
class _Form:
    pattern: re.Pattern[str]
    words: str


def in_language(code: str, words: str) -> str | None:
    """Say a sentence of the journal in a language; None where no form of it fits."""
    if code == "en" or not words or len(words) > _LONGEST:
        return words if code == "en" or not words else None
    return _say(code, words, _DEEP)


def _say(code: str, words: str, deep: int) -> str | None:
    known = sentences(code).get(words)
    if known is not None:
        return known
    plain = language(code).say(words)
    if plain != words or not deep:
        return plain if plain != words else None
    for form in _forms(code):
        found = form.pattern.fullmatch(words)
        if found is not None:
            said: Mapping[str, str] = {
                name: _say(code, text, deep - 1) or text
                for name, text in found.groupdict().items()
            }
            return form.words.format_map(said)
    return None


@cache
def _forms(code: str) -> Sequence[_Form]:
    """Compile the forms that have places, in the order in which they are tried.

    Those that begin with a word of their own come first, and of them those with most.
    """
    made = [
        _Form(_pattern(form), words)
        for form, words in sentences(code).items()
        if _PLACE.search(form)
    ]
    return sorted(
        made,
        key=lambda each: (
            each.pattern.pattern.startswith("(?P<"),
            -len(each.pattern.pattern),
        ),
    )


def _pattern(form: str) -> re.Pattern[str]:
    parts = _PLACE.split(form)
    text = "".join(
        _place(part) if number % 2 else re.escape(part)
        for number, part in enumerate(parts)
    )
    return re.compile(text, re.DOTALL)


def _place(name: str) -> str:
    return rf"(?P<{name}>\S+?)" if name in _SINGLE else f"(?P<{name}>.*?)"
