"""The limits fit together: what one of them allows, another must not make impossible."""

from msgspec import structs

from protocol import limits
from protocol.codec import FORMATS, decode_body, encode_body
from protocol.events import Hello, JoinRoom, MessageEdited, RoomJoined, RoomState, SendMessage, Welcome
from protocol.rest import (
    Author,
    Member,
    Message,
    MessagePage,
    Reaction,
    RegisterRequest,
    Room,
    SearchHit,
    SearchPage,
)
from protocol.signals import SendCandidate, SendRtcOffer
from tests.protocol import examples

WIDEST = "\U0001f469"
"""Four bytes in UTF-8, the most that a character takes where it is not escaped."""

ESCAPED = "\x01"
"""Six bytes in JSON, the most that our own encoder makes of one character."""

LONGEST_ID = "i" * limits.ID_CHARS


def longest_message() -> Message:
    """Users are named by the ids that a server gives, everything else by the longest there can be."""
    reaction = Reaction(reaction=WIDEST * limits.REACTION_CHARS, users=[examples.BOB] * limits.REACTION_USERS)
    return Message(
        id=LONGEST_ID,
        room_id=LONGEST_ID,
        seq=limits.INTEGER_MAX,
        rev=limits.INTEGER_MAX,
        author=Author(id=LONGEST_ID, username=WIDEST * limits.USERNAME_CHARS),
        content=ESCAPED * limits.CONTENT_CHARS,
        content_type=ESCAPED * limits.CONTENT_TYPE_CHARS,
        created_at="2024-11-20T09:02:30.000Z",
        edited_at="2024-11-20T09:02:30.000Z",
        reply_to=LONGEST_ID,
        thread=LONGEST_ID,
        mentions=[LONGEST_ID] * limits.MENTIONS,
        reactions=[reaction] * limits.REACTIONS,
        pinned=True,
        nonce=LONGEST_ID,
    )


def test_the_longest_message_fits_in_a_frame() -> None:
    longest = SendMessage(
        id=LONGEST_ID,
        room_id=LONGEST_ID,
        nonce=LONGEST_ID,
        content=WIDEST * limits.CONTENT_CHARS,
        content_type="t" * limits.CONTENT_TYPE_CHARS,
        reply_to=LONGEST_ID,
        thread=LONGEST_ID,
        mentions=[LONGEST_ID] * limits.MENTIONS,
    )
    for fmt in FORMATS.values():
        assert fmt.decode_request(fmt.encode(longest)) == longest


def test_the_longest_signal_fits_in_a_frame() -> None:
    """Of ASCII, which is what the two peers of a call exchange, twice; of the widest there is, once."""
    text = "x" * limits.SIGNAL_CHARS
    offer = SendRtcOffer(
        id=LONGEST_ID,
        call_id=LONGEST_ID,
        room_id=LONGEST_ID,
        to=[LONGEST_ID] * limits.SIGNAL_TARGETS,
        sdp=text,
        payload=text,
    )
    for longest in (
        offer,
        structs.replace(offer, sdp=WIDEST * limits.SIGNAL_CHARS, payload=None),
        SendCandidate(id=LONGEST_ID, session_id=LONGEST_ID, candidate=text, payload=text),
    ):
        for fmt in FORMATS.values():
            assert fmt.decode_request(fmt.encode(longest)) == longest


def test_a_hello_that_resumes_every_room_it_may_fits_in_a_frame() -> None:
    """With the ids that a server gives; only a client that made up longer ones would not fit."""
    ids = [f"{number:0{len(examples.ROOM)}}" for number in range(limits.RESUME_ROOMS)]
    longest = Hello(
        version=1,
        token="t" * limits.TOKEN_CHARS,
        resume=dict.fromkeys(ids, limits.INTEGER_MAX),
    )
    for fmt in FORMATS.values():
        assert fmt.decode_request(fmt.encode(longest)) == longest


