"""A payer directory with a mistake: told by `check`, and never put in force."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry
from twisted.internet.task import Clock
from twisted.logger import capturedLogs

from gateway.metrics import Metrics
from gateway.node import Node
from tests.gateway.cli.installation import Installation

IMPOSSIBLE = [
    (
        'kind = "payment"',
        'kind = "paymant"',
        "expects[1].kind: is 'paymant', which payers of sesam never give",
    ),
    (
        "[calendar]",
        "[[calendar.closed]]\nfirst = 2027-02-01\nlast = 2027-04-01\n[calendar]",
        "calendar.closed[0].first: leaves no working day for over 40 days",
    ),
    (
        "[calendar]",
        '[[remedy]]\ndo = "complain"\n[[remedy]]\ndo = "person"\n[calendar]',
        "remedy[0].do: is 'complain', which this payer does not support",
    ),
]


@pytest.mark.parametrize(("text", "wrong", "words"), IMPOSSIBLE)
def test_a_directory_that_cannot_be_kept_leaves_the_old_in_force(
    installed: Installation, text: str, wrong: str, words: str
) -> None:
    """File and line are told; a node that is told to reload goes on as before."""
    node = Node(
        settings=installed.house.settings,
        house=installed.house,
        metrics=Metrics(CollectorRegistry(), version="test"),
        reactor=Clock(),
        version="test",
    )
    before = installed.house.directory()
    file = installed.folder / "payers" / "msa-est.toml"
    held = file.read_text(encoding="utf-8")
    assert text in held
    file.write_text(held.replace(text, wrong, 1), encoding="utf-8")

    checked = installed.octway("check")
    assert checked.status == 2
    assert words in checked.err
    assert f"{file}:" in checked.err
    with capturedLogs() as logged:
        node.reload()
    assert [str(each.get("mistake", "")).count(words) for each in logged] == [1]
    assert installed.house.directory() is before
