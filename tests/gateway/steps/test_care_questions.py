"""Questions about patients go their whole way: asked, answered, and owed until decided."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO

import pytest

from config.directory_records import Expects, Within
from gateway.journal import schema
from protocols.mycarenet.network import MYCARENET
from routing import profile
from tests.gateway.steps.site import Site
from tests.protocols.mycarenet.care_files import (
    insurability,
    palliative_answer,
    question,
)
from tests.protocols.mycarenet.efact_files import sending

UNION = "300"
DAY = 86_400.0
EXPECTS = (
    Expects("decision", "claim", "insurability", Within(0, DAY), Within(0, DAY)),
    Expects("reply", "lot", "notification", Within(0, 2 * DAY), Within(0, DAY)),
    Expects("decision", "claim", "notification", Within(0, 32 * DAY), Within(0, DAY)),
)


@pytest.fixture
def site(engine: str) -> Iterator[Site]:
    with closing(Site(engine, network=MYCARENET, payers=(UNION,))) as made:
        flows = ("billing", "insurability", "agreement", "notification")
        rules = {"commitments": "warn"}
        made.change(UNION, flows=flows, expects=EXPECTS, rules=rules)
        made.client("alpha")
        yield made
        made.check()


def ask(site: Site, content: bytes) -> None:
    site.deposit(content)
    site.run()
    assert list(site.payer(UNION).files().values())[-1] == content


def answer(site: Site, content: bytes) -> None:
    site.payer(UNION).answer(f"{site.at}.txt", content)
    site.run()


def owed(site: Site) -> dict[str, str]:
    return {row.kind: row.state for row in site.rows(schema.expectation)}


def test_a_profile_may_owe_what_the_rules_ask_for(site: Site) -> None:
    """A reply soon, and a decision that may stay open for the doctor's thirty days."""
    assert list(profile.problems(site.entries[UNION], MYCARENET.answer_kinds)) == []


def test_an_answer_on_insurability_covers_the_invoices_of_its_patient(
    site: Site,
) -> None:
    """Of two patients billed one was asked about: the other one is warned of."""
    content = sending(invoices=2)
    (lot,) = MYCARENET.read(BytesIO(content), "mycarenet.920000").lots()
    asked, unasked = lot.claims
    ask(site, question(patient=asked.patient))
    assert owed(site) == {"decision": "open"}
    told = insurability(day="2026-11-01", patient=asked.patient)
    answer(site, told)
    assert owed(site) == {"decision": "met"}
    (kept,) = site.rows(schema.commitment)
    assert (kept.payer_code, kept.valid_until) == (UNION, "2026-12-01")
    assert site.handed_back("alpha") == [told]
    stored = site.deposit(content)
    site.run()
    (row,) = site.rows(schema.deposit, schema.deposit.c.id == stored.deposit)
    problems = json.loads(row.report)["problems"]
    (warned,) = [each for each in problems if each["code"] == "commitment-unknown"]
    assert warned["record"] == unasked.record
    assert asked.patient not in row.report.decode()


def test_a_palliative_refusal_stays_open_until_the_doctor_has_notified(
    site: Site,
) -> None:
    """The reply came, the decision is still owed; then the payer accepts after all."""
    ask(site, question("420000"))
    assert owed(site) == {"reply": "open", "decision": "open"}
    answer(site, palliative_answer("5", "901"))
    assert owed(site) == {"reply": "met", "decision": "open"}
    site.at += 20 * DAY
    site.run()
    assert owed(site)["decision"] == "open"
    answer(site, palliative_answer("1"))
    assert owed(site) == {"reply": "met", "decision": "met"}
    (claim,) = site.rows(schema.claim)
    assert claim.account == "accepted"


def test_a_palliative_refusal_that_nobody_puts_right_is_missed(site: Site) -> None:
    ask(site, question("420000"))
    answer(site, palliative_answer("5", "901"))
    site.at += 34 * DAY
    site.run()
    assert owed(site)["decision"] == "missing"


def test_any_other_refusal_ends_it(site: Site) -> None:
    ask(site, question("420000"))
    answer(site, palliative_answer("5", "902"))
    assert owed(site) == {"reply": "met", "decision": "met"}
    (claim,) = site.rows(schema.claim)
    assert claim.account == "rejected"
