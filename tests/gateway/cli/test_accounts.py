"""`octway client` and `octway staff`: who may come in."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from twisted.internet.defer import Deferred, maybeDeferred

from gateway.cli import key_files
from gateway.intake.credentials import JournalCredentials
from gateway.intake.interface import Client
from tests.gateway.cli.installation import Installation, lines_with
from tests.gateway.house import House


def login(installed: Installation) -> JournalCredentials:
    return JournalCredentials(
        database=installed.house.database,
        run_in_thread=maybeDeferred,
        defaults=House.limits(),
    )


def who(deferred: Deferred[Client | None]) -> str | None:
    found: list[Client | None] = []
    deferred.addCallback(found.append)
    return found[0].id if found[0] is not None else None


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """Give a public key in a file, as a client mails it."""
    key = key_files.new_ed25519(lambda count: b"k" * count)
    file = tmp_path / "id.pub"
    file.write_text(key_files.ssh_public(key, "office") + "\n")
    return file


def test_a_token_opens_the_door_until_it_is_revoked(installed: Installation) -> None:
    """What `token new` prints logs in; after `token revoke` it does not."""
    made = installed.octway("client", "token", "new", "alpha", "--json").facts
    assert who(login(installed).by_token(made["token"])) == "alpha"
    gone = installed.octway(
        "client", "token", "revoke", "alpha", made["fingerprint"][:12]
    )
    assert gone.status == 0
    assert who(login(installed).by_token(made["token"])) is None


def test_a_password_can_be_switched_on_and_off(installed: Installation) -> None:
    """Password login is off until somebody switches it on."""
    made = installed.octway(
        "client", "password", "set", "alpha", "--generate", "--json"
    )
    password = made.facts["password"].encode()
    assert who(login(installed).by_password("alpha", password)) == "alpha"
    installed.octway("client", "password", "off", "alpha")
    assert who(login(installed).by_password("alpha", password)) is None


def test_a_password_can_be_piped_in(installed: Installation) -> None:
    """One line of standard input is the password; a short one is refused."""
    short = installed.octway("client", "password", "set", "alpha", stdin="short\n")
    assert short.status == 2
    good = installed.octway(
        "client", "password", "set", "alpha", stdin="long enough one\n"
    )
    assert good.status == 0
    assert who(login(installed).by_password("alpha", b"long enough one")) == "alpha"


def test_keys_are_listed_by_fingerprint(installed: Installation, public: Path) -> None:
    """A public key is added from a file, shown as OpenSSH names it, and revoked."""
    added = installed.octway("client", "key", "add", "alpha", str(public), "--json")
    (fingerprint,) = added.facts["added"]
    assert fingerprint.startswith("SHA256:")
    shown = installed.octway("client", "show", "alpha", "--json").facts
    assert [key["fingerprint"] for key in shown["keys"]] == [fingerprint]
    assert shown["keys"][0]["comment"] == "office"
    again = installed.octway("client", "key", "add", "alpha", str(public))
    assert again.status == 1
    assert installed.octway("client", "key", "revoke", "alpha", fingerprint).status == 0


def test_a_private_key_is_not_taken(installed: Installation) -> None:
    """Somebody who sends the wrong half is told so."""
    private = installed.folder / "payers/keys/payer_ed25519"
    refused = installed.octway("client", "key", "add", "alpha", str(private))
    assert refused.status == 2
    assert "private key" in refused.err


def test_a_key_that_could_never_log_in_is_not_taken(
    installed: Installation,
) -> None:
    """A short RSA key is refused when it is added, not at each login."""
    for bits, status in ((1024, 2), (2048, 0)):
        key = rsa.generate_private_key(65537, bits).public_key()
        line = key.public_bytes(
            serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        )
        said = installed.octway("client", "key", "add", "alpha", f"{line.decode()} x")
        assert said.status == status
        assert ("RSA from 2048 bits" in said.err) is (status == 2)


def test_a_certificate_is_a_key_too(installed: Installation) -> None:
    """A client certificate in PEM logs in over HTTPS."""
    certificate = installed.folder / "data/keys/https.crt"
    added = installed.octway(
        "client", "key", "add", "alpha", str(certificate), "--json"
    )
    (fingerprint,) = added.facts["added"]
    assert who(login(installed).by_certificate(fingerprint)) == "alpha"


def test_a_disabled_client_stays_out(installed: Installation) -> None:
    """Disabling closes every way in at once, enabling opens them again."""
    token = installed.octway("client", "token", "new", "alpha", "--json").facts["token"]
    installed.octway("client", "disable", "alpha")
    assert who(login(installed).by_token(token)) is None
    installed.octway("client", "enable", "alpha")
    assert who(login(installed).by_token(token)) == "alpha"


def test_the_same_client_cannot_be_added_twice(installed: Installation) -> None:
    """A taken name is refused with exit 1, and nothing changes."""
    again = installed.octway("client", "add", "alpha", "--token")
    assert again.status == 1
    assert "there already" in again.err
    assert again.out == ""


def test_an_empty_list_says_what_to_do(installed: Installation, tmp_path: Path) -> None:
    """A fresh installation without clients says how to add one."""
    fresh = Installation(tmp_path / "fresh")
    assert "octway client add" in fresh.octway("client", "list").out
    fresh.close()


def test_senders_come_from_a_list(installed: Installation, tmp_path: Path) -> None:
    """A CSV of numbers and names is taken over once; mistakes name their lines."""
    file = tmp_path / "senders.csv"
    file.write_text("number;name\n275968535;Cabinet A\n275968536;Cabinet B\n")
    for expected in (2, 0):
        done = installed.octway(
            "client", "sender", "import", "alpha", str(file), "--json"
        )
        assert done.facts["added"] == expected
    file.write_text("275968535;A\n27 59;B\n")
    bad = installed.octway("client", "sender", "import", "alpha", str(file))
    assert bad.status == 2
    assert f"{file}:2: number:" in bad.err


def test_limits_are_kept(installed: Installation) -> None:
    """A client's own limits are set and shown."""
    installed.octway("client", "limits", "alpha", "--max-file-size", "50M")
    shown = installed.octway("client", "show", "alpha", "--json").facts
    assert shown["limits"]["max_file_size"] == 50_000_000
    assert installed.octway("client", "limits", "alpha").status == 2
    assert installed.octway("client", "limits", "alpha", "--rate", "fast").status == 2


def test_staff_accounts_have_a_life(installed: Installation) -> None:
    """Add, change role and password, disable: each is shown, unknown names refused."""
    added = installed.octway("staff", "add", "lea", "--role", "operator", "--json")
    assert added.facts["password"]
    assert installed.octway("staff", "add", "lea", "--role", "viewer").status == 1
    assert installed.octway("staff", "role", "lea", "supervisor").status == 0
    assert installed.octway("staff", "password", "lea", "--generate").status == 0
    assert installed.octway("staff", "disable", "lea").status == 0
    listed = {
        each["name"]: each
        for each in installed.octway("staff", "list", "--json").facts["staff"]
    }
    assert listed["lea"]["role"] == "supervisor"
    assert listed["lea"]["state"] == "disabled"
    assert installed.octway("staff", "disable", "nobody").status == 1
    shown = installed.octway("staff", "list").out
    assert lines_with(shown, "lea", "supervisor", "disabled")
