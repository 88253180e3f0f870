"""The pure parts of the browser's door: terminal modes, origins, packets."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_server.doors.web.door import browser_name
from mesh_server.doors.web.modes import RESET, TAIL_BYTES, Modes
from mesh_server.doors.web.origins import Reached, cookie_name, is_own
from mesh_server.doors.web.wire import Arrived, End, Packet, Pinged, Resized, Typed, decode, pong

START = b"\x1b[?1049h\x1b[?1000h\x1b[?1003hpainted\x1b[?25l\x1b[?2004h\x1b[?2026hframe\x1b[?2026l"
TOLD = RESET + b"\x1b[?1049h\x1b[?1000h\x1b[?1003h\x1b[?25l\x1b[?2004h"


@given(st.lists(st.integers(0, len(START)), max_size=9))
def test_switches_are_read_wherever_the_bytes_are_cut(cuts: list[int]) -> None:
    modes = Modes()
    edges = [0, *sorted(cuts), len(START)]
    for begin, end in pairwise(edges):
        modes.feed(START[begin:end])
    assert modes.told_again() == TOLD


def test_the_last_word_about_a_switch_is_what_is_told() -> None:
    modes = Modes()
    modes.feed(b"\x1b[?1000;1006h\x1b[?1000l\x1b[?9999h\x1b[?;25l\x1b[1000h")
    assert modes.told_again() == RESET + b"\x1b[?1000l\x1b[?1006h\x1b[?25l"


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_nothing_that_is_written_makes_it_fail_or_grow(pieces: list[bytes]) -> None:
    modes = Modes()
    for piece in pieces:
        modes.feed(piece)
        assert len(modes._tail) <= TAIL_BYTES
    assert len(modes.told_again()) < 200


@pytest.mark.parametrize(
    ("origin", "host", "secure", "public", "own"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000", False, "", True),
        ("https://chat.example.org", "chat.example.org", True, "", True),
        ("https://chat.example.org", "chat.example.org:443", True, "", True),
        ("https://chat.example.org", "chat.example.org", False, "", True),  # a proxy that says nothing of TLS
        ("http://chat.example.org", "chat.example.org", True, "", False),
        ("https://CHAT.example.org", "chat.example.org", True, "", True),
        ("https://chat.example.org:8443", "chat.example.org", True, "", False),
        ("https://chat.example.org:8443", "10.0.0.5", False, "https://chat.example.org:8443", True),
        ("https://evil.example", "chat.example.org", True, "https://chat.example.org", False),
        ("https://chat.example.org.evil.example", "chat.example.org", True, "", False),
        ("http://[::1]:8000", "[::1]:8000", False, "", True),
        ("null", "chat.example.org", False, "", False),
        ("", "chat.example.org", False, "", False),
        ("file://", "", False, "", False),
        ("http://chat.example.org:99999", "chat.example.org", False, "", False),
        ("http://[::1", "[::1", False, "", False),
    ],
)
def test_an_origin_is_ours_or_not(origin: str, host: str, secure: bool, public: str, own: bool) -> None:
    assert is_own(origin, Reached(host, secure), public) is own


def test_a_cookie_of_a_secure_line_has_a_name_that_others_cannot_set() -> None:
    assert cookie_name(True).startswith("__Host-")
    assert not cookie_name(False).startswith("__")


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        ('["stdin", "\\u00e9\\r"]', Typed(b"\xc3\xa9\r")),
        ('["resize", {"width": 80, "height": 24}]', Resized(80, 24)),
        ('["ping", "1"]', Pinged("1")),
        ('["ack", 5]', Arrived(5)),
        ('["focus"]', None),
        ('["stdin", 5]', None),
        ('["resize", {"width": 80}]', None),
        ('["resize", [80, 24]]', None),
        ('{"stdin": "x"}', None),
        ("[]", None),
        ("", None),
        ("[" * 5_000, None),
    ],
)
def test_packets_are_read_as_textual_serves_page_writes_them(text: str, packet: Packet | None) -> None:
    assert decode(text) == packet


@given(st.text())
def test_no_text_makes_reading_fail(text: str) -> None:
    decode(text)


def test_an_answer_to_a_ping_names_it() -> None:
    assert pong('"1') == '["pong","\\"1"]'


def test_only_a_restart_is_a_reason_to_try_again() -> None:
    assert {end for end in End if end.code != 4000} == {End.RESTART}


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox"),
        ("Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36", "Chrome"),
        ("Mozilla/5.0 AppleWebKit/537.36 Chrome/150.0.0.0 Safari/537.36 Edg/150.0", "Edge"),
        ("Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 Version/20.0 Mobile/15E148 Safari/604.1", "Safari"),
        ("", "a browser"),
    ],
)
def test_a_device_is_called_after_its_browser(agent: str, name: str) -> None:
    assert browser_name(agent).startswith(name)
