"""The routes of deposits: sending files, and seeing what became of them."""

from __future__ import annotations

from gateway.api import cursors
from gateway.api.deposits import DepositViews
from gateway.api.routes import Handler, Param, Reply, Route

LIMIT = Param(
    name="limit",
    words="how many at most on a page",
    kind="integer",
    default=100,
    least=1,
    most=cursors.MOST,
)
AFTER = Param(name="after", words="cursor of an earlier answer; none: begin")
_DEPOSIT = Param(name="id", words="the deposit", where="path", required=True)
_STATES = ("received", "split", "unreadable")


def upload_routes(take_deposit: Handler) -> list[Route]:
    """List the route that takes files."""
    return [
        Route(
            method="POST",
            path="/v1/deposits",
            name="Deposit a file",
            group="Deposits",
            summary="Send a file; answered with its signed receipt once it is durable",
            words="The body is the file itself, of any type, streamed. It is taken "
            "when the answer is 201: stored, fsynced and journaled. The same content "
            "sent again by the same client is the same deposit: the answer is the "
            "same receipt, byte for byte, with `Octway-Repeated: true`.",
            handler=take_deposit,
            takes_file=True,
            params=(
                Param(name="filename", words="name of the file"),
                Param(name="label", words="one word to keep with it; a folder in /in"),
                Param(
                    name="Content-Disposition",
                    where="header",
                    words="name of the file, where ?filename= does not give it",
                ),
                Param(
                    name="Idempotency-Key",
                    where="header",
                    words="any text of yours; another file under the same key is "
                    "refused",
                ),
            ),
            replies=(
                Reply(
                    status=201,
                    words="the signed receipt",
                    shape="Receipt",
                    headers=(
                        ("Location", "the deposit"),
                        ("Octway-Repeated", "`true` if the content was known"),
                    ),
                ),
            ),
            problems=(
                "bad-parameter",
                "bad-filename",
                "bad-upload",
                "already-there",
                "idempotency-key-in-use",
                "too-large",
                "unsupported-media",
                "idempotency-mismatch",
                "rate-exceeded",
                "too-many-uploads",
                "storage-unavailable",
            ),
        )
    ]


def deposit_routes(views: DepositViews) -> list[Route]:
    """List the routes that show deposits."""
    return [
        Route(
            method="GET",
            path="/v1/deposits",
            name="List deposits",
            group="Deposits",
            summary="Your deposits, newest first",
            words="Pass `next` as `after` for the next page. With `order=oldest`, "
            "`cursor` goes on where this page ended, also later, without a gap.",
            handler=views.list,
            params=(
                Param(name="state", words="state", of=_STATES),
                Param(name="filename", words="exact name of the file"),
                Param(
                    name="since",
                    format="date-time",
                    words="received at or after this time (ISO 8601)",
                ),
                Param(
                    name="order",
                    words="newest or oldest first",
                    of=("newest", "oldest"),
                    default="newest",
                ),
                AFTER,
                LIMIT,
            ),
            replies=(Reply(status=200, words="a page", shape="DepositPage"),),
            problems=("bad-parameter", "bad-cursor"),
        ),
        Route(
            method="GET",
            path="/v1/deposits/{id}",
            name="Show a deposit",
            group="Deposits",
            summary="State, problems, lots, claims, events and accounts of a deposit",
            words="Each list holds its first page; its `next` goes on at "
            "`/v1/deposits/{id}/{list}`.",
            handler=views.one,
            params=(_DEPOSIT,),
            replies=(Reply(status=200, words="the deposit", shape="DepositWhole"),),
            problems=("not-found",),
        ),
        Route(
            method="GET",
            path="/v1/deposits/{id}/receipt",
            name="Get a receipt",
            group="Deposits",
            summary="The signed receipt again, byte for byte",
            handler=views.receipt,
            params=(_DEPOSIT,),
            replies=(Reply(status=200, words="the receipt", shape="Receipt"),),
            problems=("not-found",),
        ),
        Route(
            method="GET",
            path="/v1/deposits/{id}/report",
            name="Get a report",
            group="Deposits",
            summary="What was read in the file, as under /receipts over SFTP",
            handler=views.report,
            params=(_DEPOSIT,),
            replies=(Reply(status=200, words="the report", shape="Report"),),
            problems=("not-found",),
        ),
        Route(
            method="GET",
            path="/v1/deposits/{id}/{list}",
            name="Go on with a list of a deposit",
            group="Deposits",
            summary="Further pages of problems, lots, claims or events",
            handler=views.part,
            params=(
                _DEPOSIT,
                Param(
                    name="list",
                    words="which list",
                    where="path",
                    required=True,
                    of=("problems", "lots", "claims", "events"),
                ),
                AFTER,
                LIMIT,
            ),
            replies=(Reply(status=200, words="a page", shape="Page"),),
            problems=("not-found", "bad-cursor", "bad-parameter"),
        ),
    ]
