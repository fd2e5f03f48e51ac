"""`octway notify`: who is told of what, tried, looked at and sent again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from twisted.internet.task import Clock

from config import example_files
from config.notification_records import MailServer
from gateway.journal import anomalies, notices
from gateway.metrics import Metrics
from gateway.node import Node
from gateway.notifications.errors import NotTaken
from gateway.steps.post import Post
from routing.notice import NoticeState
from tests.gateway.cli.installation import Installation
from tests.gateway.notifications.mail_server import Taken, mail_server

RULES = """
time_zone = "Europe/Paris"
[mail]
server = "127.0.0.1"
port = {port}
from = "Octway <octway@octway.example>"
user = "octway"
password_file = "mail.password"
ca_file = "mail.crt"
[recipient.support]
mail = "support@x.example"
[recipient.room]
apprise_env = "ROOM"
[[rule]]
name = "urgent"
to = ["support"]
when = {{ severity = "critical" }}
[[rule]]
name = "every-morning"
to = ["room", "mailto:lea@x.example"]
at = "daily 08:00"
digest = true
"""


@pytest.fixture
def mail(installed: Installation) -> Iterator[Taken]:
    """Run a mail server, and write rules that name it."""
    with mail_server(installed.folder) as (server, taken):
        write(installed, server)
        yield taken


def write(installed: Installation, server: MailServer) -> Path:
    file = installed.folder / "notifications.toml"
    file.write_text(RULES.format(port=server.port), encoding="utf-8")
    return file


def goes_wrong(installed: Installation, kind: str = "payer-locked-out") -> str:
    name: str = installed.house.database.write(
        "raise",
        lambda tx: anomalies.raise_(
            tx,
            installed.house.entropy,
            kind=kind,
            severity=anomalies.CRITICAL,
            subject="s",
            words="w",
            payer="caisse-nord",
        ),
    )
    return name


def test_a_fresh_folder_tells_nobody_and_says_how(installed: Installation) -> None:
    """The example lies there as comments; it passes the check and has no rule."""
    text = (installed.folder / "notifications.toml").read_text(encoding="utf-8")
    assert all(line.startswith("#") for line in text.splitlines())
    uncommented = "".join(line[2:] + "\n" for line in text.splitlines())
    assert uncommented == example_files.render("notifications.toml", {})
    listed = installed.octway("notify", "list")
    assert "there is no rule, so nobody is told" in listed.out


def test_a_rule_speaks_from_the_journal_to_the_mailbox(
    installed: Installation, mail: Taken
) -> None:
    """What goes wrong is in the on-call person's mail a minute later, and listed."""
    name = goes_wrong(installed)
    installed.time += 61
    installed.work("notify", "post")
    (arrived,) = mail.mails
    assert arrived["To"] == "support@x.example"
    body = arrived.get_body(("plain",))
    assert body is not None
    assert f"octway anomaly show {name}" in body.get_content()
    listed = installed.octway("notify", "list", "--json").facts
    urgent = listed["rules"][0]
    assert urgent["to"][0]["last_sent"] is not None
    outbox = installed.octway("notify", "outbox", "--json").facts["messages"]
    assert [(each["rule"], each["state"]) for each in outbox] == [("urgent", "sent")]
    shown = installed.octway("notify", "outbox").out
    assert outbox[0]["id"] in shown


def test_the_list_says_when_each_rule_speaks_next(
    installed: Installation, mail: Taken
) -> None:
    """Rules with their hours, recipients with addresses, but for secret ones."""
    listed = installed.octway("notify", "list")
    assert listed.status == 0
    (urgent,) = [line for line in listed.out.splitlines() if line.startswith("urgent")]
    assert "when there is news" in urgent
    assert "never" in urgent
    (daily,) = [line for line in listed.out.splitlines() if line.startswith("every")]
    assert "daily 08:00" in daily
    assert "2026-11-19 08:00:00 +01:00" in daily
    assert "support@x.example" in listed.out


def test_a_preview_prints_and_sends_nothing(
    installed: Installation, mail: Taken
) -> None:
    """What every recipient would read now, whatever the hour."""
    goes_wrong(installed)
    shown = installed.octway("notify", "preview", "every-morning")
    assert shown.status == 0
    assert shown.out.count("Subject: Octway: 1 new anomaly, worst: critical") == 2
    assert "payer-locked-out" in shown.out
    facts = installed.octway("notify", "preview", "urgent", "--json").facts
    assert facts["messages"][0]["recipient"] == "support"
    assert mail.mails == []
    assert "no message was made" in installed.octway("notify", "outbox").out
    wrong = installed.octway("notify", "preview", "urgnt")
    assert (wrong.status, "did you mean 'urgent'?" in wrong.err) == (2, True)


