"""The example payers as the demo hurries them."""

from __future__ import annotations

import tomllib

import pytest

from config import example_files
from gateway.simulator.demo_payers import hurried
from protocols.sesam.simulation import SIMULATION

PAYERS = [
    name
    for name in example_files.names()
    if name.startswith("payers/") and name.endswith(".toml")
]
PLACES = {"host": "h", "port": 22, "user": "u", "key_file": "k", "host_key": "x"}


@pytest.mark.parametrize("name", PAYERS)
def test_only_what_takes_days_is_hurried(name: str) -> None:
    """A payer of the demo is the example but for how soon it answers and is chased."""
    text = example_files.render(name, PLACES)
    before, after = (
        tomllib.loads(text),
        tomllib.loads(hurried(text, SIMULATION.answers)),
    )
    expects = after.pop("expects")
    retry = after["delivery"].pop("retry")
    chased = {key: after.pop(key) for key in ("desk", "playbook", "remedy")}
    for key in ("expects", "desk", "playbook", "remedy"):
        before.pop(key, None)
    before["delivery"].pop("retry", None)

    assert after == before
    assert [each["within"] for each in expects] == ["6s", "10s"]
    assert all(each["wait"].endswith("s") for each in chased["remedy"])
    assert retry == {"first": "2s", "max": "10s"}


def test_a_comment_goes_with_the_table_that_it_speaks_of() -> None:
    """Nothing stays behind that speaks of deadlines which are not there."""
    text = (
        '# of a\n[a]\nx = 1\n\n# of deadlines\n[[expects]]\nkind = "arl"\n# of b\n[b]\n'
    )
    kept = hurried(text, SIMULATION.answers)

    assert kept.startswith("# of a\n[a]\nx = 1\n# of b\n[b]\n")
    assert "of deadlines" not in kept
