"""How simulated payers let a concentrator in: keys, passwords, and a realm."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Any

from twisted.conch.avatar import ConchUser
from twisted.conch.error import ValidPublicKey
from twisted.conch.interfaces import IConchUser
from twisted.conch.ssh.keys import Key
from twisted.conch.ssh.session import SSHSession
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import ISSHPrivateKey, IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from zope.interface import Interface, implementer

from gateway.simulator.payer_conversation import PayerConversation
from gateway.simulator.payer_folder import Account, PayerFolder


class _Session(SSHSession):
    """Offers SFTP and nothing else; a client's environment is not taken."""

    def request_env(self, data: bytes) -> int:
        return 0


class PayerUser(ConchUser):
    """A concentrator that is logged in at a simulated payer."""

    def __init__(
        self,
        *,
        account: Account,
        clock: IReactorTime,
        arrived: Callable[[str, str], None],
    ) -> None:
        super().__init__()
        self._account = account
        self._clock = clock
        self._arrived = arrived
        self.channelLookup[b"session"] = _Session
        self.subsystemLookup[b"sftp"] = self._converse

    def _converse(self, data: bytes, avatar: object) -> PayerConversation:
        folder = PayerFolder(
            account=self._account,
            clock=self._clock,
            drop=self._drop,
            arrived=self._arrived,
        )
        return PayerConversation(data, folder)

    def _drop(self) -> None:
        self.conn.transport.transport.abortConnection()


@implementer(IRealm)
class PayerRealm:
    """Gives each account its own view."""

    def __init__(
        self,
        *,
        accounts: Mapping[str, Account],
        clock: IReactorTime,
        arrived: Callable[[str, str], None],
    ) -> None:
        self._accounts = accounts
        self._clock = clock
        self._arrived = arrived

    def requestAvatar(  # noqa: D102  # Twisted's name and meaning
        self,
        avatarId: bytes | tuple[()],
        mind: object,
        *interfaces: type[Interface],
    ) -> tuple[type[Interface], PayerUser, Callable[[], None]]:
        user = PayerUser(
            account=self._accounts[bytes(avatarId).decode()],
            clock=self._clock,
            arrived=self._arrived,
        )
        return IConchUser, user, lambda: None


@implementer(ICredentialsChecker)
class PayerChecker:
    """Lets in who shows a key or a password of the account."""

    credentialInterfaces = (ISSHPrivateKey, IUsernamePassword)

    def __init__(self, accounts: Mapping[str, Account]) -> None:
        self._accounts = accounts

    def requestAvatarId(  # noqa: D102  # Twisted's name and meaning
        self, credentials: Any
    ) -> Deferred[bytes | tuple[()]]:
        return maybeDeferred(self._check, credentials)

    def _check(self, credentials: Any) -> bytes:
        user: str = credentials.username.decode("utf-8", "replace")
        account = self._accounts.get(user)
        if account is None or account.faults.refuse_login:
            raise UnauthorizedLogin("no such account, or not now")
        if ISSHPrivateKey.providedBy(credentials):
            self._check_key(account, credentials)
        elif not any(
            hmac.compare_digest(credentials.password, known.encode())
            for known in account.passwords
        ):
            raise UnauthorizedLogin("wrong password")
        return user.encode()

    def _check_key(self, account: Account, credentials: Any) -> None:
        if credentials.blob not in account.keys:
            raise UnauthorizedLogin("unknown key")
        if credentials.signature is None:
            raise ValidPublicKey
        key = Key.fromString(credentials.blob)
        if not key.verify(credentials.signature, credentials.sigData):
            raise UnauthorizedLogin("wrong signature")
