"""What guests type, between the machine that lets them and the program that takes it."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from mesh_agent.machines.terminal_host import Person, TerminalHost
from mesh_agent.terminal.house import Guests
from mesh_agent.terminal.stage import Stage
from protocol.peer_terminal import TermInput, TermOpen
from tests.support.conditions import until

BOB = Person("bob", "id of bob", "device of bob", True)


class Program:
    """What it was given, and whether it takes more."""

    def __init__(self) -> None:
        self.has: list[bytes] = []
        self.takes = True
        self.asked = 0

    def put(self, data: bytes, written: Callable[[], None]) -> bool:
        self.asked += 1
        if self.takes:
            self.has.append(data)
            written()
        return self.takes


@pytest.fixture
def program() -> Program:
    return Program()


@pytest.fixture
def machine() -> TerminalHost:
    """Bob watches, and may write."""
    made = TerminalHost("term1234", "bash", 20, 3, "members")
    made.joined("b", BOB, 0.0)
    made.receive("b", TermOpen(columns=80, rows=24), 0.0)
    assert made.grant("b", write=True)
    return made


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage(20, 3, 100, lambda: None)
    yield made
    made.close()


async def test_what_is_typed_is_given_to_the_program_and_it_is_known_when(
    program: Program, machine: TerminalHost, stage: Stage
) -> None:
    guests = Guests(lambda _: None, machine, stage, program.put, lambda _: None)
    await guests.heard("b", TermInput(data=b"ls\r", stamp=7))
    assert program.has == [b"ls\r"]
    await until(lambda: machine.guests["b"].echo == 7, "the news of it")


async def test_who_finds_no_room_waits_and_is_heard_no_further(
    program: Program, machine: TerminalHost, stage: Stage
) -> None:
    guests = Guests(lambda _: None, machine, stage, program.put, lambda _: None)
    program.takes = False
    hearing = asyncio.create_task(guests.heard("b", TermInput(data=b"one")))
    await until(lambda: program.asked > 1, "it to be tried again")
    assert not hearing.done()
    program.takes = True
    await hearing
    assert program.has == [b"one"]


async def test_what_still_waits_when_the_right_is_taken_is_never_typed(
    program: Program, machine: TerminalHost, stage: Stage
) -> None:
    guests = Guests(lambda _: None, machine, stage, program.put, lambda _: None)
    program.takes = False
    hearing = asyncio.create_task(guests.heard("b", TermInput(data=b"rm -rf /\r")))
    await until(lambda: program.asked > 0, "it to be tried")
    machine.grant("b", write=False)
    program.takes = True
    await hearing
    assert program.has == []


async def test_nor_is_what_waits_when_its_guest_has_gone(
    program: Program, machine: TerminalHost, stage: Stage
) -> None:
    guests = Guests(lambda _: None, machine, stage, program.put, lambda _: None)
    program.takes = False
    hearing = asyncio.create_task(guests.heard("b", TermInput(data=b"rm -rf /\r")))
    await until(lambda: program.asked > 0, "it to be tried")
    guests.went("b")
    program.takes = True
    await hearing
    assert program.has == []
