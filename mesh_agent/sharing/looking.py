"""What the agent is told of an offer: what would be written here, or why nothing of it can be."""

from pathlib import Path

from mesh_agent.files.manifest import check, free_space
from mesh_agent.machines.receiving import Offer
from mesh_agent.sharing.orders import Offered, OfferedEntry
from mesh_agent.sharing.state import OFFERED_PATHS
from protocol.peer import FileMeta


def looked_at(offer: Offer, into: Path, request: str | None) -> Offered:
    """`request`: ours that it answers; None where it answers none.

    Raises: OfferRefused; OSError: `into` cannot be looked at.
    """
    checked, meta = check(offer), offer.meta
    shown = checked.offered(into, OFFERED_PATHS)
    entries = 1 if meta.kind == "file" else len(checked.entries)
    return Offered(
        id=meta.transfer,
        name=str(checked.title),
        kind=meta.kind,
        size=meta.size,
        mtime=meta.mtime,
        files=checked.files,
        paths=[
            OfferedEntry(str(path.path), path.kind, path.size, str(path.renamed), path.exists, path.same)
            for path in shown
        ],
        more_paths=entries - len(shown),
        space=free_space(into),
        request=request,
    )


def refused(meta: FileMeta, request: str | None, reason: str) -> Offered:
    """Nothing of it was looked at further than that; its name is the other end's."""
    return Offered(
        id=meta.transfer,
        name=meta.name,
        kind=meta.kind,
        size=meta.size,
        mtime=meta.mtime,
        files=0,
        paths=[],
        more_paths=0,
        space=0,
        request=request,
        refused=reason,
    )
