"""The fault file of a study: what it may say, and how its mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import ConfigErrors
from gateway.simulator.study_faults import Faults, read_faults
from tests.gateway.simulator.study import IDS

CONTRACT = """
[mix]
lost_in_transit   = 0.08
misrouted         = 0.05
not_enrolled      = 0.07
return_lost       = 0.05
return_altered    = 0.03
refused_silently  = 0.01
never_answered    = 0.01
[also]
late              = 0.10
doubled           = 0.02
out_of_order      = 0.02
[payers."*"]
enrolment_days = 10
outage_days    = []
"""


def read(folder: Path, text: str) -> Faults:
    file = folder / "mix.toml"
    file.write_text(text, encoding="utf-8")
    return read_faults(file, IDS)


def test_the_default_mix_is_the_one_that_was_promised(tmp_path: Path) -> None:
    """A study without a file has the shares of the contract: 30 % are lost."""
    default = read_faults(None, IDS)

    assert default == read(tmp_path, CONTRACT)
    assert sum(default.mix.values()) == pytest.approx(0.30)


def test_a_share_that_is_not_named_is_none(tmp_path: Path) -> None:
    """A file says all that goes wrong, so an empty one is a world without faults."""
    found = read(tmp_path, "")

    assert set(found.mix.values()) | set(found.also.values()) == {0.0}


def test_a_payers_own_table_wins_over_the_one_for_all(tmp_path: Path) -> None:
    """What a payer's table does not say is as for all."""
    found = read(
        tmp_path,
        '[payers."*"]\nenrolment_days = 3\noutage_days = [7]\n'
        "[payers.caisse-sud]\nenrolment_days = 20\n",
    )

    assert found.of_payer("caisse-sud").enrolment_days == 20
    assert found.of_payer("caisse-sud").outage_days == {7}
    assert found.of_payer("caisse-nord").enrolment_days == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[mix]\nmisrouted = 1.5", "mix.toml:2: mix.misrouted: is 1.5; wanted a share"),
        ("[mix]\nlost = 0.1", "mix.toml:2: mix.lost: is unknown"),
        (
            "[mix]\nmisrouted = 0.6\nreturn_lost = 0.5",
            "mix.toml:1: mix: holds shares that add up to 1.1; wanted 1 at most",
        ),
        ("[mix]\nmisrouted = nan", "mix.toml:2: mix.misrouted: is nan; wanted a share"),
        ("[also]\nlate = true", "mix.toml:2: also.late: is True; wanted a number"),
        (
            "[payers.caisse-sued]\nenrolment_days = 1",
            "mix.toml:1: payers.caisse-sued: is unknown; did you mean 'caisse-sud'?",
        ),
        (
            '[payers."*"]\noutage_days = [1, -2]',
            "mix.toml:2: payers.*.outage_days: is [1, -2]; wanted a list of days",
        ),
        (
            '[payers."*"]\nenrolment_days = -1',
            "mix.toml:2: payers.*.enrolment_days: is -1; wanted 0 or more",
        ),
        ("[mix\n", "mix.toml:1: is no valid TOML"),
        ("late = 0.1", "mix.toml:1: late: is unknown here; it belongs into [also]"),
        ("misrouted = 0.1", "misrouted: is unknown here; it belongs into [mix]"),
        ("[mix]\nlate = 0.1", "mix.late: is unknown here; it belongs into [also]"),
        ("[mix]\nfoo = 0.1", "mix.foo: is unknown; wanted some of lost_in_transit, "),
        ("[payers.foo]\n", "payers.foo: is unknown; wanted some of *, caisse-nord, "),
        ("[caisse-nord]\n", "is unknown here; it belongs into [payers.caisse-nord]"),
        ("x = " + "[" * 20_000, "mix.toml:1: is nested too deeply"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    """Every mistake names file, line and key, and what was wanted."""
    with pytest.raises(ConfigErrors) as caught:
        read(tmp_path, text)

    assert told in str(caught.value)


def test_shares_that_are_all_there_is_are_allowed(tmp_path: Path) -> None:
    """Decimal shares that make 1 are no mistake because of their last digit."""
    found = read(
        tmp_path, "[mix]\n" + "\n".join(f"{name} = {share}" for name, share in ALL)
    )

    assert sum(found.mix.values()) == pytest.approx(1.0)


ALL = (
    ("lost_in_transit", 0.7),
    ("misrouted", 0.1),
    ("return_lost", 0.1),
    ("never_answered", 0.1),
)
