"""`octway sample FILE --document`: an invented supporting document, to try an upload with."""

from __future__ import annotations

from pathlib import Path
from random import Random

from gateway.cli.arguments import Options
from gateway.cli.refusal import WRONG_USAGE, Refusal
from gateway.inspection import CheckerUnavailable, check
from protocols.attachments import About, Attachments
from protocols.catalog import Catalog
from protocols.interface import Network
from routing.envelope import Severity


def make(options: Options, rng: Random) -> tuple[Network, About, bytes]:
    """Make a document for the invoice that the file's name says; it breaks no rule."""
    name = Path(options.file).name
    for network, kind in _kinds(options):
        about = kind.about(name)
        if about is not None:
            content = kind.sample(rng, about)
            _must_be_valid(kind, content)
            return network, about, content
    wanted = "; ".join(
        f"{network.name}: {kind.naming}" for network, kind in _kinds(options)
    )
    raise Refusal(
        f"{name}: its name does not say which invoice it belongs to; wanted {wanted}",
        WRONG_USAGE,
    )


def _kinds(options: Options) -> list[tuple[Network, Attachments]]:
    """Return the networks that take documents, or the one that was named."""
    found = [
        (each, each.attachments)
        for each in Catalog.installed().networks()
        if each.attachments is not None and options.network in {None, each.name}
    ]
    if not found:
        raise Refusal(
            f"--network {options.network}: takes no supporting documents", WRONG_USAGE
        )
    return found


def _must_be_valid(kind: Attachments, content: bytes) -> None:
    """Have it looked into as one that comes in."""
    try:
        told = check(kind.checker, content)
    except CheckerUnavailable as error:
        raise Refusal(f"no document was made: it cannot be checked: {error}") from None
    problems = () if told is None else kind.judge(told, size=len(content))
    wrong = [each for each in problems if each.severity is Severity.ERROR]
    if told is None or wrong:
        why = wrong[0].message if wrong else "it cannot be examined"
        raise Refusal(f"no valid document can be made here: {why}")
