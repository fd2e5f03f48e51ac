"""Groupings that lead back to where they began: nobody would sign in the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from protocols.sesam.amc_decision import normal_number
from protocols.sesam.amc_masks import meet
from protocols.sesam.amc_tables import natures, share_a_day


def circles(rows: Sequence[Mapping[str, str]]) -> Iterator[Sequence[int]]:
    """Yield the first circle, if there is one, as places of rows in their order.

    One grouping leads to another when its signatory is the other's AMC and some
    identity is under both.  An AMC that signs for itself is no circle.
    """
    links = [
        (normal_number(row["amc_number"]), normal_number(row["signatory"]))
        for row in rows
    ]
    if not _in_circles(links):
        return  # whatever the rows are made for: nothing more need be compared
    by_amc: dict[str, list[int]] = {}
    for place, (amc, _) in enumerate(links):
        by_amc.setdefault(amc, []).append(place)
    heirs: TopologicalSorter[int] = TopologicalSorter()
    for place, row in enumerate(rows):
        amc, signatory = links[place]
        if signatory == amc:
            continue
        for other in by_amc.get(signatory, ()):
            if _under_both(row, rows[other]):
                heirs.add(other, place)
    try:
        heirs.prepare()
    except CycleError as error:
        found: list[int] = list(error.args[1][:-1])  # its last is its first again
        start = found.index(min(found))
        yield found[start:] + found[:start]


def _in_circles(links: Iterable[tuple[str, str]]) -> bool:
    """Say whether numbers lead back to where they began, by whatever rows."""
    heirs: TopologicalSorter[str] = TopologicalSorter()
    for amc, signatory in links:
        if amc != signatory:
            heirs.add(signatory, amc)
    try:
        heirs.prepare()
    except CycleError:
        return True
    return False


def _under_both(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    own, others = (natures(each.get("nature", "")) for each in (one, other))
    types = [each["convention_type"].upper() for each in (one, other)]
    return (
        (types[0] == types[1] or "" in types)
        and meet(one["criterion"].upper(), other["criterion"].upper())
        and (not own or not others or bool(own & others))
        and share_a_day(one, other)
    )
