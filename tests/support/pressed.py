"""Which keys the test that runs has pressed, and where: what a test says of that is held to.

Strategy: `@pytest.mark.presses("room.people", "composer ctrl+a,ctrl+e")` names actions of the registry, by
their id or, where their keys are fixed, by place and keys. Whoever presses keys for a test notes each here,
with the places that were there at that moment and what the program ran for it; when the test has passed,
`missing` says what it claimed and did not do. That what was pressed did something is for the test's own
assertions.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from mesh_tui.actions import ACTIONS, Action


@dataclass
class Press:
    """`places` is None where a whole program in a terminal got the key, which does not tell."""

    key: str
    places: Collection[str] | None
    ran: list[str] = field(default_factory=list)


PRESSED: Final[list[Press]] = []
"""Since the test began."""


def name_of(action: Action) -> str:
    return action.id or f"{action.place} {action.keys}"


BY_NAME: Final = {name_of(action): action for action in ACTIONS}


def note(key: str, places: Collection[str] | None = None) -> None:
    PRESSED.append(Press(key, places))


def note_run(action: str) -> None:
    """The program has done this for the key that came last."""
    if PRESSED:
        PRESSED[-1].ran.append(action.rpartition(".")[2])


def missing(name: str) -> str:
    """What is not true of the claim that this action was pressed; empty if it is.

    Of an action one key is enough; where a widget takes several, each does something else.
    """
    action = BY_NAME.get(name)
    if action is None:
        return f"the registry has no action {name!r}"
    wanted = set(action.keys.replace(" ", ",").split(","))
    seen = {press.key for press in PRESSED if _is_of(press, action)} & wanted
    enough = bool(seen) if action.name else seen == wanted
    return "" if enough else f"{name} was not pressed where it works: {', '.join(sorted(wanted - seen))}"


def _is_of(press: Press, action: Action) -> bool:
    if press.places is None:
        return True
    there = action.place == "everywhere" or action.place in press.places
    return there and (not action.name or action.name.rpartition(".")[2] in press.ran)
