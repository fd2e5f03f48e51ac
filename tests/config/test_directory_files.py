"""The payer directory: one folder, read whole, every mistake with its place."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from config import example_files
from config.directory_files import from_json
from config.directory_records import (
    Closed,
    CodeEntry,
    Expects,
    Retry,
    Window,
    Within,
)
from config.errors import ConfigErrors
from tests.config.folder import ENDPOINT, PAYER, mistakes, put, read

PLACES = {
    "host": "127.0.0.1",
    "port": 2022,
    "user": "octway",
    "key_file": "keys/k",
    "host_key": "ssh-ed25519 AAAA",
}


def test_a_short_file_has_sensible_defaults(folder: Path) -> None:
    """A payer needs a name, a code and an endpoint; the rest is given."""
    data = read(folder)
    (payer,) = data.payers
    assert (payer.id, payer.country, payer.time_zone) == ("a", "FR", "Europe/Paris")
    assert payer.codes == (CodeEntry("01001", None, None, None),)
    assert payer.flows == ("billing",)
    assert payer.enrolment is False
    assert payer.delivery.windows == ()
    assert payer.delivery.retry == Retry(30, 2, 3600, 259_200)
    assert payer.gather.wait == 0
    assert payer.calendar.country == "FR"
    (endpoint,) = data.endpoints
    assert (endpoint.id, endpoint.channel, endpoint.simulated) == (
        "shared",
        "sftp",
        False,
    )
    assert endpoint.settings["key_file"] == str(folder / "keys/k")
    assert "host" not in repr(endpoint)


def test_a_whole_file(folder: Path) -> None:
    """Everything that a payer may say arrives in its record."""
    text = PAYER.format(id="b", code="01002").replace('endpoint = "shared"\n', "")
    put(folder, "calendars/house.toml", 'country = "BE"\ncut_off = "15:00"\n')
    put(
        folder,
        "b.toml",
        text
        + """
[[code]]
code = "01009"
valid_from = 2001-01-01
valid_until = "2019-12-31"
successor = "01002"
[gather]
max_lots = 3
max_size = "2M"
wait = "5s"
[delivery]
windows = ["Mon-Fri 06:00-22:00"]
concurrency = 4
resend_same_number = true
retry = { first = "1s", factor = 1.5, max = "10s", give_up_after = "1h" }
[[expects]]
kind = "arl"
level = "lot"
within = "2 working days"
[[expects]]
kind = "payment"
level = "claim"
flow = "billing"
within = "20d"
grace = "1 working day"
[calendar]
use = "house"
weekend = "Sun"
open = [2026-12-25]
[[calendar.closed]]
first = 2026-08-01
last = 2026-08-15
why = "summer"
[endpoint]
channel = "folder"
simulated = true
""",
    )
    payer = {each.id: each for each in read(folder).payers}["b"]
    assert payer.codes[1] == CodeEntry(
        "01009", date(2001, 1, 1), date(2019, 12, 31), "01002"
    )
    assert payer.gather[:] == (3, 20_000, 2_000_000, 5.0)
    assert payer.delivery.windows == (Window((0, 1, 2, 3, 4), 360, 1320),)
    assert payer.delivery.retry == Retry(1, 1.5, 10, 3600)
    assert payer.delivery.resend_same_number
    assert payer.expects == (
        Expects("arl", "lot", "", Within(2, 0), Within(5, 0)),
        Expects("payment", "claim", "billing", Within(0, 1_728_000), Within(1, 0)),
    )
    assert payer.calendar.country == "BE"
    assert payer.calendar.cut_off == 900
    assert payer.calendar.weekend == (6,)
    assert payer.calendar.opened == (date(2026, 12, 25),)
    assert payer.calendar.closed == (
        Closed(date(2026, 8, 1), date(2026, 8, 15), "summer"),
    )
    assert payer.endpoint == "b"


def test_every_mistake_has_its_file_and_line(folder: Path) -> None:
    """All files are read to their end, and each line to mend is named."""
    put(
        folder,
        "b.toml",
        """\
[payer]
id = "B 1"
nme = "x"
network = "sesame"
time_zone = "Paris"
[[code]]
code = "01002"
valid_until = 2019-02-30x
""",
    )
    put(
        folder,
        "c.toml",
        """\
