"""The hash of a folder: BLAKE3 over the hashes of the chunks that were sent since the handshake, in order.

Strategy: chunks come in any order within what is under way, so a hash waits until all before it are there;
what waits is bounded by the chunks that the sender may send ahead.
"""

from mesh_agent.machines.chunks import ChunkSet


class Digest:
    """`expected`: the chunks that will be sent; it is kept, and grows smaller as they are hashed."""

    def __init__(self, expected: ChunkSet) -> None:
        from blake3 import blake3  # not before there is something to hash

        self._hasher = blake3()
        self._left = expected
        self._waiting: dict[int, bytes] = {}

    def skip(self, first: int, count: int) -> None:
        """These will not be sent after all."""
        self._left.discard(first, count)
        self._go_on()

    def put(self, index: int, digest: bytes) -> None:
        """Once for each chunk; one that is put again is ignored."""
        if index in self._left:
            self._waiting[index] = digest
            self._go_on()

    def _go_on(self) -> None:
        while self._waiting and (digest := self._waiting.pop(self._left.first() or 0, None)) is not None:
            self._hasher.update(digest)
            self._left.pop()

    def digest(self) -> bytes:
        assert not self._left, "a chunk is missing"
        hashed: bytes = self._hasher.digest()
        return hashed
