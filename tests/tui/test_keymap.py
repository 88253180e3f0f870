"""Keys of one's own: what can be one, and that it is the one that works."""

import pytest

from mesh_tui import preferences
from mesh_tui.actions import ACTIONS
from mesh_tui.keymap import NO_KEY, check, full, keys_in
from mesh_tui.settings import SettingsWrong
from mesh_tui.settings_file import SettingsFile
from tests.support.conditions import until
from tests.tui.conftest import SitDown


def test_actions_with_a_name_have_one_of_their_own() -> None:
    names = [action.id for action in ACTIONS if action.id]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"room.poeple": "f7"}, "Did you mean room.people?"),
        ({"room.people": "f5"}, "F5 is taken by room.again"),
        ({"room.people": "ctrl+left"}, "^← is taken by fixed: It moves"),
        ({"room.people": "ctrl+q"}, "^Q is taken by everywhere.quit"),
        ({"everywhere.help": "ctrl+a"}, "fixed: To the beginning"),
        ({"room.people": "f12", "room.again": "f12"}, "F12 is taken by room."),
        ({"room.people": "ctrl+i"}, "send ctrl+i as Tab"),
        ({"room.people": "hyper+x"}, "hyper+x is no key"),
        ({"room.people": "wheel"}, "wheel is no key"),
        ({"room.people": ""}, "nothing is no key"),
    ],
)
def test_what_cannot_be_a_key_is_named(own: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsWrong) as caught:
        check(own)
    assert said in str(caught.value)
    assert caught.value.key.startswith("keys.")


@pytest.mark.parametrize(
    "own",
    [
        {},
        {"room.people": "f12,alt+g"},
        {"room.people": "F5", "room.again": "f2"},
        {"home.command": "!"},
        {"room.switcher": "ctrl+k,f12"},
        {"selected.reply": "r,enter"},
    ],
    ids=str,
)
def test_what_can_be_a_key(own: dict[str, str]) -> None:
    check(own)
    assert full(own).keys() == full({}).keys()


def test_enter_on_a_chosen_message_is_given_up_for_a_key_of_ones_own() -> None:
    assert full({})["selected.take_up"] == "enter"
    assert full({"selected.reply": "r,enter"})["selected.take_up"] == NO_KEY
    assert full({"selected.reply": "x"})["selected.take_up"] == "enter"
    with pytest.raises(SettingsWrong, match="is taken by"):
        check({"selected.reply": "enter", "selected.take_up": "enter"})


def test_keys_with_a_message_chosen_are_ones_own() -> None:
    assert "e" in keys_in("selected", {})
    assert "e" not in keys_in("selected", {"selected.edit": "x"})
    assert {"x", "X", "question_mark"} <= keys_in("selected", {"selected.edit": "x,X,?"})


async def test_the_key_of_the_file_works_and_is_shown(
    sit_down: SitDown, shared_server: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preferences, "LOOK_S", 0.02)
    alice = await sit_down("alice", shared_server, size=(120, 40))
    await alice.register(f"alice{number}")
    await alice.create_room(f"keys{number}")
    await alice.sees("F2 People")
    file = SettingsFile.of_profile("alice").common
    file.write_text('[keys]\n"room.people" = "f12"\n"room.again" = "f2"\n')
    await alice.sees("F12 People")
    people = alice.app.screen.query_one("Participants")
    before = people.display
    await alice.press("f12")
    await until(lambda: people.display != before, "the people to go")
    await until(lambda: "people = " in file.read_text(), "the settings to say so")
    await alice.press("f2")
    assert people.display != before
    file.write_text('[keys]\n"room.people" = "f5"\n')
    await alice.sees("line 2", "F5")
    file.write_text("")
    await alice.sees("F2 People")
    await until(lambda: people.display == before, "the people to come back with the settings")
    await alice.press("f2")
    await until(lambda: people.display != before, "the people to go again")


async def test_a_key_that_quits_no_longer_is_free(
    sit_down: SitDown, shared_server: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Textual has one of its own that does the same."""
    monkeypatch.setattr(preferences, "LOOK_S", 0.02)
    alice = await sit_down("alice", shared_server)
    await alice.register(f"alice{number}")
    await alice.sees("^Q Quit")
    file = SettingsFile.of_profile("alice").common
    file.write_text('[keys]\n"everywhere.quit" = "f10"\n"home.again" = "ctrl+q"\n')
    await alice.sees("F10 Quit")
    await alice.press("ctrl+q")
    assert alice.app.is_running
    assert not alice.app.leaving.begun
    await alice.press("ctrl+c")
    await alice.sees("Nothing is selected to copy. F10 quits.")
    await alice.press("f10")
    await until(lambda: alice.app.leaving.begun, "the end")


async def test_rooms_have_the_keys_of_ones_own_in_their_order(
    sit_down: SitDown, shared_server: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preferences, "LOOK_S", 0.02)
    alice = await sit_down("alice", shared_server)
    await alice.register(f"alice{number}")
    for name in ("one", "two"):
        await alice.app.agent.create_room(f"{name} {number}")
    await alice.sees(f"one {number}", f"two {number}")
    file = SettingsFile.of_profile("alice").common
    file.write_text('[keys]\n"rooms.number" = "f12,alt+z"\n')
    await until(lambda: alice.app.settings.keys, "the keys to be taken")
    for key, name in (("alt+z", "two"), ("f12", "one")):
        await alice.press(key)
        await alice.sees(f"Message {name} {number}")
    await alice.press("alt+2")
    await alice.pause()
    assert f"Message one {number}" in alice.text, "the key that it had is free"
