"""The names and numbers by which two ends agree to speak."""

from typing import Final

__version__ = "0.1.0"
"""The release of this program (PEP 440)."""

WIRE_VERSION: Final = 1
"""The version a client names in `system.hello`; a server refuses one that it does not speak."""

SUBPROTOCOL_JSON: Final = "mesh.v1.json"
SUBPROTOCOL_MSGPACK: Final = "mesh.v1.msgpack"
SUBPROTOCOLS: Final = (SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK)
"""WebSocket subprotocols (RFC 6455 section 1.9), the default first."""

PEER_VERSION: Final = 1
"""The version of the frames between two agents."""

ALPN: Final = "mesh-p2p/1"
"""What QUIC and TLS between two agents negotiate (RFC 7301)."""
