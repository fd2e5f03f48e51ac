"""Writes a journal of many claims straight into a PostgreSQL, as they would have come.

Only what the console asks is there: no answers, no ledger moves.  Every deposit has
fifty lots of twenty invoices; five thousand senders number their invoices from 1, so
each invoice number is that of many senders.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.schema import CreateIndex, DropIndex

from gateway.journal import schema

DAY: Final = 86_400.0
PER_LOT: Final = 20
LOTS: Final = 50  # of a deposit
SENDERS: Final = 5_000
CLIENTS: Final = 200
PAYERS: Final = 60
CASES: Final = 10_000
_DAYS: Final = 100.0  # over which all of it came
_FIXED: Final = """
INSERT INTO client (id, name, vendor, software, created_at)
SELECT 'client-' || n, 'Cabinet ' || n, 'Vendor ' || n % 9, 'S 1', :begin
FROM generate_series(0, :clients - 1) n;
INSERT INTO sender (network, number, client_id, name, created_at)
SELECT 'toy', 'S' || n, 'client-' || n % :clients, 'Docteur Nom' || n, :begin
FROM generate_series(0, :senders - 1) n;
INSERT INTO payload (id, sha256, size, place, place_offset, key_id, wrapped_key, created_at)
VALUES ('p', 's', 1, 'f', 0, 'k', '', :begin);
INSERT INTO cohort (payer_id, flow, kind, sent_on, after, chased, claims, asked)
SELECT 'payer-' || p, 'billing', k, to_char(to_timestamp(:end) - d * interval '1 day',
    'YYYY-MM-DD'), a, 0, CASE WHEN a < 0 THEN 1000 ELSE 45 END, 1000
FROM generate_series(0, :payers - 1) p, generate_series(1, 180) d,
    (VALUES ('arl'), ('payment')) kinds (k), generate_series(-1, 20) a;
INSERT INTO anomaly (id, kind, severity, subject, payer_id, words, state, seen,
    first_seen, last_seen, claims)
SELECT 'a' || n, 'answer-late', CASE n % 9 WHEN 0 THEN 'critical' WHEN 1 THEN 'error'
    ELSE 'warning' END, 'subject ' || n, 'payer-' || n % :payers, 'Answers of lot ' || n
    || ' are past due; ask the payer what became of them', CASE WHEN n < :cases THEN
    'open' ELSE 'resolved' END, n % 50, :begin, :begin + n, n % 700
FROM generate_series(0, 4 * :cases) n;
"""
_GROWING: Final = """
INSERT INTO deposit (id, client_id, payload_id, channel, filename, sha256, size,
    received_at, receipt, state, network, format, lots, claims)
SELECT 'd' || lpad(n::text, 9, '0'), 'client-' || n % :clients, 'p', 'sftp',
    'facture-' || n || '.b2', encode(sha256(n::text::bytea), 'hex'), 100000,
    :begin + n * :step, '', 'split', 'toy', 'toy.billing', :lots, :lots * :per
FROM generate_series(0, :deposits - 1) n;
INSERT INTO inbox_name (client_id, path, folder, deposit_id, size, modified_at)
SELECT 'client-' || n % :clients, '/in/' || n % 7 || '/facture-' || n || '.b2',
    '/in/' || n % 7, 'd' || lpad(n::text, 9, '0'), 1, :begin
FROM generate_series(0, :deposits - 1) n;
INSERT INTO dispatch (id, payer_id, payer_code, endpoint_id, network, flow,
    directory_version, number, filename, payload_id, state, not_before, reference,
    created_at, sent_at, changed_at, lots, claims)
SELECT 's' || lpad(n::text, 9, '0'), 'payer-' || n % :payers, 'P', 'e-' || n % :payers,
    'toy', 'billing', 'v', n, 'out-' || n || '.b2', 'p', CASE WHEN n > :dispatches - 50
    THEN 'ready' ELSE 'sent' END, 0, 'REF' || n, :begin + n * :step, :begin + n * :step,
    0, 20, 400
FROM generate_series(0, :dispatches - 1) n;
INSERT INTO lot (id, deposit_id, client_id, position, network, flow, number, match_key,
    date, sender, "offset", length, claims, standing_claims, asked, standing_asked, state,
    account, payer_id, dispatch_id, created_at, changed_at)
