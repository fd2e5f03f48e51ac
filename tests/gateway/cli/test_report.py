"""`octway report`: what a person reads of rates, delays, balances and remedies."""

from __future__ import annotations

import csv
import shlex
from pathlib import Path

import pytest
from sqlalchemy import insert

from gateway.committing import Tx
from gateway.journal import schema
from gateway.journal.cohorts import Cohort
from tests.gateway.cli.installation import Installation, lines_with


def count(installed: Installation, sent_on: str, *answers: tuple[int, int]) -> None:
    """Count ten claims that were sent on a day, and answers so many days after."""
    cohort = Cohort("caisse-nord", "billing", "payment", sent_on)

    def write(tx: Tx) -> None:
        tx.count(cohort, 10, 10_000)
        tx.count(cohort._replace(kind="arl"), 1, 10_000)
        for after, claims in answers:
            tx.count(cohort._replace(after=after), claims, claims * 1000)

    installed.house.database.write("count", write)


@pytest.fixture
def answered(installed: Installation) -> Installation:
    """An installation of which a payer has answered some, some late, some never."""
    count(installed, "2026-09-07", (3, 6), (9, 1), (40, 2))
    count(installed, "2026-09-08", (3, 5))
    count(installed, "2026-11-16", (1, 9))
    return installed


