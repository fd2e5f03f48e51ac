"""What a client may do once logged in: open session channels, and nothing else.

Forwarding of every kind is refused, in words and without a stack trace in the log
(Conch leaves one).  Source: RFC 4254.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from twisted.conch.ssh import connection as conch

from gateway.intake.sftp_session import SftpChannel
from gateway.intake.ssh_wire import Fields, Malformed, string, u32

if TYPE_CHECKING:
    from gateway.intake.interface import Client
    from gateway.intake.ssh_transport import DoorTransport

_DATA_HEAD: Final = struct.Struct("!BLL")
# A client that takes less than this at a time cannot be served in finite time.
_LEAST_PACKET: Final = 512


class DoorConnection:
    """The `ssh-connection` service of one logged-in client."""

    def __init__(self, *, client: Client, transport: DoorTransport) -> None:
        self.client = client
        self.door = transport.door
        self.transport = transport
        self.channels: dict[int, SftpChannel] = {}
        self._next_id = 0
        self._handlers = {
            conch.MSG_GLOBAL_REQUEST: self._global_request,
            conch.MSG_CHANNEL_OPEN: self._open,
            conch.MSG_CHANNEL_WINDOW_ADJUST: self._window,
            conch.MSG_CHANNEL_EXTENDED_DATA: self._extended,
            conch.MSG_CHANNEL_EOF: self._eof,
            conch.MSG_CHANNEL_CLOSE: self._close,
            conch.MSG_CHANNEL_REQUEST: self._request,
        }

    def stop(self) -> None:
        """The line is gone: each channel lets go of what it holds."""
        channels, self.channels = self.channels, {}
        for channel in channels.values():
            channel.lost()

    def resumed(self) -> None:
        """The socket takes more again."""
        for channel in tuple(self.channels.values()):
            channel.resumed()

    @property
    def busy(self) -> bool:
        """Whether a request of some channel is still being worked on."""
        return any(channel.busy for channel in self.channels.values())

    def take(self, kind: int, payload: bytes) -> None:
        """Serve one message."""
        handler = self._handlers.get(kind)
        if handler is None:
            self.transport.send_unimplemented()
        else:
            handler(Fields(payload))

    def data(self, payload: memoryview) -> None:
        """Serve CHANNEL_DATA, message number included: the one busy path."""
        _, number, size = _DATA_HEAD.unpack_from(payload)
        if size != len(payload) - _DATA_HEAD.size:
            raise Malformed("channel data of a wrong length")
        self._channel(number).data(payload[_DATA_HEAD.size :])

    def forget(self, channel: SftpChannel) -> None:
        """Both sides have closed the channel."""
        self.channels.pop(channel.number, None)

    def _channel(self, number: int) -> SftpChannel:
        channel = self.channels.get(number)
        if channel is None:
            raise Malformed(f"channel {number} is not open")
        return channel

    def _global_request(self, fields: Fields) -> None:
        fields.string()
        if fields.u8():  # keep-alives ask for an answer, any answer
            self.transport.send(conch.MSG_REQUEST_FAILURE, b"")

    def _open(self, fields: Fields) -> None:
        kind = fields.string()
        theirs, window, packet = fields.u32(), fields.u32(), fields.u32()
        refusal = self._refusal(kind, packet)
        if refusal is not None:
            reason, text = refusal
            self.transport.send(
                conch.MSG_CHANNEL_OPEN_FAILURE,
                u32(theirs) + u32(reason) + string(text) + string(b""),
            )
            return
        channel = SftpChannel(
            connection=self,
            number=self._next_id,
            theirs=theirs,
            window=window,
            packet_size=packet,
        )
        self._next_id += 1
        self.channels[channel.number] = channel
        self.transport.send(
            conch.MSG_CHANNEL_OPEN_CONFIRMATION,
            u32(theirs) + u32(channel.number) + channel.offer,
        )

    def _refusal(self, kind: bytes, packet: int) -> tuple[int, bytes] | None:
        if kind != b"session":
            return (
                conch.OPEN_ADMINISTRATIVELY_PROHIBITED,
                b"this service is SFTP only, nothing is forwarded",
            )
        if packet < _LEAST_PACKET:
            return conch.OPEN_CONNECT_FAILED, b"maximum packet size is too small"
        if len(self.channels) >= self.door.limits.max_channels:
            self.door.observer.rejection("channels")
            return conch.OPEN_RESOURCE_SHORTAGE, b"too many channels"
        return None

    def _window(self, fields: Fields) -> None:
        self._channel(fields.u32()).window_grew(fields.u32())

    def _extended(self, fields: Fields) -> None:
        number = fields.u32()
        fields.u32()
        self._channel(number).extended(len(fields.string()))

    def _eof(self, fields: Fields) -> None:
        self._channel(fields.u32()).eof()

    def _close(self, fields: Fields) -> None:
        self._channel(fields.u32()).closed_by_client()

    def _request(self, fields: Fields) -> None:
        channel = self._channel(fields.u32())
        kind, wants_reply = fields.string(), fields.u8()
        begin = channel.request(kind, fields.rest())
        if wants_reply:
            verdict = (
                conch.MSG_CHANNEL_FAILURE
                if begin is None
                else conch.MSG_CHANNEL_SUCCESS
            )
            self.transport.send(verdict, u32(channel.theirs))
        if begin is not None:
            begin()
