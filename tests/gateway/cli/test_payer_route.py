"""Complementary tables on the command line: taken over, compared, asked."""

from __future__ import annotations

from pathlib import Path

from gateway.house import note_directory, read_directory
from tests.gateway.cli.installation import Installation, lines_with
from tests.protocols.sesam.amc_invented import as_bytes, convention, grouping

WHERE = ("OC", "901", "amc.example")
CONVENTIONS = [
    convention(signatory="8001", grouped="1", operator="OPER1", address=WHERE),
    convention("I", signatory="8002", amc="300000002"),
    convention("S", signatory="8003", amc="300000002", address=WHERE),
]


def table(installed: Installation, name: str, rows: list[list[str]]) -> str:
    file = Path(installed.folder / name)
    file.write_bytes(as_bytes(rows))
    return str(file)


def test_tables_are_taken_over_and_asked(installed: Installation) -> None:
    """Each by its shape; the payer of an address gets a file, and every step is told."""
    conventions = table(installed, "c.csv", CONVENTIONS)
    done = installed.octway("payer", "import", conventions, "--json")
    assert (done.status, done.facts["table"], done.facts["rows"]) == (
        0,
        "conventions",
        3,
    )
    assert done.facts["payers_added"] == ["sesam-oc-901-amc-example"]
    groupings = table(installed, "r.csv", [grouping("300000001", "8001")])
    assert installed.octway("payer", "import", groupings).status == 0
    assert installed.octway("check").status == 0

    asked = ("payer", "route", "amc_number=0300000001", "agreement=T")
    told = installed.octway(*asked)
    assert told.status == 0
    assert lines_with(told.out, "decided", "a request of its own", "OC/901/amc.example")
    assert lines_with(told.out, "payer: sesam-oc-901-amc-example", "no endpoint")
    assert lines_with(told.out, "table groupings, row 1", "is signed for by 8001")
    facts = installed.octway(*asked, "--json").facts
    assert (facts["payer"], facts["facts"]["operator"]) == (
        "sesam-oc-901-amc-example",
        "OPER1",
    )
    assert [each["table"] for each in facts["steps"]] == [
        "correspondences",
        "groupings",
        "conventions",
    ]

    both = installed.octway("payer", "route", "amc_number=300000002")
    assert both.status == 1
    assert lines_with(both.out, "ambiguous", "2 conventions hold")
    assert lines_with(both.out, "3", "S", "901")
    wrong = installed.octway("payer", "route", "amc=1")
    assert wrong.status == 2
    assert "convention_type - " in wrong.err


def test_a_table_with_an_error_leaves_the_one_in_force(installed: Installation) -> None:
    """Refused as a whole, with row and column; the directory is as it was."""
    good = table(installed, "c.csv", CONVENTIONS)
    assert installed.octway("payer", "import", good).status == 0
    place = installed.folder / "payers/tables/sesam/conventions.csv"
    before = place.read_bytes()
    bad = table(installed, "bad.csv", [*CONVENTIONS, convention("X", signatory="1")])
    done = installed.octway("payer", "import", bad)
    assert done.status == 1
    assert f"{bad}:4: mode (column 1): is 'X'" in done.err
    assert "refused as a whole, and the one in force stays" in done.err
    assert place.read_bytes() == before


def test_versions_of_a_table_are_compared_by_key(installed: Installation) -> None:
    """Rows that came, went and changed; a row that only moved is no difference."""
    house = installed.house
    versions = []
    for rows in (
        CONVENTIONS,
        [
            convention("C", signatory="8004", amc="300000004", address=WHERE),
            *CONVENTIONS[1:],
            convention(signatory="8001", grouped="1", operator="OPER2", address=WHERE),
        ],
    ):
        file = table(installed, "c.csv", rows)
        assert installed.octway("payer", "import", file).status == 0
        data = read_directory(
            house.settings.directory.path, house.catalog, house.networks
        )
        installed.time += 60
        house.database.write("note", note_directory, data)
        versions.append(data.version[:8])
    told = installed.octway("directory", "diff", *versions)
    assert lines_with(
        told.out, "signatory=8001", "agreement=T: operator: OPER1 -> OPER2"
    )
    assert lines_with(told.out, "signatory=8004", "added", "domain=amc.example")
    assert "2 differences" in told.out


def test_a_table_may_take_effect_on_a_day_to_come(installed: Installation) -> None:
    """Until then the one in force decides; funds are asked for no day, so not theirs."""
    for operator, more in (("OPER1", ()), ("OPER2", ("--from", "2099-01-01"))):
        row = convention(signatory="8001", operator=operator, address=WHERE)
        file = table(installed, f"{operator}.csv", [row])
        assert installed.octway("payer", "import", file, *more).status == 0
    assert installed.octway("check").status == 0
    for day, operator in (("2098-12-31", "OPER1"), ("2099-01-01", "OPER2")):
        asked = ("payer", "route", "amc_number=8001", "--day", day, "--json")
        assert installed.octway(*asked).facts["facts"]["operator"] == operator
    funds = table(installed, "f.csv", [["01", "990", "0000", "X", "", "990", *"0" * 8]])
    refused = installed.octway("payer", "import", funds, "--from", "2099-01-01")
    assert refused.status == 2
    assert "import it on the day" in refused.err
