"""Writes a journal that a node has worked on for a year, into either engine.

A deposit has one lot of two claims, and of the newest fifth all is there: payload, moves,
events, expectations, answers.  Nearly all of it is over: split, answered, paid, told, handed back and chained.  What
is still under way are the newest thousands.  The books balance; hashes, receipts and
signatures are padding of their usual size, since nothing at a start reads them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.schema import CreateIndex, DropIndex

from gateway.journal import dialect, schema
from gateway.journal.cohorts import Cohort, Count
from gateway.journal.dialect import is_sqlite
from gateway.journal.schema_owed import SENT

CHAIN: Final = "node-1"  # the node's that `octway init` writes
DAY: Final = 86_400.0
YEAR: Final = 365 * DAY
DETAILED: Final = 5  # one deposit in so many, the newest, has all that belongs to it
EVENTS: Final = 4  # of a deposit
_SQLITE_CACHE: Final = -1_000_000  # kilobytes, negative as SQLite wants it
_FROM: Final = re.compile(r"\{from:(\w+):(\w+)\}")
_SERIES: Final = "generate_series(CAST({0} AS bigint), {1}) s(n)"
_SERIES_LITE: Final = (
    "(WITH RECURSIVE c(n) AS (SELECT {0} UNION ALL SELECT n + 1 FROM c WHERE n < {1}) "
    "SELECT n FROM c) s"
)
_VALUE: Final = re.compile(r"(?<!:):([a-z_]+)")
_FIXED: Final = """
INSERT INTO client (id, name, vendor, software, created_at)
SELECT 'client-' || n, 'Cabinet ' || n, 'Vendor ' || (n % 9), 'S 1', :begin
FROM {from:0:199};
INSERT INTO sender (network, number, client_id, name, created_at)
SELECT 'sesam', 'S' || n, 'client-' || (n % 200), 'Docteur Nom' || n, :begin
FROM {from:0:4999};
INSERT INTO event_chain (chain, seq, hash) VALUES (:chain, :events, :hash);
INSERT INTO receipt_mark (chain, seq) VALUES (:chain, :events);
INSERT INTO webhook_place (chain, seq) VALUES (:chain, :events)
"""
_GROWING: Final = """
INSERT INTO payload (id, sha256, size, place, place_offset, key_id, wrapped_key, created_at)
SELECT 'p' || (1000000000 + n), {hash}, 20000, 'segments/s' || (n / 50000), n % 50000 * 20000,
    'k', :key, :begin + n * :step
FROM {from:first:last};
INSERT INTO deposit (id, client_id, payload_id, channel, filename, sha256, size,
    received_at, receipt, state, network, format, records, lots, claims, split_at, arrived)
SELECT 'd' || (1000000000 + n), 'client-' || (n % 200), 'p' || (1000000000 + CASE WHEN n < :first
    THEN :first ELSE n END), 'sftp', 'facture-' || n || '.b2', {hash}, 20000, :begin + n * :step, :receipt, 'split',
    'sesam', 'sesam.b2', 150, 1, 2, :begin + n * :step + 1, n + 1
FROM {from:0:last};
INSERT INTO inbox_name (client_id, path, folder, deposit_id, size, modified_at)
SELECT 'client-' || (n % 200), '/in/facture-' || n || '.b2', '/in',
    'd' || (1000000000 + n), 20000, :begin + n * :step
FROM {from:first:last};
INSERT INTO dispatch (id, payer_id, payer_code, endpoint_id, network, flow,
    directory_version, number, filename, payload_id, size, lots, claims, asked, state,
    attempts, not_before, reference, created_at, sent_at, changed_at)
SELECT 's' || (1000000000 + n), 'payer-' || (n % 60), '01', 'payer-' || (n % 60), 'sesam',
    'billing', 'v', n, 'out-' || n || '.b2', 'p' || (1000000000 + n), 400000, 20, 40, 4000,
    CASE WHEN n > :dispatches * 0.98 THEN 'sent' ELSE 'answered' END, 1, 0, 'REF' || n,
    :begin + n * 20 * :step, :begin + n * 20 * :step, :begin + n * 20 * :step
