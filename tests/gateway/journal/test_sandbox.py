"""What a payer of the sandbox was given and owes is rows; sandboxes are in no real count."""

from __future__ import annotations

from functools import partial

from sqlalchemy import insert, select

from gateway.committing import Tx
from gateway.journal import anomalies, clients, sandbox, schema
from gateway.journal.apart import is_real, of_real_client, real_anomaly
from gateway.journal.sandbox import Coming
from gateway.storage.local import Place
from gateway.storage.payloads import StoredPayload
from gateway.storage.vault import WrappedKey
from tests.gateway.journal.desk import Desk

HERE = "sandbox~acme-test~caisse-nord"


def ready(desk: Desk) -> list[str]:
    return [row.name for row in desk.database.read(sandbox.ready, desk.at, HERE)]


def test_a_file_is_taken_once_and_answered_in_time(desk: Desk) -> None:
    """Tries are counted; what comes is there when it is due, until it is removed."""
    assert desk.write(sandbox.tried, HERE, "f1") == 1
    assert desk.write(sandbox.tried, HERE, "f1") == 2
    assert desk.database.read(sandbox.file, HERE, "f1") is None
    stored = StoredPayload(
        id="p1",
        sha256="0" * 64,
        size=3,
        place=Place("segment", 0),
        key=WrappedKey(key_id="k1", wrapped=b"x"),
    )

    def take(tx: Tx) -> None:
        values = {"id": "p1", "sha256": "0" * 64, "size": 3, "place": "segment"}
        values |= {"place_offset": 0, "key_id": "k1", "wrapped_key": b"x"}
        tx.connection.execute(insert(schema.payload), values | {"created_at": tx.now})
        sandbox.taken(
            tx,
            HERE,
            "f1",
            3,
            lot_key="L1",
            answered_at=desk.at + 60.0,
            coming=[Coming("r1", stored, desk.at + 60.0)],
        )

    desk.write(take)
    assert desk.database.read(sandbox.file, HERE, "f1") is not None
    assert desk.database.read(sandbox.file_of_lot, HERE, "L1") is not None
    assert desk.database.read(sandbox.file_of_lot, HERE, "") is None
    assert ready(desk) == []
    desk.write(sandbox.hurry, HERE, "L1")
    assert ready(desk) == ["r1"]
    desk.write(sandbox.removed, HERE, "r1")
    assert ready(desk) == []


def test_what_is_of_a_sandbox_is_told_apart(desk: Desk) -> None:
    """By the payer, the subject or the client; what has none of them is real."""
    for name, test in (("acme", False), ("acme-test", True)):
        desk.write(
            lambda tx, name=name, test=test: clients.add(
                tx, name, name="", vendor="", software="", test=test
            )
        )
    raised = {
        "payer": (HERE, "", "1"),
        "subject": ("", "", f"lot-held:{HERE}"),
        "client": ("", "acme-test", "2"),
        "real": ("caisse-nord", "acme", "3"),
        "nobody's": ("", "", "4"),
    }
    for words, (payer, client, subject) in raised.items():
        desk.write(
            partial(
                anomalies.raise_,
                entropy=desk.entropy,
                kind="lot-held",
                severity="error",
                subject=subject,
                payer=payer,
                client=client,
                words=words,
            )
        )
    table = schema.anomaly.c
    real = desk.database.read(
        lambda each: set(
            each.execute(select(table.words).where(real_anomaly())).scalars()
        )
    )
    assert real == {"real", "nobody's"}
    account = schema.client.c.id
    names = desk.database.read(
        lambda each: list(
            each.execute(
                select(account).where(of_real_client(account), is_real(account))
            ).scalars()
        )
    )
    assert "acme-test" not in names
    assert "acme" in names
