"""Who is named in a text."""

import pytest

from mesh_server.services.mentions import named_in
from mesh_server.services.names import name_key
from protocol import limits


def keys(*names: str) -> tuple[str, ...]:
    return tuple(map(name_key, names))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Hello!", ()),
        ("@alice", ("alice",)),
        ("Hi @alice, and (@bob)!", ("alice", "bob")),
        ("**@alice** and *@bob*", ("alice", "bob")),
        ("@bob @BOB @bob", ("bob",)),
        ("@ alice, alice@, @@alice, bob@alice, x@alice", ()),
        ("mail bob@alice.example or http://user@alice", ()),
        ("`@alice` and ``a ` @alice`` but @bob", ("bob",)),
        ("```\n@alice\n```\n@bob", ("bob",)),
        ("~~~\n@alice", ()),
        ("an open `tick and @alice", ("alice",)),
        ("@ünal and @名前", ("ünal", "名前")),
    ],
)
def test_names_are_found_as_people_write_them(text: str, names: tuple[str, ...]) -> None:
    found = named_in(text)
    assert (found.keys, found.everyone) == (keys(*names), False)


def test_a_dot_may_end_the_name_or_the_sentence() -> None:
    assert set(named_in("It was @bob.").keys) == set(keys("bob.", "bob"))
    assert set(named_in("_@bob_").keys) == set(keys("bob_", "bob"))
    assert set(named_in("Ask @bob.b-").keys) == set(keys("bob.b-", "bob.b"))


@pytest.mark.parametrize("text", ["@room", "Now, @Room!", "(@room.)", "@room: lunch"])
def test_everyone_is_called(text: str) -> None:
    assert named_in(text).everyone


@pytest.mark.parametrize("text", ["room", "`@room`", "x@room", "@roomy", "the@room"])
def test_nobody_is_called(text: str) -> None:
    assert not named_in(text).everyone


def test_only_readable_types_are_looked_into() -> None:
    assert named_in("@bob", "text/plain").keys == keys("bob")
    assert named_in("@bob @room", "application/x-sealed") == named_in("")


def test_no_more_than_may_be_mentioned() -> None:
    text = " ".join(f"@user{number}" for number in range(1000))
    assert len(named_in(text[: limits.CONTENT_CHARS]).keys) == limits.MENTIONS


@pytest.mark.parametrize(
    "text", ["`" * 8000, "@" * 8000, "`@a" * 2600, "~~~`" * 2000, "@a." * 2600, "@" + "." * 7999]
)
def test_no_text_takes_long(text: str) -> None:
    named_in(text)
