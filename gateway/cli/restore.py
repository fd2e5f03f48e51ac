"""`octway restore DIR --into NEW`: a new installation of a backup, beside the old one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from config.settings import Settings, attempt, load
from gateway.backup import journal_copy, key_copies, manifest
from gateway.backup.manifest import Manifest
from gateway.backup.restore import Restore, wrong_keys
from gateway.cli.arguments import Options, Parser, add_json
from gateway.cli.opening import database_errors
from gateway.cli.refusal import DOES_NOT_HOLD, WRONG_USAGE, Refusal
from gateway.cli.terminal import Terminal
from gateway.journal import migrations
from gateway.journal.schema import SCHEMA_VERSION
from gateway.storage.vault import read_key_ring
from gateway.wording import counted, moment, size

EXAMPLE: Final = (
    "octway restore /backup/octway --into /srv/octway-new --keys /safe/octway-keys\n"
    "octway restore /backup/octway --list"
)


def define(parser: Parser) -> None:
    """Define the command line."""
    parser.add_argument("dir", metavar="DIR", type=Path, help="folder of backups")
    parser.add_argument(
        "--into",
        metavar="NEW",
        type=Path,
        help="folder of the new installation; settings that lie there already hold, and "
        "say where journal and storage go",
    )
    parser.add_argument(
        "--moment", metavar="NAME", help="which one, of --list (default: the newest)"
    )
    parser.add_argument("--list", action="store_true", help="list the moments")
    parser.add_argument(
        "--keys", type=Path, metavar="KEYS", help="put keys back that --keys copied"
    )
    parser.add_argument(
        "--pg-restore",
        default="pg_restore",
        metavar="PROGRAM",
        help="for a journal on PostgreSQL (default: pg_restore)",
    )
    add_json(parser)
    parser.set_defaults(call=run)


def run(options: Options, terminal: Terminal) -> int:
    """Restore, or list what could be."""
    moments = manifest.moments(options.dir)
    if not moments:
        raise Refusal(f"{options.dir} holds no finished backup")
    if options.list:
        return _list(moments, options, terminal)
    if options.into is None:
        raise Refusal("name the new installation: --into NEW", WRONG_USAGE)
    folder = _chosen(moments, options.moment)
    made = manifest.read(folder)
    if not migrations.known(made.schema):
        raise Refusal(
            f"{folder} was taken by octway {made.version}, whose journal is at "
            f"{made.schema!r}; this program ({SCHEMA_VERSION!r}) does not know that: "
            "restore with that version or a later one"
        )
    task = Restore(folder=folder, manifest=made)
    into: Path = options.into.absolute()
    with _at(into):
        return _restore(task, into, options, terminal)


@contextmanager
def _at(into: Path) -> Iterator[None]:
    """Name the place where a disk that took no more did not."""
    try:
        yield
    except OSError as error:
        place = str(error.filename or into)
        raise OSError(error.errno, error.strerror, place) from error


def _restore(task: Restore, into: Path, options: Options, terminal: Terminal) -> int:
    made, folder = task.manifest, task.folder
    into.mkdir(parents=True, exist_ok=True, mode=0o700)
    config = into / made.site[0].name
    if config.exists():  # nothing is written beside a journal that is in use
        found, mistakes = attempt(config, terminal.environ)
        if found is not None and not mistakes:
            with database_errors(found):
                journal_copy.must_be_empty(found.database.url)
    written, kept = task.site(into)
    if options.keys is not None:
        written += key_copies.put_back(options.keys, into)
    settings = load(config, terminal.environ)

    def progress(done: int, total: int) -> None:
        if terminal.colour and not options.json:
            print(f"\r{done:,} of {total:,} files", end="", file=terminal.err)

    with database_errors(settings):
        files = task.bytes(settings, pg_restore=options.pg_restore, progress=progress)
    lacking = _lacking(settings, into, made, terminal)
    if options.json:
        facts = manifest.facts(made, folder)
        facts |= {"config": settings.file, "written": written, "kept": kept}
        terminal.give(facts | {"lacking": lacking})
        return 0
    whole = size(sum(each.size for each in files))
    terminal.say(
        f"{into}: {counted(made.payloads, 'stored thing')} in "
        f"{counted(len(files), 'file')} ({whole}) and the journal, as of "
        f"{moment(made.taken_at, terminal.zone)}"
    )
    for each in kept:
        terminal.say(f"kept  {each}, as it was there already")
    _say_next(settings, made, lacking, terminal)
    return 0


def _chosen(moments: list[Path], name: str | None) -> Path:
    if name is None:
        return moments[-1]
    for each in moments:
        if each.name == name:
            return each
    known = ", ".join(each.name for each in moments[-5:])
    raise Refusal(f"there is no moment {name!r}; wanted one of {known}", WRONG_USAGE)


def _lacking(
    settings: Settings, into: Path, made: Manifest, terminal: Terminal
) -> list[str]:
    """Name the keys that must still be put back, in words."""
    found = [each for each in made.key_files if not (into / each).exists()]
    file = settings.storage.key_file
    if file.is_file():
        ring = read_key_ring(file, terminal.entropy)
        missing = [each for each in made.keys if each not in ring.names]
        found += [f"{file}: it lacks the key {each!r}" for each in missing]
        found += [
            f"{file}: its key {each!r} is another one than that of the backup's files"
            for each in wrong_keys(settings.database.url, ring)
        ]
    return found


def _list(moments: list[Path], options: Options, terminal: Terminal) -> int:
    whole = True
    every = [(each, manifest.read(each)) for each in moments]
    if options.json:
        terminal.give([manifest.facts(made, folder) for folder, made in every])
    for folder, made in every:
        whole = whole and not made.broken
        if not options.json:
            said = counted(len(made.broken), "break") if made.broken else "whole"
            terminal.say(
                f"{folder.name}  {moment(made.taken_at, terminal.zone)}  {made.schema}  "
                f"{counted(made.payloads, 'stored thing')}  {said}"
            )
    return 0 if whole else DOES_NOT_HOLD


def _migration(settings: Settings, made: Manifest) -> list[str]:
    """Tell the step that a journal of an older program needs."""
    if made.schema == SCHEMA_VERSION:
        return []
    return [
        f"octway migrate -c {settings.file}    # the journal is octway {made.version}'s, "
        f"at {made.schema}; this program needs {SCHEMA_VERSION}"
    ]


def _say_next(
    settings: Settings, made: Manifest, lacking: list[str], terminal: Terminal
) -> None:
    terminal.say()
    if lacking:
        terminal.say(
            terminal.paint("Put these keys back first:", "bold")
            + " without storage.keys no stored file can be read"
        )
        for each in lacking:
            terminal.say(f"  {each}")
    terminal.say("What to do next:")
    when = moment(made.taken_at, terminal.zone)
    steps = (
        *_migration(settings, made),
        f"octway check -c {settings.file}",
        f"octway verify -c {settings.file}",
        f"what happened after {when} is not in it: clients send those files again, "
        "and numbers of payers' files are moved on (docs/operators.md, Restore)",
        "stop the old node for good, then start this one",
    )
    for number, words in enumerate(steps, 1):
        terminal.say(f"  {number}. {words}")
