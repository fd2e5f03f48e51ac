"""OpenSSH's extensions of SFTP, those that a client can make use of here.

`fsync@openssh.com` is answered at once: bytes are made durable by CLOSE, and only
by CLOSE, so an earlier promise would be of no use to anyone.  Hard links are not
offered and not made.  Source: OpenSSH's PROTOCOL, 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.intake import sftp_packets as sftp
from gateway.intake.sftp_paths import read_path
from gateway.intake.ssh_wire import Fields, u64

if TYPE_CHECKING:
    from gateway.intake.sftp_requests import Answer, Requests

# Name and version, as told to the client when the session begins.
EXTENSIONS: Final[dict[bytes, bytes]] = {
    b"posix-rename@openssh.com": b"1",
    b"statvfs@openssh.com": b"2",
    b"fstatvfs@openssh.com": b"2",
    b"fsync@openssh.com": b"1",
    b"lsetstat@openssh.com": b"1",
    b"limits@openssh.com": b"1",
}
MAX_PACKET: Final = 256 * 1024
_BLOCK: Final = 4096
_NAME_MAX: Final = 255


class Extensions:
    """Serves extended requests of one session."""

    def __init__(self, *, requests: Requests) -> None:
        self._requests = requests
        self._table = {
            b"posix-rename@openssh.com": self._posix_rename,
            b"statvfs@openssh.com": self._statvfs,
            b"fstatvfs@openssh.com": self._fstatvfs,
            b"fsync@openssh.com": self._fsync,
            b"lsetstat@openssh.com": self._lsetstat,
            b"limits@openssh.com": self._limits,
        }

    def serve(self, request: bytes, fields: Fields) -> Answer:
        """Do one extended request."""
        serve = self._table.get(fields.string())
        if serve is None:
            raise sftp.Refusal(sftp.OP_UNSUPPORTED, "extension is not supported here")
        return serve(request, fields)

    def _posix_rename(self, request: bytes, fields: Fields) -> Answer:
        return self._requests.rename(request, fields, replace=True)

    def _statvfs(self, request: bytes, fields: Fields) -> Answer:
        read_path(fields.string())
        return self._space_left(request)

    def _fstatvfs(self, request: bytes, fields: Fields) -> Answer:
        self._requests.handle(fields.string())
        return self._space_left(request)

    def _space_left(self, request: bytes) -> bytes:
        """Tell what is free; what others use is nobody's business."""
        blocks = self._requests.space.free_bytes() // _BLOCK
        free = (blocks, blocks, blocks)  # all, free, free for the client
        numbers = (_BLOCK, _BLOCK, *free, *free, 0, 0, _NAME_MAX)
        return sftp.packet(sftp.EXTENDED_REPLY, request + b"".join(map(u64, numbers)))

    def _fsync(self, request: bytes, fields: Fields) -> Answer:
        self._requests.handle(fields.string())
        return sftp.ok(request)

    def _lsetstat(self, request: bytes, fields: Fields) -> Answer:
        read_path(fields.string())
        return sftp.ok(request)

    def _limits(self, request: bytes, fields: Fields) -> Answer:
        most = MAX_PACKET - 1024
        handles = self._requests.limits.max_handles
        numbers = (MAX_PACKET, most, most, handles)
        return sftp.packet(sftp.EXTENDED_REPLY, request + b"".join(map(u64, numbers)))
