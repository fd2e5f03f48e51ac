"""What is shipped for an operator fits the program: units, containers, dashboard, rules."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from gateway.metric_catalogue import METRICS
from gateway.metrics import Metrics
from protocols.catalog import Catalog

DEPLOY: Final = Path(__file__).parent.parent / "deploy"
RULES: Final = DEPLOY / "prometheus" / "octway.rules.yml"
DASHBOARD: Final = json.loads((DEPLOY / "grafana" / "octway.json").read_text("utf-8"))
PANELS: Final = [each for each in DASHBOARD["panels"] if each["type"] != "row"]
COMPOSE: Final = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))

_OF_OTHERS: Final = frozenset({"up", "ALERTS", "vector"})  # Prometheus' own
_OF_PROMETHEUS: Final = frozenset({"instance", "job", "le", "__name__"})
_PARTS: Final = ("_bucket", "_sum", "_count")  # of a histogram
_METRIC: Final = re.compile(r"\b(octway[a-z_:0-9]*[a-z0-9])(?:\{([^}]*)\})?")
_LABEL: Final = re.compile(r"(\w+)\s*[=!]~?")
_BY: Final = re.compile(r"\bby \(([^)]*)\)")


@cache
def rules() -> list[dict[str, str]]:
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> Iterator[tuple[str, str]]:
    """Give every expression that is shipped, with the name of who uses it."""
    for panel in PANELS:
        for each in panel["targets"]:
            yield panel["title"], each["expr"]
    for each in DASHBOARD["annotations"]["list"]:
        yield each["name"], each["expr"]
    for rule in rules():
        yield rule.get("alert") or rule["record"], rule["expr"]


def labels_of(name: str) -> frozenset[str]:
    """Return by what a metric is told apart; raises where there is none."""
    recorded = {each["record"] for each in rules() if "record" in each}
    if name in recorded:
        return frozenset({"payer", "flow", "after"})
    for part in ("", *_PARTS):
        whole = name.removesuffix(part)
        if name.endswith(part) and whole in METRICS:
            return frozenset(Metrics.labels_of(whole))
    raise AssertionError(f"{name} is no metric of the program, nor recorded by a rule")


def test_metrics_and_labels_in_rules_and_dashboard_exist() -> None:
    """Nothing is drawn, and no alert waits, for what the program never says."""
    for where, expression in expressions():
        bare = re.sub(r'"[^"]*"', '""', expression)
        known = set(_OF_PROMETHEUS)
        found = _METRIC.findall(bare)
        for name, selectors in found:
            labels = labels_of(name)
            known |= labels
            unknown = set(_LABEL.findall(selectors)) - labels - _OF_PROMETHEUS
            assert not unknown, (where, name)
        for group in _BY.findall(bare):
            assert {each.strip() for each in group.split(",")} <= known, where
        others = _OF_OTHERS & set(re.findall(r"\w+", bare))
        assert found or others, where


def test_prometheus_can_read_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    """Each one, with Grafana's variables put in, is one that it takes as a rule."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed here (Debian: prometheus)")
    made = [
        {"record": f"dashboard:{number}", "expr": prepared(expression)}
        for number, (_, expression) in enumerate(expressions())
    ]
    file = tmp_path / "dashboard.rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": made}]}))
    done = subprocess.run(
        [promtool, "check", "rules", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def prepared(expression: str) -> str:
    """Put values in for Grafana's variables, as it does."""
    return (
        expression.replace("$__rate_interval", "1m")
        .replace("$payer|", ".*|")
        .replace("$payer", ".*")
    )


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    """Each panel has its place, its source and its words; none lies on another."""
    assert DASHBOARD["uid"] == "octway"
    assert DASHBOARD["schemaVersion"] >= 36
    ids = [each["id"] for each in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    variables = {each["name"] for each in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(DASHBOARD["panels"])))
    assert used - variables == {"__rate_interval"}
    for panel in PANELS:
        assert panel["type"] in {"stat", "timeseries", "table", "state-timeline"}
        assert panel["description"].endswith(".")
        assert panel["datasource"]["uid"] == "${datasource}"
        letters = [each["refId"] for each in panel["targets"]]
        assert len(letters) == len(set(letters)) > 0
        assert panel["fieldConfig"]["defaults"]["unit"]


def test_alerts_that_panels_name_exist() -> None:
    """A description that tells of an alert tells of one that is in the rules."""
    alerts = {each["alert"] for each in rules() if "alert" in each}
    named = set(re.findall(r"\bOctway[A-Z]\w+", json.dumps(PANELS)))
    assert named
    assert named <= alerts


def test_the_stack_mounts_files_that_are_there() -> None:
    """Rules, dashboard and provisioning are the ones that are shipped and tested."""
    for name, service in COMPOSE["services"].items():
        for each in service["volumes"]:
            source, target = each.split(":")[:2]
            if source.startswith("."):
                assert (DEPLOY / source).exists(), (name, source)
            else:
                assert source in COMPOSE["volumes"]
                assert target.startswith("/")
    grafana = DEPLOY / "grafana" / "provisioning"
    (board,) = yaml.safe_load((grafana / "dashboards/octway.yml").read_text())[
        "providers"
    ]
    mounted = [each.split(":")[1] for each in COMPOSE["services"]["grafana"]["volumes"]]
    assert any(each.startswith(board["options"]["path"]) for each in mounted)
    (source,) = yaml.safe_load((grafana / "datasources/prometheus.yml").read_text())[
        "datasources"
    ]
    assert source["url"] == "http://prometheus:9090"
    scraped = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    (job,) = scraped["scrape_configs"]
    assert job["job_name"] == "octway"  # as OctwayDown and the dashboard expect
    assert job["static_configs"] == [{"targets": ["gateway:9464"]}]
    assert (DEPLOY / "prometheus" / scraped["rule_files"][0]).exists()


@pytest.mark.parametrize("name", ["gateway", "prepare"])
def test_containers_of_the_program_have_no_power(name: str) -> None:
    """Read-only root, no capability, no new privileges, no password in the file."""
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["environment"]["PGPASSWORD"].startswith("${OCTWAY_DB_PASSWORD:?")
    assert all("9464" not in each for each in service.get("ports", []))


def test_the_image_holds_what_the_program_is_made_of() -> None:
    """Every package that is installed is copied, and the image is run by nobody special."""
    text = (DEPLOY / "Dockerfile").read_text()
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())
    for pattern in project["tool"]["setuptools"]["packages"]["find"]["include"]:
        package = pattern.removesuffix("*")
        assert f"COPY {package} {package}\n" in text
    assert "\nUSER octway\n" in text
    assert text.rindex("USER octway") > text.rindex("RUN ")
    assert "sftp" in Catalog.installed().channel_names  # entry points come with it


def unit(name: str) -> dict[str, list[str]]:
    """Read the settings of a unit."""
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / "systemd" / name).read_text().splitlines():
        key, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize("door", ["sftp", "https"])
def test_a_socket_unit_names_its_door(door: str) -> None:
    """The program finds the socket by that name, and the service wants it."""
    socket = unit(f"octway-{door}.socket")
    assert socket["FileDescriptorName"] == [door]
    assert socket["Service"] == ["octway.service"]
    assert f"octway-{door}.socket" in unit("octway.service")["Requires"][0]


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say, and finds little to harden."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed here")
    for each in (DEPLOY / "systemd").iterdir():
        text = each.read_text().replace("/opt/octway/.venv/bin/octway", "/bin/true")
        (tmp_path / each.name).write_text(text)
    names = sorted(str(each) for each in tmp_path.iterdir())
    checked = run(analyze, "verify", "--man=no", *names)
    assert checked.returncode == 0, checked.stderr
    assert "octway" not in checked.stderr, checked.stderr
    scored = run(
        analyze, "security", "--offline=true", "--threshold=20",
        str(tmp_path / "octway.service"),
    )  # fmt: skip
    assert scored.returncode == 0, scored.stdout[-400:] + scored.stderr


def run(*command: str) -> subprocess.CompletedProcess[str]:
    environ: dict[str, Any] = {"PATH": "/usr/bin:/bin", "SYSTEMD_COLORS": "0"}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=environ
    )
