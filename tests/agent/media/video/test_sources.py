"""Where pictures come from: files that end or break, cameras that are there or not, the newest picture."""

import threading
from fractions import Fraction
from pathlib import Path
from time import monotonic

import av
import pytest

from mesh_agent.media.devices import Unusable
from mesh_agent.media.video import cameras, pattern
from mesh_agent.media.video.slot import Slot
from mesh_agent.media.video.sources import Feed, Numbered, opened
from tests.agent.media.video.party import Party
from tests.support.conditions import PATIENCE_S, until

NEVER = threading.Event()


def video(path: Path, pictures: int, rate: int = 30) -> Path:
    """The test picture from 0 on, in a file."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx", rate=rate, options={"deadline": "realtime", "cpu-used": "8"})
        stream.width, stream.height, stream.pix_fmt = pattern.WIDTH, pattern.HEIGHT, "yuv420p"
        for number in range(pictures):
            frame = pattern.draw(number)
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_the_newest_thing_replaces_what_was_not_taken() -> None:
    slot: Slot[int] = Slot()
    assert slot.take(0.0) is None
    slot.put(1)
    slot.put(2)
    assert slot.take(0.0) == 2
    assert slot.passed_over == 1
    assert slot.take(0.0) is None
    slot.close()
    assert slot.take(60.0) is None


def test_the_test_picture_is_numbered_by_the_clock() -> None:
    source = Numbered(rate=100)
    begun = monotonic()
    for _ in range(5):
        assert source.read(NEVER) is not None
    assert monotonic() - begun >= 0.03
    stopped = threading.Event()
    stopped.set()
    assert source.read(stopped) is None


async def test_a_file_is_shown_at_its_pace_and_its_end_is_told(tmp_path: Path) -> None:
    from mesh_agent.media.orders import Ended

    path = video(tmp_path / "film.mkv", 18)
    alice = Party("alice")
    try:
        alice.view(("", 40, 12), rate=60)
        seen: list[int] = []
        while len(seen) < 3:  # where this machine is held up, what is late is left out
            alice.told.clear()
            alice.over = 0
            begun = monotonic()
            await alice.pictures.show(str(path))
            assert alice.pictures.problems == []
            assert alice.pictures.video_in == str(path)
            await until(lambda: Ended(what="video_in") in alice.told, "the end of the file")
            assert monotonic() - begun >= 17 / 30
            assert alice.pictures.video_in == "none"
            assert alice.over == 1
            seen = [number for number in alice.numbers("") if number is not None]
            assert seen == sorted(set(seen))
            assert max(seen, default=0) <= 17
    finally:
        await alice.close()


async def test_a_file_that_is_cut_off_ends_the_showing_of_it_alone(tmp_path: Path) -> None:
    path = video(tmp_path / "film.mkv", 12)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    frames = opened(str(path))
    assert frames is not None
    over = threading.Event()
    feed = Feed(frames, lambda _feed, _text: over.set())
    try:
        await until(over.is_set, "the end of what is there")
    finally:
        feed.close()


def test_a_source_that_breaks_says_so_in_a_sentence() -> None:
    class Broken(Numbered):
        def read(self, stopped: threading.Event) -> av.VideoFrame | None:
            if self._number >= 1:
                raise Unusable("The camera is gone.")
            return super().read(stopped)

    told: list[str] = []
    ended = threading.Event()

    def over(feed: Feed, text: str) -> None:
        told.append(text)
        ended.set()

    feed = Feed(Broken(rate=1000), over)
    assert ended.wait(PATIENCE_S)
    feed.close()
    assert told == ["The camera is gone."]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gone.mkv", "There is no file {path} to be shown."),
        ("list.ffconcat", "{path} cannot be read as a video."),
        ("sound.wav", "There are no pictures in {path}."),
    ],
)
def test_files_without_pictures_are_refused_with_a_sentence(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    if name.endswith("ffconcat"):
        path.write_text("ffconcat version 1.0\nfile 'http://127.0.0.1:9/film.mkv'\n")
    elif name.endswith("wav"):
        with av.open(str(path), "w") as container:
            container.add_stream("pcm_s16le", rate=48_000, layout="mono")
            container.start_encoding()
    with pytest.raises(Unusable) as raised:
        opened(str(path))
    assert raised.value.text == text.format(path=path)


@pytest.fixture
def v4l(tmp_path: Path) -> Path:
    for number, name, index in (
        (0, "Integrated Camera", 0),
        (1, "Integrated Camera", 1),
        (10, "HD Pro\n", 0),
    ):
        node = tmp_path / f"video{number}"
        node.mkdir()
        (node / "name").write_text(name)
        (node / "index").write_text(f"{index}\n")
    (tmp_path / "v4l-subdev0").mkdir()
    return tmp_path


def test_cameras_are_chosen_by_name_or_are_the_first(v4l: Path) -> None:
    assert [each.name for each in cameras.cameras("linux", v4l)] == ["Integrated Camera", "HD Pro"]
    assert cameras.camera("", "linux", v4l).url == "/dev/video0"
    assert cameras.camera("hd", "linux", v4l) == cameras.Device("HD Pro", "v4l2", "/dev/video10")
    with pytest.raises(Unusable) as raised:
        cameras.camera("Front", "linux", v4l)
    assert raised.value.text == "There is no camera Front here, only: Integrated Camera, HD Pro."


def test_where_there_is_no_camera_a_sentence_says_so(tmp_path: Path) -> None:
    for system in ("linux", "sunos5"):
        with pytest.raises(Unusable) as raised:
            cameras.camera("", system, tmp_path / "nothing")
        assert raised.value.text == "There is no camera here."


def test_a_camera_that_cannot_be_opened_is_a_sentence() -> None:
    with pytest.raises(Unusable) as raised:
        cameras.open_device(cameras.Device("HD Pro", "v4l2", "/dev/video-that-is-not-there"))
    assert raised.value.text == "The camera HD Pro cannot be used: it is not there any more."


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        (
            {"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"},
            "The screen cannot be shown: Wayland lets no program like this one read it.",
        ),
        (
            {"XDG_SESSION_TYPE": "wayland", "DISPLAY": ":0"},
            "The screen cannot be shown: Wayland lets no program like this one read it.",
        ),
        ({}, "There is no screen here that could be shown."),
    ],
)
def test_a_screen_that_cannot_be_read_is_a_sentence(environ: dict[str, str], text: str) -> None:
    with pytest.raises(Unusable) as raised:
        cameras.screen("linux", environ)
    assert raised.value.text == text


def test_each_system_has_its_way_to_read_the_screen() -> None:
    assert cameras.screen("linux", {"DISPLAY": ":1"}).url == ":1"
    assert cameras.screen("darwin").kind == "avfoundation"
    assert cameras.screen("win32").kind == "gdigrab"
    with pytest.raises(Unusable, match="The screen cannot be used"):
        cameras.open_device(cameras.Device("", "x11grab", ":4711"))
