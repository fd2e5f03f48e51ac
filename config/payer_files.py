"""One payer's file, and one endpoint's file, as records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from config import times
from config.calendar_files import check_country, read_own
from config.directory_records import (
    CalendarEntry,
    CodeEntry,
    Deadline,
    Delivery,
    EndpointEntry,
    Expects,
    Gather,
    PayerEntry,
    Retry,
    Window,
    Within,
)
from config.playbook_files import read_desk, read_playbook
from config.professions import professions
from config.reader import Table
from config.time_zones import zone_names

CheckProfile = Callable[[PayerEntry], Iterable[tuple[str, str]]]
"""Says what no answer could ever meet in a payer: keys of its file, and words."""

CheckRules = Callable[[str, Mapping[str, object]], Iterable[str]]
"""Says what is wrong in a network's rules for a payer: (network, rules)."""

CheckCode = Callable[[str, str], str]
"""Says what is wrong in a payer's code, or nothing: (network, code)."""

LEVELS = ("dispatch", "lot", "claim")
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def read_payer(
    root: Table,
    *,
    check_rules: CheckRules,
    check_code: CheckCode,
    networks: Iterable[str],
    calendars: Mapping[str, CalendarEntry],
) -> PayerEntry:
    """Read a payer's file; what is wrong is noted in the table."""
    main = root.table("payer", required=True)
    network = main.choice("network", tuple(networks))
    country = _country(main)
    rules = root.table("rules")
    held = dict(rules.rest())
    if network:
        for message in check_rules(network, held):
            key, found, rest = message.partition(": ")
            known = bool(found) and key in held
            rules.wrong(key if known else "", rest if known else message)
    payer = PayerEntry(
        id=_identifier(main, "id"),
        name=main.get("name", str),
        network=network,
        country=country,
        time_zone=_time_zone(main),
        codes=tuple(_code(table, network, check_code) for table in root.tables("code")),
        endpoint=main.get("endpoint", str, "") or None,
        flows=main.texts("flows", ("billing",)),
        enrolment=main.get("enrolment", bool, False),
        rules=held,
        gather=_gather(root.table("gather")),
        delivery=(delivery := _delivery(root.table("delivery"))),
        expects=(expects := tuple(_expects(table) for table in root.tables("expects"))),
        calendar=read_own(root.table("calendar"), calendars, country),
        desk=(desk := read_desk(root.table("desk"))),
        playbook=read_playbook(root, desk, delivery, expects),
        keep=_keep(root.table("retention")),
        professions=_professions(main),
    )
    main.done()
    _check_payer(payer, root, main)
    return payer


def read_endpoint(
    table: Table, *, id: str, channels: Iterable[str], folder: Path
) -> EndpointEntry:
    """Read an endpoint; settings named `…_file` become paths from `folder`."""
    channel = table.choice("channel", tuple(channels))
    simulated = table.get("simulated", bool, False)
    settings = table.table("settings")
    held = {
        key: str(folder / value)
        if key.endswith("_file") and type(value) is str and value
        else value
        for key, value in settings.rest().items()
    }
    table.done()
    return EndpointEntry(id=id, channel=channel, simulated=simulated, settings=held)


def _check_payer(payer: PayerEntry, root: Table, main: Table) -> None:
    if not payer.codes and "code" not in root.data:
        root.wrong("code", "is missing; wanted at least one [[code]]")
    if not payer.flows:
        main.wrong("flows", "is empty; wanted at least one flow such as billing")
    for number, each in enumerate(payer.expects):
        if each.flow and each.flow not in payer.flows:
            root.wrong(
                f"expects[{number}].flow",
                f"is {each.flow!r}; wanted one of the payer's flows: "
                + ", ".join(payer.flows),
            )


def _identifier(table: Table, key: str) -> str:
    found = table.get(key, str)
    if found and not _ID.fullmatch(found):
        table.wrong(key, f"is {found!r}; wanted small letters, digits and hyphens")
    return found


