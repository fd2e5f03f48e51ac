"""What reject codes mean is data, read with every mistake told."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.cause_files import known_causes, read_causes
from config.errors import ConfigErrors
from routing.cause import cause_of, roots
from routing.envelope import Remark


def test_belgian_consequences_are_told_from_causes() -> None:
    """R500118 and every x0119 come with another code, which is the cause."""
    known = known_causes("mycarenet")
    assert len(known) >= 40
    consequences = {code for code, cause in known.items() if cause.consequence}
    others = {"300119", "400119", "510119", "520119"}
    assert consequences == {"500118", "500119"} | others
    told = [Remark(code, "") for code in ("R500119", "R500545", "R500118", "R500545")]
    assert [each.code for each in roots(told, known)] == ["R500545"]
    assert [each.code for each in roots(told[:1], known)] == ["R500119"]
    assert roots([], known) == []
    found = cause_of("R500545", known)
    assert found is not None
    assert found is cause_of("500545", known)


def test_codes_of_simulated_payers_say_so() -> None:
    """Nothing pretends to be a real payer's code."""
    known = known_causes("sesam")
    assert known.keys() >= {"SIM1", "SIM5", "SIM9"}
    assert all(cause.simulated for cause in known.values())


def test_a_network_without_a_file_has_no_causes() -> None:
    """Its codes are told with the payer's own labels."""
    assert known_causes("none") == {}


def test_every_mistake_is_told(tmp_path: Path) -> None:
    """With file, line and key."""
    file = tmp_path / "net.toml"
    file.write_text('[A]\nwords = "w"\nadvise = "x"\n[B]\nwords = 1\nadvice = "a"\n')
    with pytest.raises(ConfigErrors) as caught:
        read_causes(file)
    text = str(caught.value)
    assert "A.advice" in text
    assert "A.advise" in text
    assert "B.words" in text
