"""Who gets in, who does not, and what either of them learns."""

from __future__ import annotations

from twisted.conch.ssh import transport as conch
from twisted.conch.ssh.keys import Key
from twisted.internet.defer import fail
from twisted.internet.testing import EventLoggingObserver
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from gateway.errors import StorageUnavailable
from gateway.intake.sftp_limits import SftpLimits
from gateway.intake.ssh_signing import sound_key
from gateway.intake.ssh_wire import Fields, string
from tests.gateway.intake.ssh_pair import Door, Pair
from tests.gateway.intake.ssh_test_keys import (
    CLIENT_KEY,
    ecdsa_key,
    ed25519_key,
    rsa_key,
)

REQUEST, FAILURE, SUCCESS, KEY_OK = 50, 51, 52, 60


class KeyLoginTests(SynchronousTestCase):
    """Login by key."""

    def test_a_known_key_of_the_client_lets_in(self) -> None:
        """And is counted as such."""
        door = Door()
        assert door.connect(key=CLIENT_KEY).logged_in
        assert door.counts.told["login key"] == 1

    def test_each_kind_of_key_lets_in(self) -> None:
        """Ed25519, ECDSA, and RSA with SHA-2."""
        rsa = rsa_key()
        for key, algorithm in (
            (ed25519_key(), b"ssh-ed25519"),
            (ecdsa_key(), b"ecdsa-sha2-nistp256"),
            (rsa, b"rsa-sha2-256"),
            (rsa, b"rsa-sha2-512"),
        ):
            door = Door()
            door.credentials.keys.add(("acme", key.public().blob()))
            said = attempt_signed(door.connect(login=False), key, algorithm, algorithm)
            assert [kind for kind, _ in said] == [SUCCESS], algorithm

    def test_another_key_does_not(self) -> None:
        """Nor the right key under another name."""
        door = Door()
        assert not door.connect(key=ed25519_key()).logged_in
        assert not door.connect(user=b"other", key=CLIENT_KEY).logged_in

    def test_a_key_alone_proves_nothing(self) -> None:
        """Whoever knows a public key learns that it is known, and is not in."""
        pair = Door().connect(login=False)
        said = attempt(pair, key_request(CLIENT_KEY, signature=None))
        assert [kind for kind, _ in said] == [KEY_OK]

    def test_a_signature_must_be_of_this_connection(self) -> None:
        """One taken from another connection, a random one, none: refused."""
        other = Door().connect(login=False).server.keys.session_id
        for signed in (
            string(other) + key_request(CLIENT_KEY, signature=None),
            b"something else",
        ):
            pair = Door().connect(login=False)
            signature = CLIENT_KEY.sign(signed, signatureType=b"ssh-ed25519")
            said = attempt(pair, key_request(CLIENT_KEY, signature=signature))
            assert [kind for kind, _ in said] == [FAILURE]
        pair = Door().connect(login=False)
        broken = string(b"ssh-ed25519") + string(b"short")
        said = attempt(pair, key_request(CLIENT_KEY, signature=broken))
        assert [kind for kind, _ in said] == [FAILURE]

    def test_sha1_signatures_are_refused(self) -> None:
        """An RSA key may not sign with `ssh-rsa`, whatever it calls the algorithm."""
        key = rsa_key()
        door = Door()
        door.credentials.keys.add(("acme", key.public().blob()))
        for named in (b"ssh-rsa", b"rsa-sha2-256"):
            said = attempt_signed(door.connect(login=False), key, named, b"ssh-rsa")
            assert [kind for kind, _ in said] == [FAILURE]

    def test_unsound_keys_are_not_even_looked_up(self) -> None:
        """Short RSA, DSA by name, a kind that does not match, no key at all."""
        short, key = rsa_key(1024).public().blob(), CLIENT_KEY.public().blob()
        for algorithm, blob in (
            (b"rsa-sha2-256", short),
            (b"ssh-dss", key),
            (b"ssh-rsa", rsa_key().public().blob()),
            (b"ecdsa-sha2-nistp256", key),
            (b"ssh-ed25519", string(b"ssh-ed25519") + b"cut"),
            (b"ecdsa-sha2-nistp256", string(b"ecdsa-sha2-nistp256") + string(b"x")),
            (b"ssh-ed25519", b""),
        ):
            assert sound_key(algorithm, blob) is None, algorithm
        assert sound_key(b"ssh-ed25519", key) is not None


