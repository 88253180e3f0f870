"""What every door is to the server."""

from typing import Protocol


class Door(Protocol):
    async def open(self, url: str, socket: str) -> None:
        """Once the server listens: at `url`, and on `socket` for what a door runs. Raises: CannotStart."""

    async def close(self) -> None:
        """Ends every session; called while the store is still there. Safe to call before `open`."""
