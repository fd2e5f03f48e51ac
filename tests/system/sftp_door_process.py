"""The SFTP door in a process of its own, with a space in memory.

Prints one JSON object a line: first the port, then each deposit as it is taken.
Run as `python -m tests.system.sftp_door_process CLIENT_KEY.pub HOST_KEY...`.
"""

from __future__ import annotations

import hashlib
import json
import sys

from attrs import evolve
from twisted.conch.ssh.keys import Key
from twisted.internet import reactor
from twisted.internet.address import IPv4Address
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import IListeningPort
from twisted.logger import globalLogBeginner, textFileLogObserver

from gateway.intake.sftp_door import sftp_factory
from gateway.intake.sftp_limits import SftpLimits
from tests.gateway.intake.known_clients import Counts, KnownClients
from tests.gateway.intake.memory_space import CLIENT, MemorySpace


def say(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def tell_deposit(path: str, content: bytes) -> None:
    digest = hashlib.sha256(content).hexdigest()
    say(path=path, size=len(content), sha256=digest)


def main(client_key: str, *host_keys: str) -> None:
    globalLogBeginner.beginLoggingTo(
        [textFileLogObserver(sys.stderr)], redirectStandardIO=False
    )
    space = MemorySpace(
        client=evolve(CLIENT, max_open_uploads=100), on_deposit=tell_deposit
    )
    space.files["/out/sesam/big.bin"] = bytes(range(256)) * 20_000
    for number in range(250):
        space.files[f"/out/sesam/return{number:03d}.txt"] = b"return %d\n" % number
    key = Key.fromFile(client_key).blob()
    factory = sftp_factory(
        space_for=lambda client: space,
        credentials=KnownClients(
            keys={("acme", key)}, passwords={"acme": b"synthetic"}
        ),
        host_keys=[Key.fromFile(path) for path in host_keys],
        clock=reactor,
        observer=Counts(),
        limits=SftpLimits(rekey_bytes=64 * 1024 * 1024),
    )
    endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")

    def listening(port: IListeningPort) -> None:
        address = port.getHost()
        assert isinstance(address, IPv4Address)
        say(port=address.port)

    endpoint.listen(factory).addCallback(listening)
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
