"""The room's message about a call: written, and read again."""

import pytest
from msgspec.structs import replace

from mesh_agent.calls import announcing
from mesh_agent.calls.announcing import (
    CONTENT_TYPE,
    Announced,
    beginning,
    broken,
    duration,
    end,
    merged,
    read,
    running,
)
from protocol.rest import Author, Message

CALL = "Qm3k9TzAb2cD"


def message(content: str, content_type: str = CONTENT_TYPE) -> Message:
    return Message(
        id="m",
        room_id="r",
        seq=1,
        rev=1,
        author=Author(id="a", username="alice"),
        content=content,
        content_type=content_type,
        created_at="2024-11-20T09:06:00.000Z",
    )


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (beginning(CALL, video=False), {"running": True}),
        (beginning(CALL, video=True), {"running": True, "video": True}),
        (end(CALL, None, ()), {"running": False, "missed": True}),
        (end(CALL, 63.4, ["alice", "bob"]), {"running": False, "how": "1 min 3 s, alice, bob."}),
        (end(CALL, None, (), "bob declined"), {"running": False, "how": "bob declined."}),
        (merged(CALL), {"running": False}),
        (
            broken(CALL),
            {"running": False, "how": "until the program that had begun the call was ended."},
        ),
    ],
)
def test_what_is_written_is_read(content: str, wanted: dict[str, object]) -> None:
    assert read(message(content)) == Announced("m", "a", "alice", CALL, **wanted)  # type: ignore[arg-type]


def test_a_call_that_goes_on_is_found_below_others_that_are_over() -> None:
    def told(call_id: str, *, on: bool = False) -> Announced:
        return Announced("m", "a", "alice", call_id, running=on)

    on, later, dead = told("goes-on", on=True), told("later"), told("killed", on=True)
    assert running([later, on], ()) is on
    assert running([told("goes-on"), on], ()) is None, "somebody else has said that it is over"
    assert running([later, dead, on], {"killed"}) is on
    assert running([dead, on], {"killed"}) is dead
    assert running([], ()) is None


def test_many_names_are_a_number() -> None:
    names = [f"n{number}" for number in range(announcing.NAMES_MAX + 3)]
    assert end(CALL, 8, names).startswith(f"called: 8 s, {', '.join(names[:-3])}, 3 more.")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59.6, "1 min 0 s"), (723, "12 min 3 s"), (3_725, "1 h 2 min")]
)
def test_how_long(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_anything_else_is_text() -> None:
    good = beginning(CALL, video=False)
    for other in ("", "call:x", f"hello\ncall:{CALL}", good.replace(CALL, "a b"), f"\ncall:{CALL}"):
        assert read(message(other)) is None
    assert read(message(good, "text/markdown")) is None
    assert read(replace(message(good), deleted=True)) is None