def _country(table: Table) -> str:
    found = table.get("country", str, "FR")
    if not found and table.data.get("country") == "":
        table.wrong("country", "is empty; wanted an ISO 3166 code such as FR")
    return found if check_country(table, found) else ""


def _professions(table: Table) -> tuple[str, ...]:
    found = table.texts("professions")
    for each in found:
        if each not in professions():
            known = ", ".join(professions())
            table.wrong("professions", f"holds {each!r}; wanted some of {known}")
    return found


def _time_zone(table: Table) -> str:
    found = table.get("time_zone", str, "Europe/Paris")
    if found not in zone_names():
        table.wrong("time_zone", f"is {found!r}; wanted a name such as Europe/Paris")
        return "UTC"
    return found


def _code(table: Table, network: str, check_code: CheckCode) -> CodeEntry:
    found = CodeEntry(
        code=table.get("code", str),
        valid_from=times.read_day(table, "valid_from"),
        valid_until=times.read_day(table, "valid_until"),
        successor=table.get("successor", str, "") or None,
    )
    table.done()
    if found.code and network and (words := check_code(network, found.code)):
        table.wrong("code", words)
    first, last = found.valid_from, found.valid_until
    if first is not None and last is not None and last < first:
        table.wrong("valid_until", f"is {last}, before valid_from {first}")
    if found.successor and last is None:
        table.wrong(
            "successor", "stands without valid_until; wanted the code's last day"
        )
    return found


def _gather(table: Table) -> Gather:
    found = Gather(
        max_lots=_at_least(table, "max_lots", 1, 999),
        max_claims=_at_least(table, "max_claims", 1, 20_000),
        max_size=table.size("max_size", "20M"),
        wait=table.duration("wait", "0s"),
    )
    table.done()
    return found


def _keep(table: Table) -> float:
    found = table.duration("keep", "0s")
    table.done()
    return found


def _delivery(table: Table) -> Delivery:
    windows: list[Window] = []
    for text in table.texts("windows"):
        try:
            windows.append(times.window(text))
        except ValueError as error:
            table.wrong("windows", str(error))
    found = Delivery(
        windows=tuple(windows),
        concurrency=_at_least(table, "concurrency", 1, 8),
        retry=_retry(table.table("retry")),
        resend_same_number=table.get("resend_same_number", bool, False),
    )
    table.done()
    return found


def _retry(table: Table) -> Retry:
    found = Retry(
        first=table.duration("first", "30s"),
        factor=table.get("factor", float, 2.0),
        max=table.duration("max", "1h"),
        give_up_after=table.duration("give_up_after", "3d"),
    )
    table.done()
    if found.factor < 1:
        table.wrong("factor", f"is {found.factor:g}; wanted 1 or more")
    if found.max < found.first:
        table.wrong("max", "is less than `first`; wanted at least as much")
    return found


def _expects(table: Table) -> Expects:
    found = Expects(
        kind=table.get("kind", str),
        level=table.choice("level", LEVELS),
        flow=table.get("flow", str, ""),
        within=_until(table),
        grace=times.read_within(table, "grace", "5 working days"),
    )
    table.done()
    return found


def _until(table: Table) -> Within | Deadline:
    """Read until when an answer is due: a delay, or a time of day with a cut-off."""
    cut_off = times.read_minutes(table, "cut_off")
    if "by" not in table.data:
        if "cut_off" in table.data:
            table.wrong(
                "cut_off", "stands without `by`; wanted both, or the calendar's"
            )
        return times.read_within(table, "within")
    if "within" in table.data:
        table.skip("within")
        table.wrong("within", "stands beside `by`; wanted only one of both")
    text = table.get("by", str)
    try:
        return times.deadline(text, cut_off)
    except ValueError as error:
        table.wrong("by", str(error))
        return Deadline(0, 1, working=False, cut_off=cut_off)


def _at_least(table: Table, key: str, least: int, default: int) -> int:
    found = table.get(key, int, default)
    if found < least and type(table.data.get(key)) is int:
        table.wrong(key, f"is {found}; wanted {least} or more")
    return found
