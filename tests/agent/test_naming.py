"""Whom a text names."""

import pytest

from mesh_agent.client.naming import may_name, named
from protocol import limits
from tests.agent.rooms import member

MEMBERS = [member(name) for name in ("alice", "Bob", "bob.b", "anna-lena", "weiß")]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("nobody", ()),
        ("@alice", ("alice",)),
        ("@ALICE and @bob, too", ("alice", "Bob")),
        ("Ask @bob. Or @bob.b.", ("Bob", "bob.b")),
        ("@bob.c", ("Bob",)),
        ("(@anna-lena)!", ("anna-lena",)),
        ("@alice @alice", ("alice",)),
        ("@weiß", ("weiß",)),
        ("mail me at x@alice", ()),
        ("@@alice http://x/@alice", ()),
        ("`@alice` and ```\n@bob\n```", ()),
        ("```\n@bob", ()),
        ("@mallory", ()),
        ("@alicea", ()),
    ],
)
def test_members_are_named_by_their_names(text: str, ids: tuple[str, ...]) -> None:
    assert named(text, MEMBERS) == ids
    assert may_name(text) or not ids


def test_no_more_than_a_message_may_name() -> None:
    crowd = [member(f"u{number}") for number in range(limits.MENTIONS + 20)]
    text = " ".join(f"@{person.username}" for person in crowd)
    assert len(named(text, crowd)) == limits.MENTIONS
