"""Who settles a complementary part, with every step, as the tables say."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from random import Random

import pytest
from attrs import evolve

from protocols.sesam.amc_decision import Decision, Identity, Mode, Outcome
from protocols.sesam.amc_routing import AmcRouting
from protocols.sesam.amc_tables import CONVENTIONS, CORRESPONDENCES, GROUPINGS
from tests.protocols.sesam.amc_invented import (
    REGIMES,
    TYPES,
    convention,
    grouping,
    invented,
    taken_over,
)

DAY = date(2026, 11, 26)
WHERE = ("OC", "901", "AMC.Example")
TABLES = {
    CORRESPONDENCES: [
        ["75000001", "08???????", "300000001", "La Première"],
        ["7500????", "08???????", "300000002", "La Seconde"],
    ],
    GROUPINGS: [
        grouping("300000001", "8001", criterion="08???????"),
        grouping("8001", "8002"),
    ],
    CONVENTIONS: [
        convention("C", signatory="8002", grouped="1", operator="OPER1", address=WHERE),
        convention(
            "I", signatory="01011", grouped="0", kind="RO", criterion="01011????"
        ),
        convention(
            "S", signatory="8003", amc="0300000003", agreement="T", address=WHERE
        ),
        convention("I", signatory="8003", amc="0300000003", agreement="H"),
        convention("C", signatory="300000004", kind="SP", address=WHERE),
        convention("C", signatory="8005", amc="300000004", kind="SP", address=WHERE),
    ],
}
WHO = Identity(mutual_number="0075000001", regime="8", fund="111", centre="1", day=DAY)


@pytest.fixture(scope="module")
def routing() -> AmcRouting:
    return AmcRouting.of(taken_over(TABLES))


def test_every_step_names_table_row_and_reason(routing: AmcRouting) -> None:
    """A mutual's number becomes an AMC, its signatory's signatory holds a convention."""
    found = routing.decide(WHO)

    assert found.outcome is Outcome.DECIDED
    assert [(step.table, step.row) for step in found.steps] == [
        (CORRESPONDENCES, 1),
        (GROUPINGS, 1),
        (GROUPINGS, 2),
        (CONVENTIONS, 1),
    ]
    assert found.signatories == ("8001", "8002")
    assert "75000001 with 08??????? is AMC 300000001" in found.steps[0].why
    result = found.result
    assert result is not None
    assert (result.mode, result.operator, result.own_request) == ("C", "OPER1", True)
    assert result.address is not None
    assert result.address.code == "OC/901/amc.example"
    assert result.address.domain == "AMC.Example"


def test_a_decision_is_kept_as_plain_values(routing: AmcRouting) -> None:
    """What a journal keeps makes the same decision again."""
    for who in (
        WHO,
        evolve(WHO, mutual_number=""),
        evolve(WHO, amc_number="300000003"),
    ):
        found = routing.decide(who)
        assert Decision.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_several_that_say_otherwise_are_shown(routing: AmcRouting) -> None:
    """Nobody guesses: the candidates stand in the reason, with rows and results."""
    found = routing.decide(Identity(amc_number="300000003", day=DAY))

    assert (found.outcome, found.result) == (Outcome.AMBIGUOUS, None)
    assert [each.row for each in found.candidates] == [3, 4]
    assert "row 3 of Signataire 8003 (mode S, OC/901/amc.example" in found.reason
    assert "not told, and different in them: agreement" in found.reason
    told = routing.decide(Identity(amc_number="300000003", agreement="H", day=DAY))
    assert told.result is not None
    assert told.result.mode is Mode.UNIQUE


def test_several_that_say_the_same_are_one(routing: AmcRouting) -> None:
    """Two conventions to one address need no person, and both are told."""
    found = routing.decide(Identity(amc_number="0300000004", day=DAY))

    assert found.outcome is Outcome.DECIDED
    assert [each.row for each in found.candidates] == [5, 6]
    assert found.steps[-1].why == "rows 5, 6 say the same"


def test_a_fund_handles_both_parts_where_nobody_names_the_amc(
    routing: AmcRouting,
) -> None:
    """A convention without an AMC holds for its fund, and for no other."""
    unknown = Identity(amc_number="999", regime="01", fund="011", centre="0", day=DAY)
    found = routing.decide(unknown)
    assert found.result is not None
    assert not found.result.own_request
    assert "no row names AMC 999" in found.steps[-1].why
    assert routing.decide(evolve(unknown, fund="012")).outcome is Outcome.NONE


@pytest.mark.parametrize(
    ("who", "words"),
    [
        pytest.param(
            Identity(mutual_number="70000000", regime="01", day=DAY),
            ("no row of correspondences", "row 1 is 75000001"),
            id="mutual",
        ),
        pytest.param(
            Identity(amc_number="300000005", day=DAY),
            ("no row of conventions or groupings names AMC 300000005", "300000003"),
            id="amc",
        ),
        pytest.param(
            Identity(amc_number="300000004", convention_type="RO", day=DAY),
            ("no row of conventions holds", "row 5: it is of type SP, not RO"),
            id="type",
        ),
        pytest.param(Identity(day=DAY), ("no number is told",), id="nothing"),
    ],
)
def test_none_says_where_it_stopped_and_what_is_near(
    routing: AmcRouting, who: Identity, words: Sequence[str]
) -> None:
    """The reason is one a person can act on."""
    found = routing.decide(who)
    assert found.outcome is Outcome.NONE
    assert all(each in found.reason for each in words), found.reason


def test_a_number_that_is_named_is_never_said_to_be_unknown() -> None:
    """Its rows are for other funds, or lead to nothing: those rows are told."""
    tables = taken_over(
        {
            GROUPINGS: [
                grouping("300000001", "8001", criterion="93???????"),
                grouping("300000002", "8002"),
            ],
            CONVENTIONS: [
                convention(signatory="8001", grouped="1"),
                convention("I", signatory="01751", criterion="01751????", grouped="0"),
            ],
        }
    )
    routing = AmcRouting.of(tables)
    nobodys = routing.decide(Identity(amc_number="300000001", day=DAY))
    assert nobodys.reason == (
        "no row of groupings that names AMC 300000001 holds: "
        "row 1: its criterion is 93???????, and no fund is told"
    )
    assert nobodys.steps[-1].why == nobodys.reason
    other = Identity(amc_number="300000001", regime="02", fund="111", day=DAY)
    assert "93???????, not 02111" in routing.decide(other).reason
    by_fund = routing.decide(evolve(other, regime="01", fund="751"))
    assert "no row that AMC 300000001 leads to holds" in by_fund.steps[-1].why
    nowhere = routing.decide(Identity(amc_number="300000002", day=DAY))
    assert "signed for by 8002, and no row of conventions" in nowhere.reason


def test_a_grouping_leads_to_conventions_of_its_own_type() -> None:
    """An AMC that is grouped for SP is not under its signatory's OC convention."""
    tables = taken_over(
        {
            GROUPINGS: [grouping("300000001", "8001", kind="SP")],
            CONVENTIONS: [
                convention(signatory="8001", grouped="1", kind=kind, operator=kind)
                for kind in ("OC", "SP")
            ],
        }
    )
    found = AmcRouting.of(tables).decide(Identity(amc_number="300000001", day=DAY))
    assert [each.row for each in found.candidates] == [2]


