"""National tables of complementary payers: liberal in shape, strict in meaning."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

import pytest

from protocols.sesam.amc_decision import Address
from protocols.sesam.amc_tables import (
    COLUMNS,
    CONVENTIONS,
    CORRESPONDENCES,
    GROUPINGS,
    NATIONAL,
)
from protocols.sesam.network import SESAM
from protocols.tables import Imported
from routing.envelope import Severity
from tests.protocols.sesam.amc_invented import as_bytes, convention, grouping

WHERE = ("OC", "7", "AMC.example")
ROWS: Mapping[str, Sequence[Sequence[str]]] = {
    CORRESPONDENCES: [
        ["75000001", "08???????", "300000001", "Santé d'été"],
        ["75000002", "02??1????", "30M000002", "Œuvre; l’autre"],
    ],
    GROUPINGS: [grouping("300000001", "8001"), grouping("300000002", "8001")],
    CONVENTIONS: [
        convention(signatory="8001", grouped="1", operator="OPER1", address=WHERE),
        convention(
            "I", signatory="01011", grouped="0", criterion="01011????", name="é"
        ),
    ],
}
HEADERS = {name: [each or "Réservé" for each in NATIONAL[name]] for name in NATIONAL}


def rows_of(found: Imported) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(found.text), delimiter=";"))


@pytest.mark.parametrize("quoted", [False, True], ids=["plain", "quoted"])
@pytest.mark.parametrize("header", [False, True], ids=["no-header", "header"])
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("name", sorted(NATIONAL))
def test_every_shape_gives_the_same_rows(
    name: str, encoding: str, header: bool, quoted: bool
) -> None:
    """Encoding, header and quotes leave no trace but the row numbers."""
    told = [list(row) for row in ROWS[name]]
    if encoding == "latin-1":
        told = [[v.replace("Œ", "O").replace("’", "'") for v in row] for row in told]
    rows = [HEADERS[name], *told] if header else told
    content = as_bytes(rows, encoding, quoted=quoted)

    assert SESAM.table_of(content) == name
    found = SESAM.importers[name](content)

    assert [each for each in found.problems if each.severity is Severity.ERROR] == []
    kept = rows_of(found)
    assert tuple(kept[0]) == COLUMNS[name]
    named = [column for column in NATIONAL[name] if column]
    assert [[row[column] for column in named] for row in kept] == [
        [value for value, column in zip(row, NATIONAL[name], strict=True) if column]
        for row in told
    ]
    assert [row["row"] for row in kept] == [str(2 + header - 1), str(3 + header - 1)]


@pytest.mark.parametrize("more", [1, 2, 3])
@pytest.mark.parametrize("name", sorted(ROWS))
def test_empty_columns_too_many_do_not_hide_what_it_is(name: str, more: int) -> None:
    """A spreadsheet leaves some behind the last one; the table is known, and read."""
    content = as_bytes([[*row, *[""] * more] for row in ROWS[name]])

    assert SESAM.table_of(content) == name
    assert SESAM.importers[name](content).rows == len(ROWS[name])


def bad(name: str, row: Sequence[str], *more: Sequence[str]) -> bytes:
    """Put a bad row behind the good ones."""
    return as_bytes([*ROWS[name], row, *more])


@pytest.mark.parametrize(
    ("name", "content", "place", "words"),
    [
        pytest.param(
            CONVENTIONS,
            bad(CONVENTIONS, convention(signatory="1", address=WHERE)[:-1]),
            (3, 22, "missing-column"),
            "has 21 columns; wanted 22",
            id="missing-column",
        ),
        pytest.param(
            GROUPINGS,
            as_bytes([row[:-1] for row in ROWS[GROUPINGS]]),
            (1, 10, "missing-column"),
            "has 9 columns",
            id="missing-everywhere",
        ),
        pytest.param(
            CORRESPONDENCES,
            bad(CORRESPONDENCES, ["1", "2", "3", "4", "5"]),
            (3, 5, "wrong-columns"),
            "has 5 columns; wanted 4",
            id="column-too-many",
        ),
        pytest.param(
            GROUPINGS,
            bad(GROUPINGS, grouping("8001", "8002"), grouping("8002", "0300000001")),
            (1, 9, "circle"),
            "300000001 (row 1) -> 8001 (row 3) -> 8002 (row 4) -> 300000001 (row 1)",
            id="circle",
        ),
        pytest.param(
            CORRESPONDENCES,
            bad(CORRESPONDENCES, ["????????", "?????????", "300000009", ""]),
            (3, 1, "swallows-all"),
            "every mutual of every fund",
            id="correspondence-swallows-all",
        ),
        pytest.param(
            CONVENTIONS,
            bad(
                CONVENTIONS,
                convention(signatory="1", grouped="0", criterion="?????????"),
            ),
            (3, 10, "swallows-all"),
            "would take all",
            id="convention-swallows-all",
        ),
        pytest.param(
            CONVENTIONS,
            bad(
                CONVENTIONS,
                convention(
                    signatory="1",
                    grouped="0",
                    criterion="?????????",
                    amc="0000000000",
                ),
            ),
            (3, 10, "swallows-all"),
            "would take all",
            id="convention-of-nobody-swallows-all",
        ),
        pytest.param(
            CORRESPONDENCES,
            bad(CORRESPONDENCES, ["75000003", "08???????", "0000000000", ""]),
            (3, 3, "names-nobody"),
            "is '0000000000', which is nobody's number",
            id="number-of-nobody",
        ),
        pytest.param(
            GROUPINGS,
            bad(GROUPINGS, grouping("??????????", "8001")),
            (3, 4, "wrong-value"),
            "wanted a number without `?`",
            id="wildcard-for-an-amc",
        ),
        pytest.param(
            CONVENTIONS,
            bad(CONVENTIONS, convention("X", signatory="1")),
            (3, 1, "wrong-value"),
            "wanted one of I, S, C, M",
            id="mode",
        ),
        pytest.param(
            CONVENTIONS,
            bad(CONVENTIONS, convention(signatory="1", address=("OC", "1", "a" * 21))),
            (3, 22, "wrong-value"),
            "at most 20 characters of a domain",
            id="domain",
        ),
        pytest.param(
            GROUPINGS,
            as_bytes(ROWS[GROUPINGS], "utf-16"),
            (1, None, "wrong-encoding"),
            "is UTF-16",
            id="utf-16",
        ),
        pytest.param(
            CORRESPONDENCES,
            as_bytes(ROWS[CORRESPONDENCES][:1]) + b"75000003;08???????;1;\x81\xe9\r\n",
            (2, None, "wrong-encoding"),
            "the byte 0x81 at byte 22 of the line",
            id="no-encoding",
        ),
        pytest.param(
            CORRESPONDENCES,
            as_bytes(ROWS[CORRESPONDENCES]) + b'75000003;08???????;1;"never closed',
            (3, None, "unreadable-table"),
            "quotes around a whole value or none",
            id="open-quote",
        ),
    ],
)
def test_one_error_refuses_the_whole_table(
    name: str, content: bytes, place: tuple[int, int | None, str], words: str
) -> None:
    """Row and column are named, and nothing of the table is taken."""
    found = SESAM.importers[name](content)

    first = found.problems[0]
    assert (first.record, first.position, first.code) == place
    assert words in first.message
    assert (found.rows, found.text, found.payers) == (0, "", ())


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        pytest.param(
            GROUPINGS,
            bad(GROUPINGS, ROWS[GROUPINGS][0]),
            [(3, "repeated-row", "says again what row 1 says")],
            id="duplicate",
        ),
        pytest.param(
            GROUPINGS,
            bad(GROUPINGS, grouping("300000001", "8009")),
            [(3, "repeated-row", "says otherwise what row 1 says")],
            id="contradiction",
        ),
        pytest.param(
            CORRESPONDENCES,
            as_bytes([["7?000???", "08???????", "3", ""], *ROWS[CORRESPONDENCES]]),
            [(2, "never-reached", "row 1, 7?000??? with 08???????, holds before it")],
            id="swallowed-by-a-wildcard",
        ),
        pytest.param(
            CORRESPONDENCES,
            bad(CORRESPONDENCES, ["5000003", "8???????", "3", ""]),
            [
                (3, "short-number", "has 7 characters; wanted 8"),
                (3, "short-criterion", "has 8 characters; wanted 9"),
            ],
            id="lost-zeros",
        ),
        pytest.param(
            CORRESPONDENCES,
            bad(CORRESPONDENCES, ["75000003", "08???????", "3", "SantÃ©"]),
            [(3, "odd-value", "wrong encoding before")],
            id="read-wrongly-before",
        ),
        pytest.param(
            CONVENTIONS,
            bad(CONVENTIONS, convention("S", signatory="1", address=("OC", "1", ""))),
            [(3, "cut-address", "only routing_code, host_id of an address")],
            id="cut-address",
        ),
        pytest.param(
            GROUPINGS,
            bad(
                GROUPINGS, [*grouping("8001", "8001")[:2], "x", *grouping("1", "1")[3:]]
            ),
            [(3, "odd-value", "'x' has no known meaning and is not kept")],
            id="unknown-column",
        ),
    ],
)
def test_what_is_odd_is_taken_with_a_warning(
    name: str, content: bytes, told: Sequence[tuple[int, str, str]]
) -> None:
    """Each is counted and named; the rows are all there."""
    found = SESAM.importers[name](content)

    assert [(each.record, each.code) for each in found.problems] == [
        each[:2] for each in told
    ]
    for problem, (_, _, words) in zip(found.problems, told, strict=True):
        assert problem.severity is Severity.WARNING
        assert words in problem.message
    assert found.rows == 3


def test_an_address_of_conventions_is_a_payer() -> None:
    """One for each address, however it is written; the directory takes code and rules."""
    again = convention(signatory="8009", address=("oc", "007", "amc.EXAMPLE"))
    found = SESAM.importers[CONVENTIONS](bad(CONVENTIONS, again))

    (payer,) = found.payers
    assert (payer.code, payer.name) == ("OC/007/amc.example", "oc-007-amc-example")
    assert 'operator = "OPER1"' in payer.text
    assert SESAM.check_code(payer.code) == ""
    assert "OC/999/amc.example" in SESAM.check_code("OC/7/amc.example")
    rules = {**Address("OC", "007", "amc.example")._asdict(), "operator": "OPER1"}
    assert list(SESAM.check_rules(rules)) == []
    assert list(SESAM.check_rules({"domain": "x y"})) == [
        "routing_code: is missing; wanted two digits or capitals such as OC",
        "host_id: is missing; wanted three digits or capitals such as 999",
        "domain: is 'x y'; wanted a domain of at most 20 characters",
    ]


def test_addresses_that_look_alike_are_payers_of_their_own() -> None:
    """A dot or a hyphen in a domain: neither takes the other's file."""
    rows = [
        convention(signatory=str(number), address=("OC", "1", domain))
        for number, domain in enumerate(("amc.example", "amc-example"), 1)
    ]
    found = SESAM.importers[CONVENTIONS](as_bytes(rows))
    names = [payer.name for payer in found.payers]
    assert len(set(names)) == 2
    assert "oc-001-amc-example" in names


