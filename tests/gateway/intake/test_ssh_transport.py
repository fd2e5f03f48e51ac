"""One connection, from the first byte to the last, against Conch's own client."""

from __future__ import annotations

from collections.abc import Callable

from twisted.conch.ssh import transport as conch
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from gateway.intake.sftp_limits import SftpLimits
from gateway.intake.ssh_ciphers import PlainOpener, PlainSealer
from gateway.intake.ssh_offer import Offer
from gateway.intake.ssh_transport import DoorTransport
from gateway.intake.ssh_wire import Fields, string, u32
from tests.gateway.intake.ssh_pair import Door, SshClient
from tests.gateway.intake.ssh_test_keys import CLIENT_KEY


class AgreementTests(SynchronousTestCase):
    """Conch's client is a second implementation of what we do ourselves."""

    def test_every_algorithm_in_common_works(self) -> None:
        """Each cipher, MAC and exchange that Conch has carries a login."""
        for kind, name in (
            ("supportedCiphers", b"aes128-ctr"),
            ("supportedCiphers", b"aes192-ctr"),
            ("supportedCiphers", b"aes256-ctr"),
            ("supportedMACs", b"hmac-sha2-256"),
            ("supportedMACs", b"hmac-sha2-512"),
            ("supportedKeyExchanges", b"curve25519-sha256"),
            ("supportedKeyExchanges", b"curve25519-sha256@libssh.org"),
            ("supportedKeyExchanges", b"ecdh-sha2-nistp256"),
            ("supportedKeyExchanges", b"ecdh-sha2-nistp384"),
            ("supportedKeyExchanges", b"ecdh-sha2-nistp521"),
        ):
            door = Door()
            pair = door.connect(key=CLIENT_KEY, prepare=only(kind, name))
            assert pair.logged_in, name
            assert door.counts.told[name.decode()] == 1

    def test_weak_algorithms_are_refused_and_counted(self) -> None:
        """A client that has nothing better is turned away in words."""
        for kind, name, word in (
            ("supportedCiphers", b"aes128-cbc", "cipher"),
            ("supportedCiphers", b"3des-cbc", "cipher"),
            ("supportedMACs", b"hmac-sha1", "MAC"),
            ("supportedMACs", b"hmac-md5", "MAC"),
            ("supportedKeyExchanges", b"diffie-hellman-group14-sha1", "key exchange"),
        ):
            door = Door()
            pair = door.connect(key=CLIENT_KEY, prepare=only(kind, name))
            assert not pair.logged_in
            assert pair.client.said == f"no common {word}"
            assert door.counts.told["rejection algorithms"] == 1

    def test_the_client_learns_which_signatures_are_taken(self) -> None:
        """RSA keys sign with SHA-2, because the server says that it can."""
        pair = Door().connect(login=False)
        names = pair.client.peerExtensions[b"server-sig-algs"].split(b",")
        assert b"rsa-sha2-512" in names
        assert b"ssh-rsa" not in names

    def test_keys_are_changed_again_by_either_side(self) -> None:
        """And what was said meanwhile is not lost."""
        door = Door(limits=SftpLimits(rekey_bytes=20_000))
        pair = door.connect(key=CLIENT_KEY)
        changes: list[bytes] = []
        take = pair.client.ssh_NEWKEYS

        def heard(packet: bytes) -> None:
            changes.append(packet)
            take(packet)

        pair.client.ssh_NEWKEYS = heard  # type: ignore[method-assign]
        pair.client.sendKexInit()
        pair.pump()
        assert len(changes) == 1
        for _ in range(200):
            pair.say(conch.MSG_IGNORE, string(b"x" * 200))
            answer = pair.say(80, string(b"keepalive") + b"\1")
            assert answer == [(82, b"")]
        assert len(changes) > 1


