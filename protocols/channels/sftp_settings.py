"""The settings of an SFTP endpoint, read all at once.

Secrets come from files or the environment, never from the directory itself;
their errors name the place and never the value.  Paths are as the process sees
them: relative ones count from where it was started.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen
from cryptography.exceptions import UnsupportedAlgorithm
from paramiko import PKey, SSHException
from paramiko.pkey import UnknownKeyType

from config.errors import ConfigErrors, Mistake
from config.reader import Table
from protocols.channels.endpoint_settings import number, password, seconds
from protocols.channels.naming import WORKING_NAMES

_MOST_CONNECTIONS = 64
_MOST_CHANNELS = 10  # OpenSSH's MaxSessions, which most payers never change


@frozen(kw_only=True)
class SftpSettings:
    """One endpoint: where it is, who we are there, and how it is treated."""

    host: str
    port: int
    user: str
    key: PKey | None = field(repr=False)
    password: str | None = field(repr=False)
    host_keys: tuple[PKey, ...]
    send_folder: str
    collect_folder: str
    temporary_suffix: str
    skip: tuple[str, ...]
    fsync: bool
    keeps_files: bool
    connections: int
    channels_per_connection: int
    connect_timeout: float
    operation_timeout: float
    idle_timeout: float

    @property
    def endpoint(self) -> str:
        """Name the endpoint for people; holds no secret."""
        return f"sftp://{self.user}@{self.host}:{self.port}"


def read_settings(
    settings: Mapping[str, object], environment: Mapping[str, str]
) -> SftpSettings:
    """Read and check the settings; raises `ConfigErrors` with every mistake."""
    mistakes: list[Mistake] = []
    table = Table(settings, mistakes, file="sftp endpoint")
    suffix = table.get("temporary_suffix", str, ".tmp")
    if not suffix.strip(".") or "/" in suffix:
        table.wrong("temporary_suffix", f"is {suffix!r}; wanted one such as '.tmp'")
    key, secret = _key(table), password(table, environment)
    if key is None and secret is None and not mistakes:
        table.wrong(
            "key_file", "is missing; wanted key_file, password_file or password_env"
        )
    read = SftpSettings(
        host=table.get("host", str),
        port=number(table, "port", 22, 65535),
        user=table.get("user", str),
        key=key,
        password=secret,
        host_keys=_host_keys(table),
        send_folder=_folder(table, "send_folder", "/in"),
        collect_folder=_folder(table, "collect_folder", "/out"),
        temporary_suffix=suffix,
        skip=(*table.texts("skip", WORKING_NAMES), f"*{suffix}"),
        fsync=table.get("fsync", bool, True),
        keeps_files=table.get("keeps_files", bool, False),
        connections=number(table, "connections", 2, _MOST_CONNECTIONS),
        channels_per_connection=number(
            table, "channels_per_connection", 8, _MOST_CHANNELS
        ),
        connect_timeout=seconds(table, "connect_timeout", "15s"),
        operation_timeout=seconds(table, "operation_timeout", "60s"),
        idle_timeout=seconds(table, "idle_timeout", "60s"),
    )
    table.done()
    if mistakes:
        raise ConfigErrors(mistakes)
    return read


def read_public_key(text: str) -> PKey:
    """Read a line such as `ssh-ed25519 AAAA… comment`; raises `ValueError`."""
    parts = text.split()
    if len(parts) < 2:  # noqa: PLR2004
        raise ValueError("wanted a line such as 'ssh-ed25519 AAAA…'")
    try:
        return PKey.from_type_string(
            parts[0], base64.b64decode(parts[1], validate=True)
        )
    except (
        binascii.Error,
        SSHException,
        UnknownKeyType,
        UnsupportedAlgorithm,
    ) as error:
        raise ValueError(
            "wanted a public key of type ssh-ed25519, ecdsa-sha2-… or ssh-rsa,"
            " as ssh-keyscan prints it"
        ) from error


def _host_keys(table: Table) -> tuple[PKey, ...]:
    keys = []
    texts = table.texts("host_keys")
    if not texts and not table.data.get("host_keys"):
        table.wrong(
            "host_keys", "is missing; wanted the payer's public host keys, pinned"
        )
    for place, text in enumerate(texts):
        try:
            keys.append(read_public_key(text))
        except ValueError as error:
            table.wrong(f"host_keys[{place}]", f"is no public key; {error}")
    return tuple(keys)


def _key(table: Table) -> PKey | None:
    name = table.get("key_file", str, "")
    if not name:
        return None
    try:
        return PKey.from_path(Path(name))
    except OSError as error:
        table.wrong("key_file", f"cannot be read: {error}; wanted a private key file")
    except (ValueError, TypeError, SSHException, UnknownKeyType, UnsupportedAlgorithm):
        table.wrong(
            "key_file",
            f"{name} holds no private key that can be used; wanted one of OpenSSH"
            " or PEM, of type ed25519, ecdsa or rsa, without a passphrase",
        )
    return None


def _folder(table: Table, key: str, default: str) -> str:
    found = table.get(key, str, default)
    return found.rstrip("/") or "/"
