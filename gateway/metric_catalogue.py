"""Every metric of the gateway: its name, kind, labels and words.

What counts them is `gateway.metrics`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from prometheus_client import Counter, Gauge, Histogram

_DAY: Final = 86_400.0
_FAST: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_DAYS: Final = (
    60.0,
    900.0,
    3600.0,
    6 * 3600.0,
    *(days * _DAY for days in (0.5, 1, 2, 3, 4, 5, 7, 10, 14, 21, 30, 45, 60, 90)),
)


class Described(NamedTuple):
    """A metric: what it is, what it says, and by what it is told apart."""

    kind: type[Counter] | type[Gauge] | type[Histogram]
    words: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


CATALOGUE: Final[Mapping[str, Described]] = MappingProxyType(
    {
        "octway_deposits_total": Described(
            Counter,
            "Deposits by door and outcome: accepted, repeated, refused, failed.",
            ("channel", "outcome"),
        ),
        "octway_deposit_bytes_total": Described(
            Counter, "Bytes of the deposits accepted.", ("channel",)
        ),
        "octway_deposit_accept_seconds": Described(
            Histogram,
            "Time from a file's last byte to its acknowledgement.",
            ("channel",),
            _FAST,
        ),
        "octway_lots_total": Described(
            Counter,
            "Lots that came into a state: held, refused, routed, sent; acknowledged "
            "and answered by a payer's return.",
            ("payer", "flow", "state"),
        ),
        "octway_claims_total": Described(
            Counter,
            "Claims answered, by what the payer said: paid, partly-paid, rejected …",
            ("payer", "flow", "outcome"),
        ),
        "octway_dispatch_attempts_total": Described(
            Counter,
            "Tries to hand a dispatch over: accepted, unknown, or the code of an error; and "
            "questions about an unknown outcome: asked-arrived, asked-absent, asked-unclear.",
            ("payer", "outcome"),
        ),
        "octway_dispatch_queue_depth": Described(
            Gauge, "Dispatches that are not handed over yet.", ("payer",)
        ),
        "octway_dispatch_oldest_seconds": Described(
            Gauge, "Age of the oldest dispatch not handed over yet.", ("payer",)
        ),
        "octway_returns_total": Described(
            Counter,
            "Returns read, by kind and by how many of their answers found their claim: "
            "all, part, none.",
            ("payer", "kind", "matched"),
        ),
        "octway_return_delay_seconds": Described(
            Histogram,
            "Time from handing a claim over to its answer.",
            ("payer", "flow", "kind"),
            _DAYS,
        ),
        "octway_expectations": Described(
            Gauge,
            "Answers owed, by state: open, late, missing, met, waived.",
            ("payer", "flow", "kind", "state"),
        ),
        "octway_return_oldest_overdue_seconds": Described(
            Gauge, "How long the longest overdue answer is overdue.", ("payer",)
        ),
        "octway_no_response_ratio": Described(
            Gauge,
            "Share of the claims whose closing answer is due that have none.",
            ("payer", "flow"),
        ),
        "octway_no_response_cohort_ratio": Described(
            Gauge,
            "Share of the claims of the last 30 days' cohorts that had no closing "
            "answer `after` days.",
            ("payer", "flow", "after"),
        ),
        "octway_no_response_cohort_claims": Described(
            Gauge,
            "Claims that have reached an age of `after` days; it only grows.",
            ("payer", "flow", "after"),
        ),
        "octway_no_response_cohort_unanswered": Described(
            Gauge,
            "Those of them that had no closing answer by then; it only grows.",
            ("payer", "flow", "after"),
        ),
        "octway_remedies_total": Described(
            Counter,
            "Remedies for missing answers: planned, approval (waits for a second person), "
            "tried, brought (claims were answered after it), failed, given-up.",
            ("payer", "remedy", "outcome"),
        ),
        "octway_notifications_total": Described(
            Counter,
            "Tries to send a message to staff or a vendor: sent, retry, failed.",
            ("channel", "outcome"),
        ),
        "octway_anomalies_open": Described(
            Gauge,
            "Anomalies that nobody has resolved; severity is warning, error or critical.",
            ("kind", "severity"),
        ),
        "octway_ledger_imbalance": Described(
            Gauge,
            "Claims and cents by which the books of lots disagree; must always be 0. "
            "Lots that moved are looked at with each count, all others in turn.",
        ),
        "octway_build_info": Described(Gauge, "1, with the version.", ("version",)),
        "octway_lots_held": Described(
            Gauge, "Lots that are held and not routed, by cause.", ("payer", "cause")
        ),
        "octway_limit_rejections_total": Described(
            Counter, "Things that a limit turned away.", ("limit",)
        ),
        "octway_lots_held_oldest_seconds": Described(
            Gauge, "For how long the longest held lot is held.", ("payer", "cause")
        ),
        "octway_limit_max": Described(
            Gauge,
            "What a limit allows; of `free-space`, what must stay. 0: no limit. A client "
            "may have limits of its own.",
            ("limit",),
        ),
        "octway_limit_current": Described(
            Gauge,
            "How much of a limit is used now; of one that counts for each client or "
            "address, by whoever uses most.",
            ("limit",),
        ),
        "octway_orphan_answers_total": Described(
            Counter, "Answers that found no claim when they came.", ("payer",)
        ),
        "octway_answers_total": Described(
            Counter,
            "Answers by how they found their claim: exact, an approximation by its "
            "name, repeated (changed nothing), proposed, absurd, foreign, orphan.",
            ("payer", "how"),
        ),
        "octway_sftp_logins_total": Described(
            Counter, "Logins at the SFTP door: key, password, refused.", ("outcome",)
        ),
        "octway_https_logins_total": Described(
            Counter,
            "Look-ups of logins at the HTTPS door: token, certificate, refused.",
            ("outcome",),
        ),
        "octway_ssh_algorithm_sessions_total": Described(
            Counter, "Algorithms agreed on with SFTP clients.", ("algorithm",)
        ),
        "octway_doors_open_connections": Described(
            Gauge, "Connections open now.", ("channel",)
        ),
        "octway_certificate_expiry_seconds": Described(
            Gauge,
            "Time until a certificate ends: `https`, ours, or the first of an endpoint's.",
            ("subject",),
        ),
        "octway_journal_queue_depth": Described(
            Gauge, "Transactions that wait for the writer."
        ),
        "octway_storage_free_bytes": Described(Gauge, "Bytes that storage can take."),
        "octway_last_backup_timestamp_seconds": Described(
            Gauge,
            "When `octway backup` took the last whole one, in epoch seconds; 0 before "
            "the first.",
        ),
        "octway_webhook_deliveries_total": Described(
            Counter,
            "Tries to tell an endpoint: delivered, failed, dead (given up).",
            ("outcome",),
        ),
        "octway_webhook_waiting": Described(
            Gauge, "Deliveries that wait to be taken by an endpoint."
        ),
        "octway_webhook_oldest_seconds": Described(
            Gauge, "Age of the oldest delivery that waits."
        ),
        "octway_webhooks_disabled": Described(
            Gauge, "Endpoints that are called no more, as they failed too long."
        ),
        "octway_step_seconds": Described(
            Histogram, "Time that one run of a step took.", ("step",), _FAST
        ),
        "octway_step_turns_total": Described(
            Counter,
            "Turns of a step, with work or without; it stands still while the step does.",
            ("step",),
        ),
        "octway_step_failures_total": Described(
            Counter, "Runs of a step that failed.", ("step",)
        ),
        "octway_circuit_open": Described(
            Gauge, "1 while nothing is sent to an endpoint that failed.", ("endpoint",)
        ),
    }
)
METRICS: Final[Mapping[str, str]] = MappingProxyType(
    {name: each.words for name, each in CATALOGUE.items()}
)
"""Every metric, with what it says."""
