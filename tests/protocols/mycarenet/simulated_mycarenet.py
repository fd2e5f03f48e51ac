"""A simulated MyCareNet over loopback HTTPS, and channels to it, for tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random

from cryptography import x509

from protocols.channels.interface import Channel
from protocols.mycarenet.genasync import GenAsyncChannel
from protocols.mycarenet.genasync_certificates import Authority
from protocols.mycarenet.genasync_host import PATH, MyCareNetHost
from protocols.mycarenet.genasync_hub import Coming, Hub
from protocols.mycarenet.genasync_hub_faults import HubFaults
from protocols.mycarenet.genasync_line import Line
from protocols.mycarenet.genasync_settings import GenAsyncSettings, read_settings
from protocols.mycarenet.mark import mark_of

NIHII = "41234567001"
START = 1_800_000_000.0
UNION = "300"
PASSWORD = "an invented password"


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


def sending(number: int, filling: bytes = b"") -> bytes:
    """Make a file whose header is right, and whose rest is anything."""
    header = f"920000  03  12  00  {number:014}  {0:014}"
    return header.ljust(227).encode("latin-1") + filling


def name(number: int, union: str = UNION) -> str:
    """Name that file."""
    return f"920000-{union}-{number:014}.txt"


def marked(body: bytes, union: str = UNION) -> str:
    """Name a file of the reference 7 as the network does, with a mark of its content."""
    return f"920000-{union}-{7:014}-{mark_of(body)}.txt"


class Certificates:
    """Two authorities that know nothing of one another, for as long as they last."""

    def __init__(self, folder: Path) -> None:
        now = time.time()  # TLS knows no other clock
        self.ours = Authority(folder, now=now)
        self.strange = Authority(folder, now=now, name="strange")
        self.server = self.ours.server()
        self.client = self.ours.client()
        self.strange_client = self.strange.client("strange-client")


class SimulatedMyCareNet:
    """The hub, its server, and the mailbox of one mandatary."""

    def __init__(self, folder: Path, certificates: Certificates) -> None:
        self.clock = Clock()
        self.certificates = certificates
        self._folder = folder
        (folder / "password").write_text(f"{PASSWORD}\n")
        self.comes: Callable[[str, bytes], list[Coming]] = lambda union, content: []
        self.hub = self._hub(0.0)
        self._numbers = count(1)
        self._host: MyCareNetHost | None = None
        self._port = 0
        self.start()

    def limit(self, seconds: float) -> None:
        """Begin anew with a pause between two gets."""
        self.stop()
        self.hub = self._hub(seconds)
        self.start()

    def dial(self, **faults: object) -> None:
        self.hub.dial(HubFaults(**faults))  # type: ignore[arg-type]

    def start(self) -> None:
        if self._host is None:
            self._host = MyCareNetHost(
                hub=self.hub,
                server=self.certificates.server,
                client_ca=self.certificates.ours.certificate,
                port=self._port,
            )
            self._port = self._host.port

    def stop(self) -> None:
        host, self._host = self._host, None
        if host is not None:
            host.close()

    def settings(self, **changes: object) -> dict[str, object]:
        client = self.certificates.client
        return {
            "url": f"https://127.0.0.1:{self._port}{PATH}",
            "certificate_file": str(client.certificate),
            "key_file": str(client.key),
            "ca_file": str(self.certificates.ours.certificate),
            "nihii": NIHII,
            "package": "Octway",
            "license_user": "octway",
            "license_password_file": str(self._folder / "password"),
            "signer": "local-stand-in",
            "get_interval": "0s",
            "max_messages": 1000,
            "connect_timeout": "10s",
            "answer_timeout": "10s",
            **changes,
        }

    def open(self, **changes: object) -> Channel:
        return self.channel(read_settings(self.settings(**changes), {}))

    def channel(
        self, settings: GenAsyncSettings, monotonic: Callable[[], float] | None = None
    ) -> Channel:
        numbers, clock = count(1), monotonic or self.clock
        return GenAsyncChannel(
            settings=settings,
            line=Line(settings, monotonic=clock),
            now=self.clock,
            monotonic=clock,
            new_id=lambda: f"id-{next(numbers)}",
        )

    def put(self, content: bytes, *, union: str = UNION, about: int = 0) -> None:
        reference = about or next(self._numbers)
        self.hub.deliver(NIHII, union, Coming(content), reference=f"{reference:014}")

    def waiting(self) -> list[bytes]:
        return [each.content for each in self.hub.waiting(NIHII)]

    def arrived(self) -> dict[str, bytes]:
        return {
            f"920000-{union}-{reference}.txt": content
            for union, reference, content in self.hub.posted
        }

    def name(self, number: int) -> str:
        return name(number)

    def body(self, number: int, filling: bytes) -> bytes:
        return sending(number, filling)

    def open_read_only(self) -> Channel:
        self.dial(refuses=True)
        return self.open()

    def open_unreachable(self) -> Channel:
        return self.open(url="https://127.0.0.1:9/nothing")

    def open_with_wrong_credentials(self) -> Channel:
        client = self.certificates.strange_client
        return self.open(
            certificate_file=str(client.certificate), key_file=str(client.key)
        )

    def open_to_stranger(self) -> Channel:
        return self.open(ca_file=str(self.certificates.strange.certificate))

    def _hub(self, get_interval: float) -> Hub:
        return Hub(
            now=self.clock,
            rng=Random(5),
            arrived=self._arrived,
            get_interval=get_interval,
            licences={"octway": PASSWORD},
            trusts=self._trusts,
        )

    def _arrived(self, union: str, content: bytes) -> list[Coming]:
        return self.comes(union, content)

    def _trusts(self, certificate: x509.Certificate) -> bool:
        return self.certificates.ours.issued(certificate)
