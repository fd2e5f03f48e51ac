"""A client's space held in memory, for tests of the doors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import TypeVar

from attrs import define, evolve, field, frozen
from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed

from gateway.errors import (
    AlreadyThere,
    BadUpload,
    DoorError,
    NoSuchPath,
    NotPermitted,
)
from gateway.intake.interface import Client, Download, Entry, Stored, Upload

CLIENT = Client(
    id="acme",
    name="Acme",
    max_file_size=0,
    max_open_uploads=0,
    max_bytes_per_second=0,
)
T = TypeVar("T")
_UNFINISHED = (".part", ".filepart", ".tmp", ".partial")


@frozen(kw_only=True)
class Read:
    """One finished download."""

    path: str
    whole: bool


@define(eq=False, slots=False)
class MemoryUpload:
    """An upload; `error` makes the next write or the close fail."""

    space: MemorySpace
    path: str
    content: bytearray
    error: Exception | None = None
    abandoned: bool = False

    @property
    def size(self) -> int:
        return len(self.content)

    @size.setter
    def size(self, value: int) -> None:
        raise AttributeError("the content decides")

    def write(self, offset: int, data: bytes) -> None:
        if self.error is not None:
            raise self.error
        if offset > len(self.content):
            raise BadUpload(f"{self.path}: a gap at {len(self.content)}")
        self.content += data[len(self.content) - offset :]

    def close(self) -> Deferred[Stored]:
        self.space.closing.append(self.path)
        if self.error is not None:
            return fail(self.error)
        if not self.space.hold_closes:
            return succeed(self.store())
        held: Deferred[None] = Deferred()
        self.space.held.append(held)
        return held.addCallback(lambda _: self.store())

    def store(self) -> Stored:
        content = bytes(self.content)
        self.space.partial.pop(self.path, None)
        if is_unfinished(self.path):
            self.space.partial[self.path] = bytearray(content)
            return Stored(deposit="", receipt=b"", repeated=False, size=len(content))
        return self.space.deposit(self.path, content)

    def abandon(self) -> None:
        self.abandoned = True
        self.space.partial[self.path] = self.content


@define(eq=False, slots=False)
class MemoryDownload:
    """A download; reads may be held back."""

    space: MemorySpace
    path: str
    content: bytes
    size: int

    def read(self, offset: int, length: int) -> Deferred[bytes]:
        data = self.content[offset : offset + length]
        if not self.space.hold_reads:
            return succeed(data)
        held: Deferred[None] = Deferred()
        self.space.held.append(held)
        return held.addCallback(lambda _: data)

    def close(self, *, whole: bool) -> Deferred[None]:
        self.space.reads.append(Read(path=self.path, whole=whole))
        return succeed(None)


@define(eq=False, slots=False)
class MemorySpace:
    """A tree of folders and files; `deposits` lists what was taken, in order."""

    client: Client = CLIENT
    folders: set[str] = field(
        factory=lambda: {"/", "/in", "/out", "/out/sesam", "/receipts"}
    )
    files: dict[str, bytes] = field(factory=dict)
    partial: dict[str, bytearray] = field(factory=dict)
    deposits: list[tuple[str, bytes]] = field(factory=list)
    uploads: list[MemoryUpload] = field(factory=list)
    reads: list[Read] = field(factory=list)
    closing: list[str] = field(factory=list)
    hold_closes: bool = False
    hold_reads: bool = False
    hold_opens: bool = False
    held: list[Deferred[None]] = field(factory=list)
    on_deposit: Callable[[str, bytes], None] = lambda path, content: None

    def let_go(self) -> None:
        """Let everything go on that was held back."""
        while self.held:
            self.held.pop(0).callback(None)

    def deposit(self, path: str, content: bytes) -> Stored:
        repeated = any(content == earlier for _, earlier in self.deposits)
        self.files[path] = content
        self.deposits.append((path, content))
        self.on_deposit(path, content)
        name = sha256(content).hexdigest()[:12]
        return Stored(deposit=name, receipt=b"{}", repeated=repeated, size=len(content))

    def open_upload(self, path: str, *, resume: bool) -> Deferred[Upload]:
        def begin(_: object = None) -> Upload:
            self._must_be_inside(path)
            if resume and path in self.files:
                raise AlreadyThere(f"{path} is a deposit already")
            content = self.partial.get(path, bytearray()) if resume else bytearray()
            self.partial[path] = content
            upload = MemoryUpload(space=self, path=path, content=content)
            self.uploads.append(upload)
            return upload

        return self._soon(begin)

    def open_download(self, path: str) -> Deferred[Download]:
        def begin(_: object = None) -> Download:
            content = self.files.get(path)
            if content is None:
                content = bytes(self._partial(path))
            return MemoryDownload(
                space=self, path=path, content=content, size=len(content)
            )

        return self._soon(begin)

    def list(self, path: str) -> Deferred[Sequence[Entry]]:
        return maybeDeferred(self._list, path)

    def stat(self, path: str) -> Deferred[Entry]:
        return maybeDeferred(self._entry, path)

    def rename(self, source: str, target: str, *, replace: bool) -> Deferred[Stored]:
        def move() -> Stored:
            self._must_be_inside(target)
            content = bytes(self._partial(source))
            if target in self.files and not replace:
                raise AlreadyThere(f"{target} is taken")
            del self.partial[source]
            if is_unfinished(target):
                self.partial[target] = bytearray(content)
                return Stored(deposit="", receipt=b"", repeated=False, size=0)
            return self.deposit(target, content)

        return maybeDeferred(move)

    def remove(self, path: str) -> Deferred[None]:
        def forget() -> None:
            self._entry(path)
            self.files.pop(path, None)
            self.partial.pop(path, None)

        return maybeDeferred(forget)

    def make_folder(self, path: str) -> Deferred[None]:
        def make() -> None:
            self._must_be_inside(path)
            if path in self.folders:
                raise AlreadyThere(f"{path} is there")
            self.folders.add(path)

        return maybeDeferred(make)

    def remove_folder(self, path: str) -> Deferred[None]:
        def forget() -> None:
            if path not in self.folders:
                raise NoSuchPath(f"there is no {path}")
            if self._list(path):
                raise DoorError(f"{path} is not empty")
            self.folders.remove(path)

        return maybeDeferred(forget)

    def free_bytes(self) -> int:
        return 10**9

    def _soon(self, begin: Callable[..., T]) -> Deferred[T]:
        if not self.hold_opens:
            return maybeDeferred(begin)
        held: Deferred[None] = Deferred()
        self.held.append(held)
        return held.addCallback(begin)

    def _must_be_inside(self, path: str) -> None:
        if not path.startswith("/in/"):
            raise NotPermitted(f"{path}: files go into /in")
        if path.rpartition("/")[0] not in self.folders:
            raise NoSuchPath(f"{path}: there is no such folder")

    def _partial(self, path: str) -> bytearray:
        if path not in self.partial:
            raise NoSuchPath(f"there is no {path}")
        return self.partial[path]

    def _entry(self, path: str) -> Entry:
        entry = Entry(
            name=path.rpartition("/")[2],
            is_folder=path in self.folders,
            size=0,
            modified=1_700_000_000.0,
            writable=path.startswith("/in"),
        )
        if entry.is_folder:
            return entry
        content = self.files.get(path)
        if content is None:
            content = bytes(self._partial(path))
        return evolve(entry, size=len(content))

    def _list(self, path: str) -> Sequence[Entry]:
        if path not in self.folders:
            raise NoSuchPath(f"there is no {path}")
        prefix = path.rstrip("/") + "/"
        names = [
            one
            for one in (*self.folders, *self.files, *self.partial)
            if one.startswith(prefix) and "/" not in one[len(prefix) :] and one != "/"
        ]
        return [self._entry(name) for name in sorted(names)]


def is_unfinished(path: str) -> bool:
    """Whether the name is one of work in progress."""
    name = path.rpartition("/")[2]
    return name.startswith(".") or name.endswith(_UNFINISHED)