@pytest.mark.parametrize("report", ["no-response", "delays", "balance", "remedies"])
def test_nothing_to_report_is_said_and_explained(
    installed: Installation, report: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty report is a sentence; the help of each has an example."""
    said = installed.octway("report", report)
    assert said.status == 0
    assert said.out.startswith(("no", "nothing"))
    assert installed.octway("report", report, "--help", bare=True).status == 0
    assert f"example:\n  octway report {report}" in capsys.readouterr().out
    assert installed.octway("report", report, "--json").status == 0


def test_the_rate_counts_what_was_answered_by_its_age(answered: Installation) -> None:
    """An answer on day 40 is none after 30 days; what is young is said, not counted."""
    said = answered.octway("report", "no-response", "--by", "day")
    assert "40.0 % of 20 claims had no closing answer 30 days" in said.out
    assert "10 claims are younger than 30 days and not counted yet" in said.out
    count(answered, "2026-11-18")
    today = answered.octway("report", "no-response", "--after", "0")
    assert "10 claims were sent on a day that is not over" in today.out
    facts = answered.octway("report", "no-response", "--after", "45", "--json").facts
    assert facts["total"]["unanswered"] == 6
    assert facts["total"]["low"] < 0.3 < facts["total"]["high"]
    assert facts["groups"] == [{"name": "caisse-nord", **facts["total"]}]


def test_a_rate_goes_into_a_sheet_and_a_picture(
    answered: Installation, tmp_path: Path
) -> None:
    """CSV has a row for each group, the plot a line; both are named when written."""
    sheet, plot = tmp_path / "rate.csv", tmp_path / "rate.svg"
    more = f"--by month --csv {sheet} --plot {plot}"
    said = answered.octway("report", "no-response", *shlex.split(more))
    assert f"written: {plot}" in said.err
    with sheet.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["month"], row["sent"], row["young"]) for row in rows] == [
        ("2026-09", "20", "0"),
        ("2026-11", "0", "10"),
    ]
    assert plot.read_bytes().count(b"<polyline") == 1


def test_a_day_that_is_none_is_refused(installed: Installation) -> None:
    """It says which word, and what was wanted."""
    said = installed.octway("report", "no-response", "--from", "yesterday")
    assert said.status == 2
    assert "'yesterday' is no day; wanted one as 2026-11-24" in said.err


def test_delays_are_told_with_where_they_are_known_from(
    installed: Installation,
) -> None:
    """Quantiles in working days; with little known, the contract stands beside."""
    for day in range(1, 21):
        count(installed, f"2026-09-{day:02}", (3, 5), (4, 1))
    said = installed.octway("report", "delays")
    (line,) = lines_with(said.out, "caisse-nord", "payment")
    assert "120" in line
    assert "its own answers, or the contract if that is later" in line
    (found,) = [
        each
        for each in installed.octway("report", "delays", "--json").facts["delays"]
        if each["learned"]
    ]
    assert found["learned"]["quantiles"]["0.5"] < found["learned"]["late_after"]


def test_the_balance_tells_where_every_claim_stands(installed: Installation) -> None:
    """Opening, in, out and closing of each account; all of them add up to nothing."""
    installed.deposit("one.b2", installed.billing_file(lots=1, invoices=3))
    installed.work()
    day = "2026-11-18"
    facts = installed.octway("report", "balance", "--day", day, "--json").facts
    by_account = {line["account"]: line for line in facts["lines"]}
    assert facts["total"] == {"claims": 0, "cents": 0}
    assert by_account["outside"]["closing_claims"] == -3
    assert by_account["dispatched"]["closing_claims"] == 3
    assert by_account["received"]["in_claims"] == by_account["received"]["out_claims"]
    said = installed.octway("report", "balance", "--day", day)
    assert "all accounts add up to nothing, as they must" in said.out
    after = installed.octway("report", "balance", "--day", "2026-11-19", "--json").facts
    stands = {line["account"]: line for line in after["lines"]}
    assert stands["dispatched"]["opening_claims"] == 3
    assert stands["dispatched"]["in_claims"] == 0
    assert "received" not in stands


def test_the_balance_of_all_fits_a_screen(installed: Installation) -> None:
    """One line for each account; --each and CSV have every client and payer."""
    installed.octway("client", "add", "beta", "--name", "Beta")
    for number, client in enumerate(("alpha", "beta"), 1):
        content = installed.billing_file(lots=1, invoices=3, number=number)
        installed.deposit(f"{client}.b2", content, client=client)
    installed.work()
    said = installed.octway("report", "balance", "--day", "2026-11-18")
    (line,) = lines_with(said.out, "dispatched")
    assert line.split()[1:5] == ["0", "6", "0", "6"]
    assert "--each" in said.out.splitlines()[-1]
    each = installed.octway("report", "balance", "--day", "2026-11-18", "--each")
    assert len(lines_with(each.out, "dispatched", "caisse-nord")) == 2


def test_a_balance_is_of_a_day_of_a_zone(installed: Installation) -> None:
    """A zone that there is none of is refused; another's day is another day."""
    assert installed.octway("report", "balance", "--zone", "Mars/Base").status == 2
    installed.deposit("one.b2", installed.billing_file(lots=1, invoices=3))
    installed.work("split")
    earlier = installed.octway("report", "balance", "--day", "2026-11-17")
    assert "no claim had come in by the end of 2026-11-17 (UTC)" in earlier.out


def test_remedies_are_told_by_what_they_brought(installed: Installation) -> None:
    """Tries and claims by payer and remedy; what waits is no try that brought nothing."""
    installed.deposit("one.b2", installed.billing_file(lots=1, invoices=3))
    installed.work()

    def write(tx: Tx) -> None:
        dispatch = tx.connection.execute(schema.dispatch.select()).one()
        lot = tx.connection.execute(schema.lot.select()).one()
        for at, (state, brought) in enumerate(
            [("brought", 2), ("nothing", 0), ("tried", 0)]
        ):
            tx.connection.execute(
                insert(schema.remedy),
                {
                    "id": f"r{at}",
                    "lot_id": lot.id,
                    "dispatch_id": dispatch.id,
                    "payer_id": "caisse-nord",
                    "flow": "billing",
                    "kind": "ask-return",
                    "state": state,
                    "brought": brought,
                    "at": tx.now,
                },
            )

    installed.house.database.write("remedies", write)
    (row,) = installed.octway("report", "remedies", "--json").facts["remedies"]
    assert row == {
        "payer": "caisse-nord",
        "remedy": "ask-return",
        "tried": 3,
        "brought": 1,
        "claims": 2,
        "nothing": 1,
        "failed": 0,
        "waiting": 1,
        "denied": 0,
    }
    said = installed.octway("report", "remedies", "--from", "2026-11-18")
    assert "3 tries brought the answers of 2 claims" in said.out
    later = installed.octway("report", "remedies", "--from", "2027-01-01")
    assert "no remedy was tried" in later.out


@pytest.mark.parametrize(
    "command",
    [
        "report no-response",
        "report delays",
        "report balance",
        "report remedies",
        "enrol list",
        "anomaly list",
    ],
)
def test_a_payer_that_nobody_knows_is_refused_with_the_nearest_names(
    installed: Installation, command: str
) -> None:
    """A mistyped name is told, and is not taken for one of which all is well."""
    for name, told in (
        ("caise-nord", "did you mean caisse-nord"),
        ("nobody", "there are: "),
    ):
        said = installed.octway(*command.split(), "--payer", name)
        assert said.status == 2
        assert f"--payer: there is no payer {name!r}; {told}" in said.err
    known = installed.octway(*command.split(), "--payer", "caisse-nord")
    assert known.status == 0
    assert "fit" in known.out or "nothing is learned" in known.out


def test_a_payer_of_the_journal_is_known_though_the_directory_lost_it(
    answered: Installation,
) -> None:
    """Its past can be told for as long as it is kept."""
    (answered.folder / "payers" / "caisse-nord.toml").unlink()
    said = answered.octway("report", "no-response", "--payer", "caisse-nord")
    assert "40.0 % of 20 claims" in said.out


def test_what_was_sent_is_told_before_anything_is_ripe(
    installed: Installation,
) -> None:
    """The column says what left, though no rate can be told of it yet."""
    count(installed, "2026-11-16", (1, 9))
    said = installed.octway("report", "no-response")
    assert lines_with(said.out, "caisse-nord   ", "10 ", "        10")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("no-response --after -1", "--after: '-1' is no count"),
        ("no-response --after 9999999", "'9999999' is no count"),
        ("no-response --from 2026-11-02 --to 2026-11-01", "comes after --to"),
        ("remedies --from 2026-11-02 --to 2026-11-01", "comes after --to"),
        ("no-response --plot x.png", "'x.png': plots are SVG only"),
    ],
)
def test_a_question_that_means_nothing_is_refused(
    installed: Installation, command: str, told: str
) -> None:
    """It is not answered with a report of nothing."""
    said = installed.octway("report", *command.split())
    assert said.status == 2
    assert told in said.err


