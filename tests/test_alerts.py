"""The alerts that are shipped are rules that Prometheus takes, and they fire when they should."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

RULES = Path(__file__).parent.parent / "deploy" / "prometheus"
PROMTOOL = shutil.which("promtool")

pytestmark = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not installed here (Debian: prometheus)"
)


def promtool(*arguments: str) -> str:
    """Run promtool where the rules are; what it says of a failure is shown."""
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, *arguments],
        cwd=RULES,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def test_prometheus_takes_the_rules() -> None:
    """Every expression is one that it can read."""
    assert "SUCCESS" in promtool("check", "rules", "octway.rules.yml")


@pytest.mark.parametrize("name", sorted(each.name for each in RULES.glob("*.test.yml")))
def test_alerts_fire_when_they_should(name: str) -> None:
    """Quiet when all is well, told in time, and with what to do."""
    assert "SUCCESS" in promtool("test", "rules", name)
