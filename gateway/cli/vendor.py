"""`octway vendor`: tells a vendor what its files and its software do wrong, or that nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from gateway.cli import client_access, opening, receipt_keys, vendor_shown
from gateway.cli.arguments import Actions, Options, Parser
from gateway.cli.refusal import DOES_NOT_HOLD, WRONG_USAGE, Refusal
from gateway.cli.terminal import Terminal
from gateway.conformance import across, certificate, files, steps
from gateway.conformance.files import Checked
from gateway.conformance.finding import Finding
from gateway.conformance.steps import Seen
from gateway.intake.receipts import iso_time, key_id, read_signer
from gateway.wording import counted
from protocols.catalog import Catalog

EXAMPLE: Final = (
    "octway vendor check facture-1.b2 facture-2.b2\n"
    "octway vendor check --client acme-test\n"
    "octway vendor check *.b2 --client acme-test --html certificate.html\n"
    "octway vendor verify certificate.html --key receipts.pub"
)


@frozen(kw_only=True)
class Asked:
    """What is known of a test client."""

    row: Any
    seen: Sequence[Seen]
    doors: dict[str, int]
    networks: Sequence[str]

    @property
    def holds(self) -> bool:
        """Whether all is done that a certificate needs."""
        return all(each.at is not None for each in self.seen if each.step.needed)


def define(parser: Parser) -> None:
    """Define the command line."""
    actions = Actions(parser)
    check = actions.add(
        "check",
        "check a vendor's files, and what its test client has done",
        EXAMPLE,
        _check,
    )
    check.add_argument(
        "files", metavar="FILE", nargs="*", help="in the order they are to be sent"
    )
    check.add_argument("--client", metavar="ID", help="a test client of this gateway")
    check.add_argument("--network", metavar="NAME", help="only this network's formats")
    check.add_argument(
        "--html",
        metavar="FILE",
        type=Path,
        help="write the certificate there, if all of it holds; needs --client",
    )
    verify = actions.add(
        "verify",
        "check a certificate's signature",
        "octway vendor verify certificate.html --key receipts.pub",
        _verify,
    )
    verify.add_argument("file", metavar="FILE", type=Path)
    verify.add_argument(
        "--key",
        metavar="FILE",
        type=Path,
        help="the public key (default: that of the settings)",
    )


def _check(options: Options, terminal: Terminal) -> int:
    if not options.files and not options.client:
        raise Refusal("nothing to check; wanted FILE or --client ID", WRONG_USAGE)
    if options.html and not options.client:
        raise Refusal(
            "--html: a certificate needs --client ID, whose steps it tells", WRONG_USAGE
        )
    checked = _files(options)
    between = list(across.look(checked))
    asked = None if options.client is None else _client(options, terminal)
    sound = not any(each.errors for each in checked) and not _errors(between)
    holds = sound and (asked is None or asked.holds)
    page = None
    if holds and asked is not None and options.html:
        page = options.html
        signer = read_signer(opening.settings_of(options, terminal).receipts.key_file)
        text = certificate.page(_facts(asked, checked, terminal), signer)
        page.write_text(text, encoding="utf-8")
    if options.json:
        terminal.give(
            {
                "holds": holds,
                "files": [vendor_shown.file_as_json(each) for each in checked],
                "between_files": [
                    vendor_shown.finding_as_json(each) for each in between
                ],
                "steps": [vendor_shown.step_as_json(each) for each in asked.seen]
                if asked
                else None,
                "doors": asked and asked.doors,
                "certificate": page and str(page),
            }
        )
    else:
        vendor_shown.show_files(checked, between, terminal)
        if asked is not None:
            vendor_shown.show_steps(options.client, asked.seen, asked.doors, terminal)
        vendor_shown.conclude(
            terminal, holds=holds, page=page, wanted=options.html, client=options.client
        )
    return 0 if holds else DOES_NOT_HOLD


def _files(options: Options) -> list[Checked]:
    catalog = Catalog.installed()
    networks = (
        [catalog.network(options.network)]
        if options.network
        else list(catalog.networks())
    )
    return [
        files.check(name, Path(name).read_bytes(), networks) for name in options.files
    ]


def _client(options: Options, terminal: Terminal) -> Asked:
    with opening.journal(options, terminal) as opened:
        row = client_access.must_exist(opened.database, options.client)
        if not row.test:
            raise Refusal(
                f"client {options.client!r} is no test client; open one for the vendor: "
                f"octway client add {options.client}-test --test"
            )
        read = opened.database.read
        return Asked(
            row=row,
            seen=read(steps.see, options.client, terminal.now()),
            doors=dict(read(steps.doors, options.client)),
            networks=read(steps.networks, options.client),
        )


def _facts(
    asked: Asked, checked: Sequence[Checked], terminal: Terminal
) -> dict[str, Any]:
    return {
        "client": asked.row.id,
        "vendor": asked.row.vendor,
        "software": asked.row.software,
        "networks": list(asked.networks),
        "doors": asked.doors,
        "files": len(checked),
        "made_at": iso_time(terminal.now()),
        "steps": [
            {"name": each.step.name, "words": each.step.words, "at": iso_time(each.at)}
            for each in asked.seen
            if each.at is not None
        ],
    }


def _verify(options: Options, terminal: Terminal) -> int:
    """Check a page's signature, and say what is signed: that alone counts."""
    keys = (
        [receipt_keys.read_public(options.key)]
        if options.key
        else receipt_keys.of_settings(opening.settings_of(options, terminal))
    )
    try:
        signed = certificate.read(options.file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Refusal(f"{options.file}: {error}") from None
    holds = any(signed.is_signed_by(key) for key in keys)
    if options.json:
        terminal.give({"valid": holds, "key": signed.key, "signed": dict(signed.body)})
    elif holds:
        body = signed.body
        terminal.say(
            f"{options.file}: valid; {body['software'] or body['client']} of "
            f"{body['vendor'] or 'a vendor not named'}, test client {body['client']}, "
            f"{counted(len(body['steps']), 'step')} shown, made at {body['made_at']}"
        )
    else:
        known = ", ".join(key_id(key) for key in keys)
        terminal.complain(
            f"{options.file}: does not hold: it was changed, or signed with another key "
            f"({signed.key}) than {known}"
        )
    return 0 if holds else DOES_NOT_HOLD


def _errors(findings: Sequence[Finding]) -> bool:
    return any(each.severity == "error" for each in findings)
