"""Recordings of terminals: asciicast version 3, written while it happens, and read again.

Strategy: a line a moment, with the seconds since the one before (https://docs.asciinema.org/manual/asciicast/v3/):
`o` what the program wrote, `r` the size, `m` a mark, `x` how it ended. A writer never raises once the file is
there: what goes wrong with a disk must not end anybody's shell, so it is remembered, and nothing more
is written. A reader takes version 2 as well, and nothing on faith: lengths, sizes and times are checked, and
what is read is only ever fed to an emulator.
"""

import codecs
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, Literal

import msgspec

from protocol import limits
from protocol.errors import MeshError
from protocol.text import clean_line

FILE_BYTES: Final = 512 * 1024 * 1024
"""A recording ends there; a longer one is not played."""

LINE_BYTES: Final = 4 * 1024 * 1024
EVENTS_MAX: Final = 5_000_000
FLUSH_S: Final = 1.0
"""What a machine that dies takes with it."""

DAY_S: Final = 86_400.0

Kind = Literal["o", "i", "r", "m", "x"]


class CastInvalid(MeshError):
    """It cannot be played."""

    code = "terminal.recording"


class CastWriter:
    """A recording that goes on. For one thread at a time.

    Attributes:
        problem: why nothing is written any more; empty while all is well.
    """

    def __init__(self, file: BinaryIO, clock: Callable[[], float]) -> None:
        """Use `create`."""
        self.problem = ""
        self._file, self._clock = file, clock
        self._last = self._flushed = clock()
        self._rounding = 0.0
        self._written = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @classmethod
    def create(
        cls,
        path: Path,
        columns: int,
        rows: int,
        *,
        title: str = "",
        command: str = "",
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> "CastWriter":
        """Begins a new file, for its owner alone. Raises: OSError, also where there is one of that name."""
        header: dict[str, object] = {
            "version": 3,
            "term": {"cols": columns, "rows": rows, "type": "xterm-256color"},
            "timestamp": int(wall()),
        }
        header |= {name: text for name, text in (("title", title), ("command", command)) if text}
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        file = os.fdopen(descriptor, "wb")
        try:
            file.write(json.dumps(header, ensure_ascii=False).encode() + b"\n")
            file.flush()
        except OSError:
            file.close()
            raise
        return cls(file, clock)

    def output(self, data: bytes) -> None:
        """What the program wrote; a character that is cut waits for its rest."""
        text = self._decoder.decode(data)
        if text:
            self._event("o", text)

    def resize(self, columns: int, rows: int) -> None:
        self._event("r", f"{columns}x{rows}")

    def mark(self, label: str = "") -> None:
        self._event("m", clean_line(label))

    def exit(self, status: int) -> None:
        self._event("x", str(status))

    def close(self) -> None:
        """Twice does no harm."""
        if self._file.closed:
            return
        rest = self._decoder.decode(b"", final=True)
        if rest:
            self._event("o", rest)
        try:
            self._file.close()
        except OSError as error:
            self._fail(error)

    def _event(self, kind: Kind, data: str) -> None:
        if self.problem or self._file.closed:
            return
        now = self._clock()
        # What rounding takes from one interval, the next one gets: a long recording keeps its time.
        exact = max(now - self._last, 0) + self._rounding
        interval = round(exact, 6)
        self._rounding, self._last = exact - interval, now
        line = json.dumps([interval, kind, data], ensure_ascii=False).encode(errors="replace") + b"\n"
        if self._written + len(line) > FILE_BYTES:
            self.problem = "The recording is as large as one may be."
            return
        try:
            self._file.write(line)
            self._written += len(line)
            if now - self._flushed >= FLUSH_S:
                self._file.flush()
                self._flushed = now
        except (OSError, ValueError) as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        why = error.strerror if isinstance(error, OSError) else str(error)
        self.problem = self.problem or f"The recording cannot be written: {why}."


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Event:
    """`at`: seconds since the beginning."""

    at: float
    kind: Kind
    data: str


@dataclass(slots=True)
class Cast:
    """A recording."""

    columns: int
    rows: int
    title: str = ""
    command: str = ""
    events: list[Event] = field(default_factory=list)

    @property
    def duration(self) -> float:
        return self.events[-1].at if self.events else 0.0


class _Term(msgspec.Struct):
    cols: int = 80
    rows: int = 24


class _Header(msgspec.Struct):
    version: int
    term: _Term | None = None
    width: int = 80
    height: int = 24
    title: str | None = None
    command: str | None = None


_header: Final = msgspec.json.Decoder(_Header).decode
_event: Final = msgspec.json.Decoder(tuple[float, str, str]).decode
_KINDS: Final[dict[str, Kind]] = {"o": "o", "i": "i", "r": "r", "m": "m", "x": "x"}


def read_cast(path: Path) -> Cast:
    """Reads the whole file; blocks. What comes after a line that was cut off at the end is not missed.

    Raises: CastInvalid: it cannot be read, is none, or is too large.
    """
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > FILE_BYTES:
                raise CastInvalid(f"{path} is too large to be played.")
            return _parse(_lines(file), str(path))
    except OSError as error:
        raise CastInvalid(f"{path} cannot be read: {error.strerror}.") from None


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(LINE_BYTES + 1):
        if len(line) > LINE_BYTES:
            raise CastInvalid("A line of the recording is too long.")
        yield line


def _parse(lines: Iterator[bytes], name: str) -> Cast:
    try:
        header = _header(next(lines, b""))
    except (msgspec.DecodeError, ValueError):
        raise CastInvalid(f"{name} is no recording of a terminal.") from None
    if header.version not in (2, 3):
        raise CastInvalid(f"Recordings of version {header.version} are not played.")
    term = header.term if header.version == 3 and header.term else _Term(header.width, header.height)
    columns, rows = _size(term.cols, term.rows)
    cast = Cast(columns, rows, clean_line(header.title or ""), clean_line(header.command or ""))
    at = 0.0
    for line in lines:
        if line.startswith(b"#") or not line.strip():
            continue
        try:
            time_of, kind, data = _event(line)
        except (msgspec.DecodeError, ValueError):
            if line.endswith(b"\n"):
                raise CastInvalid(f"{name} has a line that makes no sense.") from None
            break  # the machine died while this was written
        after = time_of if header.version == 3 else time_of - at
        if not -1.0 <= after <= 365 * DAY_S or len(cast.events) >= EVENTS_MAX:
            raise CastInvalid(f"{name} has a time that makes no sense, or too many events.")
        at += max(after, 0.0)
        if kind in _KINDS:
            cast.events.append(Event(at, _KINDS[kind], data))
    return cast


def _size(columns: int, rows: int) -> tuple[int, int]:
    return max(1, min(columns, limits.TERM_COLUMNS)), max(1, min(rows, limits.TERM_ROWS))


def size_of(data: str) -> tuple[int, int] | None:
    """Of an event `r`: columns and rows, within what a terminal here may have."""
    columns, by, rows = data.partition("x")
    if not (by and columns.isascii() and columns.isdigit() and rows.isascii() and rows.isdigit()):
        return None
    return _size(int(columns[:6]), int(rows[:6]))
