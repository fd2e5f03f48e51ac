"""Open channels, one per endpoint, built from the directory in force."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from protocols.catalog import Catalog
from protocols.channels.interface import Channel
from routing.directory import Directory


class Channels:
    """Gives the channel of an endpoint; opens it again when its settings change."""

    def __init__(self, *, catalog: Catalog, directory: Callable[[], Directory]) -> None:
        self._catalog = catalog
        self._directory = directory
        self._lock = threading.Lock()
        self._open: dict[str, tuple[str, Mapping[str, object], Channel]] = {}

    def __call__(self, endpoint_id: str) -> Channel:
        """Return the channel of an endpoint.

        Raises `NoRoute` for an endpoint that the directory does not have, and
        `ConfigErrors` for settings that the channel refuses.
        """
        endpoint = self._directory().endpoint(endpoint_id)
        with self._lock:
            known = self._open.get(endpoint_id)
            if known is not None:
                kind, settings, channel = known
                if (kind, settings) == (endpoint.channel, endpoint.settings):
                    return channel
                channel.close()
            channel = self._catalog.open_channel(endpoint.channel, endpoint.settings)
            self._open[endpoint_id] = (endpoint.channel, endpoint.settings, channel)
            return channel

    def close(self) -> None:
        """Close them all."""
        with self._lock:
            for _, _, channel in self._open.values():
                channel.close()
            self._open.clear()