class FirstOfferTests(SynchronousTestCase):
    """Who offers first, and what follows from it."""

    both = (b"aes128-ctr", b"aes256-gcm@openssh.com")

    def test_openssh_is_offered_aes_gcm_if_it_takes_it(self) -> None:
        """Though it names another cipher before."""
        knock = Knock(strict=None, version=b"SSH-2.0-OpenSSH_9.2p1")
        assert knock.offered is None
        knock.offer(strict=True, ciphers=self.both)
        offered = knock.offered
        assert offered is not None
        assert all(b"gcm" in name for name in offered.ciphers_in)
        assert knock.server.keys.agreed is not None
        assert knock.server.keys.agreed.cipher_in == b"aes256-gcm@openssh.com"

    def test_openssh_without_aes_gcm_is_offered_all(self) -> None:
        """An operator's own choice of ciphers still connects."""
        knock = Knock(strict=None, version=b"SSH-2.0-OpenSSH_9.2p1")
        knock.offer(strict=True, ciphers=(b"aes128-ctr",))
        assert knock.server.keys.agreed is not None
        assert knock.server.keys.agreed.cipher_in == b"aes128-ctr"

    def test_whoever_calls_itself_openssh_and_waits_is_not_left_waiting(self) -> None:
        """After half a second our offer goes out as it does to others."""
        knock = Knock(strict=None, version=b"SSH-2.0-OpenSSH_9.2p1")
        knock.door.clock.advance(0.5)
        offered = knock.offered
        assert offered is not None
        assert b"aes128-ctr" in offered.ciphers_in
        knock.offer(strict=True, ciphers=self.both)
        assert knock.server.keys.agreed is not None
        assert knock.server.keys.agreed.cipher_in == b"aes128-ctr"
        assert knock.told is None

    def test_other_clients_are_offered_all_at_once(self) -> None:
        """Some wait for it, and their preference decides."""
        knock = Knock(strict=None)
        assert knock.offered is not None
        knock.offer(strict=True, ciphers=self.both)
        assert knock.server.keys.agreed is not None
        assert knock.server.keys.agreed.cipher_in == b"aes128-ctr"

    def test_nothing_is_left_running_when_the_line_is_lost(self) -> None:
        """Not the wait for an offer either."""
        knock = Knock(strict=None, version=b"SSH-2.0-OpenSSH_9.2p1")
        knock.server.connectionLost()
        assert not knock.door.clock.getDelayedCalls()

    def test_nothing_is_offered_to_whom_was_turned_away(self) -> None:
        """The last word of a connection is its DISCONNECT."""
        knock = Knock(strict=None, version=b"SSH-2.0-OpenSSH_9.2p1")
        knock.server.disconnect(conch.DISCONNECT_BY_APPLICATION, "go")
        knock.door.clock.advance(1)
        assert knock.told == "go"
        assert knock.offered is None


