"""What may be put in: which things are offered where, and in which order."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_tui import emoji
from mesh_tui.completing import CHOICES, SHOWN, Name, complete
from mesh_tui.slash_commands import COMMANDS, Kind

NAMES: dict[Kind, tuple[Name, ...]] = {
    "room": (Name("Test Chat", "topic"), Name("test two"), Name("ops")),
    "person": (Name("bob"), Name("alice", "online"), Name("bob.b", other="Robert Mann")),
}


def names(kind: Kind) -> Iterable[Name]:
    return NAMES.get(kind) or [Name(word) for word in CHOICES[kind]]


def _offered(text: str) -> tuple[int, tuple[str, ...]] | None:
    found = complete(text, names)
    return found and (found.start, tuple(offer.text for offer in found.offers))


@pytest.mark.parametrize(
    ("text", "start", "offers"),
    [
        ("/WHOI", 0, ("/whois",)),
        ("/rete", 0, ("/retention",)),
        ("/join te", 6, ("Test Chat", "test two")),
        ("/join test t", 6, ("test two",)),
        ("/kick b", 6, ("bob", "bob.b")),
        ("/kick @b", 6, ("bob", "bob.b")),
        ("/role bob m", 10, ("moderator", "member")),
        ("/role bob member x", 6, ()),
        ("/status a", 8, ("away",)),
        ("/help slo", 6, ("slow",)),
        ("/topic @a", 7, ("@alice",)),
        ("/topic ", 7, ()),
        ("ask @bo", 4, ("@bob", "@bob.b")),
        ("ask (@bo", 5, ("@bob", "@bob.b")),
        ("ask @", 4, ("@bob", "@alice", "@bob.b")),
        ("ask @mann", 4, ("@bob.b",)),
        ("one\n@al", 4, ("@alice",)),
        ("see #o", 4, ("#ops",)),
        ("see #chat", 4, ("#Test Chat",)),
        ("hooray :tad", 7, ("🎉",)),
        (":saluting_f", 0, ("🫡",)),
    ],
)
def test_what_is_offered(text: str, start: int, offers: tuple[str, ...]) -> None:
    assert _offered(text) == (start, offers)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "//wh",
        "mail x@al",
        "at 12:30",
        "std::vector",
        "# heading",
        "#",
        ":t",
        "/usr/bi",
        "/one\ntw",
    ],
)
def test_elsewhere_nothing_is(text: str) -> None:
    assert complete(text, names) is None


def test_all_commands_are_offered_by_the_slash_alone() -> None:
    found = complete("/", names)
    assert found is not None
    assert [offer.text for offer in found.offers] == sorted(f"/{command.name}" for command in COMMANDS)
    assert all(offer.hint for offer in found.offers)


def test_an_argument_says_what_the_command_takes() -> None:
    found = complete("/kick zz", names)
    assert found is not None
    assert found.help.startswith("/kick NAME · Put somebody out")


@given(st.text(alphabet=" /@#:abjoin\n", max_size=12))
def test_whatever_is_typed_the_start_is_within_it(text: str) -> None:
    found = complete(text, names)
    assert found is None or 0 <= found.start <= len(text)


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    complete(text, names)


def test_few_are_offered_of_many() -> None:
    crowd = [Name(f"person{number}") for number in range(5_000)]
    found = complete("@", lambda _: crowd)
    assert found is not None
    assert len(found.offers) == SHOWN


def test_the_names_of_emoji_are_those_that_people_know() -> None:
    known = emoji.table()
    assert [known[name] for name in ("tada", "+1", "joy", "heart", "rocket")] == ["🎉", "👍", "😂", "❤", "🚀"]
    assert not any("\U0001f3fb" <= sign[-1] <= "\U0001f3ff" and len(sign) > 1 for sign in known.values())
    assert emoji.find("smi")[0][0].startswith("smi")
    assert ("thumbsup", "👍") in emoji.find("thumbs")
