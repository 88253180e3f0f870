"""The files of the pages: textual-serve's terminal and font, and our own few lines.

Strategy: everything comes from this server, so that no page asks a third party for anything. Each file is
read and compressed once and then served from memory; its address holds a hash of all of them, so that a
browser keeps it for good and still has the new one after an upgrade.
"""

import asyncio
import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final, Self

from aiohttp import hdrs, web

from protocol.errors import NoSuchCall

PATH: Final = "/web/static/{version}/{name}"

_THEIRS: Final = {
    "textual.js": ("js/textual.js", "text/javascript"),
    "xterm.css": ("css/xterm.css", "text/css"),
    "mono.ttf": ("fonts/RobotoMono-VariableFont_wght.ttf", "font/ttf"),
}
"""Name -> file of textual-serve, and its type."""

_OURS: Final = {
    "door.js": "text/javascript",
    "door.css": "text/css",
    "icon.svg": "image/svg+xml",
}
_KEEP: Final = "public, max-age=31536000, immutable"
_LEVEL: Final = 6


@dataclass(frozen=True, slots=True)
class Asset:
    plain: bytes
    packed: bytes
    kind: str


class Assets:
    """Loaded by `load`."""

    def __init__(self, found: Mapping[str, Asset]) -> None:
        self._found = found
        digest = hashlib.sha256(b"".join(asset.plain for asset in found.values()))
        self.version: Final = digest.hexdigest()[:16]

    @classmethod
    async def load(cls) -> Self:
        """Reads and compresses them, in a thread."""
        return cls(await asyncio.to_thread(_read))

    def url(self, name: str) -> str:
        """Raises: KeyError, where there is none of that name."""
        _ = self._found[name]
        return PATH.format(version=self.version, name=name)

    async def answer(self, request: web.Request) -> web.Response:
        """Raises: NoSuchCall."""
        asset = self._found.get(request.match_info["name"])
        if asset is None or request.match_info["version"] != self.version:
            raise NoSuchCall
        headers = {hdrs.CACHE_CONTROL: _KEEP, hdrs.VARY: hdrs.ACCEPT_ENCODING}
        body = asset.plain
        if "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
            headers[hdrs.CONTENT_ENCODING] = "gzip"
            body = asset.packed
        return web.Response(body=body, headers=headers, content_type=asset.kind)


def _read() -> dict[str, Asset]:
    import textual_serve

    theirs, ours = files(textual_serve) / "static", files(__package__) / "static"
    found = {name: _asset(theirs / path, kind) for name, (path, kind) in _THEIRS.items()}
    return found | {name: _asset(ours / name, kind) for name, kind in _OURS.items()}


def _asset(file: Traversable, kind: str) -> Asset:
    plain = file.read_bytes()
    return Asset(plain, gzip.compress(plain, _LEVEL, mtime=0), kind)
