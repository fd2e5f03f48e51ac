"""Metrics: names that alerts rely on, bounded labels, gauges that do not drift."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from gateway.bound import Bound
from gateway.intake.reception import ReceptionObserver
from gateway.intake.sftp_limits import SftpObserver
from gateway.journal.snapshot import Snapshot
from gateway.metric_catalogue import METRICS
from gateway.metrics import Metrics

PROMISED = {
    "octway_deposits_total": ("channel", "outcome"),
    "octway_deposit_bytes_total": ("channel",),
    "octway_deposit_accept_seconds": ("channel",),
    "octway_lots_total": ("payer", "flow", "state"),
    "octway_claims_total": ("payer", "flow", "outcome"),
    "octway_dispatch_attempts_total": ("payer", "outcome"),
    "octway_dispatch_queue_depth": ("payer",),
    "octway_dispatch_oldest_seconds": ("payer",),
    "octway_returns_total": ("payer", "kind", "matched"),
    "octway_return_delay_seconds": ("payer", "flow", "kind"),
    "octway_expectations": ("payer", "flow", "kind", "state"),
    "octway_no_response_ratio": ("payer", "flow"),
    "octway_no_response_cohort_ratio": ("payer", "flow", "after"),
    "octway_no_response_cohort_claims": ("payer", "flow", "after"),
    "octway_no_response_cohort_unanswered": ("payer", "flow", "after"),
    "octway_remedies_total": ("payer", "remedy", "outcome"),
    "octway_anomalies_open": ("kind", "severity"),
    "octway_ledger_imbalance": (),
    "octway_build_info": ("version",),
}


def made() -> Metrics:
    return Metrics(CollectorRegistry(), version="1.2")


def test_promised_names_and_labels_are_there() -> None:
    """Dashboards and alerts built on the published names keep working."""
    metrics = made()
    families = {each.name: each for each in metrics.registry.collect()}
    for name, labels in PROMISED.items():
        assert name.removesuffix("_total") in families, name
        assert metrics.labels_of(name) == labels


def test_no_label_names_a_client_or_a_patient() -> None:
    """No metric is told apart by who sent a file or for whom."""
    metrics = made()
    for name in METRICS:
        assert not {"client", "sender", "patient"} & set(metrics.labels_of(name))


def test_it_observes_reception_and_doors() -> None:
    """Events of the doors end as numbers."""
    metrics = made()
    reception: ReceptionObserver = metrics
    door: SftpObserver = metrics.door("sftp")
    reception.deposit("https", "accepted", 20_000, 0.02)
    reception.deposit("https", "repeated", 20_000, 0.02)
    reception.limit("rate")
    door.connection_opened()
    door.connection_opened()
    door.connection_closed()
    door.login("key")
    door.rejection("backoff")
    door.algorithm("curve25519-sha256")

    value = metrics.registry.get_sample_value
    assert value("octway_deposit_bytes_total", {"channel": "https"}) == 20_000
    assert value("octway_deposit_accept_seconds_count", {"channel": "https"}) == 2
    assert value("octway_limit_rejections_total", {"limit": "rate"}) == 1
    assert value("octway_limit_rejections_total", {"limit": "sftp-backoff"}) == 1
    assert value("octway_doors_open_connections", {"channel": "sftp"}) == 1
    assert value("octway_sftp_logins_total", {"outcome": "key"}) == 1


def test_a_limit_shows_what_it_allows_and_what_is_used() -> None:
    """It can be seen coming: what is used is asked when somebody looks."""
    metrics, used = made(), [3]
    metrics.bounds([Bound("sftp-connections", 10, lambda: used[0])])
    used[0] = 9

    value, its = metrics.registry.get_sample_value, {"limit": "sftp-connections"}
    assert value("octway_limit_max", its) == 10
    assert value("octway_limit_current", its) == 9


def test_a_certificate_shows_the_time_it_has_left() -> None:
    """Ours and endpoints'; one that is there no more is not shown for ever."""
    metrics = made()
    metrics.certificates({"https": 60.0, "fund": 30.0})
    metrics.certificates({"https": 59.0})

    name, value = "octway_certificate_expiry_seconds", metrics.registry.get_sample_value
    assert value(name, {"subject": "https"}) == 59
    assert value(name, {"subject": "fund"}) is None


def test_what_is_gone_shows_zero() -> None:
    """A payer whose queue is empty again shows 0, not its last number."""
    metrics = made()
    metrics.refresh(Snapshot(taken_at=1.0, queue={"a": (3, 60.0), "b": (1, 5.0)}))
    metrics.refresh(Snapshot(taken_at=2.0, queue={"b": (2, 6.0)}))

    value = metrics.registry.get_sample_value
    assert value("octway_dispatch_queue_depth", {"payer": "a"}) == 0
    assert value("octway_dispatch_oldest_seconds", {"payer": "a"}) == 0
    assert value("octway_dispatch_queue_depth", {"payer": "b"}) == 2


def test_it_is_written_as_prometheus_reads_it() -> None:
    """The text form has the version, and a help line for each metric."""
    text = generate_latest(made().registry).decode()

    assert 'octway_build_info{version="1.2"} 1.0' in text
    for name in METRICS:
        assert f"# HELP {name}" in text or f"# HELP {name}_total" in text
