"""`notifications.toml`: the example is right, and each mistake is told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import example_files
from config.errors import ConfigErrors
from config.notification_files import Known, check_secrets, load_notifications
from config.notification_records import (
    MessageChannel,
    Notifications,
    Quiet,
    Schedule,
)

KNOWN = Known(
    kinds=("lot-held", "dispatch-refused", "payer-locked-out"), payers=("caisse-nord",)
)
EXAMPLE = example_files.render("notifications.toml", {})
RULE = '[[rule]]\nname = "r"\nto = ["lea"]\n'
LEA = '[recipient.lea]\nmail = "lea@x.example"\n'
SERVER = '[mail]\nserver = "smtp.x.example"\nfrom = "Octway <o@x.example>"\n'


def read(folder: Path, text: str) -> Notifications:
    file = folder / "notifications.toml"
    file.write_text(text, encoding="utf-8")
    return load_notifications(file, KNOWN)


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        read(folder, text)
    return [
        f"{each.line}: {each.key}: {each.message}" for each in caught.value.mistakes
    ]


def test_the_example_is_right(tmp_path: Path) -> None:
    """Everything in it is read as its comments say."""
    found = read(tmp_path, EXAMPLE)
    urgent, hours, morning, vendors = found.rules
    assert urgent.schedule is None
    assert (urgent.repeat_after, urgent.pause) == (4 * 3600, 600)
    assert hours.quiet == Quiet(20 * 60, 7 * 60)
    assert hours.urgent == "critical"
    assert morning.schedule == Schedule((0, 1, 2, 3, 4), 8 * 60)
    assert vendors.about_clients
    acme = found.recipients["acme"]
    assert (acme.clients, acme.language) == (("cabinet-1",), "fr")
    assert acme.time_zone == "Europe/Paris"
    on_call = found.recipients["mailto:on-call@example.org"]
    assert on_call.channel is MessageChannel.MAIL
    assert found.mail is not None
    assert found.mail.port == 587


def test_the_example_as_comments_says_nothing(tmp_path: Path) -> None:
    """What `octway init` writes tells nobody, until someone takes a line's # away."""
    text = "".join(f"# {line}\n" for line in EXAMPLE.splitlines())
    assert read(tmp_path, text) == Notifications()


MISTAKES = [
    pytest.param(
        SERVER + LEA + RULE + 'when = { kinds = ["lot-hold"] }',
        "9: rule[0].when.kinds: names 'lot-hold', which is unknown; did you mean "
        "'lot-held'?",
        id="kind",
    ),
    pytest.param(
        SERVER + LEA + RULE + 'when = { payers = ["nobody"] }',
        "rule[0].when.payers: names 'nobody', which is unknown",
        id="payer",
    ),
    pytest.param(
        SERVER + LEA + RULE.replace('"lea"', '"leo"'),
        "8: rule[0].to: names 'leo', which is no recipient; did you mean 'lea'?",
        id="recipient",
    ),
    pytest.param(
        SERVER + LEA + RULE + 'at = "daily 25:00"', "9: rule[0].at: is '25:00'", id="at"
    ),
    pytest.param(
        SERVER + LEA + RULE + 'at = "hourly"',
        "9: rule[0].at: is 'hourly'; wanted 'now', 'daily 08:00'",
        id="no-plan",
    ),
    pytest.param(
        SERVER + LEA + RULE + 'quiet = "20:00"',
        "9: rule[0].quiet: is '20:00'; wanted hours such as 20:00-07:00",
        id="quiet",
    ),
    pytest.param(
        SERVER + LEA + RULE + 'quiet = "20:00-07:00"\nat = "daily 06:00"',
        "10: rule[0].at: is in its own quiet hours",
        id="planned-in-quiet-hours",
    ),
    pytest.param(
        SERVER + LEA + RULE + 'time_zone = "Paris"',
        "9: rule[0].time_zone: is 'Paris'; wanted a zone such as Europe/Paris",
        id="zone",
    ),
    pytest.param(
        SERVER + LEA + RULE + 'at = "daily 08:00"\npause = "1h"',
        "10: rule[0].pause: does nothing in such a rule",
        id="useless",
    ),
    pytest.param(
        SERVER + LEA + RULE + RULE,
        "rule[1].name: is 'r' again; wanted one of its own",
        id="same-name",
    ),
    pytest.param(
        SERVER + LEA + RULE + 'about = "clients"\nat = "daily 08:00"',
        "8: rule[0].to: names 'lea', which has no clients",
        id="a-clients-rule-to-staff",
    ),
    pytest.param(
        SERVER + LEA + 'clients = ["c"]\n' + RULE,
        "9: rule[0].to: names 'lea', which is a vendor's",
        id="anomalies-to-a-vendor",
    ),
    pytest.param(LEA + RULE, "mail: is missing, and there are recipients", id="server"),
    pytest.param(
        SERVER + 'tls = "none"\n' + LEA + RULE,
        "4: mail.tls: is 'none', and 'smtp.x.example' is another machine",
        id="plain-text-over-a-network",
    ),
    pytest.param(
        SERVER + 'user = "u"\n' + LEA + RULE,
        "4: mail.user: stands without password_file",
        id="user-without-password",
    ),
    pytest.param(
        SERVER + '[recipient.lea]\nmail = "a@x.example\\nBcc: b@x.example"\n' + RULE,
        "5: recipient.lea.mail: is 'a@x.example\\nBcc: b@x.example'",
        id="header-injection",
    ),
    pytest.param(
        SERVER + LEA + RULE.replace('"lea"', '"mailto:a@x.example,b@x.example"'),
        "8: rule[0].to: names 'mailto:a@x.example,b@x.example'; wanted mailto: and one",
        id="two-addresses",
    ),
    pytest.param(
        SERVER + LEA + 'webhook = "https://x.example"\n' + RULE,
        "recipient.lea: has 2 addresses",
        id="two-ways",
    ),
    pytest.param(
        '[recipient.lea]\nwebhook = "http://x.example/"\nsecret_file = "s"\n' + RULE,
        "2: recipient.lea.webhook: is no address; wanted https://HOST/PATH",
        id="webhook-in-the-clear",
    ),
    pytest.param(
        SERVER + LEA + RULE + "quite = 1",
        "9: rule[0].quite: is unknown; did you mean 'quiet'?",
        id="unknown-key",
    ),
]


@pytest.mark.parametrize(("text", "wanted"), MISTAKES)
def test_a_mistake_is_told_with_its_place(
    tmp_path: Path, text: str, wanted: str
) -> None:
    """Line, key, what is wrong and what was expected; nothing is taken over."""
    found = mistakes(tmp_path, text)
    assert [each for each in found if wanted in each], found


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    """One look shows everything to mend."""
    text = SERVER + 'tls = "none"\n' + LEA + RULE + 'quiet = "x"\nat = "y"\n'
    assert len(mistakes(tmp_path, text)) == 3


def test_secrets_are_for_their_owner_only(tmp_path: Path) -> None:
    """A missing file and one that others can read are both told, never what is in it."""
    text = (
        SERVER
        + 'user = "u"\npassword_file = "open.secret"\n'
        + '[recipient.chat]\napprise_file = "none.secret"\n'
        + RULE.replace("lea", "chat")
    )
    found = read(tmp_path, text)
    (tmp_path / "open.secret").write_text("hush")
    (tmp_path / "open.secret").chmod(0o644)
    wrong = list(check_secrets(tmp_path / "notifications.toml", found))
    assert [each.key for each in wrong] == ["recipient.chat", "mail.password_file"]
    assert "chmod 600" in wrong[1].message
    assert "hush" not in "".join(map(str, wrong))
