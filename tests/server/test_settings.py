"""The settings as people read them: each has a meaning, and the example is a file that can be used."""

import re

import msgspec
import pytest

from mesh_server.config import Config
from mesh_server.configuring import layers
from mesh_server.settings import SECRET, SECRET_FILE, Setting, example, sections, settings

ALL = settings(Config)
HIDDEN = re.compile(r"(^|_)(secret|password|token|credential)s?($|_)")


@pytest.mark.parametrize("setting", ALL, ids=lambda setting: setting.key)
def test_each_setting_says_what_it_means(setting: Setting) -> None:
    assert re.fullmatch(r"[A-Z/].*\.", setting.description), "a sentence or more, in Meta(description=…)"


def test_each_section_says_what_it_means() -> None:
    for section in sections(Config):
        assert section.description.strip().endswith("."), f"[{'.'.join(section.path)}] needs a docstring"


@pytest.mark.parametrize("setting", ALL, ids=lambda setting: setting.key)
def test_what_sounds_like_a_secret_is_marked_as_one(setting: Setting) -> None:
    if HIDDEN.search(setting.path[-1]):
        assert setting.is_marked(SECRET) or setting.is_marked(SECRET_FILE)


def test_no_two_settings_share_a_variable() -> None:
    assert len({setting.variable for setting in ALL}) == len(ALL)


def test_the_example_changes_nothing() -> None:
    assert msgspec.convert(msgspec.toml.decode(example(Config)), Config) == Config()


def test_what_the_example_has_commented_out_are_the_defaults() -> None:
    text = re.sub(r"(?m)^#(?=\w+ = )", "", example(Config))
    assert msgspec.convert(msgspec.toml.decode(text), Config) == Config()
    for setting in ALL:
        assert re.search(rf"(?m)^#?{setting.path[-1]} =", text)
        assert f"# Environment: {setting.variable}\n" in text


@pytest.mark.parametrize("setting", ALL, ids=lambda setting: setting.key)
def test_the_environment_reaches_each_setting(setting: Setting) -> None:
    found: object = layers(env={setting.variable: "a, b"})["environment"]
    for name in setting.path:
        assert isinstance(found, dict)
        found = found[name]
    assert found == (["a", "b"] if setting.is_list else "a, b")
