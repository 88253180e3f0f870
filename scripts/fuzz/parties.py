"""Real `mesh-agent` programs as parties of a call, and what each of them hears, as numbers.

Strategy: each party says a tone of its own and writes what it hears to a WAV file, so that a recording names
everybody who is heard in it, by pitch. What is measured is the newest part of a file that is still written.
"""

import asyncio
import json
import os
import signal
import sys
import time
import wave
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mesh_agent.agent import Agent

ROOM: Final = "ops"
PASSWORD: Final = "password123"
RATE: Final = 48_000
LOUD: Final = 0.1
"""Of the tone of one party: six of them together are not too loud."""

HEARD: Final = LOUD / 4
"""A tone that is at least as loud was heard; of who is silent there is less than a tenth of it."""

PATIENCE_S: Final = 90.0
_HEAD_BYTES: Final = 44

Told = dict[str, Any]


def pitch(number: int) -> float:
    """The tone of the party of that number, in Hz: no one is an overtone of another."""
    return 400.0 + 130.0 * number


def write_tone(path: Path, hertz: float, seconds: float) -> None:
    """A WAV file with a steady tone."""
    samples = LOUD * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples * 32_767).astype("<i2").tobytes())


def written(path: Path) -> NDArray[np.float64]:
    """The samples of a WAV file that may still be written; empty where there are none yet."""
    data = path.read_bytes()[_HEAD_BYTES:] if path.exists() else b""
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2") / 32_768


def loudness(samples: NDArray[np.float64], hertz: float) -> float:
    """How loud that pitch is in them (its amplitude)."""
    if not len(samples):
        return 0.0
    window = np.hanning(len(samples))
    turn = np.exp(-2j * np.pi * hertz * np.arange(len(samples)) / RATE)
    return float(2 * abs(np.sum(samples * window * turn)) / np.sum(window))


def longest_gap_ms(samples: NDArray[np.float64], hertz: float) -> int:
    """The longest time in which a tone was not heard, between its first and its last."""
    step = RATE // 50
    heard = [
        loudness(samples[at : at + step], hertz) > HEARD for at in range(0, len(samples) - step + 1, step)
    ]
    there = np.flatnonzero(heard)
    return int(np.max(np.diff(there), initial=1) - 1) * 20


@dataclass
class Party:
    """A person, their home, and their program in the call once it runs.

    Attributes: said: what the program has told so far. prefix: what it is run by, as `ip netns exec`.
    """

    name: str
    number: int
    home: Path
    prefix: Sequence[str] = ()
    user_id: str = ""
    said: list[Told] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    _process: asyncio.subprocess.Process | None = None
    _readers: list[asyncio.Task[None]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def hertz(self) -> float:
        return pitch(self.number)

    @property
    def heard(self) -> Path:
        return self.home / "heard.wav"

    @property
    def device_id(self) -> str:
        """As others are told of it; known once somebody is connected with it."""
        return next((each["device"] for each in self.said if each.get("own")), "")

    async def begin(self, *arguments: str) -> None:
        """Its program comes into the call of the room."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        self._process = await asyncio.create_subprocess_exec(
            *(*self.prefix, sys.executable, "-m", "mesh_agent", "--json", "call", ROOM),
            *("--audio-in", str(self.home / "tone.wav"), "--audio-out", str(self.heard), *arguments),
            env=environment | {"HOME": str(self.home)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self._readers = [asyncio.create_task(self._read()), asyncio.create_task(self._read_complaints())]

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.said.append(json.loads(line) | {"at": time.monotonic()})
            self._news.set()
        self._news.set()

    async def _read_complaints(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self.complaints.append(line.decode(errors="replace").rstrip())

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def tells(self, wanted: Callable[[list[Told]], bool], what: str) -> None:
        """Waits until what it has said is so. Raises: SystemExit, where it ends or takes too long."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not wanted(self.said):
                    if not self.runs:
                        raise SystemExit(f"{self.name} ended before {what}: {self.complaints}")
                    await self._news.wait()
                    self._news.clear()
        except TimeoutError:
            raise SystemExit(f"{self.name}: no {what}: {self.said[-5:]} {self.complaints}") from None

    def states(self) -> dict[str, str]:
        """How each other user is connected, as it was told last."""
        return {each["user"]: each["state"] for each in self.said if "state" in each and "user" in each}

    async def connected(self, *names: str) -> None:
        await self.tells(
            lambda _: all(self.states().get(name) == "connected" for name in names), f"line to {names}"
        )

    async def end(self) -> int:
        """Hangs up; how the program ended."""
        assert self._process is not None
        if self.runs:
            self._process.send_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE_S):
            await self._process.wait()
            await asyncio.gather(*self._readers)
        return self._process.returncode or 0

    async def kill(self) -> None:
        """Whatever it does."""
        if self._process is not None and self.runs:
            self._process.kill()
            await self._process.wait()

    def hears(self, others: "Sequence[Party]", seconds: float = 1.0) -> list[str]:
        """Names of those whose tone is in the last seconds of what it hears."""
        newest = written(self.heard)[-int(seconds * RATE) :]
        return [each.name for each in others if loudness(newest, each.hertz) > HEARD]

    async def until_silence(self) -> None:
        """Waits until nobody is heard here."""
        await self._until(lambda: not np.any(np.abs(self._newest()) > HEARD), "silence")

    async def until_it_hears(self, others: "Sequence[Party]") -> None:
        """Waits until all of them are heard at once, in a short time."""
        await self._until(
            lambda: all(loudness(self._newest(), each.hertz) > HEARD for each in others),
            f"sound of {[each.name for each in others]}",
        )

    def _newest(self) -> NDArray[np.float64]:
        return written(self.heard)[-RATE // 5 :]

    async def _until(self, so: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not so():  # noqa: ASYNC110 - what it waits for is a file
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise SystemExit(f"{self.name}: no {what}: {self.said[-6:]} {self.complaints}") from None


@asynccontextmanager
async def opened(party: Party, url: str) -> AsyncIterator[Agent]:
    """Their agent in this process, to make accounts and rooms with."""
    before = {
        name: os.environ.pop(name, None) for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
    }
    home, os.environ["HOME"] = os.environ.get("HOME"), str(party.home)
    try:
        agent = await Agent.open(server=url)
        try:
            yield agent
        finally:
            await agent.close()
    finally:
        os.environ.update({name: value for name, value in {**before, "HOME": home}.items() if value})


async def people(url: str, names: Sequence[str], folder: Path, *, seconds: float) -> tuple[list[Party], str]:
    """Accounts in one room, each with a tone of so many seconds; and the room's id."""
    parties, room_id = [], ""
    for number, name in enumerate(names):
        party = Party(name, number, folder / name)
        party.home.mkdir()
        write_tone(party.home / "tone.wav", party.hertz, seconds)
        async with opened(party, url) as agent:
            await agent.register(name, PASSWORD)
            await agent.wait_connected(PATIENCE_S)
            if room_id:
                await agent.join(room_id)
            room_id = room_id or (await agent.create_room(ROOM)).id
            assert agent.user is not None
            party.user_id = agent.user.id
        parties.append(party)
    return parties, room_id
