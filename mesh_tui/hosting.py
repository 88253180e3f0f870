"""`mesh-tui --hosted FD`: taking over what a door of the server hands on, before anything else is done.

Strategy: everything that this process keeps goes into the folder that the door has made, by way of the
variables that name such places; then the process is confined to it. Only after that the client is imported.
"""

import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Final

from mesh_tui.confined import confine
from protocol.errors import BodyInvalid
from protocol.handover import HANDOVER_BYTES, Handover, decode_handover

PLACES: Final = {
    "HOME": "", "TMPDIR": "tmp", "XDG_CACHE_HOME": "cache", "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data", "XDG_RUNTIME_DIR": "run", "XDG_STATE_HOME": "state",
}  # fmt: skip
"""Where a program keeps things -> the folder of it in the session's own."""

UNTOLD: Final = ("DISPLAY", "WAYLAND_DISPLAY", "TMUX", "TMUX_PANE", "STY", "EDITOR", "VISUAL")
"""What would say something of the server's machine."""


def take_over(descriptor: int, environment: MutableMapping[str, str]) -> Handover:
    """Reads what was handed over, to the end, and closes `descriptor`; then this process is confined.

    Raises:
        BodyInvalid: it cannot be read or understood.
    """
    try:
        with os.fdopen(descriptor, "rb") as pipe:
            data = pipe.read(HANDOVER_BYTES + 1)
    except OSError as error:
        raise BodyInvalid(f"What was handed over cannot be read: {error.strerror}.") from None
    handover = decode_handover(data)
    folder = Path(handover.folder)
    for name in UNTOLD:
        environment.pop(name, None)
    for name, place in PLACES.items():
        (folder / place).mkdir(mode=0o700, exist_ok=True)
        environment[name] = str(folder / place)
    os.chdir(folder)
    confine(folder, unix_socket=handover.socket)
    return handover
