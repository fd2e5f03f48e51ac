"""Nothing that a vendor, a payer or a patient's file says gets into a message."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, meta

from config.notification_records import SEVERITIES, Rule
from gateway.console.languages import language
from gateway.journal import client_standing
from gateway.journal.anomalies import KINDS
from gateway.notifications import letter as letter_module
from gateway.notifications import wording
from gateway.notifications.content import Content, Line, Status, fitted, line_of
from gateway.notifications.letter import letter
from gateway.notifications.wording import Words
from gateway.steps.route import CAUSES
from gateway.telling.advice import OF_CAUSE, OF_KIND
from tests.gateway.journal.desk import Desk
from tests.gateway.notifications.lines import line
from tests.gateway.notifications.told import Office, person

HOSTILE = (
    "Dupont 2790175116042\r\nBcc: a@b.example\r\n\r\n<script>alert(1)</script>{{7*7}}"
)
ALLOWED = {
    *("status", "anomaly", "kind", "severity", "payer", "client"),
    *("cause", "code", "claims", "seen", "since", "answer"),
}


class Row:
    """An anomaly as the journal gives it."""

    def __init__(self, **values: Any) -> None:
        given: dict[str, Any] = {
            "id": "a1",
            "kind": "lot-held",
            "severity": "error",
            "subject": "unknown-payer:990",
            "payer_id": "caisse-nord",
            "client_id": "cabinet-1",
            "words": "",
            "facts": "",
            "advice": "",
            "claims": 1,
            "seen": 1,
            "first_seen": 0.0,
        }
        self.__dict__.update(given | values)


def all_of(content: Content, language: str = "en") -> str:
    recipient = person("lea", language=language)
    made = letter("n1", "r", recipient, content, "https://x.example/console")
    return "\n".join((made.subject, made.text, made.html, made.facts))


def test_only_these_fields_leave_the_house() -> None:
    """Whoever adds one to a message must change this test, and think of patients."""
    assert {each.name for each in attrs.fields(Line)} == ALLOWED


FIELDS = [
    "id",
    "kind",
    "severity",
    "subject",
    "payer_id",
    "client_id",
    "words",
    "advice",
]


@pytest.mark.parametrize("field", FIELDS)
def test_no_field_of_an_anomaly_carries_anything_in(field: str) -> None:
    """Line's ends, HTML, templates, names and numbers stay out, whichever field has them."""
    made: Any = Row(**{field: HOSTILE})
    text = all_of(Content(at=0.0, lines=(line_of(made, Status.NEW),)))
    for piece in ("Dupont", "2790175116042", "Bcc", "alert", "49", "{{"):
        assert piece not in text


CODES = [
    pytest.param("claims-rejected", "500118", True, id="belgian"),
    pytest.param("claims-rejected", "SIM1", True, id="letters-and-digits"),
    pytest.param("claims-rejected", "DUPONT", False, id="a-name"),
    pytest.param("claims-rejected", "2790175116042", False, id="a-patients-number"),
    pytest.param("claims-rejected", "1<b>", False, id="html"),
    pytest.param("claims-rejected", "1\n", False, id="a-lines-end"),
    pytest.param("lot-refused", "record-length", True, id="our-own"),
    pytest.param("lot-refused", "Dupont", False, id="not-our-own"),
]


@pytest.mark.parametrize(("kind", "code", "told"), CODES)
def test_a_code_is_told_if_it_can_only_be_one(kind: str, code: str, told: bool) -> None:
    """Short, with digits, or one of our own words."""
    made: Any = Row(kind=kind, facts=f'{{"code": {_quoted(code)}}}')
    assert line_of(made, Status.NEW).code == (code if told else "")


def _quoted(text: str) -> str:
    return '"' + text.replace("\n", "\\n") + '"'


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=80)))
def test_whatever_stands_in_the_journal_gives_a_plain_message(
    values: dict[str, str],
) -> None:
    """The subject is one line, and all that is left of ids is made as ids are."""
    made: Any = Row(**values)
    found = line_of(made, Status.NEW)
    for name in (found.anomaly, found.payer, found.client, found.code, found.cause):
        assert re.fullmatch(r"[A-Za-z0-9._-]*", name)
    recipient = person("lea")
    said = letter("n1", "r", recipient, Content(at=0.0, lines=(found,)), "")
    assert said.subject.isprintable()


def test_html_is_escaped_all_the_same() -> None:
    """A line that could hold markup would not be believed by a mail program."""
    text = all_of(Content(at=0.0, lines=(line(payer="<b>&"),)))
    assert "&lt;b&gt;&amp;" in text
    html = text.split("<!doctype")[1].split("</html>")[0]
    assert "<b>" not in html


