"""A browser without a screen: it keeps cookies, follows redirects and sends forms.

It speaks to the door in memory, so a test of pages takes milliseconds; what a real
Chromium makes of them is told in `tests/system`.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlencode, urljoin

from lxml import html
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import Clock

from gateway.api.routes import RouteTable
from gateway.console import cookies
from gateway.console.build import build_console
from gateway.house import House
from gateway.intake.backoff import AddressBackoff
from gateway.intake.credentials import hash_password
from gateway.intake.https_elsewhere import Beside
from gateway.intake.https_server import HttpsDoor, HttpsLimits
from gateway.intake.reception import RunInThread
from gateway.intake.turnstile import Turnstile
from gateway.journal import sessions, staff
from gateway.journal.snapshot import Snapshot
from tests.gateway.api.door import DoorSeen, Got, Line

PASSWORD = "a password of the tests"


@cache
def hashed() -> str:
    """Hash the password once for all tests; hashing is slow on purpose."""
    return hash_password(PASSWORD)


class Console:
    """The console of a house; `counts` is what the node counted last."""

    def __init__(
        self, house: House, run_in_thread: RunInThread = maybeDeferred
    ) -> None:
        self.house = house
        self.counts: Snapshot | None = None
        self.clock = Clock()
        self.clock.advance(house.now())
        self.backoff = AddressBackoff(clock=self.clock)
        console = build_console(
            house=house,
            run_in_thread=run_in_thread,
            counts=lambda: self.counts,
            backoff=self.backoff,
            hashing=Turnstile(run_in_thread),
            version="test",
        )
        nobody: Any = None
        self.door = HttpsDoor(
            routes=RouteTable([]),
            doorkeeper=nobody,
            elsewhere=Beside(home="/console", below="console", answer=console),
            clock=self.clock,
            limits=HttpsLimits(),
            observe=DoorSeen(),
        )

    def account(self, name: str, role: str) -> None:
        """Open a staff account whose password is `PASSWORD`."""
        self.house.database.write(
            "staff",
            lambda tx: staff.add(
                tx, name, role=role, password_hash=hashed(), by="test"
            ),
        )

    def browser(self, role: str = "", **headers: str) -> Browser:
        """Return a browser, with a session of `ROLE-1` if a role is named.

        The session is begun without the password, whose check is slow on purpose.
        """
        browser = Browser(self.door, headers)
        if role:
            self.account(f"{role}-1", role)
            browser.cookies[cookies.SESSION] = self.session(f"{role}-1")
        return browser

    def session(self, name: str) -> str:
        """Begin a session of an account; return what its cookie holds."""
        token = cookies.new_token(self.house.entropy)
        self.house.database.write(
            "session",
            lambda tx: sessions.begin(
                tx,
                cookies.token_hash(token),
                staff=name,
                means="password",
                address="192.0.2.7",
                agent="test",
            ),
        )
        return token


class Browser:
    """One person's browser."""

    def __init__(self, door: HttpsDoor, headers: dict[str, str]) -> None:
        self._door = door
        self._headers = headers
        self.cookies: dict[str, str] = {}
        self.address = "192.168.1.1"
        self.at = "https://door/console"
        self.got = Got(0, {}, b"")

    def get(self, path: str) -> Got:
        """Look at a page, wherever it leads."""
        return self._go("GET", path, {})

    def post(self, path: str, fields: dict[str, Any], **headers: str) -> Got:
        """Send a form as a page of the console would; `headers` win."""
        own = {"Sec-Fetch-Site": "same-origin"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return self._go("POST", path, own, urlencode(fields, doseq=True).encode())

    def send(self, action: str, **fields: Any) -> Got:
        """Fill in the form of this page that goes to an address, and send it."""
        forms = [
            each
            for each in self.page.forms
            if each.get("action", "").partition("?")[0] == action
            and each.get("method", "get").lower() == "post"
        ]
        assert forms, f"no form goes to {action} on {self.at}"
        names = set(fields)
        fitting = [each for each in forms if names <= {*_names(each)}] or forms
        filled = dict(fitting[0].form_values()) | fields
        return self.post(fitting[0].get("action"), filled)

    def look(self, path: str) -> Got:
        """Look at a page, and not at where it leads."""
        return self._go("GET", path, {}, follow=False)

    def leave(self, path: str) -> str:
        """Look at a page that leads elsewhere; return where to."""
        own = self._go("GET", path, {}, follow=False).headers["Location"]
        assert not own.startswith("/"), own
        return own

    def login(self, name: str, password: str = PASSWORD) -> Got:
        """Log in."""
        self.get("/console/login")
        return self.send("/console/login", name=name, password=password)

    @property
    def page(self) -> html.HtmlElement:
        """The page that is shown."""
        return html.fromstring(self.got.body.decode())

    @property
    def text(self) -> str:
        """What can be read on the page's main part, blanks made single."""
        (main,) = self.page.xpath("//main") or [self.page]
        return " ".join(main.text_content().split())

    def _go(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes = b"",
        *,
        follow: bool = True,
    ) -> Got:
        for _ in range(5):
            address = urljoin(self.at, path)
            path = address.removeprefix("https://door")
            sent = dict(self._headers) | headers
            if self.cookies:
                sent["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
            if method == "POST":
                sent["Content-Type"] = "application/x-www-form-urlencoded"
            line = Line(self._door, self.address)
            line.send(_head(method, path, len(body), sent) + body)
            raw = line.transport.value()
            self._take_cookies(raw)
            self.got = line.answer(method)
            if self.got.status not in {302, 303} or not follow:
                self.at = address if follow else self.at
                return self.got
            method, path, body, headers = "GET", self.got.headers["Location"], b"", {}
        raise AssertionError(f"{path} leads in a circle")

    def _take_cookies(self, raw: bytes) -> None:
        """Read every Set-Cookie of an answer; several have one name."""
        for line in raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n"):
            name, _, value = line.partition(": ")
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                kept = rest.partition(";")[0]
                self.cookies.pop(key, None)
                if kept and "Max-Age=0" not in rest:
                    self.cookies[key] = kept


def _names(form: Any) -> list[str]:
    return [each.get("name", "") for each in form.xpath(".//*[@name]")]


def _head(method: str, path: str, length: int, headers: dict[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: door", f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
