"""`mesh-server admin`: asks the console, and prints what it answers as a table for people, or as JSON."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from mesh_server.commands.admin_arguments import NOUNS
from mesh_server.config import Config
from mesh_server.console.client import CannotAsk, ask
from protocol.errors import MeshError
from protocol.text import clean_line

_FAILED: Final = 1
_USAGE_ERROR: Final = 2
_NOT_ASKED: Final = {"command", "noun", "verb", "data", "config", "json", "yes"}
"""Arguments that are no part of the question."""

Answer = dict[str, Any]


def run(config: Config, arguments: argparse.Namespace) -> int:
    verb = getattr(arguments, "verb", None)
    operation = arguments.noun if verb is None else f"{arguments.noun}.{verb}"
    asked = {name: value for name, value in vars(arguments).items() if name not in _NOT_ASKED}
    if not _agreed(arguments, verb):
        return _USAGE_ERROR
    try:
        answer = ask(
            config.folder,
            operation,
            asked,
            lambda name, given: _alone(config, name, given),
            elsewhere=bool(config.database),
        )
    except (MeshError, CannotAsk) as error:
        print(f"mesh-server admin: {error}", file=sys.stderr)
        return _FAILED
    if arguments.json:
        print(json.dumps(answer or {}, indent=2, ensure_ascii=False))
    else:
        print(_SHOW.get(operation, _fields)(answer) if answer else _DONE.get(operation, "Done."))
    _warn(operation, answer)
    return 0


def _alone(config: Config, name: str, given: Any) -> Any:
    from mesh_server.app import administer

    return administer(config, name, given)


def _agreed(arguments: argparse.Namespace, verb: str | None) -> bool:
    """Whether what cannot be undone is meant."""
    loses = "" if verb is None else NOUNS[arguments.noun].verbs[verb].loses
    if not loses or arguments.yes:
        return True
    question = loses.format(**vars(arguments))
    if not sys.stdin.isatty():
        print(f"mesh-server admin: {question} Nobody is there to ask: say --yes.", file=sys.stderr)
        return False
    if input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}:
        return True
    print("mesh-server admin: nothing was done.", file=sys.stderr)
    return False


def _warn(operation: str, answer: Answer | None) -> None:
    url = (answer or {}).get("url", "")
    if operation == "invites.create" and any(f"//{host}:" in url for host in ("0.0.0.0", "[::]")):  # noqa: S104
        print(
            "mesh-server admin: this address stands for all of this machine's. Put in its place the one that "
            "people reach, or set public_url.",
            file=sys.stderr,
        )


# ── how an answer is shown ───────────────────────────────────────────────────────────────────────


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns as wide as what stands in them; the last one as it comes."""
    lines = [list(heads), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    padded = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines
    )
    return "\n".join(line.rstrip() for line in padded)


def _text(value: object) -> str:
    """What others chose may hold what a terminal would obey."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        if "username" in value:
            return _text(value["username"])
        return " ".join(f"{name}={_text(item)}" for name, item in value.items())
    return "-" if value is None or value == "" else clean_line(str(value))


def _fields(answer: Answer) -> str:
    width = max(map(len, answer))
    return "\n".join(f"{name.ljust(width)}  {_text(value)}" for name, value in answer.items())


def _list(key: str, *columns: str) -> Callable[[Answer], str]:
    def show(answer: Answer) -> str:
        rows = [[row.get(column, _ABSENT.get(column)) for column in columns] for row in answer[key]]
        shown = _table([column.replace("_", " ").upper() for column in columns], rows) if rows else "None."
        more = f"\n\nThere are more: --cursor {_text(answer['next'])}" if answer.get("has_more") else ""
        return shown + more

    return show


_ABSENT: Final = {"archived": False, "devices": 0, "tokens": 0, "rooms": 0, "presence": "offline"}
"""What a field says that is left out because it says nothing."""


def _invite(answer: Answer) -> str:
    uses = answer.get("max_uses")
    for_whom = "anyone" if uses is None else "one person" if uses == 1 else f"{uses} people"
    return (
        f"{answer['url']}\n\nGood for {for_whom} until {answer['expires_at']}. "
        f"Whoever has it can make an account: mesh-tui {answer['url']}"
    )


def _token(answer: Answer) -> str:
    until = answer.get("expires_at", "it is revoked")
    return f"{answer['token']}\n\nId {answer['id']}, good until {until}. It is not told again."


def _password(answer: Answer) -> str:
    hours = answer["expires_in"] // 3600
    return f"{answer['password']}\n\nGood for signing in once, within {hours} hours. It is not told again."


_SHOW: Final[dict[str, Callable[[Answer], str]]] = {
    "users.list": _list(
        "accounts",
        "username",
        "role",
        "state",
        "presence",
        "devices",
        "tokens",
        "rooms",
        "last_seen_at",
        "id",
    ),
    "users.password": _password,
    "rooms.list": _list(
        "rooms", "name", "visibility", "archived", "owner", "member_count", "last_seq", "created_at", "id"
    ),
    "invites.list": _list("invites", "id", "created_by", "uses", "max_uses", "expires_at"),
    "invites.create": _invite,
    "tokens.list": _list("tokens", "name", "created_at", "last_seen_at", "expires_at", "id"),
    "tokens.create": _token,
    "audit": _list("entries", "id", "at", "actor", "address", "action", "target", "room_id", "details"),
}

_DONE: Final = {
    "users.delete": "The account is deleted.",
    "users.logout": "Signed out everywhere.",
    "rooms.delete": "The room is deleted.",
    "invites.revoke": "The invite is revoked.",
    "tokens.revoke": "The token is revoked.",
}
