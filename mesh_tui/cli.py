"""`mesh-tui`: arguments, environment, log file; then the app.

Strategy: Textual reads its environment once, when it is imported, so everything that it should know is set
here first, and it is imported last. What the person has set in the environment themselves is left alone.
"""

import argparse
import gc
import logging
import os
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Final

from protocol.errors import MeshError
from protocol.version import __version__

if TYPE_CHECKING:
    from mesh_agent.client.address import Link
    from mesh_tui.collecting import Collecting
    from protocol.handover import Handover

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2

LOG_BYTES: Final = 1024 * 1024
LOG_FILES: Final = 2

COLORS: Final = {"auto": "auto", "16": "standard", "256": "256", "true": "truecolor", "none": "none"}
"""What `--color` takes -> what Textual calls it."""

NEAR: Final = {"TEXTUAL_FPS": "120", "TEXTUAL_ANIMATIONS": "none", "TEXTUAL_SMOOTH_SCROLL": "0"}
FAR: Final = {**NEAR, "TEXTUAL_FPS": "15"}
"""Through ssh every painted frame is bytes on a line that may be slow."""

COLOURS_OF: Final[Mapping[str, str]] = {
    "alacritty": "truecolor",
    "contour": "truecolor",
    "foot": "truecolor",
    "foot-extra": "truecolor",
    "ghostty": "truecolor",
    "mlterm": "256",
    "wezterm": "truecolor",
    "xterm-ghostty": "truecolor",
    "xterm-kitty": "truecolor",
}
"""`TERM` of terminals that have more colours than this name tells Textual. They say so in `COLORTERM`, which
ssh does not send along, but for mlterm, which says nothing and of more than 256 paints some wrong."""

TURN_S: Final = 0.001
"""How long one thread keeps the others waiting, a fifth of Python's own time: the one that reads keys, the
loop, and the one that writes frames hand a letter on to each other, and are in each other's way so long."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs until the person leaves.

    Returns:
        0 done, 1 failed, 2 used wrongly, 128 + n ended by signal n (129 where the terminal went away).
    """
    arguments = _parser().parse_args(argv)
    try:
        link = _link(arguments.link, arguments.server)
    except MeshError as error:
        print(f"mesh-tui: {error.message}", file=sys.stderr)
        return USAGE
    if arguments.plain and arguments.hosted is None:
        return _plain(arguments, link)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        print(
            "mesh-tui: needs a terminal; --plain needs none, and for scripts there is mesh-agent.",
            file=sys.stderr,
        )
        return USAGE
    gc.disable()
    try:
        handover = None if arguments.hosted is None else _take_over(arguments.hosted)
    except MeshError as error:
        print(f"mesh-tui: {error.message}", file=sys.stderr)
        return USAGE
    return _on_screen(arguments, link, handover)


def _on_screen(arguments: argparse.Namespace, link: "Link | None", handover: "Handover | None") -> int:
    prepare(os.environ, arguments.color)
    _log_to_file(arguments.debug)
    sys.setswitchinterval(TURN_S)
    from mesh_tui.app import MeshApp
    from mesh_tui.powers import Powers

    app = MeshApp(
        server=handover.server if handover else arguments.server,
        link=link,
        profile=arguments.profile,
        powers=Powers.of(handover),
        handover=handover,
        plain="NO_COLOR" in os.environ,
        auto=True,
        started=lambda: _collect_what_comes(app.collecting),
    )
    app.run()
    return app.return_code or DONE


def _take_over(descriptor: int) -> "Handover":
    """Raises `MeshError`."""
    from mesh_tui.hosting import take_over

    return take_over(descriptor, os.environ)


def _plain(arguments: argparse.Namespace, link: "Link | None") -> int:
    """Lines instead of a screen."""
    _log_to_file(arguments.debug)
    from mesh_tui.plain.session import run

    return run(server=arguments.server, link=link, profile=arguments.profile)


def prepare(environment: MutableMapping[str, str], color: str) -> None:
    """Tells Textual about this terminal, by way of `environment`."""
    for name, value in (FAR if "SSH_CONNECTION" in environment else NEAR).items():
        environment.setdefault(name, value)
    if color == "auto" and not environment.get("COLORTERM"):
        if known := COLOURS_OF.get(environment.get("TERM", "")):
            environment.setdefault("TEXTUAL_COLOR_SYSTEM", known)
    elif color == "none":
        environment["NO_COLOR"] = "1"
    elif color != "auto":
        environment["TEXTUAL_COLOR_SYSTEM"] = COLORS[color]
        environment.pop("NO_COLOR", None)


def _collect_what_comes(collecting: "Collecting") -> None:
    """Leaves modules and classes, which stay, out of every later collection; the app makes the full ones.

    With them a full one takes 50 ms on a small machine, which a person at the keyboard notices.
    """
    gc.freeze()
    collecting.take_over()
    gc.enable()


def _link(text: str | None, server: str | None) -> "Link | None":
    """The invite's link of the command line.

    Raises:
        LinkInvalid: it is none.
        WrongAddress: `--server` is none, or another than the link's.
    """
    if text is None:
        return None
    from mesh_agent.client.address import parse_address, parse_link
    from mesh_agent.client.errors import WrongAddress

    link = parse_link(text)
    if server is not None and parse_address(server) != link.server:
        raise WrongAddress(f"This link is for {link.server}, and --server names another.")
    return link


def log_path() -> Path:
    from platformdirs import PlatformDirs

    return Path(PlatformDirs("mesh", appauthor=False).user_state_dir) / "tui.log"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mesh-tui",
        description="Mesh in the terminal: rooms, people, messages. F1 shows the keys.",
        epilog="Files: $XDG_CONFIG_HOME/mesh and $XDG_DATA_HOME/mesh (a folder a profile), "
        "$XDG_STATE_HOME/mesh/tui.log. NO_COLOR is honoured.",
    )
    parser.add_argument("link", metavar="LINK", nargs="?", help="the link of an invite: come in by it")
    parser.add_argument("--server", metavar="URL", help="the server; without it, the profile's last one")
    parser.add_argument(
        "--profile", metavar="NAME", default="default", help="whose session (default: default)"
    )
    parser.add_argument(
        "--hosted",
        metavar="FD",
        type=int,
        help="on a server's machine, for somebody who came in by one of its doors: who, says descriptor FD",
    )
    parser.add_argument("--plain", action="store_true", help="lines in, lines out: no screen, no cursor")
    parser.add_argument("--color", choices=COLORS, default="auto", help="how many colours the terminal has")
    parser.add_argument("--debug", action="store_true", help="write more to the log file")
    parser.add_argument("--version", action="version", version=f"mesh-tui {__version__}")
    return parser


def _log_to_file(debug: bool) -> None:
    """To a file, never the screen; where no file can be written, nowhere."""
    handler: logging.Handler
    try:
        path = log_path()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8")
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.DEBUG if debug else logging.INFO, handlers=[handler])
