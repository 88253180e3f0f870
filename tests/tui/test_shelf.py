"""Pictures that the terminal shows itself are sent to it, sent again where it forgot, and taken from it."""

import re
from pathlib import Path

from PIL import Image
from rich.color import ColorSystem

from mesh_tui.pictures import kitty
from mesh_tui.pictures.shelf import Shelf
from tests.support.conditions import until
from tests.tui.conftest import SitDown


async def test_they_are_sent_again_where_the_terminal_may_have_forgotten_them(
    shared_server: str, sit_down: SitDown, tmp_path: Path
) -> None:
    Image.new("RGB", (60, 40), "red").save(tmp_path / "red.png")
    alice = await sit_down("alice", shared_server)
    await alice.sees("Create account")
    alice.app.console._color_system = ColorSystem.TRUECOLOR
    await alice.app.save_settings({"look.pictures_by": "kitty"})
    said: list[str] = []
    alice.app.pictures = shelf = Shelf(alice.app, lambda commands, _: said.append("".join(commands)))

    def shown() -> bool:
        found = alice.within(lambda: shelf.get(tmp_path / "red.png", 20, 8, "000000", lambda: None))
        return found is not None and found.number > 0

    await until(shown, "it to be decoded")
    (first,) = said
    assert (number := re.search(r"i=(\d+),f=24", first))
    await alice.press("ctrl+l")
    await until(lambda: len(said) == 2, "it to be sent again for the key")
    await alice.resize(90, 30)
    await until(lambda: len(said) == 3, "it to be sent again for another size")
    alice.call(alice.app.app_resume_signal.publish, alice.app)
    await until(lambda: len(said) == 4, "it to be sent again after a stop")
    assert set(said) == {first}, "under the same number"
    shelf.forget()
    assert said[4:] == [kitty.removal(int(number[1]), "")]
    await alice.press("ctrl+l")
    assert len(said) == 5
