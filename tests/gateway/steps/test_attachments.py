"""Supporting documents: deposited, looked into, tied to their claim, sent behind it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing

import pytest

from gateway.inspection import Scan
from gateway.journal import attachments, schema
from gateway.steps import attach
from protocols.errors import PayerUnavailable
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
    deposit_claims(site, rng, sender)
    return sender


def deposit_claims(site: Site, rng: random.Random, sender: SenderFacts) -> None:
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


def test_a_document_that_comes_first_waits_for_its_claim(site: Site) -> None:
    """Before its claim it raises nothing; after five days a person sees it."""
    rng = random.Random(8)
    sender = make_sender(rng)
    document = send(site, sender)
    site.run()
    assert lot(site, document) == ("held", attachments.WAITS)
    assert not site.anomalies()
    site.at += 6 * 86_400
    site.run()
    assert site.anomalies() == {"attachment-stranded": "open"}
    deposit_claims(site, rng, sender)
    site.run()
    respond(site, Caisse(faults=Faults()), rng, set())
    site.run()
    site.at += 3601
    site.settle()
    assert lot(site, document)[0] == "sent"
    assert site.anomalies()["attachment-stranded"] == "resolved"


def test_a_document_never_follows_the_claim_of_another_client(site: Site) -> None:
    """Whoever knows another's numbers has nothing sent behind that claim."""
    rng = random.Random(9)
    document = send(site, bill(site, rng), client="beta")
    site.run()
    respond(site, Caisse(faults=Faults()), rng, set())
    site.settle()
    assert lot(site, document) == ("held", attachments.WAITS)
    row = site.row(schema.attachment)
    assert row is not None
    assert row.about_lot is None


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (b'{"pages": 1, "pdfa": "1B", "page": [{"dpi": 72}]}', "resolution"),
        (None, "not-examined"),
    ],
    ids=["resolution", "not-examined"],
)
def test_a_document_that_breaks_a_rule_is_refused_and_never_sent(
    site: Site, monkeypatch: pytest.MonkeyPatch, told: bytes | None, code: str
) -> None:
    """It is kept; its client has the reason, and having it replayed does not send it."""
    monkeypatch.setattr(attach, "check", lambda *_: told)
    rng = random.Random(10)
    document = send(site, bill(site, rng))
    site.run()
    respond(site, Caisse(faults=Faults()), rng, set())
    site.settle()
    assert lot(site, document) == ("refused", "bad-content")
    (problem,) = site.rows(schema.problem)
    assert problem.code == code
    deposit = site.row(schema.deposit, schema.deposit.c.errors > 0)
    assert deposit is not None
    assert code.encode() in deposit.report
    assert "lot-refused" in site.anomalies()


def test_what_a_virus_scanner_finds_is_kept_and_never_sent(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scanner that cannot say has the document wait; one that finds ends it."""
    words = iter([Scan(None, "clamd: exit 2"), Scan(False, "clamd: Eicar FOUND")])
    monkeypatch.setattr(attach, "scan", lambda *_: next(words))
    document = send(site, bill(site, random.Random(11)))
    site.run()
    assert lot(site, document) == ("held", attachments.WAITS)
    assert site.anomalies() == {"attachment-stranded": "open"}
    site.at += 61
    site.run()
    assert lot(site, document) == ("refused", "bad-content")
    row = site.row(schema.attachment)
    assert row is not None
    assert row.scan == "clamd: Eicar FOUND"


def test_a_document_whose_name_says_nothing_is_told_how_to_be_named(site: Site) -> None:
    """It is receipted and kept, and refused with the name that is wanted."""
    stored = site.deposit(PDF, name="scan0001.pdf")
    site.run()
    row = site.row(schema.deposit, schema.deposit.c.id == stored.deposit)
    assert row is not None
    assert row.state == "unreadable"
    (problem,) = site.rows(schema.problem)
    assert problem.code == "unnamed-document"
    assert "scor_SENDER_LOT_INVOICE.pdf" in problem.message


def test_documents_are_tried_for_five_days_and_then_go_on_paper(site: Site) -> None:
    """The payer's own patience with files, one day here, does not count for them."""
    rng = random.Random(12)
    document = send(site, bill(site, rng))
    site.run()
    respond(site, Caisse(faults=Faults()), rng, set())
    side = site.payer(CODE)
    side.faults = [PayerUnavailable("the line is dead") for _ in range(200)]
    site.run()
    site.settle(1)
    site.at += 100 * 3600
    site.run()
    assert lot(site, document)[0] == "gathered"
    assert "dispatch-refused" not in site.anomalies()
    site.at += 5 * 86_400
    site.run()
    (case,) = site.rows(schema.anomaly, schema.anomaly.c.kind == "dispatch-refused")
    assert "paper" in case.words
    side.faults.clear()


def test_a_document_that_its_payer_refuses_is_shown(site: Site) -> None:
    """Its own negative word is tied to it, told to its client, and raised."""
    rng, seen = random.Random(13), set[str]()
    document = send(site, bill(site, rng))
    site.run()
    respond(site, Caisse(faults=Faults()), rng, seen)
    site.settle()
    respond(site, Caisse(faults=Faults(refused=1.0)), rng, seen)
    site.run()
    row = site.row(schema.lot, schema.lot.c.id == document)
    assert row is not None
    assert (row.state, row.account) == ("answered", "rejected")
    assert site.anomalies() == {"claims-rejected": "open"}
    assert any(b"SIM9" in each for each in site.handed_back("alpha"))


def test_a_program_that_ends_while_it_looks_looks_again(site: Site) -> None:
    """A crash before or behind the look costs time, and never the document."""
    rng = random.Random(14)
    document = send(site, bill(site, rng))
    site.run("split", "route")
    for place in (0, 1):
        assert site.dies(lambda: site.run("attach"), place)
        site.at += 121
    site.settle()
    respond(site, Caisse(faults=Faults()), rng, set())
    site.settle()
    assert lot(site, document)[0] == "sent"
