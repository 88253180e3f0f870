"""A network in which a device loses its address and has another one, for campaigns.

Strategy: a program runs itself anew in a network namespace of its own (`in_a_network_of_its_own`), and makes
another one beside it that two cables lead to. Who is there reaches the server, at an address that belongs to
neither cable, by the first of them; once that one and its address are gone, by the second. Nothing of the
machine's own network is touched, and both namespaces go with the program.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Final

INSIDE: Final = "MESH_IN_A_NETWORK_OF_ITS_OWN"
SERVER: Final = "10.91.0.1"
CABLES: Final = ("one", "two")


def ip(*arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["ip", *arguments], check=check, capture_output=True, text=True)


def why_not() -> str:
    """Why this machine cannot have such networks; empty where it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "network namespaces need Linux and root"
    try:
        made = subprocess.run(
            ["unshare", "-n", "ip", "link", "add", "mesh0", "type", "veth", "peer", "name", "mesh1"],
            capture_output=True,
            text=True,
        )
    except FileNotFoundError as error:
        return f"there is no {error.filename}"
    return made.stderr.strip() if made.returncode else ""


def in_a_network_of_its_own(module: str, *arguments: str) -> int:
    """Runs that program there; how it ended."""
    return subprocess.run(
        ["unshare", "-n", sys.executable, "-m", module, *arguments], env=os.environ | {INSIDE: "1"}
    ).returncode


class Network:
    """The place that two cables lead to. Attributes: away: what a program is run by, to be there."""

    def __init__(self) -> None:
        self._name = f"mesh-away-{os.getpid()}"
        self.away: Final[Sequence[str]] = ("ip", "netns", "exec", self._name)

    def __enter__(self) -> "Network":
        ip("netns", "add", self._name)
        try:
            self._lay()
        except subprocess.CalledProcessError as error:
            ip("netns", "del", self._name, check=False)
            raise SystemExit(f"{error.cmd}: {error.stderr}") from None
        return self

    def _lay(self) -> None:
        ip("link", "set", "lo", "up")
        ip("addr", "add", f"{SERVER}/32", "dev", "lo")
        ip("-n", self._name, "link", "set", "lo", "up")
        for number, cable in enumerate(CABLES, 1):
            ip("link", "add", cable, "type", "veth", "peer", "name", cable, "netns", self._name)
            for end, place in ((1, ()), (2, ("-n", self._name))):
                ip(*place, "addr", "add", f"10.91.{number}.{end}/24", "dev", cable)
                ip(*place, "link", "set", cable, "up")
            route = ("route", "add", SERVER, "via", f"10.91.{number}.1", "metric", str(number))
            ip("-n", self._name, *route)

    def leave_first_way(self) -> None:
        """The first cable is pulled out, there, and its address is gone."""
        ip("-n", self._name, "addr", "flush", "dev", CABLES[0])
        ip("-n", self._name, "link", "set", CABLES[0], "down")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        ip("netns", "del", self._name, check=False)
