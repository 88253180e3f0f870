"""The names and the paths of `mesh-agent send` are told apart, in whatever order they stand."""

import itertools
from argparse import Namespace
from pathlib import Path

import pytest

from mesh_agent.cli import _parsed
from mesh_agent.sharing.people import is_among
from mesh_agent.verbs.addressing import are_names, room_and_names, sort_out, split_names
from mesh_agent.verbs.common import UsageError
from protocol.errors import PeerNotMember
from protocol.rest import Member

ROOM = [
    Member(
        user_id=f"u{number}",
        username=name,
        display_name=name,
        role="member",
        presence="offline",
        joined_at="",
    )
    for number, name in enumerate(("alice", "bob"))
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder with `one`, `two`, `a,b` and `-x`, in which nobody has the name of a file."""
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two", "a,b", "-x"):
        Path(name).touch()


def sorted_out(*words: str) -> tuple[list[str], list[str]]:
    options: Namespace = _parsed(["send", *words])
    return sort_out(options.to, options.paths, is_member=lambda name: is_among(ROOM, name))


def test_every_order_is_the_same() -> None:
    groups = [["--to", "alice", "bob"], ["--room", "ops"], ["one"], ["two"]]
    for order in itertools.permutations(groups):
        names, paths = sorted_out(*itertools.chain(*order))
        assert (names, sorted(paths)) == (["alice", "bob"], ["one", "two"])


def test_names_stand_together_or_apart() -> None:
    for to in ("--to @alice,bob", "--to alice, bob", "--to alice --to bob"):
        assert sorted_out("--room", "ops", *to.split(), "one") == (["alice", "bob"], ["one"])


def test_what_is_no_file_here_and_looks_like_a_path_is_one() -> None:
    assert sorted_out("--room", "ops", "--to", "alice", "./three", "a,b", "-") == (
        ["alice"],
        ["./three", "a,b", "-"],
    )
    assert sorted_out("one", "--room", "ops", "--to", "alice", "--", "-x") == (["alice"], ["one", "-x"])


def test_who_is_meant_is_not_guessed() -> None:
    Path("bob").mkdir()
    with pytest.raises(
        UsageError, match=r"bob is somebody in this room and a file here: say --to bob .* \./bob"
    ):
        sorted_out("one", "--room", "ops", "--to", "alice", "bob")
    assert sorted_out("--room", "ops", "--to", "alice", "./bob") == (["alice"], ["./bob"])
    assert sorted_out("one", "--room", "ops", "--to", "alice,bob") == (["alice", "bob"], ["one"])


def test_what_cannot_be_is_told() -> None:
    with pytest.raises(UsageError, match="nothing to send"):
        sorted_out("--room", "ops", "--to", "alice", "bob")
    with pytest.raises(UsageError, match="Nobody is named"):
        sorted_out("one", "--room", "ops", "--to", ",")
    for word in ("three", "x" * 5_000):
        with pytest.raises(PeerNotMember, match="neither somebody in this room nor a file here"):
            sorted_out("one", "--room", "ops", "--to", "alice", word)


def test_other_verbs_and_other_options_are_refused_as_ever(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["rooms", "one"], ["send", "one", "--room", "ops", "--to", "alice", "--no-such", "two"]):
        with pytest.raises(SystemExit):
            _parsed(words)
        assert (
            f"unrecognized arguments: {words[-1] if words[0] == 'rooms' else '--no-such'}"
            in capsys.readouterr().err
        )


def test_people_to_take_from_may_be_named_in_any_way() -> None:
    for words in (["alice,bob"], ["alice", "@bob"], ["alice", "--from", "bob"]):
        options = _parsed(["receive", "--into", "in", "--from", *words])
        assert split_names(options.people) == ["alice", "bob"]
    assert are_names(_parsed(["send", "one", "--room", "ops", "--to", "alice,bob", "--to", "alice"]).to)


@pytest.mark.parametrize(
    "words",
    [
        ["ops", "--to", "alice", "bob"],
        ["--to", "alice", "bob", "ops"],
        ["--to", "alice", "--to", "@bob", "ops"],
        ["--to", "alice,bob", "--seconds", "3", "ops"],
        ["--to", "alice,bob", "ops", "--seconds", "3"],
    ],
)
def test_a_call_has_its_room_before_or_behind_those_who_are_rung(words: list[str]) -> None:
    options = _parsed(["call", *words])
    assert room_and_names(options.room, options.to) == ("ops", ["alice", "bob"])


@pytest.mark.parametrize("words", [[], ["--to", "bob"], ["--to", "alice", "--to", "bob"]])
def test_a_call_without_a_room_says_so(words: list[str]) -> None:
    options = _parsed(["call", *words])
    with pytest.raises(UsageError, match="No room is named"):
        room_and_names(options.room, options.to)


def test_a_call_may_be_of_all_in_its_room() -> None:
    assert room_and_names("ops", []) == ("ops", [])
