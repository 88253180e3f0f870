"""Opens `mesh-tui` on this machine's own server, which is started for it and ends with it.

Strategy: a server holds a lock on its data folder and writes its URL there, so a server that already runs
is found and used. Otherwise one is started under a keeper (keeper.py), which stops it after its last
user. A user is a process with a shared lock on `users.lock`: this program takes it and then turns into
`mesh-tui`, which inherits it, so the kernel knows when that ends: by its own will, by a signal, or with
its terminal. Two that start at once take turns with `start.lock`.

A profile's sign-in belongs to a URL, so the server keeps its port: 8000, or the next one that was free
on the first run, remembered beside the data.
"""

import fcntl
import json
import os
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn, TextIO
from urllib.parse import urlsplit

from platformdirs import PlatformDirs

PORTS: Final = range(8000, 8020)
READY_S: Final = 30.0
"""How long a server may take until it listens, seconds; migrations are part of that."""
ASK_AGAIN_S: Final = 0.02
LOG_BYTES: Final = 4 * 1024 * 1024
"""A log larger than this is put aside, as `server.log.1`, before a server is started."""
LOG_TAIL_LINES: Final = 10
LOG_TAIL_BYTES: Final = 16 * 1024
LISTENING: Final = re.compile(r"mesh-server listening on (\S+)")


class NotStarted(Exception):
    """There is no server to open; the text says why and where to look."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where this machine's server keeps its data, and this program what it knows about it."""

    data: Path
    own: Path
    log: Path
    programs: Path

    @classmethod
    def of_user(cls, programs: Path) -> "Places":
        """The platform's folders (XDG on Linux), which are made, readable for the user alone.

        Raises:
            OSError: they cannot be.
        """
        folders = PlatformDirs("mesh", appauthor=False)
        places = cls(
            data=Path(folders.user_data_dir, "server"),
            own=Path(folders.user_data_dir, "local"),
            log=Path(folders.user_state_dir, "server.log"),
            programs=programs,
        )
        for folder in (places.data, places.own, places.log.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return places

    @property
    def users(self) -> Path:
        return self.own / "users.lock"

    @property
    def start(self) -> Path:
        return self.own / "start.lock"

    @property
    def port(self) -> Path:
        return self.own / "port"


@contextmanager
def locked(path: Path, kind: int) -> Iterator[TextIO]:
    """Holds a lock of the kernel, `fcntl.LOCK_SH` or `LOCK_EX`, once those who exclude it have let go."""
    with path.open("a") as lock:
        fcntl.flock(lock, kind)
        yield lock


def running_url(data: Path, patience_s: float = READY_S) -> str | None:
    """The URL of the server that runs on this data folder, None where none does.

    Raises:
        NotStarted: the folder is in use, and whoever uses it has not listened for `patience_s` seconds.
    """
    deadline = time.monotonic() + patience_s
    while held(data / "server.lock"):
        url = url_in(data / "server.lock")
        if url and answers(url):
            return url
        if time.monotonic() > deadline:
            raise NotStarted(f"A program that does not answer is using {data}. End it and try again.")
        time.sleep(ASK_AGAIN_S)
    return None


def held(lock: Path) -> bool:
    """Whether another process holds this lock; its file may not be there yet."""
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def url_in(lock: Path) -> str | None:
    """The URL that a server wrote into its lock; None while it has not."""
    try:
        return str(json.loads(lock.read_text())["url"])
    except (ValueError, KeyError, TypeError):
        return None


def answers(url: str) -> bool:
    """Whether something listens there."""
    where = urlsplit(url)
    try:
        socket.create_connection((where.hostname or "", where.port or 0), timeout=1).close()
    except OSError:
        return False
    return True


def free_port(remembered: int | None) -> int:
    """The port to listen on: the remembered one, else the first of `PORTS` that is free, else 0, any."""
    wanted = PORTS if remembered is None else (remembered, *PORTS)
    return next(filter(is_free, wanted), 0)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def remembered_port(path: Path) -> int | None:
    try:
        port = int(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return port if 0 < port < 65536 else None


def start_server(places: Places) -> str:
    """Starts a server under a keeper and waits until it listens; gives its URL.

    Raises:
        NotStarted: it ended, or took longer than `READY_S`; its last words are in the text.
    """
    known = remembered_port(places.port)
    address = f"127.0.0.1:{free_port(known)}"
    server = [str(places.programs / "mesh-server"), "--listen", address, "--data", str(places.data)]
    keeper = [sys.executable, "-I", "-S", str(Path(__file__).with_name("keeper.py")), str(places.users)]
    log = open_log(places.log)
    with log:
        begun = log.tell()
        started = subprocess.Popen(
            [*keeper, *server],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=places.data,
            start_new_session=True,  # a closed terminal or a Ctrl+C is for the screen, not for the server
        )
    assert started.stdout is not None
    with started.stdout as output:
        said = first_line(output.fileno(), READY_S)
    listening = LISTENING.fullmatch(said)
    if listening is None:
        started.terminate()
        started.wait()
        raise NotStarted(f"The server did not start.\n{last_words(places.log, begun)}")
    url = listening[1]
    if (port := urlsplit(url).port) != known:
        places.port.write_text(f"{port}\n")
    return url


def first_line(descriptor: int, patience_s: float) -> str:
    """What comes up to the first newline; shorter, or nothing, where that does not come in time or at all."""
    deadline = time.monotonic() + patience_s
    line = b""
    while b"\n" not in line:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        more = os.read(descriptor, 4096) if ready else b""
        if not more:
            break
        line += more
    return line.partition(b"\n")[0].decode(errors="replace")


def open_log(path: Path) -> TextIO:
    """Opens the log to append to, mode 0600; one that has grown past `LOG_BYTES` is put aside first."""
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    log = os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a")
    log.seek(0, os.SEEK_END)
    return log


def last_words(path: Path, begun: int) -> str:
    """The end of what was logged from byte `begun` on, made safe for a terminal, and the file's name."""
    with path.open("rb") as log:
        log.seek(max(begun, path.stat().st_size - LOG_TAIL_BYTES))
        text = log.read().decode(errors="replace")
    lines = ("".join(c if c.isprintable() else " " for c in line) for line in text.splitlines())
    shown = [f"    {line}" for line in lines][-LOG_TAIL_LINES:]
    return "\n".join(["It said:" if shown else "It said nothing.", *shown, f"The whole log is {path}"])


def open_tui(places: Places, arguments: Sequence[str]) -> NoReturn:
    """Finds or starts the server and becomes `mesh-tui`; does not return.

    Raises:
        NotStarted: there is no server.
        OSError: a folder cannot be used.
    """
    with locked(places.users, fcntl.LOCK_SH) as user:
        with locked(places.start, fcntl.LOCK_EX):
            url = running_url(places.data) or start_server(places)
        os.set_inheritable(user.fileno(), True)
        program = str(places.programs / "mesh-tui")
        os.execv(program, [program, "--server", url, *arguments])


def main(arguments: Sequence[str], programs: Path) -> int:
    """Opens the `mesh-tui` of the folder `programs`; comes back only with the exit status of a failure."""
    if any(word.partition("=")[0] == "--server" for word in arguments):
        return complain(
            "this opens the server of this machine; for another one: ./scripts/mesh tui --server URL", 2
        )
    try:
        open_tui(Places.of_user(programs), arguments)
    except (NotStarted, OSError) as failed:
        return complain(str(failed), 1)
    except KeyboardInterrupt:
        return 130


def complain(text: str, status: int) -> int:
    print(f"mesh: {text}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(sys.prefix, "bin")))
