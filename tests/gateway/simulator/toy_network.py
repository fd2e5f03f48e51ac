"""The toy network of the steps' tests, with vendors and payers that are simulated.

Two networks side by side need a second one; this is the smallest that a study and
a demo take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import EntryPoint, entry_points
from random import Random
from zlib import crc32

from protocols.attachments import Attachments
from protocols.catalog import Catalog, Simulated
from protocols.sending import Emitter
from protocols.simulated_payer import Faults, SimulatedReturn
from protocols.simulation import (
    Document,
    OpenHost,
    Order,
    Profile,
    Promised,
    ReturnFile,
    Sender,
    SentFile,
    SentLot,
    SimulatedPayer,
    Simulation,
    Spoilt,
    Told,
)
from routing.envelope import Level
from tests.gateway.steps import toy

_PAYER = """\
[payer]
id = "toy-one"
name = "Toy one (simulated)"
network = "toy"

[[code]]
code = "P1"

[endpoint]
channel = "sftp"
simulated = true

[endpoint.settings]
host = "{host}"
port = {port}
user = "toy-one"
key_file = "{key_file}"
host_keys = ["{host_key}"]
send_folder = "/in"
collect_folder = "/out"
"""


class ToySimulation:
    """Two payers, and lots of lines of text."""

    country = "BE"
    emitter = Emitter(number="1", kind="OT", name="")
    suffix = ".toy"
    styles: Sequence[str] = ("",)
    answers: Sequence[Promised] = (
        Promised("arl", Level.LOT, within=2, demo_within=6),
        Promised("payment", Level.CLAIM, within=8, demo_within=10),
    )
    refuses = "arl"
    reasons: Mapping[str, str] = {
        "unknown-patient": "T1",
        "no-rights": "T2",
        "no-prescription": "T3",
        "price": "T4",
    }
    alterations: Sequence[str] = ("nameless",)
    merges = True
    nobody = "P9"
    documents = ""
    profiles: Sequence[Profile] = (
        Profile(id="toy-one", code="P1", within=8, delays=(2, 3, 5), same_number=True),
        Profile(id="toy-two", code="P2", within=8, delays=(2, 3, 5), same_number=False),
    )

    @property
    def open_host(self) -> OpenHost | None:
        return None

    def sender(self, rng: Random) -> Sender:
        number = f"S{rng.randrange(10**6)}"
        return Sender(network="toy", number=number, name=f"Toy {number}")

    def lot_key(self, sender: Sender, day: str, number: int) -> str:
        return f"{sender.number}/{number:03}"

    def bill(self, rng: Random, order: Order) -> bytes:
        lines = [f"TOY {order.sender.number} {order.file}"]
        invoice = order.first_claim
        for lot in range(order.first_lot, order.first_lot + order.lots):
            lines.append(f"LOT {lot:03} {order.code}")
            for _ in range(order.claims):
                lines.append(f"INV {invoice} {rng.randrange(100, 5000)}")
                invoice += 1
        return "".join(f"{line}\n" for line in lines).encode()

    def document(
        self, rng: Random, sender: Sender, *, lot: int, claim: int
    ) -> Document:
        raise NotImplementedError

    def spoil(self, content: bytes, how: Spoilt, rng: Random) -> bytes:
        head, lot, *rest = content.splitlines()
        return b"\n".join([head, lot + b" BAD", *rest, b""])

    def merged_code(self, merger: int, profile: int) -> str:
        return f"M{merger}-{profile}"

    def rules(self, code: str) -> Mapping[str, str]:
        return {}

    def demo_files(self, place: Mapping[str, object]) -> Mapping[str, str]:
        return {"toy-one.toml": _PAYER.format(**place)}

    def read_sent(self, content: bytes) -> SentFile:
        head, _, rest = content.decode("latin-1").partition("\n")
        lots = []
        for text in rest.split("FROM ")[1:]:
            sender, _, lot = text.partition("\n")
            lots.append(
                SentLot(
                    key=f"{sender}/{lot.split()[1]}",
                    sender=sender,
                    claims=lot.count("INV "),
                    content=f"{head}\nFROM {text}".encode("latin-1"),
                )
            )
        return SentFile(head.split()[2], lots)

    def answer(
        self, kind: str, lots: Sequence[Told], *, number: int, day: date
    ) -> Sequence[ReturnFile]:
        lines = [f"TORETURN {kind}"]
        for told in lots:
            if kind == "arl":
                said = "rejected" if told.refused else "acknowledged"
                lines.append(f"lot {told.lot.key} {said} 0 {told.lot.sender}")
                continue
            shares = iter([each.share for each in told.decided])
            for key, cents, sender in toy.claims_of(told.lot.content):
                share = next(shares, 100)
                if share < 100:
                    said = "partly-paid" if share else "rejected"
                    paid = cents * share // 100
                    lines.append(f"claim {key} {said} {paid} {sender}")
                elif told.alteration:
                    _, lot, invoice = key.split("/")
                    traits = f"patient={sender}{invoice} number={invoice} lot={lot}"
                    lines.append(f"claim - paid {cents} {sender} {traits}")
                else:
                    lines.append(f"claim {key} paid {cents} {sender}")
        content = "".join(f"{line}\n" for line in lines).encode()
        return [ReturnFile(f"{kind}-{number:06}.toy", content)]

    def payer(
        self, code: str, faults: Faults, seen: Mapping[str, object] | None = None
    ) -> SimulatedPayer:
        return ToyPayer(self, seen)


class ToyPayer:
    """Pays everything at once, and knows everybody."""

    def __init__(self, of: ToySimulation, seen: Mapping[str, object] | None) -> None:
        self._of = of
        self.seen: dict[str, object] = dict(seen or {})

    def respond(
        self, content: bytes, *, rng: Random, day: str
    ) -> Sequence[SimulatedReturn]:
        lots = [Told(lot) for lot in self._of.read_sent(content).lots]
        self.seen |= {told.lot.key: day for told in lots}
        number, on = crc32(content) % 10**6, date.fromisoformat(day)
        return [
            SimulatedReturn(**file._asdict(), kind=each.kind, delay_days=0)
            for each in self._of.answers
            for file in self._of.answer(each.kind, lots, number=number, day=on)
        ]

    def repeat(
        self, content: bytes, *, rng: Random, day: str
    ) -> Sequence[SimulatedReturn]:
        return self.respond(content, rng=rng, day=day)

    def has(self, lot: str) -> bool:
        return lot in self.seen

    def knows(self, sender: str) -> bool:
        return True

    def register(self, sender: str) -> None:
        """Do nothing: everybody is known."""


class SimulatedToy(toy.Toy):
    """The toy network, with its simulation."""

    simulation: Simulation | None = ToySimulation()
    attachments: Attachments | None = None


TOY = SimulatedToy()
SIMULATED_TOY = Simulated(TOY, ToySimulation())
BOTH = Catalog(
    networks=[
        *entry_points(group="octway.networks", name="sesam"),
        EntryPoint("toy", f"{__name__}:TOY", "octway.networks"),
    ],
    channels=entry_points(group="octway.channels"),
)
