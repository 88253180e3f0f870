"""Why a server closes a WebSocket: close codes of RFC 6455 section 7.4, those from 4000 on being ours.

A client comes back by itself after a pause that grows and differs from client to client, but for
`REVOKED`, which needs a new sign-in, and `REPLACED`, where coming back would push out the next one.
"""

from enum import IntEnum


class CloseCode(IntEnum):
    """The codes a server closes with."""

    NOT_TEXT = 1007
    """A text frame was not UTF-8 (RFC 6455 section 8.1)."""

    RESTART = 1012
    """The server goes away for a moment; `system.bye` said so before."""

    PROTOCOL = 4400
    """The client does not follow the contract; the `system.error` before it says how."""

    NOT_AUTHENTICATED = 4401
    """No valid access token came within `limits.HELLO_TIMEOUT_S`: refresh it, or sign in."""

    REVOKED = 4403
    """This device was signed out."""

    TOO_SLOW = 4408
    """The client did not read what was sent to it; it loses nothing by resuming."""

    REPLACED = 4409
    """This device has opened more connections than it may; the oldest of them goes."""

    OVER = 4410
    """The session that was relayed is over."""

    TOO_LARGE = 4413
    """A frame was larger than `limits.FRAME_BYTES`."""

    RATE = 4429
    """Too many frames in too short a time."""
