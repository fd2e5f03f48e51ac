"""The API's documents say what it does."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from gateway.api.problems import PROBLEM_CODES
from tests.gateway.api.door import Door
from tests.gateway.furnished import give_back, owes, problem, send, split
from tests.gateway.house import House


class DocumentTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.door = Door(self.house)
        self.document = self.door.get("/openapi.json").json()

    def test_every_route_is_documented(self) -> None:
        """What is served is in the document, and nothing else is."""
        documented = {
            (method.upper(), path)
            for path, methods in self.document["paths"].items()
            for method in methods
        }
        served = {(each.method, each.path) for each in self.door.routes.routes}

        assert self.document["openapi"] == "3.1.0"
        assert documented == served

    def test_every_reference_leads_somewhere(self) -> None:
        """Generators of clients find each schema that is named."""
        schemas = self.document["components"]["schemas"]
        named = set(re.findall(r"#/components/schemas/(\w+)", str(self.document)))

        assert named <= set(schemas)

    def test_places_in_paths_are_parameters(self) -> None:
        """Each {place} of a path is declared, and required."""
        for path, methods in self.document["paths"].items():
            for operation in methods.values():
                declared = {
                    each["name"]
                    for each in operation["parameters"]
                    if each["in"] == "path" and each["required"]
                }
                assert declared == set(re.findall(r"{(\w+)}", path)), path

    def test_answers_are_as_documented(self) -> None:
        """Each answer has the members that its schema promises, of their types."""
        alpha = self.house.client("alpha")
        token = self.house.token("alpha")
        deposit = self.house.deposit(alpha, "a.b2", b"x").deposit
        (lot,) = split(self.house, "alpha", deposit, [2], [problem(1)])
        send(self.house, [lot], [owes(self.house, 1)])
        returned = give_back(self.house, "alpha", "r.noe", b"r", [lot])
        self.house.seal()
        asked = {
            "/v1/deposits": "/v1/deposits",
            "/v1/deposits/{id}": f"/v1/deposits/{deposit}",
            "/v1/deposits/{id}/receipt": f"/v1/deposits/{deposit}/receipt",
            "/v1/returns": "/v1/returns",
            "/v1/returns/{id}": f"/v1/returns/{returned}",
            "/v1/returns/{id}/answers": f"/v1/returns/{returned}/answers",
            "/v1/receipts": "/v1/receipts",
            "/v1/receipts/{id}": "/v1/receipts/chain-1",
            "/v1/payers": "/v1/payers",
        }
        for template, path in asked.items():
            reply = self.document["paths"][template]["get"]["responses"]["200"]
            schema = reply["content"]["application/json"]["schema"]
            self.check(schema, self.door.get(path, token).json(), template)

    def check(self, schema: Any, value: Any, where: str) -> None:
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            schema = self.document["components"]["schemas"][name]
        types = schema.get("type")
        types = types if isinstance(types, list) else [types]
        kinds = {
            "object": dict,
            "array": list,
            "string": str,
            "integer": int,
            "boolean": bool,
            "null": type(None),
        }
        assert isinstance(value, tuple(kinds[each] for each in types)), (where, value)
        if isinstance(value, list):
            for each in value:
                self.check(schema["items"], each, f"{where}[]")
        if isinstance(value, dict) and "properties" in schema:
            assert set(schema.get("required", [])) <= set(value), where
            for name, each in value.items():
                if (
                    schema.get("additionalProperties")
                    and name not in schema["properties"]
                ):
                    continue
                assert name in schema["properties"], (where, name)
                self.check(schema["properties"][name], each, f"{where}.{name}")

    def test_the_page_loads_nothing(self) -> None:
        """The page is whole: no script, no address elsewhere, and a policy."""
        got = self.door.get("/docs")
        page = got.body.decode()
        style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)

        assert got.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "<script" not in page
        assert not re.search(r'(src|href)="(https?:)?//', page)
        assert style is not None
        digest = hashlib.sha256(style[1].encode()).digest()
        policy = got.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert base64.b64encode(digest).decode() in policy
        for route in self.door.routes.routes:
            assert route.path in page

    def test_every_problem_can_be_read_about(self) -> None:
        """The type of a problem leads to a page that explains it."""
        for code, kind in PROBLEM_CODES.items():
            got = self.door.get(f"/problems/{code}")
            assert got.status == 200
            assert kind.title.encode() in got.body
        assert self.door.get("/problems/none").status == 404

    def test_payers_are_shown_as_loaded(self) -> None:
        """The directory in force is told with its version."""
        self.house.client("alpha")
        body = self.door.get("/v1/payers", self.house.token("alpha")).json()

        assert body["directory"] == self.house.directory.version
        assert (body["items"], body["next"]) == ([], None)

    def test_no_exchange_answers_at_once_yet(self) -> None:
        """The reserved call says so plainly, and which flows there are."""
        self.house.client("alpha")
        token = self.house.token("alpha")
        got = self.door.post("/v1/direct/eligibility", b"{}", token)

        assert (got.status, got.json()["flows"]) == (501, [])
        assert got.json()["code"] == "no-synchronous-exchange"
