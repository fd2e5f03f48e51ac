"""The payer directory as clients may see it, and the exchanges that answer at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from attrs import frozen

from config.directory_records import PayerEntry
from gateway.api import shapes
from gateway.api.problems import Refusal
from gateway.api.routes import Answer, Call
from gateway.clock import Now
from routing.directory import Directory


@frozen(kw_only=True)
class _Shown:
    id: str
    name: str
    network: str
    country: str
    flows: tuple[str, ...]
    codes: tuple[str, ...]
    enrolment: bool
    open: bool


class PayerViews:
    """Handlers of `/v1/payers` and `/v1/direct`."""

    def __init__(self, directory: Callable[[], Directory], now: Now) -> None:
        self._directory = directory
        self._now = now

    async def list(self, call: Call) -> Answer:
        """List the payers as loaded, with the version of the directory."""
        directory = self._directory()
        wanted = call.query["network"]
        shown = [
            self._show(payer)
            for payer in directory.payers()
            if wanted in {None, payer.network}
        ]
        body = {
            "directory": directory.version,
            "items": shapes.fill_all(shapes.PAYER, shown),
        }
        return Answer(body=shapes.to_bytes(body))

    async def one(self, call: Call) -> Answer:
        """Show one payer."""
        name = call.path["id"]
        for payer in self._directory().payers():
            if payer.id == name:
                shown = shapes.fill(shapes.PAYER, self._show(payer))
                return Answer(body=shapes.to_bytes(shown))
        raise Refusal("not-found", f"the directory has no payer {name!r}")

    async def direct(self, call: Call) -> Answer:
        """Refuse: no network of this version answers at once."""
        raise Refusal(
            "no-synchronous-exchange",
            f"no payer of flow {call.path['flow']!r} has a synchronous exchange yet; "
            "send a file to /v1/deposits instead",
            facts={"flows": []},
        )

    def _show(self, payer: PayerEntry) -> _Shown:
        today = datetime.fromtimestamp(self._now(), UTC).date()
        return _Shown(
            id=payer.id,
            name=payer.name,
            network=payer.network,
            country=payer.country,
            flows=payer.flows,
            codes=tuple(each.code for each in payer.codes if each.covers(today)),
            enrolment=payer.enrolment,
            open=payer.endpoint is not None,
        )