def test_the_members_of_a_full_room_fit_in_a_frame_of_the_server() -> None:
    member = Member(
        user_id=examples.BOB,
        username=WIDEST * limits.USERNAME_CHARS,
        display_name=WIDEST * limits.NAME_CHARS,
        role="moderator",
        presence="offline",
        joined_at="2024-11-20T09:02:30.000Z",
        status_text=WIDEST * limits.STATUS_CHARS,
        read_seq=limits.INTEGER_MAX,
    )
    joined = RoomJoined(
        re=LONGEST_ID,
        room_id=examples.ROOM,
        room=examples.my_room,
        members=[member] * limits.ROOM_MEMBERS,
        last_seq=limits.INTEGER_MAX,
        rev=limits.INTEGER_MAX,
    )
    for fmt in FORMATS.values():
        assert fmt.decode_event(fmt.encode(joined)) == joined


def test_a_welcome_with_as_many_rooms_as_a_person_may_be_in_fits_in_a_frame_of_the_server() -> None:
    room = Room(
        id=examples.ROOM,
        name=WIDEST * limits.NAME_CHARS,
        topic=WIDEST * limits.TOPIC_CHARS,
        visibility="private",
        kind="dm",
        created_by=examples.ALICE,
        created_at="2024-11-20T09:02:30.000Z",
        last_seq=limits.INTEGER_MAX,
        rev=limits.INTEGER_MAX,
        archived=True,
        slow_mode_s=limits.SLOW_MODE_MAX_S,
        retention_s=limits.RETENTION_MAX_S,
        receipts=True,
        dm_with=Author(id=examples.BOB, username=WIDEST * limits.USERNAME_CHARS),
        member_count=limits.ROOM_MEMBERS,
        my_role="moderator",
        read_seq=limits.INTEGER_MAX,
        unread=limits.INTEGER_MAX,
        mentions=limits.INTEGER_MAX,
    )
    state = RoomState(
        room_id=examples.ROOM,
        last_seq=limits.INTEGER_MAX,
        rev=limits.INTEGER_MAX,
        epoch="e" * len(examples.ROOM),
        room=room,
        gap=True,
    )
    example = examples.SERVER_TO_CLIENT["system.welcome"]
    assert isinstance(example, Welcome)
    welcome = structs.replace(example, rooms=[state] * limits.USER_ROOMS)
    for fmt in FORMATS.values():
        assert fmt.decode_event(fmt.encode(welcome)) == welcome


def test_the_longest_message_that_everyone_reacts_to_fits_in_a_frame_of_the_server() -> None:
    event = MessageEdited(re=LONGEST_ID, message=longest_message())
    for fmt in FORMATS.values():
        assert fmt.decode_event(fmt.encode(event)) == event


def test_a_page_of_the_longest_messages_fits_in_an_answer() -> None:
    page = MessagePage(messages=[longest_message()] * limits.PAGE_MAX, has_more=True)
    assert decode_body(encode_body(page), MessagePage, limit=limits.ANSWER_BYTES) == page


def test_a_page_of_the_longest_messages_that_were_found_fits_in_an_answer() -> None:
    hit = SearchHit(room_id=LONGEST_ID, room_name=WIDEST * limits.NAME_CHARS, message=longest_message())
    page = SearchPage(hits=[hit] * limits.PAGE_MAX, has_more=True, next=LONGEST_ID)
    assert decode_body(encode_body(page), SearchPage, limit=limits.ANSWER_BYTES) == page


def test_the_longest_password_fits_in_a_body_and_its_field() -> None:
    longest = RegisterRequest(
        username=WIDEST * limits.USERNAME_CHARS, password=ESCAPED * limits.PASSWORD_MAX_CHARS
    )
    assert decode_body(encode_body(longest), RegisterRequest) == longest


def test_an_id_is_as_long_as_it_may_be() -> None:
    request = JoinRoom(room_id=LONGEST_ID)
    for fmt in FORMATS.values():
        assert fmt.decode_request(fmt.encode(request)) == request
