"""A process that can do nothing to the machine it runs on, whatever its code is talked into.

Strategy: Python tells its audit hooks of every file, program and connection before it touches it, and what a
hook refuses does not happen; a hook cannot be taken away again. So no list of the places in the code has to
be whole: a folder that is completed, a theme, a picture, a decoder in a process of its own are all refused
here, once. Read are the program's own files and what the system needs for names, times and certificates;
written is its own folder; started is nothing; reached is one socket. It is no wall against machine code (a
mistake in the interpreter itself): for that the operator has users and containers, see docs/doors.md.
"""

import os
import socket
import sys
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

_STARTS: Final = (
    "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile", "os.system",
    "pty.spawn", "subprocess.Popen", "webbrowser.open",
)  # fmt: skip
_REFUSED: Final = (
    *_STARTS, "os.chflags", "os.chown", "os.kill", "os.killpg", "os.setxattr", "socket.bind", "socket.sendto",
)  # fmt: skip
_LISTS: Final = ("os.listdir", "os.scandir", "os.walk", "os.chdir")
_WRITES: Final = (
    "os.chmod",
    "os.mkdir",
    "os.remove",
    "os.rmdir",
    "os.truncate",
    "os.utime",
    "sqlite3.connect",
)
_TWO_PATHS: Final = ("os.link", "os.rename", "os.symlink")

_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SYSTEM: Final = (
    "/etc/hosts", "/etc/localtime", "/etc/mime.types", "/etc/nsswitch.conf", "/etc/resolv.conf", "/etc/ssl",
    "/usr/lib/ssl", "/usr/share/terminfo", "/usr/share/zoneinfo", "/etc/terminfo", "/lib/terminfo",
    "/dev/urandom",
)  # fmt: skip
_TERMINAL: Final = ("/dev/null", "/dev/tty")

Check = Callable[[tuple[Any, ...]], bool]
"""Whether what the arguments of an event say may happen."""


def confine(folder: Path, *, unix_socket: str = "") -> None:
    """From now on, and for good, this process writes in `folder` alone, and starts nothing.

    `unix_socket`: the only one that it connects to; empty: it may connect to what it will. What is refused
    raises `PermissionError`.
    """
    checks = _checks(Roots(folder), unix_socket)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        check = checks.get(event)
        if check is not None and not check(arguments):
            raise PermissionError(f"{event} is switched off in this process")

    sys.addaudithook(hook)


class Roots:
    """The paths that may be read, listed and written, links followed."""

    def __init__(self, folder: Path) -> None:
        packages = Path(__file__).resolve().parents[1]
        own = [packages / name for name in ("protocol", "mesh_agent", "mesh_tui")]
        libraries = [sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
        sites = [entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
        read: list[str | Path] = [
            *own,
            *libraries,
            *sites,
            *_SYSTEM,
            *_TERMINAL,
            f"/proc/{os.getpid()}",
            folder,
        ]
        self._read: Final = tuple(os.path.realpath(path) for path in read)
        self._listed: Final = frozenset(os.path.realpath(entry) for entry in sys.path if entry)
        self._written: Final = tuple(os.path.realpath(path) for path in (*_TERMINAL, folder))

    def may_read(self, path: object) -> bool:
        return _is_below(path, self._read)

    def may_list(self, path: object) -> bool:
        return self.may_read(path) or _real(path) in self._listed

    def may_write(self, path: object) -> bool:
        return _is_below(path, self._written)

    def may_open(self, arguments: tuple[Any, ...]) -> bool:
        path, flags = arguments[0], arguments[2] or 0
        return self.may_write(path) if flags & _WRITING else self.may_list(path)


def _checks(roots: Roots, unix_socket: str) -> Mapping[str, Check]:
    checks: dict[str, Check] = dict.fromkeys(_REFUSED, lambda _: False)
    checks |= dict.fromkeys(_LISTS, lambda given: roots.may_list(given[0]))
    checks |= dict.fromkeys(_WRITES, lambda given: roots.may_write(given[0]))
    checks |= dict.fromkeys(_TWO_PATHS, lambda given: all(map(roots.may_write, given[:2])))
    checks["open"] = roots.may_open
    checks["socket.sendmsg"] = lambda given: given[1] is None  # to nobody but the other end of a connection
    if unix_socket:
        checks["socket.connect"] = lambda given: (
            given[0].family == socket.AF_UNIX and os.fsdecode(given[1]) == unix_socket
        )
        checks["socket.getaddrinfo"] = lambda _: False
    return checks


def _real(path: object) -> str:
    """A file that is open already, by its number, has been looked at when it was opened."""
    if path is None:
        return os.path.realpath(".")
    return os.path.realpath(os.fsdecode(path))  # type: ignore[arg-type]


def _is_below(path: object, roots: tuple[str, ...]) -> bool:
    if isinstance(path, int):
        return True
    real = _real(path)
    return any(real == root or real.startswith(f"{root}/") for root in roots)
