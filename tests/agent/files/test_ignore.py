"""`.meshignore`, as git reads `.gitignore`."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_agent.files.ignore import Ignore


@pytest.mark.parametrize(
    ("pattern", "path", "folder", "out"),
    [
        ("*.log", "a.log", False, True),
        ("*.log", "deep/er/a.log", False, True),
        ("*.log", "a.log.txt", False, False),
        ("build/", "build", True, True),
        ("build/", "build", False, False),
        ("build/", "x/build", True, True),
        ("/build", "x/build", True, False),
        ("/build", "build", False, True),
        ("docs/*.tmp", "docs/a.tmp", False, True),
        ("docs/*.tmp", "docs/x/a.tmp", False, False),
        ("docs/*.tmp", "x/docs/a.tmp", False, False),
        ("docs/**/*.tmp", "docs/a.tmp", False, True),
        ("docs/**/*.tmp", "docs/x/y/a.tmp", False, True),
        ("**/tmp", "a/b/tmp", True, True),
        ("**/tmp", "tmp", True, True),
        ("a/**", "a/b/c", False, True),
        ("a/**", "a", True, False),
        ("?.c", "x.c", False, True),
        ("?.c", "xy.c", False, False),
        ("[a-c].c", "b.c", False, True),
        ("[!a-c].c", "b.c", False, False),
        ("[!a-c].c", "d.c", False, True),
        ("\\#x", "#x", False, True),
        ("\\!x", "!x", False, True),
        ("# x", "# x", False, False),
        ("x  ", "x", False, True),
        ("x\\ ", "x ", False, True),
        ("[", "[", False, True),
        ("a\\*b", "a*b", False, True),
        ("a\\*b", "axb", False, False),
        ("", "x", False, False),
        ("!x", "x", False, False),
        ("/", "x", True, False),
        ("a.c", "abc", False, False),
    ],
)
def test_a_pattern(pattern: str, path: str, folder: bool, out: bool) -> None:
    assert Ignore(text=pattern).leaves_out(tuple(path.split("/")), folder=folder) is out


def test_the_last_that_fits_decides_and_the_inner_file_comes_last() -> None:
    outer = Ignore(text="*.log\n!keep.log\n")
    assert not outer.leaves_out(("keep.log",), folder=False)
    inner = Ignore(outer, 1, "keep.log\n/only\n")
    assert inner.leaves_out(("sub", "keep.log"), folder=False)
    assert inner.leaves_out(("sub", "a.log"), folder=False)
    assert inner.leaves_out(("sub", "only"), folder=False)
    assert not inner.leaves_out(("sub", "x", "only"), folder=False)


@given(st.text(max_size=60), st.text(min_size=1, max_size=20))
def test_no_pattern_breaks_it(pattern: str, path: str) -> None:
    assert Ignore(text=pattern).leaves_out(tuple(path.split("/")), folder=False) in {True, False}


def test_no_pattern_takes_long() -> None:
    name = "a" * 200 + "b"
    for pattern in ("*a" * 12 + "c", "**/" * 40 + "c", "a/**/" * 12 + "c", "?*" * 20 + "c"):
        Ignore(text=pattern).leaves_out((*["a"] * 30, name[:40]), folder=False)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not there to compare with")
def test_it_is_as_git_does_it(tmp_path: Path) -> None:
    """Many patterns against many paths, asked in one go each."""
    place = tmp_path
    subprocess.run(["git", "init", "-q", place], check=True)
    paths = ["a", "b", "ab", "a.b", "c/a", "c/ab", "c/d/a", "c/d/ab", "a/b", "b/a/ab", "c/.a"]
    patterns = [
        "a", "/a", "*a", "a*", "?b", "[ab]", "[!a]b", "c/a", "c/*", "c/**", "**/a", "**/d/a", "c/**/a", "*.b",
        ".*",
        "/c/d", "d/a", "\\a", "a/", "*/a", "**", "c/**/ab", "/*/a", "b/**/ab", "[a-b]b", "?",
        "[]a]", "[^a]", "*a*b", "**/*b", "*.*", "c/**/d/**/a*", "**/?/**",
    ]  # fmt: skip
    for pattern in patterns:
        (place / ".gitignore").write_text(f"{pattern}\n")
        asked = subprocess.run(
            ["git", "-C", place, "check-ignore", "--no-index", "--stdin"],
            input="\n".join(paths),
            capture_output=True,
            text=True,
        )
        ignore = Ignore(text=pattern)
        ours = [path for path in paths if _left_out(ignore, path)]
        assert ours == asked.stdout.split("\n")[:-1], pattern


def _left_out(ignore: Ignore, path: str) -> bool:
    """Itself, or a folder in which it lies."""
    parts = path.split("/")
    return any(
        ignore.leaves_out(tuple(parts[:end]), folder=end < len(parts)) for end in range(1, len(parts) + 1)
    )
