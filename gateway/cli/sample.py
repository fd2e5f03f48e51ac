"""`octway sample FILE`: a valid billing file of invented claims, to try an upload with."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from config.directory_records import PayerEntry
from config.sandbox_file import NUMBER_DIGITS, PAID, Outcome, sandbox
from gateway.cli import opening, sample_document
from gateway.cli.arguments import Options, Parser, add_config, add_json
from gateway.cli.network_names import one_of
from gateway.cli.payer_names import find, today_of
from gateway.cli.refusal import WRONG_USAGE, Refusal
from gateway.cli.terminal import Terminal
from gateway.wording import counted, size
from protocols.catalog import Catalog
from protocols.interface import Network

EXAMPLE: Final = (
    "octway sample sample.b2 --payer caisse-nord\n"
    "octway sample sample.b2 --code 01990    # without a payer directory\n"
    "octway sample both.b2 --code 01990 --flow enriched   # invoices that two payers owe\n"
    "octway sample dre.b2 --code OC/990/amc.example --flow complementary:999999991\n"
    "octway sample late.b2 --code 01990 --outcome late   # for the sandbox of a test client\n"
    "octway sample sample.920000 --code 300  # for a Belgian union\n"
    "octway sample sample.801000 --code 300 --flow insurability\n"
    "octway sample scor_991234567_012_000000123.pdf --document    # a prescription"
)
_SEED_BYTES: Final = 8
_MOST: Final = 99
_BILLING: Final = "billing"
_CLAIMS: Final = 3
_NUMBERS: Final = range(1, 900_000)  # of invoices, without the digits that choose
_TRIES: Final = 500
_OUTCOMES: Final = {each.name: each for each in (PAID, *sandbox().outcomes)}


class _Facts(NamedTuple):
    """Whom a file is for: its network, its code, and its rules in the directory."""

    network: Network
    code: str
    rules: Mapping[str, object]


def define(parser: Parser) -> None:
    """Define the command line."""
    parser.add_argument("file", metavar="FILE", help="what is written; never replaced")
    whom = parser.add_mutually_exclusive_group(required=True)
    whom.add_argument("--payer", metavar="ID", help="a payer of the directory")
    whom.add_argument("--code", metavar="CODE", help="a payer's code")
    whom.add_argument(
        "--document",
        action="store_true",
        help="a supporting document (PDF/A) for the invoice that the name of FILE says: "
        "scor_SENDER_LOT_INVOICE.pdf",
    )
    parser.add_argument(
        "--network", metavar="NAME", help="of --code, if it may be of several"
    )
    parser.add_argument(
        "--sender", default="", metavar="NUMBER", help="who bills (default: invented)"
    )
    parser.add_argument("--lots", type=int, default=1, metavar="N", help="default: 1")
    parser.add_argument(
        "--claims",
        type=int,
        metavar="N",
        help=f"in each lot (default: {_CLAIMS}; with --outcome: 1)",
    )
    parser.add_argument(
        "--outcome",
        choices=_OUTCOMES,
        metavar="NAME",
        help="one invoice, of which a SIMULATED payer of the sandbox makes this: "
        f"{', '.join(_OUTCOMES)} (docs/reference/sandbox.md)",
    )
    parser.add_argument(
        "--flow",
        default="billing",
        metavar="FLOW",
        help="what it is about: billing (the default), or another flow of the network",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="the same file again")
    add_config(parser)
    add_json(parser)
    parser.set_defaults(call=run)


def run(options: Options, terminal: Terminal) -> int:
    """Write the file; refuses to replace one, or to write what is not valid."""
    if options.document:
        return _document(options, terminal)
    outcome = _OUTCOMES[options.outcome] if options.outcome else None
    if options.claims is None:
        options.claims = _CLAIMS if outcome is None else 1
    if not (0 < options.lots <= _MOST and 0 < options.claims <= _MOST):
        raise Refusal(f"--lots and --claims are from 1 to {_MOST}", WRONG_USAGE)
    if outcome is not None and (options.lots, options.claims) != (1, 1):
        raise Refusal(
            "--outcome makes one lot of one invoice, so that nothing else chooses; leave "
            "out --lots and --claims",
            WRONG_USAGE,
        )
    network, code, payer = _whom(options, terminal)
    seed = _seed(options, terminal)
    facts = _Facts(network, code, payer.rules if payer is not None else {})
    made = _make(options, terminal, facts, Random(seed), outcome)  # noqa: S311 - invented
    _must_be_valid(network, made)
    _write(options, made.getvalue())
    if options.json:
        told = {"file": options.file, "network": network.name, "code": code}
        chosen = {"outcome": outcome.name} if outcome is not None else {}
        terminal.give({**told, "seed": seed, **chosen})
        return 0
    what = f"{counted(options.lots, 'lot')} of {counted(options.claims, 'claim')}"
    whom = f"{payer.id}, code {code}" if payer is not None else f"code {code}"
    terminal.say(f"{options.file}: {size(len(made.getvalue()))}, {what} for {whom}")
    if outcome is not None:
        terminal.say(f"In the sandbox: {outcome.words}")
    _say_invented(terminal, seed)
    return 0


def _document(options: Options, terminal: Terminal) -> int:
    """Write a supporting document."""
    seed = _seed(options, terminal)
    rng = Random(seed)  # noqa: S311 - invented
    network, about, content = sample_document.make(options, rng)
    _write(options, content)
    if options.json:
        told = {"file": options.file, "network": network.name, "seed": seed}
        terminal.give({**told, "document": about._asdict()})
        return 0
    terminal.say(
        f"{options.file}: {size(len(content))}, a supporting document for invoice "
        f"{about.invoice} in lot {about.lot} of {about.sender}"
    )
    _say_invented(terminal, seed)
    return 0


def _seed(options: Options, terminal: Terminal) -> int:
    if options.seed is not None:
        return int(options.seed)
    return int.from_bytes(terminal.entropy(_SEED_BYTES))


def _write(options: Options, content: bytes) -> None:
    try:
        with Path(options.file).open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise Refusal(
            f"{options.file}: is there already and is never replaced; remove it, or "
            "choose another name",
            WRONG_USAGE,
        ) from None


def _say_invented(terminal: Terminal, seed: int) -> None:
    terminal.say(
        "Everybody and everything in it is invented; send it to a test system only. "
        f"The same file again: --seed {seed}"
    )


def _make(
    options: Options,
    terminal: Terminal,
    facts: _Facts,
    rng: Random,
    outcome: Outcome | None,
) -> BytesIO:
    """Make the file, once more while its amounts choose another outcome by chance."""
    for _ in range(_TRIES):
        made, invoice = BytesIO(), 0
        if outcome is not None:
            invoice = rng.choice(_NUMBERS) * 10**NUMBER_DIGITS
            invoice += int(outcome.number or 0)
        try:
            facts.network.sample(
                facts.code,
                facts.rules,
                rng=rng,
                day=today_of(terminal).isoformat(),
                sender=options.sender,
                lots=options.lots,
                claims=options.claims,
                into=made,
                flow=options.flow,
                invoice=invoice,
            )
        except ValueError as error:
            raise Refusal(
                f"no file can be made of that: {error}", WRONG_USAGE
            ) from None
        if outcome is None or _chosen(facts.network, made) == {outcome.name}:
            return made
    raise Refusal(
        f"no file of the flow {options.flow} chooses the outcome {options.outcome} in "
        "the sandbox, where invoices are looked up alone",
        WRONG_USAGE,
    )


def _chosen(network: Network, made: BytesIO) -> set[str]:
    """Say what a payer of the sandbox would do with the invoices of a file."""
    made.seek(0)
    format = network.recognise(made.getvalue())
    if format is None:
        return set()
    return {
        sandbox().outcome(claim.number, claim.asked).name
        for lot in network.read(made, format).lots()
        if lot.flow == _BILLING
        for claim in lot.claims
    }


def _whom(
    options: Options, terminal: Terminal
) -> tuple[Network, str, PayerEntry | None]:
    """Return the network, a code of today, and the payer if one is named."""
    catalog = Catalog.installed()
    if options.payer is None:
        network = catalog.network(_network(options, catalog))
        if words := network.check_code(options.code):
            raise Refusal(f"--code {words}", WRONG_USAGE)
        return network, options.code, None
    settings = opening.settings_of(options, terminal)
    today = today_of(terminal)
    payer = find(opening.directory_of(settings, catalog), options.payer, today)
    for each in payer.codes:
        if each.covers(today):
            return catalog.network(payer.network), each.code, payer
    raise Refusal(f"payer {payer.id!r} has no code that is valid today")


def _network(options: Options, catalog: Catalog) -> str:
    """Return the network that was named, else the only one with such codes."""
    wrong = {each.name: each.check_code(options.code) for each in catalog.networks()}
    likely = [name for name, words in wrong.items() if not words]
    if options.network is None and not likely:
        told = "; ".join(f"in {name} it {words}" for name, words in wrong.items())
        raise Refusal(f"--code is of no network: {told}", WRONG_USAGE)
    return one_of(options.network, catalog.network_names, likely)


def _must_be_valid(network: Network, made: BytesIO) -> None:
    made.seek(0)
    format = network.recognise(made.getvalue())
    if format is not None:
        reading = network.read(made, format)
        problems = [each for lot in reading.lots() for each in lot.problems]
        if reading.summary().valid:
            return
        first = next(iter([*problems, *reading.summary().problems]), None)
        why = first.message if first is not None else "it holds no lot"
        raise Refusal(f"no valid file can be made of that: {why}", WRONG_USAGE)
    raise Refusal("no valid file can be made of that", WRONG_USAGE)
