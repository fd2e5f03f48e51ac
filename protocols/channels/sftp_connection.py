"""One SSH connection to a payer: host trusted first, then our name, then sessions.

Only algorithms without known weakness are offered: no SHA-1, no CBC, no 3DES,
no MD5, whatever the library would still accept.  The host's key is compared
before any credential is said.  Each connection has one thread of its own (the
library's), which ends with it.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import socket

import paramiko
from paramiko import AuthenticationException, PKey, Transport

from protocols.channels.sftp_errors import LineLost, Refusal, on_the_line
from protocols.channels.sftp_session import Sender, Session
from protocols.channels.sftp_settings import SftpSettings
from protocols.channels.sftp_stream import ChannelStream, ReadAhead
from protocols.errors import CredentialsRefused, PayerRefused, UntrustedHost

# Its records go where the program sends them, and never to stderr by themselves:
# what goes wrong is raised here.
logging.getLogger("paramiko").addHandler(logging.NullHandler())

_CIPHERS = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
)
_DIGESTS = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
)
_WEAK_KEX = ("sha1",)
_HOST_KEY_TYPES = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
_WINDOW = 2 << 20  # a payer far away can have this much on its way to us
_PACKET = 32768
_KEEPALIVE = 20  # seconds; below the idle limit of common firewalls
_END_OF_THREAD = 2.0  # seconds that closing waits for the library's thread


class Connection:
    """A connection that is logged in; sessions are opened on it.

    Raises `LineLost` when it cannot be made, `UntrustedHost`,
    `CredentialsRefused` or `PayerRefused`; nothing is left open then.
    """

    def __init__(self, settings: SftpSettings) -> None:
        self._settings = settings
        self._sender = Sender()
        with on_the_line():
            self._socket = ReadAhead(
                socket.create_connection(
                    (settings.host, settings.port), timeout=settings.connect_timeout
                )
            )
        try:
            with on_the_line():
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._transport = _transport(self._socket, settings)
        except BaseException:
            self._socket.close()
            raise
        try:
            self._greet()
            self._trust()
            self._log_in()
            self._transport.set_keepalive(_KEEPALIVE)
        except BaseException:
            self.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether the line is up, as far as this side has noticed."""
        return self._transport.is_active()

    def open_session(self) -> Session:
        """Open one more SFTP session; `Refusal` if the payer wants no more."""
        timeout = self._settings.operation_timeout
        try:
            with on_the_line():
                channel = self._transport.open_session(
                    window_size=_WINDOW, max_packet_size=_PACKET, timeout=timeout
                )
                channel.settimeout(timeout)
        except LineLost as error:
            if isinstance(error.__cause__, paramiko.ChannelException):
                raise Refusal(0, "it opens no session for us") from error
            raise
        stream = ChannelStream(channel)
        try:
            with on_the_line():
                channel.invoke_subsystem("sftp")
            session = Session(stream, self._sender, patience=timeout)
        except LineLost as error:
            stream.close()
            if self.alive:
                raise Refusal(0, "it offers no SFTP to this account") from error
            raise
        self._socket.prompt = False
        return session

    def close(self) -> None:
        """Close the connection and wait shortly for its thread; never raises."""
        self._transport.close()
        self._socket.close()
        if self._transport.is_alive():
            self._transport.join(_END_OF_THREAD)

    def _greet(self) -> None:
        try:
            with on_the_line():
                self._transport.start_client(timeout=self._settings.connect_timeout)
        except LineLost as error:
            if isinstance(error.__cause__, paramiko.ssh_exception.IncompatiblePeer):
                raise PayerRefused(
                    f"{self._settings.endpoint}: offers outdated algorithms only:"
                    f" {error}; wanted SHA-2 with AES-CTR or AES-GCM: see with the"
                    " payer"
                ) from error
            raise

    def _trust(self) -> None:
        with on_the_line():
            found = self._transport.get_remote_server_key()
        if any(found.asbytes() == key.asbytes() for key in self._settings.host_keys):
            return
        pinned = ", ".join(map(fingerprint, self._settings.host_keys))
        raise UntrustedHost(
            f"{self._settings.endpoint}: shows the host key {fingerprint(found)};"
            f" pinned is {pinned}: nothing was said to it; compare with the payer by"
            " another way, then change host_keys"
        )

    def _log_in(self) -> None:
        settings, wanted = self._settings, ["publickey", "password"]
        try:
            with on_the_line():
                if settings.key is not None:
                    wanted = self._transport.auth_publickey(settings.user, settings.key)
                if settings.password is not None and "password" in wanted:
                    self._transport.auth_password(
                        settings.user, settings.password, fallback=False
                    )
        except LineLost as error:
            if self._said_no() or _no_algorithm(error.__cause__):
                raise CredentialsRefused(_not_let_in(settings)) from error
            raise
        if self._said_no():  # the key is not enough, and there is nothing else
            raise CredentialsRefused(_not_let_in(settings))
        if not self._transport.is_authenticated():
            raise LineLost("the payer's side closed the line once we were logged in")

    def _said_no(self) -> bool:
        """Tell a no from a line that broke while asking: the library calls both alike.

        It forgets our name when the payer's side refuses it, and only then.
        """
        handler = self._transport.auth_handler
        return handler is not None and handler.get_username() is None


def fingerprint(key: PKey) -> str:
    """Name a key as OpenSSH does: its type and `SHA256:` with its digest."""
    digest = hashlib.sha256(key.asbytes()).digest()
    return f"{key.get_name()} SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def _transport(line: socket.socket, settings: SftpSettings) -> Transport:
    transport = Transport(
        line, default_window_size=_WINDOW, default_max_packet_size=_PACKET
    )
    transport.daemon = True
    transport.banner_timeout = settings.connect_timeout
    transport.handshake_timeout = settings.connect_timeout
    transport.auth_timeout = settings.connect_timeout
    options = transport.get_security_options()
    options.ciphers = _CIPHERS
    options.digests = _DIGESTS
    options.kex = tuple(name for name in options.kex if not name.endswith(_WEAK_KEX))
    options.key_types = _host_key_types(settings)
    return transport


def _host_key_types(settings: SftpSettings) -> tuple[str, ...]:
    """Ask for the pinned types first, or the host may show a key we cannot know."""
    pinned = {
        "rsa-sha2" if key.get_name() == "ssh-rsa" else key.get_name()
        for key in settings.host_keys
    }
    return tuple(
        sorted(_HOST_KEY_TYPES, key=lambda name: not name.startswith(tuple(pinned)))
    )


def _no_algorithm(error: BaseException | None) -> bool:
    """Say whether the payer's side takes no key of our kind, as it told beforehand."""
    return isinstance(error, AuthenticationException) and "algorithm" in str(error)


def _not_let_in(settings: SftpSettings) -> str:
    means = [
        name
        for name, given in (("key", settings.key), ("password", settings.password))
        if given is not None
    ]
    return (
        f"{settings.endpoint}: did not let us in with our {' and '.join(means)};"
        " see with the payer whether the account is open and the key registered"
    )
