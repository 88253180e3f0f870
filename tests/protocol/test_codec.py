"""Whatever comes in, only `ProtocolError` goes out, and it names the request where it can."""

import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from protocol import events, limits, rest
from protocol.codec import FORMATS, JSON, MSGPACK, Format, decode_body, encode_body
from protocol.errors import (
    BodyInvalid,
    BodyMalformed,
    BodyTooLarge,
    FrameMalformed,
    FrameTooLarge,
    InvalidMessage,
    MeshError,
    ProtocolError,
    UnknownType,
)
from protocol.version import SUBPROTOCOLS
from tests.protocol import golden_table
from tests.protocol.strategies import any_json, any_text, structs

REQUESTS = list(golden_table.read("client_to_server"))
EVENTS = list(golden_table.read("server_to_client"))
BODIES = list(golden_table.read("rest"))
GOLDEN_BYTES = [
    data for golden in (*REQUESTS, *EVENTS, *BODIES) for data in (golden.json, golden.msgpack) if data
]
BODY_KINDS: list[type[msgspec.Struct]] = [getattr(rest, golden.type) for golden in BODIES]

formats = st.sampled_from([JSON, MSGPACK])
requests = st.sampled_from(get_args(events.ClientToServer)).flatmap(structs)
server_events = st.sampled_from(get_args(events.ServerToClient)).flatmap(structs)
bodies = st.sampled_from(BODY_KINDS).flatmap(structs)
request_ids = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.integers(
    -limits.INTEGER_MAX, limits.INTEGER_MAX
)

both_formats = pytest.mark.parametrize("fmt", [JSON, MSGPACK], ids=repr)


def encode(fmt: Format, value: Any) -> bytes:
    """Any value, valid or not, as a frame of that format."""
    return fmt.encode(value)


def refusal_of(fmt: Format, data: bytes) -> ProtocolError:
    with pytest.raises(ProtocolError) as raised:
        fmt.decode_request(data)
    return raised.value


def assert_fit_to_send(error: MeshError) -> None:
    """A refusal goes to a stranger: it is bounded, on one line, and can be encoded with its `re`."""
    assert len(error.message) <= 300
    assert error.message.isprintable()
    re = error.re if isinstance(error, ProtocolError) else None
    answer = events.Error(re=re, code=error.code, message=error.message)
    for fmt in (JSON, MSGPACK):
        assert fmt.decode_event(fmt.encode(answer)) == answer


def try_everything(data: bytes) -> None:
    """Every decoder on the same bytes; only a `ProtocolError` may come out."""
    for decode in (JSON.decode_request, JSON.decode_event, MSGPACK.decode_request, MSGPACK.decode_event):
        try:
            decode(data)
        except ProtocolError as error:
            assert_fit_to_send(error)
    for kind in BODY_KINDS:
        try:
            decode_body(data, kind)
        except ProtocolError as error:
            assert_fit_to_send(error)


# ── what is valid arrives as it was sent ─────────────────────────────────────────────────────────


@given(formats, requests)
def test_requests_arrive_as_sent(fmt: Format, request: events.ClientToServer) -> None:
    assert fmt.decode_request(fmt.encode(request)) == request


@given(formats, server_events)
def test_events_arrive_as_sent(fmt: Format, event: events.ServerToClient) -> None:
    assert fmt.decode_event(fmt.encode(event)) == event


@given(bodies)
def test_bodies_arrive_as_sent(body: msgspec.Struct) -> None:
    assert decode_body(encode_body(body), type(body)) == body


@given(formats, requests, st.dictionaries(any_text, any_json, max_size=4))
def test_unknown_fields_are_ignored(
    fmt: Format, request: events.ClientToServer, extra: dict[str, Any]
) -> None:
    known = {field.encode_name for field in msgspec.structs.fields(request)} | {"type"}
    assume(not known & extra.keys())
    assert fmt.decode_request(encode(fmt, {**extra, **msgspec.to_builtins(request)})) == request
    assert fmt.decode_request(encode(fmt, {**msgspec.to_builtins(request), **extra})) == request


