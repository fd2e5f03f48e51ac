"""Administration: versions of the payer directory, what differs, and going back."""

from __future__ import annotations

import json
from typing import Final

from config.directory_difference import differences
from gateway.api.problems import Refusal
from gateway.api.routes import Answer
from gateway.console.pages import Page, get, post
from gateway.console.rights import Right
from gateway.console.visit import Visit
from gateway.journal import directories
from gateway.table_keys import keys_by_file

_HERE: Final = "/console/admin/directory"
_MOST: Final = 500


def pages() -> list[Page]:
    """List the pages of it."""
    return [
        get("/admin/directory", list_versions, Right.AUDIT),
        get("/admin/directory/{version}", show, Right.AUDIT),
        post("/admin/directory/follow", follow, Right.MANAGE),
        post("/admin/directory/{version}/pin", pin, Right.MANAGE),
    ]


async def list_versions(visit: Visit) -> Answer:
    """List versions, and say which is in force and why."""
    rows = await visit.ask(directories.versions)
    return visit.page(
        "directory.html",
        rows=rows,
        pinned=await visit.ask(directories.pinned),
        current=visit.premises.house.directory().version,
        wrong="",
    )


async def show(visit: Visit) -> Answer:
    """Show what differs between a version and another; the one in force unless said."""
    version = visit.places["version"]
    current = visit.premises.house.directory().version
    other = visit.query.get("with") or current
    before = await visit.ask(directories.content, version)
    after = await visit.ask(directories.content, other)
    if before is None or after is None:
        raise Refusal("not-found", "the directory never was at that version")
    keys = keys_by_file(visit.premises.house.networks.values())
    found = list(differences(json.loads(before), json.loads(after), keys))
    return visit.page(
        "directory_version.html",
        version=version,
        other=other,
        current=current,
        found=found[:_MOST],
        count=len(found),
        rows=await visit.ask(directories.versions),
        pinned=await visit.ask(directories.pinned),
    )


async def pin(visit: Visit) -> Answer:
    """Put a version in force on every node."""
    version, why, by = visit.places["version"], visit.form.get("why"), visit.who.id
    if not why:
        return visit.go(f"{_HERE}/{version}", "Say why, then try again.")
    await visit.write("pin", lambda tx: directories.pin(tx, version, by=by, why=why))
    return visit.go(_HERE, "Every node uses that version within a minute.")


async def follow(visit: Visit) -> Answer:
    """Have every node follow its files again."""
    why, by = visit.form.get("why"), visit.who.id
    await visit.write("follow", lambda tx: directories.follow(tx, by=by, why=why))
    return visit.go(_HERE, "Every node follows its files again within a minute.")
