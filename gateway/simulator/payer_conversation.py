"""The SFTP packets of a simulated payer, beyond what Conch answers itself."""

from __future__ import annotations

from twisted.conch.ssh.common import getNS
from twisted.conch.ssh.filetransfer import FX_FAILURE, FileTransferServer, SFTPError
from twisted.internet.defer import maybeDeferred
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from gateway.simulator.payer_folder import PayerFolder


class PayerConversation(FileTransferServer):
    """One SFTP session of a simulated payer.

    Speaks `posix-rename` and `fsync` of OpenSSH, which are answered by a status
    (Conch would answer with another packet).
    """

    client: PayerFolder

    def packet_EXTENDED(self, data: bytes) -> None:  # Conch's name
        """Answer an extension's request."""
        request, (name, rest) = data[:4], getNS(data[4:])
        done = maybeDeferred(self._extended, name, rest)
        done.addCallback(self._cbStatus, request, b"done")
        done.addErrback(self._ebStatus, request, b"failed")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Take no open file for whole: Conch closes each, as a client would."""
        self.client.line_lost()
        super().connectionLost(reason)

    def _extended(self, name: bytes, rest: bytes) -> object:
        if name == b"posix-rename@openssh.com":
            old, rest = getNS(rest)
            new, rest = getNS(rest)
            return self.client.renameFile(old, new, replace=True)
        if name == b"fsync@openssh.com":
            handle, rest = getNS(rest)
            if handle not in self.openFiles:
                raise SFTPError(FX_FAILURE, "no such handle")
            return self.openFiles[handle].sync()
        return self.client.extendedRequest(name, rest)
