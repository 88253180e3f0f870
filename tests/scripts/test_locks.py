"""The lock files agree with pyproject.toml, and what would not is found."""

from pathlib import Path

import pytest

from scripts import locks

ROOT = Path(__file__).resolve().parents[2]
HASH = f"--hash=sha256:{64 * 'a'}"
OTHER = f"--hash=sha256:{64 * 'b'}"

PYPROJECT = """
[build-system]
requires = ["press>=1"]

[project]
dependencies = ["anchor>=2,<3", "Sail_Cloth; sys_platform != 'win32'"]

[project.optional-dependencies]
test = ["rope"]
"""
RUNTIME = f"""\
anchor==2.1 \\
    {HASH} \\
    {OTHER}
    # via mesh-chat (pyproject.toml)
chain==1.0 ; implementation_name == 'cpython' \\
    {HASH}
    # via
    #   anchor
    #   sail-cloth
sail-cloth==4 ; sys_platform != 'win32' \\
    {HASH}
    # via mesh-chat (pyproject.toml)
"""
BUILD = f"press==1.5 {HASH}\n"
TEST = (
    RUNTIME
    + f"rope==7 \\\n    {HASH}\n    # via\n    #   -c requirements.lock\n    #   mesh-chat (pyproject.toml)\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    for name, text in (("", RUNTIME), ("-build", BUILD), ("-test", TEST)):
        (tmp_path / f"requirements{name}.lock").write_text(text)
    return tmp_path


def test_the_lock_files_of_the_project_are_right() -> None:
    assert list(locks.faults(ROOT)) == []


def test_files_that_agree_have_no_fault(project: Path) -> None:
    assert list(locks.faults(project)) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        (
            "pyproject.toml",
            "anchor>=2,<3",
            "anchor>=3",
            "requirements.lock has anchor 2.1, where anchor>=3 is",
        ),
        ("pyproject.toml", '"rope"', '"rope", "knot"', "requirements-test.lock lacks knot"),
        ("pyproject.toml", '"rope"', "", "requirements-test.lock has rope, which nothing asks for"),
        (
            "pyproject.toml",
            "press>=1",
            "press>=2",
            "requirements-build.lock has press 1.5, where press>=2 is",
        ),
        (
            "requirements-test.lock",
            "chain==1.0",
            "chain==1.1",
            "requirements-test.lock pin chain differently",
        ),
        ("requirements-test.lock", OTHER, HASH, "requirements-test.lock pin anchor differently"),
        ("requirements.lock", "anchor==2.1", "anchor>=2.1", "requirements.lock is no pinned version"),
        ("requirements-build.lock", HASH, "", "requirements-build.lock is no pinned version"),
        (
            "requirements.lock",
            "anchor==",
            "--index-url https://host/simple\nanchor==",
            "is no pinned version",
        ),
        ("requirements.lock", "anchor==", "anchor @ https://host/anchor.whl#", "is no pinned version"),
        (
            "requirements.lock",
            "#   anchor",
            "# from https://host/simple",
            "requirements.lock names an address",
        ),
    ],
)
def test_a_fault_is_found(project: Path, file: str, old: str, new: str, fault: str) -> None:
    text = (project / file).read_text()
    assert old in text
    (project / file).write_text(text.replace(old, new, 1))
    assert any(fault in each for each in locks.faults(project)), list(locks.faults(project))
