"""docs/sharing.md says what is so."""

import re
from pathlib import Path
from typing import Final

import pytest

from mesh_agent.arguments_files import FILES
from mesh_agent.cli import _parsed
from mesh_agent.files.safe_path import DEPTH, NAME_BYTES
from mesh_agent.files.staging import STALE_S
from mesh_agent.net.words import safety_words
from mesh_agent.sharing.desk import HELPERS_MAX
from mesh_agent.sharing.incoming import STRIKES
from mesh_agent.sharing.route import OFFERS_AT_ONCE, OTHER_DEVICE_S, UNTOLD_S
from mesh_agent.sharing.state import OFFERED_PATHS, Phase
from mesh_agent.sharing.store import KEPT_MAX

PAGE: Final = (Path(__file__).parents[3] / "docs" / "sharing.md").read_text("utf-8")
PLAIN: Final = re.sub(r"[*`]", "", re.sub(r"\s+", " ", PAGE))
DAY: Final = 24 * 3_600


@pytest.mark.parametrize(
    ("sentence", "number", "is_so"),
    [
        ("of more than 1,000 the first, and how many more", OFFERED_PATHS, 1_000),
        ("Up to eight offers to a person are under way at a time", OFFERS_AT_ONCE, 8),
        ("and eight sessions; the others wait for their turn", HELPERS_MAX, 8),
        ("The list has the last 500 transfers", KEPT_MAX, 500),
        ("parts on which nothing has arrived for 30 days are removed", STALE_S, 30 * DAY),
        ("looks for it for a week", UNTOLD_S, 7 * DAY),
        ("any other one of theirs may have it after five seconds", OTHER_DEVICE_S, 5),
        ("Three chunks in a row that are not what they should be", STRIKES, 3),
        ("lies more than 100 folders deep", DEPTH, 100),
        ("is longer than 255 bytes", NAME_BYTES, 255),
        ("the same nine words", len(safety_words(b"a" * 32, b"b" * 32)), 9),
    ],
)
def test_numbers_are_those_of_the_program(sentence: str, number: float, is_so: int) -> None:
    assert sentence in PLAIN
    assert number == is_so


def test_each_phase_is_explained() -> None:
    rows = re.findall(r"^\| (`[a-z, `]+`) \|", PAGE, re.MULTILINE)
    explained = {phase for row in rows for phase in re.findall(r"[a-z]+", row)}
    assert set(Phase.__args__) <= explained  # type: ignore[attr-defined]


def test_each_command_of_the_page_is_one() -> None:
    lines = [
        re.sub(r"^.*\| (?=mesh-agent)", "", line.split("#")[0]).split("|")[0].split()[1:]
        for line in re.findall(r"^.*mesh-agent (?:send|receive|share|ls|get) .*$", PAGE, re.MULTILINE)
        if not line.startswith(("-", "|", "`", " ")) and line[0].isalpha() and "`" not in line
    ]
    assert len(lines) >= 9
    for line in lines:
        _parsed(line)


def test_each_option_of_the_page_is_one() -> None:
    known = {name for verb in FILES for argument in verb.arguments for name in argument.names}
    assert set(re.findall(r"--[a-z-]+[a-z]", PAGE)) <= known
