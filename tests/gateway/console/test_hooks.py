"""Clients' webhooks: found from the client, what was given up told again."""

from __future__ import annotations

import pytest

from gateway.committing import Tx
from gateway.journal import schema, webhook_deliveries, webhook_events, webhooks
from gateway.storage.vault import WrappedKey
from routing.webhook import DeliveryEvent
from tests.engines import ON_SQLITE
from tests.gateway.console.browser import Browser, Console
from tests.gateway.steps.site import Site

pytestmark = ON_SQLITE  # what these pages ask has its own tests on both engines

HOOK = "w0123456789abcdefgh"
URL = "https://vendor.example/octway"


@pytest.fixture
def given_up(site: Site) -> None:
    """Register an endpoint of `alpha` that did not take what it was told."""

    def write(tx: Tx) -> None:
        webhooks.add(
            tx,
            HOOK,
            "alpha",
            url=URL,
            kinds=["lot.held", "return.available"],
            description="",
            sealed=WrappedKey(key_id="k", wrapped=b""),
            by="test",
        )
        webhook_events.add_test(tx, site.entropy, webhooks.lock(tx, HOOK))
        (row,) = webhook_deliveries.listed(tx.connection, HOOK, limit=9)
        webhook_deliveries.end(
            tx, row, DeliveryEvent.GIVE_UP, status=500, error="it failed", attempts=3
        )

    site.gateway.database.write("webhook", write)


def facts(browser: Browser) -> dict[str, str]:
    """Read the facts at the head of a page."""
    names = browser.page.xpath('//dl[@class="facts card"]/dt')
    return {
        name.text_content().strip(): " ".join(name.getnext().text_content().split())
        for name in names
    }


@pytest.mark.usefixtures("given_up")
def test_what_was_given_up_is_seen_at_the_client_and_told_again(
    site: Site, console: Console
) -> None:
    """A link leads from the client to it, and back; the button puts it in line once."""
    browser = console.browser("operator")
    browser.get("/console/clients/alpha")
    (address,) = browser.page.xpath(f'//a[text()="{URL}"]/@href')
    given_up = '//td[@data-label="Given up"]/a/text()'
    assert browser.page.xpath(given_up) == ["1"]

    browser.get(f"/console/search?q={HOOK}")
    assert browser.at.endswith(address)
    assert facts(browser)["Told of"] == "lot.held, return.available"
    assert facts(browser)["Given up"] == "1"
    assert browser.page.xpath("//a[@href='/console/clients/alpha#hooks']")
    browser.send(f"{address}/replay", days="1")
    assert "in line again" in browser.text
    assert facts(browser)["Waiting"] == "1"
    browser.send(f"{address}/replay", days="1")
    assert "given up since then has not been told again" in browser.text

    told, *_ = site.rows(schema.event, schema.event.c.kind == "webhook.replayed")
    assert "operator-1" in told.facts


@pytest.mark.usefixtures("given_up")
def test_who_only_sees_changes_no_webhook(console: Console) -> None:
    """All are listed, and none has a button."""
    browser = console.browser("viewer")
    browser.get("/console/clients")
    assert browser.page.xpath("//a[@href='/console/webhooks']")
    browser.get("/console/webhooks")
    assert URL in browser.text
    browser.get(f"/console/webhooks/{HOOK}")
    assert not browser.page.xpath("//main//form[@method='post']")
    assert browser.post(f"/console/webhooks/{HOOK}/move", {"do": "pause"}).status == 403
