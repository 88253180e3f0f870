"""`mesh-server`: arguments to a command. Nothing heavy is imported before it is needed.

Each command is a row of `COMMANDS`: its words of help, its own arguments, and what runs it. `serve` is
the one that runs where none is named.
"""

import argparse
import contextlib
import gc
import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from protocol.version import __version__

if TYPE_CHECKING:
    from mesh_server.config import Config

_FAILED: Final = 1
_USAGE_ERROR: Final = 2
_SEARCHES: Final = (10_000, 20, 50)
"""How much a server makes before what is young is searched for garbage, and after how many searches what
is older: hardly any of its garbage is in circles, and at Python's own 700 they took 3 % of its time."""


_EPILOG = """\
Every setting can also stand in the file (listen = "0.0.0.0:8000") or in the environment (MESH_LISTEN).
Flags win over the environment, and the environment over the file.

"mesh-server COMMAND --help" explains a command.

examples:
  mesh-server                                    on this machine only, data in your data folder
  mesh-server --listen 0.0.0.0:8000 --data /var/lib/mesh
"""


@dataclass(frozen=True, slots=True)
class Command:
    """`run` gets the configuration and the command's own arguments, and returns the exit code."""

    summary: str
    run: "Callable[[Config, argparse.Namespace], int]"
    add_arguments: Callable[[argparse.ArgumentParser], None] = lambda _parser: None
    needs_settings: Callable[[argparse.Namespace], bool] = lambda _arguments: True
    """Whether a configuration that cannot be keeps it from running."""


def _serve(config: "Config", _arguments: argparse.Namespace) -> int:
    with long_lived():
        from mesh_server.app import run

    gc.set_threshold(*_SEARCHES)
    run(config)
    return 0


@contextlib.contextmanager
def long_lived() -> Iterator[None]:
    """What is made here stays for good: it is searched for garbage neither now nor later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _module(name: str) -> "Callable[[Config, argparse.Namespace], int]":
    """What runs a command that has a module of its own."""

    def run(config: "Config", arguments: argparse.Namespace) -> int:
        command: Callable[[Config, argparse.Namespace], int]
        command = importlib.import_module(f"mesh_server.commands.{name}").run
        return command(config, arguments)

    return run


def _config(config: "Config", arguments: argparse.Namespace) -> int:
    from mesh_server.commands import configuration

    if arguments.what == "example":
        return configuration.example()
    return configuration.check(config, arguments.config, _flags(arguments))


def _add_config_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        choices=["check", "example"],
        help="check: whether the settings can be, and what they are; "
        "example: a file of every setting with its meaning and default",
    )


def _add_serve_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--listen", metavar="HOST:PORT", help="where to listen; port 0 picks a free one")
    parser.add_argument(
        "--registration",
        choices=["open", "invite", "closed"],
        help="who may make an account besides the first: by default anyone on loopback, elsewhere by invite",
    )
    _add_database_argument(parser)
    parser.add_argument(
        "--bus", metavar="URL", help="nats://HOST:PORT where the nodes of one server hear each other"
    )
    parser.add_argument(
        "--web",
        action="store_const",
        const=True,
        help="let people sign in with a browser, at the address where it listens",
    )
    parser.add_argument(
        "--ssh", metavar="HOST:PORT", help="where people come in by ssh, with nothing installed"
    )
    parser.add_argument("--log-level", choices=["debug", "info", "warning", "error"])


def _add_database_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--database",
        metavar="URL",
        help="postgresql://USER:PASSWORD@HOST/NAME that all nodes of a server share",
    )


def _add_backup_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "destination",
        metavar="DEST",
        type=Path,
        help="the folder that the backup becomes, or an existing one that it is put into",
    )
    parser.add_argument(
        "--keep", metavar="N", type=_positive, help="delete all but the N newest backups in DEST"
    )
    parser.add_argument("--json", action="store_true", help="tell what was made as JSON")


def _add_restore_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SRC", type=Path, help="the folder of a backup")
    parser.add_argument("--verify", action="store_true", help="only look whether the backup is whole")
    parser.add_argument("--json", action="store_true", help="tell what was done as JSON")


def _add_move_arguments(parser: argparse.ArgumentParser) -> None:
    _add_database_argument(parser)
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="do all of it, and take it back in the end: tells what would be moved, and how long it takes",
    )
    parser.add_argument("--json", action="store_true", help="tell what was moved as JSON")


def _add_export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("room", metavar="ROOM", help="the name or the id of a room")
    parser.add_argument("--since", metavar="WHEN", help="a day or a time; nothing that was written before")


def _add_doctor_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="tell what was found as JSON")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _add_admin_arguments(parser: argparse.ArgumentParser) -> None:
    from mesh_server.commands import admin_arguments

    admin_arguments.add(parser)


COMMANDS: Final[dict[str, Command]] = {
    "serve": Command("run the server (the default)", _serve, _add_serve_arguments),
    "config": Command(
        "check the settings, or print an example of them",
        _config,
        _add_config_arguments,
        needs_settings=lambda arguments: arguments.what != "example",
    ),
    "doctor": Command("find what is wrong, and say what to do", _module("doctor"), _add_doctor_arguments),
    "backup": Command(
        "copy everything, even while the server runs", _module("backup"), _add_backup_arguments
    ),
    "restore": Command("put a backup in the place of the data", _module("restore"), _add_restore_arguments),
    "migrate-from-sqlite": Command(
        "move everything to an empty PostgreSQL database, and compare each row",
        _module("migrate_from_sqlite"),
        _add_move_arguments,
    ),
    "export": Command(
        "print the messages of a room as lines of JSON", _module("export"), _add_export_arguments
    ),
    "admin": Command(
        "look after accounts, rooms, invites and tokens, and read the audit log",
        _module("admin"),
        _add_admin_arguments,
    ),
}

_SETTINGS: Final = ("listen", "data", "registration", "log_level", "database", "bus", "web", "ssh")
"""Arguments that are settings, whichever command they are given to."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mesh-server",
        description="The server of Mesh: accounts, rooms and the conversation.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"mesh-server {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        described = commands.add_parser(
            name,
            help=command.summary,
            description=f"{command.summary[0].upper()}{command.summary[1:]}.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        described.add_argument(
            "--data", metavar="DIR", help="the folder for everything that the server keeps"
        )
        described.add_argument("--config", metavar="FILE", type=Path, help="a TOML file of settings")
        command.add_arguments(described)
    return parser


def _with_command(argv: Sequence[str]) -> Sequence[str]:
    """`mesh-server --listen …` is `mesh-server serve --listen …`."""
    names_one = argv and (argv[0] in COMMANDS or not argv[0].startswith("-"))
    return argv if names_one or {"-h", "--help", "--version"} & set(argv) else ["serve", *argv]


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 stopped as asked, 1 could not run, 2 told something impossible."""
    arguments = _parser().parse_args(_with_command(sys.argv[1:] if argv is None else argv))
    command = COMMANDS[arguments.command]

    from mesh_server.config import Config, ConfigError
    from mesh_server.configuring import load
    from mesh_server.errors import CannotStart

    try:
        settings = load(arguments.config, flags=_flags(arguments))
    except ConfigError as error:
        if command.needs_settings(arguments):
            print(f"mesh-server: {error}", file=sys.stderr)
            return _USAGE_ERROR
        settings = Config()
    try:
        return command.run(settings, arguments)
    except CannotStart as error:
        print(f"mesh-server: {error}", file=sys.stderr)
        return _FAILED


def _flags(arguments: argparse.Namespace) -> dict[str, object]:
    return {name: getattr(arguments, name, None) for name in _SETTINGS}
