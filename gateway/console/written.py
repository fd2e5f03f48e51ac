"""Sentences that the journal holds, said in the language of who reads them.

The gateway writes them in English, with facts in their places (`lot {lot}: {why}`).
The room `journal.po` of a language holds their forms; what stands in a place is said
in the language too where a form fits it, and as it stands else.

The layouts of files name their records and fields in English as well, and have their
own forms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from attrs import frozen

from gateway.console.languages import language, layout_words, sentences

_PLACE: Final = re.compile(r"\{(\w+)\}")
_SINGLE: Final = frozenset(
    {
        *("lot", "deposit", "return", "endpoint", "document", "dispatch", "webhook"),
        *("payer", "client", "sender", "network", "invoice", "number", "twin", "day"),
        *("flow", "state", "count", "orphans", "answers", "most", "many", "recipient"),
        *("table", "row", "type", "criterion", "agreement", "natures", "told"),
        *("mode", "operator", "mutual"),
    }
)
"""Places that hold one word; any other may hold a sentence."""
_FIELD: Final = "field"  # what layouts call something
_KNOWN: Final = frozenset({"fault"})
"""Places whose words the language must have as a whole, or the form does not fit."""
_NEEDED: Final = frozenset({_FIELD, "said", "advice", *_KNOWN})
"""Places whose words must be said, or the form does not fit."""
_STRICT: Final = tuple(f"{{{name}}}" for name in (_FIELD, *_KNOWN))
_AS_IT_IS: Final = frozenset({"zone", "number", "message"})
"""Places of a layout's words that no language changes."""
_PART: Final = frozenset({"part", "inside", "amc"})
"""Places that hold one of several sentences: no semicolon is in it."""
_DEEP: Final = 8  # places within places
_JOINTS: Final = ((". ", ".", " "), ("; ", "", " ; "), (", ", "", ", "))
"""What stands between sentences, how the first of them ends, and what joins them."""
_LONGEST: Final = 2000  # characters that are compared with forms


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
    known = sentences(code).get(words) or _meant(code, words)
    if known is not None:
        return known
    plain = language(code).say(words)
    if plain != words or not deep:
        return plain if plain != words else None
    for form in _forms(code):
        found = form.pattern.fullmatch(words)
        said = _places(code, found.groupdict(), deep - 1) if found else None
        if said is not None:
            return form.words.format_map(said)
    return _one_by_one(code, words, deep - 1)


def _meant(code: str, words: str) -> str | None:
    """Say what a code of a file means, where a sentence quotes it whole."""
    return layout_words(code).get(words) if " " in words else None


def _one_by_one(code: str, words: str, deep: int) -> str | None:
    """Say several sentences, each by itself; None unless the language has them all."""
    for mark, end, joint in _JOINTS:
        *before, last = words.split(mark)
        said = []
        for each in (*(f"{one}{end}" for one in before), last):
            told = _say(code, each, deep) if before else None
            if told is None:
                break
            said.append(told)
        else:
            return joint.join(filter(None, said))
    return None


def _places(code: str, found: Mapping[str, str], deep: int) -> Mapping[str, str] | None:
    """Say what stands in the places of a form; None where it does not fit."""
    said = {}
    for name, text in found.items():
        if name == _FIELD:
            words = layout_in_language(code, text)
        elif name in _KNOWN:
            words = sentences(code).get(text)
        else:
            words = _say(code, text, deep)
        if words is None and name in _NEEDED:
            return None
        said[name] = text if words is None else words
    return said


def layout_in_language(code: str, words: str) -> str | None:
    """Say what a layout calls a record, a field or a value; None if it has no words.

    What a code of a payer means is said in the network's own words.
    """
    if code == "en" or not words:
        return words
    known = layout_words(code).get(words) or sentences(code).get(words)
    if known is not None or len(words) > _LONGEST:
        return known
    for form in _layout_forms(code):
        found = form.pattern.fullmatch(words)
        if found is None:
            continue
        said = {
            name: text if name in _AS_IT_IS else layout_in_language(code, text)
            for name, text in found.groupdict().items()
        }
        if None not in said.values():
            return form.words.format_map(said)
    return None


@cache
def _forms(code: str) -> Sequence[_Form]:
    """Compile the forms that have places, in the order in which they are tried."""
    return _compiled(sentences(code))


@cache
def _layout_forms(code: str) -> Sequence[_Form]:
    return _compiled(layout_words(code))


def _compiled(forms: Mapping[str, str]) -> Sequence[_Form]:
    """Compile forms in the order in which they are tried, those with most words first.

    Before all others those that begin with a word of their own, then those that begin
    with what the language must have.
    """
    with_places = (form for form in forms if _PLACE.search(form))
    ordered = sorted(
        with_places,
        key=lambda form: (
            form.startswith("{"),
            not (form.startswith(_STRICT) or "{said}" in form),
            -len(_PLACE.sub("", form)),
        ),
    )
    return [_Form(_pattern(form), forms[form]) for form in ordered]


def _pattern(form: str) -> re.Pattern[str]:
    parts = _PLACE.split(form)
    text = "".join(
        _place(part) if number % 2 else re.escape(part)
        for number, part in enumerate(parts)
    )
    return re.compile(text, re.DOTALL)


def _place(name: str) -> str:
    if name == "zone":
        return r"(?P<zone>[^()]*)"
    if name in _PART:
        return rf"(?P<{name}>[^;]*?)"
    return rf"(?P<{name}>\S+?)" if name in _SINGLE else f"(?P<{name}>.*?)"
