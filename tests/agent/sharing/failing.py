"""The process of a helper whose work fails while one of its threads waits for ever."""

import threading

from mesh_agent.sharing.helping import help_agent
from mesh_agent.sharing.orders import Signal, next_order
from mesh_agent.sharing.pipes import Pipes


async def _work(_: Pipes, order: Signal) -> None:
    threading.Thread(target=threading.Event().wait).start()
    raise RuntimeError(order.payload)


def main() -> None:
    help_agent(next_order, Signal, _work, "what was begun")