class BeforeTheKeysTests(SynchronousTestCase):
    """Before keys are in use nothing but a key exchange is listened to."""

    def test_no_service_is_begun_in_the_clear(self) -> None:
        """A login sent in the clear is not looked at."""
        for kind in (conch.MSG_SERVICE_REQUEST, 50, 90, 94):
            knock = Knock(strict=False)
            knock.send(kind, string(b"ssh-userauth"))
            assert knock.told == f"bad message: message {kind} before the first keys"

    def test_strict_clients_are_protected_from_inserted_packets(self) -> None:
        """Terrapin: whatever is put in before the keys ends the connection."""
        knock = Knock(strict=True)
        knock.send(conch.MSG_IGNORE, string(b""))
        assert knock.told is not None

        knock = Knock(strict=None)
        knock.send(conch.MSG_IGNORE, string(b""))
        assert knock.told is None
        knock.offer(strict=True)
        assert knock.told == "bad message: KEXINIT is not the first packet"

    def test_other_clients_may_send_what_means_nothing(self) -> None:
        """Without strict key exchange an IGNORE is ignored."""
        knock = Knock(strict=False)
        knock.send(conch.MSG_IGNORE, string(b""))
        assert knock.told is None

    def test_an_exchange_has_one_order(self) -> None:
        """NEWKEYS first, two offers, a share of the wrong kind: all end it."""
        for kind, payload in (
            (conch.MSG_NEWKEYS, b""),
            (conch.MSG_KEXINIT, b"c" * 16),
            (32, b""),
            (30, string(b"\0" * 32)),
            (30, b""),
        ):
            knock = Knock(strict=False)
            knock.send(kind, payload)
            assert knock.told is not None, kind
            assert knock.transport.disconnecting

    def test_what_is_no_ssh_is_turned_away(self) -> None:
        """Other protocols, endless lines, old versions: no trace in the log."""
        for data in (b"GET / HTTP/1.1\r\n\r\n", b"x" * 300, b"SSH-1.5-old\r\n"):
            transport = StringTransport()
            server = DoorTransport(door=Door().factory)
            server.makeConnection(transport)
            server.dataReceived(data)
            assert transport.disconnecting

    def test_a_slow_login_ends(self) -> None:
        """Connections that say nothing do not stay."""
        door = Door(limits=SftpLimits(login_seconds=30))
        pair = door.connect(login=False)
        door.clock.advance(29)
        assert not pair.hung_up
        door.clock.advance(1)
        pair.pump()
        assert pair.client.said == "login took too long"
        assert door.counts.told["rejection login-time"] == 1

    def test_a_peer_that_does_not_hang_up_is_cut_off(self) -> None:
        """A socket whose peer does not read is not kept for ever."""
        door = Door(limits=SftpLimits(login_seconds=30))
        pair = door.connect(login=False)
        cut: list[bool] = []
        pair.to_client.abortConnection = lambda: cut.append(True)  # type: ignore[method-assign]
        door.clock.pump([30, 60])
        assert cut == [True]

    def test_no_timer_is_left_behind(self) -> None:
        """After the line is lost nothing of it is waited for."""
        door = Door()
        door.connect(login=False).cut()
        door.connect(key=CLIENT_KEY).cut()
        assert door.clock.getDelayedCalls() == []
        assert door.counts.told["opened"] == door.counts.told["closed"] == 2


class LimitTests(SynchronousTestCase):
    """The door has room for so many, and says so."""

    def test_connections_are_counted(self) -> None:
        """Altogether, and those that have not logged in."""
        door = Door(limits=SftpLimits(max_connections=1))
        first = door.connect(key=CLIENT_KEY)
        assert door.factory.buildProtocol(None) is None
        assert door.counts.told["rejection connections"] == 1
        first.cut()
        assert door.connect(key=CLIENT_KEY).logged_in

        door = Door(limits=SftpLimits(max_unknown=1))
        door.connect(key=CLIENT_KEY)
        door.connect(login=False)
        assert door.factory.buildProtocol(None) is None
        assert door.counts.told["rejection unknown"] == 1

    def test_connections_of_one_address_are_counted(self) -> None:
        """Other addresses still have room."""
        door = Door(limits=SftpLimits(max_connections_per_address=1))
        first = door.connect(key=CLIENT_KEY)
        second = door.connect(key=CLIENT_KEY)
        other = door.connect(key=CLIENT_KEY, address="192.0.2.2")
        assert (second.logged_in, other.logged_in) == (False, True)
        first.cut()
        second.cut()
        assert door.connect(key=CLIENT_KEY).logged_in

    def test_connections_of_one_client_are_counted(self) -> None:
        """The client reads why."""
        door = Door(limits=SftpLimits(max_connections_per_client=1))
        shown = {each.limit: each for each in door.factory.bounds()}
        door.connect(key=CLIENT_KEY)
        second = door.connect(key=CLIENT_KEY)
        assert second.client.said == "too many connections of this client"
        assert (shown["sftp-client"].current(), shown["sftp-client"].most) == (1, 1)
        assert door.counts.told["rejection client"] == 1

    def test_silence_ends_a_session(self) -> None:
        """Only after the whole time without a byte."""
        door = Door(limits=SftpLimits(idle_seconds=100))
        pair = door.connect(key=CLIENT_KEY)
        door.clock.advance(60)
        pair.say(conch.MSG_IGNORE, string(b""))
        door.clock.advance(99)
        assert not pair.hung_up
        door.clock.advance(1)
        assert pair.hung_up

    def test_a_client_that_asks_on_and_reads_nothing_is_ended(self) -> None:
        """What it is answered does not pile up without bound; a pause is no harm."""
        door = Door()
        pair = door.connect(key=CLIENT_KEY)
        request = string(b"keepalive@example.org") + b"\1"
        pair.server.pauseProducing()
        for _ in range(1000):
            pair.client.sendPacket(80, request)
        pair.pump()
        assert not pair.hung_up
        pair.server.resumeProducing()
        pair.say(80, request)
        pair.server.pauseProducing()
        for _ in range(1001):
            pair.client.sendPacket(80, request)
        pair.pump()
        assert pair.hung_up
        assert door.counts.told["rejection unread"] == 1

    def test_who_has_just_come_may_log_in_at_a_stop(self) -> None:
        """A connection that was taken is no refusal; it is closed soon all the same."""
        door = Door()
        pair = door.connect(login=False)
        drained = door.factory.drain()
        door.clock.advance(1.9)
        assert not pair.hung_up
        door.clock.advance(0.2)
        pair.pump()
        assert pair.hung_up
        pair.cut()
        self.successResultOf(drained)

    def test_draining_waits_for_the_last_connection(self) -> None:
        """Nobody new is let in, and those there are told."""
        door = Door()
        pair = door.connect(key=CLIENT_KEY)
        drained = door.factory.drain()
        self.assertNoResult(drained)
        pair.pump()
        assert pair.client.said == "service is stopping"
        assert door.factory.buildProtocol(None) is None
        pair.cut()
        self.successResultOf(drained)
        self.successResultOf(door.factory.drain())


