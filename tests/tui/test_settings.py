"""Settings: what a file may say, what is said of a wrong one, and what is left of it by saving."""

import re
from pathlib import Path

import pytest

from mesh_tui import preferences
from mesh_tui.settings import Setting, Settings, SettingsWrong, all_settings
from mesh_tui.settings_file import SettingsFile
from mesh_tui.settings_raw import check, line_of, settings_from
from tests.support.conditions import until
from tests.tui.conftest import SitDown

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "tui.md"
CLIENT = ROOT / "mesh_tui"

HAND_MADE = """\
# mine
[writing]      # in peace
paste_lines = 9   # until monday

[look]
theme = "light"
"""


@pytest.fixture
def file() -> SettingsFile:
    file = SettingsFile.of_profile("alice")
    file.common.parent.mkdir(parents=True)
    assert file.own is not None
    file.own.parent.mkdir(parents=True)
    return file


@pytest.mark.parametrize("setting", all_settings().values(), ids=all_settings())
def test_every_setting_is_in_the_documentation(setting: Setting) -> None:
    assert setting.row() in DOCS.read_text("utf-8")


@pytest.mark.parametrize("setting", all_settings().values(), ids=all_settings())
def test_every_setting_is_read_somewhere(setting: Setting) -> None:
    read = re.compile(rf"\bsettings\.{re.escape(setting.key)}\b")
    own = {CLIENT / "settings.py", CLIENT / "settings_file.py", CLIENT / "screens" / "settings.py"}
    assert any(read.search(path.read_text("utf-8")) for path in set(CLIENT.rglob("*.py")) - own)


@pytest.mark.parametrize("setting", all_settings().values(), ids=all_settings())
def test_every_default_can_be_written_down(setting: Setting) -> None:
    raw = {setting.section: {setting.name: setting.default}} if setting.section else {"keys": {}}
    check(raw)
    assert settings_from(raw) == Settings()


@pytest.mark.parametrize(
    ("raw", "key", "said"),
    [
        ({"look": {"theem": "light"}}, "look.theem", "Did you mean theme?"),
        ({"look": {"zzz": 1}}, "look.zzz", "There are: theme, rooms,"),
        ({"lok": {}}, "lok", "Did you mean look?"),
        ({"look": 3}, "look", "write [look]"),
        ({"reading": {"mark_read": "maybe"}}, "reading.mark_read", "One of: seen, leave, manual."),
        ({"privacy": {"typing": "yes"}}, "privacy.typing", "One of: true, false."),
        ({"writing": {"paste_lines": 10_001}}, "writing.paste_lines", "From 0 to 10000."),
        ({"notify": {"rooms": {"lobby": "loud"}}}, "notify.rooms", "Invalid enum value 'loud'"),
        ({"keys": {"room.people": 3}}, "keys", "Expected `str`"),
    ],
)
def test_what_cannot_be_is_named_with_what_can(raw: dict[str, object], key: str, said: str) -> None:
    with pytest.raises(SettingsWrong) as caught:
        check(raw)
    assert caught.value.key == key
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("\n[look]\ntheme = 1\n", "look.theme", 3),
        ("look.theme = 1\n", "look.theme", 1),
        ('[writing]\ntheme = 1\n[look]\n"theme" = 1\n', "look.theme", 4),
        ("\nlook = { theme = 1 }\n", "look.theme", 2),
        ("[keys]\na = 1\n", "keys", 1),
        ("", "look.theme", None),
    ],
)
def test_where_a_setting_stands(text: str, key: str, line: int | None) -> None:
    assert line_of(text, key) == line


def test_without_files_there_are_the_defaults() -> None:
    file = SettingsFile.of_profile("alice")
    assert file.load() == ""
    assert file.settings == Settings()


def test_a_profile_says_what_is_otherwise_setting_by_setting(file: SettingsFile) -> None:
    assert file.own is not None
    file.common.write_text(HAND_MADE)
    file.own.write_text('[look]\ntheme = "contrast"\n')
    assert file.load() == ""
    assert file.settings.look.theme == "contrast"
    assert file.settings.writing.paste_lines == 9


