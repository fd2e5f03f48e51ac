"""The mail channel against a real provider: Postfix and Dovecot, on loopback."""

from __future__ import annotations

import base64
import io
import json
import random
import smtplib
import ssl
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from protocols import mail_notice
from protocols.channels.interface import Arrival, Channel
from protocols.channels.mail import open_channel
from protocols.channels.mail_envelope import seal
from protocols.errors import (
    CredentialsRefused,
    PayerRefused,
    PayerUnavailable,
    UntrustedHost,
)
from protocols.mail_notice import Kind
from protocols.sesam.payer_simulator import Caisse, Faults
from protocols.sesam.sample_maker import FundFacts, make_file, make_sender
from tests.protocols.channels.mail_account import (
    FUND,
    Fund,
    billing_file,
    certificate,
    pem,
    return_mail,
)
from tests.system import mail_server
from tests.system.mail_server import FULL, OURS, PASSWORD, MailServer
from tests.system.site import Site

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(
        bool(mail_server.missing()), reason=mail_server.missing() or "-"
    ),
]
NOBODY = "01992@992.01.rss.fr"
WAYS = {
    "imap": {"mailbox": "imap"},
    "pop3": {"mailbox": "pop3"},
}


class Account:
    """Our account at the provider, and the funds that get our mails."""

    def __init__(self, folder: Path, server: MailServer) -> None:
        self.folder = folder
        self.server = server
        self.fund = Fund(folder)
        for_ever = (-9000.0, 36_500.0)
        funds = (FUND, FULL, NOBODY)
        (folder / "funds.pem").write_bytes(
            pem(*(certificate(each, owner=FUND, days=for_ever) for each in funds))
        )
        (folder / "password").write_text(PASSWORD)

    def settings(self, **changes: object) -> dict[str, object]:
        kind = changes.get("mailbox", "imap")
        return {
            "smtp_host": "localhost",
            "smtp_port": self.server.smtp,
            "mailbox_host": "localhost",
            "mailbox_port": getattr(self.server, str(kind)),
            "mailbox_security": "starttls" if kind == "pop3" else "tls",
            "ca_file": str(self.server.authority.certificate),
            "user": OURS,
            "password_file": str(self.folder / "password"),
            "from": OURS,
            "cipher_mark": "Octway#Octway#1.40#A#2",
            "recipients_file": str(self.folder / "funds.pem"),
            "certificate_file": str(self.folder / "own.pem"),
            "key_file": str(self.folder / "own.key"),
            **changes,
        }

    def open(self, **changes: object) -> Channel:
        return open_channel(self.settings(**changes))

    def come(self, mail: bytes) -> None:
        """Have somebody mail us something."""
        before = len(self.server.mails(OURS))
        context = ssl.create_default_context(
            cafile=str(self.server.authority.certificate)
        )
        with smtplib.SMTP("localhost", self.server.smtp, "x.example") as line:
            line.starttls(context=context)
            line.login(OURS, PASSWORD)
            line.sendmail(FUND, [OURS], mail)
        self.server.wait_for_mails(OURS, before + 1)

    def empty(self) -> None:
        """Take away what an earlier test left."""
        for account in (OURS, FUND):
            for part in ("new", "cur"):
                for mail in (self.server.folder / "mail" / account / part).glob("*"):
                    mail.unlink()


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    running = MailServer()
    yield running
    running.close()


@pytest.fixture
def account(server: MailServer, tmp_path: Path) -> Iterator[Account]:
    made = Account(tmp_path, server)
    yield made
    made.empty()


def send(channel: Channel, fund: str = FUND, *, size: int = 0) -> tuple[str, str]:
    """Mail a file to a fund; return its name and reference."""
    organism = fund[2:5]
    body = billing_file(7, b"4" * size).replace(b"1000990", b"1000" + organism.encode())
    name = f"B201{organism}000007.2026-11-22.b2"
    return name, channel.send(name, len(body), io.BytesIO(body)).reference


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_the_way_of_a_file_and_its_return(
    account: Account, way: dict[str, object]
) -> None:
    """Over STARTTLS and a login to the fund; its return back by IMAP or POP3."""
    with closing(account.open(**way)) as channel:
        assert "0 mails are waiting" in channel.check()
        send(channel)
        (mail,) = account.server.wait_for_mails(FUND, 1)
        assert account.fund.opened(mail) == billing_file(7)

        account.come(return_mail(b"000CT a return", packed=True))
        account.come(return_mail(b"000CT another"))
        first, second = channel.list()
        into = io.BytesIO()
        channel.fetch(first, into)
        channel.fetch(second, into)
        assert into.getvalue() == b"000CT a return000CT another"
        assert len(account.server.mails(OURS)) == 2

        for file in (first, second, first):
            channel.remove(file)
        assert channel.list() == []
        assert account.server.mails(OURS) == []


def test_a_mail_sent_twice_has_one_message_id(account: Account) -> None:
    """The fund can see that it is the same."""
    references = set()
    for _ in range(2):
        with closing(account.open()) as channel:
            references.add(send(channel)[1])
    mails = account.server.wait_for_mails(FUND, 2)

    (reference,) = references
    assert all(reference.encode() in mail for mail in mails)


