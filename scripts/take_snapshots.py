"""`scripts/snapshots`: takes the pictures anew that `tests/tui/test_pictures.py` compares with.

It says in words what is otherwise than before; a change that nobody meant is a mistake in a screen.
"""

import argparse
import asyncio
import os
import tempfile
from pathlib import Path

from tests.support.cells import difference


async def main() -> None:
    from tests.tui.gallery import FOLDER, WALKS

    FOLDER.mkdir(exist_ok=True)
    former = {file.name: file.read_text("utf-8") for file in FOLDER.glob("*.txt")}
    for walk in WALKS:
        await _take(walk, former)
    for name in former:
        print(f"── {name} is gone")
        (FOLDER / name).unlink()


async def _take(walk: str, former: dict[str, str]) -> None:
    from tests.tui.gallery import FOLDER, pictures

    with tempfile.TemporaryDirectory() as scratch:
        for kind in ("CONFIG", "DATA", "STATE"):
            os.environ[f"XDG_{kind}_HOME"] = str(Path(scratch, kind.lower()))
        os.environ["HOME"] = str(Path(scratch, "home"))
        async for name, described in pictures(walk, Path(scratch, "server")):
            before = former.pop(name, None)
            if before != described:
                print(f"── {name}{'' if before else ' is new'}")
                print("\n".join(difference(before, described) if before else []))
                (FOLDER / name).write_text(described, "utf-8")


if __name__ == "__main__":
    argparse.ArgumentParser(prog="snapshots", description=__doc__).parse_args()
    asyncio.run(main())
