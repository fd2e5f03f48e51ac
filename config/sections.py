"""The sections of `octway.toml`, as frozen records.

Each record's fields carry their kind, default and one line of words, so the
reader, the list of settings and the JSON schema all come from one definition.
"""

# ruff: noqa: RUF009 - `setting` makes an attrs field, not a shared default
from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from attrs import frozen

from config.definitions import Address, IpNetwork, setting


@frozen(kw_only=True)
class Node:
    """Who this process is."""

    id: str = setting("name", "node-1", "name of this node; unique among nodes")
    data: Path = setting("path", "data", "folder for everything the node keeps")


@frozen(kw_only=True)
class Database:
    """Where the journal is.  `url` may hold a password and is never shown."""

    url: str = setting(
        "text",
        "sqlite:///data/octway.db",
        "the journal: sqlite:///FILE, or postgresql+psycopg://… for several nodes",
        secret=True,
    )
    url_file: Path | None = setting(
        "optional path", "", "file that holds the url, instead of `url`"
    )
    connections: int = setting(
        "whole", 10, "connections to PostgreSQL at most; SQLite ignores it", least=1
    )


@frozen(kw_only=True)
class Storage:
    """Where payloads are kept."""

    url: str = setting(
        "text", "file:data/storage", "where payloads are kept: file:FOLDER"
    )
    segment_limit: int = setting(
        "bytes", "256k", "payloads up to this size share a segment file"
    )
    segment_size: int = setting(
        "bytes", "64M", "a segment file is closed when it has grown to this"
    )
    key_file: Path = setting(
        "path", "data/keys/storage.keys", "key-encryption keys, newest first; mode 0600"
    )

    @property
    def folder(self) -> Path:
        """Return the folder of a `file:` url."""
        return Path(self.url.removeprefix("file://").removeprefix("file:"))


@frozen(kw_only=True)
class Sftp:
    """The SFTP door."""

    enabled: bool = setting("flag", True, "whether the SFTP door is open")
    listen: Address = setting("address", "127.0.0.1:2222", "host:port of the door")
    host_keys: tuple[Path, ...] = setting(
        "paths", ["data/keys/ssh_host_ed25519_key"], "private host keys; mode 0600"
    )
    max_connections: int = setting(
        "whole", 1000, "connections at once; one more is turned away", least=1
    )
    login_grace: float = setting(
        "seconds", "30s", "a connection that has not logged in by then is closed"
    )
    proxy_protocol: bool = setting(
        "flag", False, "whether a balancer in front tells the caller's address (PROXY)"
    )


@frozen(kw_only=True)
class Https:
    """The HTTPS door, and the console."""

    enabled: bool = setting("flag", True, "whether the HTTPS door is open")
    listen: Address = setting("address", "127.0.0.1:8443", "host:port of the door")
    certificate: Path = setting(
        "path", "data/keys/https.crt", "PEM certificate, with its chain"
    )
    key: Path = setting("path", "data/keys/https.key", "PEM private key; mode 0600")
    client_ca: Path | None = setting(
        "optional path", "", "PEM authority whose client certificates log in"
    )
    max_connections: int = setting(
        "whole", 1000, "connections at once; one more is turned away", least=1
    )
    proxy_protocol: bool = setting(
        "flag", False, "whether a balancer in front tells the caller's address (PROXY)"
    )


@frozen(kw_only=True)
class Console:
    """The staff console, on the HTTPS door under /console."""

    enabled: bool = setting("flag", True, "whether the console is served")
    url: str = setting(
        "text", "", "address of the console for links in messages: https://HOST/console"
    )
    time_zone: ZoneInfo = setting(
        "zone", "Europe/Paris", "time zone in which the console shows moments"
    )
    second_person_above: int = setting(
        "whole",
        1000,
        "claims above which several things are only sent again, or taken back, when a "
        "second person agrees",
    )
    second_person_within: float = setting(
        "seconds",
        "7d",
        "how long a second person's word is waited for; then what was asked for is "
        "withdrawn, and can be asked for again",
    )


@frozen(kw_only=True)
class OpenId:
    """A provider of OpenID Connect that staff may log in with; none without `issuer`."""

    issuer: str = setting(
        "text", "", "https:// address of the provider; empty: only passwords"
    )
    name: str = setting("text", "OpenID", "what the button on the login page says")
    client_id: str = setting("text", "", "what the provider calls this console")
    client_secret_file: Path | None = setting(
        "optional path", "", "file that holds the secret agreed with the provider"
    )
    account: str = setting(
        "text", "email", "claim that names the staff account; an email must be verified"
    )
    passwords: bool = setting(
        "flag", True, "whether passwords are taken as well as the provider's word"
    )


@frozen(kw_only=True)
class Operations:
    """The listener for metrics and health."""

    enabled: bool = setting("flag", True, "whether metrics and health are served")
    listen: Address = setting(
        "address", "127.0.0.1:9464", "host:port of /metrics, /healthz and /readyz"
    )


