"""The Belgian network as the gateway meets it: it keeps what every network promises."""

from __future__ import annotations

import io
from random import Random

import pytest

from protocols.errors import UnknownFormat
from protocols.interface import Network
from protocols.mycarenet.mark import mark_of
from protocols.mycarenet.network import MYCARENET
from protocols.mycarenet.routing import UNIONS
from protocols.mycarenet.sample_maker import make_third_party
from protocols.sending import Addressee, Emitter, LotPart
from routing.number_use import NumberUse
from tests.protocols.contract.network_contract import NetworkContract
from tests.protocols.mycarenet.efact_files import parts, seen, sending

_FORMAT = "mycarenet.920000"
_EMITTER = Emitter(number="1", kind="OT", name="US")


@pytest.fixture
def network() -> Network:
    return MYCARENET


@pytest.fixture
def code() -> str:
    return "300"


class TestMyCareNet(NetworkContract):
    pass


def _part(content: bytes, claims: int = 2) -> LotPart:
    return LotPart(lambda: io.BytesIO(content), "49164449401", "017", claims)


def _compose(*contents: bytes) -> tuple[str, bytes]:
    into = io.BytesIO()
    composed = MYCARENET.compose(
        [_part(each) for each in contents],
        addressee=Addressee(payer="solidaris", code="300"),
        emitter=_EMITTER,
        number=1,
        day="2026-11-02",
        into=into,
    )
    assert composed.size == len(into.getvalue())
    assert (composed.lots, composed.claims) == (1, 2)
    assert composed.records == (composed.size - 227) // 350
    return composed.name, into.getvalue()


@pytest.mark.parametrize("union", UNIONS)
def test_what_is_sent_is_what_came(union: str) -> None:
    """The same characters, under a name of union, reference and content, and nobody's."""
    content = sending(union=union)
    (lot,), _ = seen(content)

    name, sent = _compose(content)

    assert sent == content
    assert name == f"920000-300-{lot.destination['reference']}-{mark_of(sent)}.txt"
    assert _compose(sending(union=union, seed=2))[0].rpartition("-")[2] not in name
    assert MYCARENET.recognise(content[:4096]) == _FORMAT
    assert MYCARENET.payer_codes(lot.destination, {}) == (union,)


def test_two_sendings_never_share_a_message() -> None:
    with pytest.raises(ValueError, match="2 lots are to share a file for solidaris"):
        _compose(sending(), sending(seed=2))
    with pytest.raises(ValueError, match="0 lots"):
        _compose()
    with pytest.raises(ValueError, match="does not begin with the header"):
        _compose(sending()[227:])


@pytest.mark.parametrize("sender", ["", make_third_party(Random(4))])
def test_a_sample_is_valid_and_in_the_name_of_its_sender(sender: str) -> None:
    """Of so many sendings and invoices, and the same again from the same generator."""

    def made() -> bytes:
        into = io.BytesIO()
        size = MYCARENET.sample(
            "100",
            {},
            rng=Random(8),
            day="2026-11-02",
            sender=sender,
            lots=3,
            claims=2,
            into=into,
        )
        assert size == len(into.getvalue())
        return into.getvalue()

    reading = MYCARENET.read(io.BytesIO(made()), _FORMAT)
    lots = list(reading.lots())

    assert reading.summary().valid
    assert [len(lot.claims) for lot in lots] == [2, 2, 2]
    assert len({lot.match_key for lot in lots}) == 3
    assert len({lot.sender for lot in lots}) == 1
    assert not sender or lots[0].sender == sender
    assert made() == made()


@pytest.mark.parametrize("sender", ["12345678901", "ABC", "123456789012"])
def test_no_sample_is_made_for_a_number_that_is_none(sender: str) -> None:
    with pytest.raises(ValueError, match="eleven digits"):
        MYCARENET.sample(
            "100",
            {},
            rng=Random(8),
            day="2026-11-02",
            sender=sender,
            lots=1,
            claims=1,
            into=io.BytesIO(),
        )


