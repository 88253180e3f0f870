"""Programs of Mesh as processes of their own that need not load again what the one before them loaded.

Strategy: loading is most of what a short command costs, and tests start hundreds. So each program has one
process beside the tests that has loaded it, waits, and forks for every command. The fork is what the program
is everywhere else: a process with a pid, pipes, signals, an exit code, and nothing from the one before it but
code. `Forked` is a `Popen` that is had in this way. What Python reads only when it starts cannot be given to
a fork: where a test changes that, `start` and `run` take an interpreter of its own.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAMS: Final = {
    "mesh_agent": ("mesh_agent.verbs", "mesh_agent.client.rest"),
    "mesh_server": ("mesh_server.app", "mesh_server.commands"),
}
"""What can be forked, and what of it is loaded ahead besides all modules of those packages."""
READ_AT_START: Final = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "OPENSSL_", "SSL_", "TZ")
"""How the names in the environment begin that mean nothing to a process that runs already."""


def _at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(READ_AT_START) and name != "PYTHONPATH"
    }


_AT_START: Final = _at_start(os.environ)


class Nursery:
    """The process that has loaded one program, seen from the tests. It ends when they do."""

    def __init__(self, program: str) -> None:
        self._line, other = socket.socketpair()
        self._asking = threading.Lock()
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(other.fileno()), program],
                cwd=ROOT,
                env=os.environ | _AT_START | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
                pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL,
            )

    def fork(self, request: dict[str, Any], files: list[int]) -> tuple[int, socket.socket]:
        """The pid, and a line that tells the exit code and ends; `files` become 0, 1 and 2."""
        line = self.ask(request, files)
        pid = line.recv(16)
        assert pid, "what forks programs has ended"
        return int(pid), line

    def ask(self, request: dict[str, Any], files: list[int]) -> socket.socket:
        """A line that tells the pid, and later the exit code: two words, however late they are read."""
        mine, its = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with its:
            data = json.dumps(request).encode()
            with self._asking:  # several threads may start programs
                socket.send_fds(self._line, [len(data).to_bytes(4)], [*files, its.fileno()])
                self._line.sendall(data)
        return mine


nursery_of: Final = lru_cache(maxsize=None)(Nursery)
"""One for each program, from the first that is wanted on."""


class Forked(subprocess.Popen[Any]):
    """`[sys.executable, "-m", program, …]`, forked from a process that has loaded the program."""

    _line: socket.socket
    _nursery: Nursery

    def _execute_child(self, arguments: list[Any], *how: Any) -> None:
        folder, environment, ends, session = how[4], how[5], how[9:15], how[20]
        request = {
            "arguments": [str(argument) for argument in arguments[2:]],
            "environment": dict(os.environ if environment is None else environment),
            "folder": str(folder or Path.cwd()),
            "session": session,
        }
        files = [own if end == -1 else end for own, end in enumerate((ends[0], ends[3], ends[5]))]
        # As long as anybody has the process, there is who tells of its end.
        self._nursery = nursery_of(request["arguments"][0])
        try:
            self.pid, self._line = self._nursery.fork(request, files)
        finally:
            self._close_pipe_fds(*ends)  # type: ignore[attr-defined]

    def _internal_poll(self, _deadstate: int | None = None, **_: Any) -> int | None:
        return self._told(0)

    def _wait(self, timeout: float | None) -> int:
        code = self._told(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def _told(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._line], [], [], timeout)[0]:
            with self._line:
                code = self._line.recv(16)
            assert code, "what forks programs has ended"
            self.returncode = int(code)
        return self.returncode


def start(
    command: list[Any], *, env: dict[str, str], stdin: Any = None, stdout: Any, stderr: Any, text: bool
) -> "subprocess.Popen[Any]":
    """As `Popen`, forked where that comes to the same."""
    same = command[0:2] == [sys.executable, "-m"] and command[2] in PROGRAMS and _at_start(env) == _AT_START
    kind = Forked if same and sys.platform == "linux" else subprocess.Popen
    return kind(command, env=env, stdin=stdin, stdout=stdout, stderr=stderr, text=text)


def run(
    program: str, *arguments: str | Path, env: dict[str, str], stdin: bytes = b"", timeout: float = 60
) -> "subprocess.CompletedProcess[bytes]":
    """What a program printed that ends by itself. Raises: TimeoutExpired; it is killed then."""
    command = [sys.executable, "-m", program, *map(str, arguments)]
    pipe = subprocess.PIPE
    with start(command, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=False) as process:
        try:
            out, err = process.communicate(stdin, timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


# ── the process that forks ───────────────────────────────────────────────────────────────────────


def load(program: str) -> None:
    for name in PROGRAMS[program]:
        package = importlib.import_module(name)
        for folder in getattr(package, "__path__", ()):
            for file in Path(folder).glob("[a-z]*.py"):
                importlib.import_module(f"{name}.{file.stem}")
    gc.collect()
    gc.freeze()  # what is never looked at again is not copied into every fork


def forks(line: socket.socket) -> dict[str, Any] | None:
    """Returns in each fork, with what it is to be; and once, with None, when the tests have ended."""
    woken, wakes = socket.socketpair()
    wakes.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.pthread_sigmask(
        signal.SIG_BLOCK, [signal.SIGINT]
    )  # it is for those who run the tests, and for forks
    lines: dict[int, socket.socket] = {}
    while True:
        ready = select.select([line, woken], [], [])[0]
        if woken in ready:
            woken.recv(4096)
            _tell_ended(lines)
        if line not in ready:
            continue
        head, files, _, _ = socket.recv_fds(line, 4, 4)
        if not head:
            return None
        request: dict[str, Any] = json.loads(_read(line, int.from_bytes(head)))
        told = socket.socket(fileno=files.pop())
        pid = os.fork()
        if not pid:
            signal.set_wakeup_fd(-1)
            for each in (line, woken, wakes, told, *lines.values()):
                each.close()
            _become(request, files)
            return request
        lines[pid] = told
        told.send(str(pid).encode())
        for file in files:
            os.close(file)


def _read(line: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += line.recv(size - len(data))
    return data


def _tell_ended(lines: dict[int, socket.socket]) -> None:
    while lines:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with lines.pop(pid) as told, suppress(OSError):  # perhaps nobody wants to know any more
            told.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(request: dict[str, Any], files: list[int]) -> None:
    if request["session"]:
        os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    # Those that there are remember what the numbers stood for before, such as that it could be sought in.
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        old = getattr(sys, name)
        new = open(number, old.mode, 1 if number == 2 else -1, old.encoding, old.errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


if __name__ == "__main__":
    load(sys.argv[2])
    wanted = forks(socket.socket(fileno=int(sys.argv[1])))
    if wanted is not None:
        sys.argv = wanted["arguments"]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
