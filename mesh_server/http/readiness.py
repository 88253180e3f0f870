"""Whether traffic should come here: what `/readyz` answers.

Strategy: anyone may ask, and each look is a write, so one look serves all who ask within a moment.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from mesh_server.http.shared import Shared
from protocol.errors import StorageUnavailable

WAIT_S: Final = 5.0
"""How long the disk may take to show that it can be written to."""

HOLD_S: Final = 1.0
"""How long what was found out is told to everyone who asks."""


class Readiness:
    """`check` writes to the store; `require_open` raises while the server takes nobody in."""

    def __init__(self, check: Callable[[], Awaitable[None]], require_open: Callable[[], None]) -> None:
        self._disk = Shared(check, clock=time.monotonic, hold_s=HOLD_S)
        self._require_open = require_open

    async def __call__(self) -> None:
        """Raises: ServerDraining, StorageUnavailable."""
        self._require_open()
        try:
            async with asyncio.timeout(WAIT_S):
                await self._disk()
        except TimeoutError:
            raise StorageUnavailable from None
