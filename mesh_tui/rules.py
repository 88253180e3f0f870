"""From what is set about files to the rules that the agent goes by."""

from typing import Final

from mesh_agent.sharing.rules import Rules
from mesh_tui.paths import expanded
from mesh_tui.settings import Settings

KIB: Final = 1 << 10
MIB: Final = 1 << 20


def rules(settings: Settings) -> Rules:
    """Those of a session; which devices are always trusted is kept with the devices."""
    folder = settings.transfers.folder
    return Rules(
        downloads=expanded(folder) if folder else None,
        accept=settings.transfers.accept,
        largest=settings.transfers.largest * MIB or None,
        links=settings.transfers.links,
        limit=settings.transfers.limit * KIB or None,
        lanes=settings.transfers.lanes,
        quic_only=settings.transfers.quic_only,
        direct=settings.transfers.direct,
        connect=settings.transfers.connect,
    )
