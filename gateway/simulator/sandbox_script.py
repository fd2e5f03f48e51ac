"""What a payer of the sandbox will say of a file: read, looked up in the table, planned.

SIMULATED.  Pure: what it plans follows from the file, the payer's entry and
`config/sandbox.toml` alone.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final, NamedTuple

from config.directory_records import PayerEntry, Within
from config.sandbox_file import OF_CLAIMS, PAID, Does, Outcome, Sandbox
from protocols.interface import Network
from protocols.simulated_payer import Faults
from protocols.simulation import Decided, Simulation, Told
from protocols.tables import Tables

_HEAD: Final = 4096
_BILLING: Final = "billing"
_RENUMBERED: Final = "renumbered"
_LOWERED: Final = 80  # per cent


class Coming(NamedTuple):
    """An answer to come, so many seconds from now; `cut` on its way.

    It is of a `kind`, for a lot that is `told`; or a file with a `name` that is whole.
    """

    after: float
    kind: str = ""
    told: Told | None = None
    cut: bool = False
    name: str = ""
    content: bytes = b""


class Script(NamedTuple):
    """What happens to a file: `does` to its handing over, then what comes.

    `lot` is the match key of what the payer remembers, `last` after how many seconds
    it has said all that it ever will of it; None: never.
    """

    does: Does
    lot: str
    coming: Sequence[Coming]
    last: float | None


def write(
    content: bytes,
    *,
    network: Network,
    simulation: Simulation,
    payer: PayerEntry,
    tables: Tables,
    sandbox: Sandbox,
    day: str,
) -> Script:
    """Plan what becomes of a file with one lot, given on an ISO day."""
    format = network.recognise(content[:_HEAD])
    if format is None:  # documents are packed in a form that only their payer reads
        return _replied(content, "", simulation, payer, sandbox, day)
    (lot,) = network.read(io.BytesIO(content), format, tables).lots()
    if lot.flow != _BILLING:
        return _replied(content, lot.match_key, simulation, payer, sandbox, day)
    chosen = [sandbox.outcome(each.number, each.asked) for each in lot.claims]
    whole = next((each for each in chosen if each.does not in OF_CLAIMS), PAID)
    told = Told(
        simulation.read_sent(content).lots[0],
        decided=[_decided(each) for each in chosen],
    )
    coming = list(_answers(whole.does, told, lot.flow, simulation, payer, sandbox))
    silent = whole.does is Does.SILENCE
    ends = bool(coming) and whole.does is not Does.NEVER_PAY
    last = max((each.after for each in coming if not each.cut), default=0.0)
    if whole.does is Does.CUT:  # it has said all, and does not know that it was cut
        last = min(each.after for each in coming if each.cut)
    return Script(
        does=whole.does,
        lot="" if silent else lot.match_key,
        coming=coming,
        last=last if ends else None,
    )


def _decided(outcome: Outcome) -> Decided:
    if outcome.does is Does.REJECT:
        return Decided(0, outcome.reason)
    if outcome.does is Does.LOWER:
        return Decided(_LOWERED, outcome.reason)
    return Decided()


def _answers(
    does: Does,
    told: Told,
    flow: str,
    simulation: Simulation,
    payer: PayerEntry,
    sandbox: Sandbox,
) -> Iterator[Coming]:
    if does is Does.SILENCE:
        return
    kinds = [each.kind for each in simulation.answers]
    if does is Does.REFUSE_LOT:
        kinds = kinds[: kinds.index(simulation.refuses) + 1]
        told = told._replace(refused=True)
    if does is Does.NEVER_PAY:
        kinds = kinds[:-1]
    late = sandbox.late_by * sandbox.working_day
    for kind in kinds:
        promised = _promised(kind, flow, simulation, payer, sandbox)
        after = promised * sandbox.answers_after
        last = kind == kinds[-1]
        if does is Does.LATE:
            after = promised + late
        if does is Does.MISNAME and last:
            yield Coming(after, kind, told._replace(alteration=_RENUMBERED))
            continue
        if does is Does.CUT and last:
            yield Coming(after, kind, told, cut=True)
            after = promised + late
        yield Coming(after, kind, told)
        if does is Does.DOUBLE:
            again = sandbox.again_after * sandbox.working_day
            yield Coming(after + again, kind, told)


def _promised(
    kind: str, flow: str, simulation: Simulation, payer: PayerEntry, sandbox: Sandbox
) -> float:
    """Return the seconds within which a payer promises an answer, or payers do."""
    for each in payer.expects:
        if each.kind == kind and each.flow in {"", flow}:
            assert isinstance(each.within, Within)  # noqa: S101 - a twin's always is
            return each.within.seconds
    (usual,) = (each.within for each in simulation.answers if each.kind == kind)
    return usual * sandbox.working_day


def _replied(
    content: bytes,
    key: str,
    simulation: Simulation,
    payer: PayerEntry,
    sandbox: Sandbox,
    day: str,
) -> Script:
    """Plan the replies to a question: those of the network's simulated payer."""
    asked = simulation.payer(payer.codes[0].code, Faults())
    rng = Random(key)  # noqa: S311 - the same question has the same answer
    coming = [
        Coming(
            max(1, each.delay_days) * sandbox.working_day * sandbox.answers_after,
            name=each.name,
            content=each.content,
        )
        for each in asked.respond(content, rng=rng, day=day)
    ]
    last = max((each.after for each in coming), default=None)
    return Script(Does.PAY, key, coming, last)
