"""The line below a terminal that is watched says how it stands, at any width."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_agent.machines.terminal_guest import Phase
from mesh_agent.net.base import Way
from mesh_agent.terminal.status import LEAVE, facts_of, status_line
from protocol.peer_terminal import INVERSE, Watcher


@dataclass(frozen=True)
class Seen:
    peer_name: str = "alice"
    phase: Phase = "open"
    reason: str = ""
    command: str = "bash"
    way: Way | None = "direct"
    writes: bool = False
    wants_to_write: bool = False
    recorded: bool = False
    watchers: list[Watcher] = field(default_factory=list)


FACTS: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({}, {}, ["alice: bash", "read-only, w asks to type", "direct"]),
    ({}, {"title": "vim x"}, ["alice: vim x", "read-only, w asks to type", "direct"]),
    ({"writes": True, "recorded": True}, {}, ["alice: bash", "● recorded", "you may type", "direct"]),
    ({"writes": True}, {"read_only": True}, ["alice: bash", "read-only", "direct"]),
    ({"wants_to_write": True, "way": "relay"}, {}, ["alice: bash", "asked to type", "through the server"]),
    ({"watchers": [Watcher("bob"), Watcher("alice")]}, {"part": True}, ["Alt+arrows move", "2 watch"]),
    ({}, {"back": 28}, ["alice: bash", "28 lines back, any key returns", "read-only, w asks to type"]),
    ({}, {"back": 1}, ["alice: bash", "1 line back, any key returns"]),
    ({"phase": "connecting"}, {}, ["alice: connecting…"]),
    ({"phase": "asking"}, {}, ["alice: waiting to be let in…"]),
    ({"phase": "lost", "reason": "Gone."}, {}, ["alice: the line is lost, it is tried again", "Gone."]),
    ({"phase": "ended", "reason": "The sharing was ended."}, {}, ["alice: The sharing was ended."]),
]


@pytest.mark.parametrize(("seen", "more", "expected"), FACTS)
def test_what_there_is_to_say(seen: dict[str, Any], more: dict[str, Any], expected: list[str]) -> None:
    facts = facts_of(Seen(**seen), **more)
    assert [fact for fact in facts if fact in expected] == expected
    if seen.get("phase", "open") != "open":
        assert facts == expected


def text(facts: list[str], columns: int) -> str:
    return "".join(cell.text for cell in status_line(facts, columns))


def test_as_much_as_there_is_room_for() -> None:
    facts = ["alice: bash", "● recorded", "you may type"]
    assert text(facts, 60) == f" alice: bash · ● recorded · you may type{' ' * 5}{LEAVE} "
    assert text(facts, 40).startswith(" alice: bash · ● re") is False
    assert text(facts, 34).startswith(" alice: bash ")
    assert text(facts, 20).startswith(" ali")
    assert text(facts, 20).endswith(f"{LEAVE} ")


def test_it_is_told_from_the_terminal() -> None:
    assert all(cell.attributes & INVERSE for cell in status_line(["a"], 30))
    assert all(cell.background == 2 for cell in status_line(["a"], 30, alarm=True))


@given(st.lists(st.text("ab世é\u0301 ", max_size=20), max_size=4), st.integers(1, 60))
def test_it_fills_its_row(facts: list[str], columns: int) -> None:
    line = status_line(facts, columns)
    assert len(line) == columns
    assert all(cell.attributes & INVERSE for cell in line)
