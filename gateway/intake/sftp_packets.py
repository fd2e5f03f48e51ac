"""SFTP version 3 on the wire: numbers, statuses, attributes.

Version 3 is what OpenSSH, WinSCP, FileZilla, lftp, rclone and paramiko speak; its
statuses end at 8, so a taken name or a lost handle is told as a plain failure with
words.  Source: draft-ietf-secsh-filexfer-02.
"""

from __future__ import annotations

import time
from typing import Final

from gateway.errors import DoorError, NoSuchPath, NotPermitted
from gateway.intake.interface import Entry
from gateway.intake.ssh_wire import Malformed, string, u32, u64

VERSION: Final = 3

INIT, SERVER_VERSION = 1, 2
OPEN, CLOSE, READ, WRITE = 3, 4, 5, 6
LSTAT, FSTAT, SETSTAT, FSETSTAT = 7, 8, 9, 10
OPENDIR, READDIR, REMOVE, MKDIR, RMDIR = 11, 12, 13, 14, 15
REALPATH, STAT, RENAME, READLINK, SYMLINK = 16, 17, 18, 19, 20
STATUS, HANDLE, DATA, NAME, ATTRS = 101, 102, 103, 104, 105
EXTENDED, EXTENDED_REPLY = 200, 201

OK, EOF, NO_SUCH_FILE, PERMISSION_DENIED, FAILURE, BAD_MESSAGE = 0, 1, 2, 3, 4, 5
OP_UNSUPPORTED = 8

OPEN_READ, OPEN_WRITE, OPEN_APPEND = 0x01, 0x02, 0x04
OPEN_CREATE, OPEN_TRUNCATE, OPEN_EXCLUSIVE = 0x08, 0x10, 0x20

ATTR_SIZE, ATTR_OWNER, ATTR_MODE, ATTR_TIMES = 0x01, 0x02, 0x04, 0x08
ATTR_EXTENDED = 0x80000000

_FOLDER, _FILE = 0o040000, 0o100000
_HALF_A_YEAR: Final = 183 * 86400
_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
_OK_TAIL: Final = u32(OK) + string(b"") + string(b"")


class Refusal(Exception):
    """A request that this server does not serve, with the status that says so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def packet(kind: int, content: bytes) -> bytes:
    """Frame a packet; `content` begins with the request's id."""
    return u32(len(content) + 1) + bytes((kind,)) + content


def ok(request: bytes) -> bytes:
    """Answer: done."""
    return packet(STATUS, request + _OK_TAIL)


def status(request: bytes, code: int, message: str) -> bytes:
    """Answer with a status and its words."""
    return packet(
        STATUS, request + u32(code) + string(message.encode()) + string(b"en")
    )


def refused(request: bytes, error: Exception) -> bytes:
    """Answer with the status of an error that is meant for the client.

    Any other error is one of ours: the client learns only that it may try again.
    """
    if isinstance(error, Refusal):
        return status(request, error.status, str(error))
    if isinstance(error, Malformed):
        return status(request, BAD_MESSAGE, str(error))
    if not isinstance(error, DoorError):
        return status(request, FAILURE, "internal error, not done; try again")
    code = FAILURE
    if isinstance(error, NoSuchPath):
        code = NO_SUCH_FILE
    elif isinstance(error, NotPermitted):
        code = PERMISSION_DENIED
    words = str(error)
    if error.retryable and "try again" not in words:
        words += "; try again"
    return status(request, code, words)


def attributes(entry: Entry) -> bytes:
    """Pack size, owner, mode and times; nobody but the client has any right."""
    when = u32(max(0, int(entry.modified)) & 0xFFFFFFFF)
    flags = ATTR_SIZE | ATTR_OWNER | ATTR_MODE | ATTR_TIMES
    owner = u32(0) + u32(0)
    return u32(flags) + u64(entry.size) + owner + u32(_mode(entry)) + when + when


def listing(entries: list[Entry], *, owner: str, now: float) -> bytes:
    """Pack entries for a NAME answer, count first."""
    packed = [u32(len(entries))]
    for entry in entries:
        name = entry.name.encode()
        line = _long_name(entry, owner=owner, now=now).encode()
        packed += (string(name), string(line), attributes(entry))
    return b"".join(packed)


def _mode(entry: Entry) -> int:
    if entry.is_folder:
        return _FOLDER | (0o700 if entry.writable else 0o500)
    return _FILE | (0o600 if entry.writable else 0o400)


def _long_name(entry: Entry, *, owner: str, now: float) -> str:
    """Give the line that `ls -l` would; the times are UTC."""
    write = "w" if entry.writable else "-"
    mode = f"dr{write}x" if entry.is_folder else f"-r{write}-"
    date = time.gmtime(max(0.0, entry.modified))
    recent = 0 <= now - entry.modified < _HALF_A_YEAR
    clock = f"{date.tm_hour:02d}:{date.tm_min:02d}" if recent else f" {date.tm_year}"
    day = f"{_MONTHS[date.tm_mon - 1]} {date.tm_mday:2d} {clock}"
    return (
        f"{mode}------    1 {owner:8s} {owner:8s} {entry.size:>12d} {day} {entry.name}"
    )
