"""Makes those wait who guess, without letting them keep others out.

A browser that has logged in before is known by a signed cookie and answers only for
its own tries; every other try counts for its network, at all doors together.  So who
tries names and passwords from elsewhere keeps nobody out but his own network, and
there only browsers that are new.  Tries at one account from everywhere count together
as well, with more of them free; a known browser, and a network that the account has
logged in from, do not wait for those.

A try counts from its beginning, so that many at once are no more than one by one.
"""

from __future__ import annotations

from typing import Final

from attrs import frozen

from gateway.intake.backoff import FREE_FAILURES, AddressBackoff, Try, network_of
from gateway.storage.vault import KeyRing

_PURPOSE: Final = "a browser that logged in"
_FREE_OF_ACCOUNT: Final = 100


@frozen
class Guess:
    """A try under way, as it is counted; `own` is what being right clears."""

    counted: tuple[Try, ...]
    own: str = ""


@frozen
class Guesses:
    """Counts failed tries of the console."""

    backoff: AddressBackoff
    keys: KeyRing

    def password(
        self, name: str, address: str, device: str, *, at_home: bool = False
    ) -> Guess | None:
        """Begin a try at a password; None if it has to wait.

        `at_home`: the account has logged in from this network before.
        """
        known = self._known(name, device)
        if known:
            return self._begin((known, FREE_FAILURES), own=known)
        if at_home:
            return self._begin((address, FREE_FAILURES))
        everywhere = f"account {name}"
        return self._begin((address, FREE_FAILURES), (everywhere, _FREE_OF_ACCOUNT))

    def code(self, name: str, address: str, device: str) -> Guess | None:
        """Begin a try at a second factor; None if it has to wait."""
        known = self._known(name, device)
        own = f"code {name} {known or network_of(address)}"
        if known:
            return self._begin((own, FREE_FAILURES), own=own)
        everywhere = f"code {name}"
        return self._begin(
            (own, FREE_FAILURES), (everywhere, _FREE_OF_ACCOUNT), own=own
        )

    def inside(self, session: str) -> Guess | None:
        """Begin a try at the password within a session; None if it has to wait."""
        own = f"session {session}"
        return self._begin((own, FREE_FAILURES), own=own)

    def right(self, guess: Guess) -> None:
        """Note that a try was none that counts: what it had was right."""
        for each in guess.counted:
            self.backoff.take_back(each)
        if guess.own:
            self.backoff.forget(guess.own)

    def unseen(self, guess: Guess) -> None:
        """Note that nobody looked whether a try was right."""
        for each in guess.counted:
            self.backoff.take_back(each)

    def device(self, name: str, nonce: str) -> str:
        """Make the cookie that has a browser known for an account."""
        return f"{nonce}.{self.keys.mark(_PURPOSE, f'{name} {nonce}')}"

    def _begin(self, *asked: tuple[str, int], own: str = "") -> Guess | None:
        counted: list[Try] = []
        for key, free in asked:
            made = self.backoff.begin(key, free=free)
            if made is None:
                self.unseen(Guess(tuple(counted)))
                return None
            counted.append(made)
        return Guess(tuple(counted), own)

    def _known(self, name: str, device: str) -> str:
        """Name the browser if it logged in to the account before, else nothing."""
        nonce = device.partition(".")[0]
        known = nonce and device == self.device(name, nonce)
        return f"device {nonce}" if known else ""