class PasswordLoginTests(SynchronousTestCase):
    """Login by password, where credentials allow it."""

    def test_the_right_password_lets_in(self) -> None:
        """And is counted as such."""
        door = Door()
        assert door.connect(password=b"synthetic").logged_in
        assert door.counts.told["login password"] == 1

    def test_known_and_unknown_users_are_refused_alike(self) -> None:
        """The same answer after the same time; both are looked up."""
        for user in (b"acme", b"nobody"):
            door = Door()
            pair = door.connect(login=False)
            said = attempt(pair, password_request(user, b"wrong"))
            assert said == []
            door.clock.advance(0.9)
            pair.pump()
            assert heard(pair) == []
            door.clock.advance(0.1)
            pair.pump()
            assert [kind for kind, _ in heard(pair)] == [FAILURE]
            assert door.credentials.asked == [user.decode()]

    def test_passwords_can_be_switched_off_for_all(self) -> None:
        """Then none is asked for, and none is looked at."""
        door = Door(limits=SftpLimits(offer_password=False))
        pair = door.connect(login=False)
        said = attempt(pair, password_request(b"acme", b"synthetic"))
        assert [(kind, Fields(body).string()) for kind, body in said] == [
            (FAILURE, b"publickey")
        ]
        assert door.credentials.asked == []


class LoginLimitTests(SynchronousTestCase):
    """Guessing does not pay."""

    def test_attempts_are_counted(self) -> None:
        """After so many the connection ends."""
        door = Door(limits=SftpLimits(max_login_attempts=3))
        pair = door.connect(login=False)
        for _ in range(3):
            attempt(pair, key_request(ed25519_key(), signature=None))
        assert pair.client.said == "too many failed logins"
        assert door.counts.told["rejection login-attempts"] == 1

    def test_asking_for_the_methods_is_no_attempt(self) -> None:
        """Every client asks with `none` first."""
        door = Door(limits=SftpLimits(max_login_attempts=1))
        pair = door.connect(login=False)
        said = attempt(pair, request(b"acme", b"none"))
        assert [kind for kind, _ in said] == [FAILURE]
        assert not pair.hung_up

    def test_an_address_that_guesses_has_to_wait(self) -> None:
        """Its next connections are turned away, those of others are not."""
        door = Door(limits=SftpLimits(max_login_attempts=100))
        pair = door.connect(login=False)
        for _ in range(12):
            attempt(pair, password_request(b"acme", b"guess"))
            door.clock.advance(1)
            pair.pump()
        assert not door.connect(key=CLIENT_KEY).logged_in
        assert door.connect(key=CLIENT_KEY, address="192.0.2.9").logged_in
        assert door.counts.told["rejection backoff"] == 1
        door.clock.advance(1000)
        assert door.connect(key=CLIENT_KEY).logged_in

    def test_with_too_many_passwords_to_check_the_line_ends_and_nothing_counts(
        self,
    ) -> None:
        """Who would have to wait in a long queue may come again at once."""
        door = Door()
        door.credentials.crowded = True
        pairs = [door.connect(login=False) for _ in range(12)]
        for pair in pairs:
            attempt(pair, password_request(b"acme", b"right or wrong"))
        assert all(pair.hung_up for pair in pairs)
        assert door.counts.told["rejection passwords"] == 12
        door.credentials.crowded = False
        assert door.connect(key=CLIENT_KEY).logged_in

    def test_attempts_sent_at_once_are_looked_at_one_by_one(self) -> None:
        """Pipelined guesses do not go around the delay."""
        door = Door()
        pair = door.connect(login=False)
        begin(pair)
        for _ in range(3):
            pair.client.sendPacket(REQUEST, password_request(b"acme", b"guess"))
        pair.pump()
        assert len(door.credentials.asked) == 1
        door.clock.pump([1.0, 1.0])
        assert len(door.credentials.asked) == 3

    def test_attempts_behind_the_last_one_are_not_looked_at(self) -> None:
        """Even the right password comes too late in a connection that is ended."""
        door = Door(limits=SftpLimits(max_login_attempts=1))
        pair = door.connect(login=False)
        begin(pair)
        for password in (b"guess", b"synthetic"):
            pair.client.sendPacket(REQUEST, password_request(b"acme", password))
        pair.pump()
        door.clock.advance(1)
        assert pair.hung_up
        assert len(door.credentials.asked) == 1
        assert door.counts.told["login password"] == 0

    def test_a_lookup_that_fails_is_a_refusal(self) -> None:
        """A database that is away is no mistake of ours, whatever else is one."""
        for error, mistakes in (
            (StorageUnavailable("gone"), 0),
            (RuntimeError("what is that"), 1),
        ):
            door = Door()
            door.credentials.by_key = lambda client, key, why=error: fail(why)  # type: ignore[method-assign,misc]
            pair = door.connect(login=False)
            said = attempt(pair, key_request(CLIENT_KEY, signature=None))
            assert [kind for kind, _ in said] == [FAILURE]
            assert len(self.flushLoggedErrors(type(error))) == mistakes

    def test_malformed_attempts_end_the_connection(self) -> None:
        """Cut short, or for a service that does not exist."""
        for body in (b"", string(b"acme") + string(b"other-service") + string(b"none")):
            pair = Door().connect(login=False)
            attempt(pair, body)
            assert pair.hung_up


