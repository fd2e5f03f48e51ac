"""A key that was a client's is believed for seconds, and never longer."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.intake.credentials import ssh_fingerprint
from gateway.intake.interface import Client
from gateway.intake.sftp_limits import SftpLimits
from gateway.intake.ssh_known import KnownKeys
from gateway.journal.clients import Login
from tests.gateway.intake.known_clients import KnownClients
from tests.gateway.intake.memory_space import CLIENT
from tests.gateway.intake.ssh_pair import Door
from tests.gateway.intake.ssh_test_keys import CLIENT_KEY, ed25519_key

BLOB = CLIENT_KEY.public().blob()
THEIRS = Login("acme", ssh_fingerprint(BLOB))


class LoginTests(SynchronousTestCase):
    """What clients and operators see of it."""

    def test_a_login_asks_the_journal_once(self) -> None:
        """Not again for the signature, nor for the next connection."""
        door = Door()
        for _ in range(3):
            assert door.connect(key=CLIENT_KEY).logged_in
        assert door.credentials.asked == ["acme"]

    def test_a_revoked_key_is_refused_within_five_seconds(self) -> None:
        """However often it has come in before and meanwhile."""
        door = Door()
        assert door.connect(key=CLIENT_KEY).logged_in
        door.credentials.keys.clear()
        for _ in range(4):
            door.clock.advance(1)
            door.connect(key=CLIENT_KEY)
        door.clock.advance(1)
        assert not door.connect(key=CLIENT_KEY).logged_in
        assert SftpLimits().believe_seconds == 5

    def test_a_disabled_account_is_forgotten_at_once(self) -> None:
        """When the door is told to end its connections."""
        door = Door()
        assert door.connect(key=CLIENT_KEY).logged_in
        door.credentials.keys.clear()
        door.factory.end_logins({THEIRS})
        assert not door.connect(key=CLIENT_KEY).logged_in

    def test_a_refusal_is_not_remembered(self) -> None:
        """A key that is added lets in at once."""
        door, key = Door(), ed25519_key()
        assert not door.connect(key=key).logged_in
        door.credentials.keys.add(("acme", key.public().blob()))
        assert door.connect(key=key).logged_in

    def test_a_remembered_key_is_that_of_one_user(self) -> None:
        """Under another name it is another question."""
        door = Door()
        assert door.connect(key=CLIENT_KEY).logged_in
        assert not door.connect(key=CLIENT_KEY, user=b"other").logged_in

    def test_a_remembered_key_still_has_to_sign(self) -> None:
        """Who only knows the public key is not let in by another's login."""
        door = Door()
        assert door.connect(key=CLIENT_KEY).logged_in
        thief = ed25519_key()
        thief.public = CLIENT_KEY.public  # type: ignore[method-assign]
        assert not door.connect(key=thief).logged_in
        assert door.counts.told["login refused"] > 0


class SlowJournalTests(SynchronousTestCase):
    """A look-up takes its time."""

    def test_the_seconds_count_from_the_question(self) -> None:
        """What was revoked while the answer was on its way counts too."""
        clock, answer = Clock(), Deferred[Client | None]()
        credentials = KnownClients()
        credentials.by_key = lambda client, key: answer  # type: ignore[method-assign]
        known = KnownKeys(credentials=credentials, clock=clock, believe_seconds=5)
        known.look_up("acme", BLOB)
        clock.advance(4)
        answer.callback(CLIENT)
        assert known.remembered("acme", BLOB) is CLIENT
        clock.advance(1)
        assert known.remembered("acme", BLOB) is None
