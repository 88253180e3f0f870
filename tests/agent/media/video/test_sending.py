"""What is sent: at the pace that is asked for, only while somebody is there, with few keyframes."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

import pytest
from av import VideoFrame

from mesh_agent.media.video.encoding import Encoded
from mesh_agent.media.video.rate import Step
from mesh_agent.media.video.sending import KEY_GAP_S, SENT_MAX, Sending
from mesh_agent.media.video.sources import Feed, Numbered
from tests.support.conditions import until

QUICK = Step(600, 90, 60)


class Sent:
    """`encoded`: what was; each counts as sent at once where `takes`."""

    def __init__(self) -> None:
        self.encoded: list[Encoded] = []
        self.shown: list[VideoFrame] = []
        self.takes = True
        self.sending = Sending(self._take, self.shown.append)
        self.sending.step = QUICK

    def _take(self, encoded: Encoded) -> None:
        self.encoded.append(encoded)
        if self.takes:
            self.sending.taken()


@pytest.fixture
async def sent() -> AsyncIterator[Sent]:
    sent = Sent()
    feed = Feed(Numbered(rate=60), lambda _feed, _text: None)
    sent.sending.begin(feed)
    yield sent
    await asyncio.to_thread(sent.sending.end)
    feed.close()


async def test_nothing_is_encoded_while_nobody_is_there(sent: Sent) -> None:
    await until(lambda: len(sent.shown) > 3, "our own picture")
    assert sent.encoded == []
    sent.sending.connected = True
    await until(lambda: sent.encoded, "a picture")
    assert sent.encoded[0].whole


async def test_keyframes_are_few_however_often_one_is_asked_for(sent: Sent) -> None:
    begun = monotonic()
    sent.sending.connected = True

    def asked() -> bool:
        sent.sending.want_key()
        return sum(each.whole for each in sent.encoded) >= 3 and len(sent.encoded) > 6

    await until(asked, "three keyframes among others")
    keys = sum(each.whole for each in sent.encoded)
    assert monotonic() - begun >= (keys - 1) * KEY_GAP_S


async def test_what_the_loop_does_not_take_is_not_encoded(sent: Sent) -> None:
    sent.takes = False
    sent.sending.connected = True
    await until(lambda: len(sent.encoded) == SENT_MAX, "pictures that nobody takes")
    shown = len(sent.shown)
    await until(lambda: len(sent.shown) > shown + 3, "more of our own")
    assert len(sent.encoded) == SENT_MAX
    sent.sending.taken()
    await until(lambda: len(sent.encoded) == SENT_MAX + 1, "one more")


async def test_pictures_come_as_often_as_the_line_takes_them(sent: Sent) -> None:
    sent.sending.step = Step(600, 90, 5)
    have = len(sent.shown)
    begun = monotonic()
    await until(lambda: len(sent.shown) >= have + 4, "four pictures")
    assert monotonic() - begun >= 2 / 5
