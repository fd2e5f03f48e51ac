"""What one table of `octway.toml` cannot see: listeners, files, their modes.

Reading a file to check it takes what is there; nothing is made or mended.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from config.definitions import Address
from config.errors import Mistake
from config.notification_addresses import webhook_address
from config.settings import Settings

_TOO_OPEN = stat.S_IRWXG | stat.S_IRWXO
_ANYWHERE = frozenset(("", "0.0.0.0", "::"))  # noqa: S104 - compared, not bound


def check_settings(settings: Settings) -> list[Mistake]:
    """Return every mistake that needs no file: clashes between settings."""
    return [
        *_listeners(settings),
        *_doors(settings),
        *_sizes(settings),
        *_console(settings),
    ]


def check_files(settings: Settings) -> list[Mistake]:
    """Return what is wrong with the files and folders that the settings name."""
    return [
        *_secrets(settings),
        *_readable(settings),
        *_folders(settings),
    ]


def _listeners(settings: Settings) -> Iterator[Mistake]:
    taken: list[tuple[str, Address]] = []
    for name, enabled, address in (
        ("sftp", settings.sftp.enabled, settings.sftp.listen),
        ("https", settings.https.enabled, settings.https.listen),
        ("operations", settings.operations.enabled, settings.operations.listen),
    ):
        if not enabled or address.port == 0:
            continue
        for other, its in taken:
            if _clash(address, its):
                yield settings.mistake(
                    f"{name}.listen",
                    f"is {address}, which {other}.listen has already; "
                    "wanted a port of its own",
                )
        taken.append((name, address))


def _doors(settings: Settings) -> Iterator[Mistake]:
    if not (settings.sftp.enabled or settings.https.enabled):
        yield settings.mistake(
            "sftp.enabled", "is false, as https.enabled; wanted one door at least"
        )


def _console(settings: Settings) -> Iterator[Mistake]:
    address = settings.console.url
    if address and not webhook_address(address):
        yield settings.mistake(
            "console.url",
            f"is {address!r}; wanted an address such as https://octway.example/console",
        )


def _clash(one: Address, other: Address) -> bool:
    hosts = {one.host, other.host}
    return one.port == other.port and (len(hosts) == 1 or bool(hosts & _ANYWHERE))


def _sizes(settings: Settings) -> Iterator[Mistake]:
    storage = settings.storage
    if storage.segment_limit > storage.segment_size:
        yield settings.mistake(
            "storage.segment_limit", "is over segment_size; wanted at most as much"
        )
    if settings.limits.max_file_size == 0:
        yield settings.mistake("limits.max_file_size", "is 0; wanted a size")
    if settings.work.idle >= settings.work.lease:
        yield settings.mistake("work.lease", "is not over idle; wanted some minutes")


def _secrets(settings: Settings) -> Iterator[Mistake]:
    found: list[tuple[str, Path]] = [
        ("storage.key_file", settings.storage.key_file),
        ("receipts.key_file", settings.receipts.key_file),
    ]
    if settings.database.url_file is not None:
        found.append(("database.url_file", settings.database.url_file))
    if settings.sftp.enabled:
        found.extend(("sftp.host_keys", path) for path in settings.sftp.host_keys)
    if settings.https.enabled:
        found.append(("https.key", settings.https.key))
    for key, path in found:
        why = _unreadable(path)
        if why is not None:
            yield settings.mistake(key, why)
        elif path.stat().st_mode & _TOO_OPEN:
            mode = stat.S_IMODE(path.stat().st_mode)
            yield settings.mistake(
                key, f"{path} has mode {mode:04o}; wanted 0600, so do: chmod 600 {path}"
            )
    if settings.sftp.enabled and not settings.sftp.host_keys:
        yield settings.mistake("sftp.host_keys", "is empty; wanted at least one file")


def _readable(settings: Settings) -> Iterator[Mistake]:
    found: Iterable[tuple[str, Path | None]] = (
        ("https.certificate", settings.https.certificate),
        ("https.client_ca", settings.https.client_ca),
    )
    trusted = [("webhooks.ca_file", settings.webhooks.ca_file)]
    for key, path in (*(found if settings.https.enabled else ()), *trusted):
        why = _unreadable(path) if path is not None else None
        if why is not None:
            yield settings.mistake(key, why)


def _folders(settings: Settings) -> Iterator[Mistake]:
    if not settings.directory.path.is_dir():
        yield settings.mistake(
            "directory.path", f"{settings.directory.path} is no folder; wanted one"
        )
    rules = settings.notifications.path
    if rules is not None and not rules.is_file():
        yield settings.mistake(
            "notifications.path",
            f"{rules} is missing; wanted a file of rules, `octway init` writes one "
            "without any",
        )
    data = settings.node.data
    if data.exists() and not os.access(data, os.W_OK | os.X_OK):
        yield settings.mistake("node.data", f"{data} cannot be written to")


def _unreadable(path: Path) -> str | None:
    """Return why a file cannot be read, or None."""
    if not path.exists():
        return f"{path} is missing; `octway init` makes one"
    if not path.is_file():
        return f"{path} is no file; wanted one"
    if not os.access(path, os.R_OK):
        return f"{path} cannot be read by this user"
    return None
