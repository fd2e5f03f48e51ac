"""The API as one table of routes: the only list of what can be called."""

from __future__ import annotations

from gateway.api.cards import CardViews, Decode
from gateway.api.deposit_routes import AFTER, LIMIT, deposit_routes, upload_routes
from gateway.api.deposits import DepositViews, Pages
from gateway.api.documents import DocumentViews
from gateway.api.payer_routes import payer_routes
from gateway.api.payers import PayerViews
from gateway.api.receipts import ReceiptViews, receipt_routes
from gateway.api.returns import ReturnViews
from gateway.api.routes import Handler, Param, Reply, Route, RouteTable
from gateway.api.webhook_routes import webhook_routes
from gateway.api.webhooks import WebhookViews
from gateway.referential.versions import Versions
from gateway.storage.payloads import Payloads

_RETURN = Param(name="id", words="the return", where="path", required=True)


def build(
    *,
    take_deposit: Handler,
    pages: Pages,
    payloads: Payloads,
    versions: Versions,
    webhooks: WebhookViews,
    decode: Decode,
    version: str,
) -> RouteTable[Route]:
    """Build the table that serves and documents the API."""
    documents = DocumentViews(version, pages.run_in_thread)
    table = RouteTable(
        [
            *upload_routes(take_deposit),
            *deposit_routes(DepositViews(pages)),
            *_return_routes(ReturnViews(pages, payloads)),
            *receipt_routes(ReceiptViews(pages)),
            *payer_routes(
                PayerViews(versions, pages.run_in_thread),
                CardViews(versions, decode, pages.run_in_thread),
            ),
            *webhook_routes(webhooks),
            *_document_routes(documents),
        ]
    )
    documents.describe(table.routes)
    return table


def _return_routes(views: ReturnViews) -> list[Route]:
    return [
        Route(
            method="GET",
            path="/v1/returns",
            name="List returns",
            group="Returns",
            summary="Returns for you, in order, until you acknowledge them",
            words="Keep `cursor` and pass it as `after` to see only what is new. "
            "Without `after`, everything that you have not acknowledged is listed.",
            handler=views.list,
            params=(
                Param(name="network", words="only of this network"),
                Param(
                    name="acknowledged",
                    words="whether acknowledged ones are listed as well",
                    of=("true", "false"),
                    default="false",
                ),
                AFTER,
                LIMIT,
            ),
            replies=(Reply(status=200, words="a page", shape="ReturnPage"),),
            problems=("bad-parameter", "bad-cursor"),
        ),
        Route(
            method="GET",
            path="/v1/returns/{id}",
            name="Show a return",
            group="Returns",
            summary="What is known of a return, without its content",
            handler=views.one,
            params=(_RETURN,),
            replies=(Reply(status=200, words="the return", shape="Return"),),
            problems=("not-found",),
        ),
        Route(
            method="GET",
            path="/v1/returns/{id}/content",
            name="Fetch a return",
            group="Returns",
            summary="The bytes; a whole download marks the return as fetched",
            handler=views.content,
            params=(_RETURN,),
            replies=(
                Reply(
                    status=200,
                    words="the file",
                    content_type="application/octet-stream",
                ),
            ),
            problems=("not-found", "purged"),
        ),
        Route(
            method="GET",
            path="/v1/returns/{id}/answers",
            name="Read a return",
            group="Returns",
            summary="What the payer says, answer by answer, tied to your claims",
            handler=views.answers,
            params=(_RETURN, AFTER, LIMIT),
            replies=(Reply(status=200, words="a page", shape="AnswerPage"),),
            problems=("not-found", "bad-cursor", "bad-parameter"),
        ),
        Route(
            method="POST",
            path="/v1/returns/{id}/ack",
            name="Acknowledge a return",
            group="Returns",
            summary="Tell that you have the return; it is not listed any more",
            words="May be repeated. Acknowledged returns can still be fetched by id.",
            handler=views.acknowledge,
            params=(_RETURN,),
            replies=(Reply(status=200, words="the return", shape="Return"),),
            problems=("not-found", "storage-unavailable"),
        ),
    ]


def _document_routes(views: DocumentViews) -> list[Route]:
    return [
        Route(
            method="GET",
            path="/openapi.json",
            name="OpenAPI",
            group="Documents",
            summary="This API as an OpenAPI 3.1 document",
            handler=views.openapi,
            replies=(Reply(status=200, words="the document", shape="Document"),),
            public=True,
        ),
        Route(
            method="GET",
            path="/docs",
            name="Documentation",
            group="Documents",
            summary="This API for reading",
            handler=views.page,
            replies=(Reply(status=200, words="the page", content_type="text/html"),),
            public=True,
        ),
        Route(
            method="GET",
            path="/problems/{code}",
            name="About a problem",
            group="Documents",
            summary="What a problem means, and what to do about it",
            handler=views.problem,
            params=(
                Param(name="code", words="code of it", where="path", required=True),
            ),
            replies=(Reply(status=200, words="the page", content_type="text/html"),),
            problems=("not-found",),
            public=True,
        ),
    ]
