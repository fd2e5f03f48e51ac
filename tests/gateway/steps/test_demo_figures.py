"""What the demo counts of lots that are taken back to be sent again."""

from __future__ import annotations

from gateway.journal import replay, schema
from gateway.simulator.demo_figures import count
from tests.gateway.steps.site import Site


def test_what_was_sent_once_stays_sent_while_it_is_sent_again(site: Site) -> None:
    """The count of claims sent never goes down, and none is counted twice."""
    site.deposit(b"TOY S1\nLOT 001 P1\nINV 1 1000\nINV 2 500\n")
    site.run()
    (lot,) = site.rows(schema.lot)

    def sent() -> int:
        return site.gateway.database.read(
            lambda connection: count(connection, site.at).sent_claims
        )

    assert sent() == 2
    site.payer("P1").lost.add(site.rows(schema.dispatch)[0].filename)
    site.gateway.database.write(
        "again", lambda tx: replay.lot(tx, lot.id, by="lea", resend=True)
    )
    assert [row.state for row in site.rows(schema.lot)] == ["new"]
    assert sent() == 2
    site.run()
    assert len(site.rows(schema.dispatch)) == 2
    assert sent() == 2
