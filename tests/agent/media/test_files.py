"""Sound out of files, and into them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mesh_agent.media.opus import FRAME, RATE, Samples
from mesh_agent.media.sinks import Written
from mesh_agent.media.sources import File, Unreadable
from tests.agent.media.sounds import pitch, read_any, read_wav, tone, write
from tests.support.conditions import PATIENCE_S


def all_of(source: File, ended: list[str]) -> Samples:
    """As it would be heard, but as quickly as it can be had."""
    pieces, deadline = [], time.monotonic() + PATIENCE_S
    while not ended and time.monotonic() < deadline:
        samples = source.read()
        if samples is None:
            time.sleep(0.001)
        else:
            assert len(samples) == FRAME
            pieces.append(samples)
    assert ended
    source.close()
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


@pytest.mark.parametrize(
    ("form", "codec", "rate", "layout"),
    [
        ("wav", "pcm_s16le", 44_100, "stereo"),
        ("ogg", "libopus", 48_000, "mono"),
        ("flac", "flac", 22_050, "mono"),
        ("matroska", "aac", 48_000, "stereo"),
        ("mp3", "libmp3lame", 44_100, "stereo"),
    ],
)
def test_files_of_any_kind_are_read(tmp_path: Path, form: str, codec: str, rate: int, layout: str) -> None:
    path = tmp_path / "voice"
    write(path, tone(500, 1.5), rate=rate, form=form, codec=codec, layout=layout)
    ended: list[str] = []
    samples = all_of(File(path, lambda: ended.append("end"), ended.append), ended)
    assert abs(len(samples) / RATE - 1.5) < 0.1
    middle = samples[RATE // 4 : RATE]
    assert abs(pitch(middle) - 500) <= 2
    assert ended == ["end"]


def test_what_is_no_sound_is_refused_with_a_sentence(tmp_path: Path) -> None:
    def refusal(path: Path) -> str:
        with pytest.raises(Unreadable) as refused:
            File(path, lambda: None, lambda _: None)
        return refused.value.text

    (tmp_path / "text").write_text("no sound at all\n" * 100)
    (tmp_path / "empty").write_bytes(b"")
    assert refusal(tmp_path / "none").endswith("cannot be read: No such file or directory.")
    assert refusal(tmp_path).endswith("cannot be read: Is a directory.")
    for name in ("text", "empty"):
        assert refusal(tmp_path / name).endswith("is no file with sound that is known here.")


def test_a_file_that_is_cut_off_is_heard_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    write(path, tone(500, 2), rate=48_000, form="wav", codec="pcm_s16le", layout="mono")
    os.truncate(path, 50_000)
    said: list[str] = []
    samples = all_of(File(path, lambda: said.append("end"), said.append), said)
    assert RATE // 3 < len(samples) < RATE


def test_a_source_that_nobody_reads_to_its_end_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    write(path, tone(500, 30), rate=48_000, form="wav", codec="pcm_s16le", layout="mono")
    source = File(path, lambda: None, lambda _: None)
    source.close()
    assert not source._thread.is_alive()


@pytest.mark.parametrize("name", ["heard.wav", "heard.ogg", "heard.mka", "heard"])
def test_what_is_heard_is_written_in_the_form_that_its_name_says(tmp_path: Path, name: str) -> None:
    problems: list[str] = []
    sink = Written(tmp_path / name, problems.append)
    said = tone(700, 2)
    for at in range(0, len(said), FRAME):
        sink.write(said[at : at + FRAME])
    sink.close()
    assert problems == []
    found = read_any(tmp_path / name)
    assert abs(len(found) / RATE - 2) < 0.05
    assert abs(pitch(found[RATE // 2 : RATE]) - 700) <= 2
    begins = {b"RIFF": "wav", b"OggS": "ogg", b"\x1aE\xdf\xa3": "mka"}
    form = begins[(tmp_path / name).read_bytes()[:4]]
    assert form == (Path(name).suffix[1:] or "wav")


def test_a_file_that_cannot_be_made_is_told_at_once(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none" / "heard.wav"):
        with pytest.raises(OSError):
            Written(path, lambda _: None)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no device that is full")
def test_a_disk_that_is_full_from_the_beginning() -> None:
    with pytest.raises(OSError):
        Written(Path("/dev/full"), lambda _: None)


_KILLED = """
import sys, time
from pathlib import Path
import numpy as np
from mesh_agent.media.sinks import Written
sink = Written(Path(sys.argv[1]), print)
for _ in range(120):
    sink.write(np.full(960, 0.5, np.float32))
while Path(sys.argv[1]).stat().st_size < 44 + 120 * 1920:
    time.sleep(0.01)
print("written", flush=True)
time.sleep(60)
"""


def test_what_a_killed_process_leaves_can_be_played(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    process = subprocess.Popen([sys.executable, "-c", _KILLED, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    found = read_wav(path)
    assert len(found) >= 100 * FRAME
    assert np.allclose(found, 0.5, atol=0.001)


_FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from mesh_agent.media.sinks import Written
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
said = []
sink = Written(Path(sys.argv[1]), said.append)
for _ in range(200):
    sink.write(np.random.default_rng(1).standard_normal(960).astype(np.float32) / 4)
sink.close()
print(*said)
"""


@pytest.mark.parametrize(("name", "most"), [("heard.wav", 100_000), ("heard.ogg", 10_000)])
def test_a_disk_that_is_full_later_is_told_once(tmp_path: Path, name: str, most: int) -> None:
    """As `ulimit -f`: what is longer cannot be written."""
    path = tmp_path / name
    done = subprocess.run(
        [sys.executable, "-c", _FULL, str(path), str(most)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{path} is written no further: File too large.\n"
    assert len(read_any(path)) > RATE // 2
