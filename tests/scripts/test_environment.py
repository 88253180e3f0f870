"""The set-up, with uv and with pip: whole projects in folders of their own, without a network."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts import environment
from tests.scripts.checkout import INSTALLERS, Checkout, copy_tree, prepare_pip


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `prepare_pip` makes it, once for all processes that run tests."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "quick"
    prepare_pip(folder)
    return folder


@pytest.fixture
def checkout(tmp_path: Path, quick: Path) -> Checkout:
    """With the quickest installer that is there."""
    return Checkout.make(tmp_path, INSTALLERS[0], quick)


@pytest.fixture(scope="module")
def set_up_once(tmp_path_factory: pytest.TempPathFactory, quick: Path) -> Checkout:
    checkout = Checkout.make(tmp_path_factory.mktemp("ready") / "live", INSTALLERS[0], quick)
    assert checkout.run("scripts/mesh", "agent").returncode == 0
    copy_tree(checkout.path.parent, checkout.path.parent.with_name("kept"))
    return checkout


@pytest.fixture
def ready(set_up_once: Checkout) -> Checkout:
    """One that has been set up; at the place where that was done, since an environment cannot be moved."""
    live = set_up_once.path.parent
    shutil.rmtree(live)
    copy_tree(live.with_name("kept"), live)
    return set_up_once


@pytest.mark.parametrize("installer", INSTALLERS)
def test_sets_up_once_and_calls_no_installer_again(installer: str, tmp_path: Path) -> None:
    checkout = Checkout.make(tmp_path, installer)
    if installer == "pip":
        checkout.put("uv", "echo no such version >&2; exit 127")

    first = checkout.run("scripts/mesh", "agent", "say", "two words")
    assert first.stdout == "agent anchor say two words\n", first.stderr
    assert f"with {installer}" in first.stderr
    assert checkout.level() == "run"

    checkout.forget_installers()
    second = checkout.run("scripts/mesh", "agent", "again", cwd=tmp_path)
    assert (second.stdout, second.stderr) == ("agent anchor again\n", "")


def test_the_test_extras_are_added_and_serve_a_plain_run(ready: Checkout) -> None:
    before = (ready.root / ".venv/pyvenv.cfg").stat().st_ino

    added = set_up(ready, "test")
    assert (added.returncode, ready.level()) == (0, "test"), added.stderr
    assert (ready.root / ".venv/pyvenv.cfg").stat().st_ino == before
    assert list(ready.root.glob(".venv/lib/python*/site-packages/rope.py"))

    ready.forget_installers()
    assert ready.run("scripts/mesh", "agent").stderr == ""


@pytest.mark.skipif("uv" not in INSTALLERS, reason="uv is not installed")
def test_pip_takes_over_an_environment_that_uv_made(tmp_path: Path) -> None:
    checkout = Checkout.make(tmp_path, INSTALLERS[0])
    assert checkout.run("scripts/mesh", "agent").returncode == 0
    (checkout.path / "uv").unlink(missing_ok=True)
    added = set_up(checkout, "test")
    assert (added.returncode, checkout.level()) == (0, "test"), added.stderr


def test_a_killed_set_up_is_repaired(checkout: Checkout) -> None:
    os.mkfifo(checkout.root / "gate")
    with checkout.start("scripts/mesh", "agent") as killed:
        wait_for_reader(checkout.root / "gate", killed)
        os.killpg(killed.pid, signal.SIGKILL)
    assert (checkout.root / ".venv/mesh-stamp").read_text() == environment.INCOMPLETE
    next(checkout.root.glob(".venv/lib/python*/site-packages/anchor.py")).unlink()

    (checkout.root / "gate").unlink()
    assert checkout.run("scripts/mesh", "agent").stdout == "agent anchor\n"
    assert not list(checkout.root.glob(".venv.old.*"))


def test_an_installer_that_fails_is_shown_and_tried_again(checkout: Checkout) -> None:
    lock = checkout.root / "requirements.lock"
    right = lock.read_text()
    lock.write_text("anchor==1 --hash=sha256:" + 64 * "0")
    failed = checkout.run("scripts/mesh", "agent")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "The set-up failed" in failed.stderr
    assert "anchor" in failed.stderr

    lock.write_text(right)
    assert checkout.run("scripts/mesh", "agent").stdout == "agent anchor\n"


def test_a_missing_lock_is_named_and_harms_nothing(ready: Checkout) -> None:
    (ready.root / "requirements.lock").unlink()
    failed = ready.run("scripts/mesh", "agent")
    assert failed.returncode == 1
    assert "requirements.lock" in failed.stderr
    assert ready.level() == "run"


@pytest.mark.parametrize("installer", INSTALLERS)
def test_what_cannot_be_added_leaves_what_is_there(installer: str, tmp_path: Path, ready: Checkout) -> None:
    checkout = ready
    if installer != INSTALLERS[0]:
        checkout = Checkout.make(tmp_path, installer, ready.quick)
        assert checkout.run("scripts/mesh", "agent").returncode == 0
    for wheel in (checkout.path.parent / "wheels").glob("rope*"):
        wheel.unlink()
    assert set_up(checkout, "test").returncode == 1
    checkout.forget_installers()
    assert checkout.run("scripts/mesh", "agent").stdout == "agent anchor\n"


def test_a_changed_lock_is_installed(ready: Checkout) -> None:
    rope = (ready.root / "requirements-test.lock").read_text()
    with (ready.root / "requirements.lock").open("a") as lock:
        lock.write(rope)
    assert ready.run("scripts/mesh", "agent").returncode == 0
    assert list(ready.root.glob(".venv/lib/python*/site-packages/rope.py"))


def test_a_moved_checkout_gets_an_environment_of_its_own(ready: Checkout, tmp_path: Path) -> None:
    moved = Checkout(tmp_path / "elsewhere", ready.path, ready.quick)
    copy_tree(ready.root, moved.root)
    (ready.root / "program.py").unlink()
    assert moved.run("scripts/mesh", "agent").stdout == "agent anchor\n"


def test_an_environment_made_by_hand_is_completed_and_kept(
    checkout: Checkout, quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(quick))
    made = checkout.root / ".venv"
    environment.Installer(made).create()
    (made / "mine").write_text("kept")
    assert checkout.run("scripts/mesh", "agent").stdout == "agent anchor\n"
    assert (made / "mine").read_text() == "kept"


def test_an_environment_whose_python_is_gone_is_made_anew(ready: Checkout) -> None:
    python = ready.root / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert ready.run("scripts/mesh", "agent").stdout == "agent anchor\n"


def test_two_set_ups_at_once_become_one(checkout: Checkout) -> None:
    running = [checkout.start("scripts/mesh", "agent", str(number)) for number in range(3)]
    said = [process.communicate() for process in running]
    assert [output for output, _ in said] == [f"agent anchor {number}\n" for number in range(3)]
    assert sum("Setting up" in errors for _, errors in said) == 1


def test_a_link_on_the_path_finds_the_checkout(ready: Checkout, tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    (tmp_path / "links/mesh").symlink_to(os.path.relpath(ready.root / "scripts/mesh", tmp_path / "links"))
    linked = Checkout(tmp_path / "links", ready.path)
    assert linked.run("mesh", "agent").stdout == "agent anchor\n"


@pytest.mark.parametrize(
    ("python", "found"), [("[ $1 = --version ] && echo Python 3.9.2", "Python 3.9.2"), (None, "no python3")]
)
def test_without_a_python_it_says_which_is_needed(python: str | None, found: str, tmp_path: Path) -> None:
    checkout = Checkout.make(tmp_path, "pip")
    (checkout.path / "python3").unlink()
    if python:
        checkout.put("python3", python)
    failed = checkout.run("scripts/mesh", "agent")
    assert failed.returncode == 1
    assert "needs Python 3.11 or newer" in failed.stderr
    assert found in failed.stderr
    assert not (checkout.root / ".venv").exists()


def test_another_python_on_the_path_serves_where_the_first_is_too_old(checkout: Checkout) -> None:
    (checkout.path / "python3").rename(checkout.path / "python3.12")
    checkout.put("python3", "exit 1")
    assert checkout.run("scripts/mesh", "agent").stdout == "agent anchor\n"


def test_a_missing_venv_module_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(environment.SetupFailed, match=r"no module ensurepip.*\n.*apt install python3.*-venv"):
        environment.require_venv()


def test_bytecode_is_kept_where_none_is_wanted_beside_the_sources(ready: Checkout) -> None:
    """Else all of Mesh would be compiled for each program that a test starts."""
    (ready.root / "program.py").write_text(
        "import sys\n\ndef main():\n    print(sys.dont_write_bytecode, sys.pycache_prefix)\n"
    )
    told = ready.run("scripts/mesh", "agent", PYTHONDONTWRITEBYTECODE="1")
    assert told.stdout == f"False {ready.root}/.venv/bytecode\n", told.stderr
    assert list(ready.root.glob(".venv/bytecode/**/program.*.pyc"))
    chosen = str(ready.root / "chosen")
    told = ready.run("scripts/mesh", "agent", PYTHONDONTWRITEBYTECODE="1", PYTHONPYCACHEPREFIX=chosen)
    assert told.stdout == f"False {chosen}\n", "what somebody has chosen stays"
    assert ready.run("scripts/mesh", "agent").stdout == "False None\n"


def test_help_and_an_unknown_command_need_no_set_up(checkout: Checkout) -> None:
    helped = checkout.run("scripts/mesh", "--help")
    assert helped.returncode == 0
    assert "mesh agent" in helped.stdout
    refused = checkout.run("scripts/mesh", "servre")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "no such command: servre" in refused.stderr
    assert not (checkout.root / ".venv").exists()


def set_up(checkout: Checkout, level: str) -> subprocess.CompletedProcess[str]:
    return checkout.run("../bin/python3", "scripts/environment.py", level)


def wait_for_reader(fifo: Path, process: subprocess.Popen[str]) -> None:
    """Returns when something that `process` started waits at the fifo."""
    while process.poll() is None:
        try:
            return os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            if error.errno != errno.ENXIO:  # nobody there yet
                raise
        time.sleep(0.01)
    raise AssertionError(process.communicate())
