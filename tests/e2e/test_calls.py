"""Real programs call each other: a tone that one sends is what another records, and people see who calls."""

import argparse
import asyncio
import contextlib
import json
import re
import signal
import subprocess
import sys
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mesh_agent.agent import Agent
from mesh_agent.calls.announcing import Announced
from mesh_agent.calls.state import Media
from mesh_agent.output import Output
from mesh_agent.verbs.call import NotAnswered, _answered
from tests.e2e.test_story import home_environment, say
from tests.support.conditions import PATIENCE_S
from tests.support.server import running_server
from tests.support.terminal import PATIENCE_S as TERMINAL_PATIENCE_S
from tests.support.terminal import Terminal, running

ROOM = "ops"
LASTS = re.compile(r"☏ \d+:\d\d").search
"""A screen that tells how long a call has lasted."""
TONE_HZ, TONE = 440.0, 0.25
PART = 9_600
SETTINGS = '[calls]\naudio_in = "tone"\naudio_out = "none"\ncamera = "test"\n'


@dataclass
class Person:
    name: str
    environment: dict[str, str]

    def begin(self, *arguments: str | Path) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "mesh_agent", "--json", *map(str, arguments)]
        return subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def sit_down(self, *options: str) -> Terminal:
        """Before the program with a screen, in a terminal."""
        folder = Path(self.environment["HOME"], ".config", "mesh")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "settings.toml").write_text(SETTINGS)
        return Terminal([*self.command, *options], self.environment)

    @property
    def command(self) -> list[str]:
        """What they type there."""
        return [sys.executable, "-m", "mesh_tui"]

    def call(self, *arguments: str | Path) -> "subprocess.Popen[str]":
        patient = (
            "--timeout",
            str(3 * TERMINAL_PATIENCE_S),
        )  # who calls may have a screen to start first
        return self.begin("call", ROOM, "--audio-out", "none", *patient, *arguments)


@pytest.fixture(scope="module")
def persons(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Person]]:
    """Alice, bob and carol, in a room."""
    folder = tmp_path_factory.mktemp("calls")
    with running_server(folder / "data") as server:
        made = [Person(name, home_environment(folder / name)) for name in ("alice", "bob", "carol")]
        room_id = ""
        for person in made:
            room_id = asyncio.run(signed_up(person, server.url, room_id))
        yield made


@contextlib.asynccontextmanager
async def opened(person: Person, server: str | None = None) -> AsyncIterator[Agent]:
    """Their agent in this process, which is cheaper than one of its own."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            environment.delenv(name, raising=False)
        environment.setenv("HOME", person.environment["HOME"])
        agent = await Agent.open(server=server)
        try:
            yield agent
        finally:
            await agent.close()


async def signed_up(person: Person, server: str, room_id: str) -> str:
    """Makes the account, and makes or joins the room. Returns its id."""
    async with opened(person, server) as agent:
        await agent.register(person.name, "password123")
        await agent.wait_connected(PATIENCE_S)
        if room_id:
            await agent.join(room_id)
        return room_id or (await agent.create_room(ROOM)).id


def until_all(process: "subprocess.Popen[str]", *users: str) -> list[dict[str, Any]]:
    """What it prints of each of them once they are connected, in whichever order that is."""
    told = []
    left = set(users)
    while left:
        told.append(until(process, state="connected"))
        left.discard(told[-1]["user"])
    return told


def until(process: "subprocess.Popen[str]", **wanted: Any) -> dict[str, Any]:
    """The first object that it prints with these fields. Raises: AssertionError, where it ends before."""
    assert process.stdout is not None
    assert process.stderr is not None
    for line in process.stdout:
        told: dict[str, Any] = json.loads(line)
        if all(told.get(name) == value for name, value in wanted.items()):
            return told
    raise AssertionError(f"it ended without {wanted}: {process.stderr.read()}")


def end(process: "subprocess.Popen[str]") -> tuple[int, list[dict[str, Any]], str]:
    out, err = process.communicate(timeout=2 * PATIENCE_S)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err


def recorded(path: Path) -> NDArray[np.float64]:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32_768


def loud_parts(samples: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Fifths of a second of it in which something is heard: a busy machine may be late with some of it."""
    loud = np.flatnonzero(np.abs(samples) > TONE / 4)
    assert len(loud) > 48_000
    parts = [samples[at : at + PART] for at in range(loud[0], loud[-1] - PART, PART)]
    return [part for part in parts if strength(part) > TONE / 4]


