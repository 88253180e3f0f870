"""What a program that a door runs can still do to the machine: nothing outside its folder."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from mesh_tui.confined import _REFUSED, _STARTS, confine
from mesh_tui.hosting import PLACES, take_over
from protocol.errors import BodyInvalid
from protocol.handover import Handover, encode_handover

ROOT = Path(__file__).resolve().parents[2]

HOW: Mapping[str, Callable[[str, str], object]] = {
    "own file written": lambda own, _: Path(own, "a").write_text("a"),
    "own file read": lambda own, _: Path(own, "a").read_text(),
    "own file renamed": lambda own, _: Path(own, "a").rename(Path(own, "b")),
    "own folder listed": lambda own, _: list(Path(own).iterdir()),
    "own file deleted": lambda own, _: Path(own, "b").unlink(),
    "own database": lambda own, _: __import__("sqlite3").connect(Path(own, "db")).close(),
    "a module": lambda *_: __import__("graphlib"),
    "the way to zones": lambda *_: __import__("zoneinfo").ZoneInfo("UTC"),
    "the door's socket": lambda own, _: _connect(str(Path(own, "in.sock"))),
    "a file read": lambda _, other: Path(other, "secret").read_text(),
    "a file written": lambda _, other: Path(other, "new").write_text("x"),
    "a file by a link": lambda own, other: (Path(own) / ".." / Path(other).name / "secret").read_text(),
    "a link to a file": lambda own, other: Path(own, "link").symlink_to(Path(other, "secret")),
    "a hard link": lambda own, other: os.link(Path(other, "secret"), Path(own, "hard")),
    "a file moved in": lambda own, other: Path(other, "secret").rename(Path(own, "c")),
    "a file moved out": lambda own, other: Path(own, "a").rename(Path(other, "c")),
    "a folder listed": lambda _, other: os.listdir(other),  # noqa: PTH208 - both ways are tried
    "a folder walked": lambda _, other: list(os.scandir(other)),
    "a file deleted": lambda _, other: Path(other, "secret").unlink(),
    "a database": lambda _, other: __import__("sqlite3").connect(Path(other, "db")),
    "the users": lambda *_: Path("/etc/passwd").read_text(),
    "another process": lambda *_: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
    "a program": lambda *_: subprocess.run(["true"]),
    "a shell": lambda *_: os.system("true"),
    "a fork": lambda *_: os.fork(),
    "a signal": lambda *_: os.kill(os.getppid(), 0),
    "a browser": lambda *_: __import__("webbrowser").GenericBrowser("true").open("http://127.0.0.1"),
    "another socket": lambda _, other: _connect(str(Path(other, "admin.sock"))),
    "the network": lambda *_: socket.create_connection(("127.0.0.1", 9)),
    "a name": lambda *_: socket.getaddrinfo("chat.example.org", 80),
    "a datagram": lambda *_: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", ("127.0.0.1", 9)),
    "an ear": lambda *_: socket.socket().bind(("127.0.0.1", 0)),
}
"""In their order; those before "a file read" are what the program needs."""


def _connect(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(path)


def try_everything(own: str, other: str) -> None:
    """In a process of its own, since what is confined stays so."""
    confine(Path(own), unix_socket=str(Path(own, "in.sock")))
    outcomes = {}
    for name, attempt in HOW.items():
        try:
            attempt(own, other)
        except PermissionError as error:
            outcomes[name] = "refused" if "switched off in this process" in str(error) else repr(error)
        except BaseException as error:  # noqa: BLE001 - each is told
            outcomes[name] = repr(error)
        else:
            outcomes[name] = "done"
    print(json.dumps(outcomes))


def test_a_confined_process_has_its_folder_and_one_socket_and_nothing_else(tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    for folder in (own, other):
        folder.mkdir()
    (other / "secret").write_text("secret")
    with socket.socket(socket.AF_UNIX) as ear, socket.socket(socket.AF_UNIX) as admin:
        for listening, path in ((ear, own / "in.sock"), (admin, other / "admin.sock")):
            listening.bind(str(path))
            listening.listen()
        done = subprocess.run(
            [sys.executable, "-c", f"from {__name__} import *; try_everything({str(own)!r}, {str(other)!r})"],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT), "BROWSER": "true"},  # else there may be none to refuse
            capture_output=True,
            text=True,
            check=True,
        )
    names = list(HOW)
    needed = names.index("a file read")
    expected = dict.fromkeys(names[:needed], "done") | dict.fromkeys(names[needed:], "refused")
    assert json.loads(done.stdout) == expected
    assert sorted(path.name for path in other.iterdir()) == ["admin.sock", "secret"]


def test_all_that_starts_a_program_is_refused() -> None:
    assert set(_STARTS) < set(_REFUSED)


# ── what was handed over ─────────────────────────────────────────────────────────────────────────


def taken_over(descriptor: int) -> None:
    """In a process of its own: what `take_over` made of its surroundings."""
    handover = take_over(descriptor, os.environ)
    places = {name: os.environ[name] for name in PLACES}
    print(json.dumps([handover.username, str(Path.cwd()), places, "DISPLAY" in os.environ]))


def test_what_a_program_keeps_goes_into_its_folder(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    told = encode_handover(Handover(server="http://chat.example.org", folder=str(tmp_path), username="alice"))
    os.write(writing, told)
    os.close(writing)
    done = subprocess.run(
        [
            *(sys.executable, "-c", f"from {__name__} import *; taken_over({reading})"),
        ],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "DISPLAY": ":0"},
        pass_fds=[reading],
        capture_output=True,
        text=True,
        check=True,
    )
    os.close(reading)
    username, folder, places, has_display = json.loads(done.stdout)
    assert (username, folder, has_display) == ("alice", str(tmp_path), False)
    assert all(
        place == str(tmp_path / PLACES[name]) and Path(place).is_dir() for name, place in places.items()
    )


def test_what_cannot_be_understood_is_not_taken_over() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"{}")
    os.close(writing)
    with pytest.raises(BodyInvalid):
        take_over(reading, {})
    with pytest.raises(BodyInvalid):
        take_over(reading, {})  # which is closed now
