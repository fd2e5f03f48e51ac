"""A payer that promises what nobody could keep is refused, with file and line."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from config.directory_files import from_json
from config.directory_records import Deadline, Outage
from tests.config.folder import mistakes, put, put_payer, read


@pytest.mark.parametrize(
    ("profile", "found"),
    [
        (
            '[[expects]]\nkind = "arrl"\nlevel = "lot"\nwithin = "48h"\n',
            "b.toml:11: expects[0].kind: is 'arrl', which payers of sesam never give; "
            "wanted one of: arl of a lot, payment of a claim",
        ),
        (
            '[[expects]]\nkind = "payment"\nlevel = "lot"\nwithin = "48h"\n',
            "b.toml:12: expects[0].level: is 'lot', but each payment of sesam speaks of "
            "a claim; wanted that",
        ),
        (
            '[[expects]]\nkind = "arl"\nlevel = "lot"\nwithin = "0h"\n',
            "b.toml:13: expects[0].within: is no time at all; wanted a delay that can "
            "be met",
        ),
        (
            '[[expects]]\nkind = "arl"\nlevel = "lot"\nwithin = "2h"\n'
            '[[expects]]\nkind = "arl"\nlevel = "lot"\nflow = "billing"\nwithin = "3h"\n',
            "b.toml:15: expects[1].kind: is 'arl' of a lot for a flow that has it "
            "already; wanted each answer once",
        ),
        (
            '[[expects]]\nkind = "payment"\nlevel = "claim"\nwithin = "1 working day"\n'
            '[[expects]]\nkind = "arl"\nlevel = "lot"\nwithin = "2 working days"\n',
            "b.toml:13: expects[0].within: is '1 working day': its payment would be due "
            "before the arl that comes first (2 working days); wanted it later",
        ),
        (
            '[[expects]]\nkind = "payment"\nlevel = "claim"\nwithin = "24h"\n[[expects]]\n'
            'kind = "arl"\nlevel = "lot"\nby = "08:00 next day"\ncut_off = "22:00"\n',
            "b.toml:13: expects[0].within: is '24h': its payment would be due before the "
            "arl that comes first (08:00 next day); wanted it later",
        ),
        (
            '[[expects]]\nkind = "arl"\nlevel = "lot"\nby = "08:00 same day"\n',
            "b.toml:13: expects[0].by: is '08:00 same day', before the day's last "
            "sendings come; wanted a cut_off before that time, or a later day",
        ),
        (
            '[[expects]]\nkind = "arl"\nlevel = "lot"\nby = "8 next day"\n',
            "b.toml:13: expects[0].by: is '8 next day'; wanted a time and a day such as "
            "'08:00 next day', '18:00 same day' or '12:00 after 2 working days'",
        ),
        (
            '[[expects]]\nkind = "arl"\nlevel = "lot"\nby = "08:00 next day"\n'
            'within = "4h"\n',
            "b.toml:14: expects[0].within: stands beside `by`; wanted only one of both",
        ),
        (
            '[[expects]]\nkind = "arl"\nlevel = "lot"\nwithin = "4h"\n'
            'cut_off = "22:00"\n',
            "b.toml:14: expects[0].cut_off: stands without `by`; wanted both, or the "
            "calendar's",
        ),
        (
            "[[calendar.closed]]\nfirst = 2026-07-01\nlast = 2026-07-31\n"
            "[[calendar.closed]]\nfirst = 2026-08-03\nlast = 2026-08-20\n",
            "b.toml:11: calendar.closed[0].first: leaves no working day for over 40 days "
            "around 2026-07-01, so nothing could be due; wanted some day of work (list "
            "it under `open`), or the payer's code to end",
        ),
        (
            "[[calendar.closed]]\nfirst = 2026-07-01\nlast = 2026-07-05\n"
            "[[calendar.closed]]\nfirst = 2026-07-05\n",
            "b.toml:14: calendar.closed[1].first: is 2026-07-05, and the days from "
            "2026-07-01 to 2026-07-05 are closed already; wanted each day closed once",
        ),
        (
            "[[calendar.outage]]\nfrom = 2027-03-08T16:00:00\nto = 2027-03-08T08:00:00\n",
            "b.toml:12: calendar.outage[0].to: is 2027-03-08 08:00:00, not after its "
            "beginning 2027-03-08 16:00:00",
        ),
        (
            "[[calendar.outage]]\nfrom = 2027-03-08T08:00:00Z\nto = 2027-03-09\n",
            "b.toml:11: calendar.outage[0].from: is '2027-03-08 08:00:00+00:00'; wanted "
            "a day and a time of the payer's clock such as 2026-11-30T08:00:00, without "
            "an offset",
        ),
        (
            '[[remedy]]\ndo = "resend"\n[[remedy]]\ndo = "person"\n',
            "b.toml:11: remedy[0].do: is 'resend', which this payer does not support; "
            "wanted delivery.resend_same_number, or 'status' in desk.answers, or "
            "another remedy",
        ),
        (
            '[[remedy]]\ndo = "complain"\n[[remedy]]\ndo = "person"\n',
            "b.toml:11: remedy[0].do: is 'complain', which this payer does not support; "
            "wanted 'complaint' in desk.answers, or another remedy",
        ),
        (
            '[[remedy]]\ndo = "look-again"\n',
            "b.toml:11: remedy[0].do: is 'look-again'; wanted 'person' as the last "
            "remedy and only there",
        ),
        (
            '[[remedy]]\ndo = "look-again"\nmost = 3\nwait = "0h"\n'
            '[[remedy]]\ndo = "person"\n',
            "b.toml:13: remedy[0].wait: is '0h', so the payer would be asked without a "
            "pause; wanted '10m' or more",
        ),
        (
            '[desk]\nanswers = ["status"]\n[[remedy]]\ndo = "ask-status"\nmost = 9\n'
            'wait = "1s"\n[[remedy]]\ndo = "person"\n',
            "b.toml:15: remedy[0].wait: is '1s', so the payer would be asked without a "
            "pause; wanted '10m' or more",
        ),
        (
            '[[expects]]\nkind = "arl"\nlevel = "lot"\nwithin = "30s"\n'
            '[[remedy]]\ndo = "look-again"\nmost = 2\nwait = "2s"\n'
            '[[remedy]]\ndo = "person"\n',
            "b.toml:17: remedy[0].wait: is '2s', so the payer would be asked without a "
            "pause; wanted '3s' or more",
        ),
        (
            '[[remedy]]\ndo = "look-again"\nmost = 100000\n[[remedy]]\ndo = "person"\n',
            "b.toml:12: remedy[0].most: is 100000; wanted from 1 to 100",
        ),
        (
            '[[remedy]]\ndo = "look-again"\nwait = "200 working days"\n'
            '[[remedy]]\ndo = "person"\n',
            "b.toml:12: remedy[0].wait: is '200 working days'; wanted 90 days at most",
        ),
        (
            '[[remedy]]\ndo = "look-again"\nmost = 50\nwait = "80 working days"\n'
            '[[remedy]]\ndo = "person"\n',
            "b.toml:12: remedy[0].most: is 50: with it a person has a lot only after "
            "4,002 days; wanted 400 days at most for all remedies",
        ),
        (
            '[[remedy]]\ndo = "person"\nmost = 3\n',
            "b.toml:12: remedy[0].most: is 3; wanted 1, or nothing",
        ),
        (
            '[[remedy]]\ndo = "look-again"\n[[remedy]]\ndo = "look-again"\nmost = 3\n'
            '[[remedy]]\ndo = "person"\n',
            "b.toml:13: remedy[1].do: is 'look-again' again; wanted each remedy once",
        ),
        (
            '[playbook]\npatience = "300 working days"\n',
            "b.toml:11: playbook.patience: is '300 working days'; wanted 90 days at most",
        ),
        (
            '[playbook]\npatience = "0h"\n',
            "b.toml:11: playbook.patience: is '0h', so the payer would be asked without "
            "a pause; wanted '10m' or more",
        ),
        (
            "[playbook]\napprove_above = 99999999999999\n",
            "b.toml:11: playbook.approve_above: is 99999999999999; wanted cents, from 0 "
            "to 1000000000000, or none where nobody need agree",
        ),
    ],
)
def test_what_can_never_be_met_is_refused(
    folder: Path, profile: str, found: str
) -> None:
    """Each value is right, but nothing could follow it: told with file and line."""
    put_payer(folder, profile)
    assert mistakes(folder)[0] == found


def test_deadlines_and_outages_arrive_in_the_record(folder: Path) -> None:
    """A time of day with a cut-off, and times in which nothing comes back."""
    put(folder, "calendars/fr.toml", 'country = "FR"\ncut_off = "18:00"\n')
    put_payer(
        folder,
        '[[expects]]\nkind = "arl"\nlevel = "lot"\nby = "08:00 next day"\n'
        'cut_off = "22:00"\n[[expects]]\nkind = "payment"\nlevel = "claim"\n'
        'by = "12:00 after 2 working days"\n[[calendar.outage]]\n'
        'from = 2027-03-08T08:00:00\nto = "2027-03-08 16:00"\nwhy = "upgrade"\n',
    )
    data = read(folder)
    payer = {each.id: each for each in data.payers}["b"]
    assert [each.within for each in payer.expects] == [
        Deadline(480, 1, working=False, cut_off=1320),
        Deadline(720, 2, working=True, cut_off=None),
    ]
    assert [str(each.within) for each in payer.expects] == [
        "08:00 next day",
        "12:00 after 2 working days",
    ]
    assert payer.calendar.outages == (
        Outage(datetime(2027, 3, 8, 8), datetime(2027, 3, 8, 16), "upgrade"),  # noqa: DTZ001
    )
    assert from_json(data.to_json(), folder) == data


def test_the_default_playbook_holds_what_the_payer_supports(folder: Path) -> None:
    """A payer without a desk, that knows no repeats, is never sent a file again."""
    put_payer(folder, '[desk]\nanswers = ["status"]\n')
    plain, asked = (
        [remedy.do for remedy in each.playbook.remedies] for each in read(folder).payers
    )
    assert plain == ["look-again", "match-again", "follow-merger", "person"]
    assert asked == [
        *("look-again", "match-again", "ask-status", "follow-merger"),
        *("resend", "person"),
    ]
