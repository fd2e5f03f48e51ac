"""A vendor's test client provokes every answer, and never meets anything real."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from sqlalchemy import update

from config.sandbox_file import Outcome, sandbox
from gateway.journal import report_balance, schema, snapshot, verify_accounts
from gateway.simulator.sandbox_channel import Sandboxed
from protocols.catalog import Catalog
from protocols.channels.interface import Channel
from routing.sandbox import Scoped
from routing.sandbox import read as scoped
from tests.gateway.cli.installation import Installation, Said
from tests.gateway.simulator.sandbox import CODES, REAL, TEST, SandboxSite

_LONG: Final = 1500.0  # seconds: longer than anything late takes in the sandbox
_NETWORKS: Final = sorted(CODES)
_OUTCOMES: Final = {each.name: each for each in sandbox().outcomes}
_PAID: Final = {"paid"}


class Became(NamedTuple):
    """What became of a file: its one lot and claim, and what its client was given."""

    lot: Any
    claim: Any
    answers: list[Any]
    owed: set[str]
    attempts: int
    dispatch: str
    returns: list[Any]

    @property
    def account(self) -> str:
        """Where the claim stands."""
        return str(self.claim.account or self.lot.account)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    made = Installation(tmp_path_factory.mktemp("sandbox") / "octway")
    made.close()
    return made.folder, made.made


def copied(template: tuple[Path, Said], folder: Path) -> SandboxSite:
    origin, said = template
    shutil.copytree(origin, folder / "octway")
    return SandboxSite(folder / "octway", said)


@pytest.fixture
def site(template: tuple[Path, Said], tmp_path: Path) -> Iterator[SandboxSite]:
    made = copied(template, tmp_path)
    yield made
    made.at.close()


@pytest.fixture(scope="module", params=_NETWORKS)
def lived(
    request: pytest.FixtureRequest,
    template: tuple[Path, Said],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Mapping[str, Became]]:
    """Send one file for each row of the table, restart in between, and wait long."""
    site = copied(template, tmp_path_factory.mktemp("lived"))
    network = request.param
    deposits = {"paid": site.deposit(site.bill(network))}
    for name, outcome in _OUTCOMES.items():
        deposits[name] = site.deposit(site.bill(network, outcome.number))
    site.live(90.0)
    site.restart()
    site.live(_LONG)
    yield {name: became(site, deposit) for name, deposit in deposits.items()}
    site.at.close()


def became(site: SandboxSite, deposit: str) -> Became:
    (lot,) = site.rows(schema.lot, schema.lot.c.deposit_id == deposit)
    (claim,) = site.rows(schema.claim, schema.claim.c.lot_id == lot.id)
    answers = site.rows(schema.answer, schema.answer.c.lot_id == lot.id)
    owed = site.rows(schema.expectation, schema.expectation.c.lot_id == lot.id)
    (dispatch,) = site.rows(schema.dispatch, schema.dispatch.c.id == lot.dispatch_id)
    given = {each.handback_id for each in answers}
    return Became(
        lot=lot,
        claim=claim,
        answers=answers,
        owed={each.state for each in owed},
        attempts=dispatch.attempts,
        dispatch=dispatch.state,
        returns=site.rows(schema.handback, schema.handback.c.id.in_(given)),
    )


@pytest.mark.parametrize(
    "name", ["paid", "late", "unreadable-return", "payer-unreachable"]
)
def test_what_is_paid_in_the_end(lived: Mapping[str, Became], name: str) -> None:
    """In time or late, after a cut return or two failed attempts: all of it is paid."""
    found = lived[name]
    assert (found.account, found.claim.paid) == ("paid", found.claim.asked)
    assert found.attempts == (2 if name == "payer-unreachable" else 0)
    assert found.returns


def test_a_handover_that_is_unclear_is_asked_about(lived: Mapping[str, Became]) -> None:
    """The payer has it: it is not sent twice, and paid."""
    found = lived["handover-unclear"]
    assert (found.account, found.attempts) == ("paid", 0)


@pytest.mark.parametrize(
    "name", ["rejected-patient", "rejected-rights", "rejected-prescription"]
)
def test_an_invoice_is_rejected_with_its_code(
    lived: Mapping[str, Became], name: str
) -> None:
    """The client's return says why, by the code of the table."""
    found = lived[name]
    (answer,) = (each for each in found.answers if each.level == "claim")
    codes = {
        each.simulation.reasons[_OUTCOMES[name].reason]
        for each in _simulations()
        if each.simulation is not None
    }
    assert (found.account, found.claim.paid) == ("rejected", 0)
    assert any(code in answer.remarks for code in codes)


def test_an_invoice_is_paid_in_part(lived: Mapping[str, Became]) -> None:
    """Four fifths of it, to a cent a line."""
    found = lived["partly-paid"]
    assert found.account == "partly-paid"
    assert 0.75 < found.claim.paid / found.claim.asked < 0.81


def test_a_lot_is_refused(lived: Mapping[str, Became]) -> None:
    """As a whole, and its client has the return that says so."""
    found = lived["lot-refused"]
    assert (found.lot.state, found.account) == ("answered", "rejected")
    assert found.returns


def test_an_answer_that_never_comes_is_missing(lived: Mapping[str, Became]) -> None:
    """Nothing comes back, and the gateway has seen it; the same without payment."""
    silent, unpaid = lived["no-answer"], lived["no-payment"]
    assert silent.answers == []
    assert silent.owed <= {"open", "late", "missing"}
    assert unpaid.account in {"acknowledged", "missing"}
    assert "missing" in unpaid.owed
    assert unpaid.returns


