"""What the text of an attestation says, by a syntax that is data.

No error repeats anything of the text: it names the part and what was expected of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import ClassVar, Final

from attrs import field, frozen

from config.attestation_records import FACTS, LINE, AttestationSyntax, Parts
from routing.card import Card
from routing.errors import GatewayError

_DATES: Final = ("valid_from", "valid_until")


class UnknownAttestation(GatewayError):
    """The text is of no syntax that is known, or breaks the rules of its own."""

    code: ClassVar[str] = "unknown-attestation"


@frozen(kw_only=True)
class AttestationLine:
    """Who pays for whom: `profession` is ours, `written` as the text has it.

    Both are empty where all are meant; ours alone, where the syntax does not say what
    that of the text is.
    """

    profession: str
    written: str
    card: Card


@frozen(kw_only=True)
class Attestation:
    """One attestation.  `member` names a person, and belongs to whoever asked alone."""

    syntax: AttestationSyntax
    member: str = field(repr=False)
    valid_from: date | None
    valid_until: date | None
    lines: tuple[AttestationLine, ...]


def read_attestation(text: str, syntaxes: Sequence[AttestationSyntax]) -> Attestation:
    """Read a text by the syntax that it begins like, the longest such beginning first.

    Raises `UnknownAttestation`.
    """
    for syntax in sorted(syntaxes, key=lambda each: -len(each.begins)):
        if text.startswith(syntax.begins):
            return _read(text, syntax)
    known = ", ".join(sorted(each.name for each in syntaxes)) or "none"
    raise UnknownAttestation(
        f"the text begins like none of the syntaxes that are known ({known}); whoever "
        "runs the gateway adds the right one to the payer directory, as attestations/"
    )


def _read(text: str, syntax: AttestationSyntax) -> Attestation:
    rest = text.removeprefix(syntax.begins).removeprefix(syntax.whole.separator)
    facts, texts = _facts(rest, syntax.whole, syntax)
    lines = [_line(each, syntax) for each in texts] or [{}]
    shared = {name: value for name, value in facts.items() if name not in FACTS}
    if not shared and not all(lines):
        raise _wrong(syntax, "it names no payer")
    first, last = (_day(facts.get(each, ""), each, syntax) for each in _DATES)
    written = [each.get("profession") or facts.get("profession", "") for each in lines]
    return Attestation(
        syntax=syntax,
        member=facts.get("member", ""),
        valid_from=first,
        valid_until=last,
        lines=tuple(
            AttestationLine(
                profession=syntax.professions.get(profession, ""),
                written=profession,
                card=shared | {k: v for k, v in each.items() if k not in FACTS},
            )
            for each, profession in zip(lines, written, strict=True)
        ),
    )


def _line(text: str, syntax: AttestationSyntax) -> dict[str, str]:
    if syntax.line is None:
        raise _wrong(syntax, "it has more parts than the syntax names")
    facts, behind = _facts(text, syntax.line, syntax)
    if behind:
        raise _wrong(syntax, "a line has more parts than the syntax names")
    return facts


def _facts(
    text: str, parts: Parts, syntax: AttestationSyntax
) -> tuple[dict[str, str], list[str]]:
    """Return what a text says by its parts, and the texts of its lines."""
    facts: dict[str, str] = {}
    lines: list[str] = []
    for number, what, said in _named(text, parts, syntax):
        value = said.strip()
        if not what or not value:
            continue
        if what == LINE:
            lines.append(value)
        elif what in facts:
            raise _wrong(syntax, f"part {number} says the {what} again; wanted it once")
        elif not value.isprintable():
            raise _wrong(syntax, f"part {number} holds control characters")
        else:
            facts[what] = value
    return facts, lines


def _named(
    text: str, parts: Parts, syntax: AttestationSyntax
) -> Iterator[tuple[int, str, str]]:
    """Yield the parts of a text: the number of each, what it is, and its value."""
    for number, part in enumerate(text.split(parts.separator), 1):
        if parts.order:
            place = number - 1
            what = parts.order[place] if place < len(parts.order) else LINE
            yield number, what, part
            continue
        tag, equals, value = part.partition(parts.equals)
        if not part:
            continue
        if not equals or tag not in parts.tags:
            known = ", ".join(parts.tags)
            raise _wrong(
                syntax, f"part {number} has none of the tags that it knows: {known}"
            )
        yield number, parts.tags[tag], value


def _day(text: str, what: str, syntax: AttestationSyntax) -> date | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, syntax.dates).date()  # noqa: DTZ007 - a day
    except ValueError:
        raise _wrong(
            syntax, f"{what} is no date; wanted one as {syntax.dates}"
        ) from None


def _wrong(syntax: AttestationSyntax, words: str) -> UnknownAttestation:
    return UnknownAttestation(f"the text breaks the syntax {syntax.name!r}: {words}")