@given(bodies, st.dictionaries(any_text, any_json, max_size=4))
def test_unknown_fields_of_bodies_are_ignored(body: msgspec.Struct, extra: dict[str, Any]) -> None:
    known = {field.encode_name for field in msgspec.structs.fields(body)}
    assume(not known & extra.keys())
    assert decode_body(encode_body({**extra, **msgspec.to_builtins(body)}), type(body)) == body


def test_an_id_of_null_is_no_id() -> None:
    assert JSON.decode_request(b'{"type":"system.ping","id":null}') == events.Ping()


def test_formats_are_found_by_their_subprotocol() -> None:
    assert tuple(FORMATS) == SUBPROTOCOLS
    assert [(name, fmt.subprotocol, fmt.binary) for name, fmt in FORMATS.items()] == [
        ("mesh.v1.json", "mesh.v1.json", False),
        ("mesh.v1.msgpack", "mesh.v1.msgpack", True),
    ]


@both_formats
def test_a_lone_surrogate_cannot_be_sent(fmt: Format) -> None:
    with pytest.raises(UnicodeEncodeError):
        fmt.encode(events.JoinRoom(room_id="\ud800"))


# ── what is not valid is refused, whatever it is ─────────────────────────────────────────────────


@given(st.binary(max_size=200))
def test_garbage_raises_only_protocol_errors(data: bytes) -> None:
    try_everything(data)


@given(any_json)
def test_any_json_raises_only_protocol_errors(value: Any) -> None:
    try_everything(msgspec.json.encode(value))
    try_everything(msgspec.msgpack.encode(value))


@given(st.sampled_from(GOLDEN_BYTES), st.data())
def test_damaged_goldens_raise_only_protocol_errors(golden: bytes, data: st.DataObject) -> None:
    """Cut out, put in and doubled, at any place, several times."""
    damaged = golden
    for _ in range(data.draw(st.integers(1, 4))):
        start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(damaged))] * 2)))
        put_in = data.draw(st.binary(max_size=6) | st.just(damaged[start:end] * 2))
        damaged = damaged[:start] + put_in + damaged[end:]
    try_everything(damaged)


@pytest.mark.parametrize("golden", REQUESTS, ids=lambda golden: golden.name)
def test_requests_cut_short_are_malformed(golden: golden_table.Golden) -> None:
    for fmt, data in ((JSON, golden.json), (MSGPACK, golden.msgpack)):
        for end in range(len(data)):
            assert isinstance(refusal_of(fmt, data[:end]), FrameMalformed), end


@given(formats, requests, request_ids, st.data())
def test_a_refusal_names_the_request(
    fmt: Format, request: events.ClientToServer, request_id: str | int, data: st.DataObject
) -> None:
    """Wherever the `id` stands, before what is wrong or after it."""
    fields = msgspec.to_builtins(request) | {"id": request_id}
    wrong = data.draw(st.sampled_from([name for name in fields if name != "id"]))
    expected: type[ProtocolError]
    match data.draw(st.sampled_from(["missing", "of a wrong type", "of an unknown type"])):
        case "missing" if wrong == "type" or _is_required(request, wrong):
            del fields[wrong]
            expected = InvalidMessage
        case "of an unknown type":
            fields["type"] = data.draw(any_text.filter(lambda text: "." not in text))
            expected = UnknownType
        case _:
            fields[wrong] = 1.5
            expected = InvalidMessage
    shuffled = dict(data.draw(st.permutations(list(fields.items()))))
    refusal = refusal_of(fmt, encode(fmt, shuffled))
    assert type(refusal) is expected
    assert refusal.re == request_id
    assert_fit_to_send(refusal)


def _is_required(request: msgspec.Struct, name: str) -> bool:
    return any(field.required for field in msgspec.structs.fields(request) if field.encode_name == name)


DEEP = 20_000
PING = {"type": "system.ping"}


