"""The API against its own document, with requests that nobody thought of.

Each operation is called with data that fits the document and with data that does
not, on things that are there and on any other.  The door is the real one, in
memory, so that a case costs milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from attrs import frozen
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.gateway.api.door import Door
from tests.gateway.api.wsgi import application
from tests.gateway.furnished import give_back, owes, problem, send, split
from tests.gateway.house import House
from tests.gateway.webhooks.vendor import Vendor

CASES = 4  # of each operation and kind
KINDS = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
BEYOND_SCHEMA = {"after", "since", "filename", "url"}  # cursors, times, names, places
TAKES_IMAGES = "POST /v1/payers/decode"  # and bytes are seldom one
SAYS_NOT_YET = "POST /v1/direct/{flow}"  # with 501
SETTINGS = settings(
    max_examples=CASES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@frozen
class Site:
    """A door, its document, a client's token, and names of what this client has."""

    door: Door
    document: Any
    token: str
    there: dict[str, str]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Give a door with a client that has a little of everything."""
    house = House()
    door = Door(house)
    alpha = house.client("alpha")
    token = house.token("alpha")
    deposit = house.deposit(alpha, "a.b2", b"x").deposit
    (lot,) = split(house, "alpha", deposit, [2], [problem(1)])
    send(house, [lot], [owes(house, 1)])
    there = {
        "deposits": deposit,
        "returns": give_back(house, "alpha", "r.noe", b"r", [lot]),
        "webhooks": Vendor(house).add("alpha"),
    }
    document = schemathesis.openapi.from_wsgi("/openapi.json", application(door))
    yield Site(door, document, token, there)
    house.close()


def strategies(site: Site, operation: Any) -> Iterator[Any]:
    """Give the ways in which cases of an operation are made."""
    name = next((each for top, each in site.there.items() if top in operation.path), "")
    there = {"id": name} if name and "{id}" in operation.path else None
    for kind in KINDS:
        yield operation.as_strategy(kind, path_parameters=there)
    if there:
        yield operation.as_strategy()


def exceptions(operation: Any) -> list[Any]:
    """Name the checks that an operation breaks on purpose."""
    body = operation.definition.raw.get("requestBody", {}).get("content", {})
    members = body.get("application/json", {}).get("schema", {}).get("properties", {})
    names = {each.name for each in operation.iter_parameters()} | set(members)
    if operation.label == SAYS_NOT_YET:
        return [not_a_server_error]
    beyond = names & BEYOND_SCHEMA or operation.label == TAKES_IMAGES
    return [positive_data_acceptance] if beyond else []


def test_every_answer_is_as_documented(site: Site, subtests: pytest.Subtests) -> None:
    """No failure of ours, no status, type, header or body that is not documented.

    What fits is not refused for its form, what does not fit is, and nothing is
    answered without a login that needs one.
    """
    headers = {"Authorization": f"Bearer {site.token}"}

    def check(case: Any) -> None:
        case.call_and_validate(
            headers=headers, excluded_checks=exceptions(case.operation)
        )

    for result in site.document.get_all_operations():
        operation = result.ok()
        with subtests.test(operation.label):
            for strategy in strategies(site, operation):
                try:
                    SETTINGS(given(case=strategy)(check))()
                except Unsatisfiable:  # there is nothing about it that could be wrong
                    continue
