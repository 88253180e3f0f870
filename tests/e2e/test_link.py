"""An invite, from the room in which it is made to the room in which it ends, in two real terminals."""

import re
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.e2e.test_story import home_environment, open_tui, register, say
from tests.support.server import running_server
from tests.support.terminal import Terminal, running

LINK = r"http://\S+/invite/[0-9a-f]{40}"


def test_a_link_is_made_typed_and_lands_in_the_room(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", MESH_REGISTRATION="invite") as server, ExitStack() as stack:
        alice = open_tui(stack, tmp_path / "alice", server)
        register(alice, "alice")
        alice.press("ctrl+n")
        alice.wait_for("Name of the new room")
        alice.type("Attic")
        alice.press("enter")
        alice.wait_for("beginning of Attic")
        say(alice, "/visibility private")
        alice.wait_for("The room is private now.")
        say(alice, "/invite")
        text = alice.wait_for(lambda text: re.search(LINK, text))
        (link,) = re.findall(LINK, text)
        alice.press("escape")

        arguments = [sys.executable, "-m", "mesh_tui", link]
        bob = stack.enter_context(running(Terminal(arguments, home_environment(tmp_path / "bob"))))
        bob.wait_for("you are invited to a room")
        bob.type("bob")
        bob.press("tab")
        bob.type("password123")
        bob.press("enter")
        bob.wait_for("beginning of Attic")
        say(bob, "Thank you!")
        alice.wait_for("Thank you!")
        alice.press("up")
        alice.wait_for("r Reply")
        alice.type("r")
        alice.wait_for("Answering")
        say(alice, "Welcome.")
        bob.wait_for(lambda text: "↪ bob: Thank you!" in text and "Welcome." in text)
        for terminal in (alice, bob):
            terminal.press("ctrl+q")
            assert terminal.wait() == 0
