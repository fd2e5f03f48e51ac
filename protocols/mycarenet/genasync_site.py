"""A SIMULATED MyCareNet on this machine, ready to be reached: hub, server, licence.

Its certificates and its licence are made on the spot, in a folder; `settings` are
those of a `genasync` endpoint that reaches it.  Who stands behind it is a callback.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from random import Random
from typing import Final

from protocols.mycarenet.genasync_certificates import Authority
from protocols.mycarenet.genasync_host import MyCareNetHost
from protocols.mycarenet.genasync_hub import Coming, Hub

NIHII: Final = "41234567001"
"""The number of whoever asks it: invented; its mailbox is named by it."""

_USER: Final = "octway"


class Site:
    """A hub behind HTTPS until it is closed."""

    def __init__(
        self,
        folder: Path,
        *,
        now: Callable[[], float],
        rng: Random,
        arrived: Callable[[str, bytes], Iterable[Coming]],
        get_interval: float,
        port: int = 0,
    ) -> None:
        folder = folder.absolute()  # a directory takes relative ones from its own
        folder.mkdir(parents=True, exist_ok=True)
        authority = Authority(folder, now=now())
        client, password = authority.client(), secrets.token_hex(8)
        password_file = folder / "licence.password"
        password_file.touch(mode=0o600)
        password_file.write_text(password, encoding="utf-8")
        self.hub = Hub(
            now=now,
            rng=rng,
            arrived=arrived,
            get_interval=get_interval,
            licences={_USER: password},
            trusts=authority.issued,
        )
        self._host = MyCareNetHost(
            hub=self.hub,
            server=authority.server(),
            client_ca=authority.certificate,
            port=port,
        )
        self.settings: Mapping[str, str] = {
            "url": self._host.url,
            "certificate_file": str(client.certificate),
            "key_file": str(client.key),
            "ca_file": str(authority.certificate),
            "nihii": NIHII,
            "package": "Octway",
            "license_user": _USER,
            "license_password_file": str(password_file),
            "signer": "local-stand-in",
            "get_interval": f"{get_interval:g}s",
        }

    def close(self) -> None:
        """Stop listening, and end every line."""
        self._host.close()
