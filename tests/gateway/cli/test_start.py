"""What a start waits for before it is ready, and what it does not."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from gateway.late import PACKAGES, BrokenInstallation, must_be_there
from tests.gateway.cli.installation import Installation

NOT_BY_COMMANDS = {"numpy", "prometheus_client", "twisted.internet.reactor"}
NOT_AT_START = {
    *PACKAGES,
    "gateway.console",
    "gateway.journal.migrations",
    "gateway.notifications.chat",
    "gateway.notifications.letter",
    "gateway.notifications.mail",
    "gateway.notifications.webhook",
    "gateway.simulator.demo_setup",
    "protocols.mycarenet.simulation",
    "protocols.sesam.simulation",
}
_NODE = """
import json, os, sys
import gateway.cli.anomaly, gateway.cli.client, gateway.cli.trace
commands = list(sys.modules)
from gateway.cli.main import main
from gateway.service_manager import ServiceManager
def ready(self):
    print(json.dumps([commands, list(sys.modules)]), flush=True)
    os._exit(0)
ServiceManager.ready = ready
sys.exit(main(["run", "-c", sys.argv[1]]))
"""


def test_the_doors_do_not_wait_for_what_a_start_does_not_need(
    installed: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a node that takes work nor a command has loaded what nobody asked for."""
    for door in ("SFTP", "HTTPS", "OPERATIONS"):
        monkeypatch.setenv(f"OCTWAY_{door}__LISTEN", "127.0.0.1:0")
    done = subprocess.run(
        [sys.executable, "-c", _NODE, str(installed.config)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    commands, node = map(set, json.loads(done.stdout))
    assert {"gateway.doors", "twisted.conch", "numpy"} <= node
    assert sorted(NOT_AT_START & node) == []
    assert sorted((NOT_AT_START | NOT_BY_COMMANDS) & commands) == []


def test_a_start_names_a_package_that_is_missing() -> None:
    """A broken installation is refused at once, not by the first who needs the rest."""
    with pytest.raises(BrokenInstallation, match="nowhere_to_be_found cannot"):
        must_be_there(["json", "nowhere_to_be_found"])
    must_be_there()
