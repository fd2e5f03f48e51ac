"""`octway export WHAT`: a bundle of evidence that is checked without Octway."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import Connection

from gateway.cli import opening, receipt_keys
from gateway.cli.arguments import Options, Parser, add_by, add_config, add_json
from gateway.cli.refusal import WRONG_USAGE, Refusal
from gateway.cli.terminal import Terminal
from gateway.evidence import bundle, subject
from gateway.evidence.bundle import Asked
from gateway.evidence.subject import Subject
from gateway.intake import receipts
from gateway.intake.receipts import read_signer
from gateway.journal import event_roots, looks, trace
from gateway.storage.local import sync_folder
from gateway.wording import counted

EXAMPLE: Final = (
    "octway export d0123456789abcdefgh --purpose 'claim 12 disputed by caisse-nord'\n"
    "octway export --client alpha --from 2026-11-01 --until 2026-11-30 --purpose audit"
)
_KINDS: Final = (trace.DEPOSIT, trace.LOT, trace.CLAIM, trace.DISPATCH, trace.RETURN)


def define(parser: Parser) -> None:
    """Define the command line."""
    parser.add_argument(
        "what",
        metavar="WHAT",
        nargs="?",
        help="deposit, lot, invoice, dispatch or return, as for octway trace",
    )
    parser.add_argument(
        "--purpose",
        metavar="WORDS",
        required=True,
        help="what it is for: it holds patients' data, and the history says so",
    )
    parser.add_argument(
        "--out", metavar="FILE", type=Path, help="default: evidence-WHAT.zip here"
    )
    parser.add_argument("--kind", choices=_KINDS, help="what WHAT is")
    parser.add_argument("--client", metavar="ID", help="only, or all, of a client")
    parser.add_argument("--from", metavar="DAY", dest="begin", help="UTC day, included")
    parser.add_argument("--until", metavar="DAY", help="UTC day, included")
    parser.add_argument(
        "--with-others",
        action="store_true",
        help="also files in which claims of other clients stand beside",
    )
    add_by(parser)
    add_config(parser)
    add_json(parser)
    parser.set_defaults(call=run)


def run(options: Options, terminal: Terminal) -> int:
    """Write the bundle; the history knows of it before the file has its name."""
    if not looks.say_something(options.purpose):
        raise Refusal("--purpose says nothing; say in words what for", WRONG_USAGE)
    by = options.by or terminal.user
    with opening.journal(options, terminal) as opened:
        settings, database = opened.settings, opened.database
        about = database.read(_subject, options)
        out = options.out or Path(f"evidence-{about.id}.zip")
        signer = read_signer(settings.receipts.key_file)
        while event_roots.make(
            database, signer, now=terminal.now(), older_than=terminal.now()
        ):
            pass
        asked = Asked(
            by=by, purpose=options.purpose, at=terminal.now(), mixed=options.with_others
        )
        with _new_file(out) as file:
            manifest = database.read(
                bundle.write,
                file,
                about,
                asked,
                payloads=opening.payloads_of(settings, terminal),
                signer=signer,
                keys=_keys(settings),
            )
            facts = {
                "what": about.kind,
                "purpose": options.purpose,
                "manifest": receipts.hash_of(manifest),
                "files": len(manifest["files"]),
                "with_others": options.with_others,
            }
            database.write(
                "export",
                lambda tx: tx.say("evidence.exported", about.id, by=by, **facts),
            )
    if options.json:
        terminal.give({"file": str(out), "manifest": manifest})
    else:
        _say(out, manifest, terminal)
    return 0


def _subject(connection: Connection, options: Options) -> Subject:
    if options.what is None:
        if not options.client:
            raise Refusal("name WHAT, or --client with --from and --until", WRONG_USAGE)
        begin, end = _period(options)
        return subject.of_client(connection, options.client, begin, end)
    if options.begin or options.until:
        raise Refusal("--from and --until go with --client alone", WRONG_USAGE)
    kinds = (options.kind,) if options.kind else _KINDS
    found = trace.find(connection, options.what, kinds=kinds, client=options.client)
    if len(found) != 1 or found[0].kind not in _KINDS:
        many = f"may mean {len(found)} things" if found else "means nothing"
        raise Refusal(
            f"{options.what!r} {many} that can be exported; find its id: "
            f"octway trace {options.what}"
        )
    return subject.of_thing(connection, found[0])


def _period(options: Options) -> tuple[float, float]:
    first = _day(options.begin, "--from")
    last = _day(options.until, "--until")
    if last < first:
        raise Refusal("--until is before --from", WRONG_USAGE)
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return begin.timestamp(), (begin + (last - first) + timedelta(days=1)).timestamp()


def _day(text: str | None, option: str) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        raise Refusal(
            f"{option}: {text or 'nothing'} is no day; wanted one as 2026-11-25",
            WRONG_USAGE,
        ) from None


@contextmanager
def _new_file(out: Path) -> Iterator[IO[bytes]]:
    """Give a file that nobody else reads, and its name only when it is whole."""
    if out.exists():
        raise Refusal(f"{out}: is there already; name another with --out", WRONG_USAGE)
    working = out.with_name(f".{out.name}.part")
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(working, flags, 0o600), "w+b") as file:
            os.fchmod(file.fileno(), 0o600)
            yield file
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(working, out)  # unlike a rename it never replaces
        except FileExistsError:
            raise Refusal(f"{out}: is there already; name another with --out") from None
        sync_folder(out.parent)
    finally:
        working.unlink(missing_ok=True)


def _keys(settings: Any) -> list[Any]:
    found = {receipts.key_id(key): key for key in receipt_keys.of_settings(settings)}
    return list(found.values())


def _say(out: Path, manifest: Any, terminal: Terminal) -> None:
    size = sum(each["size"] for each in manifest["files"])
    terminal.say(f"{out}: {counted(len(manifest['files']), 'file')}, {size:,} bytes")
    for each in manifest["left_out"]:
        terminal.say(f"  not in it: {each['kind']} {each['id']}: {each['why']}")
    terminal.say("it may hold patients' data: keep it as such; the history knows of it")
    terminal.say(
        f"check it anywhere: python verify_evidence.py {out.name} receipts.pub "
        "(both are told of in its README.txt)"
    )
