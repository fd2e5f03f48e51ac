"""The settings of a GenericAsync endpoint, read all at once.

Secrets come from files or the environment, never from the directory itself, and
no mistake shows one.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from attrs import field, frozen

from config.errors import ConfigErrors, Mistake
from config.reader import Table
from protocols.mycarenet.genasync_messages import Origin
from protocols.mycarenet.genasync_signer import Signer, open_signer

_NIHII: Final = 11
_MOST_MESSAGES: Final = 1000
_HTTPS: Final = 443


@frozen(kw_only=True)
class GenAsyncSettings:
    """One endpoint: where it is, who we are there, and how it is treated."""

    host: str
    port: int
    path: str
    tls: ssl.SSLContext = field(repr=False)
    origin: Origin
    signer: Signer
    max_messages: int
    max_answer: int
    max_content: int
    tack_proof: bool
    get_interval: float
    get_wait: float
    connect_timeout: float
    answer_timeout: float

    @property
    def endpoint(self) -> str:
        """Name the endpoint for people; holds no secret."""
        return f"https://{self.host}:{self.port}{self.path}"


def read_settings(
    settings: Mapping[str, object], environment: Mapping[str, str]
) -> GenAsyncSettings:
    """Read and check the settings; raises `ConfigErrors` with every mistake."""
    mistakes: list[Mistake] = []
    table = Table(settings, mistakes, file="genasync endpoint")
    host, port, path = _address(table)
    tls = _tls(table)
    origin = _origin(table, environment)
    signer = open_signer(table.get("signer", str, "none"), table)
    most, answer, content = (
        _number(table, "max_messages", 64),
        table.size("max_answer", "50M"),
        table.size("max_content", "100M"),
    )
    tack_proof = table.get("tack_proof", bool, True)
    interval, wait = (
        table.duration("get_interval", "30s"),
        table.duration("get_wait", "30s"),
    )
    connect, answering = (
        _timeout(table, "connect_timeout", "15s"),
        _timeout(table, "answer_timeout", "60s"),
    )
    table.done()
    if mistakes or tls is None or signer is None:
        raise ConfigErrors(mistakes)
    return GenAsyncSettings(
        host=host,
        port=port,
        path=path,
        tls=tls,
        origin=origin,
        signer=signer,
        max_messages=most,
        max_answer=answer,
        max_content=content,
        tack_proof=tack_proof,
        get_interval=interval,
        get_wait=wait,
        connect_timeout=connect,
        answer_timeout=answering,
    )


def _address(table: Table) -> tuple[str, int, str]:
    url = table.get("url", str)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _HTTPS
    except ValueError:
        parts, host, port = urlsplit(""), "", _HTTPS
    odd = parts.username or parts.query or parts.fragment
    if url and (parts.scheme != "https" or not host or odd):
        table.wrong(
            "url",
            f"is {url!r}; wanted one such as"
            " https://pilot.mycarenet.be/mycarenet-ws/async/generic/hcpfac",
        )
    return host, port, parts.path or "/"


def _tls(table: Table) -> ssl.SSLContext | None:
    """Make the TLS side: our certificate shown, the other one's checked."""
    certificate, key, trusted = (
        table.get(name, str) for name in ("certificate_file", "key_file", "ca_file")
    )
    if not (certificate and key and trusted):
        return None
    try:
        context = ssl.create_default_context(cafile=trusted)
    except (OSError, ssl.SSLError) as error:
        table.wrong("ca_file", f"{trusted} cannot be used: {_why(error)}; wanted PEM")
        return None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # Without a password given, an encrypted key would ask the terminal.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ssl.SSLError, ValueError) as error:
        table.wrong(
            "certificate_file",
            f"{certificate} and key_file {key} are no pair that works: {_why(error)};"
            " wanted a certificate and its own key, both PEM, without a password",
        )
        return None
    return context


def _origin(table: Table, environment: Mapping[str, str]) -> Origin:
    nihii = table.get("nihii", str)
    if nihii and not (nihii.isdecimal() and len(nihii) == _NIHII):
        table.wrong("nihii", f"is {nihii!r}; wanted a NIHII number of 11 digits")
    return Origin(
        package=table.get("package", str),
        user=table.get("license_user", str),
        password=_password(table, environment),
        nihii=nihii,
        quality=table.get("quality", str, "nurse"),
        name=table.get("name", str, ""),
        company=table.get("cbe", str, ""),
    )


def _password(table: Table, environment: Mapping[str, str]) -> str:
    file = table.get("license_password_file", str, "")
    variable = table.get("license_password_env", str, "")
    if bool(file) == bool(variable):
        table.wrong(
            "license_password_file",
            "is missing or given twice; wanted it or license_password_env",
        )
        return ""
    if variable:
        found = environment.get(variable, "")
        if not found:
            table.wrong(
                "license_password_env",
                f"names {variable}, which is not set or empty",
            )
        return found
    try:
        found = Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        table.wrong("license_password_file", f"{file} cannot be read: {_why(error)}")
        return ""
    if not found:
        table.wrong("license_password_file", f"{file} is empty; wanted a password")
    return found


def _number(table: Table, key: str, default: int) -> int:
    found = table.get(key, int, default)
    if not 1 <= found <= _MOST_MESSAGES:
        table.wrong(key, f"is {found}; wanted a number from 1 to {_MOST_MESSAGES}")
    return found


def _timeout(table: Table, key: str, default: str) -> float:
    found = table.duration(key, default)
    if found <= 0 and isinstance(table.data.get(key), str):
        table.wrong(key, "is no time at all; wanted a duration such as 30s")
    return found


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "it is not PEM"
    if isinstance(error, OSError):
        return error.strerror or "it cannot be read"
    return "it is not UTF-8"
