"""How the text of an attestation's Data Matrix is built, as its file says it."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

LINE = "line"
"""What a tag stands for that holds a line."""

FACTS = ("member", "valid_from", "valid_until", "profession")
"""What an attestation may say beside the data of a card."""


@frozen(kw_only=True)
class Parts:
    """Parts of a text: by their places (`order`), or each with its tag before `equals`.

    What a part stands for is empty where it is passed over.
    """

    separator: str
    order: tuple[str, ...] = ()
    equals: str = ""
    tags: Mapping[str, str] = field(factory=dict)


@frozen(kw_only=True)
class AttestationSyntax:
    """One syntax; a `simulated` one is invented, and whoever uses it is told.

    `dates` is as `strptime` has it.  `line` describes one of several lines of who pays;
    None: what is said once is said of all.  `professions` are ours, by those of the text.
    """

    name: str
    words: str
    simulated: bool
    begins: str
    dates: str
    whole: Parts
    line: Parts | None
    professions: Mapping[str, str]
