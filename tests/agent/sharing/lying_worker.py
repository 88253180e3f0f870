"""A process that moves bytes as Mesh's own does, and lies: what is in a folder lies elsewhere, and the bytes
of a file called `wrong` are others than their hash says."""

from typing import Any

from msgspec.structs import replace

from mesh_agent.files.source import Source
from mesh_agent.sharing import shown, worker


class LyingSource(Source):
    """Its entries have names that lead out of the folder."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.entries = [replace(entry, path=f"../{entry.path}") for entry in self.entries]

    def read(self, index: int) -> tuple[memoryview, bytes]:
        data, digest = super().read(index)
        return data, bytes(len(digest)) if self.name == "wrong" else digest


def main() -> None:
    for module in (worker, shown):
        vars(module)["Source"] = LyingSource
    worker.main()
