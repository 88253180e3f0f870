"""The golden bytes: how the tables in `goldens/` are written and read.

A table has an entry for each example: `# name`, then a line for each format, `json` as it travels and
`msgpack` in hexadecimal. `python -m tests.protocol.golden_table` writes them anew from the examples.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from protocol.codec import JSON, MSGPACK, encode_body
from protocol.events import Event, Request
from protocol.peer import PeerFrame, encode_frame
from tests.protocol import examples, peer_examples

FOLDER: Final = Path(__file__).with_name("goldens")


@dataclass(frozen=True)
class Golden:
    """`msgpack` is empty for REST, which speaks JSON alone."""

    name: str
    json: bytes
    msgpack: bytes = b""

    @property
    def type(self) -> str:
        """The wire type, or the name of the REST struct."""
        return self.name.partition(",")[0]


def of_event(name: str, example: Request | Event) -> Golden:
    return Golden(name, JSON.encode(example), MSGPACK.encode(example))


def of_frame(name: str, example: PeerFrame) -> Golden:
    """`json`, for whoever reads: bytes are base64 there. What travels is MessagePack."""
    return Golden(name, msgspec.json.encode(example), encode_frame(example))


def of_body(name: str, example: msgspec.Struct) -> Golden:
    return Golden(name, encode_body(example))


TABLES: Final[Mapping[str, list[Golden]]] = {
    "client_to_server": [of_event(*item) for item in examples.CLIENT_TO_SERVER.items()],
    "server_to_client": [of_event(*item) for item in examples.SERVER_TO_CLIENT.items()],
    "peer": [of_frame(*item) for item in peer_examples.PEER.items()],
    "rest": [of_body(*item) for item in examples.REST.items()],
}
"""What this version of the code makes of the examples."""


def path_of(table: str) -> Path:
    return FOLDER / f"{table}.txt"


def write(table: str) -> None:
    with path_of(table).open("wb") as file:
        for golden in TABLES[table]:
            file.write(b"# %b\njson %b\n" % (golden.name.encode(), golden.json))
            if golden.msgpack:
                file.write(b"msgpack %b\n" % golden.msgpack.hex().encode())
            file.write(b"\n")


def read(table: str) -> Iterator[Golden]:
    for entry in path_of(table).read_bytes().strip().split(b"\n\n"):
        heading, *lines = entry.split(b"\n")
        formats = dict(line.split(b" ", 1) for line in lines)
        yield Golden(
            heading.removeprefix(b"# ").decode(),
            formats[b"json"],
            bytes.fromhex(formats.get(b"msgpack", b"").decode()),
        )


if __name__ == "__main__":
    for table in TABLES:
        write(table)
