"""Who a simulated gateway is in each network, as its settings say it."""

from __future__ import annotations

from collections.abc import Iterable

from protocols.catalog import Simulated


def emitter_settings(simulated: Iterable[Simulated]) -> str:
    """Return the tables `[network.<name>]` of an `octway.toml`."""
    return "".join(
        f"[network.{of.name}]\n"
        f'emitter_number = "{of.simulation.emitter.number}"\n'
        f'emitter_kind = "{of.simulation.emitter.kind}"\n'
        f'emitter_name = "{of.simulation.emitter.name}"\n\n'
        for of in simulated
    )