[payer]
id = "c"
name = "x"
network = "sesam"
country = "FR"
flows = ["billing"]
[[code]]
code = "01003"
valid_from = 2020-01-01
valid_until = 2019-01-01
[[code]]
code = "01004"
successor = "01005"
[rules]
regime = "99"
[gather]
max_lots = 0
[delivery]
windows = ["always"]
[delivery.retry]
factor = 0.5
max = "1s"
[[expects]]
kind = "arl"
level = "batch"
flow = "eligibility"
within = "soon"
[calendar]
use = "nowhere"
subdivision = "75"
weekend = "Sa"
cut_off = "18h"
open = ["noel"]
[[calendar.closed]]
first = 2026-12-26
last = 2026-12-24
""",
    )
    broken = mistakes(folder)
    assert len(broken) == 1
    assert broken[0].startswith("b.toml:8: is no valid TOML")

    text = (folder / "b.toml").read_text().replace("2019-02-30x", '"2019-02-30"')
    put(folder, "b.toml", text)
    assert mistakes(folder) == [
        "b.toml:4: payer.network: is 'sesame'; wanted one of sesam",
        "b.toml:2: payer.id: is 'B 1'; wanted small letters, digits and hyphens",
        "b.toml:1: payer.name: is missing; is 'nme' meant for it?",
        "b.toml:5: payer.time_zone: is 'Paris'; wanted a name such as Europe/Paris",
        "b.toml:8: code[0].valid_until: is '2019-02-30'; "
        "wanted a day such as 2026-11-30",
        "b.toml:3: payer.nme: is unknown; did you mean 'name'?",
        "c.toml:15: rules.regime: is '99'; wanted another",
        "c.toml:10: code[0].valid_until: is 2019-01-01, before valid_from 2020-01-01",
        "c.toml:13: code[1].successor: stands without valid_until; "
        "wanted the code's last day",
        "c.toml:17: gather.max_lots: is 0; wanted 1 or more",
        "c.toml:19: delivery.windows: is 'always'; "
        "wanted a window such as 'Mon-Fri 06:00-22:00'",
        "c.toml:21: delivery.retry.factor: is 0.5; wanted 1 or more",
        "c.toml:22: delivery.retry.max: is less than `first`; wanted at least as much",
        "c.toml:25: expects[0].level: is 'batch'; wanted one of dispatch, lot, claim",
        "c.toml:27: expects[0].within: is 'soon'; "
        "wanted a delay such as '2 working days' or '48h'",
        "c.toml:29: calendar.use: is 'nowhere', which no calendar file defines; "
        "known: be, ca, fr",
        *[each for each in mistakes(folder) if "calendar.subdivision" in each],
        "c.toml:31: calendar.weekend: is 'Sa'; "
        "wanted weekdays such as Mon-Fri or Mon,Sat",
        "c.toml:36: calendar.closed[0].last: is 2026-12-24, "
        "before the first day 2026-12-26",
        "c.toml:33: calendar.open: is 'noel'; wanted a day such as 2026-11-30",
        "c.toml:32: calendar.cut_off: is '18h'; wanted a time of day such as 06:30",
        "c.toml:26: expects[0].flow: is 'eligibility'; "
        "wanted one of the payer's flows: billing",
        "c.toml:13: code[1].successor: is '01005', which no payer of the network has",
    ]


def test_payers_are_checked_against_one_another(folder: Path) -> None:
    """Two payers cannot share an id, nor a code on the same day."""
    put(folder, "b.toml", PAYER.format(id="a", code="01001"))
    put(folder, "c.toml", PAYER.format(id="c", code="01003").replace("shared", "x"))
    assert mistakes(folder) == [
        "b.toml:2: payer.id: is 'a', as of 'A fund' too",
        "c.toml:5: payer.endpoint: is 'x', which no file defines; known: shared",
        "b.toml:7: code[0].code: is '01001', already taken on some of its days; "
        "wanted dates that do not overlap",
    ]


def test_a_code_may_change_hands(folder: Path) -> None:
    """The same code on other days is no clash."""
    put(
        folder,
        "a.toml",
        PAYER.format(id="a", code='01001"\nvalid_until = "2019-12-31'),
    )
    put(
        folder,
        "b.toml",
        PAYER.format(id="b", code='01001"\nvalid_from = "2020-01-01'),
    )
    assert len(read(folder).payers) == 2


def test_successors_must_end_somewhere(folder: Path) -> None:
    """A circle of mergers is refused, since nobody would answer."""
    ended = PAYER + "valid_until = 2019-12-31\nsuccessor = '{next}'\n"
    rules = '[rules]\nregime = "01"\n'
    for id, code, heir in (("b", "01002", "01003"), ("c", "01003", "01002")):
        text = ended.replace(rules, "").format(id=id, code=code, next=heir)
        put(folder, f"{id}.toml", text)
    found = mistakes(folder)
    assert [each.split(": ", 1)[0] for each in found] == ["b.toml:9", "c.toml:9"]
    assert "leads from '01002' back to itself" in found[0]


def test_rules_that_do_not_fit_together_are_named_with_their_table(
    folder: Path,
) -> None:
    """A network's word on the rules as a whole stands at their table."""
    text = PAYER.format(id="b", code="01002").replace('regime = "01"', 'regime = "98"')
    put(folder, "b.toml", text)
    assert mistakes(folder) == ["b.toml:8: rules: the rules do not fit together"]


