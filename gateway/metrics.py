"""The gateway's metrics, by the name the code uses for them.

Labels come from closed sets (the payer directory, states, outcomes); nothing
about a client or a patient is ever one.  Counters count events; gauges about
rows are set from a `Snapshot` of the journal and never counted up and down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

from gateway.bound import Bound
from gateway.door_metrics import DoorMetrics
from gateway.journal.snapshot import Snapshot
from gateway.metric_catalogue import CATALOGUE


class Metrics:
    """Counts for `/metrics`; also the observer of reception, doors and steps."""

    def __init__(self, registry: CollectorRegistry, *, version: str) -> None:
        disable_created_metrics()  # one more series for each, which nobody reads
        self.registry = registry
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        self._shown: dict[str, set[tuple[str, ...]]] = {}
        self._of_deposits = cache(self._count_deposits)
        for name, each in CATALOGUE.items():
            if each.kind is Counter:
                self._counters[name] = Counter(
                    name, each.words, each.labels, registry=registry
                )
            elif each.kind is Gauge:
                self._gauges[name] = Gauge(
                    name, each.words, each.labels, registry=registry
                )
            else:
                self._histograms[name] = Histogram(
                    name,
                    each.words,
                    each.labels,
                    registry=registry,
                    buckets=each.buckets,
                )
        self._gauges["octway_build_info"].labels(version).set(1)

    @staticmethod
    def labels_of(name: str) -> tuple[str, ...]:
        """Return what a metric is told apart by."""
        return CATALOGUE[name].labels

    # Events

    def deposit(self, channel: str, outcome: str, size: int, seconds: float) -> None:
        """Note one deposit: `accepted`, `repeated`, `refused` or `failed`."""
        deposits, sizes, times = self._of_deposits(channel, outcome)
        deposits.inc()
        if outcome == "accepted":
            sizes.inc(size)
        if outcome in {"accepted", "repeated"}:
            times.observe(seconds)

    def _count_deposits(
        self, channel: str, outcome: str
    ) -> tuple[Counter, Counter, Histogram]:
        """Find what is told apart by these; looked for once, as it is with each file."""
        return (
            self._counters["octway_deposits_total"].labels(channel, outcome),
            self._counters["octway_deposit_bytes_total"].labels(channel),
            self._histograms["octway_deposit_accept_seconds"].labels(channel),
        )

    def limit(self, name: str) -> None:
        """Note that a limit refused something."""
        self._counters["octway_limit_rejections_total"].labels(name).inc()

    def bounds(self, limits: Iterable[Bound]) -> None:
        """Show limits, each with what is used of it whenever somebody looks."""
        for each in limits:
            self._gauges["octway_limit_max"].labels(each.limit).set(each.most)
            current = self._gauges["octway_limit_current"].labels(each.limit)
            current.set_function(each.current)

    def lot(self, payer: str, flow: str, state: str, count: int = 1) -> None:
        """Note lots that came into a state; `payer` is empty before routing."""
        self._counters["octway_lots_total"].labels(payer, flow, state).inc(count)

    def attempt(self, payer: str, outcome: str) -> None:
        """Note one try to hand a dispatch over."""
        name = "octway_dispatch_attempts_total"
        self._counters[name].labels(payer, outcome).inc()

    def returned(self, payer: str, kind: str, matched: str) -> None:
        """Note one return: `all`, `part` or `none` of its answers matched."""
        self._counters["octway_returns_total"].labels(payer, kind, matched).inc()

    def answered(
        self, payer: str, flow: str, kind: str, outcome: str, delay: float | None
    ) -> None:
        """Note one claim's answer, and the seconds since it was handed over."""
        self._counters["octway_claims_total"].labels(payer, flow, outcome).inc()
        if delay is not None:
            name = "octway_return_delay_seconds"
            self._histograms[name].labels(payer, flow, kind).observe(delay)

    def orphans(self, payer: str, count: int) -> None:
        """Note answers that found no claim."""
        self._counters["octway_orphan_answers_total"].labels(payer).inc(count)

    def tied(self, payer: str, how: str, count: int) -> None:
        """Note answers by how they were tied; `payer` is empty where to nothing."""
        self._counters["octway_answers_total"].labels(payer, how).inc(count)

    def remedy(self, payer: str, remedy: str, outcome: str) -> None:
        """Note a remedy, and what came of it."""
        name = "octway_remedies_total"
        self._counters[name].labels(payer, remedy, outcome).inc()

    def notice(self, channel: str, outcome: str) -> None:
        """Note a try to send a message: `sent`, `retry` or `failed`."""
        self._counters["octway_notifications_total"].labels(channel, outcome).inc()

    def webhook(self, outcome: str) -> None:
        """Note one try to tell an endpoint."""
        self._counters["octway_webhook_deliveries_total"].labels(outcome).inc()

    def step_turned(self, step: str) -> None:
        """Note that a step begins a turn; there may be nothing to do."""
        self._counters["octway_step_turns_total"].labels(step).inc()

    def step(self, step: str, seconds: float) -> None:
        """Note one run of a step that did something."""
        self._histograms["octway_step_seconds"].labels(step).observe(seconds)

    def step_failed(self, step: str) -> None:
        """Note that a run of a step failed."""
        self._counters["octway_step_failures_total"].labels(step).inc()

    def door(self, channel: str) -> DoorMetrics:
        """Return the observer of one door: `sftp` or `https`."""
        return DoorMetrics(
            channel,
            open_now=self._gauges["octway_doors_open_connections"].labels(channel),
            logins=self._counters[f"octway_{channel}_logins_total"],
            algorithms=self._counters["octway_ssh_algorithm_sessions_total"],
            rejections=self._counters["octway_limit_rejections_total"],
        )

    # States

    def refresh(self, snapshot: Snapshot) -> None:
        """Set the gauges about rows; what is no longer there shows 0."""
        depth = {(payer,): float(n) for payer, (n, _) in snapshot.queue.items()}
        oldest = {(payer,): age for payer, (_, age) in snapshot.queue.items()}
        self._show("octway_dispatch_queue_depth", depth)
        self._show("octway_dispatch_oldest_seconds", oldest)
        held = {labels: float(n) for labels, (n, _) in snapshot.waiting.items()}
        self._show("octway_lots_held", held)
        longest = {labels: age for labels, (_, age) in snapshot.waiting.items()}
        self._show("octway_lots_held_oldest_seconds", longest)
        self._show("octway_expectations", snapshot.expectations)
        overdue = {(payer,): age for payer, age in snapshot.oldest_overdue.items()}
        self._show("octway_return_oldest_overdue_seconds", overdue)
        self._show("octway_no_response_ratio", snapshot.no_response)
        self._show_cohorts(snapshot)
        self._show("octway_anomalies_open", snapshot.anomalies)
        circuits = {(name,): float(on) for name, on in snapshot.circuits.items()}
        self._show("octway_circuit_open", circuits)
        waiting, age = snapshot.webhooks_waiting
        self._gauges["octway_webhook_waiting"].set(waiting)
        self._gauges["octway_webhook_oldest_seconds"].set(age)
        self._gauges["octway_webhooks_disabled"].set(snapshot.webhooks_disabled)
        name = "octway_last_backup_timestamp_seconds"
        self._gauges[name].set(snapshot.backed_up_at)
        self._gauges["octway_ledger_imbalance"].set(snapshot.imbalance)

    def _show_cohorts(self, snapshot: Snapshot) -> None:
        prefix, cohorts = "octway_no_response_cohort", snapshot.cohorts
        claims = {labels: each.claims for labels, each in cohorts.items()}
        lacking = {labels: each.unanswered for labels, each in cohorts.items()}
        ratios = {
            labels: each.recent_unanswered / each.recent
            for labels, each in cohorts.items()
            if each.recent
        }
        self._show(f"{prefix}_claims", claims)
        self._show(f"{prefix}_unanswered", lacking)
        self._show(f"{prefix}_ratio", ratios)

    def node(self, *, journal_queue: int, storage_free: int) -> None:
        """Set the gauges about this process."""
        self._gauges["octway_journal_queue_depth"].set(journal_queue)
        self._gauges["octway_storage_free_bytes"].set(storage_free)

    def certificates(self, seconds_left: Mapping[str, float]) -> None:
        """Set the time until each certificate ends: `https`, or of an endpoint."""
        gauge = self._gauges["octway_certificate_expiry_seconds"]
        gauge.clear()
        for subject, left in seconds_left.items():
            gauge.labels(subject).set(left)

    def _show(self, name: str, values: Mapping[Any, float]) -> None:
        gauge, shown = self._gauges[name], self._shown.setdefault(name, set())
        for gone in shown - values.keys():
            gauge.labels(*gone).set(0)
        for labels, value in values.items():
            gauge.labels(*labels).set(value)
        shown.update(values)
