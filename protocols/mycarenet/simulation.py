"""The simulated side of the Belgian network: nurses, their sendings, unions' answers.

Everything is done by the modules of this folder; here stands only which of them does
what, as `protocols.simulation.Simulation` wants it.  In the demo files go as real ones
do, through the channel `genasync`, to a simulated MyCareNet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from importlib import resources
from random import Random
from string import Template
from typing import Final

from protocols.mycarenet import (
    keys,
    rules,
    sample_maker,
    simulated_files,
    simulated_host,
    simulated_profiles,
)
from protocols.mycarenet.message_cut import HEADER, RECORD
from protocols.mycarenet.simulated_union import SimulatedUnion
from protocols.records import load_layouts
from protocols.sending import Emitter
from protocols.simulated_payer import Faults
from protocols.simulation import (
    Document,
    OpenHost,
    Order,
    Profile,
    Promised,
    ReturnFile,
    Sender,
    SentFile,
    SimulatedPayer,
    Simulation,
    Spoilt,
    Told,
)
from routing.envelope import Level

_NAME: Final = "mycarenet"
_NUMBERS: Final = 999  # of sendings in a year
_YEAR: Final = timedelta(days=364)
_DEMO: Final = ("100", "300")


class MyCareNetSimulation:
    """Invented nurses and unions."""

    country = "BE"
    emitter = Emitter(number="00000000000000", kind="OT", name="")
    suffix = ".920000"
    styles: Sequence[str] = ("",)
    answers: Sequence[Promised] = (
        Promised(rules.RECEIPT, Level.LOT, within=1, demo_within=6),
        Promised(rules.VERDICT, Level.LOT, within=5, demo_within=10),
        Promised(rules.SETTLEMENT, Level.CLAIM, within=10, demo_within=20),
    )
    refuses = rules.VERDICT
    reasons: Mapping[str, str] = simulated_files.REASONS
    alterations: Sequence[str] = ()
    merges = False
    nobody = "900"
    documents = ""
    profiles: Sequence[Profile] = simulated_profiles.PROFILES

    @property
    def open_host(self) -> OpenHost | None:
        """Return how to open a simulated MyCareNet."""
        return simulated_host.open_host

    def sender(self, rng: Random) -> Sender:
        """Invent a nurse who bills in her own name."""
        number = sample_maker.make_third_party(rng)
        return Sender(network=_NAME, number=number, name=f"Nurse {number[-6:]}")

    def lot_key(self, sender: Sender, day: str, number: int) -> str:
        """Return the match key of a sending."""
        month = sample_maker.month_billed(day)
        return keys.lot_key(
            _reference(sender, day, number), f"{month:%Y%m}", f"{number:03}"
        )

    def bill(self, rng: Random, order: Order) -> bytes:
        """Make sendings, one after the other; beyond 999 they are of the year before."""
        made = []
        for index in range(order.lots):
            years, number = divmod(order.first_lot + index - 1, _NUMBERS)
            day = (date.fromisoformat(order.day) - years * _YEAR).isoformat()
            facts = sample_maker.SendingFacts(
                union=order.code,
                third_party=order.sender.number,
                reference=_reference(order.sender, day, number + 1),
                sending_number=number + 1,
                day=day,
                invoices=order.claims,
                first_invoice=order.first_claim + index * order.claims,
            )
            made.append(sample_maker.make_sending(rng, facts))
        return b"".join(made)

    def document(
        self, rng: Random, sender: Sender, *, lot: int, claim: int
    ) -> Document:
        """Refuse: unions are sent no documents this way."""
        raise NotImplementedError("the network has no supporting documents")

    def spoil(self, content: bytes, how: Spoilt, rng: Random) -> bytes:
        """Cut the file in the middle of a record, or have its grand total not add up."""
        if how is Spoilt.TRUNCATED:
            records = (len(content) - HEADER) // RECORD
            return content[: HEADER + rng.randrange(records) * RECORD + RECORD // 2]
        layout = load_layouts("efact")["96"]
        values = layout.read(content[-RECORD:])
        more = int(values["insurer_amount_a"]) + 1
        return content[:-RECORD] + layout.write(
            {**values, "insurer_amount_a": f"{more:+012}"}
        )

    def merged_code(self, merger: int, profile: int) -> str:
        """Raise: unions do not merge."""
        raise ValueError("no code of a union ever ended")

    def rules(self, code: str) -> Mapping[str, str]:
        """Return no rules: a union has none."""
        return {}

    def demo_files(self, place: Mapping[str, object]) -> Mapping[str, str]:
        """Return two unions, and the endpoint that all of them share."""
        folder = resources.files("protocols.mycarenet") / "data"
        text = Template((folder / "demo_union.toml").read_text(encoding="utf-8"))
        unions = {f"union-{code}.toml": text.substitute(code=code) for code in _DEMO}
        head = (folder / "demo_endpoint.toml").read_text(encoding="utf-8")
        rows = "".join(f"{key} = {json.dumps(place[key])}\n" for key in place)
        return {**unions, "endpoints/mycarenet.toml": f"{head}{rows}"}

    def read_sent(self, content: bytes) -> SentFile:
        """Read the sending that a gateway composed."""
        return simulated_files.read_sent(content)

    def answer(
        self, kind: str, lots: Sequence[Told], *, number: int, day: date
    ) -> Sequence[ReturnFile]:
        """Write one return for each sending."""
        return list(simulated_files.write_returns(kind, lots, number=number, day=day))

    def payer(
        self, code: str, faults: Faults, seen: Mapping[str, object] | None = None
    ) -> SimulatedPayer:
        """Open a union."""
        return SimulatedUnion(code, faults, seen)


def _reference(sender: Sender, day: str, number: int) -> str:
    """Number a message (zone 204): nobody else has it, and its sender once a day."""
    return f"{sender.number[:8]}{number:03}{date.fromisoformat(day):%j}"


SIMULATION: Final[Simulation] = MyCareNetSimulation()
"""The simulation as the network brings it."""
