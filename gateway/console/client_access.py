"""What changes a client: opening and closing an account, its keys, tokens, senders."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.exc import IntegrityError

from gateway.api.routes import Answer
from gateway.committing import Tx
from gateway.console.clients import address, client_page, find, list_page
from gateway.console.pages import Page, post
from gateway.console.rights import Right
from gateway.console.visit import Visit
from gateway.intake.client_keys import ClientKey, NotAKey, parse_keys
from gateway.intake.credentials import new_token, token_hash
from gateway.journal import clients

_MOST: Final = 200
_NAME: Final = "A login name has small letters, digits, dots and hyphens, 64 at most."
_TAKEN: Final = "There is a client of that name already."
_NUMBER: Final = "A sender’s number has letters and digits only."
_NETWORK: Final = "Choose the network in which the sender bills."
_KEY: Final = "This is no public key or certificate that a client can log in with."
_USED: Final = "This key is in the journal already; a key belongs to one client, once."
_GONE: Final = "The client has no such key in force."


def pages() -> list[Page]:
    """List the pages of it."""
    return [
        post("/clients", add, Right.MANAGE),
        post("/clients/{id}/disable", disable, Right.MANAGE),
        post("/clients/{id}/enable", enable, Right.MANAGE),
        post("/clients/{id}/tokens", give_token, Right.MANAGE),
        post("/clients/{id}/keys", add_key, Right.MANAGE),
        post("/clients/{id}/revoke", revoke, Right.MANAGE),
        post("/clients/{id}/senders", add_sender, Right.MANAGE),
    ]


async def add(visit: Visit) -> Answer:
    """Open an account; its keys are given to it on its page."""
    form = visit.form
    name = form.get("id")
    if not clients.NAME.fullmatch(name):
        return await list_page(visit, status=422, wrong=_NAME)
    facts = {each: form.get(each)[:_MOST] for each in ("name", "vendor", "software")}
    facts["name"] = facts["name"] or name
    if await visit.ask(clients.find, name) is not None:
        return await list_page(visit, status=422, wrong=_TAKEN)
    try:
        await visit.write("client-add", lambda tx: _open(tx, visit, name, facts))
    except IntegrityError:
        return await list_page(visit, status=422, wrong=_TAKEN)
    return visit.go(address(name), "The account is open; give it a key or a token.")


async def disable(visit: Visit) -> Answer:
    """Close an account to new logins."""
    return await _switch(visit, back=False)


async def enable(visit: Visit) -> Answer:
    """Open a disabled account again."""
    return await _switch(visit, back=True)


async def give_token(visit: Visit) -> Answer:
    """Make a bearer token and show it this once; only its hash is kept."""
    row = await find(visit)
    token = new_token(visit.premises.house.entropy)
    comment = visit.form.get("comment")[:_MOST]
    made = ClientKey(clients.TOKEN, token_hash(token), "", comment)
    await visit.write("client-token", lambda tx: _give(tx, visit, row.id, [made]))
    return await client_page(visit, token=token)


async def add_key(visit: Visit) -> Answer:
    """Take a public SSH key, or a certificate in PEM, as it was pasted."""
    row = await find(visit)
    try:
        found = parse_keys(visit.form.get("key"), "the key given")
    except NotAKey:
        return await client_page(visit, status=422, wrong=_KEY, at="key")
    try:
        await visit.write("client-key", lambda tx: _give(tx, visit, row.id, found))
    except IntegrityError:
        return await client_page(visit, status=422, wrong=_USED, at="key")
    return visit.go(address(row.id), "The key opens the doors from now on.")


async def revoke(visit: Visit) -> Answer:
    """Take a key, certificate or token away."""
    row = await find(visit)
    mark = visit.form.get("fingerprint")

    def work(tx: Tx) -> bool:
        done = clients.revoke_key(tx, row.id, mark)
        if done:
            _note(tx, visit, row.id, "key-revoked")
        return done

    if not await visit.write("client-revoke", work):
        return await client_page(visit, status=422, wrong=_GONE, at="keys")
    return visit.go(address(row.id), "It opens nothing from now on.")


async def add_sender(visit: Visit) -> Answer:
    """Note a professional in whose name the client bills."""
    row, form = await find(visit), visit.form
    network, number = form.get("network"), form.get("number")
    if network not in visit.premises.house.networks:
        return await client_page(visit, status=422, wrong=_NETWORK, at="sender")
    if not number.isalnum() or len(number) > _MOST:
        return await client_page(visit, status=422, wrong=_NUMBER, at="sender")
    senders = [(number, form.get("name")[:_MOST])]

    def work(tx: Tx) -> None:
        clients.add_senders(tx, row.id, network, senders)
        _note(tx, visit, row.id, "sender-added")

    await visit.write("client-sender", work)
    return visit.go(address(row.id), "The sender is noted.")


async def _switch(visit: Visit, *, back: bool) -> Answer:
    row = await find(visit)

    def work(tx: Tx) -> None:
        clients.disable(tx, row.id, back=back)
        _note(tx, visit, row.id, "enabled" if back else "disabled")

    await visit.write("client-switch", work)
    said = "The account is open again." if back else "The account is closed."
    return visit.go(address(row.id), said)


def _open(tx: Tx, visit: Visit, name: str, facts: dict[str, Any]) -> None:
    clients.add(tx, name, **facts)
    _note(tx, visit, name, "added")


def _give(tx: Tx, visit: Visit, client: str, keys: list[ClientKey]) -> None:
    for each in keys:
        clients.add_key(tx, client, **each._asdict())
    _note(tx, visit, client, "key-added")


def _note(tx: Tx, visit: Visit, client: str, what: str) -> None:
    """Note who did it, beside what was done."""
    tx.say("client.by-staff", client, by=visit.who.id, did=what)
