"""A recording says what happened and when; and no file that is none gets past the reader."""

import json
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_agent.terminal import cast as casts
from mesh_agent.terminal.cast import Cast, CastInvalid, CastWriter, Event, read_cast, size_of
from protocol import limits


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shell.cast"


def test_what_is_written_is_read(path: Path) -> None:
    clock = Clock()
    writer = CastWriter.create(path, 80, 24, title="alice: bash", command="bash", clock=clock, wall=lambda: 5)
    clock.now += 0.5
    writer.output("é".encode()[:1])
    writer.output("é".encode()[1:] + b"\x1b[31m\xff\r\n")
    clock.now += 1
    writer.resize(100, 30)
    writer.mark("here\x1b")
    writer.exit(3)
    writer.close()
    writer.close()
    header, *lines = map(json.loads, path.read_text().splitlines())
    assert header["version"] == 3
    assert header["term"] == {"cols": 80, "rows": 24, "type": "xterm-256color"}
    assert header["timestamp"] == 5
    assert lines[0] == [0.5, "o", "é\x1b[31m\ufffd\r\n"]
    assert read_cast(path) == Cast(
        80,
        24,
        "alice: bash",
        "bash",
        [
            Event(0.5, "o", "é\x1b[31m\ufffd\r\n"),
            Event(1.5, "r", "100x30"),
            Event(1.5, "m", "here"),
            Event(1.5, "x", "3"),
        ],
    )


def test_it_is_its_owners_alone_and_never_written_over(path: Path) -> None:
    CastWriter.create(path, 80, 24).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        CastWriter.create(path, 80, 24)
    link = path.with_name("link.cast")
    link.symlink_to(path.with_name("elsewhere"))
    with pytest.raises(OSError, match="link"):
        CastWriter.create(link, 80, 24)


def test_many_small_intervals_add_up(path: Path) -> None:
    clock = Clock()
    writer = CastWriter.create(path, 80, 24, clock=clock)
    for _ in range(3_000):
        clock.now += 1 / 3_000_000
        writer.output(b"x")
    writer.close()
    assert read_cast(path).duration == pytest.approx(0.001, abs=2e-6)


def test_a_disk_that_is_full_is_remembered_and_ends_nothing() -> None:
    writer = CastWriter(open("/dev/full", "wb", buffering=0), Clock())  # noqa: PTH123, SIM115 — no file of ours
    writer.output(b"x")
    assert "No space left" in writer.problem
    writer.output(b"y")
    writer.close()


def test_a_machine_that_died_leaves_what_was_written(path: Path) -> None:
    path.write_text(
        '{"version": 3, "term": {"cols": 80, "rows": 24}}\n[1, "o", "a"]\n# a comment\n\n[2, "o", "b'
    )
    assert [event.data for event in read_cast(path).events] == ["a"]


def test_version_2_has_times_since_the_beginning(path: Path) -> None:
    path.write_text('{"version": 2, "width": 90, "height": 20}\n[1.5, "o", "a"]\n[2.0, "o", "b"]\n')
    read = read_cast(path)
    assert (read.columns, read.rows) == (90, 20)
    assert [event.at for event in read.events] == [1.5, 2.0]


def test_what_this_version_does_not_know_is_passed_over(path: Path) -> None:
    path.write_text(
        '{"version": 3, "term": {"cols": 80, "rows": 24}, "new": 1}\n[1, "z", "a"]\n[1, "o", "b"]\n'
    )
    assert read_cast(path).events == [Event(2.0, "o", "b")]


HEAD = '{"version": 3, "term": {"cols": 80, "rows": 24}}\n'
INVALID = [
    "",
    "hello\n",
    '{"version": 1}\n',
    HEAD + "[1]\n",
    HEAD + '[-9, "o", "a"]\n',
    HEAD + '[1e99, "o", "a"]\n',
    HEAD + '["1", "o", "a"]\n',
    HEAD + '[1, "o", 7]\n',
]


@pytest.mark.parametrize("text", INVALID)
def test_what_is_no_recording_is_refused(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(CastInvalid):
        read_cast(path)


def test_what_cannot_be_read_is_refused(path: Path, tmp_path: Path) -> None:
    for other in (path, tmp_path):
        with pytest.raises(CastInvalid):
            read_cast(other)


def test_a_line_without_end_is_refused(path: Path) -> None:
    with path.open("wb") as file:
        file.write(HEAD.encode() + b'[1, "o", "')
        file.truncate(casts.LINE_BYTES * 2)
    with pytest.raises(CastInvalid):
        read_cast(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_garbage_raises_only_that(path: Path, data: bytes) -> None:
    path.write_bytes(HEAD.encode() + data)
    try:
        read_cast(path)
    except CastInvalid as error:
        assert error.message  # noqa: PT017 — most of it is refused, and some is a comment


SIZES = [
    ("100x30", (100, 30)),
    ("0x0", (1, 1)),
    ("99999999999x7", (limits.TERM_COLUMNS, 7)),
    ("100", None),
    ("ax1", None),
    ("²x1", None),
]


@pytest.mark.parametrize(("text", "size"), SIZES)
def test_sizes(text: str, size: tuple[int, int] | None) -> None:
    assert size_of(text) == size