@pytest.mark.parametrize(
    ("fund", "status"), [(NOBODY, "5.1.1"), (FULL, "5.2.2")], ids=["unknown", "full"]
)
def test_a_mail_that_comes_back_is_tied_to_its_file(
    account: Account, fund: str, status: str
) -> None:
    """The provider's own delivery report names Message-ID, file, fund and reason."""
    with closing(account.open()) as channel:
        name, reference = send(channel, fund)
        account.server.wait_for_mails(OURS, 1)
        (file,) = channel.list()
        into = io.BytesIO()
        channel.fetch(file, into)
        told = mail_notice.read(io.BytesIO(into.getvalue()))

    assert told.kind is Kind.UNDELIVERED
    assert (told.message_id, told.file) == (reference, name)
    assert (told.recipient, told.status) == (fund, status)
    with closing(account.open()) as another:
        assert another.ask(name, 1) is Arrival.ABSENT


def test_what_the_provider_does_not_take_is_a_refusal(account: Account) -> None:
    """A mail beyond its limit is refused before a byte of it is sent."""
    with (
        closing(account.open(compress=False)) as channel,
        pytest.raises(PayerRefused, match=r"5\.3\.4"),
    ):
        send(channel, size=300_000)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_wrong_credentials_and_strange_hosts_are_told_apart(
    account: Account, way: dict[str, object]
) -> None:
    """Neither SMTP nor the mailbox lets us in; a stranger is told nothing at all."""
    wrong = account.folder / "wrong"
    wrong.write_text("another password")
    strange = {"ca_file": str(account.fund.fund.certificate_file)}
    for changes, error in (
        ({"password_file": str(wrong)}, CredentialsRefused),
        (strange, UntrustedHost),
    ):
        with closing(account.open(**{**way, **changes})) as channel:
            with pytest.raises(error):
                send(channel)
            with pytest.raises(error):
                channel.list()
    assert account.server.mails(FUND) == []


def test_what_is_done_may_be_kept_in_a_folder(account: Account) -> None:
    """With keep_folder a confirmed mail is moved there, never deleted."""
    account.come(return_mail(b"000CT kept"))
    with closing(account.open(keep_folder="Octway")) as channel:
        (file,) = channel.list()
        channel.remove(file)
        assert channel.list() == []

    assert len(account.server.mails(OURS, folder="Octway")) == 1


def test_a_server_that_was_away_is_found_again(account: Account) -> None:
    """While it is away nothing is lost; afterwards all goes on."""
    with closing(account.open()) as channel:
        account.server.stop()
        for call in (lambda: send(channel), channel.list):
            with pytest.raises(PayerUnavailable):
                call()
        account.server.start()
        send(channel)
        assert len(account.server.wait_for_mails(FUND, 1)) == 1
        began = time.monotonic()
        assert channel.list() == []
        assert time.monotonic() - began < 5


def test_the_whole_way_of_a_claim_by_mail(account: Account, tmp_path: Path) -> None:
    """A vendor's file reaches its fund as a mail; the fund's returns settle its claims."""
    site = Site(tmp_path / "site")
    settings = account.settings(certificate_file=str(tmp_path / "own.pem"))
    lines = (f"{name} = {json.dumps(value)}" for name, value in settings.items())
    endpoint = "\n".join(['channel = "mail"', "[endpoint.settings]", *lines])
    site.reached("caisse-mail", "01990", endpoint)
    token = str(site.facts("client", "add", "alpha", "--token")["token"])
    rng = random.Random(7)
    fund = FundFacts(regime="01", fund="990", organism="990", computer_centre="000")
    content = make_file(
        rng,
        sender=make_sender(rng),
        lots=1,
        invoices_per_lot=3,
        day="2026-11-20",
        fund=fund,
    )
    site.start()
    try:
        name = call(site, token, "?filename=facture.b2", content)["deposit"]
        (mail,) = account.server.wait_for_mails(FUND, 1)
        file = account.fund.opened(mail)
        assert file[128:-128] == content[128:-128]  # the lots, untouched

        caisse = Caisse(faults=Faults())
        for made in caisse.respond(file, rng=rng, day="2026-11-21"):
            inner = return_mail(made.content, packed=True)
            sealed = seal(inner, account.fund.own.certificate, "aes-128-cbc")
            account.come(
                b"Content-Type: application/pkcs7-mime; name=smime.p7m\r\n"
                b"Content-Transfer-Encoding: base64\r\n\r\n"
                + base64.encodebytes(sealed)
            )
        until = time.monotonic() + 60
        while '"answered"' not in (told := json.dumps(call(site, token, f"/{name}"))):
            assert time.monotonic() < until, told
            time.sleep(0.1)
        assert account.server.mails(OURS) == []
    finally:
        site.stop()
    site.octway("verify", "-c", str(site.config))
    assert site.errors() == []


def call(
    site: Site, token: str, rest: str, content: bytes | None = None
) -> dict[str, object]:
    """Upload a file, or ask for one, as vendor software does."""
    host, port = site.where["https"]
    request = urllib.request.Request(
        f"https://{host}:{port}/v1/deposits{rest}",
        data=content,
        headers={"Authorization": f"Bearer {token}"},
    )
    context = ssl.create_default_context(
        cafile=str(site.folder / "data/keys/https.crt")
    )
    context.check_hostname = False
    with urllib.request.urlopen(request, timeout=10, context=context) as answer:
        told: dict[str, object] = json.loads(answer.read())
        return told