def strength(samples: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(samples**2)))


def pitch(samples: NDArray[np.float64]) -> float:
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(power) * 48_000 / len(samples))


def test_the_tone_of_one_is_what_two_others_record(persons: list[Person], tmp_path: Path) -> None:
    alice, bob, carol = persons
    paths = [tmp_path / f"{name}.wav" for name in ("bob", "carol")]
    answering = [
        person.call("--answer", "--audio-in", "none", "--audio-out", path, "--seconds", "6")
        for person, path in zip((bob, carol), paths, strict=True)
    ]
    calling = alice.call("--audio-in", "tone")
    assert {each["way"] for each in until_all(calling, "bob", "carol")} == {"direct"}
    results = [end(process) for process in answering]
    assert [code for code, _, _ in results] == [0, 0], results
    code, told, err = end(calling)  # the others have left
    assert (code, err) == (0, "")
    assert told[-1]["call"] == results[0][1][-1]["call"]
    for (_, told, _), path in zip(results, paths, strict=True):
        figures = told[-1]
        assert figures["seconds"] > 2
        parts = loud_parts(recorded(path))
        assert abs(np.median([pitch(part) for part in parts]) - TONE_HZ) <= 5
        assert abs(np.median([strength(part) for part in parts]) - TONE / np.sqrt(2)) < 0.03


def test_whom_nobody_answers_is_told_so(persons: list[Person]) -> None:
    alice, bob, _ = persons
    calling = alice.call("--to", "@bob", "--audio-in", "none")
    until(calling, user="bob", state="ringing")
    calling.send_signal(signal.SIGTERM)
    assert end(calling)[0] == 143
    asyncio.run(not_called(bob, 1))


async def not_called(person: Person, seconds: float) -> None:
    """Whom nobody calls, who waits. A program has to connect in that time, too, which may take longer."""
    async with opened(person) as agent:
        await agent.start()
        await agent.wait_connected(PATIENCE_S)
        waits = argparse.Namespace(timeout=seconds)
        with pytest.raises(NotAnswered, match="Nobody has called in ops"):
            await _answered(agent, agent.room(ROOM), Media(), waits, Output(as_json=True))


def test_what_somebody_shows_is_told_and_the_figures_also_to_who_interrupts(persons: list[Person]) -> None:
    alice, bob, _ = persons
    answering = bob.call("--answer", "--audio-in", "none", "--video-in", "test")
    calling = alice.call("--to", "@bob", "--audio-in", "none")
    left = {("state", "connected"), ("shows", "camera")}  # in whichever order they come
    assert calling.stdout is not None
    for line in calling.stdout:
        left -= {(name, value) for name, value in json.loads(line).items() if isinstance(value, str)}
        if not left:
            break
    until(answering, user="alice", state="connected")
    calling.send_signal(signal.SIGINT)
    code, told, _ = end(calling)
    assert (code, told[-1]["reason"]) == (130, "You have left.")
    assert told[-1]["parties"][0]["user"] == "bob"
    code, told, _ = end(answering)
    assert (code, told[-1]["reason"]) == (0, "alice has left.")


def test_whoever_is_declined_or_busy_is_told_so(persons: list[Person]) -> None:
    alice, bob, _ = persons
    with running(bob.sit_down("--plain")) as terminal:
        terminal.wait_for("Signed in")
        calling = alice.call("--to", "@bob", "--audio-in", "none")
        terminal.wait_for("alice calls in ops")
        terminal.type("/decline-call")
        terminal.press("enter")
        terminal.wait_for("Declined.")
        assert refused(calling) == ("call.declined", "bob declined.")
        for line, said in (
            (f"/join {ROOM}", f"In {ROOM}"),
            ("/call @carol", "carol is called."),
            ("/call-stats", "carol: ringing"),
        ):
            terminal.type(line)
            terminal.press("enter")
            terminal.wait_for(said)
        assert refused(alice.call("--to", "@bob", "--audio-in", "none")) == (
            "call.busy",
            "bob is in another call.",
        )
        terminal.wait_for("alice has called while you are in another call.")
        terminal.type("/hangup")
        terminal.press("enter")
        terminal.wait_for("The call is over. You have left.")


