"""What each SFTP request does with the client's space.

One object per session: it holds the open handles and answers requests.  A request
is answered with a packet, with the promise of one, or with None when the answer
is sent later by itself (a write that waits for an earlier one).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from gateway.errors import BadUpload
from gateway.intake import sftp_packets as sftp
from gateway.intake.interface import Entry, Space, Upload
from gateway.intake.sftp_extensions import EXTENSIONS, Extensions
from gateway.intake.sftp_handles import (
    DownloadHandle,
    FolderHandle,
    Handle,
    UploadHandle,
)
from gateway.intake.sftp_limits import SftpLimits, SftpObserver
from gateway.intake.sftp_opening import open_download, open_upload
from gateway.intake.sftp_order import PathOrder
from gateway.intake.sftp_paths import read_path
from gateway.intake.ssh_wire import Fields, string, u32

T = TypeVar("T")
Answer = bytes | Deferred[bytes] | None

# The same as OpenSSH's server, so that clients that ask may send large pieces.
MAX_DATA: Final = 255 * 1024
_NAMES_PER_ANSWER: Final = 100

_log = Logger()


class Requests:
    """The requests of one SFTP session."""

    def __init__(
        self,
        *,
        space: Space,
        clock: IReactorTime,
        limits: SftpLimits,
        observer: SftpObserver,
        reply: Callable[[bytes], None],
    ) -> None:
        self.space = space
        self.order = PathOrder()
        self.limits = limits
        self._clock = clock
        self._observer = observer
        self._reply = reply
        self._handles: dict[bytes, Handle] = {}
        self._last_handle = 0
        self._uploading: dict[str, UploadHandle] = {}
        self._lost = False
        self._extensions = Extensions(requests=self)
        self._table: dict[int, Callable[[bytes, Fields], Answer]] = {
            sftp.INIT: self._init,
            sftp.OPEN: self._open,
            sftp.CLOSE: self._close,
            sftp.READ: self._read,
            sftp.WRITE: self._write,
            sftp.LSTAT: self._stat,
            sftp.STAT: self._stat,
            sftp.FSTAT: self._fstat,
            sftp.SETSTAT: self._setstat,
            sftp.FSETSTAT: self._fsetstat,
            sftp.OPENDIR: self._opendir,
            sftp.READDIR: self._readdir,
            sftp.REMOVE: self._remove,
            sftp.MKDIR: self._mkdir,
            sftp.RMDIR: self._rmdir,
            sftp.REALPATH: self._realpath,
            sftp.RENAME: self._rename,
            sftp.EXTENDED: self._extensions.serve,
        }

    def serve(self, kind: int, request: bytes, fields: Fields) -> Answer:
        """Do one request; raises what `sftp_packets.refused` can put into words."""
        serve = self._table.get(kind)
        if serve is None:
            raise sftp.Refusal(sftp.OP_UNSUPPORTED, "not supported here")
        return serve(request, fields)

    def lost(self) -> None:
        """The line was cut: every open upload is abandoned, none is closed."""
        self._lost = True
        handles, self._handles = self._handles, {}
        self._uploading.clear()
        for handle in handles.values():
            try:
                handle.abandon()
            except Exception:
                _log.failure("{path} could not be abandoned", path=handle.path)

    def handle(self, name: bytes) -> Handle:
        """Give an open handle; one that is unknown is refused, never ignored."""
        handle = self._handles.get(name)
        if handle is None:
            raise sftp.Refusal(sftp.FAILURE, "no such handle")
        return handle

    def done(self, request: bytes, work: Deferred[T]) -> Deferred[bytes]:
        """Answer "done" once `work` is."""
        return work.addCallback(lambda _: sftp.ok(request))

    # Beginning.

    def _init(self, request: bytes, fields: Fields) -> Answer:
        extensions = b"".join(
            string(name) + string(version) for name, version in EXTENSIONS.items()
        )
        return sftp.packet(sftp.SERVER_VERSION, u32(sftp.VERSION) + extensions)

    # Files.

    def _open(self, request: bytes, fields: Fields) -> Answer:
        name, flags = fields.string(), fields.u32()
        path = read_path(name)
        if flags & sftp.OPEN_WRITE and name.endswith(b"/"):
            raise sftp.Refusal(
                sftp.FAILURE, f"{path}: there is no such folder; make it first"
            )
        if len(self._handles) >= self.limits.max_handles:
            self._observer.rejection("handles")
            raise sftp.Refusal(sftp.FAILURE, "too many open files; close some first")
        if flags & sftp.OPEN_WRITE:
            opened: Deferred[Handle] = self.order.run(
                (path,), lambda: open_upload(self.space, path, flags)
            )
        else:
            opened = self.order.run((path,), lambda: open_download(self.space, path))
        return opened.addCallback(self._opened, request)

    def _opened(self, handle: Handle, request: bytes) -> bytes:
        if self._lost:
            handle.abandon()
            return b""
        self._last_handle += 1
        name = b"%x" % self._last_handle
        self._handles[name] = handle
        if isinstance(handle, UploadHandle):
            self._uploading[handle.path] = handle
        return sftp.packet(sftp.HANDLE, request + string(name))

    def _close(self, request: bytes, fields: Fields) -> Answer:
        name = fields.string()
        handle = self.handle(name)
        del self._handles[name]
        if isinstance(handle, UploadHandle):
            handle.give_up_early()
            if self._uploading.get(handle.path) is handle:
                del self._uploading[handle.path]
            stored = self.order.run((handle.path,), handle.close)
            return self.done(request, stored)
        if isinstance(handle, DownloadHandle):
            return self.done(request, self.order.run((handle.path,), handle.close))
        return sftp.ok(request)

    def _write(self, request: bytes, fields: Fields) -> Answer:
        handle = self.handle(fields.string())
        if not isinstance(handle, UploadHandle):
            raise sftp.Refusal(sftp.PERMISSION_DENIED, "not open for writing")
        offset, data = fields.u64(), fields.string()
        handle.write(offset, data)
        return sftp.ok(request)

    def _read(self, request: bytes, fields: Fields) -> Answer:
        handle = self.handle(fields.string())
        if not isinstance(handle, DownloadHandle):
            raise sftp.Refusal(sftp.PERMISSION_DENIED, "not open for reading")
        offset, length = fields.u64(), min(fields.u32(), MAX_DATA)

        def packed(data: bytes) -> bytes:
            if not data:
                return sftp.status(request, sftp.EOF, "end of file")
            return sftp.packet(sftp.DATA, request + string(data))

        return handle.read(offset, length).addCallback(packed)

    # Looking.

    def _stat(self, request: bytes, fields: Fields) -> Answer:
        path = read_path(fields.string())
        looked = self.order.run((path,), lambda: self._look(path))
        return looked.addCallback(self._attributes, request)

    def _look(self, path: str) -> Deferred[Entry]:
        handle = self._uploading.get(path)
        if handle is None:
            return self.space.stat(path)
        return maybeDeferred(self._in_progress, handle.path, handle.upload)

    def _fstat(self, request: bytes, fields: Fields) -> Answer:
        handle = self.handle(fields.string())
        if isinstance(handle, UploadHandle):
            entry = self._in_progress(handle.path, handle.upload)
            return self._attributes(entry, request)
        return self.space.stat(handle.path).addCallback(self._attributes, request)

    def _in_progress(self, path: str, upload: Upload) -> Entry:
        return Entry(
            name=path.rpartition("/")[2],
            is_folder=False,
            size=upload.size,
            modified=self._clock.seconds(),
            writable=True,
        )

    def _attributes(self, entry: Entry, request: bytes) -> bytes:
        return sftp.packet(sftp.ATTRS, request + sftp.attributes(entry))

    def _setstat(self, request: bytes, fields: Fields) -> Answer:
        """Accept what clients set after an upload (rights, times), and ignore it."""
        read_path(fields.string())
        return sftp.ok(request)

    def _fsetstat(self, request: bytes, fields: Fields) -> Answer:
        """Accept rights and times, and a size only if it is the present one."""
        handle = self.handle(fields.string())
        if fields.u32() & sftp.ATTR_SIZE and isinstance(handle, UploadHandle):
            size = fields.u64()
            if size != handle.upload.size:
                handle.broken = BadUpload(f"{handle.path}: a file cannot be resized")
                raise handle.broken
        return sftp.ok(request)

    def _opendir(self, request: bytes, fields: Fields) -> Answer:
        path = read_path(fields.string())

        def held(entries: Sequence[Entry]) -> Handle:
            return FolderHandle(path=path, entries=entries)

        listed = self.order.run((path,), lambda: self.space.list(path))
        opened: Deferred[Handle] = listed.addCallback(held)
        return opened.addCallback(self._opened, request)

    def _readdir(self, request: bytes, fields: Fields) -> Answer:
        handle = self.handle(fields.string())
        if not isinstance(handle, FolderHandle):
            raise sftp.Refusal(sftp.FAILURE, "not a folder")
        entries = handle.next(_NAMES_PER_ANSWER)
        if not entries:
            return sftp.status(request, sftp.EOF, "end of listing")
        names = sftp.listing(
            entries, owner=self.space.client.id, now=self._clock.seconds()
        )
        return sftp.packet(sftp.NAME, request + names)

    def _realpath(self, request: bytes, fields: Fields) -> Answer:
        name = string(read_path(fields.string()).encode())
        return sftp.packet(sftp.NAME, request + u32(1) + name + name + u32(0))

    # Changing.

    def _remove(self, request: bytes, fields: Fields) -> Answer:
        path = read_path(fields.string())
        work = self.order.run((path,), lambda: self.space.remove(path))
        return self.done(request, work)

    def _mkdir(self, request: bytes, fields: Fields) -> Answer:
        path = read_path(fields.string())
        work = self.order.run((path,), lambda: self.space.make_folder(path))
        return self.done(request, work)

    def _rmdir(self, request: bytes, fields: Fields) -> Answer:
        path = read_path(fields.string())
        work = self.order.run((path,), lambda: self.space.remove_folder(path))
        return self.done(request, work)

    def _rename(self, request: bytes, fields: Fields) -> Answer:
        return self.rename(request, fields, replace=False)

    def rename(self, request: bytes, fields: Fields, *, replace: bool) -> Answer:
        """Rename; version 3 never replaces, OpenSSH's extension does."""
        source, target = read_path(fields.string()), read_path(fields.string())
        work = self.order.run(
            (source, target), lambda: self.space.rename(source, target, replace=replace)
        )
        return self.done(request, work)
