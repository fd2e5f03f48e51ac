"""The console in a real Chromium, over a gateway that is at work.

Every kind of page that a link leads to is opened, wide and narrow, in both
languages, and judged by axe-core; pictures of them are kept where
`OCTWAY_SCREENSHOTS` names a folder.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from attrs import frozen
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Page,
    Response,
    ViewportSize,
    expect,
    sync_playwright,
)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WIDE = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=390, height=844)
MOST_PAGES = 45
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WAIT = 20_000  # milliseconds that a page may take on a busy machine

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(
        CHROMIUM is None, reason="Chromium is not installed here (Debian: chromium)"
    ),
]


@frozen
class Gateway:
    """A gateway that runs: where its console is, and who may log in."""

    address: str
    name: str
    password: str


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Run a gateway on what a short demo left: files, answers, cases, silent payers."""
    folder = tmp_path_factory.mktemp("console") / "demo"
    demo = ["demo", "--dir", str(folder), "--clients", "3", "--for", "8", "--json"]
    subprocess.run(
        [sys.executable, "-m", "gateway", *demo],
        stdout=subprocess.DEVNULL,
        timeout=120,
        check=True,
    )
    login = json.loads((folder / "login.json").read_text())
    with subprocess.Popen(
        [sys.executable, "-m", "gateway", "run", "-c", str(folder / "octway.toml")],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        where = next(
            told["where"]
            for told in map(json.loads, process.stderr)
            if told.get("door") == "https"
        )
        reader = subprocess.Popen(
            ["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL
        )
        yield Gateway(f"https://{where}/console", login["staff"], login["password"])
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        reader.wait(timeout=10)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Run one Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


def context(
    chromium: Browser,
    *,
    size: ViewportSize = WIDE,
    language: str = "en-GB",
    script: bool = True,
) -> BrowserContext:
    """Open a window of its own: no cookie is shared."""
    made = chromium.new_context(
        ignore_https_errors=True,
        viewport=size,
        locale=language,
        java_script_enabled=script,
    )
    made.set_default_timeout(WAIT)
    return made


def logged_in(window: BrowserContext, gateway: Gateway) -> Page:
    """Log in as a person does, with the keyboard."""
    page = window.new_page()
    page.goto(gateway.address)
    page.fill("#name", gateway.name)
    page.fill("#password", gateway.password)
    page.press("#password", "Enter")
    page.wait_for_selector("footer form[action='/console/logout']")
    return page


def kind_of(address: str) -> str:
    """Name a kind of page: ids and filters do not make another one."""
    words = urlsplit(address).path.split("/")
    if words[-1] == "records":  # alike for whatever they are the records of
        return "/console/*/records"
    for place, word in enumerate(words):
        if re.search(r"\d", word) or words[place - 1] in {"payers", "clients", "staff"}:
            words[place] = "*"
    return "/".join(words)


def opened(page: Page, address: str) -> Response | None:
    """Open an address; None for a file to download, which is no page."""
    try:
        answer = page.goto(address)
    except Error as error:
        if "Download is starting" in error.message:
            return None
        raise
    if answer is None or "text/html" not in answer.headers["content-type"]:
        return None
    return answer


def crawl(page: Page, gateway: Gateway) -> list[str]:
    """Find one address of every kind of page that links lead to."""
    found = {"/console": gateway.address}
    waiting = [gateway.address]
    while waiting and len(found) < MOST_PAGES:
        if opened(page, waiting.pop(0)) is None:
            continue
        for address in page.eval_on_selector_all(
            "a[href]", "all => all.map(one => one.href)"
        ):
            kind = kind_of(address)
            inside = address.startswith(gateway.address) and "#" not in address
            if (
                inside
                and kind not in found
                and "login" not in kind
                and "download" not in address
            ):
                found[kind] = address
                waiting.append(address)
    return sorted(found.values())


def judged(page: Page) -> list[str]:
    """Say what axe-core finds wrong with the page that is shown."""
    results = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
    return [
        f"{each['id']}: {node['html'][:200]}"
        for each in results.response["violations"]
        for node in each["nodes"]
    ]


def picture(page: Page, name: str) -> None:
    """Keep a picture for people to look at, if they want any."""
    folder = os.environ.get("OCTWAY_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


@pytest.mark.parametrize(
    ("size", "language"),
    [(WIDE, "en-GB"), (PHONE, "fr-FR")],
    ids=["wide-english", "phone-french"],
)
def test_every_page_can_be_read_by_everybody(
    chromium: Browser, gateway: Gateway, size: ViewportSize, language: str
) -> None:
    """No violation of WCAG 2.2 AA, nothing wider than the screen, no error of a script."""
    window = context(chromium, size=size, language=language)
    page = logged_in(window, gateway)
    complaints: list[str] = []
    page.on(
        "console",
        lambda each: complaints.append(each.text) if each.type == "error" else None,
    )
    page.on("pageerror", lambda each: complaints.append(str(each)))
    wrong: list[str] = []
    for address in crawl(page, gateway):
        answer = opened(page, address)
        if answer is None:
            continue
        kind = kind_of(address)
        picture(page, f"{language[:2]}{kind.replace('/', '-').replace('*', 'one')}")
        if size is WIDE:  # what axe-core looks at is the same on a phone
            wrong += [f"{kind}: {each}" for each in judged(page)]
        if answer.status != 200:
            wrong.append(f"{kind}: status {answer.status}")
        across = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if across > 1:
            wrong.append(f"{kind}: {across} pixels wider than the screen")
    window.close()
    assert wrong == []
    assert complaints == []


def test_without_a_script_a_person_does_all_the_work(
    chromium: Browser, gateway: Gateway
) -> None:
    """Log in, find a file, look at a case and write about it, change the language."""
    window = context(chromium, script=False)
    page = logged_in(window, gateway)
    page.get_by_role("link", name="Anomalies").click()
    page.locator("tbody th a").first.click()
    assert page.locator("h1").inner_text()
    page.get_by_role("button", name="Français").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    window.close()


def test_the_first_screen_is_light(chromium: Browser, gateway: Gateway) -> None:
    """Today with all that it loads weighs less than 150 kB."""
    window = context(chromium)
    page = logged_in(window, gateway)
    sizes: list[int] = []
    page.on("response", lambda each: sizes.append(len(each.body())))
    page.goto(gateway.address, wait_until="networkidle")
    window.close()
    assert 0 < sum(sizes) < 150_000


def test_a_page_is_reached_by_the_keyboard_alone(
    chromium: Browser, gateway: Gateway
) -> None:
    """The first Tab skips to the page; the slash goes to the search box."""
    window = context(chromium)
    page = logged_in(window, gateway)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    window.close()
