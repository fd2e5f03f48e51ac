"""`octway replay DISPATCH --now`: a dispatch that waits goes now, and what that overrides."""

from __future__ import annotations

from gateway.cli import opening
from gateway.cli.arguments import Options
from gateway.cli.refusal import Refusal
from gateway.cli.terminal import Terminal
from gateway.committing import Tx
from gateway.intake.receipts import iso_time
from gateway.journal import dispatches
from gateway.journal.hurry import Overridden, hurry
from gateway.steps import second_person
from gateway.wording import moment
from protocols.catalog import Catalog


def run(
    opened: opening.Journal, name: str, options: Options, terminal: Terminal
) -> None:
    """Let one dispatch go now, and tell what is overridden."""
    row = opened.database.read(dispatches.find, name)
    if row is None:
        raise Refusal(f"there is no dispatch {name!r}; only a dispatch can go now")
    directory = opening.directory_in_force(opened, Catalog.installed())
    windows = directory.payer(row.payer_id).delivery.windows
    now = terminal.now()
    opens = directory.calendar(row.payer_id).next_opening(windows, now)
    window = opens if opens > now else None
    by = options.by or terminal.user

    def go(tx: Tx) -> Overridden:
        second_person.must_not_wait(tx.connection, name)
        return hurry(tx, name, by=by, window=window)

    found = opened.database.write("replay.now", go)
    if options.json:
        times = {
            key: None if at is None else iso_time(at)
            for key, at in found._asdict().items()
            if key != "why"
        }
        terminal.give(
            {"id": name, "kind": "dispatch", "state": row.state, "overrides": times}
        )
        return
    terminal.say(f"dispatch {name} is {row.state}: a running node hands it over next")
    for words in _words(found, row.payer_id, row.endpoint_id, terminal):
        terminal.say(f"overridden: {words}")


def _words(
    found: Overridden, payer: str, endpoint: str, terminal: Terminal
) -> list[str]:
    said = []
    if found.wait is not None:
        why = f" ({found.why})" if found.why else ""
        said.append(f"it would have waited until {_at(found.wait, terminal)}{why}")
    if found.endpoint is not None:
        until = _at(found.endpoint, terminal)
        said.append(f"endpoint {endpoint} would not have been tried before {until}")
    if found.window is not None:
        until = _at(found.window, terminal)
        said.append(
            f"the window of {payer} is closed until {until}; it may refuse the file"
        )
    return said or ["nothing; its turn had come"]


def _at(epoch: float, terminal: Terminal) -> str:
    return moment(epoch, terminal.zone)
