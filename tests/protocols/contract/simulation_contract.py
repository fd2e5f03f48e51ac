"""What every network's simulation promises to the demo and to the study."""

from __future__ import annotations

import io
import json
import tomllib
from datetime import date
from functools import partial
from random import Random

import pytest
from attrs import evolve

from protocols.interface import Network
from protocols.sending import Addressee, LotPart
from protocols.simulated_payer import Faults
from protocols.simulation import (
    Decided,
    Order,
    SentLot,
    SimulatedPayer,
    Simulation,
    Spoilt,
    Told,
)
from routing.envelope import AnswerSeen, Level, LotSeen, Outcome, Summary

DAY = "2026-03-09"
MERGERS = 60
PLACE = {"host": "host.example", "port": 22, "key_file": "key", "host_key": "ssh-x AA"}


class SimulationContract:
    """Subclass it with the fixture `network`, a network that brings a simulation."""

    @pytest.fixture
    def simulation(self, network: Network) -> Simulation:
        assert network.simulation is not None
        return network.simulation

    @pytest.fixture
    def order(self, simulation: Simulation) -> Order:
        code = simulation.profiles[0].code
        return Order(
            sender=simulation.sender(Random(1)),
            code=code,
            rules=simulation.rules(code),
            lots=2,
            claims=3,
            day=DAY,
            file=7,
            first_lot=11,
            first_claim=100_001,
        )

    def test_invented_senders_are_right_and_repeatable(
        self, network: Network, simulation: Simulation
    ) -> None:
        """The same dice invent the same; each belongs to the network."""
        rng = Random(3)
        many = [simulation.sender(rng) for _ in range(20)]

        assert simulation.sender(Random(1)) == simulation.sender(Random(1))
        assert {each.network for each in many} == {network.name}
        assert len({network.normal_sender(each.number) for each in many}) > 15

    def test_a_vendors_file_is_what_was_ordered(
        self, network: Network, simulation: Simulation, order: Order
    ) -> None:
        """Valid in every style, with the lots' keys known before it is made."""
        for style in ("", *simulation.styles):
            content = simulation.bill(Random(5), evolve(order, style=style))
            lots, summary = read(network, content)
            who = {network.normal_sender(lot.sender) for lot in lots}

            assert content == simulation.bill(Random(5), evolve(order, style=style))
            assert summary.valid, summary.problems
            assert all(lot.valid for lot in lots)
            assert [len(lot.claims) for lot in lots] == [3, 3]
            assert [lot.match_key for lot in lots] == [
                simulation.lot_key(order.sender, DAY, number) for number in (11, 12)
            ]
            assert who == {network.normal_sender(order.sender.number)}
            for lot in lots:
                assert order.code in network.payer_codes(lot.destination, {})

    def test_a_document_is_named_after_its_claim(
        self, network: Network, simulation: Simulation, order: Order
    ) -> None:
        """Where a network has documents: by its sender, and by itself what it says it is."""
        documents = network.attachments
        assert bool(simulation.documents) is (documents is not None)
        if documents is None:
            return
        lots, _ = read(network, simulation.bill(Random(5), order))
        name, content = simulation.document(
            Random(5), order.sender, lot=order.first_lot, claim=order.first_claim
        )
        about = documents.about(name)
        assert about is not None
        assert network.normal_sender(about.sender) == network.normal_sender(
            lots[0].sender
        )
        assert documents.recognise(content)

    @pytest.mark.parametrize("how", list(Spoilt))
    def test_a_spoilt_file_is_recognised_and_refused(
        self, network: Network, simulation: Simulation, order: Order, how: Spoilt
    ) -> None:
        """Wherever it was spoilt, the reader finds an error and knows the format."""
        good = simulation.bill(Random(5), order)
        for seed in range(8):
            bad = simulation.spoil(good, how, Random(seed))
            lots, summary = read(network, bad)

            assert not (summary.valid and all(lot.valid for lot in lots))

    def test_every_code_can_be_in_a_directory(
        self, network: Network, simulation: Simulation
    ) -> None:
        """Payers, what was merged into them, and nobody: all right, all different."""
        codes = [each.code for each in simulation.profiles] + [
            simulation.merged_code(merger, index)
            for merger in range(MERGERS if simulation.merges else 0)
            for index, _ in enumerate(simulation.profiles)
        ]

        assert len(set(codes)) == len(codes)
        assert simulation.nobody not in codes
        for code in (*codes, simulation.nobody):
            assert not network.check_code(code)
            assert not list(network.check_rules(simulation.rules(code)))
        assert not list(network.check_emitter(simulation.emitter))

    def test_its_answers_are_those_of_the_network(
        self, network: Network, simulation: Simulation
    ) -> None:
        """Each is a kind that the network's payers may owe, in their order."""
        kinds = [(each.kind, each.level) for each in network.answer_kinds]
        given = [(each.kind, each.level) for each in simulation.answers]

        assert given == [each for each in kinds if each in given]
        assert all(each.within > 0 < each.demo_within for each in simulation.answers)

    def test_what_was_composed_is_read_at_the_payers_side(
        self, network: Network, simulation: Simulation, order: Order
    ) -> None:
        """A payer sees the lots that were sent, and tells a number that comes again."""
        files = composed(network, simulation, order)
        sent = lots_of(simulation, files)

        assert [lot.key for lot in sent] == [
            simulation.lot_key(order.sender, DAY, number) for number in (11, 12)
        ]
        assert [lot.claims for lot in sent] == [3, 3]
        assert {network.normal_sender(lot.sender) for lot in sent} == {
            network.normal_sender(order.sender.number)
        }
        assert files == composed(network, simulation, order)

    def test_every_answer_is_read_and_meant_for_what_was_sent(
        self, network: Network, simulation: Simulation, order: Order
    ) -> None:
        """Valid returns of the kind that was wanted; all that was sent is in them."""
        lots, _ = read(network, simulation.bill(Random(5), order))
        sent = lots_of(simulation, composed(network, simulation, order))
        told = [Told(lot) for lot in sent]
        wanted = {lot.match_key for lot in lots}
        claims = {claim.match_key for lot in lots for claim in lot.claims}
        for each in simulation.answers:
            keys = answered(network, simulation, each.kind, told)

            assert all(
                any(key.startswith(each) for each in keys) for key in wanted
            ) or (keys >= claims)

    def test_what_was_decided_is_what_the_answer_says(
        self, network: Network, simulation: Simulation, order: Order
    ) -> None:
        """One claim rejected, one lowered, one paid: told so, of those claims."""
        (lot, *_), _ = read(network, simulation.bill(Random(5), order))
        (sent, *_) = lots_of(simulation, composed(network, simulation, order))
        decided = [Decided(0, "unknown-patient"), Decided(80, "price"), Decided()]
        (file,) = simulation.answer(
            simulation.answers[-1].kind,
            [Told(sent, decided=decided)],
            number=1,
            day=date.fromisoformat(DAY),
        )
        said = {
            key: answer
            for answer in answers_in(network, file.content)
            for key in answer.match_keys
            if answer.level is Level.CLAIM
        }
        keys = [claim.match_key for claim in lot.claims]
        outcomes = [said[key].outcome if key in said else "paid" for key in keys]
        assert outcomes == ["rejected", "partly-paid", "paid"]
        lowered = said[keys[1]].paid / lot.claims[1].asked
        assert lowered == pytest.approx(0.8, abs=0.01)

    def test_a_whole_lot_is_refused(
        self, network: Network, simulation: Simulation, order: Order
    ) -> None:
        """By the first answer that can, and every reason that all networks share has a code."""
        (sent, *_) = lots_of(simulation, composed(network, simulation, order))
        (file,) = simulation.answer(
            simulation.refuses,
            [Told(sent, refused=True)],
            number=1,
            day=date.fromisoformat(DAY),
        )
        (said,) = answers_in(network, file.content)
        assert (said.level, said.outcome) == (Level.LOT, Outcome.REJECTED)
        assert set(simulation.reasons) == {
            "unknown-patient",
            "no-rights",
            "no-prescription",
            "price",
        }

    def test_an_altered_answer_misses_what_was_sent(
        self, network: Network, simulation: Simulation, order: Order
    ) -> None:
        """Every way to spoil numbers leaves a valid return that ties to less."""
        sent = lots_of(simulation, composed(network, simulation, order))
        kind = simulation.answers[-1].kind
        right = answered(network, simulation, kind, [Told(lot) for lot in sent])
        for way in simulation.alterations:
            told = [Told(lot, way) for lot in sent]

            assert answered(network, simulation, kind, told) != right

    def test_no_two_files_of_a_payer_have_one_name(
        self, network: Network, simulation: Simulation, order: Order
    ) -> None:
        """Numbers and kinds are told apart by the names."""
        sent = lots_of(simulation, composed(network, simulation, order))
        names = [
            file.name
            for each in simulation.answers
            for number in (1, 2)
            for file in simulation.answer(
                each.kind,
                [Told(lot) for lot in sent],
                number=number + 2 * simulation.answers.index(each),
                day=date.fromisoformat(DAY),
            )
        ]

        assert len(set(names)) == len(names)

    def test_a_payer_of_the_demo_decides_alike_when_asked_again(
        self, network: Network, simulation: Simulation, order: Order
    ) -> None:
        """It remembers what it took, through JSON too, and delivers that anew."""
        content, *_ = composed(network, simulation, order)
        payer = simulation.payer(order.code, Faults())
        first = list(payer.respond(content, rng=Random(1), day=DAY))
        seen = json.loads(json.dumps(payer.seen))
        kept = simulation.payer(order.code, Faults(), seen)
        again = list(kept.repeat(content, rng=Random(2), day=DAY))

        assert first
        assert [each.content for each in first] == [each.content for each in again]
        assert {each.kind for each in first} <= {e.kind for e in simulation.answers}
        assert simulation.answers[-1].kind in {each.kind for each in first}
        for lot in simulation.read_sent(content).lots:
            assert payer.has(lot.key)
            assert kept.has(lot.key)
        assert not payer.has("another")
        for each in first:
            format = network.recognise(each.content[:4096])
            assert format is not None
            assert network.is_return(format)

    def test_a_payer_knows_whom_it_registered(self, simulation: Simulation) -> None:
        """Whoever was registered is known."""
        code = simulation.profiles[0].code
        payer: SimulatedPayer = simulation.payer(code, Faults(unknown_sender=1.0))
        sender = simulation.sender(Random(1)).number
        payer.register(sender)

        assert payer.knows(sender)

    def test_the_demos_payers_are_files_of_the_directory(
        self, network: Network, simulation: Simulation
    ) -> None:
        """Each says that it is simulated, and is reached at the place that was given."""
        files = simulation.demo_files(PLACE)
        payers = {
            name.removesuffix(".toml"): tomllib.loads(text)
            for name, text in files.items()
            if name.endswith(".toml") and "/" not in name
        }
        shared = {
            name.removeprefix("endpoints/").removesuffix(".toml"): tomllib.loads(text)
            for name, text in files.items()
            if name.startswith("endpoints/")
        }

        assert payers
        for id, payer in payers.items():
            assert (payer["payer"]["id"], payer["payer"]["network"]) == (
                id,
                network.name,
            )
            endpoint = payer.get("endpoint") or shared[payer["payer"]["endpoint"]]
            assert endpoint["simulated"] is True
            assert endpoint["settings"]["host"] == PLACE["host"]
            if simulation.open_host is None:
                assert endpoint["settings"]["user"] == id
            assert not list(network.check_rules(payer.get("rules", {})))
            codes = [each["code"] for each in payer["code"]]
            assert not any(network.check_code(code) for code in codes)
            assert simulation.nobody not in codes


