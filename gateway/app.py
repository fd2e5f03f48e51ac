"""The composition root: builds a node on the reactor and runs it until told to stop.

The only module that imports the reactor.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from importlib.metadata import version
from typing import Any

from prometheus_client import CollectorRegistry
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.logger import Logger, globalLogBeginner
from twisted.python.failure import Failure

from config.settings import Settings
from gateway.garbage import hold_back, leave_alone
from gateway.house import open_house
from gateway.late import must_be_there
from gateway.logs import FromLibraries, observer
from gateway.metrics import Metrics
from gateway.node import Node
from gateway.node_lock import lock_node
from gateway.service_manager import ServiceManager, passed_sockets

reactor: Any = _reactor  # Twisted chooses its class at import

_THREADS = 24
_SWITCH = 0.0005  # seconds that a step may keep the doors waiting for the interpreter


def run(settings: Settings) -> int:
    """Run a node until it is told to stop; return the exit code, 1 if it gave up.

    SIGTERM and SIGINT drain and stop, SIGHUP reloads.  Raises what `must_be_there`,
    `lock_node` and `open_house` raise before anything listens.  The system's service manager may
    pass the doors' sockets, and is told when they are open and when the node stops.
    """
    must_be_there()
    passed = passed_sockets(os.environ, _taken, settings.doors)
    manager = ServiceManager(os.environ, reactor)
    globalLogBeginner.beginLoggingTo(
        [observer(sys.stderr, settings.log.level)], redirectStandardIO=False
    )
    logging.getLogger().addHandler(FromLibraries(logging.WARNING))
    log = Logger()
    lock = lock_node(settings)
    house = open_house(
        settings,
        chain=settings.node.id,
        now=reactor.seconds,
        entropy=os.urandom,
        call_from_thread=reactor.callFromThread,
    )
    reactor.suggestThreadPoolSize(_THREADS)
    sys.setswitchinterval(_SWITCH)
    release = version("octway")
    node = Node(
        settings=settings,
        house=house,
        metrics=Metrics(CollectorRegistry(), version=release),
        reactor=reactor,
        version=release,
        passed=passed,
    )
    failures: list[Failure] = []

    def give_up(failure: Failure) -> None:
        failures.append(failure)
        log.failure("the node cannot start", failure)
        reactor.stop()

    async def started() -> None:
        await node.start()
        manager.ready()
        await node.warm()
        leave_alone()

    def begin() -> None:
        log.info("starting", version=release, node=settings.node.id)
        Deferred.fromCoroutine(started()).addErrback(give_up)

    def end() -> Deferred[None]:
        log.info("draining")
        manager.stopping()
        return Deferred.fromCoroutine(node.stop())

    hold_back()
    reactor.callWhenRunning(begin)
    reactor.addSystemEventTrigger("before", "shutdown", end)
    signal.signal(signal.SIGHUP, lambda *_: reactor.callFromThread(node.reload))
    reactor.run()
    log.info("stopped")
    lock.close()
    return 1 if failures or node.schema.migrated else 0


def _taken(number: int) -> int:
    """Return the descriptor of a socket that was passed; `IndexError` beyond the last."""
    endpoint: Any = serverFromString(reactor, f"systemd:domain=INET:index={number}")
    descriptor: int = endpoint.fileno
    return descriptor
