"""`mesh-agent send`, `receive`, `share`, `ls`, `get` and `verify` as real processes."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from mesh_agent.agent import Agent
from mesh_agent.output import Output
from mesh_agent.progress import bar, last_line, line, size_text, span_text, summary
from mesh_agent.sharing.errors import NobodyTook
from mesh_agent.sharing.state import OfferedPath, Transfer
from mesh_agent.verbs import files
from mesh_agent.verbs.prompting import question
from protocol.peer import Entry
from tests.agent.conftest import SignUp
from tests.agent.sharing.carriers import LASTING, SLOW, Watch, helpers, over, quicker, room, same
from tests.agent.test_programs import COMMAND, Running, done, environment, run, running
from tests.support.conditions import until
from tests.support.terminal import Terminal
from tests.support.terminal import running as shown


@pytest.fixture
async def people(shared_server: str, sign_up: SignUp) -> tuple[str, str]:
    """The profiles of two people in a room that bears the name of the first; no program of theirs runs."""
    alice = await sign_up(shared_server, "alice")
    bob = await sign_up(shared_server, "bob")
    room = await alice.create_room(alice.profile)
    await bob.join(room.id)
    await alice.close()
    await bob.close()
    return alice.profile, bob.profile


@pytest.fixture
async def start() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


def phases(program: Running) -> list[str]:
    return [json.loads(text)["phase"] for text in program.lines]


async def test_the_seed_story(people: tuple[str, str], tmp_path: Path, start: AsyncExitStack) -> None:
    """Sent, killed in the middle, sent again: it goes on, and whoever said yes is not asked again."""
    alice, bob = people
    big = tmp_path / "big.bin"
    big.write_bytes(os.urandom(LASTING))
    send = ["--profile", alice, "--json", "send", str(big), "--room", alice, "--to", bob]
    into = tmp_path / "in"
    bobs = await start.enter_async_context(
        running("--profile", bob, "--json", "receive", "--into", str(into), "--from", alice)
    )
    first = await start.enter_async_context(running(*send, "--limit", "3M"))
    await until(lambda: any('"done"' in text for text in bobs.lines), "bytes on the disk")
    of_first = helpers(first.process.pid)
    first.process.kill()
    await first.process.wait()
    await until(lambda: "interrupted" in phases(bobs), "the end of the line")
    await until(lambda: not set(of_first) & set(alive(of_first)), "the end of the helper")

    second = await done(*send)
    told = second.objects()
    assert told[-1]["phase"] == "done"
    assert (told[-1]["size"], told[-1]["done"], told[-1]["title"]) == (LASTING, LASTING, "big.bin")
    assert {"waiting", "connecting", "running", "finishing"} <= {each["phase"] for each in told}
    assert same(into / "big.bin", big)
    begun = [json.loads(text) for text in bobs.lines[phases(bobs).index("interrupted") :]]
    assert min(each.get("done", 0) for each in begun) > 0
    assert "offered" not in {each["phase"] for each in begun}

    other = await run("--profile", bob, "--json", "receive", "--into", str(into), "--yes")
    assert (other.code, other.error()["code"]) == (1, "sharing.receiving")
    assert "mesh-agent receive (process" in other.error()["message"]
    assert await bobs.end(signal.SIGINT) == 0

    words = (await done("--profile", alice, "--json", "verify", bob)).objects()
    theirs = (await done("--profile", bob, "--json", "verify", alice, "--confirm")).objects()
    assert words[0]["words"] == theirs[0]["words"]
    assert (words[0]["state"], theirs[0]["state"]) == ("not compared", "compared")


async def test_from_stdin_to_stdout(people: tuple[str, str], start: AsyncExitStack) -> None:
    alice, bob = people
    bobs = await start.enter_async_context(running("--profile", bob, "receive", "--into", "-", "--yes"))
    sent = await done(
        *("--profile", alice, "send", "-", "--name", "note.txt", "--room", alice, "--to", bob),
        stdin="one\ntwo\n",
    )
    assert f"note.txt to {bob}: done, 8 B" in sent.out
    assert await bobs.process.wait() == 0
    await until(lambda: bobs.lines == ["one", "two"], f"two lines, not {bobs.lines}")


async def test_a_share_from_the_shell(people: tuple[str, str], tmp_path: Path, start: AsyncExitStack) -> None:
    alice, bob = people
    shelf = tmp_path / "shelf"
    (shelf / "photos").mkdir(parents=True)
    (shelf / "photos" / "one.jpg").write_bytes(b"one")
    alices = await start.enter_async_context(running("--profile", alice, "share", alice, str(shelf)))
    await until(lambda: "shelf" in alices.lines, "the share")
    inside = await done("--profile", bob, "--json", "ls", alice, alice, "shelf/photos", "--timeout", "300")
    assert [(each["name"], each["size"]) for each in inside.objects()] == [("one.jpg", 3)]
    got = await done("--profile", bob, "get", alice, alice, "shelf/photos/one.jpg", "--into", "-")
    assert got.out == "one"

    # Whoever only shares takes nothing.
    refused = await run(
        *("--profile", bob, "--json", "send", "--room", alice),
        *("--to", alice, str(shelf / "photos" / "one.jpg")),
    )
    assert refused.code == 1
    assert json.loads(refused.err.splitlines()[-1])["error"]["code"] == "sharing.incomplete"
    assert refused.objects()[-1]["phase"] == "declined"


async def test_what_cannot_be_is_told(people: tuple[str, str], tmp_path: Path) -> None:
    alice, bob = people
    me = ["--profile", alice, "--json"]
    room = ["--room", alice, "--to", bob]
    nothing = await run(*me, "send", str(tmp_path / "nothing"), *room)
    assert (nothing.code, nothing.error()["code"]) == (1, "sharing.source")
    assert "nothing cannot be read: No such file or directory." in nothing.err
    both = await run(*me, "send", "-", str(tmp_path), *room)
    assert (both.code, both.error()["code"]) == (2, "client.usage")
    unasked = await run(*me, "receive", "--into", str(tmp_path))
    assert (unasked.code, unasked.error()["code"]) == (2, "client.usage")
    unmet = await run(*me, "verify", bob)
    assert (unmet.code, unmet.error()["code"]) == (1, "sharing.never_met")
    (tmp_path / "note").write_text("x")
    away = await run(*me, "send", str(tmp_path / "note"), *room, "--wait", "1s")
    assert (away.code, json.loads(away.err.splitlines()[-1])["error"]["code"]) == (1, "sharing.incomplete")
    assert "in time" in away.err


async def test_what_nobody_can_be_asked_about_is_declined_and_once_is_the_first_that_arrives(
    people: tuple[str, str], tmp_path: Path, start: AsyncExitStack
) -> None:
    alice, bob = people
    small, large = tmp_path / "small.txt", tmp_path / "large.txt"
    small.write_bytes(bytes(1_000))
    large.write_bytes(bytes(1_001))
    receive = ["receive", "--into", str(tmp_path / "in"), "--yes", "--largest", "1K", "--once"]
    bobs = await start.enter_async_context(running("--profile", bob, "--json", *receive))
    send = ["--profile", alice, "--json", "send", "--room", alice, "--to", bob]
    refused = await run(*send, str(large))
    assert refused.code == 1
    told = refused.objects()[-1]
    assert (told["phase"], told["reason"]) == ("declined", "It is not taken here without asking.")
    assert bobs.process.returncode is None
    assert (await done(*send, str(small))).objects()[-1]["phase"] == "done"
    assert await bobs.process.wait() == 0
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["small.txt"]


async def test_a_person_reads_once_why_it_did_not_succeed(
    people: tuple[str, str], tmp_path: Path, start: AsyncExitStack
) -> None:
    alice, bob = people
    note = tmp_path / "note.txt"
    note.write_text("far too large")
    receive = ("receive", "--into", str(tmp_path / "in"), "--yes", "--largest", "1")
    await start.enter_async_context(running("--profile", bob, *receive))
    send: list[str | Path] = ["--profile", alice, "send", note, "--room", alice, "--to", bob]
    with shown(Terminal([*COMMAND, *send], environment())) as alices:
        assert await asyncio.to_thread(alices.wait) == 1
        assert alices.text.count("declined") == 1
    piped = await run("--profile", alice, "send", str(note), "--room", alice, "--to", bob)
    assert "declined" in piped.out, "what reads stdout need not read stderr"
    assert "declined" in piped.err


async def test_who_is_interrupted_is_told_how_to_go_on(people: tuple[str, str], tmp_path: Path) -> None:
    alice, bob = people
    note = tmp_path / "note.txt"
    note.write_text("to bob")
    send: list[str | Path] = ["--profile", alice, "send", note, "--room", alice, "--to", bob]
    with shown(Terminal([*COMMAND, *send], environment())) as alices:
        await asyncio.to_thread(alices.wait_for, f"note.txt to {bob}")
        alices.process.send_signal(signal.SIGINT)
        await asyncio.to_thread(alices.wait_for, "Interrupted. What has arrived is kept")
    for place, told in (("-", "what has arrived for stdout is gone"), (tmp_path, "What has arrived is kept")):
        get: list[str | Path] = ["--profile", alice, "get", alice, bob, "shelf", "--into", place]
        with shown(Terminal([*COMMAND, *get], environment())) as alices:
            await asyncio.to_thread(alices.wait_for, f"shelf from {bob}")
            alices.process.send_signal(signal.SIGINT)
            await asyncio.to_thread(alices.wait_for, told)


async def test_who_stops_taking_in_the_middle_is_told_what_becomes_of_it(
    alice: Agent, shared_server: str, sign_up: SignUp, big: Path, into: Path
) -> None:
    bob = await sign_up(shared_server, "bob")
    await bob.join(room(alice))
    await bob.close()
    receive: list[str | Path] = ["--profile", bob.profile, "receive", "--into", into, "--yes"]
    with shown(Terminal([*COMMAND, *receive], environment())) as bobs:
        sent = Watch(alice)
        await alice.sharing.send(room(alice), [bob.profile], [big], limit=SLOW)
        await sent.wait("running", fits=lambda state: state.done > 0)
        bobs.process.send_signal(signal.SIGINT)
        await asyncio.to_thread(bobs.wait_for, "the rest comes once you take offers again")


async def test_a_listing_that_nobody_answers_says_who_is_waited_for_and_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(files, "LATE_S", 0.0)

    async def away() -> list[Entry]:
        await asyncio.get_running_loop().create_future()
        return []

    with pytest.raises(NobodyTook, match="No device of bob answers"):
        await files._answered(away(), "bob", 0.01, Output(as_json=False))
    assert "Waiting for a device of bob to answer. Ctrl+C ends it." in capsys.readouterr().err

    async def there() -> list[Entry]:
        await asyncio.sleep(0)
        return [Entry("plans", "folder", 0, 0, 0)]

    assert len(await files._answered(there(), "bob", 300.0, Output(as_json=False))) == 1


def alive(processes: list[int]) -> list[int]:
    return [process for process in processes if Path(f"/proc/{process}").exists()]


# ── what is printed ──────────────────────────────────────────────────────────────────────────────


def test_a_line_says_all() -> None:
    transfer = Transfer(
        id="t",
        direction="send",
        room_id="r",
        peer_id="u",
        peer_name="bob",
        title="a.bin",
        kind="file",
        phase="running",
        size=2_000_000,
        done=500_000,
        rate=100_000.0,
        way="direct",
        lanes=4,
        reason="",
    )
    shown = (
        "a.bin to bob  [#####---------------]  25%  500 KB of 2.0 MB  100 KB/s  0:15 left  direct, 4 lanes"
    )
    assert line(transfer) == shown
    assert last_line(transfer) == "a.bin to bob: running"
    assert line(transfer, 60) == "a.bin to bob  [#####---------------]  25%  100 KB/s"
    assert line(transfer, 8) == "a.bin to"
    assert line(replace(transfer, phase="interrupted"), 77).endswith("25%  interrupted, goes on by itself")
    several = [
        replace(transfer, phase=phase) for phase in ("offered", "waiting", "connecting", "failed", "done")
    ]
    assert summary(several).startswith(
        "1 of 5 done  [########------------]  40%  2 waiting  1 asked about  1 failed"
    )
    assert summary(several, 40) == "1 of 5 done  [########------------]  40%"
    here = replace(transfer, direction="receive", phase="done", place=Path("/tmp/spool/a.bin"))
    assert last_line(here, placed=False) == "a.bin from bob: done, 2.0 MB"
    assert [size_text(size) for size in (0, 999, 1_500, 123_456, 10**9)] == [
        "0 B",
        "999 B",
        "1.5 KB",
        "123 KB",
        "1.0 GB",
    ]
    assert [span_text(seconds) for seconds in (0, 61.4, 3_723)] == ["0:00", "1:01", "1:02:03"]
    assert bar(0, 0).endswith("100%")


def test_a_question_has_every_path() -> None:
    transfer = Transfer(
        id="t",
        direction="receive",
        room_id="r",
        peer_id="u",
        peer_name="alice",
        title="trip",
        kind="folder",
        phase="offered",
        size=7,
        files=2,
        paths=(
            OfferedPath("trip/a", "file", 7, "trip/a\u202e", True),
            OfferedPath("trip/empty", "folder", 0),
        ),
        more_paths=3,
        space=5_000_000,
    )
    asked = question(transfer)
    assert asked[0] == "alice (not verified) offers the folder trip, 7 B in 2 files:"
    assert "is here already" in asked[1]
    assert asked[2:] == ["  trip/empty  (folder)", "  and 3 more", "5.0 MB are free where it would go."]


async def test_a_receiving_program_that_is_killed_goes_on_when_it_is_begun_again(
    alice: Agent, shared_server: str, sign_up: SignUp, big: Path, into: Path
) -> None:
    bob = await sign_up(shared_server, "bob")
    await bob.join(room(alice))
    await bob.close()
    receive = ("--profile", bob.profile, "--json", "receive", "--into", str(into), "--from", alice.profile)
    async with running(*receive) as first:
        sent = Watch(alice)
        (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [big], limit=SLOW)
        await sent.wait("connecting")
        half = await sent.wait("running", fits=lambda state: state.done >= 4 * 1024 * 1024)
        first.process.kill()
        await first.process.wait()
    assert not (into / big.name).exists()
    await quicker(alice, bob, big)
    sent.forget()
    async with running(*receive) as second:
        assert (await over(alice, transfer.id)).phase == "done"
        await until(
            lambda: any('"phase":"done"' in line.replace(" ", "") for line in second.lines), "the end"
        )
        assert not any('"offered"' in line for line in second.lines), "who said yes is not asked again"
        assert await second.end(signal.SIGINT) == 0
    assert same(into / big.name, big)
    begun = [state.done for state in sent.states if state.phase == "running" and state.lanes]
    assert min(begun) >= half.done // 2


def test_an_offer_whose_sender_has_gone_is_not_said_to_go_on_by_itself() -> None:
    offer = Transfer("t", "receive", "r", "u", "alice", "a.bin", "file", "interrupted", size=7)
    assert line(offer) == "a.bin from alice  offered, alice is not there now"
    accepted = replace(offer, place=Path("/srv"))
    assert line(accepted) == "a.bin from alice  waits for alice"
    assert "goes on by itself" in line(replace(accepted, done=3))
