"""Nothing that a server sends reaches the program without having been cleaned."""

from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mesh_agent.client import arrival
from mesh_agent.client.arrival import clean, read_in
from mesh_agent.client.clean_rest import CONTENT_KEPT_CHARS
from mesh_agent.client.clean_signals import NO_CALL
from protocol import limits, rest
from protocol.codec import MSGPACK
from protocol.errors import InvalidMessage
from protocol.events import MessageCreated, ServerToClient, Typing
from protocol.signals import Candidate, RtcOffer, Sender, SessionDeclined
from protocol.text import clean_text
from tests.agent.rooms import AT, RoomLog, message, room, user, welcome

HOSTILE = "a\x1b[31mb\x9b2Jc\u202ed\x07e\r\nf\u2028g\ud800h\x7f"


def strings(value: Any) -> Iterator[str]:
    """Every string in a struct, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from strings(getattr(value, name))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from strings(part)
    elif isinstance(value, dict):
        yield from strings([*value, *value.values()])


def test_every_event_and_every_answer_has_a_cleaner_or_no_text() -> None:
    kinds = [*get_args(ServerToClient), rest.Session, rest.Room, rest.RoomList, rest.MemberList]
    kinds += [rest.MessagePage, rest.VersionInfo, rest.ErrorDetail, rest.User, rest.DeviceList, rest.Member]
    kinds += [rest.Ban, rest.BanList, rest.Invite, rest.InviteList, rest.MessageHistory, rest.SearchPage]
    kinds += [rest.PushTarget, rest.PushTargetList, rest.PushTest]
    kinds += [rest.KeyList, rest.IceServerList]
    without = {kind for kind in kinds if kind not in arrival.CLEANERS}
    assert {kind.__name__ for kind in without} == {"Pong"}


def test_a_hostile_room_and_its_messages_come_out_clean() -> None:
    log = RoomLog()
    log.post()
    bad_room = replace(room(), name=HOSTILE, topic=HOSTILE, created_by=HOSTILE, created_at=HOSTILE)
    bad_member = replace(log.members["u-me"], username=HOSTILE, display_name=HOSTILE, joined_at=HOSTILE)
    author = rest.Author(id="u", username=HOSTILE)
    bad_message = replace(
        message(1, 1),
        author=author,
        content=HOSTILE,
        content_type=HOSTILE,
        created_at=HOSTILE,
        edited_at=HOSTILE,
        reply_to=HOSTILE,
        thread=HOSTILE,
        mentions=[HOSTILE, "u"],
        nonce=HOSTILE,
    )
    resumed = log.replay(0)[-1]
    arrived = [
        clean(replace(resumed, room=bad_room, members=[bad_member])),
        clean(MessageCreated(message=bad_message)),
        clean(rest.MessagePage(messages=[bad_message], has_more=False)),
        clean(rest.RoomList(rooms=[bad_room])),
        clean(rest.ErrorDetail(code=HOSTILE, message=HOSTILE, request_id=HOSTILE)),
        clean(Typing(room_id="r", user_id="u", username=HOSTILE)),
        clean(
            replace(welcome(replace(log.state(None), epoch=HOSTILE)), user=replace(user(), username=HOSTILE))
        ),
    ]
    for text in strings(arrived):
        assert clean_text(text) == text
        text.encode()
    created = arrived[1]
    assert isinstance(created, MessageCreated)
    assert created.message.content == "a[31mb2Jcde\nf\ngh"
    assert created.message.author.username == "a[31mb2Jcde f gh"
    assert created.message.mentions == ["u"]
    assert created.message.nonce is None


def test_what_another_peer_says_comes_out_clean() -> None:
    sender = Sender(user_id="u", username=HOSTILE, device_id="d", peer_id=HOSTILE)
    arrived = [
        clean(Candidate(session_id="s", sender=sender, candidate={"candidate": HOSTILE, "n": 1})),
        clean(SessionDeclined(session_id="s", sender=sender, reason=HOSTILE)),
        clean(RtcOffer(call_id="c", room_id="r", sender=sender, sdp=HOSTILE, payload=HOSTILE)),
    ]
    for text in strings(arrived):
        assert clean_text(text) == text
        text.encode()
    sdp = "v=0\no=- 1 1 IN IP4 0.0.0.0\n"
    kept = RtcOffer(call_id="c", room_id="r", sender=replace(sender, username="bob", peer_id=None), sdp=sdp)
    assert clean(kept) == kept

    # Nobody can make others refuse what the server relays.
    strange = clean(Candidate(session_id="s", sender=sender, candidate={"a b": HOSTILE, "n": 1}))
    assert strange.candidate == {"n": 1}
    assert clean(replace(kept, call_id="two words")).call_id == NO_CALL


@pytest.mark.parametrize("bad", ["", "two words", "\x1b[2J", "é", "a" * (limits.ID_CHARS + 1), "a\n"])
def test_an_id_that_is_none_is_refused(bad: str) -> None:
    created, listed = MessageCreated(message=message(1, 1, room_id=bad)), rest.RoomList(rooms=[room(bad)])
    for arrived in (created, listed, user(bad), welcome(RoomLog(room_id=bad).state(None))):
        with pytest.raises(InvalidMessage):
            clean(arrived)


def test_a_token_that_would_end_a_header_is_refused() -> None:
    session = rest.Session(
        user=user(),
        device=rest.Device(id="d", name="d", created_at=AT, last_seen_at=AT),
        access_token="good",
        refresh_token="good",
        expires_in=900,
    )
    assert clean(session) == session
    with pytest.raises(InvalidMessage):
        clean(replace(session, access_token="bad\r\nX-Forged: yes"))


def test_lengths_are_cut_to_what_the_contract_allows() -> None:
    long = "x" * 100_000
    cleaned = clean(replace(room(), name=long, topic=long))
    assert (len(cleaned.name), len(cleaned.topic)) == (limits.NAME_CHARS, limits.TOPIC_CHARS)
    created = clean(MessageCreated(message=replace(message(1, 1), content=long, mentions=["u"] * 1_000)))
    assert len(created.message.content) == CONTENT_KEPT_CHARS
    assert len(created.message.mentions) == limits.MENTIONS


async def test_what_is_large_is_decoded_off_the_loop_and_is_the_same() -> None:
    created = MessageCreated(message=replace(message(1, 1), content="é\x1b" * 30_000))
    frame = MSGPACK.encode(created)
    assert len(frame) < arrival.OFF_LOOP_BYTES
    larger = MSGPACK.encode(replace(created, message=replace(created.message, mentions=["u" * 60] * 2_000)))
    assert len(larger) > arrival.OFF_LOOP_BYTES
    for data in (frame, larger):
        event = await read_in(data, MSGPACK.decode_event)
        assert isinstance(event, MessageCreated)
        assert event.message.content == "é" * (CONTENT_KEPT_CHARS // 2)


@given(st.text(), st.text(), st.text())
@settings(max_examples=200)
def test_whatever_the_text_it_can_be_painted_and_cleaning_it_again_changes_nothing(
    name: str, topic: str, content: str
) -> None:
    cleaned = clean(replace(room(), name=name, topic=topic))
    created = clean(MessageCreated(message=replace(message(1, 1), content=content)))
    for text in (cleaned.name, cleaned.topic):
        assert "\n" not in text
        text.encode()
    assert clean_text(created.message.content) == created.message.content
    assert clean(created) == created
