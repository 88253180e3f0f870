"""`scripts/repeat` stops at the first run that fails, and says which tests and which seed those were."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ONE_PLUGIN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "_hypothesis_pytestplugin"}
"""Those that are installed take longer to load than all that is tested here."""
FAILS_WITH_SEED = """
import os

def test_of_every_seed():
    assert os.environ["PYTHONHASHSEED"]

def test_of_some_seeds():
    assert os.environ["PYTHONHASHSEED"] != "3", "that one"
"""


def repeat(*arguments: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.repetition", *arguments],
        cwd=ROOT,
        env=os.environ | ONE_PLUGIN,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "test_seeds.py"
    path.write_text(FAILS_WITH_SEED)
    return str(path)


def test_the_first_run_that_fails_is_the_last(file: str) -> None:
    code, told = repeat("--times", "5", "--from", "2", file)
    assert (code, told["runs"], told["passed"], told["tests"]) == (1, 2, 1, 2)
    failed = told["failed"]
    (name,) = failed["failed"]  # which begins with the folder that pytest takes for the root
    assert failed["seed"] == 3
    assert name.endswith("test_seeds::test_of_some_seeds")
    assert "that one" in failed["output"]


def test_what_passes_is_run_as_often_as_asked_for(file: str) -> None:
    code, told = repeat("--times", "1", file)
    assert (code, told["runs"], told["passed"], told["failed"]) == (0, 1, 1, None)


def test_a_run_without_tests_has_not_passed(tmp_path: Path) -> None:
    code, told = repeat(str(tmp_path))
    assert (code, told["runs"], told["passed"], told["tests"]) == (1, 1, 0, 0)