def test_a_test_message_says_whether_it_was_taken(
    installed: Installation, mail: Taken
) -> None:
    """Exit 0 if it was, 1 if not, 2 for a name that nobody has."""
    good = installed.octway("notify", "test", "support")
    assert good.status == 0
    assert mail.mails[0]["Subject"] == "Octway: test message"
    mail.says = "550 no"
    bad = installed.octway("notify", "test", "support")
    assert (bad.status, "answers with 550" in bad.err) == (1, True)
    empty = installed.octway("notify", "test", "room", "--json")
    assert empty.status == 1
    assert empty.facts["why"] == "the chat's address is missing or empty"
    assert installed.octway("notify", "test", "nobody").status == 2


def test_what_was_given_up_is_listed_and_goes_again(
    installed: Installation, mail: Taken
) -> None:
    """One by its id, or all."""
    mail.says = "550 no"
    goes_wrong(installed)
    installed.time += 61
    installed.work("notify", "post")
    failed = installed.octway("notify", "outbox", "--failed", "--json").facts
    (row,) = failed["messages"]
    assert (row["state"], row["cause"]) == ("failed", "recipient-refused")
    (anomaly,) = installed.octway(
        "anomaly", "list", "--kind", "notification-failed", "--json"
    ).facts["anomalies"]
    assert anomaly["subject"] == "support"
    mail.says = ""
    assert installed.octway("notify", "retry").status == 2
    again = installed.octway("notify", "retry", "--failed", "--json")
    assert again.facts == {"messages": [row["id"]]}
    installed.work("post")
    assert mail.mails[0]["Message-ID"] == f"<{row['id']}@octway.example>"
    sent = installed.octway("notify", "retry", row["id"])
    assert (sent.status, "only one that failed" in sent.err) == (1, True)


def test_a_mistake_is_told_by_check_and_never_put_in_force(
    installed: Installation, mail: Taken
) -> None:
    """File, line and key; a node that is told to reload goes on with the old rules."""
    file = installed.folder / "notifications.toml"
    before = installed.house.notifications()
    assert len(before.rules) == 2
    good = file.read_text(encoding="utf-8")
    file.write_text(good.replace("daily 08:00", "dayly 08:00"), encoding="utf-8")
    checked = installed.octway("check")
    assert checked.status == 2
    line = good.splitlines().index('at = "daily 08:00"') + 1
    assert f"{file}:{line}: rule[1].at: is 'dayly 08:00'; wanted" in checked.err
    node = Node(
        settings=installed.house.settings,
        house=installed.house,
        metrics=Metrics(CollectorRegistry(), version="test"),
        reactor=Clock(),
        version="test",
    )
    node.reload()
    assert installed.house.notifications() is before


def test_check_knows_the_payers_and_the_secrets(
    installed: Installation, mail: Taken
) -> None:
    """A payer that is not in the directory, a password that others can read."""
    file = installed.folder / "notifications.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace('"critical" }', '"critical", payers = ["caisse-nrd"] }')
    )
    (installed.folder / "mail.password").chmod(0o644)
    found = installed.octway("check", "--json").facts["mistakes"]
    assert [each["key"] for each in found] == ["rule[0].when.payers"]
    file.write_text(text)
    found = installed.octway("check", "--json").facts["mistakes"]
    assert [each["key"] for each in found] == ["mail.password_file"]
    assert "chmod 600" in found[0]["message"]


def test_tries_are_counted(
    installed: Installation, mail: Taken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By channel and outcome; a step never ends with an error of a mail server."""
    metrics = Metrics(CollectorRegistry(), version="test")
    labels = {"channel": "mail", "outcome": "retry"}
    metrics.notice("mail", "retry")
    value = metrics.registry.get_sample_value
    assert value("octway_notifications_total", labels) == 1
    goes_wrong(installed)
    installed.time += 61

    def refuse(*_: object) -> None:
        raise NotTaken("server-unreachable", "away")

    monkeypatch.setattr(Post, "_deliver", refuse)
    installed.work("notify", "post")
    (row,) = installed.house.database.read(notices.listed, most=5)
    assert (row.state, row.attempts) == (NoticeState.WAITING, 1)
