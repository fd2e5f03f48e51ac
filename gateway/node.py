"""One gateway node: opens the doors, runs the steps, stops without losing work."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, TypeVar

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure

from config.directory_records import DirectoryData
from config.errors import ConfigErrors
from config.notification_records import Notifications
from config.settings import Settings
from gateway.channels import Channels
from gateway.counting import Counting
from gateway.doors import Doors, build_doors
from gateway.expiring import Expiring
from gateway.gauging import Gauging
from gateway.house import House, note_directory, read_directory
from gateway.intake.receipts import ReceiptSigner, read_signer
from gateway.intake.reception import Reception
from gateway.journal import parts, work
from gateway.listening import Listening
from gateway.metrics import Metrics
from gateway.notifications.in_force import read_notifications
from gateway.pinning import in_force
from gateway.schema_watch import SchemaWatch
from gateway.service_manager import Passed
from gateway.steps.route import Route
from gateway.steps.split import LARGE, Split, SplitLarge
from gateway.supervise import Bell
from gateway.workshop import build_steps, step_services
from routing.directory import Directory

T = TypeVar("T")


class Node:
    """A node; `start` once, `stop` once.  Sockets that were `passed` are its doors'."""

    _log = Logger()

    def __init__(
        self,
        *,
        settings: Settings,
        house: House,
        metrics: Metrics,
        reactor: Any,
        version: str,
        passed: Passed = MappingProxyType({}),
    ) -> None:
        self._settings = settings
        self._house = house
        self._metrics = metrics
        self._reactor = reactor
        self._version = version
        self._gauging = Gauging(
            house.database, house.directory, house.now, time.monotonic
        )
        self._expiring = Expiring(
            settings.https.certificate if settings.https.enabled else None,
            house.directory,
            house.now,
        )
        self._channels = Channels(catalog=house.catalog, directory=house.directory)
        self._files = house.directory().data
        self._steps = MultiService()
        self._bells: dict[str, Bell] = {}
        self._listening = Listening(reactor, passed)
        self.schema = SchemaWatch(
            house.database, lambda: reactor.callFromThread(reactor.stop)
        )
        self._doors: Doors | None = None
        self._counting = Counting(
            self._count, clock=reactor, run_in_thread=self._in_thread
        )

    async def start(self) -> None:
        """Open the doors, say where each listens, and start the steps."""
        house, settings = self._house, self._settings
        house.database.start()
        await self._tidy()
        signer = read_signer(settings.receipts.key_file)
        steps = build_steps(house, self._channels, self._metrics, signer)
        self._bells = {step.name: Bell() for step in steps.in_order()}
        runners = step_services(
            house, steps, self._bells, self._metrics, self._in_thread
        )
        for runner in runners:
            runner.setServiceParent(self._steps)
        self._doors = build_doors(
            settings=settings,
            house=house,
            reception=self._reception(signer),
            metrics=self._metrics,
            steps=runners,
            run_in_thread=self._in_thread,
            clock=self._reactor,
            counts=self._gauging.newest,
            version=self._version,
        )
        places = {
            "sftp": settings.sftp.listen,
            "https": settings.https.listen,
            "operations": settings.operations.listen,
        }
        for door, factory in self._doors.factories.items():
            proxied = door in {
                "sftp" if settings.sftp.proxy_protocol else "",
                "https" if settings.https.proxy_protocol else "",
            }
            for where in await self._listening.open(
                door, places[door], factory, proxied=proxied
            ):
                self._log.info("listening", door=door, where=where)
        self._steps.startService()
        self._counting.start()

    async def warm(self) -> None:
        """Make what the doors open without: the console, before its first visitor."""
        if self._doors is not None and self._doors.console is not None:
            await self._doors.console.ready()

    async def stop(self) -> None:
        """Close the doors, let what is under way end, then let go of everything."""
        if self._doors is not None:
            self._doors.readiness.draining = True
        await self._listening.close()
        if self._doors is not None:
            await self._drain(self._doors)
        counted = self._counting.stop()
        if counted is not None:
            await counted
        if self._steps.running:
            await Deferred.fromCoroutine(_stopped(self._steps))
        self._channels.close()
        await self._in_thread(self._house.close)

    def reload(self) -> None:
        """Read directory, rules and certificates again; a mistake leaves the old."""
        try:
            data = read_directory(
                self._settings.directory.path,
                self._house.catalog,
                self._house.networks,
            )
            payers = [each.id for each in data.payers]
            told = read_notifications(self._settings, payers)
            if self._doors is not None and self._doors.tls is not None:
                self._doors.tls.reload()
        except ConfigErrors as error:
            for mistake in error.mistakes:
                self._log.error("not reloaded: {mistake}", mistake=str(mistake))
            return
        except (OSError, ValueError) as error:
            self._log.error("certificate not reloaded: {error}", error=str(error))
            return
        noted = self._house.database.submit("directory.note", note_directory, data)
        noted.addCallback(lambda _: self._take_files(data, told))
        noted.addErrback(self._not_noted)

    def _take_files(self, data: DirectoryData, told: Notifications) -> Deferred[None]:
        self._files = data
        self._house.notifications.replace(told)
        return self._in_thread(self._settle_directory)

    def _settle_directory(self) -> None:
        """See to it that the version is in force that should be; from a thread."""
        house = self._house
        folder = self._settings.directory.path
        data = in_force(house.database, self._files, house.networks, folder)
        if data.version != house.directory().version:
            directory = Directory(data)
            self._reactor.callFromThread(self._put_in_force, directory)

    def _put_in_force(self, directory: Directory) -> None:
        self._house.directory.replace(directory)
        pinned = directory.version != self._files.version
        version = directory.version[:12]
        self._log.info("directory in force", version=version, pinned=pinned)
        self._bells[Route.name].ring()

    def _not_noted(self, failure: Failure) -> None:
        self._log.failure("the directory was not put in force", failure)

    def _reception(self, signer: ReceiptSigner) -> Reception:
        house = self._house
        return Reception(
            database=house.database,
            payloads=house.payloads,
            signer=signer,
            now=house.now,
            entropy=house.entropy,
            run_in_thread=self._in_thread,
            observe=_Waking(
                self._metrics, self._bells[Split.name], self._bells[SplitLarge.name]
            ),
            least_free=self._settings.limits.free_space,
        )

    async def _tidy(self) -> None:
        """Take up what a crash left, and note the directory in force."""
        database, storage = self._house.database, self._house.payloads.storage
        data = self._house.directory().data
        await database.submit("directory.note", note_directory, data)
        await self._in_thread(self._settle_directory)
        held = await database.submit(
            "node.abandon", work.abandon_all, self._settings.node.id
        )
        if held:
            self._log.info("work of a crash is taken up again", count=held)
        kept = await self._in_thread(lambda: database.read(parts.all_ids))
        gone = await self._in_thread(
            lambda: storage.forget_staging(kept, older_than=0.0)
        )
        if gone:
            self._log.info("staging files of a crash removed", count=gone)

    async def _drain(self, doors: Doors) -> None:
        """Give what is under way some time to end, then go on without it."""
        ending: list[Deferred[None]] = []
        for name, door in (("SFTP", doors.sftp), ("HTTPS", doors.https)):
            if door is not None:
                drained = door.drain()
                drained.addTimeout(self._settings.work.drain, self._reactor)
                drained.addErrback(self._cut_short, name)
                ending.append(drained)
        await gatherResults(ending)

    def _cut_short(self, _failure: Failure, door: str) -> None:
        self._log.warn("open {door} connections are cut by the stop", door=door)

    def _count(self) -> None:
        """Count rows for the metrics; other nodes may have pinned a directory too."""
        self.schema.look()
        self._settle_directory()
        house = self._house
        self._metrics.refresh(self._gauging.take())
        self._metrics.node(
            journal_queue=house.database.waiting,
            storage_free=house.payloads.storage.free_bytes(),
        )
        self._metrics.certificates(self._expiring.seconds_left())

    def _in_thread(self, call: Callable[[], T], /) -> Deferred[T]:
        return deferToThreadPool(self._reactor, self._reactor.getThreadPool(), call)


class _Waking:
    """Counts deposits, and wakes the step that reads each."""

    def __init__(self, metrics: Metrics, small: Bell, large: Bell) -> None:
        self._metrics = metrics
        self._small = small
        self._large = large

    def deposit(self, channel: str, outcome: str, size: int, seconds: float) -> None:
        self._metrics.deposit(channel, outcome, size, seconds)
        if outcome == "accepted":
            (self._large if size > LARGE else self._small).ring()

    def limit(self, name: str) -> None:
        self._metrics.limit(name)


async def _stopped(service: MultiService) -> None:
    await service.stopService()
