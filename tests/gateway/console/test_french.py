"""Every page of a house in which everything has happened is French, to the last word.

What payers, clients and persons wrote stays theirs, and so does what stands as code.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from random import Random
from urllib.parse import urlsplit

import pytest
from attrs import evolve
from lxml.html import HtmlElement

from config.directory_records import DESK_ANSWERS, DeskEntry, Playbook
from config.playbook_files import DEFAULT
from gateway.journal import case_work, schema
from gateway.steps import attach
from protocols.desk import Ask, DeskAnswer, read_question
from protocols.errors import OutcomeUnknown, PayerUnavailable
from protocols.sesam.payer_simulator import Mix
from protocols.sesam.sample_maker import FundFacts, make_file, make_sender
from routing.chase import Status
from tests.gateway.console.browser import Browser, Console
from tests.gateway.steps.site import Site
from tests.gateway.steps.two_payers import FUND, FUND_CODE, bill, day, opened, respond

_DAY = 86_400.0
_OF_A_KIND = 2  # addresses that are looked at
_PDF = b"%PDF-1.4 an invented prescription "
_COARSE = b'{"pages": 30, "pdfa": "2B", "page": [{"dpi": 72}, {"grey": 254}]}'
_STRANGER = FundFacts(regime="01", fund="999", organism="999", computer_centre="000")
_LEFT_OUT = ".//pre|.//code|.//samp|.//*[@lang and @lang!='fr'][not(self::html)]"
_ENGLISH = re.compile(
    r"\b(the|is|are|of|and|holds?|wanted|says|with|that|which|not|its|has|have|this|from"
    r"|by|it|been|was|were|for|be|to|sent|waits?|answers?|lots? of|claims?|days?)\b"
)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Give a house in which everything has happened that a page may tell of."""
    monkeypatch.setattr(attach, "check", lambda *_: _COARSE)
    desk, playbook = DeskEntry(answers=DESK_ANSWERS), Playbook(remedies=DEFAULT)
    with closing(opened("sqlite")) as made:
        made.change(FUND_CODE, desk=desk, playbook=evolve(playbook, approve_above=0))
        fill(made)
        yield made


def fill(site: Site) -> None:
    """Let clients, payers and persons do all that they do."""
    rng, lea = Random(7), site.staff("lea", "supervisor")
    sender = make_sender(rng)
    both = bill(site, sender=sender)  # for a fund and a complementary payer
    bill(site, seed=2, amc="999999999")  # whom the tables do not know
    site.deposit(both + b"\r\n", name="again.b2")
    make = partial(make_file, sender=sender, lots=2, invoices_per_lot=2, day=day(site))
    site.deposit(make(rng, fund=_STRANGER, first_lot=7))
    cut = make(rng, fund=FUND, first_lot=20, first_invoice=40)
    site.deposit(cut[:-300], name="cut.b2")
    site.deposit(b"\x00\x01 what is this", name="what.bin")
    site.deposit(_PDF + b"1", name=f"scor_{sender.number}_1_1.pdf")
    site.deposit(_PDF + b"2", name="holiday.pdf")
    site.payer(FUND_CODE).faults = [OutcomeUnknown("gone"), PayerUnavailable("away")]
    site.settle()
    respond(site, FUND_CODE, Mix(rejected=0.5, partly=0.2, deferred=0.1))
    site.payer(FUND_CODE).answer("odd.bin", b"no return at all")
    site.settle()
    for _ in range(24):
        site.at += _DAY
        answer_questions(site)
        site.run()
    case = site.rows(schema.anomaly, schema.anomaly.c.state == "open")[0].id
    site.gateway.database.write(
        "resolve",
        lambda tx: case_work.resolve(tx, case, "The cause was mended: vu", by=lea),
    )


def answer_questions(site: Site) -> None:
    """Have the fund's desk say that it has never seen what it is asked about."""
    side = site.payer(FUND_CODE)
    for name, content in side.files().items():
        if name.startswith("desk-"):
            question = read_question(content)
            if question.ask is Ask.STATUS:
                answer = DeskAnswer(
                    question=question.id,
                    ask=question.ask,
                    lot=question.lot,
                    sender=question.sender,
                    said=Status.UNKNOWN,
                )
                side.answer(answer.name, answer.to_bytes())


def kind_of(address: str) -> str:
    """Name a kind of page: another id, cursor or filter makes no other."""
    asked = urlsplit(address)
    words = ["*" if re.search(r"\d", each) else each for each in asked.path.split("/")]
    return "/".join(words) + ("?" if asked.query else "")


def crawled(browser: Browser) -> Iterator[tuple[str, HtmlElement]]:
    """Yield pages that links lead to, of each kind some."""
    kinds, waiting, seen = Counter[str](), ["/console"], {"/console"}
    while waiting:
        address = waiting.pop(0)
        got = browser.get(address)
        if not got.headers["Content-Type"].startswith("text/html"):
            continue
        assert got.status < 500, address
        page = browser.page
        for found in page.xpath("//a/@href"):
            to = str(found).partition("#")[0]
            skipped = (
                "logout" in to or "language" in to or not to.startswith("/console")
            )
            if skipped or to in seen or kinds[kind_of(to)] == _OF_A_KIND:
                continue
            kinds[kind_of(to)] += 1
            seen.add(to)
            waiting.append(to)
        yield address, page


def english(page: HtmlElement) -> Iterator[str]:
    """Yield what of a page is marked as English, or reads like it and is ours."""
    (main,) = page.xpath("//main")
    yield from (
        " ".join(each.split()) for each in main.xpath(".//*[@lang='en']//text()")
    )
    for each in main.xpath(_LEFT_OUT):
        each.drop_tree()
    for text in main.xpath(".//text()|.//@title|.//@aria-label|.//@placeholder"):
        if _ENGLISH.search(re.sub(r"'[^']*'|\S+\.\w+", "", text)):
            yield " ".join(text.split())


def test_no_page_of_a_full_house_has_a_sentence_of_ours_in_english(
    site: Site, console: Console
) -> None:
    """Cases, lives, payers and lists, with all that the gateway wrote into them."""
    browser = console.browser("admin", **{"Accept-Language": "fr"})
    kinds, found = set(), dict[str, str]()
    for address, page in crawled(browser):
        kinds.add(kind_of(address))
        found |= dict.fromkeys(english(page), address)
    raised = {row.kind for row in site.rows(schema.anomaly)}
    assert len(raised) > 6, raised
    assert len(kinds) > 25, kinds
    assert found == {}
