"""Asking the console: of the server that runs, or of the data folder itself where none does."""

import http.client
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from mesh_server.console import door
from mesh_server.console.operations import OPERATIONS
from mesh_server.errors import CannotStart, FolderHeld
from mesh_server.store.folder import DATABASE_FILE
from protocol.codec import decode_body, encode_body
from protocol.errors import MeshError
from protocol.rest import ErrorBody

Alone = Callable[[str, msgspec.Struct], msgspec.Struct | None]
"""Does an operation without a server. Raises: FolderHeld, CannotStart, MeshError."""

PATIENCE_S: Final = 5.0
"""How long a folder may be held by a server that does not answer: one that starts, or stops."""

ANSWER_S: Final = 60.0
_POLL_S: Final = 0.1


class CannotAsk(Exception):
    """One sentence for the operator."""


def ask(
    folder: Path,
    name: str,
    arguments: dict[str, Any],
    alone: Alone,
    *,
    patience_s: float = PATIENCE_S,
    elsewhere: bool = False,
) -> Any:
    """The answer as plain values, None where there is none. `elsewhere`: the database is not in the folder.

    Raises:
        MeshError: it was refused.
        CannotAsk: there is nobody to ask, or this is not the owner of the folder.
    """
    given = _convert(name, arguments)
    if not elsewhere:
        _require_data(folder)
    deadline = time.monotonic() + patience_s
    while True:
        try:
            line = door.connect(folder, timeout_s=ANSWER_S)
        except (FileNotFoundError, ConnectionRefusedError):
            if folder.exists():
                _require_owner(folder)
            try:
                return msgspec.to_builtins(alone(name, given))
            except FolderHeld:
                if time.monotonic() > deadline:
                    raise CannotAsk(
                        f"A process holds the data folder {folder}, but answers at no console. "
                        "Try again when it has started, or stop it."
                    ) from None
            except CannotStart as error:
                raise CannotAsk(str(error)) from None
        except OSError as error:
            raise CannotAsk(f"The console in {folder} cannot be reached: {error.strerror}.") from None
        else:
            return _over(line, name, given)
        time.sleep(_POLL_S)


def _convert(name: str, arguments: dict[str, Any]) -> msgspec.Struct:
    """Raises: CannotAsk."""
    said = {key: value for key, value in arguments.items() if value is not None}
    try:
        return msgspec.convert(said, OPERATIONS[name].takes)
    except msgspec.ValidationError as error:
        raise CannotAsk(f"This cannot be asked: {error}.") from None


def _require_data(folder: Path) -> None:
    """Raises: CannotAsk. A typing mistake must not make a new folder."""
    try:
        there = (folder / DATABASE_FILE).exists()
    except OSError as error:
        raise CannotAsk(f"The data folder {folder} cannot be used: {error.strerror}.") from None
    if not there:
        raise CannotAsk(
            f"There is no data of a mesh-server in {folder}. Name its folder with --data, or start the "
            "server once."
        )


def _require_owner(folder: Path) -> None:
    """Raises: CannotAsk. Anyone else, the superuser too, leaves files that the server cannot write."""
    if folder.stat().st_uid != os.geteuid():
        raise CannotAsk(
            f"No server runs, and the data folder {folder} belongs to somebody else. Run this as its owner."
        )


def _over(line: Any, name: str, given: msgspec.Struct) -> Any:
    """Over the socket of a server. Raises: MeshError, CannotAsk."""
    connection = http.client.HTTPConnection("console")
    connection.sock = line
    try:
        connection.request("POST", f"/{name}", encode_body(given), {"Content-Type": "application/json"})
        response = connection.getresponse()
        data = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise CannotAsk(f"The server did not answer: {error}.") from None
    finally:
        connection.close()
    if response.status < 400:
        return msgspec.json.decode(data) if data else None
    try:
        refusal = decode_body(data, ErrorBody).error
    except MeshError:
        raise CannotAsk(f"The server answered with status {response.status}.") from None
    raise MeshError.from_wire(refusal.code, refusal.message, refusal.retry_after)
