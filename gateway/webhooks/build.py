"""Builds the step that calls vendors' endpoints, as the settings say."""

from __future__ import annotations

import ssl

from gateway.house import House
from gateway.webhooks.addresses import Addresses
from gateway.webhooks.deliver import Deliver, DeliverObserver, Patience
from gateway.webhooks.line import Line


def build_deliver(house: House, observe: DeliverObserver) -> Deliver:
    """Build the step that calls vendors' endpoints."""
    settings = house.settings.webhooks

    def tls() -> ssl.SSLContext:
        context = ssl.create_default_context()
        if settings.ca_file is not None:
            context.load_verify_locations(settings.ca_file)
        return context

    return Deliver(
        database=house.database,
        keys=house.payloads.keys,
        calls=Line(
            addresses=Addresses(allowed=settings.allow),
            tls=tls,
            seconds=settings.timeout,
        ),
        patience=Patience(
            waits=settings.waits, give_up=settings.give_up, call=settings.timeout
        ),
        entropy=house.entropy,
        now=house.now,
        worker=house.settings.node.id,
        lease=house.settings.work.lease,
        observe=observe,
    )