def read(network: Network, content: bytes) -> tuple[list[LotSeen], Summary]:
    """Read a vendor's file."""
    format = network.recognise(content[:4096])
    assert format is not None
    assert not network.is_return(format)
    reading = network.read(io.BytesIO(content), format)
    lots = list(reading.lots())
    return lots, reading.summary()


def composed(network: Network, simulation: Simulation, order: Order) -> list[bytes]:
    """Bill as ordered, and compose it for its payer: a file for each batch of lots."""
    bill = simulation.bill(Random(5), order)
    lots, _ = read(network, bill)
    batches: dict[str, list[LotPart]] = {}
    for lot in lots:
        content = bill[lot.offset : lot.offset + lot.length]
        part = LotPart(
            open=partial(io.BytesIO, content),
            sender=lot.sender,
            number=lot.number,
            claims=len(lot.claims),
        )
        batches.setdefault(lot.destination.get("batch", ""), []).append(part)
    return [
        _composed(network, simulation, order, parts, number)
        for number, parts in enumerate(batches.values(), 1)
    ]


def _composed(
    network: Network,
    simulation: Simulation,
    order: Order,
    parts: list[LotPart],
    number: int,
) -> bytes:
    into = io.BytesIO()
    network.compose(
        parts,
        addressee=Addressee(payer="payer", code=order.code, rules=order.rules),
        emitter=simulation.emitter,
        number=number,
        day=DAY,
        into=into,
    )
    return into.getvalue()


def lots_of(simulation: Simulation, files: list[bytes]) -> list[SentLot]:
    """Read what was sent at its payer's side."""
    read = [simulation.read_sent(file) for file in files]
    assert len({each.ident for each in read}) == len(read)
    return [lot for each in read for lot in each.lots]


def answered(
    network: Network, simulation: Simulation, kind: str, told: list[Told]
) -> set[str]:
    """Write answers of a kind; return the keys that they hold, read as returns."""
    found: set[str] = set()
    for file in simulation.answer(kind, told, number=4, day=date.fromisoformat(DAY)):
        format = network.recognise(file.content[:4096])
        assert format is not None
        assert network.is_return(format)
        reading = network.read_return(io.BytesIO(file.content), format)
        assert reading.kind == kind
        for answer in reading.answers():
            found.update(answer.match_keys)
        assert reading.summary().valid, reading.summary().problems
    return found


def answers_in(network: Network, content: bytes) -> list[AnswerSeen]:
    """Read a valid return, answer by answer."""
    format = network.recognise(content[:4096])
    assert format is not None
    reading = network.read_return(io.BytesIO(content), format)
    found = list(reading.answers())
    assert reading.summary().valid, reading.summary().problems
    return found
