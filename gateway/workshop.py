"""Builds the steps of a claim's way, and the services that run them.

The same steps run in a node's threads, in `octway simulate` under a virtual
clock, and in tests where they are called.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from attrs import frozen
from sqlalchemy import ColumnElement, Table, true
from twisted.internet.defer import Deferred

from gateway.house import House
from gateway.intake.receipts import ReceiptSigner
from gateway.journal import schema
from gateway.learning import CurrentDelays
from gateway.notifications.postman import Postman
from gateway.sandbox_counts import Together
from gateway.simulator.sandbox_channel import Sandboxed
from gateway.steps.attach import Attach
from gateway.steps.chase import Chase
from gateway.steps.collect import Collect
from gateway.steps.dispatch import Dispatch, DispatchObserver
from gateway.steps.gather import Gather
from gateway.steps.hand_back import HandBack
from gateway.steps.holding import Holding
from gateway.steps.match import Match
from gateway.steps.match_observer import MatchObserver
from gateway.steps.notify import Notify
from gateway.steps.outbox_rounds import OutboxRounds
from gateway.steps.post import NoticeObserver, Post
from gateway.steps.remedies import RemedyObserver
from gateway.steps.route import Route, RouteObserver
from gateway.steps.seal import Seal
from gateway.steps.split import Split, SplitLarge
from gateway.steps.tidy import Tidy
from gateway.steps.watch import Watch
from gateway.supervise import Bell, Step, StepObserver, StepRunner
from gateway.webhooks.build import build_deliver
from gateway.webhooks.deliver import Deliver, DeliverObserver
from gateway.webhooks.tell import Tell
from protocols.channels.interface import Channel
from routing.lifecycle import DispatchState
from routing.plausible import Bounds

_TIDY_EVERY: Final = 3600.0
_SEAL_EVERY: Final = 5.0  # seconds in which receipts gather for one entry
_NOTIFY_EVERY: Final = 10.0
_POSTMEN: Final = 2  # so that a server that is slow keeps no chat waiting
_REST: Final = 0.05  # seconds in which small deposits gather between two turns
_CALM: Final = 0.25  # seconds without a deposit after which small ones are read
_PATIENCE: Final = 2.0  # seconds after which they are read though more come in


class Observer(
    RouteObserver,
    DispatchObserver,
    MatchObserver,
    RemedyObserver,
    NoticeObserver,
    DeliverObserver,
    StepObserver,
    Protocol,
):
    """Counts everything that the steps do."""


@frozen(kw_only=True)
class Steps:
    """The steps, in the order of a claim's way."""

    split: Split
    split_large: Split
    route: Route
    attach: Attach
    gather: Gather
    dispatch: Dispatch
    collect: Collect
    match: Match
    hand_back: HandBack
    watch: Watch
    chase: Chase
    seal: Seal
    notify: Notify
    post: Post
    tell: Tell
    deliver: Deliver
    tidy: Tidy

    def in_order(self) -> tuple[Step, ...]:
        """All of them, in the order of a claim's way."""
        return (
            self.split,
            self.split_large,
            self.route,
            self.attach,
            self.gather,
            self.dispatch,
            self.collect,
            self.match,
            self.hand_back,
            self.watch,
            self.chase,
            self.seal,
            self.notify,
            self.post,
            self.tell,
            self.deliver,
            self.tidy,
        )