def test_a_union_is_told_by_its_mutuality() -> None:
    """By the first digit, and by the directory's table where that knows better."""
    table = {
        "mutualities": [
            {
                "first": "319",
                "last": "319",
                "union": "300",
                "role": "mutuality",
                "name": "gone",
                "valid_from": "",
                "valid_until": "2025-12-31",
                "successor": "509",
            },
            {
                "first": "509",
                "last": "509",
                "union": "500",
                "role": "mutuality",
                "name": "new",
                "valid_from": "",
                "valid_until": "",
                "successor": "",
            },
        ]
    }

    def codes(mutuality: str, month: str = "202610") -> list[str]:
        destination = {"mutuality": mutuality, "year_month": month, "union": ""}
        return list(MYCARENET.payer_codes(destination, table))

    assert codes("319") == ["500", "300"]
    assert codes("319", "202512") == ["300"]
    assert codes("134") == ["100"]
    assert codes("950") == ["900"]
    assert codes("700") == []
    assert codes("") == []
    assert list(MYCARENET.payer_codes({}, {})) == []


def test_one_sender_has_one_form() -> None:
    """However a vendor writes a third-party payer's number."""
    assert {
        MYCARENET.normal_sender(each)
        for each in ("010000106004", "10000106004", "1-00001-06-004", "1.00001.06.004")
    } == {"10000106004"}


def test_a_number_is_registered_by_sender_union_and_year() -> None:
    (lot,), summary = seen(sending())

    assert lot.series == MYCARENET.number_series(lot.sender, "300", "2026-test")
    assert MYCARENET.file_number(summary) is None
    assert MYCARENET.rule_number(list[NumberUse]()).may_go


def test_who_we_are_and_what_payers_are_is_checked() -> None:
    assert list(MYCARENET.check_emitter(_EMITTER)) == []
    wrong = Emitter(number="BE1", kind="", name="É" * 50)
    assert [key for key, _ in MYCARENET.check_emitter(wrong)] == ["number", "name"]
    assert all(MYCARENET.check_code(union) == "" for union in UNIONS)
    assert "wanted" in MYCARENET.check_code("700")
    assert list(MYCARENET.check_rules({})) == []
    assert "unknown" in next(iter(MYCARENET.check_rules({"centre": "1"})))


def test_returns_are_told_from_sendings() -> None:
    """By the six digits at their beginning; other formats are refused by name."""
    for message in ("931000", "920999", "920098", "920099", "920900"):
        head = message.encode() + sending()[6:]
        format = MYCARENET.recognise(head) or ""
        assert format == f"mycarenet.{message}"
        assert MYCARENET.is_return(format)
        assert format in MYCARENET.titles
    assert not MYCARENET.is_return(_FORMAT)
    assert MYCARENET.recognise(sending()[227:]) == _FORMAT
    with pytest.raises(UnknownFormat, match="sesam"):
        MYCARENET.read(io.BytesIO(), "sesam.b2")


def test_a_file_is_shown_whole_with_its_zones() -> None:
    """Both segments of the header, then every record, each zone by its number."""
    content = sending()
    shown = list(MYCARENET.show(io.BytesIO(content), _FORMAT))

    assert [each.record for each in shown] == [0, 0, *range(1, 18)]
    assert [each.kind for each in shown[:4]] == ["200", "300", "10", "20"]
    assert [each.level for each in shown[2:8]] == [0, 1, 2, 3, 2, 3]
    (number,) = (each for each in shown[2].fields if each.name == "sending_number")
    assert (number.position, number.value) == (33, "017")
    assert number.title == "Number of the sending (zone 7)"
    (amount,) = (each for each in shown[8].fields if each.name == "insurer_amount_a")
    assert amount.meaning == f"{int(amount.value) / 100:.2f}"
    for each, record in zip(shown[2:], parts(content)[1:], strict=True):
        for field in each.fields:
            place = record[field.position - 1 : field.position - 1 + field.length]
            assert place.decode("latin-1").rstrip() == field.value


def test_a_damaged_file_is_shown_too() -> None:
    """Nothing is hidden: unknown records stand as they are, short ones as far as they go."""
    records = parts(sending())
    records[3] = b"77" + records[3][2:]
    records[4] = records[4][:120]

    shown = list(MYCARENET.show(io.BytesIO(b"".join(records)), _FORMAT))

    assert shown[4].title == "Unknown record"
    assert shown[4].fields[0].value.encode() == records[3]
    assert [each.kind for each in shown[5:7]] == ["52", "50"]
    assert list(MYCARENET.show(io.BytesIO(b""), _FORMAT)) == []
