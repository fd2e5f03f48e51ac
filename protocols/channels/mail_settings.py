"""The settings of a mail endpoint, read all at once.

Secrets come from files or the environment, never from the directory itself, and no
mistake shows one.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import field, frozen
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from config.errors import ConfigErrors, Mistake
from config.reader import Table
from protocols.channels.endpoint_settings import number, password, seconds
from protocols.channels.mail_directory import LdapDirectory, has_ldapsearch
from protocols.channels.mail_envelope import CIPHERS, LEGACY, OwnKey, has_openssl
from protocols.channels.mail_letter import SHAPES, WHOLE, Form
from protocols.channels.mail_marks import Marks

IMAP, POP3 = "imap", "pop3"
TLS, STARTTLS = "tls", "starttls"

_PORTS: Final = {
    ("smtp", STARTTLS): 587,
    ("smtp", TLS): 465,
    (IMAP, TLS): 993,
    (IMAP, STARTTLS): 143,
    (POP3, TLS): 995,
    (POP3, STARTTLS): 110,
}
_MOST_PORTS: Final = 65_535
_ADDRESS: Final = re.compile(r"[0-9A-Za-z._+-]+@[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)+")
_DOMAIN: Final = re.compile(r"[0-9a-z-]+(?:\.[0-9a-z-]+)+")
_FOLDER: Final = re.compile(r"[0-9A-Za-z./_ -]*")
_CODE: Final = re.compile(r"(?:[0-9A-Za-z]{6})?")
_MARK: Final = re.compile(r"[!-~]+#[!-~]+#[!-~]+#[A-Z]#[0-9]")


@frozen(kw_only=True)
class Server:
    """A mail server: where it is, who we are there, and how it is spoken to."""

    host: str
    port: int
    security: str
    user: str
    password: str = field(repr=False)
    tls: ssl.SSLContext = field(repr=False)
    connect_timeout: float
    answer_timeout: float


@frozen(kw_only=True)
class MailSettings:
    """One mail endpoint, for every payer that is reached through it."""

    smtp: Server
    mailbox: Server
    mailbox_kind: str
    keep_folder: str
    form: Form
    subject_kind: str
    subject_code: str
    cipher: str
    domain: str
    recipients: tuple[x509.Certificate, ...] = field(repr=False)
    issuers: tuple[x509.Certificate, ...] = field(repr=False)
    directory: LdapDirectory | None
    keys: tuple[OwnKey, ...] = field(repr=False)
    max_mail: int
    max_content: int

    @property
    def endpoint(self) -> str:
        """Name the endpoint for people; holds no secret."""
        return f"smtp://{self.smtp.host}:{self.smtp.port}"

    @property
    def box(self) -> str:
        """Name the mailbox for people."""
        at = self.mailbox
        return f"{self.mailbox_kind}://{at.user}@{at.host}:{at.port}"


def read_settings(
    settings: Mapping[str, object], environment: Mapping[str, str]
) -> MailSettings:
    """Read and check the settings; raises `ConfigErrors` with every mistake."""
    mistakes: list[Mistake] = []
    table = Table(settings, mistakes, file="mail endpoint")
    tls = _tls(table)
    user, secret = table.get("user", str), password(table, environment)
    if not {"password_file", "password_env"} & set(table.data):
        table.wrong("password_file", "is missing; wanted password_file or password_env")
    kind = table.choice("mailbox", (IMAP, POP3), IMAP)
    smtp = _server(table, "smtp", "smtp", user, secret, tls)
    own_user = table.get("mailbox_user", str, user)
    own_secret = password(table, environment, prefix="mailbox_")
    mailbox = _server(table, kind, "mailbox", own_user, own_secret or secret, tls)
    for key, said in (
        *(("user", user), ("password_file", secret)),
        *(("mailbox_user", own_user), ("mailbox_password_file", own_secret)),
    ):
        if said and not (said.isascii() and said.isprintable()):
            table.wrong(key, "holds what no mail server is told; wanted plain ASCII")
    keep = _matching(
        table, "keep_folder", _FOLDER, "a plain name such as Done or INBOX.Done", ""
    )
    if keep and kind != IMAP:
        table.wrong("keep_folder", "is given for POP3, which has none; wanted imap")
    directory, issuers = _directory(table), _certificates(table, "issuers_file")
    keys = tuple(
        own for prefix in ("", "old_") if (own := _own_key(table, prefix)) is not None
    )
    read = MailSettings(
        smtp=smtp,
        mailbox=mailbox,
        mailbox_kind=kind,
        keep_folder=keep,
        form=_form(table, keys),
        subject_kind=table.choice("subject_kind", ("IR", "CP"), "IR"),
        subject_code=_matching(
            table, "subject_code", _CODE, "6 letters or digits, or nothing", ""
        ),
        cipher=_cipher(table),
        domain=_matching(table, "domain", _DOMAIN, "one such as rss.fr", "rss.fr"),
        recipients=(recipients := _certificates(table, "recipients_file")),
        issuers=issuers,
        directory=directory,
        keys=keys,
        max_mail=table.size("max_mail", "50M"),
        max_content=table.size("max_content", "100M"),
    )
    if not recipients and directory is None and "recipients_file" not in table.data:
        table.wrong("recipients_file", "is missing; wanted recipients_file or ldap_url")
    if directory is not None and not issuers and "issuers_file" not in table.data:
        table.wrong(
            "issuers_file",
            "is missing; wanted the authority's certificates, for what ldap_url gives"
            " is believed only if one of them signed it",
        )
    table.done()
    if mistakes:
        raise ConfigErrors(mistakes)
    return read


def _server(
    table: Table,
    kind: str,
    prefix: str,
    user: str,
    secret: str | None,
    tls: ssl.SSLContext,
) -> Server:
    usual = STARTTLS if kind == "smtp" else TLS
    security = table.choice(f"{prefix}_security", (TLS, STARTTLS), usual)
    port = _PORTS[kind, security]
    return Server(
        host=table.get(f"{prefix}_host", str),
        port=number(table, f"{prefix}_port", port, _MOST_PORTS),
        security=security,
        user=user,
        password=secret or "",
        tls=tls,
        connect_timeout=seconds(table, "connect_timeout", "15s"),
        answer_timeout=seconds(table, "answer_timeout", "60s"),
    )


def _tls(table: Table) -> ssl.SSLContext:
    trusted = table.get("ca_file", str, "")
    try:
        context = ssl.create_default_context(cafile=trusted or None)
    except (OSError, ssl.SSLError):
        table.wrong("ca_file", f"{trusted} cannot be used; wanted certificates in PEM")
        context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _form(table: Table, keys: Sequence[OwnKey]) -> Form:
    shape = table.choice("shape", SHAPES, WHOLE)
    mark = table.get("cipher_mark", str, "")
    if shape == WHOLE and not _MARK.fullmatch(mark):
        table.wrong(
            "cipher_mark",
            f"is {mark!r}; wanted what the shape {WHOLE!r} says of the software and"
            " cipher, such as Vendor#Software#1.40#A#2",
        )
    sender = _matching(table, "from", _ADDRESS, "a plain mail address of ours", None)
    return Form(
        sender=sender,
        shape=shape,
        compress=table.get("compress", bool, True),
        test=table.get("test", bool, False),
        cipher_mark=mark,
        marks=Marks.of_keys(each.key for each in keys),
    )


def _cipher(table: Table) -> str:
    cipher = table.choice("cipher", CIPHERS, CIPHERS[0])
    if cipher == LEGACY and not has_openssl():
        table.wrong(
            "cipher", f"is {LEGACY}, which needs the program openssl; wanted it"
        )
    return cipher


def _directory(table: Table) -> LdapDirectory | None:
    url = table.get("ldap_url", str, "")
    if not url:
        return None
    if not re.fullmatch(r"ldaps?://[0-9A-Za-z.-]+(?::[0-9]{1,5})?", url):
        table.wrong("ldap_url", f"is {url!r}; wanted one such as ldap://host:389")
    elif not has_ldapsearch():
        table.wrong(
            "ldap_url", "needs the program ldapsearch (ldap-utils); wanted it installed"
        )
    return LdapDirectory(
        url=url,
        base=table.get("ldap_base", str),
        seconds=seconds(table, "ldap_timeout", "10s"),
    )


def _certificates(table: Table, key: str) -> tuple[x509.Certificate, ...]:
    file = table.get(key, str, "")
    if not file:
        return ()
    try:
        return tuple(x509.load_pem_x509_certificates(Path(file).read_bytes()))
    except OSError as error:
        table.wrong(key, f"{file} cannot be read: {error.strerror}; wanted that file")
    except ValueError:
        table.wrong(key, f"{file} holds no certificates; wanted some in PEM")
    return ()


def _own_key(table: Table, prefix: str) -> OwnKey | None:
    """Read a pair of ours: without it, what comes enveloped cannot be opened."""
    names = f"{prefix}certificate_file", f"{prefix}key_file"
    files = [table.get(name, str, "") for name in names]
    if not any(files):
        return None
    if not all(files):
        missing = names[files.index("")]
        table.wrong(missing, f"is missing; wanted {names[0]} and {names[1]}, or none")
        return None
    certificate, key = Path(files[0]), Path(files[1])
    try:
        read = x509.load_pem_x509_certificate(certificate.read_bytes())
        own = load_pem_private_key(key.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        table.wrong(
            names[0],
            f"{certificate} and {names[1]} {key} cannot be used; wanted a certificate"
            " and its key, both PEM, without a password",
        )
        return None
    if not isinstance(own, rsa.RSAPrivateKey) or read.public_key() != own.public_key():
        table.wrong(names[1], f"{key} is not the RSA key of {certificate}; wanted it")
        return None
    return OwnKey(certificate=read, key=own, certificate_file=certificate, key_file=key)


def _matching(
    table: Table, key: str, pattern: re.Pattern[str], wanted: str, default: str | None
) -> str:
    found = table.get(key, str, default)
    if type(table.data.get(key)) is str and not pattern.fullmatch(found):
        table.wrong(key, f"is {found!r}; wanted {wanted}")
    return found
