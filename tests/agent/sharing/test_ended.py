"""A device that was asked says when its attempt ends before the two have met, and takes no request twice."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mesh_agent.agent import Agent
from mesh_agent.client.signalling import SessionEvent
from mesh_agent.machines.ways import MEET_S
from mesh_agent.sharing.attempt import Attempt, Running, shown, start_carrier
from mesh_agent.sharing.desk import Desk
from mesh_agent.sharing.errors import HelperEnded
from mesh_agent.sharing.guest import Guest
from mesh_agent.sharing.sessions import FILE_KINDS
from protocol.signals import SessionAccepted, SessionCreated
from tests.agent.sharing.carriers import over, room, same
from tests.support.conditions import until

if TYPE_CHECKING:
    from mesh_agent.net.certificates import Certificate


class Unready(Guest):
    """Its first attempt ends as its process does not start; then `after` is given the request of that."""

    def __init__(self, desk: Desk, created: SessionCreated, after: "After") -> None:
        self._created: SessionCreated | None = created
        self._after = after
        super().__init__(desk, created)

    def make_attempt(self, certificate: "Certificate") -> Attempt:
        async def start() -> Running:
            if self._created is not None:
                raise HelperEnded
            return await start_carrier()

        return Attempt(self.desk, "asked", certificate, self.report, start=start)

    def lost(self, message: str) -> None:
        super().lost(message)
        created, self._created = self._created, None
        if created is not None:
            self._after(self, created)


After = Callable[[Unready, SessionCreated], None]


class Door:
    """Bob's end of a session; `accepted`: by the certificate of who asked, those that he has shown."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.guests: dict[str, Guest] = {}
        self.over: list[Guest] = []
        self.accepted: dict[str | None, list[str | None]] = {}

    def session_event(self, event: SessionEvent) -> None:
        if isinstance(event, SessionAccepted):
            self.accepted.setdefault(shown(event, "asker"), []).append(shown(event, "asked"))
        guest = self.guests.get(event.session_id)
        if guest is not None:
            guest.heard(event)
        elif isinstance(event, SessionCreated):
            self.guests[event.session_id] = Unready(self._desk, event, self._again)

    def _again(self, guest: Guest, created: SessionCreated) -> None:
        """The server tells the request once more; then another guest has the session."""
        guest.heard(created)
        self.over.append(guest)
        self.guests[created.session_id] = Guest(self._desk, created)

    def line_up(self) -> None:
        """There is one, all the time."""

    def line_lost(self) -> None:
        """There is one, all the time."""


async def test_who_asked_is_told_that_an_attempt_has_ended_and_asks_anew(
    alice: Agent, bob: Agent, into: Path, tmp_path: Path
) -> None:
    """Bob is told the request once more, by the same guest and by a later one; none takes it twice."""
    note = tmp_path / "note.bin"
    note.write_bytes(os.urandom(1024))
    door = Door(await bob.sharing.desk())
    bob.sharing._introductions.signalling.listen(door, FILE_KINDS)
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [note])
    # Who asked would look for longer for a device that does not come.
    assert (await over(alice, transfer.id, step_s=MEET_S - 1)).phase == "done"
    assert same(into / note.name, note)
    assert [len(shown_for) for shown_for in door.accepted.values()] == [1, 1]
    guests = [*door.over, *door.guests.values()]
    for guest in guests:
        await guest.close()
    await until(lambda: all(guest.done for guest in guests), "the end of the session")
