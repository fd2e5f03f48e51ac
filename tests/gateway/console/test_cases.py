"""The anomaly desk's list: found, narrowed, a screen at a time."""

from __future__ import annotations

import time

from sqlalchemy import insert

from gateway.committing import Tx
from gateway.journal import anomalies, case_work, schema
from tests.gateway.console.browser import Browser, Console
from tests.gateway.steps.site import Site


def raise_cases(
    site: Site,
    count: int,
    *,
    kind: str = "claims-rejected",
    severity: str = anomalies.WARNING,
    payer: str = "payer-P1",
    client: str = "",
    words: str = "payer-P1 rejects claims",
    subject: str = "c",
) -> list[str]:
    """Raise cases, each with more claims than the one before it."""

    def write(tx: Tx) -> list[str]:
        return [
            anomalies.raise_(
                tx,
                site.entropy,
                kind=kind,
                severity=severity,
                subject=f"{subject}{number}",
                words=words,
                payer=payer,
                client=client,
                claims=number,
            )
            for number in range(1, count + 1)
        ]

    return site.gateway.database.write("cases", write)


def listed(browser: Browser) -> list[str]:
    """Name the cases of a screen."""
    found = browser.page.xpath("//tbody//th/a/@href")
    return [str(each).rpartition("/")[2] for each in found]


def test_an_empty_desk_is_good_news(console: Console) -> None:
    """Nothing to do is said, and not shown as an empty table."""
    browser = console.browser("viewer")
    browser.get("/console/anomalies")
    assert "nothing needs a person" in browser.text


def test_what_weighs_most_comes_first(site: Site, console: Console) -> None:
    """By severity, then by the claims that a case touches."""
    few = raise_cases(site, 2)
    worst = raise_cases(site, 1, kind="payer-locked-out", severity=anomalies.CRITICAL)
    browser = console.browser("viewer")
    browser.get("/console/anomalies")
    assert listed(browser) == [*worst, few[1], few[0]]


def test_cases_of_the_sandbox_lie_apart(site: Site, console: Console) -> None:
    """What vendors try out is on nobody's desk, and is found where one looks for it."""
    (real,) = raise_cases(site, 1)
    (tried,) = raise_cases(site, 1, payer="sandbox~acme-test~p", subject="s")
    browser = console.browser("viewer")
    browser.get("/console/anomalies")
    assert listed(browser) == [real]
    browser.get("/console/anomalies?sandbox=only")
    assert listed(browser) == [tried]


def test_screens_neither_skip_nor_repeat(site: Site, console: Console) -> None:
    """120 cases are three screens, though one of them grows while they are read."""
    names = raise_cases(site, 120)
    browser = console.browser("viewer")
    browser.get("/console/anomalies")
    seen = listed(browser)
    raise_cases(site, 1, subject="c")  # the first once more: it is still behind
    while following := browser.page.xpath("//a[@rel='next']/@href"):
        browser.get(following[0])
        seen += listed(browser)
    assert len(seen) == 120
    assert set(seen) == set(names)


FILTERS = {
    "kind=payer-silent": 1,
    "severity=error": 1,
    "payer=payer-P2": 1,
    "client=alpha": 1,
    "text=OUT": 1,
    "text=%25": 0,
    "assignee=nobody": 3,
    "assignee=mine": 1,
    "state=assigned": 1,
    "state=open": 3,
    "state=resolved": 1,
    "state=snoozed": 1,
    "state=nonsense": 4,
    "after=nonsense": 4,
    "after=0_99999999999999999999_1.0_a": 4,
    "after=0_4294967296_1.0_a": 4,
    "after=0_1_nan_a": 4,
    "after=0_1_1e999_a": 4,
    "cause=unknown-payer": 1,
}


def test_the_list_is_narrowed(site: Site, console: Console) -> None:
    """By kind, cause, severity, payer, client, state, person and words."""
    (mine,) = raise_cases(site, 1, client="alpha")
    silent = {"kind": "payer-silent", "severity": anomalies.ERROR, "words": "out?"}
    raise_cases(site, 1, payer="payer-P2", **silent)
    raise_cases(site, 1, kind="lot-held", subject="unknown-payer:toy:P9", payer="")
    raise_cases(site, 1, kind="return-gap")
    (done,) = raise_cases(site, 1, kind="deposit-gap")
    (later,) = raise_cases(site, 1, kind="answer-late", subject="payer-P1:f:k")
    browser = console.browser("operator")
    write = site.gateway.database.write
    by = "operator-1"
    write("a", lambda tx: case_work.assign(tx, mine, by, by=by))
    write("r", lambda tx: case_work.resolve(tx, done, "w", by=by))
    write("s", lambda tx: case_work.snooze(tx, later, site.at + 60, by=by))
    found = {}
    for query in FILTERS:
        browser.get(f"/console/anomalies?{query}")
        found[query] = len(listed(browser))
    assert found == FILTERS


def test_ten_thousand_open_cases_are_listed_at_once(
    site: Site, console: Console
) -> None:
    """The desk stays quick on the worst day."""
    (one,) = site.rows(schema.anomaly, schema.anomaly.c.id == raise_cases(site, 1)[0])
    rows = [one._asdict() | {"id": f"x{n}", "subject": f"s{n}"} for n in range(9_999)]
    site.gateway.database.write(
        "many", lambda tx: tx.connection.execute(insert(schema.anomaly), rows)
    )
    browser = console.browser("viewer")
    began = time.process_time()
    browser.get("/console/anomalies")
    assert time.process_time() - began < 1.0
    assert "10,000" in browser.text
    assert len(listed(browser)) == 50


def test_whatever_stands_in_a_case_is_shown_as_text(
    site: Site, console: Console
) -> None:
    """Words, subjects and names of others cannot become part of the page."""
    evil = "<script>alert(1)</script>\"'>=cmd|' /C calc'!A0\r\nX: y ../../etc"
    (name,) = raise_cases(
        site, 1, words=evil, payer=evil, client=evil, subject=evil, kind="lot-held"
    )
    browser = console.browser("operator")
    for page in ("/console/anomalies", f"/console/anomalies/{name}"):
        got = browser.get(page)
        assert got.status == 200
        assert b"<script>alert" not in got.body
        assert not browser.page.xpath("//script[not(@src)]")
    browser.get("/console/anomalies?text=%3Cscript%3E%22%27&payer=%22%3E%3Cb%3E")
    assert b"<b>" not in browser.got.body.partition(b"<table")[0].replace(b"<b>1", b"")
    assert not browser.page.xpath("//script[not(@src)]")