def test_a_day_decides_which_row_is_valid() -> None:
    """Rows that are over, or not begun, are told and not used."""
    tables = taken_over({CONVENTIONS: [convention(signatory="1", address=WHERE)] * 2})
    tables[CONVENTIONS][0]["valid_until"] = "2026-11-25"
    tables[CONVENTIONS][1] |= {"valid_from": "2026-11-26", "operator": "NEW"}
    routing = AmcRouting.of(tables)
    before = routing.decide(Identity(amc_number="1", day=date(2026, 11, 25)))
    after = routing.decide(Identity(amc_number="1", day=DAY))
    assert [each.candidates[0].row for each in (before, after)] == [1, 2]
    del tables[CONVENTIONS][1]
    over = AmcRouting.of(tables).decide(Identity(amc_number="1", day=DAY))
    assert "it is valid from ever until 2026-11-25" in over.reason


def test_without_tables_the_reason_says_what_to_do() -> None:
    """A directory that has none routes nobody, and names the command."""
    found = AmcRouting.of({}).decide(WHO)
    assert found.outcome is Outcome.NONE
    assert "octway payer import" in found.reason


def test_a_thousand_identities_route_as_the_rules_say() -> None:
    """Imported and indexed tables decide as a few lines do over the national rows."""
    rng = Random(6)
    national = invented(rng)
    routing = AmcRouting.of(taken_over(national))
    outcomes = dict.fromkeys(Outcome, 0)
    for who in (_anyone(rng, national) for _ in range(1_000)):
        found = routing.decide(who)
        outcomes[found.outcome] += 1
        assert [each.row for each in found.candidates] == _by_the_rules(national, who)
        said = {each.result for each in found.candidates}
        assert (
            found.outcome
            is (Outcome.NONE, Outcome.DECIDED, Outcome.AMBIGUOUS)[min(len(said), 2)]
        ), who
    assert min(outcomes.values()) > 50, outcomes


