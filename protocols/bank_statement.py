"""Statements of a bank, ISO 20022 camt.053: the money that came, and what is said of it.

Read without any trust: no document type (and so no entities), nothing fetched, limits
before the parser sees a byte.  Every version of the message is read alike, by its
names; amounts in another currency than euro, money that left, what is not booked and
what is taken back again are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple

from lxml import etree

Element = etree._Element  # lxml has no public name for it

MOST: Final = 64 << 20
"""Bytes of a statement that are read at most."""
_MOST_TAGS: Final = 2_000_000
_AMOUNT: Final = re.compile(r"([0-9]{1,13})(?:\.([0-9]{1,5}))?")
_DAY: Final = 10  # characters of an ISO day, with which a moment begins
_CENTS: Final = 2  # digits


class BadStatement(ValueError):
    """What was given is no statement that may be read; the words say why."""


class Credit(NamedTuple):
    """Money that came, in cents, on an ISO day; `text` is all that is said of it."""

    cents: int
    day: str
    text: str


class Entry(NamedTuple):
    """One entry of a statement, numbered from 1, and what cannot be read in it."""

    number: int
    line: int
    credits: tuple[Credit, ...] = ()
    problem: str = ""


def read(content: bytes) -> Iterator[Entry]:
    """Yield every entry by which money came; raises `BadStatement`."""
    root = _parse(content)
    if root.find("{*}BkToCstmrStmt") is None:
        raise BadStatement(
            f"it is a document {etree.QName(root).localname!r} without a bank-to-customer "
            "statement; wanted camt.053"
        )
    for number, entry in enumerate(
        root.iterfind("{*}BkToCstmrStmt/{*}Stmt/{*}Ntry"), 1
    ):
        if _text(entry, "CdtDbtInd") != "CRDT" or not _is_booked(entry):
            continue
        if _text(entry, "RvslInd") in {"true", "1"}:
            continue
        line: int = getattr(entry, "sourceline", 0)  # its type is wrong in the stubs
        try:
            yield Entry(number, line, tuple(_credits(entry)))
        except ValueError as error:
            yield Entry(number, line, problem=str(error))


def _parse(content: bytes) -> Element:
    if len(content) > MOST:
        raise BadStatement(f"it has more than the {MOST} bytes that are read at most")
    if b"<!DOCTYPE" in content:
        raise BadStatement("it has a document type; a statement has none")
    if content.count(b"<") > _MOST_TAGS:
        raise BadStatement(
            f"it has more than {_MOST_TAGS} tags; wanted a month or less"
        )
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadStatement(f"it is no XML that can be read: {error}") from error


def _is_booked(entry: Element) -> bool:
    """Tell by the status, a word or (since version 8) a code in an element of its own."""
    return "BOOK" in {_text(entry, "Sts"), _text(entry, "Sts/{*}Cd")}


def _credits(entry: Element) -> Iterator[Credit]:
    """Yield what an entry is made of: its transactions where each tells its amount."""
    day = _day(entry)
    parts = entry.findall("{*}NtryDtls/{*}TxDtls")
    told = [_amount_of(part) for part in parts]
    if len(parts) > 1 and all(amount is not None for amount in told):
        for part, amount in zip(parts, told, strict=True):
            cents = _cents(amount)
            if cents is not None and _text(part, "CdtDbtInd") != "DBIT":
                yield Credit(cents, day, _said(part))
        return
    cents = _cents(entry.find("{*}Amt"))
    if cents is not None:
        texts = [_said(part) for part in parts]
        yield Credit(cents, day, " ".join([*texts, _text(entry, "AddtlNtryInf")]))


def _amount_of(part: Element) -> Element | None:
    inner = part.find("{*}AmtDtls/{*}TxAmt/{*}Amt")
    return part.find("{*}Amt") if inner is None else inner


def _cents(amount: Element | None) -> int | None:
    """Read an amount; None for another currency."""
    if amount is None:
        raise ValueError("has no amount (Amt)")
    found = _AMOUNT.fullmatch((amount.text or "").strip())
    fraction = (found[2] or "") if found else ""
    if found is None or fraction[_CENTS:].strip("0"):
        raise ValueError(f"has an amount {amount.text!r}; wanted euros as 1234.50")
    if amount.get("Ccy") != "EUR":
        return None
    return int(found[1]) * 100 + int(fraction[:_CENTS].ljust(_CENTS, "0"))


def _day(entry: Element) -> str:
    for where in ("BookgDt/{*}Dt", "BookgDt/{*}DtTm", "ValDt/{*}Dt", "ValDt/{*}DtTm"):
        if told := _text(entry, where)[:_DAY]:
            try:
                return date.fromisoformat(told).isoformat()
            except ValueError:
                raise ValueError(f"has a day {told!r}; wanted 2026-12-10") from None
    raise ValueError(
        "has neither a day of booking (BookgDt) nor a day of value (ValDt)"
    )


def _said(part: Element) -> str:
    """Put together everything in which a payer's reference may stand."""
    places = ("RmtInf//{*}Ustrd", "RmtInf//{*}Ref", "Refs/{*}EndToEndId")
    found = [each for where in places for each in part.iterfind(f"{{*}}{where}")]
    texts = [(each.text or "").strip() for each in found]
    return " ".join([*texts, _text(part, "AddtlTxInf")])


def _text(parent: Element, where: str) -> str:
    return (parent.findtext(f"{{*}}{where}") or "").strip()
