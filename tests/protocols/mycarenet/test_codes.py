"""What a payer's code means, in three languages, and what it refuses."""

from __future__ import annotations

import re

import pytest

from config.cause_files import known_causes
from protocols.mycarenet import codes
from protocols.mycarenet.codes import Codes


def test_every_code_with_words_of_our_own_is_whole() -> None:
    """Six characters, a letter that tells what is refused, words in three languages, advice."""
    known = codes.known()
    assert len(known) > 250
    for number, code in known.items():
        assert re.fullmatch(r"[0-9]{4}[0-9A-Z]{2}", number)
        assert code.letter in codes.LETTERS
        assert all(code.label[language] for language in codes.LANGUAGES), number
        assert code.advice, number


def test_codes_that_are_causes_have_words_too() -> None:
    """What the anomaly desk explains can be told in French and Dutch as well."""
    assert set(known_causes("mycarenet")) - set(codes.known()) == set()


@pytest.mark.parametrize(
    ("code", "letter"),
    [
        ("100721", "B"),
        ("200820", "F"),
        ("500118", "R"),
        ("500452", "E"),
        ("502744", "S"),
    ],
)
def test_the_letter_tells_what_is_refused(code: str, letter: str) -> None:
    """File, invoice, line, or nothing at all."""
    assert codes.severity_of(code) == letter
    assert codes.written(code) == f"{letter}{code}"
    assert codes.refuses(letter)["en"]


def test_a_letter_that_a_payer_wrote_wins() -> None:
    """One payer may refuse a file for what another only refuses an invoice for."""
    assert codes.OWN.find("B200703").letter == "B"
    assert codes.OWN.find("200703").letter == "F"


@pytest.mark.parametrize(
    ("code", "language", "words"),
    [
        ("501702", "en", "code of the related service (zone 17 of record 50)"),
        ("501702", "fr", "prestation relative (zone 17 de l'enregistrement 50)"),
        ("501702", "nl", "betrekkelijke verstrekking (zone 17 van record 50)"),
        ("203303", "en", "zone 33 of record 20: value not allowed"),
        ("R050000", "en", "a code of no list"),
        ("", "fr", "code absent des listes"),
    ],
)
def test_a_code_without_words_is_told_from_its_parts(
    code: str, language: str, words: str
) -> None:
    """Record, zone and kind stand in the code itself; nothing is made up beyond."""
    assert words in codes.label_of(code, language)
    assert not codes.OWN.find(code).own


def test_a_letter_that_no_list_gives_is_told_from_the_form() -> None:
    """Errors of form, and those of the sending itself, refuse the file."""
    assert codes.severity_of("103699") == "B"
    assert codes.severity_of("505201") == "B"
    assert codes.severity_of("205399") == "F"
    assert codes.severity_of("505399") == "R"


def test_an_official_label_wins_over_our_own() -> None:
    """In its languages; where it is silent our words stay, and so does the advice."""
    row = {"code": "500118", "severity": "R", "label_fr": "Refusée", "label_nl": ""}
    found = Codes([row]).find("R500118")
    assert found.official
    assert found.label["fr"] == "Refusée"
    assert found.label["nl"] == codes.label_of("500118", "nl")
    assert found.advice == codes.OWN.find("500118").advice


def test_errors_of_the_header_have_words() -> None:
    """Two digits behind a zone: those of the zone, else those of every zone."""
    assert "reçu deux fois" in codes.header_label_of("301", "40", "fr")
    assert "wrong form" in codes.header_label_of("303", "11")
    assert codes.header_label_of("303", "77", "nl") == "geweigerd"
