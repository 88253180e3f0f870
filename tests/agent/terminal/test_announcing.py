"""What a room is told of a shared terminal is read as it was written, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_agent.terminal import announcing
from mesh_agent.terminal.announcing import CONTENT_TYPE, Announced
from protocol import limits
from protocol.rest import Author, Member, Message, Presence
from protocol.text import clean_line

TERMINAL = "Qm3k9TzA"


def message(content: str, content_type: str = CONTENT_TYPE, *, deleted: bool = False) -> Message:
    return Message(
        id="m1",
        room_id="r1",
        seq=1,
        rev=1,
        author=Author(id="u1", username="alice"),
        content=content,
        content_type=content_type,
        created_at="2026-01-31T12:00:00.000Z",
        deleted=deleted,
    )


def test_what_is_shared_and_was_shared() -> None:
    begun = announcing.beginning("bash", "alice", TERMINAL)
    assert begun == f"shares a terminal: bash. Watch it with /watch alice\nterminal:{TERMINAL}"
    assert announcing.read(message(begun)) == Announced("m1", "u1", "alice", TERMINAL, "bash", True)
    over = announcing.end("bash", "ended with exit code 0.", TERMINAL)
    assert over.startswith("shared a terminal: bash. It ended with exit code 0.\n")
    read = announcing.read(message(over))
    assert read == Announced("m1", "u1", "alice", TERMINAL, "bash", False, "ended with exit code 0.")


@given(st.text(min_size=1, max_size=400), st.booleans())
def test_any_command(command: str, running: bool) -> None:
    made = announcing.beginning if running else announcing.end
    read = announcing.read(message(made(command, "ended.", TERMINAL)))
    assert read is not None
    assert read.running == running
    shown = clean_line(command)
    assert read.command == shown or (len(shown) > announcing.COMMAND_CHARS and read.command.endswith("…"))


NONE = [
    message(announcing.beginning("bash", "alice", TERMINAL), "text/markdown"),
    message("", deleted=True),
    message("shares a terminal: bash"),
    message(f"shares a terminal: bash\nterminal:{TERMINAL}"),
    message("shares a terminal: bash. Watch it with /watch alice\nterminal:short"),
    message(f"wants a terminal: bash. Watch it with /watch alice\nterminal:{TERMINAL}"),
]


@pytest.mark.parametrize("other", NONE)
def test_what_is_none(other: Message) -> None:
    assert announcing.read(other) is None


def members(*presences: Presence) -> list[Member]:
    return [
        Member(
            user_id=f"u{number}",
            username=f"alice{number}",
            display_name="",
            role="member",
            presence=presence,
            joined_at="2026-01-31T12:00:00.000Z",
        )
        for number, presence in enumerate(presences)
    ]


def test_who_is_seen() -> None:
    assert announcing.seen(members("online", "offline", "away", "busy")) == {"u0", "u2", "u3"}


@pytest.mark.parametrize(
    "unknown", [[], members("offline", "offline"), members("online") * limits.ROOM_MEMBERS]
)
def test_where_it_is_not_known_who_is_seen_nobody_is_away(unknown: list[Member]) -> None:
    """Without a line all are held to be gone; of the largest rooms not all are told."""
    assert announcing.seen(unknown) is None
