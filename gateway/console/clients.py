"""*Clients*: what each vendor's installations send, and what waits for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from cryptography import x509
from sqlalchemy import Connection, Row

from gateway.api.problems import Refusal
from gateway.api.routes import Answer
from gateway.console.enrolments import STANDS
from gateway.console.pages import Page, get
from gateway.console.templates import link
from gateway.console.visit import Visit
from gateway.endpoint_papers import SOON
from gateway.journal import (
    client_traffic,
    clients,
    enrolment_lists,
    webhook_deliveries,
    webhooks,
)
from routing.enrolment import ACTS_NEXT

_SCREEN: Final = 50
_DAYS: Final = 14  # that are told one by one
_WHILE: Final = 30 * 86_400.0
_ENROLMENTS: Final = 100
_ADDRESS: Final = "/console/clients"


def pages() -> list[Page]:
    """List the pages of it."""
    return [
        get("/clients", show_all),
        get("/clients/{id}", show),
        get("/software", software),
    ]


async def show_all(visit: Visit) -> Answer:
    """List accounts with what they sent in the last thirty days."""
    return await list_page(visit)


async def list_page(visit: Visit, *, status: int = 200, wrong: str = "") -> Answer:
    """Answer with the list; `wrong` says what is not right in the form below it."""
    words, state = visit.query.get("q"), visit.query.get("state")
    disabled = {"disabled": True, "open": False}.get(state)
    rows = await visit.ask(
        clients.page,
        after=visit.query.get("after"),
        limit=_SCREEN + 1,
        words=words,
        disabled=disabled,
    )
    shown = rows[:_SCREEN]
    names = [row.id for row in shown]
    traffic = await visit.ask(client_traffic.overview, names, visit.now - _WHILE)
    further = ""
    if len(rows) > _SCREEN:
        further = link(_ADDRESS, q=words, state=state, after=names[-1])
    return visit.page(
        "clients.html",
        status=status,
        rows=[(row, traffic[row.id]) for row in shown],
        wanted={"q": words, "state": state},
        further=further,
        wrong=wrong,
        form=visit.form,
    )


async def show(visit: Visit) -> Answer:
    """Show one client."""
    return await client_page(visit)


async def software(visit: Visit) -> Answer:
    """Compare the error rates of the software that clients use."""
    rows = await visit.ask(client_traffic.by_software, visit.now - _WHILE)
    return visit.page("software.html", rows=rows)


async def client_page(
    visit: Visit, *, status: int = 200, wrong: str = "", at: str = "", token: str = ""
) -> Answer:
    """Answer with one client's page.

    `wrong` is said at the form `at`; a `token` that was just made is shown this once.
    """
    row = await find(visit)
    since, now = visit.now - _WHILE, visit.now
    keys = await visit.ask(clients.keys, row.id)
    senders = await visit.ask(clients.senders, row.id)
    sent = await visit.ask(client_traffic.by_sender, row.id, since)
    traffic = await visit.ask(client_traffic.overview, [row.id], since)
    days = _midnights(now, visit.premises.zone)
    return visit.page(
        "client.html",
        status=status,
        client=row,
        traffic=traffic[row.id],
        days=await visit.ask(client_traffic.by_day, row.id, days),
        sent=sent,
        names={(each.network, each.number): each.name for each in senders},
        senders=senders,
        doors=await visit.ask(client_traffic.by_door, row.id, since),
        troubles=await visit.ask(client_traffic.troubles, row.id, since),
        meanings=_meanings(visit),
        waiting=await visit.ask(client_traffic.waiting, row.id, since),
        keys=[(each, _ends(each)) for each in keys],
        soon=now + SOON,
        hooks=await visit.ask(_hooks, row.id),
        enrolments=await _enrolments(visit, row.id, sent, senders),
        acts=ACTS_NEXT,
        stands=STANDS,
        month=datetime.fromtimestamp(now, UTC).astimezone(visit.premises.zone),
        networks=sorted(visit.premises.house.networks),
        wrong=wrong,
        at=at,
        token=token,
        form=visit.form,
    )


async def find(visit: Visit) -> Row[*tuple[Any, ...]]:
    """Find the client of a page; raises `Refusal` for none."""
    row = await visit.ask(clients.find, visit.places["id"])
    if row is None:
        raise Refusal("not-found", "there is no client of that name")
    return row


def _hooks(connection: Connection, client: str) -> list[tuple[Any, dict[str, int]]]:
    """List a client's webhooks, each with its deliveries by state."""
    return [
        (each, webhook_deliveries.counts(connection, each.id))
        for each in webhooks.of_client(connection, client)
    ]


def address(client: str) -> str:
    """Return the address of a client's page."""
    return f"{_ADDRESS}/{quote(client, safe='')}"


async def _enrolments(visit: Visit, client: str, sent: Any, senders: Any) -> Any:
    """List the enrolments of a client's senders, noted or seen in its lots."""
    networks = visit.premises.house.networks
    numbers: dict[str, set[str]] = {}
    for network, number in [
        *((each.network, each.number) for each in senders),
        *((each.network, each.sender) for each in sent),
    ]:
        if network in networks:
            normal = networks[network].normal_sender(number)
            numbers.setdefault(network, set()).add(normal)
    return await visit.ask(enrolment_lists.of_senders, numbers, _ENROLMENTS)


def _meanings(visit: Visit) -> dict[str, str]:
    """Say what problem codes mean, as the networks explain them."""
    return {
        problem.code: problem.words
        for network in visit.premises.house.networks.values()
        for problems in network.file_problems.values()
        for problem in problems
    }


def _ends(key: Any) -> float | None:
    """Tell when a certificate ends; None for what never does."""
    if key.kind != clients.CERTIFICATE or not key.public:
        return None
    try:
        found = x509.load_pem_x509_certificate(key.public.encode())
    except ValueError:
        return None
    return found.not_valid_after_utc.timestamp()


def _midnights(now: float, zone: ZoneInfo) -> list[float]:
    """Return when the last days began, today's midnight last."""
    today = datetime.fromtimestamp(now, UTC).astimezone(zone)
    first = today.replace(hour=0, minute=0, second=0, microsecond=0)
    back = (first - timedelta(days=number) for number in reversed(range(_DAYS)))
    return [each.timestamp() for each in back]
