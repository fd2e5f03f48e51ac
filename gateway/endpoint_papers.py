"""What an endpoint shows of us, and how long it lasts: keys, certificates, host keys.

Nothing secret is read out: of a private key its public half is named, of a password
only where it lies and whether it is there.  Certificates tell when they end, which
is what somebody must act on before a payer locks us out.
"""

from __future__ import annotations

import base64
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import frozen
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
    load_ssh_public_key,
)

from config.directory_records import EndpointEntry
from gateway.intake.credentials import ssh_fingerprint
from gateway.intake.https_tls import fingerprint, read_certificates

SOON: Final = 30 * 86_400.0
"""Seconds before its end from which on a certificate is told of."""

_FILE, _VARIABLE, _HOST_KEYS = "_file", "_env", "host_keys"
_TOO_OPEN: Final = stat.S_IRWXG | stat.S_IRWXO
_MOST: Final = 1 << 20  # bytes of a file that is looked into
_PLACES: Final = (
    *("url", "host", "port", "user", "send_folder", "collect_folder"),
    *("smtp_host", "mailbox", "mailbox_host", "mailbox_user", "from", "ldap_url"),
)
_UNUSABLE: Final = (ValueError, TypeError, UnsupportedAlgorithm)


@frozen(kw_only=True)
class Paper:
    """One thing that an endpoint needs: what it is, and what is wrong with it.

    `kind` is `key`, `certificate`, `host-key`, `password`, `file` or `variable`;
    `words` names it for people, `mark` is its fingerprint.  `ends` is when a
    certificate ends.
    """

    setting: str
    kind: str
    words: str
    mark: str = ""
    ends: float | None = None
    wrong: str = ""


def places(endpoint: EndpointEntry) -> dict[str, str]:
    """Return where an endpoint is, and as whom we go there; holds no secret."""
    return {
        name: str(endpoint.settings[name])
        for name in _PLACES
        if name in endpoint.settings
    }


def papers(endpoint: EndpointEntry, environment: Mapping[str, str]) -> list[Paper]:
    """List what an endpoint needs, in the order of its settings; reads its files."""
    found: list[Paper] = []
    for setting, value in endpoint.settings.items():
        if setting == _HOST_KEYS and isinstance(value, (list, tuple)):
            found += (_host_key(setting, str(each)) for each in value)
        elif setting.endswith(_FILE) and isinstance(value, str) and value:
            found += _file(setting, Path(value))
        elif setting.endswith(_VARIABLE) and isinstance(value, str) and value:
            there = bool(environment.get(value))
            wrong = "" if there else "is not set"
            found.append(
                Paper(setting=setting, kind="variable", words=value, wrong=wrong)
            )
    return found


def first_end(found: Iterable[Paper]) -> float | None:
    """Return when the first certificate ends; None without any."""
    return min((each.ends for each in found if each.ends is not None), default=None)


def _file(setting: str, path: Path) -> Iterator[Paper]:
    try:
        mode = path.stat().st_mode
        with path.open("rb") as file:
            content = file.read(_MOST)
    except OSError as error:
        wrong = f"cannot be read: {error.strerror}"
        yield Paper(setting=setting, kind="file", words=path.name, wrong=wrong)
        return
    if b"-----BEGIN CERTIFICATE-----" in content:
        yield from _certificates(setting, path)
        return
    wrong = ""
    if mode & _TOO_OPEN:
        wrong = f"has mode {stat.S_IMODE(mode):04o}; wanted 0600"
    if "password" in setting:
        yield Paper(setting=setting, kind="password", words=path.name, wrong=wrong)
    elif b"PRIVATE KEY-----" in content:
        yield _private(setting, path.name, content, wrong)
    else:
        yield Paper(setting=setting, kind="file", words=path.name, wrong=wrong)


def _certificates(setting: str, path: Path) -> Iterator[Paper]:
    try:
        chain = read_certificates(path)
    except _UNUSABLE:
        yield Paper(
            setting=setting,
            kind="certificate",
            words=path.name,
            wrong="cannot be read; wanted PEM",
        )
        return
    for each in chain:
        yield Paper(
            setting=setting,
            kind="certificate",
            words=_subject(each) or path.name,
            mark=fingerprint(each),
            ends=each.not_valid_after_utc.timestamp(),
        )


def _private(setting: str, name: str, content: bytes, wrong: str) -> Paper:
    """Name a private key by its public half."""
    key: Any
    try:
        if b"OPENSSH PRIVATE KEY" in content:
            key = load_ssh_private_key(content, password=None)
        else:
            key = load_pem_private_key(content, password=None)
        mark = _mark(key.public_key())
    except _UNUSABLE:
        words = wrong or "cannot be used; wanted a private key without a passphrase"
        return Paper(setting=setting, kind="key", words=name, wrong=words)
    return Paper(setting=setting, kind="key", words=name, mark=mark, wrong=wrong)


def _host_key(setting: str, text: str) -> Paper:
    kind, _, rest = text.strip().partition(" ")
    try:
        key = load_ssh_public_key(f"{kind} {rest.split()[0]}".encode())
        mark = _mark(key)
    except (*_UNUSABLE, IndexError):
        return Paper(
            setting=setting, kind="host-key", words=kind[:40], wrong="is no public key"
        )
    return Paper(setting=setting, kind="host-key", words=kind, mark=mark)


def _mark(key: Any) -> str:
    """Name a public key as OpenSSH does."""
    blob = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1]
    return ssh_fingerprint(base64.b64decode(blob))


def _subject(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()
