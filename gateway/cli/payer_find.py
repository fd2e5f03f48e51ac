"""`octway payer find`: payers by name, code, profession, card, or the photo of a card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from config.card_data import CARD_DATA
from config.professions import professions
from gateway.api.payer_shapes import card_read, shown
from gateway.cards.decoding import MOST_BYTES, DecoderBroken, UnreadableImage, decode
from gateway.cards.reading import only_attestation
from gateway.cli import opening
from gateway.cli.arguments import Actions, Options
from gateway.cli.payer_names import today_of
from gateway.cli.refusal import DOES_NOT_HOLD, WRONG_USAGE, Refusal
from gateway.cli.tables import facts, heading, table
from gateway.cli.terminal import Terminal
from gateway.referential.versions import Version
from gateway.wording import counted, listing
from protocols.catalog import Catalog
from routing.attestation import Attestation, UnknownAttestation
from routing.card import CardFound
from routing.payer_search import PayerSearch

EXAMPLE: Final = (
    "octway payer find --name 'caisse nord'\n"
    "octway payer find --regime 01 --fund 751 --centre 0000\n"
    "octway payer find --amc 0990000017 --convention SP --profession optician\n"
    "octway payer find --photo attestation.jpg"
)
_ASKED: Final = ("name", "code", "network", "profession")


def define(actions: Actions) -> None:
    """Define the action."""
    action = actions.add(
        "find",
        "find payers by name, code, profession, or what a card says",
        EXAMPLE,
        _find,
    )
    action.add_argument("--name", metavar="WORDS", help="beginnings of its words")
    action.add_argument("--code", metavar="CODE", help="a code, or one that is over")
    action.add_argument("--network", metavar="NAME", help="only of this network")
    action.add_argument(
        "--profession",
        choices=tuple(professions()),
        metavar="NAME",
        help="who bills it",
    )
    for name, words in CARD_DATA.items():
        action.add_argument(_option(name), dest=name, metavar="TEXT", help=words)
    action.add_argument(
        "--photo",
        metavar="FILE",
        type=Path,
        help="photo of a Data Matrix; what it says of a person is shown and not kept",
    )


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _find(options: Options, terminal: Terminal) -> int:
    wanted = {name: getattr(options, name) or "" for name in _ASKED}
    card = {name: value for name in CARD_DATA if (value := getattr(options, name))}
    if not any(wanted.values()) and not card and not options.photo:
        raise Refusal("nothing is asked; see: octway payer find --help", WRONG_USAGE)
    if ("regime" in card) != ("fund" in card):
        raise Refusal("--regime and --fund belong together; give both", WRONG_USAGE)
    catalog = Catalog.installed()
    settings = opening.settings_of(options, terminal)
    version = Version(
        opening.directory_of(settings, catalog),
        {network.name: network for network in catalog.networks()},
    )
    if options.photo is None:
        return _tell(PayerSearch(**wanted, card=card), version, options, terminal)
    attestation = _read(options.photo, version)
    _introduce(attestation, options, terminal)
    found = [
        _tell(
            PayerSearch(
                **{**wanted, "profession": each.profession}, card={**card, **each.card}
            ),
            version,
            options,
            terminal,
        )
        for each in attestation.lines
    ]
    return max(found)


def _read(photo: Path, version: Version) -> Attestation:
    try:
        with photo.open("rb") as file:
            image = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Refusal(f"{photo}: cannot be read: {error.strerror}") from error
    if len(image) > MOST_BYTES:
        raise Refusal(f"{photo}: has more than {MOST_BYTES:,} bytes; crop it")
    try:
        return only_attestation(decode(image), version.directory.data.attestations)
    except (UnreadableImage, UnknownAttestation, DecoderBroken) as error:
        raise Refusal(f"{photo}: {error}") from error


def _introduce(found: Attestation, options: Options, terminal: Terminal) -> None:
    pairs = [
        ("syntax", f"{found.syntax.name}{' (simulated)' * found.syntax.simulated}"),
        ("member", found.member),
        ("valid from", str(found.valid_from or "")),
        ("valid until", str(found.valid_until or "")),
    ]
    if options.json:
        terminal.give({name.replace(" ", "_"): value or None for name, value in pairs})
    else:
        facts(terminal, pairs)


def _tell(
    wanted: PayerSearch, version: Version, options: Options, terminal: Terminal
) -> int:
    today = today_of(terminal)
    found = version.search(wanted, today)
    if options.json:
        terminal.give(
            {
                "version": version.name,
                "payers": [shown(each, today) for each in found.payers],
                "cards": [card_read(*each) for each in found.cards.items()],
            }
        )
        return 0 if found.payers else DOES_NOT_HOLD
    for network, card in found.cards.items():
        heading(terminal, f"{network}: {_said(wanted)}")
        facts(terminal, _told(card))
    table(
        terminal,
        ("payer", "name", "network", "codes", "professions", ""),
        [
            (
                each.id,
                each.name,
                each.network,
                listing(list(each.codes_on(today)), most=4),
                ", ".join(each.professions),
                "" if each.open else "no endpoint yet",
            )
            for each in found.payers
        ],
    )
    if not found.payers:
        terminal.complain("no payer of the directory fits; see: octway payer list")
        return DOES_NOT_HOLD
    terminal.note(f"{counted(len(found.payers), 'payer')}, {version.name[:12]}")
    return 0


def _said(wanted: PayerSearch) -> str:
    said = dict(wanted.card)
    if wanted.profession:
        said["profession"] = wanted.profession
    return ", ".join(f"{name} {value}" for name, value in said.items())


def _told(card: CardFound) -> list[tuple[str, str]]:
    """Say what the tables made of a card: in words, then step by step."""
    told = card.told
    pairs = [("codes", ", ".join(card.codes)), ("so", str(told.get("words", "")))]
    pairs += [("perhaps", _named(each)) for each in told.get("candidates", ())]
    pairs += [
        (f"{each['table']} {each['row'] or ''}".rstrip(), str(each["why"]))
        for each in told.get("steps", ())
    ]
    return pairs


def _named(facts: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items())
