"""What no gateway can leave out of taking a file in, and nothing else: a floor.

One thread hashes, seals, signs, writes rows and syncs twice, for as many files at a
time as are given: no door, no reactor, no second thread, raw SQLite.  It says how near
a goal can come at all on a disk; nobody could run it as a gateway.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_SEGMENT = 64_000_000
_NONCE = 12
_TABLES = """
CREATE TABLE payload (id INTEGER PRIMARY KEY, offset INTEGER, size INTEGER, key BLOB);
CREATE TABLE deposit (id TEXT PRIMARY KEY, payload INTEGER, sha256 TEXT, receipt BLOB);
CREATE UNIQUE INDEX content ON deposit (sha256);
CREATE TABLE name (path TEXT PRIMARY KEY, deposit TEXT);
CREATE TABLE event (number INTEGER PRIMARY KEY, subject TEXT, facts TEXT, hash BLOB);
CREATE INDEX subject ON event (subject);
"""
_KNOWN = "SELECT id FROM deposit WHERE sha256 IN (SELECT value FROM json_each(?))"
_INSERTS = (
    "INSERT INTO payload VALUES (?, ?, ?, ?)",
    "INSERT INTO deposit VALUES (?, ?, ?, ?)",
    "INSERT INTO name VALUES (?, ?)",
    "INSERT INTO event VALUES (?, ?, ?, ?)",
)


def open_journal(folder: Path, tables: str) -> sqlite3.Connection:
    """Make a journal of its own, each commit of which is on the disk (WAL, FULL)."""
    connection = sqlite3.connect(
        folder / "journal.db", isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.executescript(tables)
    return connection


def count_deposits(connection: sqlite3.Connection) -> int:
    """Count what such a journal holds."""
    return int(connection.execute("SELECT count(*) FROM deposit").fetchone()[0])


class Bare:
    """A journal and a segment, used by one thread."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._connection = open_journal(folder, _TABLES)
        self._segment = os.open(folder / "segment", os.O_RDWR | os.O_CREAT)
        os.ftruncate(self._segment, _SEGMENT)
        self._end = 0
        self._keys = AESGCM(os.urandom(32))
        self._signer = Ed25519PrivateKey.generate()
        self._hash = b""
        self._made = 0

    def take(self, files: list[bytes], *, together: int) -> float:
        """Take files in, `together` at a time; return files per second."""
        began = time.perf_counter()
        for first in range(0, len(files), together):
            self._commit(files[first : first + together])
        return len(files) / (time.perf_counter() - began)

    def rows(self) -> int:
        """Count what it journalled."""
        return count_deposits(self._connection)

    def close(self) -> None:
        """Close journal and segment."""
        self._connection.close()
        os.close(self._segment)

    def _commit(self, files: list[bytes]) -> None:
        sealed, made = [], []
        for content in files:
            sha256 = hashlib.sha256(content).hexdigest()
            key, nonce = os.urandom(32), os.urandom(_NONCE)
            sealed.append(AESGCM(key).encrypt(nonce, content, None))
            wrapped = self._keys.encrypt(os.urandom(_NONCE), key, None)
            made.append(self._rows(sha256, len(sealed[-1]), wrapped))
        os.pwrite(self._segment, b"".join(sealed), self._end % _SEGMENT)
        os.fdatasync(self._segment)
        self._end += sum(map(len, sealed))
        self._connection.execute("BEGIN IMMEDIATE")
        known = json.dumps([deposit[2] for _, deposit, _, _ in made])
        self._connection.execute(_KNOWN, (known,)).fetchall()
        for insert, rows in zip(_INSERTS, zip(*made, strict=True), strict=True):
            self._connection.executemany(insert, rows)
        self._connection.execute("COMMIT")

    def _rows(
        self, sha256: str, size: int, key: bytes
    ) -> tuple[tuple[object, ...], ...]:
        """Make the rows of one file, in the order of the statements."""
        self._made += 1
        name = f"d_{self._made:026d}"
        facts = json.dumps({"deposit": name, "sha256": sha256, "size": size})
        receipt = facts.encode() + self._signer.sign(facts.encode())
        self._hash = hashlib.sha256(self._hash + facts.encode()).digest()
        return (
            (self._made, self._end, size, key),
            (name, self._made, sha256, receipt),
            (f"/in/{self._made}.b2", name),
            (self._made, name, facts, self._hash),
        )
