"""Asking about offers on a terminal: who, what, every path, how large, and what is free; yes or no.

Strategy: one question at a time, in the order in which the offers came; what nobody can be asked about is
declined. Stdin is looked at only when it has a line, so that nothing waits in a thread at the end.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping
from typing import Final, Literal, TypeVar

from mesh_agent.agent import Agent
from mesh_agent.progress import size_text
from mesh_agent.sharing.state import Conflict, OfferedPath, Transfer
from mesh_agent.verbs.following import Follower
from protocol.errors import MeshError

ANSWER_BYTES: Final = 4_096

WISHES: Final[Mapping[str, Conflict]] = {
    "": "rename",
    "k": "rename",
    "s": "skip",
    "n": "newer",
    "o": "overwrite",
}
"""What is answered about names that are taken."""

T = TypeVar("T")


class Prompter:
    """Takes and declines what is offered."""

    def __init__(
        self, agent: Agent, follower: Follower, conflict: Conflict | Literal["ask"], *, asks: bool
    ) -> None:
        """`asks`: there is somebody at the terminal."""
        self._agent, self._follower, self._conflict, self._asks = agent, follower, conflict, asks
        self._offers: asyncio.Queue[str] = asyncio.Queue()
        self._asked: set[str] = set()
        self._first: asyncio.Future[Transfer] = asyncio.get_running_loop().create_future()

    async def run(self, *, once: bool) -> Transfer | None:
        """For ever, or until the first that was received is over, which is returned."""
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(
                self._follower.all(lambda transfer: transfer.direction == "receive", self._changed)
            )
            asking = tasks.create_task(self._ask_all())
            if once:
                await self._first
                following.cancel()
                asking.cancel()
        return self._first.result() if once else None

    def _changed(self, transfer: Transfer) -> None:
        if transfer.phase == "offered" and transfer.id not in self._asked:
            self._asked.add(transfer.id)
            self._offers.put_nowait(transfer.id)
        elif transfer.phase != "offered":
            self._asked.discard(transfer.id)
        never_taken = transfer.phase == "failed" and transfer.place is None
        real = transfer.phase != "declined" and not never_taken and not transfer.door
        if transfer.over and real and not self._first.done():
            self._first.set_result(transfer)

    async def _ask_all(self) -> None:
        while True:
            transfer_id = await self._offers.get()
            with contextlib.suppress(MeshError):  # it is over meanwhile, which was told
                transfer = self._agent.sharing.transfer(transfer_id)
                if transfer.phase != "offered":
                    continue
                if self._asks and await self._yes(transfer):
                    await self._agent.sharing.accept(transfer_id, conflict=await self._wish(transfer))
                else:
                    reason = "" if self._asks else "It is not taken here without asking."
                    await self._agent.sharing.decline(transfer_id, reason)

    async def _yes(self, transfer: Transfer) -> bool:
        self._follower.clear()
        print("\n".join(question(transfer)), file=sys.stderr)
        words = "Let it? [y/N] " if transfer.door else "Take it? [y/N] "
        return await self._answer(words, {"y": True, "yes": True, "n": False, "no": False, "": False})

    async def _wish(self, transfer: Transfer) -> Conflict:
        """What is to become of names that are taken."""
        if self._conflict != "ask":
            return self._conflict
        taken = sum(path.taken for path in transfer.paths)
        if not taken:
            return "rename"
        what = "1 name is" if taken == 1 else f"{taken:,} names are"
        words = f"{what} taken here: keep both, skip, take the newer, or overwrite? [K/s/n/o] "
        return await self._answer(words, WISHES)

    async def _answer(self, words: str, answers: Mapping[str, T]) -> T:
        """Asked again until it is one of them."""
        while True:
            self._follower.ask(words)
            try:
                answer = (await _line()).strip().casefold()
            finally:
                self._follower.ask("")
            if answer in answers:
                return answers[answer]


def question(transfer: Transfer) -> list[str]:
    """All that a person has to know before they say yes."""
    if transfer.door:
        return [f"{transfer.peer_name} wants to connect, with a device that was not compared:"]
    known = "verified" if transfer.verified else "not verified"
    what = f"{transfer.kind} {transfer.title}, {size_text(transfer.size)}"
    if transfer.kind == "folder":
        what += f" in {transfer.files:,} file{'s' if transfer.files != 1 else ''}"
    lines = [f"{transfer.peer_name} ({known}) offers the {what}:"]
    lines += [f"  {_path(path)}" for path in transfer.paths]
    if transfer.more_paths:
        lines.append(f"  and {transfer.more_paths:,} more")
    if transfer.space is not None:
        lines.append(f"{size_text(transfer.space)} are free where it would go.")
    return lines


def _path(offered: OfferedPath) -> str:
    facts = [size_text(offered.size)] if offered.kind == "file" else [offered.kind]
    facts += [f"sent as {offered.renamed}"] if offered.renamed else []
    facts += ["the same is here"] if offered.same else ["is here already"] if offered.exists else []
    return f"{offered.path}  ({', '.join(facts)})"


async def _line() -> str:
    """A line of the terminal; empty at its end."""
    loop, descriptor = asyncio.get_running_loop(), sys.stdin.fileno()
    ready: asyncio.Future[None] = loop.create_future()

    def there() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(descriptor, there)
    try:
        await ready
        return os.read(descriptor, ANSWER_BYTES).decode(errors="replace")
    finally:
        loop.remove_reader(descriptor)
