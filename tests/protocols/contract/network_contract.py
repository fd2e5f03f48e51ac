"""What every network promises to who shows, explains and imports things."""

from __future__ import annotations

import io
import re
from datetime import date
from random import Random

import pytest

from config.card_data import CARD_DATA
from protocols.interface import Network
from protocols.payer_finder import NOBODY
from routing.envelope import Severity

DAY = "2026-03-09"
NONSENSE = (b"", b"hello\nworld\n", b"\x00\xff\xfe" * 100, b";;;;\n" * 3)


class NetworkContract:
    """Subclass it with the fixtures `network` and `code`, a code of one of its payers."""

    def test_formats_are_its_own_and_have_a_title(self, network: Network) -> None:
        """Names are dotted and stable; a newcomer is told what each format is."""
        for format, title in network.titles.items():
            assert format.startswith(f"{network.name}.")
            assert len(title.split()) > 3

    def test_what_it_makes_has_a_title(self, network: Network, code: str) -> None:
        """A sample is recognised as a billing file that it can put into words."""
        into = io.BytesIO()
        network.sample(
            code, {}, rng=Random(1), day=DAY, sender="", lots=1, claims=2, into=into
        )
        format = network.recognise(into.getvalue()[:4096])

        assert format in network.titles
        assert not network.is_return(format or "")

    def test_nothing_of_a_file_is_hidden(self, network: Network, code: str) -> None:
        """The records that are shown, put together, are the file again."""
        into = io.BytesIO()
        network.sample(
            code, {}, rng=Random(2), day=DAY, sender="", lots=2, claims=5, into=into
        )
        content = into.getvalue()
        shown = network.show(
            io.BytesIO(content), network.recognise(content[:4096]) or ""
        )

        assert "".join(each.as_it_stands() for each in shown) == content.decode(
            "latin-1"
        )

    @pytest.mark.parametrize("head", NONSENSE)
    def test_nonsense_is_nobodys(self, network: Network, head: bytes) -> None:
        """What is no file of the network is not taken for one."""
        assert network.recognise(head) is None

    def test_problems_are_explained_once(self, network: Network) -> None:
        """Each code has one severity and a sentence, and is a name for programs."""
        codes = [
            each.code for kinds in network.file_problems.values() for each in kinds
        ]

        assert len(set(codes)) == len(codes)
        for kinds in network.file_problems.values():
            for each in kinds:
                assert re.fullmatch(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*", each.code)
                assert each.severity in set(Severity)
                assert each.words

    @pytest.mark.parametrize("content", NONSENSE)
    def test_a_table_that_is_none_holds_nothing(
        self, network: Network, content: bytes
    ) -> None:
        """An importer never raises, and no payer comes out of nonsense."""
        for name, importer in network.importers.items():
            found = importer(content)

            assert re.fullmatch(r"[a-z][a-z0-9-]*", name)
            assert (found.rows, found.payers) == (0, ())

    def test_a_card_of_nobody_is_not_read(self, network: Network) -> None:
        """Whatever it says is no error; cards of the tables lead to codes of payers."""
        assert network.read_card({}, {}, date(2026, 3, 9)) is None
        for name in CARD_DATA:
            card = dict.fromkeys(("regime", "fund", name), "\x00Ümläut?")
            found = network.read_card(card, {}, date(2026, 3, 9))
            assert found is None or not any(map(network.check_code, found.codes))
        for row in network.card_rows({}):
            assert network.check_code(row.code) == ""
            assert set(row.data) <= {*CARD_DATA, "valid_from", "valid_until"}

    @pytest.mark.parametrize("content", NONSENSE)
    def test_a_table_is_known_by_its_shape_and_its_rows_by_keys(
        self, network: Network, content: bytes
    ) -> None:
        """Nonsense has no shape; what is taken over can be compared row by row."""
        assert network.table_of(content) == ""
        assert set(network.importers) <= set(network.table_keys)

    def test_a_payer_is_found_in_no_table(self, network: Network) -> None:
        """Whatever is told, a finder says why there is none, and what was looked at."""
        if network.payer_finder is not None:
            told = dict.fromkeys(network.payer_finder.asks, "é?")
            found = network.payer_finder.find(
                told | {"unknown": "x"}, day=date(2026, 11, 2), tables={}
            )

            assert (found.outcome, found.code) == (NOBODY, "")
            assert "octway payer import" in found.words

    @pytest.mark.parametrize("content", NONSENSE)
    def test_labels_are_told_of_any_code_and_read_from_no_nonsense(
        self, network: Network, content: bytes
    ) -> None:
        """Nothing that is asked is an error; a list that is none has faults."""
        if network.labels is not None:
            text = content.decode("latin-1")
            found = network.labels.explain(text, ())
            read = network.labels.read(text)

            assert found.label["en"]
            assert not found.known
            assert read.faults
            assert re.fullmatch(r"[a-z][a-z0-9-]*", network.labels.table)

    def test_a_payers_code_is_told_from_nonsense(
        self, network: Network, code: str
    ) -> None:
        """The right one passes; what is wrong with another is said in words."""
        assert network.check_code(code) == ""
        assert "wanted" in network.check_code("no code at all")
