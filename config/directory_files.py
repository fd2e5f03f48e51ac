"""A folder of payer files, read and checked as a whole.

    *.toml                   a payer each
    endpoints/*.toml         endpoints shared by payers, named by their file
    calendars/*.toml         calendars shared by payers, named by their file
    attestations/*.toml      how the text on a card's attestation is built
    tables/NETWORK/*.csv     a network's own tables, named by their file

What was read can be written as JSON and made again from it, so the journal can
keep each version that a decision was made with.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from config.attestation_files import read_attestation
from config.calendar_files import read_shared
from config.directory_checks import check_whole
from config.directory_records import (
    DirectoryData,
    EndpointEntry,
    PayerEntry,
    Rows,
)
from config.errors import ConfigErrors, Mistake
from config.payer_files import (
    CheckCode,
    CheckProfile,
    CheckRules,
    read_endpoint,
    read_payer,
)
from config.reader import Table, read_file

_SHIPPED = Path(__file__).parent
CheckTable = Callable[[str, str, Rows], Iterable[tuple[int, str, str]]]
"""Judges a network's table: for each fault the row's place, the column and words."""


def load_directory(
    path: Path,
    *,
    check_rules: CheckRules,
    check_code: CheckCode,
    check_profile: CheckProfile,
    check_table: CheckTable = lambda network, name, rows: (),
    known_networks: Iterable[str],
    known_channels: Iterable[str],
) -> DirectoryData:
    """Read a directory, or raise `ConfigErrors` with every mistake in it."""
    mistakes: list[Mistake] = []
    if not path.is_dir():
        raise ConfigErrors([Mistake(str(path), 0, "", "is no folder; wanted one")])
    files = {
        file.relative_to(base).as_posix(): read_file(file, mistakes)
        for base, pattern in (
            (_SHIPPED, "calendars/*.toml"),
            (_SHIPPED, "attestations/*.toml"),
            (path, "calendars/*.toml"),
            (path, "attestations/*.toml"),
            (path, "endpoints/*.toml"),
            (path, "*.toml"),
        )
        for file in sorted(base.glob(pattern))
    }
    read = {
        file.relative_to(path).as_posix(): _rows(file, mistakes)
        for file in sorted(path.glob("tables/*/*.csv"))
    }
    if mistakes:  # what cannot be read cannot be compared
        raise ConfigErrors(mistakes)
    reading = _Reading(
        files=files,
        rows={name: rows for name, (rows, _) in read.items()},
        lines={name: lines for name, (_, lines) in read.items()},
        folder=path.absolute(),
        check_table=check_table,
        check_rules=check_rules,
        check_code=check_code,
        check_profile=check_profile,
        networks=tuple(known_networks),
        channels=tuple(known_channels),
    )
    found = reading.data(mistakes)
    if mistakes:
        raise ConfigErrors(mistakes)
    return found


def from_json(text: str, folder: Path) -> DirectoryData:
    """Make again what `DirectoryData.to_json` wrote; it was checked then.

    `folder` is where paths in endpoints start from.
    """
    sources: Mapping[str, Any] = json.loads(text)
    files = {
        name: Table(data, [], file=name)
        for name, data in sources.items()
        if not name.startswith("tables/")
    }
    rows = {
        name: tuple(dict(row) for row in data)
        for name, data in sources.items()
        if name.startswith("tables/")
    }
    reading = _Reading(
        files=files,
        rows=rows,
        lines={},
        folder=folder.absolute(),
        check_table=lambda network, name, rows: (),
        check_rules=lambda network, rules: (),
        check_code=lambda network, code: "",
        check_profile=lambda payer: (),
        networks=_named(files, "payer", "network"),
        channels=(*_named(files, "endpoint", "channel"), *_named(files, "", "channel")),
    )
    return reading.data([])


@frozen(kw_only=True)
class _Reading:
    """The files of a directory, by their names, on the way to records."""

    files: Mapping[str, Table]
    rows: Mapping[str, Rows]
    lines: Mapping[str, Sequence[int]]  # of the rows, in their files
    folder: Path
    check_table: CheckTable
    check_rules: CheckRules
    check_code: CheckCode
    check_profile: CheckProfile
    networks: tuple[str, ...]
    channels: tuple[str, ...]

    def data(self, mistakes: list[Mistake]) -> DirectoryData:
        """Return the records, and note every mistake."""
        sources = {name: _plain(table.data) for name, table in self.files.items()}
        sources |= {name: _plain(rows) for name, rows in self.rows.items()}
        calendars = {
            Path(name).stem: read_shared(table)
            for name, table in self.files.items()
            if name.startswith("calendars/")
        }
        endpoints = {
            Path(name).stem: self._endpoint(table, Path(name).stem)
            for name, table in self.files.items()
            if name.startswith("endpoints/")
        }
        payers: list[tuple[Table, PayerEntry]] = []
        for name, table in self.files.items():
            if "/" in name:
                continue
            before = len(mistakes)
            payer = read_payer(
                table,
                check_rules=self.check_rules,
                check_code=self.check_code,
                networks=self.networks,
                calendars=calendars,
            )
            payers.append((table, self._with_own_endpoint(payer, table, endpoints)))
            table.done()
            if len(mistakes) == before:  # what is misread cannot be judged
                for key, message in self.check_profile(payer):
                    table.wrong(key, message)
        check_whole(payers, endpoints)
        return DirectoryData(
            payers=tuple(payer for _, payer in payers),
            endpoints=tuple(endpoints.values()),
            tables=self._tables(mistakes),
            sources=sources,
            attestations=tuple(
                read_attestation(table, Path(name).stem)
                for name, table in self.files.items()
                if name.startswith("attestations/")
            ),
        )

    def _endpoint(self, table: Table, name: str) -> EndpointEntry:
        return read_endpoint(table, id=name, channels=self.channels, folder=self.folder)

    def _with_own_endpoint(
        self, payer: PayerEntry, root: Table, endpoints: dict[str, EndpointEntry]
    ) -> PayerEntry:
        """Take the `[endpoint]` of a payer's file, which bears the payer's id."""
        own = root.table("endpoint")
        if "endpoint" not in root.data:
            return payer
        if payer.endpoint is not None:
            own.wrong("", "stands beside payer.endpoint; wanted only one of both")
        if payer.id in endpoints:
            own.wrong("", f"{payer.id!r} is defined by a file in endpoints/ too")
        endpoints[payer.id] = self._endpoint(own, payer.id)
        return evolve(payer, endpoint=payer.id)

    def _faults(self, name: str, network: str, rows: Rows) -> Iterator[Mistake]:
        """Yield what the network says is wrong in one of its tables."""
        if name not in self.lines:
            return
        for place, column, words in self.check_table(network, Path(name).stem, rows):
            line = self.lines[name][place] if place < len(rows) else 0
            yield Mistake(str(self.folder / name), line, column, words)

    def _tables(self, mistakes: list[Mistake]) -> dict[str, dict[str, Rows]]:
        found: dict[str, dict[str, Rows]] = {}
        for name, rows in self.rows.items():
            _, network, file = name.split("/")
            if network not in self.networks:
                known = ", ".join(self.networks) or "none"
                where = str(self.folder / name)
                message = f"belongs to no known network; known: {known}"
                mistakes.append(Mistake(where, 0, "", message))
            else:
                mistakes += self._faults(name, network, rows)
            found.setdefault(network, {})[Path(file).stem] = rows
        return found


def _named(files: Mapping[str, Table], table: str, key: str) -> tuple[str, ...]:
    """Return every value of `key` in a checked directory, each once."""
    places = (file.data.get(table) if table else file.data for file in files.values())
    values = (place.get(key) for place in places if isinstance(place, Mapping))
    return tuple(sorted({value for value in values if type(value) is str}))


def _rows(file: Path, mistakes: list[Mistake]) -> tuple[Rows, Sequence[int]]:
    """Read a table: UTF-8, `;`, a header row, `#` before a remark; and its rows' lines."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no UTF-8 text"
        mistakes.append(Mistake(str(file), 0, "", f"cannot be read: {why}"))
        return (), ()
    reader = csv.reader(StringIO(text), delimiter=";")
    header: Sequence[str] = ()
    found, lines = [], []
    for row in reader:
        if not row or row[0].startswith("#"):
            continue
        values = [value.strip() for value in row]
        if not header:
            header = values
            if len(set(header)) < len(header) or "" in header:
                mistakes.append(
                    Mistake(
                        str(file),
                        reader.line_num,
                        "",
                        "has a column without a name, or a name twice",
                    )
                )
        elif len(values) != len(header):
            mistakes.append(
                Mistake(
                    str(file),
                    reader.line_num,
                    "",
                    f"has {len(values)} columns; wanted {len(header)} as in the header",
                )
            )
        else:
            found.append(dict(zip(header, values, strict=True)))
            lines.append(reader.line_num)
    return tuple(found), lines


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it: dates become ISO texts."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value