@pytest.mark.parametrize("broken", [b'[look]\n\nthem = "light"\n', b"[look]\n\ntheme = maybe\n"])
def test_a_wrong_file_changes_nothing_and_its_line_is_said(file: SettingsFile, broken: bytes) -> None:
    file.common.write_text(HAND_MADE)
    file.load()
    file.common.write_bytes(broken)
    assert "line 3" in file.load()
    assert file.settings.look.theme == "light"


@pytest.mark.parametrize("broken", [b"\xff\xfe", b"#" * 2_000_000])
def test_a_file_that_is_none_of_settings_is_said(file: SettingsFile, broken: bytes) -> None:
    file.common.write_bytes(broken)
    assert "settings.toml" in file.load()
    assert file.settings == Settings()


def test_a_file_is_stale_once_it_has_changed(file: SettingsFile) -> None:
    assert file.is_stale()
    file.load()
    assert not file.is_stale()
    file.common.write_text(HAND_MADE)
    assert file.is_stale()


async def test_saving_keeps_comments_and_order(file: SettingsFile) -> None:
    file.common.write_text(HAND_MADE)
    await file.save({"look.theme": "monokai", "reading.mark_read": "manual", "keys": {"room.people": "f12"}})
    changed = HAND_MADE.replace('"light"', '"monokai"')
    added = '\n[reading]\nmark_read = "manual"\n\n[keys]\n"room.people" = "f12"\n'
    assert file.common.read_text() == changed + added
    assert file.settings.reading.mark_read == "manual"
    assert file.settings.keys == {"room.people": "f12"}
    assert not file.is_stale()


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("", '[notify]\nrooms = {lobby = "all", "@bob" = "none"}\n'),
        (
            '[notify]\nrooms = {lobby = "none"} # mine\n',
            '[notify]\nrooms = {lobby = "all", "@bob" = "none"} # mine\n',
        ),
        (
            '[notify.rooms]\nlobby = "none" # loud\nold = "none"\n',
            '[notify.rooms]\nlobby = "all" # loud\n"@bob" = "none"\n',
        ),
    ],
)
async def test_a_table_in_a_section_is_filled_where_it_stands(
    file: SettingsFile, text: str, changed: str
) -> None:
    file.common.write_text(text)
    await file.save({"notify.rooms": {"lobby": "all", "@bob": "none"}})
    assert file.common.read_text() == changed
    assert file.settings.notify.rooms == {"lobby": "all", "@bob": "none"}


async def test_what_a_profile_says_otherwise_is_changed_there(file: SettingsFile) -> None:
    assert file.own is not None
    file.common.write_text(HAND_MADE)
    file.own.write_text('[look]\ntheme = "contrast"\n')
    await file.save({"look.theme": "monokai"})
    assert file.common.read_text() == HAND_MADE
    assert file.settings.look.theme == "monokai"


async def test_saving_refuses_a_wrong_value_and_a_broken_file(file: SettingsFile) -> None:
    with pytest.raises(SettingsWrong):
        await file.save({"reading.mark_read": "maybe"})
    file.common.write_text("[look\n")
    with pytest.raises(SettingsWrong, match="line 1"):
        await file.save({"look.theme": "light"})
    assert file.common.read_text() == "[look\n"


async def test_a_link_to_a_file_elsewhere_stays_one(file: SettingsFile, tmp_path: Path) -> None:
    elsewhere = tmp_path / "dotfiles.toml"
    elsewhere.write_text(HAND_MADE)
    file.common.symlink_to(elsewhere)
    await file.save({"look.theme": "monokai"})
    assert file.common.is_symlink()
    assert "monokai" in elsewhere.read_text()


async def test_what_is_edited_is_taken_and_what_is_wrong_is_said(
    sit_down: SitDown, shared_server: str, file: SettingsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preferences, "LOOK_S", 0.02)
    alice = await sit_down("alice", shared_server)
    heard: list[Settings] = []
    alice.app.settings_changed.subscribe(alice.app, heard.append)
    await alice.sees("Create account")
    file.common.write_text(HAND_MADE)
    await until(lambda: alice.app.settings.writing.paste_lines == 9, "the settings to be taken")
    await until(lambda: bool(heard), "whoever listens to hear of it")
    file.common.write_text('[look]\nthem = "light"\n')
    await alice.sees("line 2", "Did you mean theme?")
    assert alice.app.settings.writing.paste_lines == 9
    assert heard == [alice.app.settings]