def build_steps(
    house: House,
    channels: Callable[[str], Channel],
    observe: Observer,
    signer: ReceiptSigner,
) -> Steps:
    """Build every step on one house."""
    database, payloads, entropy = house.database, house.payloads, house.entropy
    worker, lease = house.settings.node.id, house.settings.work.lease
    channels = Sandboxed(house, channels)
    counts = Together(observe)
    delays = CurrentDelays(database, house.directory, house.now)
    in_making = schema.dispatch.c.state == DispatchState.READY

    def holding(table: Table, where: ColumnElement[bool]) -> Holding:
        return Holding(
            database, table, where, worker=worker, lease=lease, now=house.now
        )

    deposits = holding(schema.deposit, true())
    split, split_large = (
        kind(
            database=database,
            payloads=payloads,
            networks=house.networks,
            directory=house.directory,
            entropy=entropy,
            worker=worker,
            lease=lease,
            holding=deposits,
        )
        for kind in (Split, SplitLarge)
    )
    collect = Collect(
        database=database,
        payloads=payloads,
        channel=channels,
        directory=house.directory,
        entropy=entropy,
        now=house.now,
        worker=worker,
        lease=lease,
    )
    return Steps(
        split=split,
        split_large=split_large,
        route=Route(
            database=database,
            networks=house.networks,
            directory=house.directory,
            entropy=entropy,
            observe=counts,
        ),
        attach=Attach(
            database=database,
            payloads=payloads,
            networks=house.networks,
            entropy=entropy,
            lease=lease,
            scanner=shlex.split(house.settings.attachments.scanner),
            scan_time=house.settings.attachments.scan_time,
        ),
        gather=Gather(
            database=database,
            payloads=payloads,
            networks=house.networks,
            emitters=house.emitters,
            directory=house.directory,
            entropy=entropy,
            worker=worker,
            lease=lease,
            holding=holding(schema.dispatch, in_making),
        ),
        dispatch=Dispatch(
            database=database,
            payloads=payloads,
            channel=channels,
            directory=house.directory,
            delays=delays,
            networks=house.networks,
            entropy=entropy,
            now=house.now,
            worker=worker,
            lease=lease,
            holding=holding(schema.dispatch, ~in_making),
            observe=counts,
        ),
        collect=collect,
        match=Match(
            database=database,
            payloads=payloads,
            networks=house.networks,
            directory=house.directory,
            delays=delays,
            now=house.now,
            entropy=entropy,
            worker=worker,
            lease=lease,
            observe=counts,
            sure=house.settings.matching.sure_mark,
            bounds=Bounds(
                overpaid=house.settings.matching.overpaid,
                largest=house.settings.matching.largest_amount,
            ),
            holding=holding(schema.payer_return, true()),
        ),
        hand_back=HandBack(
            database=database,
            payloads=payloads,
            networks=house.networks,
            entropy=entropy,
        ),
        watch=Watch(
            database=database,
            directory=house.directory,
            entropy=entropy,
            word_within=house.settings.console.second_person_within,
        ),
        chase=Chase(
            database=database,
            channel=channels,
            look=collect.empty,
            networks=house.networks,
            directory=house.directory,
            entropy=entropy,
            observe=counts,
        ),
        seal=Seal(
            database=database,
            signer=signer,
            entropy=entropy,
            now=house.now,
            worker=worker,
            lease=lease,
        ),
        notify=Notify(
            database=database,
            rules=house.notifications,
            now=house.now,
            entropy=entropy,
        ),
        post=Post(
            database=database,
            rules=house.notifications,
            postman=Postman(now=house.now),
            console=house.settings.console.url,
            now=house.now,
            entropy=entropy,
            worker=worker,
            lease=lease,
            observe=observe,
        ),
        tell=Tell(database=database),
        deliver=build_deliver(house, observe),
        tidy=Tidy(
            database=database,
            payloads=payloads,
            keep_webhooks=house.settings.webhooks.keep,
            directory=house.directory,
            entropy=house.entropy,
            now=house.now,
        ),
    )


def step_services(
    house: House,
    steps: Steps,
    bells: Mapping[str, Bell],
    observe: Observer,
    defer_to_thread: Callable[[Callable[[], None]], Deferred[None]],
) -> list[StepRunner]:
    """Build the services that run the steps in threads.

    `bells` has one for each step by name; what a step did wakes the next one.
    """
    work = house.settings.work
    collect = OutboxRounds(
        steps.collect, interval=work.collect_interval, monotonic=time.monotonic
    )
    plan: list[tuple[Step, int, float, Step | None]] = [
        (steps.split, 1, 0.0, steps.route),
        (steps.split_large, work.split_workers, 0.0, steps.route),
        (steps.route, 1, 0.0, steps.attach),
        (steps.attach, 1, 0.0, steps.route),
        (steps.gather, 1, work.gather_interval, steps.dispatch),
        (steps.dispatch, work.dispatch_workers, 0.0, None),
        (collect, work.collect_workers, work.collect_interval, steps.match),
        (steps.match, 1, 0.0, steps.hand_back),
        (steps.hand_back, 1, 0.0, None),
        (steps.watch, 1, work.watch_interval, steps.chase),
        (steps.chase, 1, 0.0, steps.route),
        (steps.seal, 1, _SEAL_EVERY, None),
        (steps.notify, 1, _NOTIFY_EVERY, steps.post),
        (steps.post, _POSTMEN, 0.0, None),
        (steps.tell, 1, 0.0, steps.deliver),
        (steps.deliver, house.settings.webhooks.workers, 0.0, None),
        (steps.tidy, 1, _TIDY_EVERY, None),
    ]
    return [
        StepRunner(
            step,
            workers=workers,
            bell=bells[step.name],
            then=None if then is None else bells[then.name],
            idle=work.idle,
            every=every,
            rest=_REST if step is steps.split else 0.0,
            calm=_CALM if step is steps.split else 0.0,
            patience=_PATIENCE,
            monotonic=time.monotonic,
            observe=observe,
            defer_to_thread=defer_to_thread,
        )
        for step, workers, every, then in plan
    ]