SELECT 'd' || lpad((n / :lots)::text, 9, '0') || '-' || n % :lots,
    'd' || lpad((n / :lots)::text, 9, '0'), 'client-' || (n / :lots) % :clients,
    n % :lots, 'toy', 'billing', lpad((n % 1000)::text, 3, '0'),
    'R' || lpad(n::text, 12, '0') || '/202611/' || n % 1000, '2026-11-02',
    'S' || n % :senders, 0, 1, :per, :per, 1000, 1000,
    CASE n % 500 WHEN 0 THEN 'held' ELSE 'sent' END, 'dispatched',
    'payer-' || (n / 20) % :payers, 's' || lpad((n / 20)::text, 9, '0'),
    :begin + n / :lots * :step, :begin
FROM generate_series(0, :lot_count - 1) n;
INSERT INTO dispatch_lot (dispatch_id, lot_id, position)
SELECT dispatch_id, id, position FROM lot;
INSERT INTO expectation (dispatch_id, lot_id, kind, payer_id, flow, owed, due_at,
    missing_at, sent_on, level, state, created_at, changed_at)
SELECT dispatch_id, id, kind, payer_id, flow, 20, created_at + 5 * 86400,
    created_at + 30 * 86400, '2026-11-02', 'claim', CASE WHEN kind = 'arl' OR position > 9
    THEN 'met' WHEN position > 4 THEN 'open' WHEN position > 1 THEN 'late' ELSE 'missing'
    END, 0, 0
FROM lot, (VALUES ('arl'), ('payment')) kinds (kind);
INSERT INTO event (chain, seq, at, kind, subject, facts, hash)
SELECT 'bench', row_number() OVER (), created_at, 'lot.sent', id, '{}', '' FROM lot;
INSERT INTO payer_return (id, endpoint_id, payer_id, network, remote_name, remote_size,
    remote_modified, payload_id, sha256, collected_at, state, format, kind, reference)
SELECT 'r' || lpad(n::text, 9, '0'), 'e-' || n % :payers, 'payer-' || n % :payers, 'toy',
    'retour-' || n, 1, 0, 'p', encode(sha256(('r' || n)::bytea), 'hex'),
    :begin + n * :step, 'matched', 'toy.return', 'payment', 'RET' || n
FROM generate_series(0, :dispatches - 1) n;
INSERT INTO handback (id, client_id, return_id, network, format, filename, payload_id,
    size, sha256, state, created_at)
SELECT 'h' || n, 'client-' || n % :clients, 'r' || lpad(n::text, 9, '0'), 'toy',
    'toy.return', 'rendu-' || n, 'p', 1, encode(sha256(('h' || n)::bytea), 'hex'),
    'ready', :begin
FROM generate_series(0, :dispatches - 1) n;
INSERT INTO payment (lot_id, reference, account, reference_key, return_id, client_id,
    payer_id, due_on, created_at)
SELECT id, 'PAY' || id, 'A', upper('PAY' || id), 'r000000000', client_id, payer_id,
    '2026-12-01', 0
FROM lot WHERE position = 7;
INSERT INTO claim (lot_id, seq, number, match_key, date, patient, "offset", length,
    billed, asked, sender)
SELECT 'd' || lpad((n / :lots)::text, 9, '0') || '-' || n % :lots, seq,
    lpad((n / :senders * :per + seq)::text, 9, '0'),
    'R' || lpad(n::text, 12, '0') || '/' || seq, '2026-11-02',
    hashint8extended(n / 10 * 20 + seq, 7) & 9223372036854775807, 0, 1, 50, 50,
    'S' || n % :senders
FROM generate_series(0, :lot_count - 1) n, generate_series(1, :per) seq;
"""


def fill(connection: Connection, claims: int, end: float) -> int:
    """Write everything for so many claims up to a moment; return how many lots."""
    lots = claims // PER_LOT
    deposits, dispatches = lots // LOTS, lots // 20
    values = {
        "begin": end - _DAYS * DAY,
        "end": end,
        "step": _DAYS * DAY / deposits,
        "clients": CLIENTS,
        "senders": SENDERS,
        "payers": PAYERS,
        "cases": CASES,
        "deposits": deposits,
        "dispatches": dispatches,
        "lots": LOTS,
        "lot_count": lots,
        "per": PER_LOT,
    }
    indexes = [each for table in (schema.claim, schema.lot) for each in table.indexes]
    connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
    for each in indexes:  # made again below, which is far quicker
        connection.execute(DropIndex(each))
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    for statement in (_FIXED + _GROWING).split(";\n"):
        if statement.strip():
            connection.execute(text(statement), values)
    for each in indexes:
        connection.execute(CreateIndex(each))
    return lots
