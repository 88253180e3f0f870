"""What a door of the server tells the client that it runs for somebody: who it is, and the way to the server.

Strategy: a door (ssh, the browser) runs `mesh-tui --hosted FD` on the server's own machine and writes one of
these into a pipe whose other end is FD. So a token is neither an argument, which `ps` shows, nor in the
environment, which children inherit, nor in a file that might be left behind.
"""

from typing import Final

import msgspec
from msgspec import Struct

from protocol.errors import BodyInvalid
from protocol.rest import Session

HANDOVER_BYTES: Final = 32 * 1024
"""The largest; it goes into a pipe whole (64 KiB on Linux), so that whoever writes it need not wait."""


class Handover(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One hosted session.

    Attributes:
        server: the server's address as people know it, for links; nothing else is spoken to.
        folder: where everything that the client keeps goes; the door makes it, and deletes it at the end.
        socket: the server's Unix socket; empty: the server is reached by its address.
        address: the IP address of the person, told to the server on `socket`.
        session: who is signed in already; None: the client asks.
        username: what stands in the form to sign in.
        register: the form begins with making an account.
        reason: a sentence that the form begins with.
    """

    server: str
    folder: str
    socket: str = ""
    address: str = ""
    session: Session | None = None
    username: str = ""
    register: bool = False
    reason: str = ""


def encode_handover(handover: Handover) -> bytes:
    return msgspec.json.encode(handover)


def decode_handover(data: bytes) -> Handover:
    """Raises `BodyInvalid`: it is none, or too large."""
    if len(data) > HANDOVER_BYTES:
        raise BodyInvalid("What was handed over is too large.")
    try:
        return msgspec.json.decode(data, type=Handover)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BodyInvalid("What was handed over cannot be understood.") from None
