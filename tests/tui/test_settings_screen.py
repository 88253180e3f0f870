"""The settings screen: what is in the file, who one is, keys and devices, by keyboard."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from textual.app import App, ComposeResult

from mesh_agent.agent import Agent
from mesh_tui.screens.devices import Kind, devices, tried
from mesh_tui.screens.setting_rows import Row, Rows
from mesh_tui.screens.settings import read, told
from mesh_tui.settings import all_settings
from mesh_tui.settings_file import SettingsFile
from tests.support.conditions import until
from tests.tui.conftest import SignUp, SitDown
from tests.tui.seat import PASSWORD, Seat


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("privacy.typing", True, "yes"),
        ("writing.paste_lines", 30, "30"),
        ("writing.editor", "vim, -f", "vim, -f"),
    ],
)
def test_a_value_is_read_as_it_is_told(key: str, value: object, text: str) -> None:
    assert told(value) == text
    assert read(all_settings()[key], text) == value


def test_a_number_that_is_none_is_left_to_be_refused() -> None:
    assert read(all_settings()["writing.paste_lines"], "wide") == "wide"


class Sheet(App[None]):
    def compose(self) -> ComposeResult:
        yield Rows()


async def test_the_row_that_is_chosen_stays_so_when_others_come_above_it() -> None:
    you = [Row("Shown as", "alice", ""), Row("Status", "", ""), Row("Password", "", "")]
    async with Sheet().run_test() as pilot:
        rows = pilot.app.query_one(Rows)
        rows.put({"You": you})
        rows.action_step(1)
        rows.put({"Devices": [Row("desk", "", ""), Row("lap", "", "")], "You": you})
        assert rows.chosen == you[1]
        rows.put({"You": you[:1] + you[2:]})
        assert rows.chosen == you[2], "the place where it was"


async def _at(seat: Seat, label: str) -> None:
    """Goes down to the row with this label, by pages as far as these go."""

    def place() -> int | None:
        rows = seat.app.screen.query_one(Rows)._at.values()
        return next((number for number, row in enumerate(rows) if row.label.startswith(label)), None)

    await until(lambda: place() is not None, f"a row {label!r}")
    pages, rows = divmod(place() or 0, 10)
    await seat.press("home", *["pagedown"] * pages, *["down"] * rows)
    await until(lambda: any("▌" in row and label in row for row in seat.screen), f"{label!r} to be chosen")


@pytest.mark.presses("everywhere.settings", "settings left,right", "settings enter")
async def test_a_choice_is_shown_kept_and_taken_at_once(
    sit_down: SitDown, shared_server: str, number: int
) -> None:
    alice = await sit_down("alice", shared_server)
    await alice.register(f"alice{number}")
    await alice.press("f4")
    await alice.sees("Shown as", "‹ auto ›")
    await _at(alice, "Theme")
    await alice.press("right", "right")
    second = alice.app.preferences.theme_names[2]
    await until(lambda: alice.app.settings.look.theme == second, "the second theme from there to be kept")
    file = SettingsFile.of_profile("alice")

    def is_written() -> bool:
        file.load()
        return file.settings.look.theme == alice.app.settings.look.theme != "auto"

    await until(is_written, "the file to say so, too")
    await alice.press("left")
    await _at(alice, "Typing")
    await alice.press("enter", "escape")
    await alice.sees("Your rooms")
    await until(lambda: not alice.app.settings.privacy.typing, "it to be off though one has left")


async def test_a_value_is_edited_and_a_wrong_one_is_refused_where_it_is_typed(
    sit_down: SitDown, shared_server: str, number: int
) -> None:
    alice = await sit_down("alice", shared_server)
    await alice.register(f"alice{number}")
    await alice.press(*"/settings", "enter")
    await alice.sees("Shown as")
    await _at(alice, "Paste lines")
    await alice.press("enter")
    await alice.sees("Enter keeps it")
    await alice.press("backspace", *"90000", "enter")
    await alice.sees("From 0 to 10000.")
    await alice.press(*["backspace"] * 5, *"30", "enter")
    await alice.no_longer_sees("Enter keeps it")
    await until(lambda: alice.app.settings.writing.paste_lines == 30, "it to be kept")


async def test_keys_are_edited_and_go_back_to_what_they_were(
    sit_down: SitDown, shared_server: str, number: int
) -> None:
    alice = await sit_down("alice", shared_server)
    await alice.register(f"alice{number}")
    await alice.press("f4")
    await alice.sees("Shown as")
    await _at(alice, "room.people")
    await alice.press("enter", "backspace", "backspace", *"f12", "enter")
    await alice.no_longer_sees("Enter keeps it")
    await until(lambda: alice.app.settings.keys == {"room.people": "f12"}, "it to be kept")
    await alice.press("enter", "backspace", "backspace", "backspace", "enter")
    await alice.no_longer_sees("Enter keeps it")
    await until(lambda: alice.app.settings.keys == {}, "it to be as it was")


async def test_one_is_shown_otherwise_and_hides_what_is_read(
    sit_down: SitDown, shared_server: str, number: int
) -> None:
    alice = await sit_down("alice", shared_server)
    await alice.register(f"alice{number}")
    await alice.press("f4")
    await _at(alice, "Shown as")
    await alice.press("enter", "end", *" A", "enter")
    await alice.no_longer_sees("Enter keeps it")
    await alice.sees(f"alice{number} A")
    await _at(alice, "Others see what you read")
    await alice.press("right")
    await alice.sees("‹ no ›")
    me = await alice.app.agent.account.me()
    assert me.display_name == f"alice{number} A"
    assert me.hides_reads


async def test_the_level_of_a_room_is_set(sit_down: SitDown, shared_server: str, number: int) -> None:
    alice = await sit_down("alice", shared_server)
    await alice.register(f"alice{number}")
    await alice.create_room(f"levels{number}")
    await alice.press("f4")
    await alice.sees("Shown as")
    await _at(alice, f"levels{number}")
    await alice.press("left")
    await until(lambda: alice.app.settings.notify.rooms == {f"levels{number}": "none"}, "it to be muted")
    await alice.sees("‹ none ›", "What counts as new there")
    await alice.press("right")
    await until(lambda: alice.app.settings.notify.rooms == {}, "it to be as it was")
    await alice.sees("‹ default ›")


@pytest.mark.presses("form enter")
async def test_another_password(sit_down: SitDown, shared_server: str, number: int) -> None:
    alice = await sit_down("alice", shared_server)
    await alice.register(f"alice{number}")
    await alice.press("f4")
    await _at(alice, "Password")
    await alice.press("enter")
    await alice.sees("New password again")
    for text in (PASSWORD, "another456", "another457"):
        await alice.press(*text, "enter")
    await alice.sees("not the same")
    assert "another456" not in alice.text
    await alice.press("backspace", "6", "enter")
    await alice.no_longer_sees("New password again")
    elsewhere = await Agent.open(profile="elsewhere", server=shared_server)
    try:
        await elsewhere.login(f"alice{number}", "another456")
    finally:
        await elsewhere.close()


async def test_another_device_is_signed_out(
    sit_down: SitDown, sign_up: SignUp, shared_server: str, number: int
) -> None:
    alice = await sit_down("alice", shared_server, size=(80, 140))
    await alice.register(f"alice{number}")
    elsewhere = await Agent.open(profile="elsewhere", server=shared_server)
    try:
        await elsewhere.login(f"alice{number}", PASSWORD)
        await alice.press("f4")
        await alice.sees("this one", "last seen")
        await alice.click("last seen")
        await alice.press("enter")
        await alice.sees("It has to sign in again")
        await alice.press("y")
        await alice.no_longer_sees("last seen")
        assert [device.current for device in await alice.app.agent.account.devices()] == [True]
    finally:
        await elsewhere.close()


def _public_key() -> str:
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


@pytest.mark.presses("ssh-keys up,down", "ssh-keys.add", "ssh-keys.from_folder", "ssh-keys.remove")
async def test_keys_for_ssh_are_pasted_chosen_from_files_removed_and_gone_with_the_devices(
    sit_down: SitDown, shared_server: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await sit_down("alice", shared_server, size=(80, 140))
    await alice.register(f"alice{number}")
    await alice.press("f4")
    await alice.sees("Keys for ssh")
    await alice.click("Keys for ssh")
    await alice.press("enter")
    await alice.sees("Keys that let you in by ssh", "There is none", "a adds one")
    monkeypatch.setenv("HOME", str(tmp_path))
    await alice.press("f")
    await alice.sees("There is no .pub file with a key in ~/.ssh")
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "id_ed25519.pub").write_text(f"{_public_key()} alice@desk\n")

    await alice.press("a")
    await alice.sees("Paste a key")
    await alice.type("-----BEGIN OPENSSH PRIVATE KEY-----")
    await alice.press("enter")
    await alice.sees("the private half of a key")
    await alice.press("ctrl+u")
    await alice.type(f"{_public_key()} alice@laptop")
    await alice.press("enter")
    await alice.no_longer_sees("Paste a key")
    await alice.sees("By ssh, alice@laptop lets you in.", "d removes it")
    await alice.press("f")
    await alice.sees("Which key of ~/.ssh?", "id_ed25519.pub: alice@desk (1)")
    await alice.press("1")
    await alice.sees("By ssh, alice@desk lets you in.", "▌ alice@laptop")
    await alice.press("up", "down")
    await alice.sees("▌ alice@desk")
    await alice.press("d")
    await alice.sees("Remove alice@desk?")
    await alice.press("y")
    await alice.sees("alice@desk lets nobody in any more.", "▌ alice@laptop")

    other = await Agent.open(profile="elsewhere", server=shared_server)
    await other.login(f"alice{number}", PASSWORD)
    await alice.press("escape")
    await alice.sees("All others", "Keys for ssh                  1")
    await alice.click("All others")
    await alice.press("enter")
    await alice.sees("a key lets you in", "Sign out, keep the key (k)")
    await alice.press("r")
    await alice.sees("You are signed in here", "Keys for ssh                  none")
    await alice.no_longer_sees("All others")
    await until(lambda: other.user is None, "the other device to be signed out")
    await other.close()


async def test_without_a_session_there_are_the_settings_of_the_file(
    sit_down: SitDown, shared_server: str
) -> None:
    nobody = await sit_down("nobody", shared_server)
    await nobody.sees("Create account")
    await nobody.press("f4")
    await nobody.sees("Theme")
    assert "Shown as" not in nobody.text


@pytest.mark.parametrize(
    ("kind", "names", "now", "values"),
    [
        ("audio_in", None, "mic", ["mic", "none"]),
        ("audio_in", ["USB", "Built-in"], "mic:USB", ["mic", "mic:USB", "mic:Built-in", "none"]),
        ("audio_out", ["HDMI"], "/tmp/x.wav", ["speaker", "speaker:HDMI", "none", "/tmp/x.wav"]),
        ("camera", ["Front"], "camera", ["camera", "camera:Front", "test"]),
    ],
)
def test_what_there_is_and_what_is_set_can_be_chosen(
    kind: Kind, names: list[str] | None, now: str, values: list[str]
) -> None:
    assert [device.value for device in devices(kind, names, now)] == values


def test_a_file_of_a_call_is_not_written_by_trying() -> None:
    assert [tried(value) for value in ("speaker", "speaker:HDMI", "none", "/tmp/x.wav")] == [
        "speaker",
        "speaker:HDMI",
        "none",
        "none",
    ]


@pytest.mark.presses("devices up,down", "devices enter", "devices t", "devices e")
async def test_a_microphone_is_chosen_and_tried(sit_down: SitDown, shared_server: str, number: int) -> None:
    alice = await sit_down("alice", shared_server)
    await alice.register(f"alice{number}")
    await alice.app.save_settings({"calls.audio_in": "tone", "calls.audio_out": "none"})
    await alice.press("f4")
    await _at(alice, "Microphone")
    await alice.press("enter")
    await alice.sees("The usual one", "● tone", "▮▮▮▮", "Enter takes it")
    await alice.press("up", "enter")
    await alice.sees("● None: you only listen")
    await until(lambda: alice.app.settings.calls.audio_in == "none", "it to be kept")
    await alice.no_longer_sees("▮")
    await alice.press("e", *["backspace"] * 4, *"tone", "enter")
    await alice.sees("● tone", "▮▮▮▮")
    await alice.press("down", "t")
    await alice.sees("no loudspeaker in the settings")
    await alice.press("escape")
    await alice.sees("Calls", "tone")
