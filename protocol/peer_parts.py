"""What the frames between two agents are made of, each part bounded by its type."""

from typing import Annotated

from msgspec import Meta, Struct

from protocol import limits

Count = Annotated[int, Meta(ge=0, le=limits.INTEGER_MAX)]
Hash = Annotated[bytes, Meta(min_length=limits.HASH_BYTES, max_length=limits.HASH_BYTES)]
"""BLAKE3, 32 bytes."""

Key = Annotated[bytes, Meta(min_length=32, max_length=32)]
Signature = Annotated[bytes, Meta(min_length=64, max_length=64)]
"""Ed25519 (RFC 8032)."""

TransferId = Annotated[str, Meta(min_length=1, max_length=limits.ID_CHARS)]
"""The sender's name for a transfer; the same when it is resumed."""

Word = Annotated[str, Meta(max_length=limits.ID_CHARS)]
Sentence = Annotated[str, Meta(max_length=limits.PEER_SENTENCE_CHARS)]
Name = Annotated[str, Meta(min_length=1, max_length=limits.PATH_CHARS)]
"""As the sender has it; whoever writes or paints it makes it safe."""

Nanoseconds = Annotated[int, Meta(ge=-(2**62), le=2**62)]
"""Since 1970, UTC; what comes before is negative."""

Mode = Annotated[int, Meta(ge=0, le=0o7777)]
"""Permission bits as POSIX has them; a receiver takes over none beyond 0o777."""


class Frame(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of which each has a `type`."""
