"""The national table of funds becomes the directory's own."""

from __future__ import annotations

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.sesam.imported_payers import import_funds
from protocols.sesam.importer import (
    Destination,
    Fund,
    read_destinations,
    read_national,
    write_destinations,
)
from protocols.sesam.routing import COLUMNS, payer_codes

HEADER = '"code régime";"caisse";"centre";"libellé"' + ';"x"' * 10


def row(*values: str) -> str:
    padded = [*values, *[""] * (14 - len(values))]
    return ";".join(f'"{value}"' for value in padded)


ROWS = [
    row("01", "990", "0000", "CAISSE  DU NORD", "Général", "990", "16"),
    row("02", "995", "0000", "SECOND FUND", "Agricole", "991", "591"),
    row("02", "991", "0000", "FARMERS", "Agricole", "991", "591"),
]


def test_rows_and_funds() -> None:
    """Each row is kept by its key; each fund is listed once, under its own name."""
    found = read_national([HEADER, *ROWS])
    assert found.problems == ()
    assert found.destinations[0] == Destination(
        "01", "990", "0000", "CAISSE DU NORD", "990", "016"
    )
    assert found.funds == (
        Fund("01990", "CAISSE DU NORD", "016"),
        Fund("02991", "FARMERS", "591"),
    )


def test_the_header_row_is_optional() -> None:
    """Both forms of the table give the same."""
    assert read_national(ROWS) == read_national([HEADER, *ROWS])


def test_the_tables_own_version_is_no_fund() -> None:
    """One row tells the version of the table."""
    found = read_national([*ROWS, row("3", "12", "1", "Version de la table", "", "0")])
    assert found.version == "3.12.1"
    assert len(found.destinations) == 3


def test_bad_rows_are_named_by_line_and_the_rest_is_kept() -> None:
    """One bad row does not lose a thousand good ones."""
    bad = [
        '"01";"990"',
        row("01", "99x", "0000", "X", "", "990", "016"),
        row("01", "990", "0000", "AGAIN", "", "777", "016"),
    ]
    found = read_national([HEADER, *ROWS, "", *bad])
    assert len(found.destinations) == 3
    assert [(each.record, each.position, each.code) for each in found.problems] == [
        (6, None, "wrong-columns"),
        (7, 2, "wrong-number"),
        (8, None, "two-destinations"),
    ]
    assert found.problems[1].message == "fund is '99x'; wanted 3 digits"


def test_two_computer_centres_of_one_fund_are_reported() -> None:
    """The table contradicts itself: the first is kept, and a person is told."""
    again = row("01", "990", "0100", "SECTION", "", "990", "017")
    found = read_national([*ROWS, again])
    assert found.funds[0] == Fund("01990", "CAISSE DU NORD", "016")
    assert [each.code for each in found.problems] == ["two-computer-centres"]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-8", "utf-8-sig"])
def test_old_and_new_encodings(encoding: str) -> None:
    """The table comes in whatever wrote it; a name is never half of another letter."""
    name = "CAISSE DE L'ÎLE" + " DES SŒURS" * (encoding != "latin-1")
    text = row("01", "990", "0000", name, "Général", "990", "016")
    found = import_funds(text.encode(encoding))
    assert (found.rows, name in found.text, found.problems) == (1, True, ())


def test_what_is_no_such_text_is_named_by_what_it_is() -> None:
    """Not by columns that nobody wrote."""
    found = import_funds("\n".join(ROWS).encode("utf-16"))
    assert (found.rows, found.payers) == (0, ())
    assert [each.code for each in found.problems] == ["wrong-encoding"]
    assert "is UTF-16" in found.problems[0].message


def test_what_is_written_is_read_back_and_routes() -> None:
    """The directory's table round-trips, and finds the fund of an invoice."""
    found = read_national(ROWS)
    into = StringIO()
    assert write_destinations(found.destinations, into) == 3
    lines = into.getvalue().splitlines()
    assert lines[0] == ";".join(COLUMNS)
    rows = [dict(zip(COLUMNS, line.split(";"), strict=True)) for line in lines[1:]]
    assert tuple(read_destinations(rows)) == found.destinations
    invoice = {"invoice_regime": "02", "fund": "995", "fund_centre": "0000"}
    assert payer_codes(invoice, {"destinations": rows})[0] == "02991"


@given(st.lists(st.text(st.characters(codec="latin-1"), max_size=60), max_size=8))
def test_any_text_is_read_without_an_exception(lines: list[str]) -> None:
    """Whatever file is given, the answer is rows and problems."""
    found = read_national(lines)
    assert len(found.destinations) <= len(lines)


def test_an_empty_table_is_an_empty_import() -> None:
    """Nothing in, nothing out."""
    found = read_national([])
    assert (found.destinations, found.funds, found.problems) == ((), (), ())
