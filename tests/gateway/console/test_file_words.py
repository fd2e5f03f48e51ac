"""What is shown of a file is French for who reads French, and what is wrong with it too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from io import BytesIO
from random import Random

import pytest

from config.cause_files import known_causes
from gateway.console.written import in_language, layout_in_language
from protocols.catalog import Catalog
from protocols.interface import Network
from protocols.mycarenet.codes import known
from protocols.mycarenet.problems import read_data
from protocols.mycarenet.rules import RULINGS
from protocols.records import load_layouts

_LAYOUTS = resources.files("protocols") / "layouts"
_NAMES = sorted(
    each.name.removesuffix(".csv")
    for each in _LAYOUTS.iterdir()
    if each.name.endswith(".csv") and not each.name.endswith("_meanings.csv")
)
_NETWORKS = {"sesam": "01751", "mycarenet": "300"}
_ENGLISH = re.compile(
    r"\b(the|is|are|of|and|holds?|expected|wanted|says|an|with|that|which|not|put)\b"
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


def untold(words: str | None) -> bool:
    """Say whether a sentence, or a part of it, stayed English."""
    return words is None or bool(_ENGLISH.search(_QUOTED.sub("", words)))


@pytest.mark.parametrize("name", _NAMES)
def test_records_fields_and_codes_of_a_layout_are_french(name: str) -> None:
    """With the zone beside the title, as Belgian files show it, too."""
    shown = set()
    for layout in load_layouts(name).values():
        shown.add(layout.title)
        for each in layout.fields:
            shown |= {
                each.title,
                f"{each.title} (zone 12, 13)",
                *each.meanings.values(),
            }
    assert [each for each in shown if untold(layout_in_language("fr", each))] == []


def sentences() -> Iterator[str]:
    """Yield what the networks' data says to people."""
    for network in Catalog.installed().networks():
        for cause in known_causes(network.name).values():
            yield from (cause.words, cause.advice)
    for code in known().values():
        yield from (code.label["en"], code.advice)
    for ruling in RULINGS.values():
        yield from (ruling.words, ruling.advice)
    yield from (row["wanted"] for row in read_data("rules"))
    yield from (row["words"] for row in read_data("care_rules"))


def test_causes_codes_and_advice_are_french() -> None:
    """What a payer's code means, what mends it, what a number may be used for now."""
    assert {each for each in sentences() if in_language("fr", each) is None} == set()


def test_each_format_says_what_it_is_in_french() -> None:
    """As the page of records begins."""
    titles = [
        words
        for network in Catalog.installed().networks()
        for words in network.titles.values()
    ]
    assert [each for each in titles if untold(layout_in_language("fr", each))] == []


def spoilt(network: Network, code: str) -> Iterator[bytes]:
    """Yield billing files with something wrong: cut, doubled, other characters."""
    rng = Random(5)
    made = BytesIO()
    network.sample(
        code, {}, rng=rng, day="2026-11-18", sender="", lots=2, claims=3, into=made
    )
    whole = made.getvalue()
    yield from (whole[: len(whole) // 2], whole[128:], whole + whole, whole[:-350])
    for _ in range(150):
        content = bytearray(whole)
        for _ in range(rng.choice((1, 1, 3, 30))):
            at = rng.randrange(200, len(content))
            content[at] = rng.choice(b"XA0 019\xe9?-+")
        yield bytes(content)
    for _ in range(30):
        at = rng.randrange(len(whole))
        yield whole[:at] + whole[at + rng.choice((1, 10, 128, 350)) :]


@pytest.mark.parametrize("name", _NETWORKS)
def test_what_is_wrong_with_a_file_is_french(name: str) -> None:
    """Whatever the reader of a network finds, in whole sentences."""
    network = Catalog.installed().network(name)
    found = set()
    for content in spoilt(network, _NETWORKS[name]):
        format = network.recognise(content[:4096])
        if format is None:
            continue
        reading = network.read(BytesIO(content), format)
        for lot in reading.lots():
            found |= {each.message for each in lot.problems}
        found |= {each.message for each in reading.summary().problems}
    assert len(found) > 50
    assert sorted(each for each in found if untold(in_language("fr", each))) == []
