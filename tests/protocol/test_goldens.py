"""The bytes of each message and body of wire version 1, and that the code still speaks exactly them.

The tables in `goldens/` are what clients in other languages are built against. They change only on purpose:
add an example to `examples.py` for what is new, run

    python -m tests.protocol.golden_table

and read the difference before it is committed. A line that was there and changed breaks every client that
exists: that is a new wire version, not a new golden.
"""

import json
from operator import attrgetter
from typing import Any, get_args

import msgspec
import pytest

from protocol import events, rest
from protocol.codec import JSON, MSGPACK, decode_body
from tests.protocol import examples, golden_table
from tests.protocol.golden_table import Golden

REQUESTS = list(golden_table.read("client_to_server"))
EVENTS = list(golden_table.read("server_to_client"))
BODIES = list(golden_table.read("rest"))
BODY_STRUCTS = {
    name: kind
    for name, kind in vars(rest).items()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__module__ == rest.__name__
    if not name.startswith("_")
}
ALL_EXAMPLES = [
    *examples.CLIENT_TO_SERVER.values(),
    *examples.SERVER_TO_CLIENT.values(),
    *examples.REST.values(),
]

by_name = attrgetter("name")


def tags(union: Any) -> set[str]:
    return {member.__struct_config__.tag for member in get_args(union)}


@pytest.mark.parametrize("table", golden_table.TABLES)
def test_goldens_are_what_is_encoded(table: str) -> None:
    assert list(golden_table.read(table)) == golden_table.TABLES[table]


@pytest.mark.parametrize("golden", REQUESTS, ids=by_name)
def test_requests_decode_to_their_example(golden: Golden) -> None:
    example = examples.CLIENT_TO_SERVER[golden.name]
    assert JSON.decode_request(golden.json) == example
    assert MSGPACK.decode_request(golden.msgpack) == example


@pytest.mark.parametrize("golden", EVENTS, ids=by_name)
def test_events_decode_to_their_example(golden: Golden) -> None:
    example = examples.SERVER_TO_CLIENT[golden.name]
    assert JSON.decode_event(golden.json) == example
    assert MSGPACK.decode_event(golden.msgpack) == example


@pytest.mark.parametrize("golden", BODIES, ids=by_name)
def test_bodies_decode_to_their_example(golden: Golden) -> None:
    assert decode_body(golden.json, BODY_STRUCTS[golden.type]) == examples.REST[golden.name]


@pytest.mark.parametrize("golden", [*REQUESTS, *EVENTS], ids=by_name)
def test_both_formats_say_the_same(golden: Golden) -> None:
    plain = json.loads(golden.json)
    assert msgspec.msgpack.decode(golden.msgpack) == plain
    assert plain["type"] == golden.type
    assert next(iter(plain)) == "type"


def test_every_message_has_a_golden() -> None:
    assert {golden.type for golden in REQUESTS} == tags(events.ClientToServer)
    assert {golden.type for golden in EVENTS} == tags(events.ServerToClient)


def test_every_body_has_a_golden() -> None:
    assert {golden.type for golden in BODIES} == set(BODY_STRUCTS)


@pytest.mark.parametrize(
    "kind", [*get_args(events.ClientToServer), *get_args(events.ServerToClient), *BODY_STRUCTS.values()]
)
def test_every_field_is_seen_and_every_optional_one_is_missing_somewhere(kind: type[msgspec.Struct]) -> None:
    """Or the goldens would not notice when a field is renamed, or when a null appears for nothing."""
    shown = [msgspec.to_builtins(example) for example in ALL_EXAMPLES if type(example) is kind]
    for field in msgspec.structs.fields(kind):
        assert any(field.encode_name in example for example in shown), field.name
        if not field.required:
            assert any(field.encode_name not in example for example in shown), field.name
