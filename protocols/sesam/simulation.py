"""The SIMULATED side of the French network: senders, vendors' files, payers' answers.

Everything is done by the modules of this folder; here stands only which of them does
what, as `protocols.simulation.Simulation` wants it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import PurePosixPath
from random import Random
from types import MappingProxyType
from typing import Final, cast

from config import example_files
from protocols.records import load_layouts
from protocols.sending import Emitter
from protocols.sesam import (
    amc_payers,
    attachments,
    keys,
    sample_document,
    sample_maker,
    simulated_files,
    simulated_profiles,
)
from protocols.sesam.payer_simulator import Caisse, Seen
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

_NAME: Final = "sesam"
_RECORD: Final = 128
_LOTS: Final = 999  # numbers of lots, which then begin again
_PLAIN: Final = "SE"  # the norm with the fewest kinds of records
_EXAMPLES: Final = "payers/"
_ENRICHED: Final = "enriched"
_AMC: Final = "999999991"  # of the example tables


class SesamSimulation:
    """Invented professionals and funds."""

    country = "FR"
    emitter = Emitter(number="00000000000000", kind="OT", name="")
    suffix = ".b2"
    styles: Sequence[str] = ("FR", "PH", "LB", "TR", "SE", "PM", _ENRICHED)
    answers: Sequence[Promised] = (
        Promised("arl", Level.LOT, within=2, demo_within=6),
        Promised("payment", Level.CLAIM, within=10, demo_within=10),
    )
    refuses = "arl"
    reasons: Mapping[str, str] = MappingProxyType(
        {name: code for name, (code, _) in simulated_files.REASONS_BY_NAME.items()}
    )
    alterations: Sequence[str] = tuple(simulated_files.Altered)
    merges = True
    nobody = "01888"
    documents = attachments.FLOW
    profiles: Sequence[Profile] = simulated_profiles.PROFILES

    def sender(self, rng: Random) -> Sender:
        """Invent a professional."""
        made = sample_maker.make_sender(rng)
        return Sender(network=_NAME, number=made.number, name=made.name, kind=made.kind)

    def lot_key(self, sender: Sender, day: str, number: int) -> str:
        """Return the match key of a lot."""
        return keys.lot_key(sender.number, day, f"{number:03}")

    def bill(self, rng: Random, order: Order) -> bytes:
        """Make a B2 file; its style is a norm, or `enriched`: both parts, to be split.

        A complementary payer is sent requests, whatever the style.
        """
        of = order.sender
        alone = amc_payers.is_code(order.code)
        enriched = order.style == _ENRICHED or alone
        return sample_maker.make_file(
            rng,
            sender=sample_maker.SenderFacts(
                kind=of.kind, number=of.number, name=of.name
            ),
            lots=order.lots,
            invoices_per_lot=order.claims,
            day=order.day,
            norm=_PLAIN if enriched else order.style or _PLAIN,
            amc=sample_maker.AmcFacts(number=_AMC, alone=alone) if enriched else None,
            fund=sample_maker.fund_of(order.code, order.rules),
            file_number=order.file,
            first_lot=order.first_lot,
            first_invoice=order.first_claim,
        )

    def document(
        self, rng: Random, sender: Sender, *, lot: int, claim: int
    ) -> Document:
        """Make an invented prescription, named as `attachments` wants it."""
        about = f"{sender.number}_{(lot - 1) % _LOTS + 1:03}_{claim:09}"
        content = sample_document.make_document(rng, about=about)
        return Document(f"scor_{about}.pdf", content)

    def spoil(self, content: bytes, how: Spoilt, rng: Random) -> bytes:
        """Cut the file in the middle of a record, or have its last lot not add up."""
        if how is Spoilt.TRUNCATED:
            whole = len(content) // _RECORD
            return content[: rng.randrange(1, whole) * _RECORD + _RECORD // 2]
        end = len(content) - 2 * _RECORD  # of the lot, before the end of the file
        layout = load_layouts("b2")["6"]
        values = layout.read(content[end : end + _RECORD])
        more = {**values, "total_amo": str(int(values["total_amo"]) + 1)}
        return content[:end] + layout.write(more) + content[end + _RECORD :]

    def merged_code(self, merger: int, profile: int) -> str:
        """Return the code of a small fund that was merged."""
        return simulated_profiles.merged_code(merger, profile)

    def rules(self, code: str) -> Mapping[str, str]:
        """Return a fund's rules, which are in its code."""
        return {"regime": code[:2], "organism": code[2:], "recipient_type": "CT"}

    @property
    def open_host(self) -> OpenHost | None:
        """Return None: funds are reached over SFTP."""
        return None

    def demo_files(self, place: Mapping[str, object]) -> Mapping[str, str]:
        """Return the funds that `octway init` writes as an example."""
        return {
            name.removeprefix(_EXAMPLES): example_files.render(
                name, {**place, "user": PurePosixPath(name).stem}
            )
            for name in example_files.payers_of(_NAME)
        }

    def read_sent(self, content: bytes) -> SentFile:
        """Read a B2 file that a gateway composed."""
        return simulated_files.read_sent(content)

    def answer(
        self, kind: str, lots: Sequence[Told], *, number: int, day: date
    ) -> Sequence[ReturnFile]:
        """Write one acknowledgement or one NOEMIE for all lots."""
        if kind == "arl":
            content = simulated_files.write_arl(
                [told.lot for told in lots],
                number=number,
                day=day,
                refused=any(told.refused for told in lots),
            )
            return (ReturnFile(f"arl-{number:06}.noe", content),)
        content = simulated_files.write_payments(lots, number=number, day=day)
        return (ReturnFile(f"noemie-{number:06}.noe", content),)

    def payer(
        self, code: str, faults: Faults, seen: Mapping[str, object] | None = None
    ) -> SimulatedPayer:
        """Open a fund; all of them decide alike."""
        return Caisse(faults=faults, seen=cast(Seen, seen) if seen else None)


SIMULATION: Final[Simulation] = SesamSimulation()
"""The simulation as the network brings it."""
