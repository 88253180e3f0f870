"""What devices of a call tell each other is read as it was written, and anything else is nothing."""

from typing import Any

import pytest

from protocol.calls import (
    CALL_PARTIES,
    Again,
    Device,
    Here,
    Join,
    Leg,
    Payload,
    Ring,
    Sends,
    State,
    read,
    signed,
    write,
)

DEVICES = [Device("alice", f"alice-{number}") for number in range(CALL_PARTIES)]


@pytest.mark.parametrize(
    "payload",
    [
        Ring(video=True, devices=DEVICES, message="m1"),
        Join(fresh=True, sends=Sends(muted=True, camera=True)),
        Here(devices=DEVICES),
        Leg(7, b"k" * 32, b"s" * 64),
        State(Sends(deafened=True, screen=True, records=True)),
        State(Sends(camera=True, file=True)),
        Again(7),
        Again(),
    ],
)
def test_it_is_read_as_written(payload: Payload) -> None:
    assert read(write(payload)) == payload


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{}",
        "[]",
        "[" * 20_000,
        '{"do":"later"}',
        '{"do":"state"}',
        '{"do":"again","number":-1}',
        '{"do":"leg","number":1,"key":"AAAA","signature":"AAAA"}',
        '{"do":"here","devices":[["",""]]}',
        '{"do":"join","sends":7}',
        '{"do":"ring","message":"' + "x" * 5_000 + '"}',
        write(Here(devices=[*DEVICES, Device("bob", "bob-1")])),
    ],
)
def test_anything_else_is_nothing(text: str | None) -> None:
    assert read(text) is None


def test_each_part_of_what_is_signed_counts() -> None:
    parts: dict[str, Any] = {
        "role": "offer",
        "call_id": "call",
        "number": 7,
        "sender": "alice-1",
        "receiver": "bob-1",
        "fingerprint": "AB",
        "offered": "CD",
    }
    plain = signed(**parts)
    assert plain == b"mesh-call/1 leg\0offer\0call\0" + b"7\0alice-1\0bob-1\0AB\0CD"
    made = {signed(**parts | {name: f"{value}1"}) for name, value in parts.items()}
    assert len(made | {plain}) == len(parts) + 1
