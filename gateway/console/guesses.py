"""Makes those wait who guess, without letting them keep others out.

A browser that has logged in before is known by a signed cookie and answers only for
its own tries; every other try counts for its network, at all doors together.  So who
tries names and passwords from elsewhere keeps nobody out but his own network, and
there only browsers that are new.
"""

from __future__ import annotations

from attrs import frozen

from gateway.intake.backoff import AddressBackoff
from gateway.storage.vault import KeyRing

_PURPOSE = "a browser that logged in"


@frozen
class Guesses:
    """Counts failed tries of the console."""

    backoff: AddressBackoff
    keys: KeyRing

    def wait(self, name: str, address: str, device: str) -> float:
        """Return for how many seconds a try has to wait; 0 for none."""
        return self.backoff.wait(self._who(name, address, device))

    def failed(self, name: str, address: str, device: str) -> None:
        """Note a failed try."""
        self.backoff.failed(self._who(name, address, device))

    def device(self, name: str, nonce: str) -> str:
        """Make the cookie that has a browser known for an account."""
        return f"{nonce}.{self.keys.mark(_PURPOSE, f'{name} {nonce}')}"

    def _who(self, name: str, address: str, device: str) -> str:
        nonce = device.partition(".")[0]
        known = nonce and device == self.device(name, nonce)
        return f"device {nonce}" if known else address