class SessionLogTests(SynchronousTestCase):
    """One line tells of a session all that is needed later, and no secret."""

    def test_a_login_is_logged_once(self) -> None:
        """Client, address, key fingerprint and algorithms; never the password."""
        seen = EventLoggingObserver()
        globalLogPublisher.addObserver(seen)
        self.addCleanup(globalLogPublisher.removeObserver, seen)
        door = Door()
        door.connect(key=CLIENT_KEY)
        door.connect(password=b"synthetic")
        logins = [
            event
            for event in seen
            if event.get("log_namespace") == "gateway.intake.ssh_login"
        ]
        assert [event["method"] for event in logins] == ["key", "password"]
        assert logins[0]["client"] == "acme"
        assert logins[0]["peer"] == "192.0.2.1"
        assert len(logins[0]["fingerprint"]) > 40
        assert "curve25519-sha256" in logins[0]["algorithms"]
        assert not [event for event in seen if "synthetic" in str(event)]

    def test_a_banner_is_shown_before_the_login(self) -> None:
        """Once."""
        pair = Door(limits=SftpLimits(banner="Welcome")).connect(login=False)
        first = attempt(pair, request(b"acme", b"none"))
        second = attempt(pair, request(b"acme", b"none"))
        assert [kind for kind, _ in (*first, *second)] == [53, FAILURE, FAILURE]
        assert Fields(first[0][1]).string() == b"Welcome"


def begin(pair: Pair) -> None:
    """Ask for the login service, once, and listen to it."""
    if pair.client.service is None:
        pair.client.service = pair.recorder
        pair.client.sendPacket(conch.MSG_SERVICE_REQUEST, string(b"ssh-userauth"))
        pair.client.ssh_SERVICE_ACCEPT = lambda packet: None  # type: ignore[method-assign]
        pair.pump()


def attempt(pair: Pair, body: bytes) -> list[tuple[int, bytes]]:
    begin(pair)
    return pair.say(REQUEST, body)


def heard(pair: Pair) -> list[tuple[int, bytes]]:
    return list(pair.recorder.heard)


def request(user: bytes, method: bytes) -> bytes:
    return string(user) + string(b"ssh-connection") + string(method)


def password_request(user: bytes, password: bytes) -> bytes:
    return request(user, b"password") + b"\0" + string(password)


def key_body(key: Key, *, signature: bool, algorithm: bytes) -> bytes:
    return (
        request(b"acme", b"publickey")
        + bytes((signature,))
        + string(algorithm)
        + string(key.public().blob())
    )


def attempt_signed(
    pair: Pair, key: Key, named: bytes, used: bytes
) -> list[tuple[int, bytes]]:
    """Log in with a signature that names one algorithm and is of another."""
    body = key_body(key, signature=True, algorithm=named)
    session = string(pair.server.keys.session_id)
    signed = session + bytes((REQUEST,)) + body
    return attempt(pair, body + string(key.sign(signed, signatureType=used)))


def key_request(key: Key, *, signature: bytes | None) -> bytes:
    body = key_body(key, signature=signature is not None, algorithm=b"ssh-ed25519")
    return body if signature is None else body + string(signature)
