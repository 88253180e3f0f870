"""What is taken of another device's description, and what is not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_agent.media import sdp

PRINT = ":".join(["AB"] * 32)
HOST = "a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host"


def described(*more: str, audio: str = "a=rtpmap:96 opus/48000/2", prints: tuple[str, ...] = (PRINT,)) -> str:
    lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "m=audio 9 UDP/TLS/RTP/SAVPF 96", audio, HOST]
    lines += [f"a=fingerprint:sha-256 {each}" for each in prints]
    return "\r\n".join([*lines, *more]) + "\r\n"


def kept(text: str) -> list[str]:
    return [line for line in sdp.checked(text).split("\r\n") if line.startswith("a=candidate:")]


def test_a_plain_one_is_taken_as_it_is() -> None:
    text = described("m=video 9 UDP/TLS/RTP/SAVPF 97", "a=rtpmap:97 VP8/90000")
    assert sdp.checked(text) == text
    assert sdp.fingerprint(text.lower().replace("v=0", "v=0")) == PRINT


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "cannot be read"),
        ("v=1\r\n", "cannot be read"),
        (described("a=\x00"), "cannot be read"),
        (described("a=\u202e"), "cannot be read"),
        (described("a=" + "x" * sdp.LINE_CHARS), "cannot be read"),
        (described(*["a=x"] * sdp.LINES_MAX), "cannot be read"),
        (described("a=" + "x" * sdp.SDP_BYTES), "too long"),
        (described(prints=()), "no fingerprint"),
        (described(prints=(PRINT, PRINT.replace("AB", "CD"))), "more than one"),
        (described("a=fingerprint:sha-1 AB:CD"), "no usable fingerprint"),
        (described(f"a=fingerprint:sha-512 {PRINT}"), "no usable fingerprint"),
        (described(prints=(PRINT[:-1],)), "no usable fingerprint"),
        (described(prints=(PRINT.replace("AB", "XY"),)), "no usable fingerprint"),
        (described("m=audio 9 UDP/TLS/RTP/SAVPF 96"), "neither sound nor pictures"),
        (described("m=application 9 UDP/DTLS/SCTP webrtc-datachannel"), "neither sound nor pictures"),
        (described(audio="a=rtpmap:0 PCMU/8000"), "no way to send sound"),
        (described("m=video 9 X 97", "a=rtpmap:97 AV1/90000"), "no way to send pictures"),
        ("v=0\r\n" + f"a=fingerprint:sha-256 {PRINT}\r\n", "sends no sound"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(text: str, why: str) -> None:
    with pytest.raises(sdp.Refused) as refused:
        sdp.checked(text)
    assert why in refused.value.text
    assert refused.value.text.endswith(".")


@pytest.mark.parametrize(
    "line",
    [
        "a=candidate:1 1 udp 1 127.0.0.1 22 typ host",
        "a=candidate:1 1 udp 1 ::1 22 typ host",
        "a=candidate:1 1 udp 1 router.local 22 typ host",
        "a=candidate:1 1 udp 1 224.0.0.1 22 typ host",
        "a=candidate:1 1 udp 1 0.0.0.0 22 typ host",
        "a=candidate:1 1 udp 1 192.0.2.1 0 typ host",
        "a=candidate:1 1 udp 1 192.0.2.1 99999 typ host",
        "a=candidate:1 1 tcp 1 192.0.2.1 22 typ host",
        "a=candidate:1 2 udp 1 192.0.2.1 22 typ host",
        "a=candidate:1 1 udp x 192.0.2.1 22 typ host",
        "a=candidate:1",
        "a=candidate:",
    ],
)
def test_a_candidate_that_nobody_can_have_is_left_out(line: str) -> None:
    assert kept(described(line)) == [HOST]
    assert sdp.candidate(line) is None


def test_a_flood_of_candidates_is_cut_off() -> None:
    flood = [f"a=candidate:{port} 1 udp 1 192.0.2.1 {port} typ host" for port in range(1_000, 1_300)]
    assert len(kept(described(*flood))) == 2 * sdp.CANDIDATES_MAX


def test_loopback_is_taken_from_this_machine_only() -> None:
    local = "a=candidate:2 1 udp 2130706431 127.0.0.1 6000 typ host"
    told = sdp.told(described(local))
    assert kept(told) == [HOST, local]
    # another port, or another certificate, is not what that machine has told
    assert kept(told.replace(" 6000 ", " 22 ")) == [HOST]
    assert kept(told.replace(PRINT, PRINT.replace("AB", "CD"))) == [HOST]
    assert kept(described(local, "a=x-mesh-machine:")) == [HOST]


def test_one_fingerprint_is_told() -> None:
    told = sdp.told(described("a=fingerprint:sha-512 " + PRINT))
    assert sdp.fingerprint(told) == PRINT


def test_what_opus_may_be_sent_with_is_told() -> None:
    lines = sdp.told(described("m=video 9 UDP/TLS/RTP/SAVPF 97", "a=rtpmap:97 VP8/90000")).split("\r\n")
    at = lines.index("a=rtpmap:96 opus/48000/2")
    assert lines[at + 1] == "a=fmtp:96 useinbandfec=1;usedtx=1"
    assert sum(line.startswith("a=fmtp:") for line in lines) == 1


def test_a_candidate_that_comes_by_itself() -> None:
    found = sdp.candidate(HOST)
    assert (found.ip, found.port, found.sdpMLineIndex) == ("192.0.2.1", 5000, 0)
    assert sdp.candidate("x" * 10_000) is None


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from([*described(HOST).split("\r\n"), "m=", "a=rtpmap:", "a=candidate: "])).map(
        "\n".join
    )
)
def test_no_text_does_anything_but_be_refused(text: str) -> None:
    try:
        checked = sdp.checked(text)
    except sdp.Refused:
        return
    assert sdp.checked(checked) == checked