def test_two_endpoints_for_one_payer_are_refused(folder: Path) -> None:
    """A payer names an endpoint or has its own, never both."""
    text = PAYER.format(id="b", code="01002")
    put(folder, "b.toml", text + '[endpoint]\nchannel = "mail"\n')
    assert mistakes(folder) == [
        "b.toml:10: endpoint: stands beside payer.endpoint; wanted only one of both",
        "b.toml:11: endpoint.channel: is 'mail'; wanted one of sftp, folder",
    ]


def test_tables_are_read_by_their_header(folder: Path) -> None:
    """A network's table is rows by column name; remarks and blank lines pass."""
    put(folder, "tables/sesam/t.csv", "# made by hand\na;b\n1; x \n\n2;é\n")
    rows = read(folder).tables["sesam"]["t"]
    assert rows == ({"a": "1", "b": "x"}, {"a": "2", "b": "é"})


def test_bad_tables_name_their_lines(folder: Path) -> None:
    """A row of another width, and a header that names nothing, are refused."""
    put(folder, "tables/sesam/t.csv", "a;b\n1\n")
    put(folder, "tables/sesam/u.csv", "a;a\n")
    (folder / "tables/sesam/v.csv").write_bytes(b"a;b\n\xe9;1\n")
    found = mistakes(folder)
    assert found[0] == (
        "tables/sesam/t.csv:2: has 1 columns; wanted 2 as in the header"
    )
    assert found[1].startswith("tables/sesam/u.csv:1: has a column without a name")
    assert found[2].startswith("tables/sesam/v.csv: cannot be read")


def test_a_table_of_an_unknown_network_is_refused(folder: Path) -> None:
    """A misspelt folder would leave a network without its table."""
    put(folder, "tables/sesame/t.csv", "a\n1\n")
    assert mistakes(folder) == [
        "tables/sesame/t.csv: belongs to no known network; known: sesam"
    ]


def test_a_missing_folder_is_a_mistake(tmp_path: Path) -> None:
    """The directory's path must lead somewhere."""
    with pytest.raises(ConfigErrors, match="is no folder"):
        read(tmp_path / "absent")


def test_a_version_is_made_again_from_the_journal(folder: Path) -> None:
    """What a decision was made with can be loaded years later, the same."""
    put(folder, "tables/sesam/t.csv", "a;b\n1;2\n")
    for name in example_files.names():
        if name.startswith("payers/"):
            put(
                folder, name.removeprefix("payers/"), example_files.render(name, PLACES)
            )
    data = read(folder)
    again = from_json(data.to_json(), folder)
    assert again == data
    assert again.version == data.version


def test_the_version_changes_with_the_content_only(folder: Path) -> None:
    """A remark changes nothing; a code does; another folder does not."""
    before = read(folder).version
    put(folder, "a.toml", "# remark\n" + (folder / "a.toml").read_text())
    assert read(folder).version == before
    put(folder, "other/a.toml", (folder / "a.toml").read_text())
    put(folder, "other/endpoints/shared.toml", ENDPOINT)
    assert read(folder / "other").version == before
    put(folder, "a.toml", PAYER.format(id="a", code="01009"))
    assert read(folder).version != before


def test_a_calendar_without_working_days_is_refused(folder: Path) -> None:
    """Nothing could ever be due, so the loader says so before a step does."""
    calendar = (
        '[calendar]\nweekend = "Mon-Sun"\n'
        "[[calendar.closed]]\nfirst = 2026-01-01\nlast = 2096-01-01\n"
    )
    put(folder, "b.toml", PAYER.format(id="b", code="01002") + calendar)
    assert mistakes(folder) == [
        "b.toml:11: calendar.weekend: is 'Mon-Sun'; "
        "wanted at least one day of work a week",
        "b.toml:14: calendar.closed[0].last: is 2096-01-01, "
        "over a year after 2026-01-01; wanted less",
    ]


def test_a_directory_calendar_wins_over_the_one_that_comes_along(
    folder: Path,
) -> None:
    """A correction of a country's calendar needs no release."""
    assert read(folder).payers[0].calendar.weekend == (5, 6)
    put(folder, "calendars/fr.toml", 'country = "FR"\nweekend = "Sun"\n')
    assert read(folder).payers[0].calendar.weekend == (6,)
