"""The bus of a single node: publishing calls every subscriber at once."""

from collections.abc import Callable

from mesh_server.bus.base import BusMessage


class MemoryBus:
    def __init__(self) -> None:
        self._handlers: list[Callable[[BusMessage], None]] = []

    def publish(self, message: BusMessage) -> None:
        for handler in self._handlers:
            handler(message)

    def subscribe(self, handler: Callable[[BusMessage], None]) -> None:
        self._handlers.append(handler)
