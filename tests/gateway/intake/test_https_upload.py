"""POST /v1/deposits: what is promised to whoever sends a file over HTTPS."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from gateway.intake.interface import Client
from gateway.intake.receipts import verify
from gateway.journal import schema, tree
from tests.gateway.api.door import Door, Got, Line, head, login
from tests.gateway.house import SEGMENT_LIMIT, House, full_disk


def deposits_of(house: House) -> list[Any]:
    return house.database.read(
        lambda connection: list(connection.execute(select(schema.deposit)))
    )


def content_of(house: House, deposit: str) -> bytes:
    table = schema.deposit
    query = select(table.c.payload_id).where(table.c.id == deposit)
    payload = house.database.read(lambda found: found.execute(query).scalar_one())
    with house.database.read(house.payloads.open, payload) as stream:
        return stream.read()


class UploadTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.door = Door(self.house)
        self.client = self.house.client("alpha")
        self.token = self.house.token("alpha")

    def post(self, body: bytes, query: str = "filename=a.b2", **headers: str) -> Got:
        return self.door.post(f"/v1/deposits?{query}", body, self.token, **headers)

    def staged(self) -> list[str]:
        return [each.name for each in (self.house.folder / "storage/staging").iterdir()]

    def test_answers_with_a_receipt_that_verifies(self) -> None:
        """201 carries the signed receipt and says where the deposit is."""
        got = self.post(b"one file")

        assert got.status == 201
        assert verify(got.body, self.house.receipt_key.public_key())
        deposit = got.json()["deposit"]
        assert got.headers["Location"] == f"/v1/deposits/{deposit}"
        assert got.json()["filename"] == "a.b2"
        assert content_of(self.house, deposit) == b"one file"

    def test_the_same_content_again_is_the_same_receipt(self) -> None:
        """A file sent again, even under another name, gets its first receipt."""
        first = self.post(b"one file")
        again = self.post(b"one file", "filename=b.b2")

        assert again.status == 201
        assert again.body == first.body
        assert again.headers["Octway-Repeated"] == "true"
        assert "Octway-Repeated" not in first.headers
        assert len(deposits_of(self.house)) == 1

    def test_a_large_file_does_not_wait_in_memory(self) -> None:
        """Beyond the segment limit the bytes are on disk while they come in."""
        line, size = self.door.line(), 4 * SEGMENT_LIMIT
        path = "/v1/deposits?filename=a.b2"
        line.send(head("POST", path, size, login(self.token)))
        for _ in range(3):
            line.send(b"x" * SEGMENT_LIMIT)
        on_disk = self.staged()
        line.send(b"x" * SEGMENT_LIMIT)

        assert len(on_disk) == 1
        assert line.answer("POST").json()["size"] == size
        assert self.staged() == []

    def test_a_cut_line_leaves_nothing(self) -> None:
        """Bytes of an upload that never became whole are no deposit, nor a part."""
        line, path = self.door.line(), "/v1/deposits?filename=a.b2"
        line.send(head("POST", path, 3 * SEGMENT_LIMIT, login(self.token)))
        line.send(b"x" * 2 * SEGMENT_LIMIT)
        line.cut()

        assert deposits_of(self.house) == []
        assert self.staged() == []
        names = self.house.database.read(tree.inbox, "alpha", "/in")
        assert names == []
        assert self.door.seen.open == 0

    def test_a_body_shorter_than_announced_is_no_deposit(self) -> None:
        """What came is not taken for the whole when the client hangs up early."""
        line = self.door.line()
        line.send(head("POST", "/v1/deposits?filename=a.b2", 9, login(self.token)))
        line.send(b"8 bytes.")
        line.cut()

        assert deposits_of(self.house) == []

    def test_an_empty_body_is_refused(self) -> None:
        """A request without a file is a mistake, not an empty deposit."""
        got = self.post(b"")

        assert (got.status, got.json()["code"]) == (400, "bad-upload")
        assert deposits_of(self.house) == []

    def test_a_stranger_is_refused_before_the_body(self) -> None:
        """Who waits for 100 Continue with a wrong token is told 401 instead."""
        line = self.door.line()
        expects = login("octway_wrong") | {"Expect": "100-continue"}
        line.send(head("POST", "/v1/deposits?filename=a.b2", 500_000_000, expects))

        got = line.answer("POST")
        assert (got.status, got.json()["code"]) == (401, "unauthorized")
        assert got.headers["WWW-Authenticate"].startswith("Bearer")
        assert got.headers["Connection"] == "close"

    def test_a_client_that_waits_is_told_to_continue(self) -> None:
        """Expect: 100-continue is answered once the client is known."""
        line = self.door.line()
        expects = login(self.token) | {"Expect": "100-continue"}
        line.send(head("POST", "/v1/deposits?filename=a.b2", 3, expects))
        told = line.transport.value()
        line.transport.clear()
        line.send(b"abc")

        assert told == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert line.answer("POST").status == 201

    def test_a_large_refused_body_is_answered_at_once(self) -> None:
        """The answer does not wait for the rest, and the line closes after it."""
        line = self.door.line()
        line.send(head("POST", "/v1/deposits?filename=a.b2", 50_000_000, login("no")))
        line.send(b"x" * 1000)
        got = line.answer("POST")
        line.send(b"x" * 1000)

        assert got.status == 401
        assert not line.transport.disconnecting
        self.house.clock.advance(2)
        assert line.transport.disconnecting

    def test_a_small_refused_body_keeps_the_connection(self) -> None:
        """After a refusal the next request may come on the same connection."""
        line = self.door.line()
        refused = line.request(
            "POST", "/v1/deposits?filename=a.part", b"abc", login(self.token)
        )
        taken = line.request(
            "POST", "/v1/deposits?filename=a.b2", b"abc", login(self.token)
        )

        assert (refused.status, taken.status) == (400, 201)

    def test_requests_may_be_pipelined(self) -> None:
        """Requests sent without waiting are answered in their order."""
        line, path = self.door.line(), "/v1/deposits?filename=a.b2"
        one = head("POST", path, 3, login(self.token)) + b"one"
        two = head("POST", path, 3, login(self.token)) + b"two"
        line.send(one + two)

        answers = [line.answer("POST"), line.answer("POST")]
        contents = [content_of(self.house, each.json()["deposit"]) for each in answers]
        assert contents == [b"one", b"two"]

    def test_bytes_wait_until_the_client_is_known(self) -> None:
        """While the login is looked up the line is paused and nothing is lost."""
        looked_up: Deferred[Client | None] = Deferred()
        self.house.credentials.by_token = lambda token: looked_up  # type: ignore[method-assign]
        line = self.door.line()
        path = "/v1/deposits?filename=a.b2"
        line.send(head("POST", path, 8, login(self.token)) + b"one ")

        paused = line.transport.producerState
        looked_up.callback(self.client)
        line.send(b"file")

        assert paused == "paused"
        assert line.transport.producerState == "producing"
        deposit = line.answer("POST").json()["deposit"]
        assert content_of(self.house, deposit) == b"one file"

    def test_storage_that_fails_is_told_and_keeps_nothing(self) -> None:
        """A full disk is 503 with Retry-After; the file can be sent again."""
        for content in (b"one file", bytes(1_000_000)):
            with full_disk():
                refused = self.post(content)

            assert refused.status == 503
            assert refused.json()["code"] == "storage-unavailable"
            assert refused.headers["Retry-After"] == "30"
            assert "No space left" in refused.json()["detail"]
            assert deposits_of(self.house) == []
        assert self.post(b"one file").status == 201
        assert self.post(bytes(1_000_000)).status == 201

    def test_a_fault_of_ours_is_500_and_tells_nothing(self) -> None:
        """An error nobody foresaw is logged, and its words stay inside."""
        self.house.reception.begin = lambda *_: 1 / 0  # type: ignore[method-assign,assignment]
        got = self.post(b"one file")

        assert (got.status, got.json()["code"]) == (500, "internal")
        assert b"division" not in got.body
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1

    def test_wrapped_files_are_refused(self) -> None:
        """A multipart form or a compressed body would never be read by a payer."""
        form = self.post(b"x", Content_Type="multipart/form-data; boundary=b")
        packed = self.post(b"x", Content_Encoding="gzip")

        assert (form.status, packed.status) == (415, 415)

    def test_a_label_is_a_folder(self) -> None:
        """?label= shows the deposit under /in/LABEL, as an SFTP folder would."""
        got = self.post(b"one", "filename=a.b2&label=caisse%2001")
        again = self.post(b"two", "filename=b.b2&label=caisse%2001")

        assert (got.status, again.status) == (201, 201)
        names = self.house.database.read(tree.inbox, "alpha", "/in/caisse 01")
        assert [row.path for row in names] == [
            "/in/caisse 01/a.b2",
            "/in/caisse 01/b.b2",
        ]
        assert {row.label for row in deposits_of(self.house)} == {"caisse 01"}

    def test_a_name_that_is_no_utf_8_is_refused(self) -> None:
        """A name is never changed in silence: what cannot be read is refused."""
        for query in ("filename=coup%E9.b2", "filename=a%00.b2"):
            got = self.post(b"x", query)
            assert (got.status, got.json()["code"]) == (400, "bad-parameter")
            assert "UTF-8" in got.json()["detail"]
        taken = self.post(b"x", "filename=coup%C3%A9.b2")

        assert taken.json()["filename"] == "coupé.b2"

    def test_a_parameter_given_twice_is_refused(self) -> None:
        """Which of two names was meant is not guessed."""
        got = self.post(b"x", "filename=a.b2&filename=b.b2")

        assert (got.status, got.json()["code"]) == (400, "bad-parameter")

    def test_texts_too_long_are_named(self) -> None:
        """The refusal says which text, how long it is, and what may be."""
        label = self.post(b"x", "filename=a.b2&label=" + "x" * 256)
        name = self.post(b"x", "filename=" + "x" * 256)
        key = self.post(b"x", Idempotency_Key="x" * 256)

        codes = [each.json()["code"] for each in (label, name, key)]
        assert codes == ["bad-parameter", "bad-filename", "bad-parameter"]
        for got, what in ((label, "label"), (name, "name"), (key, "Idempotency-Key")):
            assert what in got.json()["detail"]
            assert "256" in got.json()["detail"]
            assert "255" in got.json()["detail"]

    def test_unknown_parameters_are_named(self) -> None:
        """A misspelt parameter is refused before a file is stored under no name."""
        got = self.post(b"x", "file_name=a.b2")

        assert (got.status, got.json()["code"]) == (400, "bad-parameter")
        assert "file_name" in got.json()["detail"]


class IdempotencyTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.door = Door(self.house)
        self.house.client("alpha")
        self.token = self.house.token("alpha")

    def post(self, body: bytes, key: str) -> Got:
        path = "/v1/deposits?filename=a.b2"
        return self.door.post(path, body, self.token, Idempotency_Key=key)

    def test_a_key_gives_the_same_receipt_for_the_same_file(self) -> None:
        """A retry with its key is answered as the first time."""
        first, again = self.post(b"one", "k1"), self.post(b"one", "k1")

        assert (first.status, again.status) == (201, 201)
        assert again.body == first.body
        assert again.headers["Octway-Repeated"] == "true"

    def test_a_key_is_refused_for_another_file(self) -> None:
        """A key used for another file is a mistake; that file is not stored."""
        first, other = self.post(b"one", "k1"), self.post(b"two", "k1")

        assert other.status == 422
        assert other.json()["code"] == "idempotency-mismatch"
        assert other.json()["deposit"] == first.json()["deposit"]
        assert len(deposits_of(self.house)) == 1

    def test_keys_belong_to_their_client(self) -> None:
        """Another client may use the same text as its key."""
        self.post(b"one", "k1")
        self.house.client("beta")
        path, token = "/v1/deposits?filename=a.b2", self.house.token("beta")
        got = self.door.post(path, b"two", token, Idempotency_Key="k1")

        assert got.status == 201

    def test_a_key_under_way_is_told_so(self) -> None:
        """Two requests with one key at once: the second is told to wait."""
        line, path = self.door.line(), "/v1/deposits?filename=a.b2"
        named = login(self.token) | {"Idempotency-Key": "k1"}
        line.send(head("POST", path, 3, named) + b"on")
        during = self.post(b"one", "k1")
        line.send(b"e")

        assert (during.status, during.headers["Retry-After"]) == (409, "2")
        assert line.answer("POST").status == 201
        assert self.post(b"one", "k1").status == 201


class LimitTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.door = Door(self.house)

    def test_a_file_announced_too_large_is_refused_at_once(self) -> None:
        """413 comes before the body does."""
        self.house.client("alpha", max_file_size=10)
        token, line = self.house.token("alpha"), self.door.line()
        path = "/v1/deposits?filename=a.b2"
        line.send(head("POST", path, 5_000_000, login(token)))

        got = line.answer("POST")
        assert (got.status, got.json()["code"]) == (413, "too-large")
        assert self.house.seen.limits == ["file-size"]

    def test_a_file_that_grows_too_large_is_refused(self) -> None:
        """A body in chunks is stopped when it passes the limit."""
        self.house.client("alpha", max_file_size=10)
        token, line = self.house.token("alpha"), self.door.line()
        named = login(token) | {"Transfer-Encoding": "chunked"}
        text = head("POST", "/v1/deposits?filename=a.b2", 0, named)
        line.send(text.replace(b"Content-Length: 0\r\n", b""))
        line.send(b"8\r\n12345678\r\n8\r\n12345678\r\n")

        got = line.answer("POST")
        assert (got.status, got.headers["Connection"]) == (413, "close")
        assert deposits_of(self.house) == []

    def test_too_many_uploads_are_told_to_wait(self) -> None:
        """429 says when to try again; an ended upload makes room."""
        self.house.client("alpha", max_open_uploads=1)
        token, line = self.house.token("alpha"), self.door.line()
        path = "/v1/deposits?filename=a.b2"
        line.send(head("POST", path, 3, login(token)) + b"ab")
        refused = self.door.post(path, b"x", token)
        line.cut()

        assert (refused.status, refused.headers["Retry-After"]) == (429, "5")
        assert self.door.post(path, b"x", token).status == 201

    def test_a_client_too_fast_is_told_to_wait(self) -> None:
        """429 holds until the minute is over."""
        self.house.client("alpha", max_bytes_per_second=1)
        token, path = self.house.token("alpha"), "/v1/deposits?filename=a.b2"
        first = self.door.post(path, b"x" * 60, token)
        refused = self.door.post(path, b"y", token)
        self.house.clock.advance(60)

        assert (first.status, refused.status) == (201, 429)
        assert refused.headers["Retry-After"] == "60"
        assert self.door.post(path, b"y", token).status == 201


def chunked(pieces: list[bytes]) -> bytes:
    coded = [b"%x\r\n%s\r\n" % (len(each), each) for each in pieces if each]
    return b"".join(coded) + b"0\r\n\r\n"


@given(
    content=st.binary(min_size=1, max_size=400).map(lambda data: data * 7),
    cuts=st.lists(st.integers(0, 3000), max_size=6),
    in_chunks=st.booleans(),
)
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_bytes_arrive_whole_however_the_line_cuts_them(
    content: bytes, cuts: list[int], in_chunks: bool
) -> None:
    """Any cutting of the stream into reads gives the same deposit."""
    house = House(segment_limit=1000)
    try:
        door = Door(house)
        house.client("alpha")
        line: Line = door.line()
        named = login(house.token("alpha"))
        path = "/v1/deposits?filename=a.b2"
        if in_chunks:
            text = head("POST", path, 0, named | {"Transfer-Encoding": "chunked"})
            raw = text.replace(b"Content-Length: 0\r\n", b"")
            raw += chunked([content[:100], content[100:]])
        else:
            raw = head("POST", path, len(content), named) + content
        at = 0
        for cut in [*sorted(cuts), len(raw)]:
            line.send(raw[at:cut])
            at = max(at, cut)
        deposit = line.answer("POST").json()["deposit"]

        assert content_of(house, deposit) == content
        count = house.database.read(
            lambda connection: connection.execute(
                select(func.count()).select_from(schema.deposit)
            ).scalar_one()
        )
        assert count == 1
    finally:
        house.close()
