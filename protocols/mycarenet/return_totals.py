"""The totals of a settlement: one record 91 for each mutuality, a 92 for the union.

What was asked is what was accepted and what was refused, in each of them; the 91
come to the 92; and the lines that were refused come to the total refused.  That
held in every real settlement that was seen (belgium.md 2.4).  Where it does not,
the return is told to be wrong; what it says is taken as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from attrs import field, frozen

from protocols.mycarenet.return_message import ReturnRecord
from protocols.mycarenet.return_records import cents
from protocols.problem_log import ProblemLog
from protocols.records import load_layouts
from routing.payment import PaymentSeen

MUTUALITY, UNION = "91", "92"
KINDS: Final = frozenset({MUTUALITY, UNION})
LEAST: Final = 161
"""Characters of a total that hold all its amounts."""

_BALANCES: Final = tuple(
    (f"asked{account}", f"accepted{account}", f"refused{account}")
    for account in ("_a", "_b", "")
)
_NEWER: Final = ("asked_c", "accepted_c", "refused_c")
_AMOUNTS: Final = (*(name for names in _BALANCES for name in names), *_NEWER)
_ACCOUNTS: Final = ("a", "b", "c")


@frozen(kw_only=True)
class Total:
    """One 91 or 92: its amounts in cents, those alone that are there."""

    number: int
    kind: str
    mutuality: str
    amounts: Mapping[str, int]
    references: Mapping[str, str] = field(factory=dict)
    """The reference of the payment on each account that has one, by the account."""

    @property
    def who(self) -> str:
        """Whom it is for, in words."""
        return f"{'mutuality' if self.kind == MUTUALITY else 'union'} {self.mutuality}"


@frozen
class Totals:
    """Every total of a settlement, in the order of the file."""

    found: list[Total] = field(factory=list)

    def add(self, record: ReturnRecord) -> None:
        """Take a record 91 or 92 that is long enough."""
        layout = load_layouts("efact_returns")[record.kind]
        content = record.content
        read = {
            name: cents(layout[name].raw(content))
            for name in _AMOUNTS
            if name in layout.by_name
        }
        references = {
            account: layout[name].raw(content).strip()
            for account in _ACCOUNTS
            if (name := f"payment_reference_{account}") in layout.by_name
        }
        total = Total(
            number=record.number,
            kind=record.kind,
            mutuality=layout["mutuality"].raw(content),
            amounts={name: value for name, value in read.items() if value is not None},
            references={of: each for of, each in references.items() if each.strip("0")},
        )
        self.found.append(total)

    @property
    def whole(self) -> Mapping[str, int]:
        """What was asked, accepted and refused in all: of the 92, else of the 91.

        Empty where neither tells it.
        """
        for kind in (UNION, MUTUALITY):
            each = [total.amounts for total in self.found if total.kind == kind]
            told = [key for key in _BALANCES[-1] if all(key in one for one in each)]
            if each and len(told) == len(_BALANCES[-1]):
                return {name: sum(one[name] for one in each) for name in told}
        return {}

    @property
    def union(self) -> str:
        """The union's number; "" without a total.  The 92 names it with 99 (399)."""
        last = next(iter(self.found[-1:]), None)
        return f"{last.mutuality[:1]}00" if last and last.mutuality[:1].strip() else ""

    @property
    def references(self) -> tuple[str, ...]:
        """The references of the payments, each once: they stand on the transfer."""
        return tuple(
            dict.fromkeys(r for each in self.found for r in each.references.values())
        )

    @property
    def payments(self) -> tuple[PaymentSeen, ...]:
        """The transfers announced: what is accepted by reference and account.

        Mutualities may share a reference.  What comes to nothing, or is taken back,
        is no transfer.
        """
        sums: dict[tuple[str, str], int] = {}
        for total in self.found:
            for account, reference in total.references.items():
                key = (reference, account.upper())
                accepted = total.amounts.get(f"accepted_{account}", 0)
                sums[key] = sums.get(key, 0) + accepted
        return tuple(PaymentSeen(*key, each) for key, each in sums.items() if each > 0)

    def reconcile(self, *, refused: int, asked: int | None, log: ProblemLog) -> None:
        """Report every total that does not agree with itself, the others or the lines.

        `refused` is what the records shown say, `asked` what record 90 says.
        """
        for total in self.found:
            for code, message in _own_faults(total):
                log.add(code, message, record=total.number, position=24)
        for code, message in self._faults(refused, asked):
            log.add(code, message, record=self.found[-1].number, position=24)

    def _faults(self, refused: int, asked: int | None) -> Iterator[tuple[str, str]]:
        unions = [each for each in self.found if each.kind == UNION]
        mutualities = [each for each in self.found if each.kind == MUTUALITY]
        if len(unions) > 1:
            yield "totals-twice", f"{len(unions)} records 92 were read; one is expected"
        for name in (name for names in _BALANCES for name in names):
            of_union = [each.amounts.get(name, 0) for each in unions]
            summed = sum(each.amounts.get(name, 0) for each in mutualities)
            if unions and mutualities and sum(of_union) != summed:
                yield (
                    "totals-sum",
                    f"the records 91 say {_euros(summed)} {_words(name)}, the record "
                    f"92 says {_euros(sum(of_union))}; ask the payer which is right",
                )
        whole = self.whole
        if whole and whole["refused"] != refused:
            yield (
                "totals-refused",
                f"{_euros(whole['refused'])} are refused in all, and the lines shown "
                f"come to {_euros(refused)}; ask the payer which is right",
            )
        if whole and asked is not None and whole["asked"] != asked:
            yield (
                "totals-asked",
                f"the totals say that {_euros(whole['asked'])} were asked; the record "
                f"90 says {_euros(asked)}",
            )


def _own_faults(total: Total) -> Iterator[tuple[str, str]]:
    for names in (*_BALANCES, _NEWER):
        if not all(name in total.amounts for name in names):
            if names != _NEWER:
                yield (
                    "totals-unreadable",
                    f"{total.who}: what was {_words(names[0])} cannot be read; signed "
                    "amounts of 12 characters are expected",
                )
            continue
        asked, accepted, refused = (total.amounts[name] for name in names)
        if asked != accepted + refused:
            yield (
                "totals-balance",
                f"{total.who}: {_euros(asked)} {_words(names[0])}, but "
                f"{_euros(accepted)} accepted and {_euros(refused)} refused; the two "
                "must come to what was asked, ask the payer which is right",
            )


def _words(name: str) -> str:
    what, _, account = name.partition("_")
    return f"{what} on account {account.upper()}" if account else f"{what} in all"


def _euros(amount: int) -> str:
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02} EUR"
