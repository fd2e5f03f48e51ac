"""Mail as a real server takes it: encrypted, logged in, with the headers it should have."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from config.notification_records import MessageChannel, Recipient, Tls
from gateway.notifications import mail
from gateway.notifications.content import Content
from gateway.notifications.errors import NotTaken
from gateway.notifications.letter import Letter, letter
from tests.gateway.notifications.lines import line
from tests.gateway.notifications.mail_server import PASSWORD, mail_server

LEA = Recipient(
    name="lea",
    channel=MessageChannel.MAIL,
    address="lea@x.example",
    language="fr",
    time_zone="Europe/Paris",
)
AT = 1_795_000_000.0


def written() -> Letter:
    content = Content(at=AT, lines=(line(severity="critical"),))
    return letter("n1", "urgent", LEA, content, "https://octway.example/console")


def test_a_mail_arrives_encrypted_with_login(tmp_path: Path) -> None:
    """STARTTLS with a certificate that is checked, the login, one recipient, two forms."""
    with mail_server(tmp_path) as (server, taken):
        mail.send(server, LEA, written())
        mail.send(server, LEA, written())
    first, second = taken.mails
    assert taken.encrypted == [True, True]
    assert taken.envelopes[0] == ("octway@octway.example", ["lea@x.example"])
    assert first["Message-ID"] == second["Message-ID"] == "<n1@octway.example>"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["List-Id"] == "Octway <urgent.octway.octway.example>"
    assert first["Date"] == "Wed, 18 Nov 2026 11:06:40 +0000"
    assert first["From"] == "Octway à Liège <octway@octway.example>"
    assert first["To"] == "lea@x.example"
    assert first["Subject"] == "Octway: 1 nouvelle anomalie, au pire : critique"
    assert [each.get_content_type() for each in first.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
    plain = first.get_body(("plain",))
    assert plain is not None
    assert "À faire" in plain.get_content()


def test_a_server_that_never_comes_to_an_end_is_broken_off(tmp_path: Path) -> None:
    """Though each of its lines comes in time, no other message waits for it."""
    broken = threading.Event()

    def drip(listening: socket.socket) -> None:
        with suppress(OSError), listening.accept()[0] as line:
            while True:
                line.sendall(b"220-wait\r\n")
                line.settimeout(0.01)
                with suppress(TimeoutError):
                    if not line.recv(1):
                        break
        broken.set()

    with (
        mail_server(tmp_path) as (server, _),
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        thread = threading.Thread(target=drip, args=(listening,), daemon=True)
        thread.start()
        slow = evolve(server, port=listening.getsockname()[1], tls=Tls.NONE)
        with pytest.raises(NotTaken) as told:
            mail.send(slow, LEA, written(), 0.2)
        assert (told.value.cause, told.value.again) == ("no-answer", True)
        assert broken.wait(10)


REFUSALS = [
    pytest.param("451 later", True, id="for-now"),
    pytest.param("550 no such user", False, id="for-good"),
]


@pytest.mark.parametrize(("says", "again"), REFUSALS)
def test_a_refusal_says_whether_to_try_again(
    tmp_path: Path, says: str, again: bool
) -> None:
    """4xx is tried again, 5xx is given up at once; the words name the code only."""
    with mail_server(tmp_path) as (server, taken):
        taken.says = says
        with pytest.raises(NotTaken, match=f"answers with {says[:3]}") as caught:
            mail.send(server, LEA, written())
    assert (caught.value.cause, caught.value.again) == ("recipient-refused", again)
    assert says[4:] not in str(caught.value)


def test_a_wrong_password_is_given_up_and_not_shown(tmp_path: Path) -> None:
    """Trying again would lock the account."""
    with mail_server(tmp_path) as (server, taken):
        (tmp_path / "mail.password").write_text("another")
        with pytest.raises(NotTaken) as caught:
            mail.send(server, LEA, written())
    assert (caught.value.cause, caught.value.again) == ("login-refused", False)
    assert "another" not in str(caught.value)
    assert taken.mails == []


def test_no_password_is_sent_without_encryption(tmp_path: Path) -> None:
    """A server, or someone before it, that offers no STARTTLS gets nothing at all."""
    with (
        mail_server(tmp_path, offers_tls=False) as (server, taken),
        pytest.raises(NotTaken) as caught,
    ):
        mail.send(server, LEA, written())
    assert (caught.value.cause, caught.value.again) == ("no-encryption", True)
    assert taken.mails == []


def test_a_certificate_of_a_stranger_is_refused(tmp_path: Path) -> None:
    """Nothing is said to a server that cannot prove who it is."""
    with (
        mail_server(tmp_path, trusted=False) as (server, taken),
        pytest.raises(NotTaken) as caught,
    ):
        mail.send(server, LEA, written())
    assert caught.value.cause == "certificate-refused"
    assert taken.mails == []


def test_a_server_on_this_machine_may_be_plain(tmp_path: Path) -> None:
    """With `tls = "none"`, which only a loopback address may have."""
    with mail_server(tmp_path, offers_tls=False) as (server, taken):
        bare = evolve(server, tls=Tls.NONE, user="", password_file=None)
        mail.send(bare, LEA, written())
    assert len(taken.mails) == 1


def test_a_server_that_is_not_there_is_tried_again(tmp_path: Path) -> None:
    """The words name neither user nor password."""
    with mail_server(tmp_path) as (server, _):
        pass
    with pytest.raises(NotTaken, match="cannot be spoken to") as caught:
        mail.send(server, LEA, written())
    assert caught.value.again
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("field", ["subject", "id", "rule"])
def test_no_header_can_be_broken_out_of(tmp_path: Path, field: str) -> None:
    """A line's end in a header is an error, never a second header."""
    broken: dict[str, Any] = {field: "x\r\nBcc: a@b.example"}
    refused = pytest.raises(ValueError, match=r"(?i)newline|linefeed|carriage")
    with mail_server(tmp_path) as (server, taken), refused:
        mail.send(server, LEA, evolve(written(), **broken))
    assert taken.mails == []