def test_an_answer_comes_twice_and_counts_once(lived: Mapping[str, Became]) -> None:
    """The client has both returns; the invoice is paid once."""
    found = lived["answered-twice"]
    assert (found.account, found.claim.paid) == ("paid", found.claim.asked)
    assert sum(each.repeated for each in found.answers) >= 2
    assert len(found.returns) == len(found.answers)


def test_a_file_that_is_refused_waits_for_a_person(lived: Mapping[str, Became]) -> None:
    """The lot stays where it is."""
    found = lived["file-refused"]
    assert (found.lot.state, found.dispatch) == ("gathered", "refused")


def test_an_unknown_reference_is_never_given_to_another(
    lived: Mapping[str, Became],
) -> None:
    """It is tied to the very invoice by what else is known, not by its key, or to none."""
    found = lived["unknown-reference"]
    tied = [each.rule for each in found.answers if each.outcome == "paid"]
    assert "exact" not in tied
    assert found.claim.paid == (found.claim.asked if tied else 0)


def _simulations() -> list[Any]:
    return list(Catalog.installed().networks())


def test_the_amount_chooses_where_the_number_does_not() -> None:
    """The number is looked at first; an amount of 41 cents rejects as 941 does."""
    table = sandbox()
    assert table.outcome("000123941", 1000).name == "rejected-patient"
    assert table.outcome("000123001", 1041).name == "rejected-patient"
    assert table.outcome("000123954", 1041).name == "late"
    assert table.outcome("", 1000).name == "paid"


def test_no_two_rows_are_chosen_alike() -> None:
    """Every ending is of one row, and every row that rejects has a reason."""
    rows: list[Outcome] = list(sandbox().outcomes)
    assert len({each.number for each in rows}) == len(rows)
    assert len({each.amount for each in rows}) == len(rows)
    for each in _simulations():
        assert {row.reason for row in rows if row.reason} <= set(
            each.simulation.reasons
        )


@pytest.mark.parametrize("network", _NETWORKS)
def test_a_test_lot_never_meets_a_real_one(site: SandboxSite, network: str) -> None:
    """The same file of both clients: neither a repeat, nor gathered, nor sent together."""
    content = site.bill(network)
    real_seen: list[str] = []

    def real(endpoint: str) -> Channel:
        real_seen.append(endpoint)
        raise AssertionError(endpoint)

    site.deposit(content)
    if network == "sesam":
        site.deposit(content, REAL)
    site.live(300.0)

    for lot in site.rows(schema.lot):
        test = lot.client_id == TEST
        assert lot.cause == ""
        assert (scoped(lot.network) is not None) == test
        assert (scoped(lot.payer_id) is not None) == test
    members = {row.dispatch_id: row for row in site.rows(schema.dispatch_lot)}
    assert len(members) == len(site.rows(schema.lot))
    inside = Sandboxed(site.at.house, real)
    for dispatch in site.rows(schema.dispatch):
        if scoped(dispatch.payer_id) is not None:
            assert dispatch.number == 1
            inside(dispatch.endpoint_id).check()
    assert real_seen == []
    remote = site.at.folder / "remote"
    sent = [each for each in remote.glob("*/in/*") if each.is_file()]
    assert len(sent) == (1 if network == "sesam" else 0)
    assert {each.network for each in site.rows(schema.handback)} == {network}


def test_two_test_clients_do_not_meet(site: SandboxSite) -> None:
    """Each has payers of its own: one's files are no repeats of the other's."""
    site.open("bolt-test", test=True)
    content = site.bill("sesam")
    site.deposit(content)
    site.deposit(content, "bolt-test")
    site.live(300.0)
    assert {row.payer_id for row in site.rows(schema.dispatch)} == {
        Scoped(client, "caisse-nord").name for client in (TEST, "bolt-test")
    }
    assert {row.state for row in site.rows(schema.lot)} == {"answered"}


def test_nothing_of_a_sandbox_is_counted_as_real(site: SandboxSite) -> None:
    """Neither cohorts, nor gauges, nor the balance, nor what is to be done."""
    for ending in ("001", "952", "951"):
        site.deposit(site.bill("sesam", ending))
    site.live(600.0)
    house = site.at.house
    empty = snapshot.Snapshot(taken_at=0.0)
    counted = house.database.read(
        snapshot.count, site.at.time, house.directory(), empty
    )
    taken = house.database.read(snapshot.take, site.at.time, counted)
    assert site.rows(schema.cohort) == []
    assert site.rows(schema.anomaly)
    assert (taken.expectations, taken.anomalies, taken.queue) == ({}, {}, {})
    assert (taken.circuits, taken.waiting, taken.imbalance) == ({}, {}, 0)
    ends = site.at.time + 1
    assert house.database.read(report_balance.read, 0.0, ends) == []
    lines = house.database.read(report_balance.read, 0.0, ends, sandbox=True)
    assert {line.client for line in lines} == {TEST}
    assert not any(report_balance.total(lines))


def test_the_books_of_a_sandbox_are_proved_too(site: SandboxSite) -> None:
    """`octway verify` derives the accounts of test clients from their files anew."""
    for network in _NETWORKS:
        site.deposit(site.bill(network))
    site.live(900.0)
    house = site.at.house
    verdict = house.database.read(
        verify_accounts.accounts, house.payloads, house.networks, lambda *_: None
    )
    assert verdict.breaks == ()


def test_lots_of_both_worlds_cannot_be_one_dispatch(site: SandboxSite) -> None:
    """Even a lot whose payer was changed by hand does not leave for a real endpoint."""
    site.deposit(site.bill("sesam"))
    site.at.work("split", "route")
    site.at.house.database.write(
        "spoil",
        lambda tx: tx.connection.execute(
            update(schema.lot).values(payer_id="caisse-nord")
        ),
    )
    with pytest.raises(ValueError, match="sandbox"):
        site.at.work("gather")
    assert site.rows(schema.dispatch) == []
