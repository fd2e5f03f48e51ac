"""The settings of a mail endpoint: every mistake at once, and no secret shown."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from config.errors import ConfigErrors
from protocols.channels import mail_directory, mail_envelope, mail_settings
from tests.protocols.channels.mail_account import OURS, PASSWORD, Fund, pair


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


def mistakes(fund: Fund, **changes: object) -> dict[str, str]:
    with pytest.raises(ConfigErrors) as caught:
        fund.settings(**changes)
    return {each.key: each.message for each in caught.value.mistakes}


def test_little_is_needed(fund: Fund) -> None:
    """Two hosts, who we are, and the payers' certificates make an endpoint."""
    read = fund.settings(certificate_file=None, key_file=None, ca_file=None)

    assert read.endpoint == "smtp://smtp.provider.example:587"
    assert read.box == "imap://octway@imap.provider.example:993"
    assert read.mailbox.password == read.smtp.password == PASSWORD
    assert (read.cipher, read.domain) == ("aes-128-cbc", "rss.fr")


def test_the_example_of_the_page_works(fund: Fund, tmp_path: Path) -> None:
    """What the page shows is read as it stands, but for where the files are."""
    page = Path(__file__).parents[3] / "docs" / "networks" / "sesam-mail.md"
    example = page.read_text().partition("```toml\n")[2].partition("```")[0]
    given = tomllib.loads(example)
    assert given["channel"] == "mail"
    settings = given["settings"]
    for name, file in (
        ("password_file", "password"),
        ("recipients_file", "fund.pem"),
        ("certificate_file", "own.pem"),
        ("key_file", "own.key"),
    ):
        assert settings[name].startswith("keys/")
        settings[name] = str(tmp_path / file)

    read = mail_settings.read_settings(settings, {})

    assert read.form.test
    assert read.keys


def test_nothing_at_all_is_told_as_a_whole() -> None:
    """An empty endpoint is told everything it lacks."""
    with pytest.raises(ConfigErrors) as caught:
        mail_settings.read_settings({}, {})

    assert {each.key for each in caught.value.mistakes} == {
        *("smtp_host", "mailbox_host", "user", "password_file", "from"),
        *("cipher_mark", "recipients_file"),
    }


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"smtp_port": 0}, "smtp_port"),
        ({"smtp_security": "none"}, "smtp_security"),
        ({"mailbox": "mbox"}, "mailbox"),
        ({"mailbox": "pop3", "keep_folder": "Done"}, "keep_folder"),
        ({"keep_folder": 'Done" x'}, "keep_folder"),
        ({"mailbox_password_file": "/nowhere"}, "mailbox_password_file"),
        ({"mailbox_user": "zo\u00e9@x.example"}, "mailbox_user"),
        ({"from": "Octway <octway@x.example>"}, "from"),
        ({"shape": "2013"}, "shape"),
        ({"cipher": "rc2"}, "cipher"),
        ({"cipher_mark": "Octway"}, "cipher_mark"),
        ({"subject_code": "1.0"}, "subject_code"),
        ({"subject_kind": "DR"}, "subject_kind"),
        ({"domain": "RSS.FR"}, "domain"),
        ({"recipients_file": "/nowhere/funds.pem"}, "recipients_file"),
        ({"recipients_file": None}, "recipients_file"),
        ({"ca_file": "/nowhere/ca.pem"}, "ca_file"),
        ({"key_file": None}, "key_file"),
        ({"max_mail": "much"}, "max_mail"),
        ({"answer_timeout": "0s"}, "answer_timeout"),
        ({"smtp_hots": "x"}, "smtp_hots"),
    ],
    ids=str,
)
def test_each_mistake_names_its_key(
    fund: Fund, changes: dict[str, object], key: str
) -> None:
    """One wrong setting is told once, which names it."""
    assert key in mistakes(fund, **changes)


def test_a_file_that_is_missing_is_not_told_to_be_wrong(
    fund: Fund, tmp_path: Path
) -> None:
    """Who reads it knows whether to put a file there, or another one."""
    there = tmp_path / "not.pem"
    there.write_text("no certificate")

    missing = mistakes(fund, recipients_file="/nowhere/funds.pem")["recipients_file"]
    wrong = mistakes(fund, recipients_file=str(there))["recipients_file"]

    assert "No such file" in missing
    assert "holds no certificates" in wrong


def test_a_key_of_another_certificate_is_no_pair(fund: Fund, tmp_path: Path) -> None:
    """What could open nothing is told at once, not when a return comes."""
    other = pair(tmp_path, "somebody else", stem="other")

    assert set(mistakes(fund, key_file=str(other.key_file))) == {"key_file"}


def test_a_directory_is_believed_through_its_authority_only(
    fund: Fund, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LDAP needs the authority's certificate, the base, and the program."""
    monkeypatch.setattr(mail_settings, "has_ldapsearch", lambda: False)
    found = mistakes(fund, ldap_url="ldap://annuaire.example:389")

    assert set(found) == {"ldap_url", "ldap_base", "issuers_file"}
    assert "ldapsearch" in found["ldap_url"]
    assert "ldap_url" in mistakes(fund, ldap_url="http://annuaire.example")


def test_the_legacy_cipher_says_what_it_needs(
    fund: Fund, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the program openssl, `octway check` says so before the first mail."""
    monkeypatch.setattr(mail_settings, "has_openssl", lambda: False)

    assert "openssl" in mistakes(fund, cipher="des3")["cipher"]


def test_no_secret_is_ever_shown(fund: Fund) -> None:
    """Neither the settings as text nor a mistake beside them holds a secret."""
    read = fund.settings()

    assert PASSWORD not in repr(read)
    assert "PRIVATE" not in repr(read)
    assert PASSWORD not in str(mistakes(fund, smtp_port=-1))


def test_programs_are_looked_for_by_their_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A machine without them says so."""
    monkeypatch.setenv("PATH", "")

    assert not mail_envelope.has_openssl()
    assert not mail_directory.has_ldapsearch()


def test_the_mailbox_may_have_an_account_of_its_own(fund: Fund) -> None:
    """Providers that split sending and reading are served too."""
    own = {"mailbox_user": OURS, "mailbox": "pop3", "mailbox_security": "starttls"}
    read = fund.settings(**own)

    assert (read.smtp.user, read.mailbox.user) == ("octway", OURS)
    assert read.box == f"pop3://{OURS}@imap.provider.example:110"