@pytest.mark.parametrize("report", ["no-response", "balance", "remedies"])
def test_a_sheet_needs_the_name_of_a_file(
    installed: Installation,
    report: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No file called `-` comes to be."""
    monkeypatch.chdir(tmp_path)
    said = installed.octway("report", report, "--csv", "-")
    assert said.status == 2
    assert "'-' is no file; wanted a name" in said.err
    assert not list(tmp_path.glob("-"))


def test_completeness_tells_what_became_of_a_month(
    installed: Installation, tmp_path: Path
) -> None:
    """The page and the sheet say the same as the terminal; an empty month says so."""
    installed.octway("client", "add", "alpha")
    installed.deposit("a.b2", installed.billing_file(lots=2))
    installed.work()
    installed.answer()
    installed.work()
    page, sheet = tmp_path / "r.html", tmp_path / "r.csv"
    asked = ("report", "completeness", "--client", "alpha", "--month")

    said = installed.octway(
        *asked, "2026-11", "--html", str(page), "--csv", str(sheet), "--language", "fr"
    )

    assert said.status == 0
    assert lines_with(said.out, "claims", "4")
    assert lines_with(said.out, "caisse-nord", "0.0 %")
    assert '<html lang="fr">' in page.read_text(encoding="utf-8")
    lines = list(csv.DictReader(sheet.read_text(encoding="utf-8").splitlines()))
    assert [line["claims"] for line in lines] == ["4", "4"]
    told = installed.octway(*asked, "2026-11", "--json").facts
    assert told["total"]["claims"] == 4
    assert "deposited nothing" in installed.octway(*asked, "2026-10").out
    wrong = installed.octway(*asked, "November")
    assert (wrong.status, "no month" in wrong.err) == (2, True)
