"""What a door runs for somebody who has signed in there."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mesh_server.doors.sessions import Program, client
from protocol.handover import Handover, encode_handover
from protocol.rest import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Whom a program is for.

    Attributes:
        session: what they got when they signed in; only the program has it from then on.
        folder: where everything goes that the program keeps.
        url: where people reach this server.
        socket: where its own programs reach it, `inside.Inside.path`.
        address: where they come from.
        size: columns and rows of their terminal.
        term: its name; empty where that is not known.
        true_colour: whether it says that it has all colours.
    """

    session: Session
    folder: Path
    url: str
    socket: str
    address: str
    size: tuple[int, int]
    term: str = ""
    true_colour: bool = False


Launch = Callable[[Guest, int], Program]
"""Gets how many MiB of memory it may ask for as well."""


def launch_client(guest: Guest, memory_mib: int) -> Program:
    """`mesh-tui`, signed in."""
    handover = Handover(
        server=guest.url,
        folder=str(guest.folder),
        socket=guest.socket,
        address=guest.address,
        session=guest.session,
    )
    told = encode_handover(handover).decode()
    return client(
        guest.folder,
        told,
        memory_mib=memory_mib,
        size=guest.size,
        term=guest.term,
        true_colour=guest.true_colour or not guest.term,
    )
