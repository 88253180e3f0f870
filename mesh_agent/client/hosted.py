"""What is otherwise for an agent that acts for somebody on a machine that is not theirs.

Strategy: files, shared terminals and calls would be the machine's, so the agent never makes what has them:
there is nothing to be switched off, and nothing that a peer could reach.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hosted:
    """`socket`: the server's Unix socket, empty where the server is reached by its address.

    `address`: the IP address of the person, whom the server counts by; it believes it on `socket` alone.
    """

    socket: str = ""
    address: str = ""
