"""`octway trace` of a claim and of its supporting document."""

from __future__ import annotations

from tests.gateway.cli.installation import Installation
from tests.protocols.sesam.scans import scan


def test_a_claim_shows_its_documents_and_each_document_its_way(
    installed: Installation,
) -> None:
    """With the real checker: a scan follows its claim, another is refused in words."""
    installed.deposit("facture.b2", installed.billing_file(invoices=1))
    number = installed.sender.number
    installed.deposit(f"scor_{number}_11_101.pdf", scan())
    installed.deposit(f"scor_{number}_11_101_2.pdf", scan(dpi=100))
    installed.work()
    claim = f"{number}_11_101"
    waits = installed.octway("trace", f"scor_{claim}.pdf")
    assert "the payer has not acknowledged its claim's lot yet" in waits.out
    assert "a document goes once its claim is acknowledged" in waits.out
    bad = installed.octway("trace", f"scor_{claim}_2.pdf")
    assert "page 1: the page is scanned at 100 dots per inch" in bad.out
    installed.answer("arl")
    installed.work()
    installed.time += 120
    installed.work()
    installed.answer("arl")
    installed.work()
    documents = installed.octway("trace", "000000101", "--json").facts["documents"]
    assert [each["state"] for each in documents] == ["answered", "refused"]
    shown = installed.octway("trace", "000000101").out
    assert "Supporting documents" in shown
    assert (
        "not scanned: no scanner is set"
        in installed.octway("trace", f"scor_{claim}.pdf").out
    )
    assert installed.octway("verify").status == 0
