"""What everybody shows, side by side, and written into a file with what is said."""

import asyncio
from pathlib import Path

import av
import numpy as np
import pytest
from av import VideoFrame

from mesh_agent.media import orders
from mesh_agent.media.video import pattern
from mesh_agent.media.video.raster import Raster
from mesh_agent.media.video.scene import GONE_S, HEIGHT, PARTIES_MAX, WIDTH, Scene, grid
from tests.agent.media.studio import Studio, connect
from tests.support.conditions import until


def plain(luma: int, width: int = 320, height: int = 180) -> VideoFrame:
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    planes[:height] = luma
    return VideoFrame.from_ndarray(planes, format="yuv420p")


def luma(scene: Scene) -> np.ndarray:
    return np.asarray(scene.picture().to_ndarray())[:HEIGHT]


def number(frame: VideoFrame) -> int | None:
    painted = Raster(orders.Tile("", 80, 22)).painted(frame)
    assert painted is not None
    return pattern.read(painted.pixels, 80, 22)


@pytest.mark.parametrize(("count", "cells"), [(0, (1, 1)), (2, (2, 1)), (4, (2, 2)), (6, (3, 2))])
def test_there_is_a_place_for_each(count: int, cells: tuple[int, int]) -> None:
    assert grid(count) == cells


def test_pictures_stand_side_by_side_and_go_when_nothing_comes() -> None:
    now = [0.0]
    scene = Scene(lambda: now[0])
    assert (luma(scene) == 16).all()
    scene.put("alice", plain(200))
    assert (luma(scene) == 200).all()
    now[0] = 2.0
    scene.put("bob", plain(100, 90, 180))
    both = luma(scene)
    assert both[HEIGHT // 2, WIDTH // 4] == 200
    assert both[HEIGHT // 2, 3 * WIDTH // 4] == 100
    assert both[4, WIDTH // 4] == 16  # above a wide one
    assert both[HEIGHT // 2, WIDTH // 2 + 4] == 16  # beside a narrow one
    now[0] = GONE_S + 1
    assert (luma(scene)[:, WIDTH // 2 - 20 : WIDTH // 2 + 20] == 100).all()
    scene.drop("bob")
    assert (luma(scene) == 16).all()


def test_there_are_only_so_many() -> None:
    scene = Scene()
    for party in range(2 * PARTIES_MAX):
        scene.put(str(party), plain(party))
    assert len(scene._frames) == PARTIES_MAX
    assert luma(scene).shape == (HEIGHT, WIDTH)


async def test_a_call_is_recorded_with_what_is_shown_though_nobody_looks(tmp_path: Path) -> None:
    path = tmp_path / "call.mkv"
    alice, bob = await asyncio.gather(
        Studio.begin("alice", audio_in="tone", video_in="test"), Studio.begin("bob", record=str(path))
    )
    try:
        await connect(alice, bob)
        await bob.hears(orders.Statistics)
        await until(lambda: any(_pictures(report) > 8 for report in bob.told), "pictures")
    finally:
        await asyncio.gather(alice.stop(), bob.stop())
    assert not any(isinstance(report, orders.Painted) for report in bob.told)
    with av.open(str(path)) as container:
        numbers = [number(frame) for frame in container.decode(video=0)]
    seen = [each for each in numbers if each is not None]
    assert len(set(seen)) >= 3
    assert seen == sorted(seen)
    with av.open(str(path)) as container:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert np.abs(sound).max() > 0.1


def _pictures(report: orders.Report) -> int:
    return report.legs[0].pictures if isinstance(report, orders.Statistics) and report.legs else 0
