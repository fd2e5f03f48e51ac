"""Which network a command means: the one named, else the only one there may be."""

from __future__ import annotations

import pytest

from gateway.cli.network_names import one_of
from gateway.cli.refusal import Refusal
from tests.gateway.cli.installation import Installation

KNOWN = ("mycarenet", "sesam")


def test_one_that_is_named_is_taken() -> None:
    """Whatever seems likely."""
    assert one_of("sesam", KNOWN, ["mycarenet"]) == "sesam"


def test_the_only_likely_one_need_not_be_named() -> None:
    """A directory with payers of one network is enough."""
    assert one_of(None, KNOWN, ["sesam"]) == "sesam"


@pytest.mark.parametrize(
    ("named", "likely", "words"),
    [
        ("ramq", ["sesam"], "no network 'ramq' for this; wanted one of mycarenet, s"),
        (None, KNOWN, "may be mycarenet or sesam: name the network with --network"),
        (None, [], "may be mycarenet or sesam: name the network with --network"),
    ],
)
def test_what_cannot_be_told_is_asked_for(
    named: str | None, likely: list[str], words: str
) -> None:
    """Nothing is guessed, and the names that there are, are said."""
    with pytest.raises(Refusal, match=words):
        one_of(named, KNOWN, likely)


def test_a_sender_is_noted_in_the_network_of_the_directory(
    installed: Installation,
) -> None:
    """Only one is there, so nobody has to say it; a name that is none is refused."""
    add = ("client", "sender", "add", "alpha", "275968535")
    assert installed.octway(*add).status == 0
    assert "sesam" in installed.octway("client", "show", "alpha").out
    wrong = installed.octway(*add, "--network", "nowhere")
    assert wrong.status == 2
    assert "there is no network 'nowhere'" in wrong.err
