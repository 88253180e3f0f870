"""Lanes over QUIC: who connects, and who accepts.

Strategy: the parts are elsewhere, each by itself: `engine` is QUIC without IO, `quic_lane` the lane around
it, `endpoint` the connections that share a path, `udp` the socket, `congestion` the pace.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterable, Sequence
from typing import Any, Final

from mesh_agent.net.base import Lane, LaneLost, Listener
from mesh_agent.net.certificates import Certificate
from mesh_agent.net.connection import Address
from mesh_agent.net.endpoint import PEER, Endpoint
from mesh_agent.net.path import DatagramPath
from mesh_agent.net.quic_lane import CONNECT_S
from mesh_agent.net.udp import open_socket


async def connect_quic(
    path: DatagramPath | socket.socket | Endpoint | None,
    address: Address = PEER,
    *,
    certificate: Certificate,
    peer_fingerprint: str,
    within_s: float = CONNECT_S,
) -> Lane:
    """A lane to the server that has the certificate with that fingerprint.

    `path`: what carries it: a path to one other end (the address does not matter then), a bound UDP socket
    that does not block, an endpoint that others use as well, or None for a socket of its own. But for an
    endpoint, it is closed with the lane, and also when this fails. `address`: numeric host and port.

    Raises:
        WrongCertificate: who answers has another one.
        LaneLost: nobody answers in `within_s` seconds, or the path is gone.
    """
    if isinstance(path, Endpoint):
        return await path.connect(
            address, certificate=certificate, peer_fingerprint=peer_fingerprint, within_s=within_s
        )
    try:
        if path is None:
            path = open_socket("::" if ":" in address[0] else "0.0.0.0")  # noqa: S104 - a client's own port
        endpoint = Endpoint.on(path) if isinstance(path, socket.socket) else Endpoint.over(path)
    except OSError as refused:
        raise LaneLost from refused
    try:
        return await endpoint.connect(
            _complete(path, address),
            certificate=certificate,
            peer_fingerprint=peer_fingerprint,
            owns=True,
            within_s=within_s,
        )
    except BaseException:
        await endpoint.close()
        raise


def _complete(path: Any, address: Address) -> Address:
    """An address as the socket will say it of what comes from there."""
    if isinstance(path, socket.socket) and path.family == socket.AF_INET6 and len(address) == 2:
        return (*address, 0, 0)
    return address


class QuicServer:
    """Accepts lanes. Made by `listen` or `over`.

    Attributes:
        addresses: where it listens (host and port), none for a path.
    """

    def __init__(self, endpoints: Sequence[Endpoint], addresses: Sequence[tuple[str, int]]) -> None:
        self._endpoints = endpoints
        self.addresses: Final = tuple(addresses)

    @classmethod
    async def listen(
        cls,
        places: Iterable[tuple[str, int] | socket.socket],
        on_lane: Listener,
        *,
        certificate: Certificate,
        peer_fingerprint: str | None = None,
    ) -> "QuicServer":
        """Listens on numeric addresses (port 0: any), or bound sockets that do not block.

        `peer_fingerprint`: of the only certificate that a client may have; None leaves it to the first frame.

        Raises: OSError, for a place that cannot be had; nothing is left open then.
        """
        with contextlib.ExitStack() as undone:
            sockets = []
            for place in places:
                opened = place if isinstance(place, socket.socket) else open_socket(*place)
                undone.callback(opened.close)
                sockets.append(opened)
            addresses = [opened.getsockname()[:2] for opened in sockets]
            endpoints = [Endpoint.on(opened) for opened in sockets]
            undone.pop_all()
        for endpoint in endpoints:
            endpoint.accept(on_lane, certificate=certificate, peer_fingerprint=peer_fingerprint)
        return cls(endpoints, addresses)

    @classmethod
    async def over(
        cls,
        path: DatagramPath,
        on_lane: Listener,
        *,
        certificate: Certificate,
        peer_fingerprint: str | None = None,
    ) -> "QuicServer":
        """Answers on a path to one other end, which it closes in the end."""
        endpoint = Endpoint.over(path)
        endpoint.accept(on_lane, certificate=certificate, peer_fingerprint=peer_fingerprint)
        return cls([endpoint], [])

    async def close(self) -> None:
        """Closes the lanes that it accepted, and the sockets. Never raises."""
        await asyncio.gather(*(endpoint.close() for endpoint in self._endpoints))
