"""The routes of payers: the directory as client software may see it."""

from __future__ import annotations

from typing import Final

from config.card_data import CARD_DATA
from config.professions import professions
from gateway.api.cards import CardViews
from gateway.api.deposit_routes import AFTER, LIMIT
from gateway.api.payers import WHOLE, PayerViews
from gateway.api.routes import Param, Reply, Route
from gateway.cards.decoding import MOST_BYTES

_GROUP: Final = "Payers"
_FLOW: Final = Param(name="flow", words="kind of exchange", where="path", required=True)


def payer_routes(views: PayerViews, cards: CardViews) -> list[Route]:
    """List the routes."""
    return [*_listing(views), _decoding(cards), _direct(views)]


def _listing(views: PayerViews) -> list[Route]:
    return [
        Route(
            method="GET",
            path="/v1/payers",
            name="List payers",
            group=_GROUP,
            summary="Payers: all of them, those that fit, or what changed",
            words="All that is asked must fit. A code that is over, and a card that "
            "leads to one, mean the payer that took over. `since` lists what is new or "
            "different since that version of the directory, and under `removed` what "
            "is gone; keep `directory` of the last page for the next time. The pages "
            "of a list are all of one version, and `after` knows the `since` of the "
            "first.",
            handler=views.list,
            params=(
                Param(name="name", words="beginnings of words of the name"),
                Param(name="code", words="a code of the payer"),
                Param(name="network", words="only of this network"),
                Param(
                    name="profession",
                    words="takes claims of this profession",
                    of=tuple(professions()),
                ),
                *(Param(name=name, words=words) for name, words in CARD_DATA.items()),
                Param(name="since", words="version of the directory that you have"),
                AFTER,
                LIMIT,
            ),
            replies=(Reply(status=200, words="a page", shape="PayerPage"),),
            problems=("bad-parameter", "bad-cursor", "unknown-version"),
        ),
        Route(
            method="GET",
            path=WHOLE,
            name="Fetch all payers",
            group=_GROUP,
            summary="The whole directory as one file: JSON lines, gzip",
            words="The first line says `format`, `directory` (the version) and how many "
            "`payers` follow, one a line, as in a list but without `codes`, which "
            "depend on the day: see `validity`. The ETag is the version: send it as "
            "If-None-Match, and as `since` to ask what changed.",
            handler=views.whole,
            replies=(
                Reply(
                    status=200,
                    words="the file",
                    content_type="application/gzip",
                    headers=(("ETag", "the version of the directory"),),
                ),
                Reply(status=304, words="you have this version", content_type=""),
            ),
        ),
        Route(
            method="GET",
            path="/v1/payers/{id}",
            name="Show a payer",
            group=_GROUP,
            summary="One payer",
            handler=views.one,
            params=(Param(name="id", words="the payer", where="path", required=True),),
            replies=(Reply(status=200, words="the payer", shape="Payer"),),
            problems=("not-found",),
        ),
    ]


def _decoding(cards: CardViews) -> Route:
    return Route(
        method="POST",
        path="/v1/payers/decode",
        name="Decode an attestation",
        group=_GROUP,
        summary="Who pays, from a photo of the Data Matrix on a complementary card",
        words=f"The body is the image itself: JPEG, PNG or WebP, {MOST_BYTES:,} bytes at "
        "most. How real attestations are written is not public: what comes along is an "
        "invented syntax, and says so (`simulated`). Of the image and of the person "
        "nothing is logged or kept.",
        handler=cards.decode,
        takes_file=True,
        replies=(Reply(status=200, words="what the card says", shape="Attestation"),),
        problems=(
            "unreadable-image",
            "unknown-attestation",
            "unsupported-media",
            "too-many-images",
        ),
    )


def _direct(views: PayerViews) -> Route:
    return Route(
        method="POST",
        path="/v1/direct/{flow}",
        name="Exchange at once",
        group=_GROUP,
        summary="Reserved: no payer of this version answers at once yet",
        handler=views.direct,
        params=(_FLOW,),
        problems=("no-synchronous-exchange",),
    )
