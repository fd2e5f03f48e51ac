"""Payment commitments: kept for the client who asked, found by patient, never shown."""

from __future__ import annotations

import json

from gateway.journal import commitments, schema
from routing.commitment import Promise
from tests.gateway.steps.site import Site

ASKED = "LOT 001 P1\nINV 1 0\n"
BILLED = "LOT 002 P1\nINV 1-a 1000\nINV 2-a 2000\n"
PROMISE = "promise=P1/2026-11-01/2026-12-01/S11"
WARN = {"commitments": "warn"}


def ask(site: Site, promise: str = PROMISE) -> None:
    """Send a question for patient 1 of sender S1, and have it answered."""
    site.deposit(f"TOY S1\n{ASKED}".encode())
    site.run()
    said = f"TORETURN payment\nclaim S1/001/1 accepted 0 S1 {promise}\n"
    site.payer().answer("answer.r", said.encode())
    site.run()


def bill(site: Site, client: str = "alpha") -> dict[str, list[str]]:
    """Deposit two invoices; return the warnings of the report by code."""
    stored = site.deposit(f"TOY S1\n{BILLED}".encode(), client=client)
    site.run()
    (row,) = site.rows(schema.deposit, schema.deposit.c.id == stored.deposit)
    report = json.loads(row.report)
    found: dict[str, list[str]] = {}
    for each in report["problems"]:
        assert each["severity"] == "warning"
        found.setdefault(each["code"], []).append(each["message"])
    assert report["warnings"] == sum(map(len, found.values()))
    assert report["valid"]
    return found


def test_what_a_payer_promises_is_kept_once(site: Site) -> None:
    """The same return read again, or the same answer in another, adds nothing wrong."""
    ask(site)
    (row,) = site.rows(schema.commitment)
    assert (row.client_id, row.sender, row.payer_code) == ("alpha", "S1", "P1")
    assert (row.communicated_on, row.valid_until) == ("2026-11-01", "2026-12-01")
    assert "S11" not in str(row)
    (returned,) = site.rows(schema.payer_return)
    table = schema.payer_return
    site.gateway.database.write(
        "again",
        lambda tx: tx.connection.execute(table.update().values(state="stored")),
    )
    site.run()
    assert len(site.rows(schema.commitment)) == 1
    assert returned.matched == 1


def test_an_invoice_without_one_is_warned_of_where_the_payer_asks(site: Site) -> None:
    site.change("P1", rules=WARN)
    ask(site)
    (message,) = bill(site)["commitment-unknown"]
    assert "invoice 2-a to P1, care of 2026-11-02: no payment commitment" in message


def test_no_payer_asks_no_warning(site: Site) -> None:
    assert bill(site) == {}


def test_one_that_ran_out_says_when(site: Site) -> None:
    site.change("P1", rules=WARN)
    ask(site, "promise=P1/2026-09-01/2026-10-01/S11")
    said = bill(site)["commitment-unknown"]
    assert "of 2026-09-01 was valid until 2026-10-01" in said[0]


def test_one_of_another_payer_does_not_count(site: Site) -> None:
    site.change("P1", rules=WARN)
    ask(site, "promise=P2/2026-11-01/2026-12-01/S11")
    said = bill(site)["commitment-unknown"]
    assert "the only payment commitments known are of P2" in said[0]


def test_one_clients_commitment_is_nothing_to_another(site: Site) -> None:
    site.change("P1", rules=WARN)
    ask(site)
    assert len(bill(site, client="beta")["commitment-unknown"]) == 2


def test_the_one_that_serves_an_invoice_is_found(site: Site) -> None:
    ask(site)
    bill(site)
    lot = site.rows(schema.lot, schema.lot.c.number == "002")[0].id
    read = site.gateway.database.read
    found = read(commitments.of_claim, lot, 1)
    assert found == Promise("P1", "2026-11-01", "2026-12-01")
    assert read(commitments.of_claim, lot, 2) is None


def test_those_that_end_soon_are_listed(site: Site) -> None:
    ask(site)
    read = site.gateway.database.read

    def ending(since: str, until: str, sender: str | None = None) -> int:
        listed = read(
            commitments.ending, since=since, until=until, sender=sender, most=10
        )
        counted = read(
            commitments.count_ending, since=since, until=until, sender=sender
        )
        assert len(listed) == counted
        return counted

    assert ending("2026-11-28", "2026-12-05") == 1
    assert ending("2026-11-28", "2026-12-05", "S1") == 1
    assert ending("2026-11-28", "2026-12-05", "S2") == 0
    assert ending("2026-11-01", "2026-11-30") == 0
    assert ending("2026-12-02", "2027-01-01") == 0
