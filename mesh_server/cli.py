"""`mesh-server`: arguments to a command. Nothing heavy is imported before it is needed."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from protocol.version import __version__

_USAGE_ERROR = 2

_EPILOG = """\
Every setting can also stand in the file (listen = "0.0.0.0:8000") or in the environment (MESH_LISTEN).
Flags win over the environment, and the environment over the file.

examples:
  mesh-server                                    on this machine only, data in your data folder
  mesh-server --listen 0.0.0.0:8000 --data /var/lib/mesh
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mesh-server",
        description="The server of Mesh: accounts, rooms and the conversation.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"mesh-server {__version__}")
    parser.add_argument("command", nargs="?", default="serve", choices=["serve"], help="serve (the default)")
    parser.add_argument("--listen", metavar="HOST:PORT", help="where to listen; port 0 picks a free one")
    parser.add_argument("--data", metavar="DIR", help="the folder for everything that the server keeps")
    parser.add_argument("--config", metavar="FILE", type=Path, help="a TOML file of settings")
    parser.add_argument(
        "--registration",
        choices=["open", "invite", "closed"],
        help="who may make an account besides the first: by default anyone on loopback, elsewhere by invite",
    )
    parser.add_argument("--log-level", choices=["debug", "info", "warning", "error"])
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 stopped as asked, 1 could not run, 2 told something impossible."""
    arguments = vars(_parser().parse_args(argv))
    del arguments["command"]
    file = arguments.pop("config")

    from mesh_server import config

    try:
        settings = config.load(file, flags=arguments)
    except config.ConfigError as error:
        print(f"mesh-server: {error}", file=sys.stderr)
        return _USAGE_ERROR

    from mesh_server import app

    try:
        app.run(settings)
    except app.CannotStart as error:
        print(f"mesh-server: {error}", file=sys.stderr)
        return 1
    return 0
