"""The payer directory as clients may see it, and the exchanges that answer at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from config.card_data import CARD_DATA
from gateway.api import cursors, shapes
from gateway.api.payer_shapes import card_read, shown
from gateway.api.problems import Refusal
from gateway.api.routes import Answer, Call
from gateway.intake.reception import RunInThread
from gateway.referential.versions import Version, Versions
from routing.payer_search import PayerSearch
from routing.referential import Change, changes

WHOLE: Final = "/v1/payers/all.jsonl.gz"
_KIND: Final = "payers"
_CACHE: Final = b"private, no-cache"  # may be kept, and is asked about each time


class PayerViews:
    """Handlers of `/v1/payers` and `/v1/direct`."""

    def __init__(self, versions: Versions, run_in_thread: RunInThread) -> None:
        self._versions = versions
        self._run_in_thread = run_in_thread

    async def list(self, call: Call) -> Answer:
        """List payers, those that fit, or what changed since a version."""
        return await self._run_in_thread(lambda: self._list(call.query))

    async def one(self, call: Call) -> Answer:
        """Show one payer."""
        return await self._run_in_thread(lambda: self._one(call.path["id"]))

    async def whole(self, call: Call) -> Answer:
        """Give all payers as one file, unless the client has that version."""
        version = await self._run_in_thread(self._made_whole)
        tag = f'"{version.name}"'
        headers = ((b"ETag", tag.encode()),)
        if _has(call.headers.get("if-none-match"), tag):
            return Answer(status=304, headers=headers, cache=_CACHE)
        return Answer(
            body=version.whole,
            content_type="application/gzip",
            headers=headers,
            cache=_CACHE,
        )

    async def direct(self, call: Call) -> Answer:
        """Refuse: no network of this version answers at once."""
        raise Refusal(
            "no-synchronous-exchange",
            f"no payer of flow {call.path['flow']!r} has a synchronous exchange yet; "
            "send a file to /v1/deposits instead",
            facts={"flows": []},
        )

    def _made_whole(self) -> Version:
        version = self._versions.current()
        version.whole  # noqa: B018 - made here, in the thread
        return version

    def _one(self, name: str) -> Answer:
        payer = self._versions.current().payers.get(name)
        if payer is None:
            raise Refusal("not-found", f"the directory has no payer {name!r}")
        return Answer(body=shapes.to_bytes(shown(payer, self._versions.today())))

    def _list(self, query: Any) -> Answer:
        left = cursors.read(_KIND, query["after"], (str, str, str))
        version = self._versions.current() if left is None else self._of(left[0])
        since = query["since"] or "" if left is None else _since(query, left[1])
        found, cards = self._asked(version, since, query)
        behind = [each for each in found if left is None or each.id > left[2]]
        here, rest = behind[: query["limit"]], behind[query["limit"] :]
        today = self._versions.today()
        last = (version.name, since, here[-1].id) if rest else None
        body = {
            "directory": version.name,
            "items": [shown(each.payer, today) for each in here if each.payer],
            "removed": [each.id for each in here if each.payer is None],
            "cards": cards,
            "next": cursors.write(_KIND, last) if last else None,
        }
        return Answer(body=shapes.to_bytes(body))

    def _asked(
        self, version: Version, since: str, query: Any
    ) -> tuple[Sequence[Change], Sequence[Any]]:
        """Return what is to be listed, and what was made of a card."""
        wanted = _wanted(query)
        if since:
            if wanted != PayerSearch():
                raise Refusal(
                    "bad-parameter",
                    "`since` stands beside a search; wanted one of both: changes are "
                    "those of the whole directory",
                )
            before = self._of(since)
            return tuple(changes(before.payers, version.payers)), ()
        found = version.search(wanted, self._versions.today())
        return [Change(each.id, each) for each in found.payers], [
            card_read(*each) for each in found.cards.items()
        ]

    def _of(self, name: str) -> Version:
        found = self._versions.of(name)
        if found is None:
            raise Refusal(
                "unknown-version",
                f"the directory never was at version {name[:80]!r}; take the whole set "
                f"from {WHOLE}, whose ETag is its version, and ask from there",
                facts={"whole": WHOLE},
            )
        return found


def _since(query: Any, begun: str) -> str:
    """Return what a list of changes was begun from; its pages need not say it again."""
    if query["since"] not in {None, "", begun}:
        raise Refusal(
            "bad-cursor",
            f"the cursor is of a list that was not begun with since={query['since'][:80]}; "
            "leave `after` out to begin one, or `since` to go on",
        )
    return begun


def _wanted(query: Any) -> PayerSearch:
    card = {name: query[name].strip() for name in CARD_DATA if query[name]}
    if ("regime" in card) != ("fund" in card):
        raise Refusal(
            "bad-parameter",
            "`regime` and `fund` say nothing without each other; wanted both",
        )
    return PayerSearch(
        name=query["name"] or "",
        code=query["code"] or "",
        network=query["network"] or "",
        profession=query["profession"] or "",
        card=card,
    )


def _has(header: str, tag: str) -> bool:
    """Say whether If-None-Match names a tag, weak or strong, or any."""
    named = (each.strip().removeprefix("W/") for each in header.split(","))
    return any(each in {tag, "*"} for each in named)
