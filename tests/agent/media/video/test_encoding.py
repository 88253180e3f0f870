"""VP8 in packets: of the right size, number of bits, and with keyframes where they are asked for."""

import av
import numpy as np
import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor
from av import VideoFrame

from mesh_agent.media.leg import PAYLOAD_BYTES as LEG_PAYLOAD_BYTES
from mesh_agent.media.video import pattern
from mesh_agent.media.video.encoding import PAYLOAD_BYTES, Encoded, Encoder, size
from mesh_agent.media.video.rate import STEPS, Step

BEST = Step(600, 180, 15)


def restless(number: int) -> VideoFrame:
    """Much that moves, which takes many bits."""
    noise = np.random.default_rng(number // 3).integers(0, 255, (270, 320), np.uint8)
    noise[180:] = 128
    return VideoFrame.from_ndarray(noise, format="yuv420p")


def whole(encoded: Encoded) -> bytes:
    data = b""
    for index, payload in enumerate(encoded.payloads):
        descriptor, part = VpxPayloadDescriptor.parse(payload)
        assert descriptor.partition_start == (index == 0)
        data += part
    return data


def test_packets_are_small_and_put_together_they_are_the_picture() -> None:
    encoder, decoder = Encoder(), av.CodecContext.create("vp8", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    found = [
        encoder.encode(restless(number), number / 15, BEST, screen=False, key=False) for number in range(12)
    ]
    sent = [each for each in found if each is not None]  # some are left out, to save bits
    assert len(sent) >= 3
    assert [each.whole for each in sent] == [True] + [False] * (len(sent) - 1)
    assert max(len(each.payloads) for each in sent) > 1
    for each in sent:
        assert all(len(payload) <= PAYLOAD_BYTES for payload in each.payloads)
        (frame,) = decoder.decode(av.Packet(whole(each)))
        assert (frame.width, frame.height) == (320, 180)
    assert PAYLOAD_BYTES == LEG_PAYLOAD_BYTES


def test_timestamps_follow_the_clock_and_only_go_forwards() -> None:
    encoder = Encoder()
    times = []
    for at in (100.0, 100.1, 100.1, 100.05):
        encoded = encoder.encode(pattern.draw(0), at, BEST, screen=False, key=False)
        assert encoded is not None
        times.append(encoded.timestamp)
    assert times[0] == 9_000_000
    assert times == [9_000_000, 9_009_000, 9_009_001, 9_009_002]


def test_a_keyframe_comes_where_it_is_asked_for_and_with_another_size() -> None:
    encoder = Encoder()
    keys = []
    for number in range(12):
        step = BEST if number < 8 else STEPS[0]
        encoded = encoder.encode(pattern.draw(number), number / 15, step, screen=False, key=number == 5)
        assert encoded is not None
        keys.append(encoded.whole)
    assert [index for index, key in enumerate(keys) if key] == [0, 5, 8]


@pytest.mark.parametrize("step", [STEPS[0], STEPS[2], STEPS[4]])
def test_it_spends_about_as_many_bits_as_it_may(step: Step) -> None:
    encoder = Encoder()
    spent, pictures = 0, int(6 * step.rate)
    for number in range(pictures):
        encoded = encoder.encode(restless(number), number / step.rate, step, screen=False, key=False)
        spent += 0 if encoded is None else encoded.size
    assert spent * 8 / 6_000 <= 1.35 * step.kbps


@pytest.mark.parametrize(
    ("width", "height", "screen", "sent"),
    [
        (640, 480, False, (278, 208)),
        (1280, 720, False, (320, 180)),
        (160, 90, False, (160, 90)),
        (1920, 1080, True, (640, 360)),
        (3, 3, False, (16, 16)),
    ],
)
def test_pictures_are_sent_small_and_never_larger_than_they_are(
    width: int, height: int, screen: bool, sent: tuple[int, int]
) -> None:
    assert size(width, height, BEST, screen=screen) == sent
