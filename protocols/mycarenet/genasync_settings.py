"""The settings of a GenericAsync endpoint, read all at once.

Secrets come from files or the environment, never from the directory itself, and
no mistake shows one.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from attrs import field, frozen

from config.errors import ConfigErrors, Mistake
from config.reader import Table
from protocols.channels.endpoint_settings import number, password, seconds
from protocols.mycarenet.genasync_messages import BILLING, MESSAGE_NAMES, Origin
from protocols.mycarenet.genasync_signer import Signer, open_signer

_NIHII: Final = 11
_BILLING: Final = "920000"
_MOST_MESSAGES: Final = 1000
_HTTPS: Final = 443
_LICENCE: Final = "license_"


@frozen(kw_only=True)
class GenAsyncSettings:
    """One endpoint: where it is, who we are there, and how it is treated."""

    host: str
    port: int
    path: str
    tls: ssl.SSLContext = field(repr=False)
    origin: Origin
    signer: Signer
    kinds: tuple[str, ...]
    post_name: str
    get_names: tuple[str, ...]
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
    signer = _signer(table)
    kinds = table.texts("kinds", (_BILLING,))
    post_name = table.get("post_name", str, BILLING)
    get_names = table.texts("get_names", MESSAGE_NAMES)
    most, answer, content = (
        number(table, "max_messages", 64, _MOST_MESSAGES),
        table.size("max_answer", "50M"),
        table.size("max_content", "100M"),
    )
    tack_proof = table.get("tack_proof", bool, True)
    interval, wait = (
        table.duration("get_interval", "30s"),
        table.duration("get_wait", "30s"),
    )
    connect, answering = (
        seconds(table, "connect_timeout", "15s"),
        seconds(table, "answer_timeout", "60s"),
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
        kinds=kinds,
        post_name=post_name,
        get_names=get_names,
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


def _signer(table: Table) -> Signer | None:
    name = table.get("signer", str)
    return open_signer(name, table) if name else None


def _origin(table: Table, environment: Mapping[str, str]) -> Origin:
    nihii = table.get("nihii", str)
    if nihii and not (nihii.isdecimal() and len(nihii) == _NIHII):
        table.wrong("nihii", f"is {nihii!r}; wanted a NIHII number of 11 digits")
    secret = password(table, environment, prefix=_LICENCE)
    if not {f"{_LICENCE}password_file", f"{_LICENCE}password_env"} & set(table.data):
        table.wrong(
            "license_password_file",
            "is missing; wanted license_password_file or license_password_env",
        )
    return Origin(
        package=table.get("package", str),
        user=table.get("license_user", str),
        password=secret or "",
        nihii=nihii,
        quality=table.get("quality", str, "nurse"),
        name=table.get("name", str, ""),
        company=table.get("cbe", str, ""),
    )


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "it is not PEM"
    return (error.strerror if isinstance(error, OSError) else "") or "it cannot be read"