def test_rows_that_lead_back_only_for_others_are_no_circle() -> None:
    """Two AMCs may sign for one another, each for conventions of another type."""
    back = grouping("8001", "0300000001", kind="ZZ")
    found = SESAM.importers[GROUPINGS](
        bad(GROUPINGS, grouping("0300000001", "8001"), back)
    )
    assert [each.code for each in found.problems if each.code == "circle"] == []


def test_a_table_that_a_person_changed_is_judged_too() -> None:
    """A wrong cell, day or column keeps the directory before in force."""
    rows = rows_of(SESAM.importers[GROUPINGS](as_bytes(ROWS[GROUPINGS])))
    assert list(SESAM.check_table(GROUPINGS, rows)) == []
    rows[1] |= {"valid_from": "2026-12-01", "valid_until": "2026-11-30"}
    assert list(SESAM.check_table(GROUPINGS, rows)) == [
        (1, "valid_until", "is 2026-11-30, before valid_from 2026-12-01")
    ]
    rows[1] |= {"valid_from": "20261201", "valid_until": ""}
    assert list(SESAM.check_table(GROUPINGS, rows)) == [
        (1, "valid_from", "is '20261201'; wanted a day, YYYY-MM-DD")
    ]
    rows[1] |= {"valid_from": "", "row": "9" * 5000}
    ((_, column, words),) = SESAM.check_table(GROUPINGS, rows)
    assert (column, words[-15:]) == ("row", "wanted a number")
    for row in rows:
        del row["signatory"]
    ((place, column, words),) = SESAM.check_table(GROUPINGS, rows)
    assert (place, column) == (0, "signatory")
    assert "has no column signatory" in words
