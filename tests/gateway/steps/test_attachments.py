"""Supporting documents: deposited, looked into, tied to their claim, sent behind it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing

import pytest

from gateway.journal import attachments, schema
from gateway.steps import attach
from protocols.sesam.attachment_container import read_container
from protocols.sesam.network import SESAM
from protocols.sesam.payer_simulator import Caisse, Faults
from protocols.sesam.sample_maker import SenderFacts, make_file, make_sender
from tests.gateway.steps.site import Site
from tests.gateway.steps.test_sesam import CODE, FUND, day, respond

GOOD = b'{"pages": 1, "pdfa": "1B", "page": [{"dpi": 200}]}'
PDF = b"%PDF-1.4 an invented prescription"
INVOICE = "000000001"


@pytest.fixture
def site(engine: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(attach, "check", lambda *_: GOOD)
    with closing(Site(engine, network=SESAM, payers=(CODE,))) as made:
        made.change(CODE, rules={"regime": "01", "organism": "995", "centre": "000"})
        for client in ("alpha", "beta"):
            made.client(client)
        yield made
        made.check()


def bill(site: Site, rng: random.Random) -> SenderFacts:
    sender = make_sender(rng)
    content = make_file(
        rng,
        sender=sender,
        lots=1,
        invoices_per_lot=1,
        day=day(site),
        fund=FUND,
        first_invoice=1,
    )
    site.deposit(content)
    return sender


def send(site: Site, sender: SenderFacts, client: str = "alpha") -> str:
    """Deposit a document about the first invoice; return its lot."""
    name = f"scor_{sender.number}_1_1.pdf"
    return f"{site.deposit(PDF, client=client, name=name).deposit}-1"


def lot(site: Site, name: str) -> tuple[str, str]:
    row = site.row(schema.lot, schema.lot.c.id == name)
    assert row is not None
    return row.state, row.cause


def test_a_document_follows_its_claim_once_that_is_acknowledged(site: Site) -> None:
    """It waits for the payer's word on the lot, goes, and has its own word back."""
    rng, seen = random.Random(7), set[str]()
    caisse = Caisse(faults=Faults())
    document = send(site, bill(site, rng))
    site.run()
    assert lot(site, document) == ("held", attachments.WAITS)
    assert len(site.payer(CODE).files()) == 1
    respond(site, caisse, rng, seen)
    site.settle()
    (package,) = [
        each for each in site.payer(CODE).files().values() if each[:2] == b"PK"
    ]
    packed = read_container(package)
    assert packed is not None
    assert [each.invoice for each in packed[1]] == [INVOICE]
    assert lot(site, document)[0] == "sent"
    respond(site, caisse, rng, seen)
    site.settle()
    assert lot(site, document)[0] == "answered"
    assert set(site.states(schema.dispatch)) == {"answered"}
    assert set(site.states(schema.expectation)) == {"met"}