FROM {from:first_dispatch:dispatches};
INSERT INTO attempt (dispatch_id, number, worker, started_at, ended_at, outcome)
SELECT id, 1, :chain, created_at, created_at + 1, 'accepted' FROM dispatch;
INSERT INTO lot (id, deposit_id, client_id, position, network, flow, number, match_key,
    date, sender, "offset", length, claims, billed, asked, standing_claims, standing_asked,
    state, account, cause, payer_id, payer_code, directory_version, dispatch_id, created_at,
    changed_at)
SELECT 'd' || (1000000000 + n) || '-0', 'd' || (1000000000 + n), 'client-' || (n % 200), 0,
    'sesam', 'billing', CAST(n % 1000 AS text), 'K' || n, '2026-11-02', 'S' || (n % 5000), 0, 20000, 2, 300,
    200, 2, 200, CASE WHEN n > :settled THEN 'sent' ELSE 'answered' END,
    CASE WHEN n > :settled THEN 'dispatched' ELSE 'paid' END, '',
    'payer-' || (n / 20 % 60), '01', 'v', 's' || (1000000000 + n / 20), :begin + n * :step,
    :begin + n * :step
FROM {from:first:last};
INSERT INTO dispatch_lot (dispatch_id, lot_id, position)
SELECT dispatch_id, id, 0 FROM lot WHERE dispatch_id IS NOT NULL;
INSERT INTO claim (lot_id, seq, number, match_key, date, patient, "offset", length, billed,
    asked, paid, outcome, sender)
SELECT lot.id, k.seq, 'F' || lot.number, lot.match_key || '/' || k.seq, '2026-11-02',
    length(lot.id) * 7919 + CAST(lot.number AS integer) * k.seq, 0, 1280, 150, 100, 0, '', lot.sender
FROM lot, (SELECT 1 AS seq UNION ALL SELECT 2) k;
INSERT INTO ledger_move (at, lot_id, source, target, claims, amount, cause)
SELECT lot.created_at, lot.id, m.source, m.target, 2, 200, 'bench'
FROM lot, (SELECT 'outside' AS source, 'received' AS target
    UNION ALL SELECT 'received', 'routed' UNION ALL SELECT 'routed', 'dispatched'
    UNION ALL SELECT 'dispatched', 'paid') m
WHERE m.target <> 'paid' OR lot.account = 'paid';
INSERT INTO expectation (dispatch_id, lot_id, kind, payer_id, flow, owed, due_at, missing_at,
    level, state, created_at, changed_at, next_at, sent_on)
SELECT dispatch_id, id, k.kind, payer_id, 'billing',
    CASE WHEN account = 'paid' OR k.kind = 'arl' THEN 0 ELSE 2 END, created_at + 500000,
    created_at + 2500000, k.level, CASE WHEN account = 'paid' OR k.kind = 'arl' THEN 'met'
    ELSE 'open' END, created_at, created_at, CASE WHEN account = 'paid' OR k.kind = 'arl'
    THEN NULL ELSE :end + 500000 END, '2026-11-02'
FROM lot, (SELECT 'arl' AS kind, 'lot' AS level UNION ALL SELECT 'payment', 'claim') k
WHERE dispatch_id IS NOT NULL;
INSERT INTO payer_return (id, endpoint_id, payer_id, network, remote_name, remote_size,
    remote_modified, payload_id, sha256, collected_at, confirmed_at, state, format, kind,
    reference, answers, matched, matched_at)
SELECT 'r' || (1000000000 + n), 'payer-' || (n % 60), 'payer-' || (n % 60), 'sesam',
    'retour-' || n, 20000, 0, 'p' || (1000000000 + n), {hash}, :begin + n * 20 * :step,
    :begin + n * 20 * :step, 'matched', 'sesam.noemie', 'payment', 'RET' || n, 40, 40,
    :begin + n * 20 * :step
FROM {from:first_dispatch:dispatches};
INSERT INTO handback (id, client_id, return_id, network, format, filename, payload_id, size,
    sha256, state, created_at, fetched_at, acknowledged_at, arrived)
SELECT 'h' || (1000000000 + n), 'client-' || (n % 200), 'r' || (1000000000 + n), 'sesam',
    'sesam.b2return', 'rendu-' || n, 'p' || (1000000000 + n), 20000, {hash},
    'acknowledged', :begin, :begin, :begin, n + 1
