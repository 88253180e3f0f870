"""What a person may choose about a transfer, from the option of a verb to what is on the disk in the end."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mesh_agent.agent import Agent
from mesh_agent.cli import _parsed
from mesh_agent.sharing.route import OFFERS_AT_ONCE
from mesh_agent.sharing.rules import Rules
from mesh_agent.sharing.state import Transfer
from mesh_agent.verbs.files import _rules
from tests.agent.conftest import SignUp
from tests.agent.sharing.carriers import SLOW, Watch, over, quicker, room
from tests.agent.test_programs import COMMAND, environment, run
from tests.support.conditions import until
from tests.support.terminal import Terminal
from tests.support.terminal import running as shown


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    folder = tmp_path / "linked"
    folder.mkdir()
    (folder / "real").write_text("here")
    (tmp_path / "elsewhere").write_text("there")
    (folder / "inside").symlink_to("real")
    (folder / "outside").symlink_to("../elsewhere")
    return folder


async def sent(alice: Agent, bob: Agent, path: Path, **options: Any) -> Transfer:
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [path], **options)
    return await over(alice, transfer.id)


def put(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def found(folder: Path) -> dict[str, str]:
    """Links as `-> target`, files by what is in them."""
    return {
        path.name: f"-> {path.readlink()}" if path.is_symlink() else path.read_text()
        for path in sorted(folder.iterdir())
    }


@pytest.mark.parametrize(
    ("rules", "options", "arrives"),
    [
        ({}, {}, {"real": "here"}),
        ({"links": True}, {}, {"inside": "-> real", "real": "here"}),
        ({}, {"follow_links": True}, {"inside": "here", "outside": "there", "real": "here"}),
    ],
    ids=["neither", "the receiver wants them", "the sender follows them"],
)
async def test_links_are_a_choice_of_both(
    alice: Agent,
    bob: Agent,
    linked: Path,
    into: Path,
    rules: dict[str, Any],
    options: dict[str, Any],
    arrives: dict[str, str],
) -> None:
    bob.sharing.set_rules(Rules(downloads=into, accept="all", **rules))
    received = Watch(bob)
    assert (await sent(alice, bob, linked, **options)).phase == "done"
    assert found(into / "linked") == arrives
    left_out = 3 - len(arrives)
    assert ("missing" in (await received.wait("done")).reason) is bool(left_out)


@pytest.mark.parametrize(
    ("conflict", "there"),
    [
        ("rename", {"note.txt": "mine", "note (2).txt": "hers"}),
        ("skip", {"note.txt": "mine"}),
        ("overwrite", {"note.txt": "hers"}),
    ],
)
async def test_what_becomes_of_a_name_that_is_taken(
    alice: Agent, bob: Agent, into: Path, tmp_path: Path, conflict: Any, there: dict[str, str]
) -> None:
    note, mine = tmp_path / "note.txt", into / "note.txt"
    note.write_text("hers")
    put(mine, "mine")
    bob.sharing.set_rules(Rules(downloads=into, accept="all", conflict=conflict))
    assert (await sent(alice, bob, note)).phase == "done"
    assert found(into) == there


async def test_a_person_at_a_terminal_is_asked_about_names_that_are_taken(
    alice: Agent, shared_server: str, sign_up: SignUp, into: Path, tmp_path: Path
) -> None:
    bob = await sign_up(shared_server, "bob")
    await bob.join(room(alice))
    await bob.close()
    for name in ("taken.txt", "free.txt"):
        (tmp_path / name).write_text("hers")
    put(into / "taken.txt", "mine")
    receive: list[str | Path] = ["--profile", bob.profile, "receive", "--into", into, "--conflict", "ask"]
    with shown(Terminal([*COMMAND, *receive], environment())) as bobs:
        await asyncio.to_thread(bobs.wait_for, "Waiting for what is sent to you.")
        (taken,) = await alice.sharing.send(room(alice), [bob.profile], [tmp_path / "taken.txt"])
        await asyncio.to_thread(bobs.wait_for, "Take it? [y/N]")
        bobs.type("y\n")
        await asyncio.to_thread(bobs.wait_for, "1 name is taken here: keep both, skip")
        bobs.type("what?\n")
        await asyncio.to_thread(bobs.wait_for, lambda text: text.count("[K/s/n/o]") == 2)
        bobs.type("o\n")
        assert (await over(alice, taken.id)).phase == "done"
        (free,) = await alice.sharing.send(room(alice), [bob.profile], [tmp_path / "free.txt"])
        await asyncio.to_thread(bobs.wait_for, lambda text: text.count("Take it? [y/N]") == 2)
        bobs.type("y\n")
        assert (await over(alice, free.id)).phase == "done", "nothing is taken, and nothing more is asked"
    assert found(into) == {"free.txt": "hers", "taken.txt": "hers"}


async def test_where_nobody_can_be_asked_it_is_said(alice: Agent, into: Path) -> None:
    refused = await run(
        *("--profile", alice.profile, "--json", "receive", "--into", str(into), "--yes"),
        *("--conflict", "ask"),
    )
    assert (refused.code, refused.error()["code"]) == (2, "client.usage")
    assert "--conflict" in refused.error()["message"]


async def test_so_many_offers_are_made_at_once_and_the_others_wait_for_their_turn(
    alice: Agent, bob: Agent, into: Path, tmp_path: Path
) -> None:
    bob.sharing.set_rules(Rules(downloads=into))
    notes = [tmp_path / f"note{number}" for number in range(OFFERS_AT_ONCE + 2)]
    for note in notes:
        note.write_text(note.name)
    transfers = await alice.sharing.send(room(alice), [bob.profile], notes)

    def offered() -> set[str]:
        return {known.id for known in bob.sharing.transfers() if known.phase == "offered"}

    await until(lambda: len(offered()) == OFFERS_AT_ONCE, "as many offers as are made at once")
    waiting = [alice.sharing.transfer(transfer.id).phase for transfer in transfers[OFFERS_AT_ONCE:]]
    assert not {"offered", "running", "done"} & set(waiting)
    asked: set[str] = set()
    while len(asked) < len(notes):
        await until(lambda: offered() - asked, "the next offer")
        assert len(offered()) <= OFFERS_AT_ONCE
        (next_one, *_) = offered() - asked
        asked.add(next_one)
        await bob.sharing.accept(next_one)
    for transfer in transfers:
        assert (await over(alice, transfer.id)).phase == "done"
    assert found(into) == {note.name: note.name for note in notes}


@pytest.mark.parametrize(
    ("rules", "most"),
    [({}, 4), ({"lanes": 0}, 1), ({"lanes": 1, "quic_only": True}, 2)],
    ids=["as it comes", "one line", "QUIC only"],
)
async def test_over_how_many_lines_it_goes(
    alice: Agent, bob: Agent, big: Path, rules: dict[str, Any], most: int
) -> None:
    """As whoever sends has it; a lane that does not come in time on a slow machine is none the less."""
    alice.sharing.set_rules(Rules(**rules))
    states = Watch(alice)
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [big], limit=SLOW // 8)
    await states.wait("running", fits=lambda state: state.lanes >= min(most, 2))
    await quicker(alice, bob, big)
    assert (await over(alice, transfer.id)).phase == "done"
    assert max(state.lanes for state in states.states) <= most


@pytest.mark.parametrize("whose", ["the sender's", "the receiver's"])
async def test_who_goes_over_the_relay_alone_goes_no_other_way(
    alice: Agent, bob: Agent, into: Path, tmp_path: Path, whose: str
) -> None:
    if whose == "the sender's":
        alice.sharing.set_rules(Rules(direct=False))
    else:
        bob.sharing.set_rules(Rules(downloads=into, accept="all", direct=False))
    note = tmp_path / "note.txt"
    note.write_text("over the relay")
    states = Watch(alice)
    assert (await sent(alice, bob, note)).phase == "done"
    assert {state.way for state in states.states if state.way} == {"relay"}


async def test_a_limit_holds_for_what_stdin_had_too(alice: Agent, bob: Agent, tmp_path: Path) -> None:
    bob.sharing.set_rules(Rules(accept="none"))
    copy = tmp_path / "copy"
    copy.write_text("from stdin")
    await alice.sharing.send_copy(room(alice), [bob.profile], copy, "note", limit=1_000)
    assert [route.limit for route in alice.sharing._sessions._routes.values()] == [1_000]


RECEIVE = "receive --into /in"


@pytest.mark.parametrize(
    ("line", "rule", "value"),
    [
        (RECEIVE, lambda rules: rules, Rules()),
        (f"{RECEIVE} --largest 2K", lambda rules: rules.largest, 2_000),
        (f"{RECEIVE} --conflict newer", lambda rules: rules.conflict, "newer"),
        (f"{RECEIVE} --conflict ask", lambda rules: rules.conflict, "rename"),
        (f"{RECEIVE} --links", lambda rules: rules.links, True),
        (f"{RECEIVE} --lanes 0", lambda rules: rules.lanes, 0),
        ("get ops alice a/b --into /in --conflict skip", lambda rules: rules.conflict, "skip"),
        ("get ops alice a/b --into /in --links", lambda rules: rules.links, True),
        ("send a --room ops --to bob --quic-only", lambda rules: rules.quic_only, True),
        ("send a --room ops --to bob --relay-only", lambda rules: rules.direct, False),
        ("send a --room ops --to bob --lanes 8", lambda rules: rules.lanes, 8),
        ("share ops /folder --relay-only", lambda rules: rules.direct, False),
        ("ls ops alice --quic-only", lambda rules: rules.quic_only, True),
    ],
)
def test_what_is_said_to_a_verb_becomes_the_rules(
    line: str, rule: Callable[[Rules], object], value: object
) -> None:
    assert rule(_rules(_parsed(line.split()))) == value
