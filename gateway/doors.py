"""Builds the doors of a node: SFTP, HTTPS, and the listener for operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen
from twisted.conch.ssh.keys import Key
from twisted.internet.interfaces import IProtocolFactory

from config.settings import Settings
from gateway.api import application
from gateway.api.deposits import Pages
from gateway.api.webhooks import WebhookRules, WebhookViews
from gateway.cards.decoding import decode
from gateway.garbage import put_off
from gateway.house import House
from gateway.intake.backoff import AddressBackoff
from gateway.intake.credentials import JournalCredentials
from gateway.intake.https_elsewhere import Beside
from gateway.intake.https_login import Doorkeeper
from gateway.intake.https_server import HttpsDoor, HttpsLimits
from gateway.intake.https_tls import ServerTls, with_tls
from gateway.intake.https_upload import Uploads
from gateway.intake.interface import Client
from gateway.intake.later import Later
from gateway.intake.reception import Reception, RunInThread
from gateway.intake.referential_folder import ReferentialFolder
from gateway.intake.sftp_door import SftpFactory, sftp_factory
from gateway.intake.sftp_limits import SftpLimits
from gateway.intake.tree import ClientTree
from gateway.intake.turnstile import Turnstile
from gateway.journal.snapshot import Snapshot
from gateway.metrics import Metrics
from gateway.operations import (
    Operations,
    Readiness,
    database_check,
    disk_check,
    steps_check,
    storage_check,
)
from gateway.referential.versions import Versions
from gateway.supervise import StepRunner
from gateway.webhooks.addresses import Addresses

if TYPE_CHECKING:
    from gateway.console.site import Console

_BELIEVE_SECONDS = 5.0  # how long a token's client is remembered: a revoked one ends


Counts = Callable[[], Snapshot | None]
"""Gives the newest counts that the node made."""


@frozen(kw_only=True)
class Doors:
    """What listens, and what is needed to stop and reload it.

    `console` is built when asked for first: see to that once the doors are open.
    """

    sftp: SftpFactory | None
    https: HttpsDoor | None
    tls: ServerTls | None
    console: Later | None
    readiness: Readiness
    factories: dict[str, IProtocolFactory]


def build_doors(
    *,
    settings: Settings,
    house: House,
    reception: Reception,
    metrics: Metrics,
    steps: Sequence[StepRunner],
    run_in_thread: RunInThread,
    clock: Any,
    counts: Counts,
    version: str,
) -> Doors:
    """Build every door that the settings open; nothing listens yet.

    The node is ready only as long as all `steps` run.
    """
    hashing = Turnstile(run_in_thread)
    usual = Client(
        id="",
        name="",
        max_file_size=settings.limits.max_file_size,
        max_open_uploads=settings.limits.open_uploads,
        max_bytes_per_second=settings.limits.rate,
    )
    credentials = JournalCredentials(
        database=house.database,
        run_in_thread=run_in_thread,
        hashing=hashing,
        defaults=usual,
    )
    backoff = AddressBackoff(clock=clock)
    versions = Versions(
        database=house.database,
        directory=house.directory,
        networks=house.networks,
        now=house.now,
    )
    factories: dict[str, IProtocolFactory] = {}
    sftp = https = tls = console = None
    if settings.sftp.enabled:
        sftp = factories["sftp"] = _sftp(
            settings, house, reception, versions, metrics, credentials, clock, backoff
        )
    if settings.https.enabled:
        https, tls, console = _https(
            settings,
            house,
            reception,
            versions,
            metrics,
            credentials,
            run_in_thread,
            clock,
            backoff,
            hashing,
            counts,
            version,
        )
        factories["https"] = with_tls(https, tls, clock)
    metrics.bounds(reception.bounds(usual))
    for door in (sftp, https):
        if door is not None:
            metrics.bounds(door.bounds())
    readiness = Readiness(
        [
            database_check(house.database, run_in_thread),
            storage_check(house.payloads.storage, run_in_thread),
            disk_check(
                house.payloads.storage, run_in_thread, settings.limits.free_space
            ),
            steps_check(steps),
        ],
        clock=clock,
    )
    if settings.operations.enabled:
        factories["operations"] = Operations(
            registry=metrics.registry,
            readiness=readiness,
            run_in_thread=run_in_thread,
            clock=clock,
        )
    return Doors(
        sftp=sftp,
        https=https,
        tls=tls,
        console=console,
        readiness=readiness,
        factories=factories,
    )


def _sftp(
    settings: Settings,
    house: House,
    reception: Reception,
    versions: Versions,
    metrics: Metrics,
    credentials: JournalCredentials,
    clock: Any,
    backoff: AddressBackoff,
) -> SftpFactory:
    networks = tuple(house.networks)

    def tree(client: Client) -> ClientTree:
        return ClientTree(
            client=client,
            reception=reception,
            networks=networks,
            referential=ReferentialFolder(versions, client.id, "sftp"),
            channel="sftp",
            listed_since=lambda: house.now() - settings.receipts.listed,
        )

    return sftp_factory(
        space_for=tree,
        credentials=credentials,
        host_keys=[Key.fromFile(str(path)) for path in settings.sftp.host_keys],
        clock=clock,
        observer=metrics.door("sftp"),
        limits=SftpLimits(
            max_connections=settings.sftp.max_connections,
            login_seconds=settings.sftp.login_grace,
        ),
        backoff=backoff,
    )


def _https(
    settings: Settings,
    house: House,
    reception: Reception,
    versions: Versions,
    metrics: Metrics,
    credentials: JournalCredentials,
    run_in_thread: RunInThread,
    clock: Any,
    backoff: AddressBackoff,
    hashing: Turnstile,
    counts: Counts,
    version: str,
) -> tuple[HttpsDoor, ServerTls, Later | None]:
    observe = metrics.door("https")
    pages = Pages(
        database=house.database,
        run_in_thread=run_in_thread,
        now=house.now,
    )
    routes = application.build(
        take_deposit=Uploads(reception=reception).deposit,
        pages=pages,
        payloads=house.payloads,
        versions=versions,
        webhooks=WebhookViews(
            pages, house.payloads.keys, house.entropy, webhook_rules(settings)
        ),
        decode=decode,
        version=version,
    )
    console = _console(
        settings, house, run_in_thread, backoff, hashing, counts, version
    )
    doorkeeper = Doorkeeper(
        credentials=credentials,
        now=house.now,
        believe_seconds=_BELIEVE_SECONDS,
        observe=observe,
    )
    door = HttpsDoor(
        routes=routes,
        doorkeeper=doorkeeper,
        elsewhere=Beside()
        if console is None
        else Beside(home="/console", below="console", answer=console),
        clock=clock,
        limits=HttpsLimits(max_connections=settings.https.max_connections),
        observe=observe,
    )
    tls = ServerTls(
        certificate=settings.https.certificate,
        key=settings.https.key,
        client_ca=settings.https.client_ca,
    )
    return door, tls, console


def webhook_rules(settings: Settings) -> WebhookRules:
    """Say what endpoints clients may register."""
    section = settings.webhooks
    return WebhookRules(
        addresses=Addresses(allowed=section.allow),
        most=section.most,
        old_secret=section.old_secret,
    )


def _console(
    settings: Settings,
    house: House,
    run_in_thread: RunInThread,
    backoff: AddressBackoff,
    hashing: Turnstile,
    counts: Counts,
    version: str,
) -> Later | None:
    """Say how the console is built, if there is to be one."""
    if not settings.console.enabled:
        return None

    def build() -> Console:
        # its pages, languages and logins are half of all modules, and no deposit waits
        from gateway.console.build import build_console  # noqa: PLC0415

        with put_off():
            return build_console(
                house=house,
                run_in_thread=run_in_thread,
                counts=counts,
                backoff=backoff,
                hashing=hashing,
                version=version,
            )

    return Later(build, run_in_thread)
