"""One case for all that share a cause, with its reach and what would mend it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from config.cause_files import Cause
from gateway.journal import anomalies, anomaly_facts, anomaly_items, schema
from gateway.steps import cases
from routing.envelope import Summary
from routing.lifecycle import AnomalyEvent
from tests.gateway.steps import toy
from tests.gateway.steps.site import Site

CAUSES = {
    "R1": Cause(words="a line is wrong", advice="mend the line"),
    "R2": Cause(words="its block", advice="see the line", consequence=True),
}


@pytest.fixture(autouse=True)
def causes(monkeypatch: pytest.MonkeyPatch) -> None:
    def known(network: str) -> Mapping[str, Cause]:
        return CAUSES if network == "toy" else {}

    monkeypatch.setattr(cases, "known_causes", known)


def only(site: Site) -> Any:
    (found,) = site.rows(schema.anomaly)
    return found


def items(site: Site) -> dict[str, int]:
    return {row.subject: row.claims for row in site.rows(schema.anomaly_item)}


def reject(site: Site, **remarks: str) -> None:
    lines = [
        f"claim {key.replace('_', '/')} rejected 100 {key[:2]} {remark}\n"
        for key, remark in remarks.items()
    ]
    site.payer().answer("r.ret", ("TORETURN payment\n" + "".join(lines)).encode())
    site.run()


def test_rejected_claims_of_one_code_are_one_case(site: Site) -> None:
    """Over lots and clients: claims, cents, clients, software, lots, in one row."""
    site.deposit(toy.deposit("S1", "001 P1: 1=100 2=100", "002 P1: 3=100"))
    site.deposit(toy.deposit("S2", "001 P1: 1=100"), client="beta")
    site.run()
    remark = "remark=R2,R1"
    reject(site, S1_001_1=remark, S1_001_2=remark, S1_002_3=remark, S2_001_1=remark)
    case = only(site)
    assert (case.kind, case.subject) == ("claims-rejected", "payer-P1:R1")
    assert (case.claims, case.payer_id, case.client_id) == (4, "payer-P1", "")
    assert case.words == "payer-P1 rejects claims with R1: a line is wrong"
    assert case.advice == "mend the line"
    facts = json.loads(case.facts)
    assert facts["cents"] == 400
    assert facts["clients"] == {"alpha": 3, "beta": 1}
    assert facts["software"] == {"V S": 4}
    assert sorted(items(site).values()) == [1, 1, 2]
    read = site.gateway.database.read
    assert read(anomaly_items.reach, case.id) == (3, 2)


def test_a_consequence_alone_is_told_and_so_is_silence(site: Site) -> None:
    """With no root cause in the answer, what was said is all that is known."""
    site.deposit(toy.deposit("S1", "001 P1: 1=100 2=100"))
    site.run()
    reject(site, S1_001_1="remark=R2", S1_001_2="")
    subjects = {row.subject: row.words for row in site.rows(schema.anomaly)}
    assert set(subjects) == {"payer-P1:R2", "payer-P1:"}
    assert "no reason is told" in subjects["payer-P1:"]


def test_a_label_never_brings_a_long_number(site: Site) -> None:
    """What a payer writes beside a code may name a person: digits are left out."""
    site.deposit(toy.deposit("S1", "001 P1: 1=100"))
    site.run()
    reject(site, S1_001_1="remark=X1234567890123")
    assert only(site).words.endswith("label of X…")


def test_a_repeated_rejection_counts_nothing(site: Site) -> None:
    """The same word again touches no claim more."""
    site.deposit(toy.deposit("S1", "001 P1: 1=100"))
    site.run()
    reject(site, S1_001_1="remark=R1")
    reject(site, S1_001_1="remark=R1,R9")
    assert only(site).claims == 1


def test_a_case_that_was_resolved_opens_with_the_next_claim(site: Site) -> None:
    """What was mended and happens again is not forgotten."""
    site.deposit(toy.deposit("S1", "001 P1: 1=100 2=100"))
    site.run()
    reject(site, S1_001_1="remark=R1")
    _resolve(site)
    reject(site, S1_001_2="remark=R1")
    assert (only(site).state, only(site).claims) == ("open", 2)


def _resolve(site: Site) -> None:
    site.gateway.database.write(
        "resolve",
        lambda tx: anomalies.move(
            tx, only(site).id, AnomalyEvent.RESOLVE, by="lea", resolution="mended"
        ),
    )


def test_refused_lots_are_one_case_by_problem_and_software(site: Site) -> None:
    """Two clients with the same software and the same problem: one case."""
    site.deposit(toy.deposit("S1", "001 P1 BAD: 1=100 2=100"))
    site.deposit(toy.deposit("S2", "001 P1 BAD: 1=100"), client="beta")
    site.run()
    case = only(site)
    assert (case.kind, case.seen, case.claims) == ("lot-refused", 2, 3)
    assert case.client_id == ""
    assert json.loads(case.facts)["field"] == "LOT"
    assert len(items(site)) == 2


def test_unreadable_deposits_of_one_cause_and_client_are_one_case(site: Site) -> None:
    """Its files are listed; another client's are another case."""
    site.deposit(b"\x00 one")
    site.deposit(b"\x00 two")
    site.run()
    case = only(site)
    assert (case.kind, case.seen, case.subject) == (
        "deposit-unreadable",
        2,
        "unknown-format:alpha",
    )
    assert set(items(site)) == {row.id for row in site.rows(schema.deposit)}
    site.deposit(b"\x00 three", client="beta")
    site.run()
    assert len(site.rows(schema.anomaly)) == 2