FROM {from:first_dispatch:dispatches};
INSERT INTO answer (return_id, seq, level, match_key, sender, outcome, asked, paid,
    client_id, lot_id, claim_seq, rule, matched_at, handback_id)
SELECT 'r' || substr(lot.dispatch_id, 2), claim.seq + 2 * CAST(substr(lot.match_key, 2) AS integer), 'claim',
    claim.match_key, lot.sender, 'paid', 100, 100, lot.client_id, lot.id, claim.seq,
    'exact', lot.created_at, 'h' || substr(lot.dispatch_id, 2)
FROM claim JOIN lot ON lot.id = claim.lot_id WHERE lot.account = 'paid';
INSERT INTO event (chain, seq, at, kind, subject, facts, hash)
SELECT :chain, n * 4 + k.seq, :begin + n * :step, k.kind, 'd' || (1000000000 + n) || k.tail,
    '{"claims": 2, "payer": "payer-1"}', :hash
FROM {from:first:last}, (SELECT 1 AS seq, 'deposit.received' AS kind, '' AS tail
    UNION ALL SELECT 2, 'deposit.split', '' UNION ALL SELECT 3, 'lot.routed', '-0'
    UNION ALL SELECT 4, 'lot.answered', '-0') k;
INSERT INTO receipt_link (client_id, number, position, kind, receipt_id, sha256)
SELECT 'client-' || (n % 200), n, 0, 'deposit', 'd' || (1000000000 + n), :hash
FROM {from:first:last}
"""


def fill(engine: Engine, deposits: int, end: float) -> None:
    """Write a year of so many deposits that ends at a moment."""
    with engine.connect() as connection:
        lite = is_sqlite(connection)
        if lite:
            driver: Any = connection.connection.dbapi_connection
            driver.execute("PRAGMA foreign_keys=OFF")
            driver.execute(f"PRAGMA cache_size={_SQLITE_CACHE}")
        with connection.begin():
            _write(connection, deposits, end)
    if not lite:
        with engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        ) as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _write(connection: Connection, deposits: int, end: float) -> None:
    values = {
        "begin": end - YEAR,
        "end": end,
        "step": YEAR / deposits,
        "last": deposits - 1,
        "first": deposits - deposits // DETAILED,
        "first_dispatch": (deposits - deposits // DETAILED) // 20,
        "dispatches": (deposits - 1) // 20,
        "settled": deposits - deposits // 50,
        "events": deposits * EVENTS,
        "chain": CHAIN,
        "hash": "0123456789abcdef" * 4,
        "key": bytes(60),
        "receipt": bytes(range(128)) * 6,
    }
    if not is_sqlite(connection):
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
    tables = [
        table
        for table in schema.metadata.sorted_tables
        if f"INSERT INTO {table.name} " in _GROWING
    ]
    indexes = [each for table in tables for each in table.indexes]
    for each in indexes:  # made again below, which is far quicker
        connection.execute(DropIndex(each))
    dialect.bulk_insert(
        connection, schema.cohort, Cohort._fields + Count._fields, _cohorts(end)
    )
    for template in (_FIXED + ";" + _GROWING).split(";\n"):
        statement = _spelled(template, lite=is_sqlite(connection))
        its = {name: values[name] for name in _VALUE.findall(statement)}
        connection.execute(text(statement), its)
    for each in indexes:
        connection.execute(CreateIndex(each))


def _spelled(template: str, *, lite: bool) -> str:
    """Write a statement for an engine: how it counts, and pseudo-random hashes."""
    hashed = "CAST(n * 2654435761 % 4294967296 AS text) || substr(:hash, 11)"
    series = _SERIES_LITE if lite else _SERIES

    def counting(found: re.Match[str]) -> str:
        return series.format(
            *(each if each.isdigit() else f":{each}" for each in found.groups())
        )

    return _FROM.sub(counting, template).replace("{hash}", hashed)


def _cohorts(end: float) -> list[tuple[Any, ...]]:
    last = datetime.fromtimestamp(end, UTC).date()
    return [
        (
            f"payer-{payer}",
            "billing",
            kind,
            (last - timedelta(days=day)).isoformat(),
            after,
            0,
            1000 if after < 0 else 300,
            1000,
        )
        for payer in range(60)
        for kind in ("arl", "payment")
        for day in range(1, 366)
        for after in (SENT, 0, 3, 9)
    ]