def test_an_anomaly_of_a_hostile_file_is_told_without_it(desk: Desk) -> None:
    """From the journal to the letter: the file's name and words stay at home."""
    office = Office(desk, Rule(name="r", to=("lea",), gather=0.0))
    office.goes_wrong(
        "deposit-unreadable",
        words=f"deposit {HOSTILE}.b2",
        subject=f"no-lot:{HOSTILE}",
        client="cabinet-1",
        facts={"code": HOSTILE, "label": HOSTILE, "software": {HOSTILE: 1}},
        advice=HOSTILE,
    )
    ((_, said),) = office.turn()
    text = (
        said.subject + said.text + said.html + said.facts + office.outbox()[0].content
    )
    assert "deposit-unreadable" in text
    assert "cabinet-1" in text
    for piece in ("Dupont", "2790175116042", "Bcc", "alert", "{{"):
        assert piece not in text


def test_what_has_no_room_is_counted_by_kind() -> None:
    """The worst are shown; the rest is a number, never silence."""
    many = [line(anomaly=f"a{number}", severity="warning") for number in range(30)]
    many += [line(anomaly="b", severity="critical", kind="storage-broken")]
    shown, more = fitted(many, 25)
    assert shown[0].anomaly == "b"
    assert (len(shown), more) == (25, {"payer-locked-out": 6})


def test_a_message_in_the_outbox_is_read_as_it_was_written() -> None:
    """Nothing is lost between two versions of one row."""
    content = Content(at=1.5, lines=(line(),), more={"lot-held": 2})
    assert Content.from_json(content.to_json()) == content


# Words


def spoken() -> Iterator[str]:
    """Yield everything that a letter may say: constants given to `say` and `many`."""
    for pair in [*wording.COUNTED.values(), *wording.TOPICS.values()]:
        yield from pair
    for table in (
        wording.TITLES,
        wording.TOPIC_ADVICE,
        CAUSES,
        KINDS,
    ):
        yield from table.values()
    for advice in (*OF_KIND.values(), *OF_CAUSE.values()):
        yield advice.command
    yield from SEVERITIES
    for node in ast.walk(ast.parse(inspect.getsource(letter_module))):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "say":
            first = node.args[0]
            if isinstance(first, ast.Constant):
                yield str(first.value)
        if isinstance(node, ast.Tuple):
            for each in node.elts:
                if isinstance(each, ast.Constant) and "{n}" in str(each.value):
                    yield str(each.value)


def test_all_that_a_letter_says_is_french_too() -> None:
    """Kinds, causes, advice and all between, with the same places to fill in."""
    known = vars(language("fr").translations)["_catalog"]
    said = set(spoken())
    assert len(said) > 100
    for text in said:
        forms = [known[each] for each in (text, (text, 0), (text, 1)) if each in known]
        is_plural = text in {many for _, many in wording.COUNTED.values()}
        is_plural |= text in {many for _, many in wording.TOPICS.values()}
        is_plural |= text in {"{n} claims", "seen {n} times"}
        is_plural |= text == "{n} matters for your software"
        assert forms or is_plural, text
        for form in forms:
            assert places(form) == places(text), text


def places(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


def test_topics_and_statuses_have_words() -> None:
    """Whatever is counted for a client can be said to it."""
    assert set(wording.TOPICS) == set(client_standing.TOPICS)
    assert set(wording.TOPIC_ADVICE) == set(client_standing.TOPICS)
    assert set(wording.COUNTED) == set(wording.TITLES) == set(Status)


def test_the_templates_ask_for_nothing_but_what_they_are_given() -> None:
    """They lay out; they reach for nothing in the house."""
    loader = letter_module._TEMPLATES
    for name in loader.list_templates():
        assert loader.loader is not None
        text, _, _ = loader.loader.get_source(loader, name)
        asked = meta.find_undeclared_variables(Environment(autoescape=True).parse(text))
        known = {"language", "subject", "sections", "more", "made"}
        assert asked <= known


def test_one_and_many_are_said_as_each_language_does() -> None:
    """French says none as one, and counts with its own marks."""
    claims = ("{n} claim", "{n} claims")
    english, french = Words(person("lea")), Words(person("lea", language="fr"))
    assert english.many(claims, 0) == "0 claims"
    assert french.many(claims, 0) == "0 facture"
    assert english.many(claims, 1240) == "1,240 claims"
    assert french.many(claims, 1240).split()[-1] == "factures"
    assert french.span(3 * 86_400).split() == ["3", "jours"]
