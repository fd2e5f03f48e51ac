"""A bank's statement is read for the money that came, and nothing in it is trusted."""

from __future__ import annotations

import pytest

from protocols.bank_statement import BadStatement, Credit, Entry, read

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
KEY = "713/202402/900/"


def entry(
    amount: str = '<Amt Ccy="EUR">1234.50</Amt>',
    *,
    text: str = KEY,
    sign: str = "CRDT",
    status: str = "<Sts><Cd>BOOK</Cd></Sts>",
    day: str = "<BookgDt><Dt>2026-12-01</Dt></BookgDt>",
    details: str | None = None,
) -> str:
    told = f"<TxDtls><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls>"
    inside = told if details is None else details
    return (
        f"<Ntry>{amount}<CdtDbtInd>{sign}</CdtDbtInd>{status}{day}"
        f"<NtryDtls>{inside}</NtryDtls></Ntry>"
    )


def statement(*entries: str, namespace: str = NAMESPACE) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{namespace}">'
        f"<BkToCstmrStmt><Stmt>{''.join(entries)}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def credits_of(*entries: str) -> list[Credit]:
    return [credit for each in read(statement(*entries)) for credit in each.credits]


def test_money_that_came_is_read_with_all_that_is_said_of_it() -> None:
    (credit,) = credits_of(entry())
    assert credit[:2] == (123450, "2026-12-01")
    assert KEY in credit.text


def test_every_version_of_the_message_is_read_alike() -> None:
    old = entry(
        status="<Sts>BOOK</Sts>", day="<ValDt><DtTm>2026-12-01T08:00:00</DtTm></ValDt>"
    )
    namespace = NAMESPACE.replace("001.08", "001.02")
    (found,) = read(statement(old, namespace=namespace))
    assert found.credits[0][:2] == (123450, "2026-12-01")


@pytest.mark.parametrize(
    "other",
    [
        entry(sign="DBIT"),
        entry(status="<Sts><Cd>PDNG</Cd></Sts>"),
        entry(status="<RvslInd>true</RvslInd><Sts><Cd>BOOK</Cd></Sts>"),
        entry('<Amt Ccy="CHF">1234.50</Amt>'),
    ],
)
def test_what_is_no_money_that_came_is_left_out(other: str) -> None:
    assert credits_of(other) == []


def test_an_entry_of_several_payments_gives_each() -> None:
    parts = "".join(
        f"<TxDtls><Refs><EndToEndId>{n}/202402/900</EndToEndId></Refs><AmtDtls><TxAmt>"
        f'<Amt Ccy="EUR">{n}.5</Amt></TxAmt></AmtDtls></TxDtls>'
        for n in (713, 714)
    )
    found = credits_of(entry(details=parts))
    assert [(each.cents, each.text.strip()) for each in found] == [
        (71350, "713/202402/900"),
        (71450, "714/202402/900"),
    ]


def test_a_structured_reference_is_read_too() -> None:
    inner = f"<Strd><CdtrRefInf><Ref>{KEY}</Ref></CdtrRefInf></Strd>"
    (credit,) = credits_of(entry(details=f"<TxDtls><RmtInf>{inner}</RmtInf></TxDtls>"))
    assert KEY in credit.text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (entry(""), "has no amount"),
        (entry('<Amt Ccy="EUR">12,50</Amt>'), "has an amount '12,50'"),
        (entry('<Amt Ccy="EUR">12.505</Amt>'), "has an amount '12.505'"),
        (entry(day=""), "has neither a day of booking"),
        (entry(day="<BookgDt><Dt>2026-13-01</Dt></BookgDt>"), "has a day '2026-13-01'"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_entry(wrong: str, words: str) -> None:
    first, second = read(statement(entry(), wrong))
    assert first.problem == ""
    assert isinstance(second, Entry)
    assert (second.number, second.line) == (2, 2)
    assert words in second.problem


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<Document", "no XML"),
        (b"<Document/>", "wanted camt.053"),
        (
            b'<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]><d>&e;</d>',
            "has a document type",
        ),
        ("<d/>".encode("utf-16"), "no XML"),
        (b"<a/>" * 2_000_001, "more than 2000000 tags"),
    ],
)
def test_what_is_no_statement_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(BadStatement, match=words):
        list(read(content))
