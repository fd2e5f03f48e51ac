"""Causes are told first; what they brought about is told with their names."""

from __future__ import annotations

from protocols.mycarenet.comments import UNREAD
from protocols.mycarenet.return_writer import Verdict
from routing.envelope import Remark
from tests.protocols.mycarenet.return_files import hear, refused, settlement
from tests.protocols.mycarenet.sendings import Bill, Line, sending

_DAY_1, _DAY_2 = "20261102", "20261103"


def _remarks(said: dict[int, Verdict], *lines: Line) -> list[Remark]:
    content = settlement(sending([Bill(lines=lines)]), said)
    (claim,) = hear(content).of_claims
    return list(claim.remarks)


def test_a_line_refused_for_another_of_its_day_names_the_culprit() -> None:
    """R500118: only the line that caused it is mended (the payer's own pages)."""
    said = {3: Verdict(("R500118",)), 4: Verdict(("R502255",))}
    cause, consequence = _remarks(said, Line(), Line())

    assert cause.code == "R502255"
    assert consequence.code == "R500118"
    assert consequence.label.endswith("caused by R502255")


def test_each_day_has_its_own_culprit() -> None:
    said = {
        3: Verdict(("R502255",)),
        4: Verdict(("R500444",)),
        5: Verdict(("R500118",)),
    }
    lines = [Line(date=_DAY_1), Line(date=_DAY_2), Line(date=_DAY_2)]
    told = _remarks(said, *lines)

    assert [each.code for each in told] == ["R502255", "R500444", "R500118"]
    assert told[-1].label.endswith("caused by R500444")


def test_a_line_refused_with_its_block_names_the_refused_invoice() -> None:
    """F on record 20 refuses the invoice; its lines then bear R500119."""
    said = {2: Verdict(("F200742",)), 3: Verdict(("R500119",))}
    told = _remarks(said, Line())

    assert [each.code for each in told] == ["F200742", "R500119"]
    assert told[-1].label.endswith("caused by F200742")


def test_what_goes_with_a_line_names_the_line_s_code() -> None:
    """520119 on the identity read is no fault of its own, whatever else it has."""
    said = {3: Verdict(("R502405",)), 4: Verdict(("R520119", "R521922"))}
    told = _remarks(said, Line(read=True))

    assert [each.code for each in told] == ["R502405", "R521922", "R520119"]
    assert told[-1].label.endswith("caused by R502405")


def test_a_consequence_whose_cause_is_not_told_says_so() -> None:
    (told,) = _remarks({3: Verdict(("R500118",))}, Line())

    assert told.label.endswith("by which one is not told")


def test_a_note_is_no_cause() -> None:
    """E and S refuse nothing, so they bring nothing about."""
    said = {3: Verdict(("R500118",)), 4: Verdict(("S501903",))}
    told = _remarks(said, Line(), Line())

    assert told[-1].label.endswith("by which one is not told")


def test_the_severest_codes_come_first_and_each_once() -> None:
    said = {
        3: Verdict(("E500404", "R502255")),
        4: Verdict(("R502255", "B509902")),
    }
    (claim,) = hear(refused(sending([Bill(lines=[Line(), Line()])]), said)).of_claims

    assert [each.code for each in claim.remarks] == ["B509902", "R502255", "E500404"]
    assert claim.facts["lines"] == (
        "3 (0425014 of 2026-11-02): E500404 R502255; "
        "4 (0425014 of 2026-11-02): R502255 B509902"
    )


def test_a_payer_s_comment_is_a_fact_of_its_invoice() -> None:
    """No label has it: labels stand for many invoices, and are told to staff."""
    comment = "0425014 20261102 du 20261102 facturée par 41234567401"
    said = {3: Verdict(("R502255",), comment)}
    (claim,) = hear(refused(sending(), said)).of_claims

    words = "act 0425014 of 2026-11-02 billed on 2026-11-02 by 41234567401"
    assert claim.facts["comment R502255"] == words
    assert "41234567401" not in claim.remarks[0].label


def test_a_comment_of_no_known_form_is_not_repeated() -> None:
    """It may say anything of the patient; the client's own return still has it."""
    said = {3: Verdict(("R502255",), "Madame X, née le 01.01.1901")}
    (claim,) = hear(refused(sending(), said)).of_claims

    assert claim.facts["comment R502255"] == UNREAD


def test_a_letter_that_is_no_code_is_noted() -> None:
    content = refused(sending(), {3: Verdict(("R502255",))})
    heard = hear(content.replace(b"R502255", b"R5022?5"))

    assert not heard.of_claims
    assert heard.problems == ["code"]