@pytest.mark.parametrize(
    ("data", "expected", "re"),
    [
        (b"", FrameMalformed, None),
        (b"null", FrameMalformed, None),
        (b'"system.ping"', FrameMalformed, None),
        (b'[{"type":"system.ping"}]', FrameMalformed, None),
        (b"\xef\xbb\xbf" + b'{"type":"system.ping"}', FrameMalformed, None),
        (b'{"type":"system.ping"}{"type":"system.ping"}', FrameMalformed, None),
        (b'{"type":"system.ping","id":1,}', FrameMalformed, None),
        (b"{'type':'system.ping'}", FrameMalformed, None),
        (b"{}", InvalidMessage, None),
        (b'{"id":"q"}', InvalidMessage, "q"),
        (b'{"type":null,"id":3}', InvalidMessage, 3),
        (b'{"type":["system.ping"],"id":3}', InvalidMessage, 3),
        (b'{"type":"","id":3}', UnknownType, 3),
        (b'{"type":"System.Ping","id":3}', UnknownType, 3),
        (b'{"type":"system.welcome","id":3}', UnknownType, 3),
        (b'{"type":"system.unheard_of","id":3', FrameMalformed, None),
        (b'{"type":"room.join","room_id":5,"id":3', FrameMalformed, None),
        # the id itself is wrong
        (b'{"type":"system.ping","id":1.5}', InvalidMessage, None),
        (b'{"type":"system.ping","id":true}', InvalidMessage, None),
        (b'{"type":"system.ping","id":[1]}', InvalidMessage, None),
        (b'{"type":"nope","id":{"a":1}}', UnknownType, None),
        (b'{"type":"system.ping","id":"%s"}' % (b"x" * 65), InvalidMessage, None),
        (b'{"type":"nope","id":"%s"}' % (b"x" * 65), UnknownType, None),
        # numbers
        (b'{"type":"system.ping","id":9007199254740992}', InvalidMessage, None),
        (b'{"type":"system.ping","id":-9007199254740992}', InvalidMessage, None),
        (b'{"type":"system.ping","id":%s}' % (b"9" * 10_000), InvalidMessage, None),
        (b'{"type":"chat.read","id":1,"room_id":"r","seq":-1}', InvalidMessage, 1),
        (b'{"type":"chat.read","id":1,"room_id":"r","seq":9007199254740992}', InvalidMessage, 1),
        (b'{"type":"chat.read","id":1,"room_id":"r","seq":1.5}', InvalidMessage, 1),
        (b'{"type":"chat.read","id":1,"room_id":"r","seq":"1"}', InvalidMessage, 1),
        (b'{"type":"chat.read","id":1,"room_id":"r","seq":true}', InvalidMessage, 1),
        (b'{"type":"chat.read","id":1,"room_id":"r","seq":1e999}', InvalidMessage, 1),
        (b'{"type":"chat.read","id":1,"room_id":"r","seq":NaN}', FrameMalformed, None),
        (b'{"type":"chat.read","id":1,"room_id":"r","seq":Infinity}', FrameMalformed, None),
        # text
        (b'{"type":"room.join","id":1,"room_id":""}', InvalidMessage, 1),
        (b'{"type":"room.join","id":1,"room_id":"%s"}' % (b"r" * 65), InvalidMessage, 1),
        (b'{"type":"room.join","id":1,"room_id":"\\ud800"}', FrameMalformed, None),
        (b'{"type":"room.join","id":1,"room_id":"\\udc00\\ud800"}', FrameMalformed, None),
        (b'{"type":"room.join","id":1,"room_id":"\xff"}', FrameMalformed, None),
        (b'{"type":"room.join","id":1,"room_id":"\xed\xa0\x80"}', FrameMalformed, None),
        (b'{"type":"presence.update","id":1,"presence":"asleep"}', InvalidMessage, 1),
        # maps and lists
        (b'{"type":"system.hello","id":1,"version":1,"resume":{"":1}}', InvalidMessage, 1),
        (b'{"type":"system.hello","id":1,"version":1,"resume":{"r":-1}}', InvalidMessage, 1),
        (b'{"type":"system.hello","id":1,"version":1,"resume":[]}', InvalidMessage, 1),
        # two of a kind: the last one counts, but for the type, where each must be known and the same
        (b'{"type":"system.ping","type":"nope","id":1}', UnknownType, 1),
        (b'{"type":"system.ping","type":"room.join","id":1}', InvalidMessage, 1),
        # nesting without end
        (b"[" * DEEP, FrameMalformed, None),
        (b'{"type":"system.ping","x":' + b"[" * DEEP, FrameMalformed, None),
        (b'{"type":"nope","id":' + b'{"a":' * (DEEP // 2), FrameMalformed, None),
        (b'{"type":"room.join","room_id":' + b"[" * DEEP + b"]" * DEEP + b"}", FrameMalformed, None),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_json_that_is_refused(data: bytes, expected: type[ProtocolError], re: str | int | None) -> None:
    refusal = refusal_of(JSON, data)
    assert type(refusal) is expected
    assert refusal.re == re
    assert_fit_to_send(refusal)


def _msgpack(value: Any) -> bytes:
    return msgspec.msgpack.encode(value)


@pytest.mark.parametrize(
    ("data", "expected", "re"),
    [
        (b"", FrameMalformed, None),
        (b"\xc1", FrameMalformed, None),
        (_msgpack(None), FrameMalformed, None),
        (_msgpack([PING]), FrameMalformed, None),
        (_msgpack(PING) * 2, FrameMalformed, None),
        (_msgpack({}), InvalidMessage, None),
        (_msgpack({"id": "q"}), InvalidMessage, "q"),
        (_msgpack({"type": b"system.ping", "id": 3}), InvalidMessage, 3),
        (_msgpack({"type": msgspec.msgpack.Ext(5, b"abc"), "id": 3}), InvalidMessage, 3),
        (_msgpack({"type": "nope", "id": msgspec.msgpack.Ext(5, b"abc")}), UnknownType, None),
        (_msgpack({"type": "system.ping", "id": 2**64 - 1}), InvalidMessage, None),
        (_msgpack({"type": "system.ping", "id": float("nan")}), InvalidMessage, None),
        (_msgpack({"type": "system.hello", "id": 1, "version": float("nan")}), InvalidMessage, 1),
        (_msgpack({"type": "room.join", "id": 1, "room_id": b"raw"}), InvalidMessage, 1),
        (_msgpack({"type": "system.hello", "id": 1, "version": 1, "resume": {7: 1}}), InvalidMessage, 1),
        # keys that are not text
        (_msgpack({**PING, 1: 2}), FrameMalformed, None),
        (_msgpack({None: 2, **PING}), FrameMalformed, None),
        (b"\x82\xa4type\xabsystem.ping\x91\x01\x02", FrameMalformed, None),
        # an id that cannot be a key, a time that no calendar has, bytes that are no text
        (b"\x82\xa4type\xa4nope\xa2id\x81\x80\x01", UnknownType, None),
        (b"\x82\xa4type\xa4nope\xa2id\xc7\x0c\xff" + b"\xff" * 12, UnknownType, None),
        (b"\x82\xa4type\xa4nope\xa2id\xa1\xff", UnknownType, None),
        (b"\x82\xa4type\xa9room.join\xa7room_id\xa3\xed\xa0\x80", FrameMalformed, None),
        # lengths that promise more than there is
        (b"\xdf\xff\xff\xff\xff", FrameMalformed, None),
        (b"\x81\xdb\xff\xff\xff\xff", FrameMalformed, None),
        (b"\x82\xa4type\xa4nope\xa2id\xdd\xff\xff\xff\xff", FrameMalformed, None),
        (b"\x83\xa4type\xb1chat.message.send\xa8mentions\xdd\x7f\xff\xff\xff", FrameMalformed, None),
        # nesting without end
        (b"\x91" * DEEP, FrameMalformed, None),
        (b"\x82\xa4type\xabsystem.ping\xa1x" + b"\x91" * DEEP, FrameMalformed, None),
        (b"\x82\xa4type\xa4nope\xa2id" + b"\x81\xa1a" * DEEP, FrameMalformed, None),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_msgpack_that_is_refused(data: bytes, expected: type[ProtocolError], re: str | int | None) -> None:
    refusal = refusal_of(MSGPACK, data)
    assert type(refusal) is expected
    assert refusal.re == re
    assert_fit_to_send(refusal)


def test_an_extension_type_in_an_unknown_field_is_ignored() -> None:
    assert MSGPACK.decode_request(_msgpack({**PING, "x": msgspec.msgpack.Ext(5, b"abc")})) == events.Ping()


def test_the_last_of_two_equal_fields_counts() -> None:
    assert JSON.decode_request(b'{"type":"system.ping","id":1,"id":2}') == events.Ping(id=2)


@both_formats
def test_a_refusal_quotes_little_of_what_was_sent(fmt: Format) -> None:
    presence = "\x1b[2J\u202e" * 3_000
    refusal = refusal_of(fmt, encode(fmt, {"type": "presence.update", "id": 1, "presence": presence}))
    assert_fit_to_send(refusal)
    assert refusal.re == 1


@both_formats
@pytest.mark.parametrize("retry_after", [-1, limits.WAIT_MAX_S + 1])
def test_a_server_cannot_make_a_client_wait_for_ever(fmt: Format, retry_after: float) -> None:
    with pytest.raises(InvalidMessage):
        fmt.decode_event(fmt.encode(events.Bye(reason="", retry_after=retry_after)))


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf")])
def test_times_to_wait_are_numbers(wrong: float) -> None:
    with pytest.raises(InvalidMessage):
        MSGPACK.decode_event(MSGPACK.encode(events.Bye(reason="", retry_after=wrong)))


def text(size: int) -> str:
    return "x" * size


AT_THEIR_BOUNDS: list[tuple[dict[str, Any], str, list[Any], list[Any]]] = [
    (
        {"type": "room.join"},
        "room_id",
        [text(1), text(limits.ID_CHARS)],
        ["", text(limits.ID_CHARS + 1)],
    ),
    (
        {"type": "chat.read", "room_id": "r"},
        "seq",
        [0, limits.INTEGER_MAX],
        [-1, limits.INTEGER_MAX + 1],
    ),
    (
        {"type": "system.ping"},
        "id",
        ["", text(limits.ID_CHARS), -limits.INTEGER_MAX, limits.INTEGER_MAX],
        [text(limits.ID_CHARS + 1), -limits.INTEGER_MAX - 1, limits.INTEGER_MAX + 1],
    ),
    (
        {"type": "system.hello", "version": 1},
        "token",
        ["", text(limits.TOKEN_CHARS)],
        [text(limits.TOKEN_CHARS + 1)],
    ),
    (
        {"type": "system.hello", "version": 1},
        "device_key",
        ["", text(2 * limits.ID_CHARS)],
        [text(2 * limits.ID_CHARS + 1)],
    ),
    (
        {"type": "system.hello", "version": 1},
        "resume",
        [{}, {str(room): 1 for room in range(limits.RESUME_ROOMS)}, {text(limits.ID_CHARS): 0}],
        [{str(room): 1 for room in range(limits.RESUME_ROOMS + 1)}, {"": 1}, {"r": -1}],
    ),
    (
        {"type": "chat.message.send", "room_id": "r", "content": ""},
        "nonce",
        [text(1), text(limits.ID_CHARS)],
        ["", text(limits.ID_CHARS + 1)],
    ),
    (
        {"type": "chat.message.send", "room_id": "r", "content": "", "nonce": "n"},
        "content_type",
        ["a/b", text(limits.CONTENT_TYPE_CHARS)],
        ["ab", text(limits.CONTENT_TYPE_CHARS + 1)],
    ),
    (
        {"type": "chat.message.send", "room_id": "r", "content": "", "nonce": "n"},
        "mentions",
        [[], ["u"] * limits.MENTIONS],
        [["u"] * (limits.MENTIONS + 1), [""], [text(limits.ID_CHARS + 1)]],
    ),
    (
        {"type": "chat.message.send", "room_id": "r", "content": "", "nonce": "n"},
        "reply_to",
        [None, text(1), text(limits.ID_CHARS)],
        ["", text(limits.ID_CHARS + 1)],
    ),
    (
        {"type": "chat.message.send", "room_id": "r", "content": "", "nonce": "n"},
        "thread",
        [None, text(1), text(limits.ID_CHARS)],
        ["", text(limits.ID_CHARS + 1)],
    ),
    (
        {"type": "presence.update"},
        "presence",
        ["online", "away", "busy", "offline"],
        ["", "Online", "asleep", None],
    ),
]


@both_formats
@pytest.mark.parametrize(
    ("request_", "field", "taken", "refused"),
    AT_THEIR_BOUNDS,
    ids=[f"{row[0]['type']} {row[1]}" for row in AT_THEIR_BOUNDS],
)
def test_fields_at_their_bounds(
    fmt: Format, request_: dict[str, Any], field: str, taken: list[Any], refused: list[Any]
) -> None:
    for value in taken:
        decoded = fmt.decode_request(encode(fmt, request_ | {field: value}))
        assert msgspec.structs.asdict(decoded)[field] == value
    for value in refused:
        assert type(refusal_of(fmt, encode(fmt, request_ | {field: value}))) is InvalidMessage


@both_formats
def test_a_heartbeat_takes_time(fmt: Format) -> None:
    (welcome,) = [golden for golden in EVENTS if golden.name == "system.welcome"]
    fields = json.loads(welcome.json)
    assert fmt.decode_event(encode(fmt, fields | {"heartbeat_s": 0.1}))
    for wrong in (0, -1, limits.WAIT_MAX_S + 1):
        with pytest.raises(InvalidMessage):
            fmt.decode_event(encode(fmt, fields | {"heartbeat_s": wrong}))


# ── sizes come first ─────────────────────────────────────────────────────────────────────────────


@both_formats
@pytest.mark.parametrize("filler", [b"[", b"\xff"])
def test_a_frame_over_its_limit_is_not_looked_at(fmt: Format, filler: bytes) -> None:
    assert type(refusal_of(fmt, filler * limits.FRAME_BYTES)) is FrameMalformed
    assert type(refusal_of(fmt, filler * (limits.FRAME_BYTES + 1))) is FrameTooLarge
    with pytest.raises(FrameMalformed):
        fmt.decode_event(filler * limits.SERVER_FRAME_BYTES)
    with pytest.raises(FrameTooLarge):
        fmt.decode_event(filler * (limits.SERVER_FRAME_BYTES + 1))


def test_a_frame_of_exactly_the_limit_is_taken() -> None:
    ping = b'{"type":"system.ping"}'
    full = ping.ljust(limits.FRAME_BYTES)
    assert JSON.decode_request(full) == events.Ping()
    assert type(refusal_of(JSON, full + b" ")) is FrameTooLarge


def test_a_body_over_its_limit_is_not_looked_at() -> None:
    with pytest.raises(BodyMalformed):
        decode_body(b"\xff" * limits.BODY_BYTES, rest.RefreshRequest)
    with pytest.raises(BodyTooLarge):
        decode_body(b"\xff" * (limits.BODY_BYTES + 1), rest.RefreshRequest)
    with pytest.raises(BodyTooLarge):
        decode_body(b'{"refresh_token":"x"}', rest.RefreshRequest, limit=20)
    assert decode_body(b'{"refresh_token":"x"}', rest.RefreshRequest, limit=21).refresh_token == "x"


# ── bodies ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("data", "expected", "says"),
    [
        (b"", BodyMalformed, "not valid JSON"),
        (b"name=x", BodyMalformed, "not valid JSON"),
        (b'{"name":"x"', BodyMalformed, "not valid JSON"),
        (b'{"name":"\\ud800"}', BodyMalformed, "not valid JSON"),
        (b'{"name":"\xff"}', BodyMalformed, "not valid JSON"),
        (b'{"name":"x","y":' + b"[" * DEEP, BodyMalformed, "not valid JSON"),
        (b"[]", BodyInvalid, "`object`"),
        (b"{}", BodyInvalid, "`name`"),
        (b'{"name":null}', BodyInvalid, "`$.name`"),
        (b'{"name":5}', BodyInvalid, "`$.name`"),
        (b'{"name":"%s"}' % (b"x" * (limits.TOKEN_CHARS + 1)), BodyInvalid, "`$.name`"),
        (b'{"name":"x","visibility":"secret"}', BodyInvalid, "`$.visibility`"),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_bodies_that_are_refused(data: bytes, expected: type[ProtocolError], says: str) -> None:
    with pytest.raises(ProtocolError) as raised:
        decode_body(data, rest.CreateRoomRequest)
    assert type(raised.value) is expected
    assert says in raised.value.message
    assert_fit_to_send(raised.value)


def test_a_refused_body_does_not_repeat_a_secret() -> None:
    with pytest.raises(BodyInvalid) as raised:
        decode_body(json.dumps({"username": "alice", "password": ["hunter2"]}).encode(), rest.LoginRequest)
    assert "hunter2" not in raised.value.message
