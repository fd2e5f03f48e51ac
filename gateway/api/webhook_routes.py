"""The routes of webhooks."""

from __future__ import annotations

from typing import Final

from gateway.api.deposit_routes import AFTER, LIMIT
from gateway.api.routes import Param, Reply, Route
from gateway.api.webhooks import CHANGES, NEW, WebhookViews
from routing.webhook import DeliveryState

_ID: Final = Param(name="id", words="the endpoint", where="path", required=True)
_DELIVERY: Final = Param(
    name="delivery", words="the delivery", where="path", required=True
)
_GROUP: Final = "Webhooks"


def webhook_routes(views: WebhookViews) -> list[Route]:
    """List the routes of endpoints, then those of deliveries."""
    return [*_endpoints(views), *_deliveries(views)]


def _endpoints(views: WebhookViews) -> list[Route]:
    return [
        Route(
            method="GET",
            path="/v1/webhooks",
            name="List webhooks",
            group=_GROUP,
            summary="Your endpoints",
            handler=views.list,
            replies=(Reply(status=200, words="all of them", shape="WebhookList"),),
        ),
        Route(
            method="POST",
            path="/v1/webhooks",
            name="Add a webhook",
            group=_GROUP,
            summary="Register an endpoint that is told what happens from now on",
            words="`secret` is told this once. What is sent is signed with it as the "
            "Standard Webhooks specification says, so its libraries verify it.",
            handler=views.add,
            params=NEW,
            replies=(
                Reply(
                    status=201,
                    words="the endpoint, and its secret",
                    shape="WebhookMade",
                    headers=(("Location", "the endpoint"),),
                ),
            ),
            problems=("bad-body", "too-many-webhooks", "too-large"),
        ),
        Route(
            method="GET",
            path="/v1/webhooks/{id}",
            name="Show a webhook",
            group=_GROUP,
            summary="One endpoint",
            handler=views.one,
            params=(_ID,),
            replies=(Reply(status=200, words="the endpoint", shape="Webhook"),),
            problems=("not-found",),
        ),
        Route(
            method="PATCH",
            path="/v1/webhooks/{id}",
            name="Change a webhook",
            group=_GROUP,
            summary="Change address, kinds or words of an endpoint; pause it or go on",
            words="Members that are left out stay. `state` active puts a disabled "
            "endpoint back in use: all that waited is told, in order.",
            handler=views.change,
            params=(_ID, *CHANGES),
            replies=(Reply(status=200, words="the endpoint", shape="Webhook"),),
            problems=("bad-body", "not-found", "too-large"),
        ),
        Route(
            method="DELETE",
            path="/v1/webhooks/{id}",
            name="Remove a webhook",
            group=_GROUP,
            summary="Forget an endpoint, its deliveries, and what waits for it",
            handler=views.remove,
            params=(_ID,),
            replies=(Reply(status=204, words="it is gone", content_type=""),),
            problems=("not-found",),
        ),
        Route(
            method="POST",
            path="/v1/webhooks/{id}/secret",
            name="Change a secret",
            group=_GROUP,
            summary="Make another secret; the one before signs too for a while",
            words="Until `old_secret_until` each call bears a signature by either.",
            handler=views.new_secret,
            params=(_ID,),
            replies=(
                Reply(
                    status=200,
                    words="the endpoint, and its new secret",
                    shape="WebhookMade",
                ),
            ),
            problems=("not-found",),
        ),
        Route(
            method="POST",
            path="/v1/webhooks/{id}/test",
            name="Test a webhook",
            group=_GROUP,
            summary="Have an event of kind `webhook.test` delivered",
            handler=views.test,
            params=(_ID,),
            replies=(Reply(status=202, words="it is in line", shape="Delivery"),),
            problems=("not-found",),
        ),
    ]


def _deliveries(views: WebhookViews) -> list[Route]:
    return [
        Route(
            method="GET",
            path="/v1/webhooks/{id}/deliveries",
            name="List deliveries",
            group=_GROUP,
            summary="What was told to an endpoint and what waits, newest first",
            handler=views.deliveries,
            params=(
                _ID,
                Param(name="state", words="state", of=tuple(DeliveryState)),
                AFTER,
                LIMIT,
            ),
            replies=(Reply(status=200, words="a page", shape="DeliveryPage"),),
            problems=("bad-parameter", "bad-cursor", "not-found"),
        ),
        Route(
            method="POST",
            path="/v1/webhooks/{id}/deliveries/{delivery}/replay",
            name="Replay a delivery",
            group=_GROUP,
            summary="Deliver the same event once more, after all that waits",
            handler=views.replay,
            params=(_ID, _DELIVERY),
            replies=(Reply(status=202, words="it is in line", shape="Delivery"),),
            problems=("not-found", "still-pending"),
        ),
        Route(
            method="POST",
            path="/v1/webhooks/{id}/replay",
            name="Replay deliveries",
            group=_GROUP,
            summary="Deliver again what was given up since a time",
            words="At most 10,000 at once; call again for more.",
            handler=views.replay_all,
            params=(
                _ID,
                Param(
                    name="since",
                    format="date-time",
                    words="what happened at or after this time (ISO 8601); left out: "
                    "of the last day",
                ),
                Param(
                    name="state",
                    words="what was given up, or all that has ended",
                    of=("dead", "all"),
                    default="dead",
                ),
            ),
            replies=(Reply(status=202, words="how many", shape="Replayed"),),
            problems=("bad-parameter", "not-found"),
        ),
    ]
