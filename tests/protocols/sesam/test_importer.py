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
from protocols.sesam.network import SESAM
from protocols.sesam.routing import COLUMNS, payer_codes
from routing.envelope import Severity

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
    found = read_national("\n".join([HEADER, *ROWS]))
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
    plain = read_national("\n".join(ROWS)).destinations
    for header in (HEADER, row(*(f"column {number}" for number in range(1, 15)))):
        found = read_national("\n".join([header, *ROWS]))
        assert (found.destinations, found.problems) == (plain, ())


def test_a_bad_first_row_is_no_header() -> None:
    """A letter in the place of a digit is named, and no fund is gone in silence."""
    found = read_national(
        "\n".join(["", row("O1", "990", "0000", "X", "", "990", "16"), *ROWS])
    )
    assert [(each.record, each.position) for each in found.problems] == [(2, 1)]
    assert read_national("\n".join(["", HEADER, *ROWS])) == read_national(
        "\n".join(ROWS)
    )


def test_the_tables_own_version_is_no_fund() -> None:
    """One row tells the version of the table."""
    found = read_national(
        "\n".join([*ROWS, row("3", "12", "1", "Version de la table", "", "0")])
    )
    assert found.version == "3.12.1"
    assert len(found.destinations) == 3


BAD_ROWS = {
    "a cut row": ('"01";"990"', 3, "missing-column"),
    "a column too many": (row("01", "989", *[""] * 12, "x"), 15, "wrong-columns"),
    "no number": (row("01", "99x", "0000", "X", "", "990", "016"), 2, "wrong-number"),
    "no destination": (row("01", "989", "0000", "X", "", "", "016"), 6, "wrong-number"),
    "no centre": (row("01", "989", "0000", "X", "", "990", "1A"), 7, "wrong-number"),
    "goes elsewhere": (row("01", "990", "", "X", "", "777", "16"), 3, "wrong-number"),
    "goes to two": (row("1", "990", "0", "X", "", "777", "016"), 6, "two-destinations"),
}


@pytest.mark.parametrize("name", sorted(BAD_ROWS))
def test_one_bad_row_refuses_the_table(name: str) -> None:
    """It is named by line and column, and nothing of the table is taken."""
    bad, column, code = BAD_ROWS[name]
    found = read_national("\n".join([HEADER, *ROWS, "", bad]))
    assert (found.destinations, found.funds, found.version) == ((), (), "")
    assert [(each.record, each.position, each.code) for each in found.problems] == [
        (6, column, code)
    ]


def test_all_bad_rows_are_named() -> None:
    """A person mends all of them at once."""
    bad = [BAD_ROWS[name][0] for name in ("a cut row", "a column too many")]
    found = read_national("\n".join([bad[0], *ROWS, bad[1]]))
    assert [each.record for each in found.problems] == [1, 5]


def test_what_is_odd_is_taken_with_a_warning() -> None:
    """Said again, with another name, or with another computer centre: the first holds."""
    again = row("01", "990", "0000", "AGAIN", "", "990", "16")
    section = row("01", "990", "0100", "SECTION Ã©", "", "990", "017")
    found = read_national("\n".join([*ROWS, again, section]))
    assert len(found.destinations) == 4
    assert found.funds[0] == Fund("01990", "CAISSE DU NORD", "016")
    assert [(each.record, each.code, each.severity) for each in found.problems] == [
        (4, "repeated-row", "warning"),
        (5, "two-computer-centres", "warning"),
        (5, "odd-value", "warning"),
    ]
    assert "line 1" in found.problems[0].message


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
    found = read_national("\n".join(ROWS))
    into = StringIO()
    assert write_destinations(found.destinations, into) == 3
    lines = into.getvalue().splitlines()
    assert lines[0] == ";".join(COLUMNS)
    rows = [dict(zip(COLUMNS, line.split(";"), strict=True)) for line in lines[1:]]
    assert tuple(read_destinations(rows)) == found.destinations
    invoice = {"invoice_regime": "02", "fund": "995", "fund_centre": "0000"}
    assert payer_codes(invoice, {"destinations": rows})[0] == "02991"


@given(st.text(st.characters(codec="latin-1"), max_size=400))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    """Whatever file is given, the answer is rows or what is wrong."""
    found = read_national(text)
    wrong = any(each.severity is Severity.ERROR for each in found.problems)
    assert not (wrong and found.destinations)


def test_an_empty_table_is_an_empty_import() -> None:
    """Nothing in, nothing out."""
    found = read_national("")
    assert (found.destinations, found.funds, found.problems) == ((), (), ())


OWN = dict(zip(COLUMNS, ("01", "990", "0000", "Nord", "990", "016"), strict=False))
OWN_FAULTS = {
    "letters": ([OWN | {"organism": "99O"}], (0, "organism")),
    "no such day": ([OWN | {"valid_until": "31/12/2026"}], (0, "valid_until")),
    "two on one day": ([OWN, OWN | {"organism": "991"}], (1, "organism")),
    "successor of itself": ([OWN | {"successor": "01990"}], (0, "successor")),
    "circle": (
        [
            OWN | {"successor": "01991"},
            OWN | {"fund": "991", "organism": "991", "successor": "01990"},
        ],
        (0, "successor"),
    ),
    "no column": ([{"regime": "01", "fund": "990"}], (0, "centre")),
}


@pytest.mark.parametrize("name", sorted(OWN_FAULTS))
def test_the_directorys_own_table_is_judged_alike(name: str) -> None:
    """A slip of the hand is named with row and column when the directory is loaded."""
    rows, wanted = OWN_FAULTS[name]
    found = [fault[:2] for fault in SESAM.check_table("destinations", rows)]
    assert found == [wanted]


def test_a_fund_that_moves_has_a_row_before_and_after() -> None:
    """Two rows of a fund are none too many where they hold on different days."""
    before = OWN | {"valid_until": "2026-12-31", "successor": "01991"}
    after = OWN | {"organism": "991", "valid_from": "2027-01-01"}
    assert not list(SESAM.check_table("destinations", [before, after]))