def _anyone(rng: Random, national: Mapping[str, Sequence[Sequence[str]]]) -> Identity:
    amc = rng.choice(national[GROUPINGS])[3]
    kind = rng.randrange(4)
    return Identity(
        amc_number=("", amc, amc.zfill(10), str(rng.randrange(10**9)))[kind],
        mutual_number=f"{rng.randrange(40):08}" if kind in (0, 3) else "",
        regime=rng.choice(REGIMES),
        fund=f"{rng.randrange(3):03}",
        centre=rng.choice(("0000", "0011", "1101")),
        convention_type=rng.choice(("", *TYPES)),
        agreement=rng.choice(("", "T", "H")),
        nature=rng.choice(("", "1", "2", "9")),
        day=DAY,
    )


@cache
def pattern(mask: str) -> re.Pattern[str]:
    return re.compile(mask.replace("?", "."))


def _by_the_rules(
    national: Mapping[str, Sequence[Sequence[str]]], who: Identity
) -> list[int]:
    """Find the rows of conventions that hold, slowly and by nothing of the program."""

    def under(mask: str, value: str) -> bool:
        return pattern(mask).match(value.ljust(20)) is not None

    def holds(kind: str, mask: str, natures: str) -> bool:
        return (
            who.convention_type in ("", kind)
            and under(mask, fund)
            and (not natures or who.nature in ("", *natures.split(",")))
        )

    def shared(one: str, other: str) -> bool:
        return not one or not other or bool({*one.split(",")} & {*other.split(",")})

    fund, amc = who.regime + who.fund + who.centre, who.amc_number.lstrip("0")
    rows, groups = national[CONVENTIONS], national[GROUPINGS]
    named = {row[3].lstrip("0") for row in groups}
    named |= {(row[11] or row[5]).lstrip("0") for row in rows}
    if who.mutual_number and amc not in named:
        for number, mask, found, _ in national[CORRESPONDENCES]:
            if under(number, who.mutual_number) and under(mask, fund):
                amc = found.lstrip("0")
                break
    signs = [row for row in groups if holds(row[5], row[7], row[1])]
    ways, size = {(amc, "", "")}, 0
    while len(ways) > size:
        size = len(ways)
        ways |= {
            (row[8], row[5], row[1] or natures)
            for row in signs
            for number, kind, natures in ways
            if row[3].lstrip("0") == number
            and kind in ("", row[5])
            and shared(natures, row[1])
        }
    fit = [
        (number, row)
        for number, row in enumerate(rows, 1)
        if holds(row[8], row[9], row[1]) and who.agreement in ("", row[10])
    ]
    named_rows = [
        number
        for number, row in fit
        if (amc and amc == (row[11] or row[5]).lstrip("0"))
        or any(
            (way, kind) == (row[5], row[8]) and shared(natures, row[1])
            for way, kind, natures in ways
            if row[7] == "1" or not row[7] + row[11]
        )
    ]
    return named_rows or [
        number for number, row in fit if row[7] == "0" and not row[11] and row[9]
    ]
