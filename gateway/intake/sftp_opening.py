"""What the flags of an OPEN mean for a space.

WRITE with TRUNC (or EXCL) begins anew; WRITE without TRUNC goes on where an upload
was cut: OpenSSH's `reput`, `put -c` of lftp, WinSCP's and FileZilla's resume all do
that.  Without CREAT there has to be something to go on with.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gateway.errors import AlreadyThere, NoSuchPath
from gateway.intake import sftp_packets as sftp
from gateway.intake.interface import Download, Entry, Space, Upload
from gateway.intake.sftp_handles import DownloadHandle, Handle, UploadHandle


def open_upload(space: Space, path: str, flags: int) -> Deferred[Handle]:
    """Open for writing, as the flags ask."""

    def begin(_: object) -> Deferred[Upload]:
        resume = not flags & (sftp.OPEN_TRUNCATE | sftp.OPEN_EXCLUSIVE)
        return space.open_upload(path, resume=resume)

    def held(upload: Upload) -> Handle:
        append = bool(flags & sftp.OPEN_APPEND)
        return UploadHandle(path=path, upload=upload, append=append)

    if flags & sftp.OPEN_EXCLUSIVE:
        free = space.stat(path).addCallbacks(_taken, _must_be_missing)
        opened = free.addCallback(begin)
    elif not flags & sftp.OPEN_CREATE:
        opened = space.stat(path).addCallback(begin)
    else:
        opened = begin(None)
    return opened.addCallback(held)


def open_download(space: Space, path: str) -> Deferred[Handle]:
    """Open for reading."""

    def held(download: Download) -> Handle:
        return DownloadHandle(path=path, download=download)

    return space.open_download(path).addCallback(held)


def _taken(entry: Entry) -> None:
    raise AlreadyThere(f"{entry.name}: the name is taken")


def _must_be_missing(failure: Failure) -> None:
    failure.trap(NoSuchPath)
