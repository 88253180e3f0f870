"""What a door tells the client that it runs."""

import pytest

from protocol.errors import BodyInvalid
from protocol.handover import HANDOVER_BYTES, Handover, decode_handover, encode_handover
from protocol.rest import Device, Session, User

WHEN = "2026-01-01T00:00:00Z"
SESSION = Session(
    user=User(id="u1", username="alice", display_name="Alice", role="user", created_at=WHEN),
    device=Device(id="d1", name="Firefox", created_at=WHEN, last_seen_at=WHEN),
    access_token="a" * 400,
    refresh_token="r" * 64,
    expires_in=900,
)


def test_what_is_handed_over_arrives() -> None:
    handover = Handover(
        server="https://chat.example.org", folder="/tmp/x", socket="/run/x", address="::1", session=SESSION
    )
    assert decode_handover(encode_handover(handover)) == handover


def test_what_can_be_is_small_enough_for_a_pipe() -> None:
    longest = Handover(
        server="https://" + "x" * 255, folder="/" + "x" * 4_096, session=SESSION, reason="x" * 500
    )
    assert len(encode_handover(longest)) < HANDOVER_BYTES


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b'{"server": "x"}',
        b'{"server": "x", "folder": "/", "more": 1}',
        b"[" * 9_000,
        b" " * (HANDOVER_BYTES + 1),
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(BodyInvalid):
        decode_handover(data)
