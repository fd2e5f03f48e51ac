"""The text of an attestation is read by a syntax that is a file."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import config
from config.attestation_files import read_attestation as read_syntax
from config.attestation_records import AttestationSyntax, Parts
from config.errors import Mistake
from config.reader import read_file
from routing.attestation import UnknownAttestation, read_attestation

SHIPPED = Path(config.__file__).parent / "attestations" / "example.toml"
TEXT = (
    "OCTWAY-EXAMPLE|AMC=0990000017|MEM=SPECIMEN|FROM=20260101|TO=20261231"
    "|PAY=OPT,SP,|PAY=PHA,OC,01???????"
)
BY_PLACE = AttestationSyntax(
    name="by-place",
    words="",
    simulated=True,
    begins="OCTWAY-EXAMPLE-2",
    dates="%d.%m.%y",
    whole=Parts(separator="\x1d", order=("amc", "", "valid_until", "convention")),
    line=Parts(separator=";", equals=":", tags={"C": "criterion", "S": "profession"}),
    professions={},
)


def shipped() -> AttestationSyntax:
    mistakes: list[Mistake] = []
    found = read_syntax(read_file(SHIPPED, mistakes), "example")
    assert mistakes == []
    return found


def test_the_example_reads_its_own_text_and_says_that_it_is_invented() -> None:
    """Who pays is told by profession; what is said once holds for each of them."""
    found = read_attestation(TEXT, [shipped()])
    assert found.syntax.simulated
    assert (found.member, found.valid_from, found.valid_until) == (
        "SPECIMEN",
        date(2026, 1, 1),
        date(2026, 12, 31),
    )
    assert [(each.profession, dict(each.card)) for each in found.lines] == [
        ("optician", {"amc": "0990000017", "convention": "SP"}),
        (
            "pharmacist",
            {"amc": "0990000017", "convention": "OC", "criterion": "01???????"},
        ),
    ]
    assert "SPECIMEN" not in repr(found)


def test_a_syntax_may_go_by_places_and_lines_by_tags() -> None:
    """Another file, and no other program; the longer beginning wins."""
    text = "OCTWAY-EXAMPLE-2\x1d17\x1dpassed over\x1d31.12.26\x1dSP\x1dS:XX;C:01"
    found = read_attestation(text, [shipped(), BY_PLACE])
    assert found.syntax.name == "by-place"
    assert found.valid_until == date(2026, 12, 31)
    (line,) = found.lines
    assert line.card == {"amc": "17", "convention": "SP", "criterion": "01"}
    assert (line.profession, line.written) == ("", "XX")


def test_without_lines_what_is_said_once_is_said_for_all() -> None:
    """A card that tells no professions has one payer."""
    (line,) = read_attestation("OCTWAY-EXAMPLE|AMC=17", [shipped()]).lines
    assert (line.profession, line.card) == ("", {"amc": "17"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "begins like none"),
        ("https://example.org/SPECIMEN", "begins like none"),
        ("OCTWAY-EXAMPLE|SPECIMEN", "part 1 has none of the tags"),
        ("OCTWAY-EXAMPLE|AMC=1|AMC=SPECIMEN", "part 2 says the amc again"),
        ("OCTWAY-EXAMPLE|AMC=1|FROM=SPECIMEN", "valid_from is no date"),
        ("OCTWAY-EXAMPLE|AMC=1|MEM=SPECI\x00MEN", "part 2 holds control characters"),
        ("OCTWAY-EXAMPLE|MEM=SPECIMEN", "names no payer"),
        ("OCTWAY-EXAMPLE|AMC=1|PAY=OPT,SP,,SPECIMEN", "a line has more parts"),
    ],
)
def test_what_is_wrong_is_told_by_its_place_and_never_repeated(
    text: str, said: str
) -> None:
    """A text names a person: no error shows any of it."""
    with pytest.raises(UnknownAttestation) as caught:
        read_attestation(text, [shipped()])
    assert said in str(caught.value)
    assert "SPECI" not in str(caught.value)


def test_more_parts_than_places_are_an_error_where_there_are_no_lines() -> None:
    """Nothing of a text is dropped in silence."""
    with pytest.raises(UnknownAttestation, match="more parts"):
        read_attestation(
            "OCTWAY-EXAMPLE-2\x1d17\x1d\x1d\x1dSP\x1dmore",
            [evolve(BY_PLACE, line=None)],
        )


@given(st.text(alphabet="|=,;:\x1d\x00 AMCPYOT1é", max_size=60), st.booleans())
@settings(max_examples=60)
def test_no_text_breaks_the_reading(text: str, tagged: bool) -> None:
    """Whatever stands behind a known beginning, it is read or refused in words."""
    syntax = shipped() if tagged else BY_PLACE
    said = ""
    try:
        said = read_attestation(syntax.begins + text, [syntax]).syntax.name
    except UnknownAttestation as error:
        said = str(error)
    assert syntax.name in said
