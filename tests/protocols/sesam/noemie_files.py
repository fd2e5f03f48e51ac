"""Makes NOEMIE returns for tests: every number and name in them is invented."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen
from hypothesis import strategies as st

from protocols.records import load_layouts
from protocols.sesam.noemie_physical import Form
from protocols.sesam.noemie_writer import ReturnWriter

FORMS = [
    Form(wrapped=wrapped, line_end=line_end)
    for wrapped in (True, False)
    for line_end in (b"", b"\r\n", b"\n")
]


@frozen(kw_only=True)
class Invoice:
    """One invoice of a made-up return; each part is (asked, state, paid)."""

    number: int
    lot: int = 1
    day: str = "261102"
    amo: tuple[int, str, int] | None = (3600, "P", 3600)
    amc: tuple[int, str, int] | None = None
    rejects: tuple[str, ...] = ()
    insured: str = "1" * 13
    debt: int = 0
    kind: str = "B"


@frozen(kw_only=True)
class Group:
    """The invoices of one payee on one day."""

    payee: int
    invoices: Sequence[Invoice]
    transfer: str = "VIR 1"
    one_off: int = 0


@frozen(kw_only=True)
class Return:
    """A whole made-up return."""

    groups: Sequence[Group]
    recipient: str = "4242"
    old: bool = False
    nested: bool = field(default=False)


def header(recipient: str = "4242", reference: str = "0580") -> bytes:
    return load_layouts("noemie")["000"].write(
        {
            "sender_type": "CT",
            "sender_no": "1036751",
            "recipient_type": "OT",
            "recipient_no": recipient,
            "exchange": "NO",
            "file_id": "000917",
            "file_created": "261105",
            "reference": reference,
            "currency": "U",
            "flow": "R",
        }
    )


def signed(amount: int) -> dict[str, str | int]:
    return {"paid": abs(amount), "sign": "N" if amount < 0 else "P"}


def write(made: Return, form: Form) -> bytes:
    writer = ReturnWriter(header=header(made.recipient), form=form, with_extra=True)
    if made.nested:
        writer.add("020", {"mandatary": "77"})
    for group in made.groups:
        writer.add("040", {"payee": group.payee})
        writer.add("071", {"day": "261105", "transfer": group.transfer})
        writer.add("081", {"return_kind": "01"})
        for invoice in group.invoices:
            add_invoice(writer, group.payee, invoice, old=made.old)
        if group.one_off:
            writer.add("261", {"level": "02", "payment": "12", "amount": group.one_off})
            writer.item(extra=group.one_off)
            writer.add("262", {"level": "02", "payment": "12", "label": "FORFAIT"})
        writer.control(f"02{group.payee:015}")
    if made.nested:
        writer.control("01" + "77".zfill(15))
    return writer.finish()


def add_invoice(
    writer: ReturnWriter, payee: int, invoice: Invoice, *, old: bool
) -> None:
    number = f"{invoice.number:09}"
    lot: dict[str, str | int] = {"lot": f"{invoice.lot:03}", "lot_date": invoice.day}
    if old:
        writer.add("080", {"level": "03"} | lot)
        writer.add("100", {"level": "04", "invoice": number})
    else:
        writer.add(
            "102",
            {"level": "04", "invoice": number, "invoice_kind": invoice.kind}
            | lot
            | {"invoice_date": invoice.day},
        )
    writer.add(
        "103",
        {
            "level": "04",
            "insured": invoice.insured,
            "birth_date": "690512",
            "birth_rank": "1",
        },
    )
    paid = 0
    for code, part in (("198", invoice.amo), ("199", invoice.amc)):
        if part is not None:
            asked, state, cents = part
            values: dict[str, str | int] = {"level": "04", "asked": asked}
            writer.add(code, values | {"state": state} | signed(cents))
            paid += cents if state.strip() else 0
    for reject in invoice.rejects:
        writer.add(
            "294",
            {
                "level": "04",
                "code": reject,
                "label": "REFUS",
                "scope": "F",
                "part": "O",
            },
        )
    writer.item(lot=(payee, invoice.lot, invoice.day), items=1, paid=paid)
    if invoice.debt:
        writer.add(
            "250",
            {
                "level": "04",
                "debt": "D1",
                "debt_date": "260101",
                "debt_kind": "IND",
                "operation": "RPR",
                "amount": abs(invoice.debt),
                "sign": "N" if invoice.debt < 0 else "P",
            },
        )
        writer.item(extra=invoice.debt)


amounts = st.integers(0, 99_999_999)
states = st.sampled_from(["P", "R", "D", ""])


@st.composite
def parts(draw: st.DrawFn) -> tuple[int, str, int]:
    """One part of an invoice: only a paid one is paid anything."""
    asked, state = draw(amounts), draw(states)
    paid = draw(st.integers(-asked, asked)) if state == "P" else 0
    return asked, state, paid


@st.composite
def returns(draw: st.DrawFn) -> Return:
    """Any return with groups of invoices, one-off payments and debts."""
    invoices = st.builds(
        Invoice,
        number=st.integers(1, 999_999_999),
        lot=st.integers(1, 999),
        day=st.sampled_from(["261102", "261031"]),
        amo=st.none() | parts(),
        amc=st.none() | parts(),
        rejects=st.lists(st.sampled_from(["1234", "9"]), max_size=2).map(tuple),
        debt=st.just(0) | st.integers(-9999, 9999),
    )
    groups = st.builds(
        Group,
        payee=st.integers(100_000_000, 100_000_003),
        invoices=st.lists(invoices, max_size=3),
        one_off=st.just(0) | st.integers(1, 9999),
    )
    return Return(
        groups=draw(st.lists(groups, min_size=1, max_size=4)),
        old=draw(st.booleans()),
        nested=draw(st.booleans()),
    )