def only(kind: str, name: bytes) -> Callable[[SshClient], None]:
    """Leave a client one algorithm of a kind."""
    return lambda client: setattr(client, kind, [name])


class Knock:
    """A client by hand that goes as far as its offer; None: not even that far."""

    def __init__(
        self, *, strict: bool | None, version: bytes = b"SSH-2.0-Test"
    ) -> None:
        self.door = Door()
        self.transport = StringTransport()
        self.server = DoorTransport(door=self.door.factory)
        self.server.makeConnection(self.transport)
        self.transport.clear()
        self.server.dataReceived(version + b"\r\n")
        if strict is not None:
            self.offer(strict=strict)

    def offer(
        self, *, strict: bool, ciphers: tuple[bytes, ...] = (b"aes128-ctr",)
    ) -> None:
        marker = (b"kex-strict-c-v00@openssh.com",) if strict else ()
        offer = Offer(
            exchanges=(b"curve25519-sha256", *marker),
            host_keys=(b"ssh-ed25519",),
            ciphers_in=ciphers,
            ciphers_out=ciphers,
            macs_in=(b"hmac-sha2-256",),
            macs_out=(b"hmac-sha2-256",),
            compressions_in=(b"none",),
            compressions_out=(b"none",),
            guess_follows=False,
        )
        self.send(conch.MSG_KEXINIT, offer.pack(b"c" * 16))

    def send(self, kind: int, payload: bytes) -> None:
        self.server.dataReceived(PlainSealer().seal(0, bytes((kind,)) + payload))

    @property
    def told(self) -> str | None:
        """Why the server ended the connection, if it did."""
        said = self._said(conch.MSG_DISCONNECT)
        return None if said is None else Fields(said, 5).string().decode()

    @property
    def offered(self) -> Offer | None:
        """What the server offered, if it did."""
        said = self._said(conch.MSG_KEXINIT)
        return None if said is None else Offer.parse(said[1:])

    def _said(self, kind: int) -> bytes | None:
        buffer, opener = bytearray(self.transport.value()), PlainOpener()
        while (payload := opener.open(0, buffer)) is not None:
            if payload[0] == kind:
                return bytes(payload)
        return None


def test_the_sequence_of_an_unknown_message_is_its_own() -> None:
    """UNIMPLEMENTED names the packet that was not understood."""
    pair = Door().connect(key=CLIENT_KEY)
    seen: list[int] = []
    pair.client.receiveUnimplemented = seen.append  # type: ignore[method-assign]
    sequence = pair.client.outgoingPacketSequence
    pair.say(99, u32(0))
    assert seen == [sequence]
