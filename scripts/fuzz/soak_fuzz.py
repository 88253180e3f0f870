"""`scripts/fuzz/soak`: a day of `mesh-tui` in minutes, and whether its memory stays as it was.

Strategy: eight hours of a busy team are 100,000 messages in 50 rooms. They are said at a rate that the client
can follow, to the real program in a pseudo-terminal, at which somebody does what people do all day: goes
to the next room with something new, to rooms by number, back, pages up and down, writes. Resident memory is
looked at after each twentieth; from the first quarter on, by when all that is bounded has been filled, it may
not grow by more than `GROWTH_MIB`. Prints JSON; ends with 1 where it grew. With `--census` it also
says of which types there are more objects at the end than at that quarter (which takes memory of its own: the
figure is another one then).
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from scripts.bench import harness
from scripts.bench.seed import Person
from scripts.bench.tui_bench import Terminal, sign_in, terminal
from scripts.fuzz.census import Census, growth

GROWTH_MIB: Final = 12.0
LOOKS: Final = 20
IN_FLIGHT: Final = 200
KEYS: Final = (
    *["\x1ba"] * 6,  # Alt+A: the next room with something new
    *["\x1b1", "\x1b2", "\x1b3", "\x1b9"],
    *["\x1b[1;3D", "\x1b[1;3C"],  # Alt+Left, Alt+Right
    *["\x1b[5~", "\x1b[5~", "\x1b[6~", "\x1b[1;5F"],  # pages up and down, to the newest
    *["a few words\r", "half a tho", "\x15"],
    *["\x1b[A", "\x1b"],  # a message chosen, and not
)


class Team:
    """Somebody who says everything, on a loop and a thread of their own."""

    def __init__(self, server: harness.Server, rooms: int) -> None:
        self.acked = 0
        self._server = server
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._rooms = asyncio.run_coroutine_threadsafe(self._meet(rooms), self._loop).result()

    async def _meet(self, rooms: int) -> list[str]:
        async with harness.rest(self._server) as rest:
            writer, reader = await rest.people(2)
            self._writer: Person = writer
            return [await rest.room(f"room {number:02}", [writer, reader]) for number in range(rooms)]

    def begin(self, messages: int, rate: int) -> None:
        asyncio.run_coroutine_threadsafe(self._talk(messages, rate), self._loop)

    def _heard(self, frame: bytes) -> None:
        self.acked += frame.startswith(b'{"type":"chat.message.ack"')

    def _has_room(self, sent: int) -> bool:
        return sent - self.acked < IN_FLIGHT

    async def _talk(self, messages: int, rate: int) -> None:
        client = await harness.connect(self._server, self._writer, self._heard)
        choose, began = random.Random(4), time.perf_counter()
        for number in range(messages):
            text = " ".join(choose.choices(("the", "rain", "*falls*", "`while`", "nobody", "looks"), k=12))
            client.send(
                type="chat.message.send",
                room_id=choose.choice(self._rooms),
                nonce=f"s{number}",
                content=f"{number}: {text}",
            )
            await asyncio.sleep(max(0.0, number / rate - (time.perf_counter() - began)))
            await harness.until(partial(self._has_room, number))


def soak(
    screen: Terminal, team: Team, messages: int, rate: int, looked: Callable[[int], None]
) -> list[float]:
    """The resident memory in MiB after each twentieth of the messages; `looked` is told how many are over."""
    choose = random.Random(5)
    seen: list[float] = []
    team.begin(messages, rate)
    while len(seen) < LOOKS:
        screen.press(choose.choice(KEYS))
        screen.rest(0.1, longest_s=0.5)
        if team.acked >= messages * (len(seen) + 1) // LOOKS:
            seen.append(screen.resident_bytes() / 2**20)
            looked(len(seen))
    return seen


class Growth:
    """Two censuses of the program, late and later."""

    def __init__(self, screen: Terminal, census: Census) -> None:
        self._screen = screen
        self._census = census
        self._first: dict[str, tuple[int, int]] = {}

    def looked(self, looks: int) -> None:
        if looks == LOOKS // 4 + 1:
            self._first = self._take()
        elif looks == LOOKS:
            print(*growth(self._first, self._take()), sep="\n", file=sys.stderr)

    def _take(self) -> dict[str, tuple[int, int]]:
        self._census.ask(self._screen.pid)
        while (taken := self._census.take()) is None:
            self._screen.rest(longest_s=0.5)
        return taken


def _nothing(_: int) -> None: ...


def main() -> None:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rooms", type=int, default=50)
    parser.add_argument("--rate", type=int, default=250, help="messages a second")
    parser.add_argument("--census", action="store_true", help="say of what there is more")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mesh-soak-") as folder, harness.running_server() as server:
        for kind in ("CONFIG", "DATA", "STATE"):
            os.environ[f"XDG_{kind}_HOME"] = str(Path(folder, kind.lower()))
        team = Team(server, given.rooms)
        looking = Path(folder, "census")
        looking.mkdir()
        census = Census(looking) if given.census else None
        harness.run(sign_in(server))
        with terminal("--server", server.url, "--profile", "bench") as screen:
            screen.wait("connected")
            began = time.perf_counter()
            looked = Growth(screen, census).looked if census else _nothing
            memory = soak(screen, team, given.messages, given.rate, looked)
            screen.press("\x1b[1;5F")
            screen.wait(" ms")  # it still answers
        took = time.perf_counter() - began
    grown = max(memory[LOOKS // 4 :]) - memory[LOOKS // 4]
    report = {
        "messages": given.messages,
        "rooms": given.rooms,
        "seconds": round(took),
        "resident_mib": [round(value, 1) for value in memory],
        "grown_mib": round(grown, 1),
        "bound_mib": GROWTH_MIB,
    }
    print(json.dumps(report))
    raise SystemExit(grown > GROWTH_MIB)


if __name__ == "__main__":
    main()