def test_damaged_deposits_of_one_cause_and_client_are_one_case(site: Site) -> None:
    """With the files behind it; another error, or client, is another case."""
    for client in ("alpha", "alpha", "beta", "alpha"):
        number = len(site.rows(schema.deposit))
        site.deposit(toy.deposit(f"S{number}", "001 P1: 1=100"), client=client)
    damaged = sorted(site.rows(schema.deposit), key=lambda row: str(row.client_id))
    summary = Summary(format="toy", records=3, lots=1, claims=2, errors=1, warnings=0)
    codes = ["no-end", "no-end", "no-lot", "no-end"]  # three of alpha, one of beta

    def tell(tx: Any) -> None:
        for row, code in zip(damaged, codes, strict=True):
            told = (row, summary, code, "errors outside its lots (1)")
            cases.deposit_damaged(tx, site.entropy, *told)

    site.gateway.database.write("raise", tell)
    found = {(row.subject, row.seen, row.claims) for row in site.rows(schema.anomaly)}
    assert found == {
        ("no-end:toy:alpha:V S", 2, 4),
        ("no-end:toy:beta:V S", 1, 2),
        ("no-lot:toy:alpha:V S", 1, 2),
    }
    assert items(site) == {row.id: 2 for row in damaged}


@pytest.mark.parametrize(
    "content", [b"\x00 one", toy.deposit("S1", "001 P1 BAD: 1=100")]
)
def test_the_same_bytes_open_a_resolved_case_again(site: Site, content: bytes) -> None:
    """A client that sends the same bad file once more has still the same trouble."""
    site.deposit(content)
    site.run()
    _resolve(site)
    assert site.deposit(content).repeated
    site.run()
    assert (only(site).state, only(site).seen) == ("open", 2)
    assert len(items(site)) == 1


def test_only_the_newest_behind_a_case_are_kept(site: Site) -> None:
    """Thousands of lots are counted; the newest are listed."""
    many = {f"d{number:06}-1": 1 for number in range(anomaly_items.MOST + 200)}

    def write(tx: Any) -> None:
        anomalies.raise_(
            tx,
            site.entropy,
            kind="lot-held",
            severity=anomalies.ERROR,
            subject="s",
            words="w",
            claims=len(many),
            items=many,
        )

    site.gateway.database.write("raise", write)
    assert only(site).claims == len(many)
    kept = items(site)
    assert len(kept) == anomaly_items.MOST
    assert max(many) in kept


def test_facts_of_many_are_added_up_and_stay_small() -> None:
    """Numbers are summed name by name; what counts least goes under others."""
    found: dict[str, Any] = {}
    for number in range(40):
        new = {"code": "c", "cents": 5, "clients": {f"c{number:02}": number + 1}}
        found = anomaly_facts.merged(found, new)
    assert (found["code"], found["cents"]) == ("c", 200)
    assert len(found["clients"]) == 21
    assert sum(found["clients"].values()) == sum(range(1, 41))
    assert found["clients"]["c39"] == 40