def refused(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """The code and the sentence with which it ends."""
    code, _, err = end(process)
    assert code == 1
    error = json.loads(err.splitlines()[-1])["error"]
    return error["code"], error["message"]


def test_one_who_is_killed_is_gone_after_a_while_and_the_others_go_on(persons: list[Person]) -> None:
    alice, bob, carol = persons
    answering = [person.call("--answer", "--audio-in", "none") for person in (bob, carol)]
    calling = alice.call("--audio-in", "tone")
    for process in answering:
        until(process, user="alice", state="connected")
    until(calling, user="carol", state="connected")
    answering[1].kill()
    until(calling, user="carol", state="lost")
    again = carol.call("--audio-in", "none")
    until(again, user="bob", state="connected")
    until(calling, user="carol", state="connected")
    # Who began it is killed: the last one who leaves says that it is over, and so does her next program.
    calling.kill()
    for process in (answering[0], again):
        until(process, user="alice", state="lost")
    again.send_signal(signal.SIGINT)
    again.wait(PATIENCE_S)
    until(answering[0], departed="carol has left.")  # else each of the two may think that the other one stays
    answering[0].send_signal(signal.SIGINT)
    answering[0].wait(PATIENCE_S)
    for process in (calling, answering[1]):
        process.wait()
    (by_bob,) = asyncio.run(told(bob, 1))
    assert by_bob.username == "bob"
    assert "carol" in by_bob.how
    (*_, by_alice) = asyncio.run(told(alice, 2))
    assert (by_alice.username, by_alice.call_id) == ("alice", by_bob.call_id)
    assert "was ended" in by_alice.how


async def told(person: Person, number: int) -> list[Announced]:
    """The last messages about calls, the newest first, once all of them are over."""
    async with opened(person) as agent:
        await agent.start()
        await agent.wait_connected(PATIENCE_S)
        room_id = agent.room(ROOM).id
        await agent.wait_current(room_id)
        with contextlib.closing(agent.subscribe()) as events:
            async with asyncio.timeout(2 * PATIENCE_S):
                while any(each.running for each in (await agent.calls.announced(room_id))[:number]):
                    await anext(events)
        return (await agent.calls.announced(room_id))[:number]


def test_two_people_call_each_other_from_their_terminals(persons: list[Person]) -> None:
    with ExitStack() as stack:
        alice, bob = (stack.enter_context(running(person.sit_down())) for person in persons[:2])
        for terminal in (alice, bob):
            terminal.wait_for(lambda text: ROOM in text and "connected" in text)
            terminal.press("enter")
            terminal.wait_for(f"Message {ROOM}")
            terminal.press("ctrl+end")  # other tests may have left more that is new than there is room for
        alice.wait_for("● bob")

        # A room of which nothing is told does not ring, however long somebody calls there.
        say(bob, "/mute")
        bob.wait_for("This room is muted")
        say(alice, "/call @bob")
        alice.wait_for("rings…")
        bob.wait_for("☏ alice calls")
        alice.type("q")
        bob.wait_for(lambda text: "alice has called" in text and "☏ alice calls" not in text)
        assert bob.rung == 0

        say(bob, "/mute off")
        bob.wait_for("Everything here counts as new")
        alice.wait_for(f"Message {ROOM}")
        say(alice, "/call @bob --video")
        bob.wait_for("☏ alice calls with video")
        bob.press("alt+c")
        for terminal, other in ((alice, "bob"), (bob, "alice")):
            terminal.wait_for(f"● {other}")
            terminal.wait_for("▀▀▀▀▀▀▀▀")
        assert bob.rung > 0
        bob.type("m")
        alice.wait_for("muted")
        bob.press("escape")
        bob.wait_for(LASTS)
        say(bob, "I am on mute")
        alice.press("escape")
        alice.wait_for("I am on mute")
        bob.press("alt+c")
        bob.wait_for("▀▀▀▀▀▀▀▀")
        bob.type("q")
        for terminal in (alice, bob):
            terminal.wait_for("The call is over, after")
            terminal.wait_for(LASTS, gone=True)
            terminal.press("ctrl+q")
            assert terminal.wait() == 0
