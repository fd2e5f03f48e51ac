"""Administration: staff accounts and their sessions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from sqlalchemy.exc import IntegrityError

from gateway.api.problems import Refusal
from gateway.api.routes import Answer
from gateway.committing import Tx
from gateway.console.pages import Page, get, post
from gateway.console.rights import Right
from gateway.console.visit import Visit
from gateway.intake.credentials import hash_password, new_password
from gateway.journal import deeds, sessions, staff

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_ALL: Final = "/console/admin/staff"
_DEEDS: Final = 30


def pages() -> list[Page]:
    """List the pages of it."""
    return [
        get("/admin/staff", list_staff, Right.AUDIT),
        post("/admin/staff", add, Right.MANAGE),
        get("/admin/staff/{name}", show, Right.AUDIT),
        post("/admin/staff/{name}/role", set_role, Right.MANAGE),
        post("/admin/staff/{name}/state", set_state, Right.MANAGE),
        post("/admin/staff/{name}/password", set_password, Right.MANAGE),
        post("/admin/staff/{name}/code", drop_code, Right.MANAGE),
        post("/admin/staff/{name}/sessions", end_sessions, Right.MANAGE),
        get("/admin/sessions", list_sessions, Right.AUDIT),
        post("/admin/sessions/{name}/end", end_session, Right.MANAGE),
    ]


async def list_staff(visit: Visit) -> Answer:
    """List the accounts, with a form for a new one."""
    return await _list(visit)


async def add(visit: Visit) -> Answer:
    """Open an account; its password is shown once."""
    name, role = visit.form.get("name"), visit.form.get("role")
    if not NAME.fullmatch(name):
        return await _list(visit, wrong=_NAME, name=name)
    if role not in staff.ROLES:
        return await _list(visit, wrong=_ROLE, name=name)
    made = new_password(visit.premises.house.entropy)
    hashed, by = await visit.hash(lambda: hash_password(made)), visit.who.id
    try:
        await visit.write(
            "staff",
            lambda tx: staff.add(tx, name, role=role, password_hash=hashed, by=by),
        )
    except IntegrityError:
        return await _list(visit, wrong=_TAKEN, name=name)
    return visit.page("password.html", name=name, password=made)


async def show(visit: Visit) -> Answer:
    """Show an account, and what was done with it lately."""
    name = visit.places["name"]
    row = await visit.ask(staff.find, name)
    if row is None:
        raise Refusal("not-found", "there is no such account")
    open_ones = await visit.ask(sessions.listed, visit.now)
    done = await visit.ask(deeds.listed, most=_DEEDS, who=name)
    return visit.page(
        "staff_member.html",
        row=row,
        rows=[each for each in open_ones if each.staff_id == name],
        deeds=done,
        roles=staff.ROLES,
    )


async def set_role(visit: Visit) -> Answer:
    """Give another role; it holds from the account's next look at a page."""
    role, by, name = visit.form.get("role"), visit.who.id, _other(visit)
    if role not in staff.ROLES:
        raise Refusal("bad-parameter", _ROLE)
    await _change(visit, lambda tx: staff.set_role(tx, name, role, by=by))
    return visit.go(_page(name), "The role is changed.")


async def set_state(visit: Visit) -> Answer:
    """Close an account, and its sessions with it; or open it again."""
    back, by, name = visit.form.get("state") == "open", visit.who.id, _other(visit)

    def write(tx: Tx) -> bool:
        if not back:
            sessions.end_all(tx, name, by=by)
        return staff.disable(tx, name, by=by, back=back)

    await _change(visit, write)
    return visit.go(_page(name), "The account is changed.")


async def set_password(visit: Visit) -> Answer:
    """Give a new password, shown once; whoever was logged in has to again."""
    name, by = _other(visit), visit.who.id
    made = new_password(visit.premises.house.entropy)
    hashed = await visit.hash(lambda: hash_password(made))

    def write(tx: Tx) -> bool:
        sessions.end_all(tx, name, by=by)
        return staff.set_password(tx, name, hashed, by=by)

    await _change(visit, write)
    return visit.page("password.html", name=name, password=made)


async def drop_code(visit: Visit) -> Answer:
    """Take second factor and provider from an account, as when a telephone is lost."""
    name, by = _other(visit), visit.who.id

    def write(tx: Tx) -> bool:
        staff.unbind(tx, name, by=by)
        return staff.drop_code(tx, name, by=by)

    await _change(visit, write)
    return visit.go(_page(name), "The second factor is off.")


async def end_sessions(visit: Visit) -> Answer:
    """End every session of an account."""
    name, by = visit.places["name"], visit.who.id
    await visit.write("sessions", lambda tx: sessions.end_all(tx, name, by=by))
    return visit.go(_page(name), "The sessions are ended.")


async def list_sessions(visit: Visit) -> Answer:
    """List who is logged in."""
    rows = await visit.ask(sessions.listed, visit.now)
    return visit.page("sessions.html", rows=rows)


async def end_session(visit: Visit) -> Answer:
    """End one session."""
    name, by = visit.places["name"], visit.who.id
    await visit.write("session", lambda tx: sessions.end(tx, name, by=by))
    return visit.go("/console/admin/sessions", "The session is ended.")


_NAME: Final = (
    "A name has small letters, digits, dots, hyphens, underscores and @, 64 at most."
)
_ROLE: Final = "Choose one of the roles."
_TAKEN: Final = "That name is taken."
_OWN: Final = (
    "Nobody changes the own role, state or factor here; another administrator does."
)


def _other(visit: Visit) -> str:
    """Return whose account it is; nobody locks himself out, or lifts himself up."""
    name = visit.places["name"]
    if name == visit.who.id:
        raise Refusal("not-permitted", _OWN)
    return name


async def _change(visit: Visit, write: Callable[[Tx], bool]) -> None:
    if not await visit.write("staff", write):
        raise Refusal("not-found", "there is no such account")


async def _list(visit: Visit, *, wrong: str = "", name: str = "") -> Answer:
    rows = await visit.ask(staff.every)
    return visit.page(
        "staff.html",
        status=422 if wrong else 200,
        rows=rows,
        roles=staff.ROLES,
        wrong=wrong,
        name=name,
    )


def _page(name: str) -> str:
    return f"{_ALL}/{name}"