@frozen(kw_only=True)
class Limits:
    """What a client may do unless its account says otherwise."""

    max_file_size: int = setting("bytes", "1G", "largest deposit that is taken")
    open_uploads: int = setting("whole", 16, "uploads at once per client", least=1)
    rate: int = setting("bytes", "0", "bytes a second per client; 0 is no limit")
    free_space: int = setting(
        "bytes", "500M", "with less free disk the node takes no deposits"
    )


@frozen(kw_only=True)
class Receipts:
    """How receipts are signed, and how long they are listed."""

    key_file: Path = setting(
        "path", "data/keys/receipts.key", "PEM Ed25519 key that signs; mode 0600"
    )
    listed: float = setting(
        "seconds",
        "90d",
        "how long what is signed is listed in /receipts; it stays, and is got by name",
    )


@frozen(kw_only=True)
class Retention:
    """How long stored files are kept once everything about them has come to its end.

    Never shorter than that, and longer where a network or a payer says so.
    """

    keep: float = setting(
        "seconds", "90d", "how long files are kept after the last thing that happened"
    )
    part_paid: float = setting(
        "seconds",
        "730d",
        "how long what is paid in part only counts as unpaid, so that it can be claimed",
    )


@frozen(kw_only=True)
class DirectoryPlace:
    """Where the payer directory is."""

    path: Path = setting("path", "payers", "folder of the payer directory")


@frozen(kw_only=True)
class NotificationPlace:
    """Where the rules are by which staff and vendors are told."""

    path: Path | None = setting(
        "optional path", "", "file of rules by which staff and vendors are told"
    )


@frozen(kw_only=True)
class NetworkEmitter:
    """Who we are in one network, and how long its files are kept."""

    emitter_number: str = setting(
        "required", "", "our number in this network, as payers know it"
    )
    emitter_kind: str = setting("text", "OT", "what we are in this network")
    emitter_name: str = setting("text", "", "our name, where a format shows one")
    keep: float = setting(
        "seconds", "0s", "how long its files are kept, where longer than retention.keep"
    )


@frozen(kw_only=True)
class Work:
    """How the steps share the machine."""

    split_workers: int = setting("whole", 2, "large deposits read at once", least=1)
    dispatch_workers: int = setting("whole", 16, "dispatches sent at once", least=1)
    collect_workers: int = setting("whole", 4, "outboxes emptied at once", least=1)
    gather_interval: float = setting(
        "seconds", "2s", "how often routed lots are gathered into dispatches"
    )
    collect_interval: float = setting(
        "seconds", "60s", "how often each payer's outbox is listed"
    )
    watch_interval: float = setting(
        "seconds", "60s", "how often expectations past due are looked for"
    )
    lease: float = setting(
        "seconds", "2m", "work whose holder was silent this long is taken over"
    )
    idle: float = setting(
        "seconds",
        "1s",
        "how long a step that found nothing waits before it looks again",
    )
    drain: float = setting("seconds", "30s", "time for work under way at a stop")


@frozen(kw_only=True)
class Matching:
    """What is believed of returns without asking a person."""

    sure_mark: int = setting(
        "whole",
        75,
        "score, of 100, from which an answer whose keys fit none is tied to the claim "
        "that it is most like; 75 is same patient, day and amount",
        least=61,
    )
    overpaid: int = setting(
        "whole",
        20,
        "percent by which payments may exceed what was asked; more waits for a person",
    )
    largest_amount: int = setting(
        "whole",
        50_000_000,
        "most cents asked or paid for one claim; more waits for a person",
        least=1,
    )


@frozen(kw_only=True)
class Attachments:
    """What is done to supporting documents before they go."""

    scanner: str = setting(
        "text",
        "",
        "command that reads a document from standard input and ends with 0 if it finds "
        "no virus, with 1 if it finds one; empty: none is scanned",
    )
    scan_time: float = setting(
        "seconds", "60s", "how long the scanner may take for one document"
    )


@frozen(kw_only=True)
class Webhooks:
    """How vendors' endpoints are told what happened."""

    waits: tuple[float, ...] = setting(
        "durations",
        ["5s", "5m", "30m", "2h", "5h", "10h", "14h", "20h", "24h"],
        "pauses before a delivery is tried again; after the last it is given up",
    )
    give_up: float = setting(
        "seconds", "5d", "an endpoint that only failed for so long is disabled"
    )
    timeout: float = setting("seconds", "10s", "time for an endpoint to answer")
    workers: int = setting("whole", 4, "endpoints called at once", least=1)
    most: int = setting("whole", 10, "endpoints that one client may register")
    keep: float = setting(
        "seconds", "30d", "how long deliveries are kept, and may be replayed"
    )
    old_secret: float = setting(
        "seconds", "1d", "how long an endpoint's earlier secret signs beside a new one"
    )
    allow: tuple[IpNetwork, ...] = setting(
        "networks",
        [],
        "private networks whose addresses may be called; loopback also over http",
    )
    ca_file: Path | None = setting(
        "optional path", "", "PEM authorities to trust beside the system's"
    )


@frozen(kw_only=True)
class Log:
    """What goes to stderr."""

    level: str = setting(
        "choice", "info", "least level shown", of=("debug", "info", "warn", "error")
    )
