"""What two devices tell each other of where they are: bounded, checked as a whole, and never believed."""

import base64
import contextlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_agent.machines.ways import HEAD_START_S, MEET_S
from mesh_agent.net.addresses import (
    ADDRESSES_MAX,
    is_loopback,
    machine_tag,
    own_hosts,
    read_address,
    to_try,
    write_address,
)
from mesh_agent.net.ice import stun_server
from mesh_agent.net.rendezvous import (
    CANDIDATES_MAX,
    RENDEZVOUS_CHARS,
    IceSide,
    Rendezvous,
    new_nonce_text,
    read_candidate,
    read_rendezvous,
    write_rendezvous,
)
from protocol import limits
from protocol.errors import PeerMalformed
from protocol.rest import IceServer

NONCE = b"n" * 32
CANDIDATE = "abc 1 udp 2130706431 192.0.2.1 54321 typ host"
FULL: dict[str, Any] = {
    "nonce": new_nonce_text(NONCE),
    "udp": ["192.0.2.1:54321", "[2001:db8::1]:54321"],
    "tcp": ["192.0.2.1:1"],
    "machine": "0" * 64,
    "ice": {"ufrag": "abcd", "pwd": "p" * 22, "candidates": [CANDIDATE]},
    "relay": True,
}


def test_what_is_written_is_read() -> None:
    read = read_rendezvous(json.dumps(FULL))
    assert read.nonce_bytes == NONCE
    assert read_rendezvous(write_rendezvous(read)) == read
    assert read_rendezvous(json.dumps(FULL | {"later": "unknown fields are passed over"})) == read


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"nonce": ""},
        {"nonce": base64.b64encode(b"n" * 31 + b"\0\0").decode()},
        {"nonce": "!" * 44},
        {"nonce": None},
        {"udp": ["192.0.2.1:54321"] * (ADDRESSES_MAX + 1)},
        {"udp": ["example.org:80"]},
        {"udp": ["192.0.2.1:54321\n"]},
        {"udp": "192.0.2.1:1"},
        {"tcp": ["0.0.0.0:80"]},
        {"tcp": ["x" * 65]},
        {"machine": "0" * 65},
        {"relay": "yes"},
        {"ice": {"ufrag": "abcd", "pwd": "short", "candidates": []}},
        {"ice": {"ufrag": "a b", "pwd": "p" * 22, "candidates": []}},
        {"ice": {"ufrag": "abcd", "pwd": "p" * 22, "candidates": [CANDIDATE] * (CANDIDATES_MAX + 1)}},
        {"ice": {"ufrag": "abcd", "pwd": "p" * 22, "candidates": ["nonsense"]}},
        {
            "ice": {
                "ufrag": "abcd",
                "pwd": "p" * 22,
                "candidates": [CANDIDATE.replace("192.0.2.1", "x.local")],
            }
        },
    ],
)
def test_whatever_does_not_fit_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(PeerMalformed):
        read_rendezvous(json.dumps(FULL | changes))


def test_a_text_that_is_too_long_is_not_even_read() -> None:
    text = json.dumps(FULL | {"padding": "x" * RENDEZVOUS_CHARS})
    with pytest.raises(PeerMalformed):
        read_rendezvous(text)


def test_the_largest_rendezvous_fits_a_signal() -> None:
    """Candidates that do not fit are left out, and whoever carries the text has room for words of its own."""
    long = "f" * 32 + " 1 udp 2130706431 2001:db8:1111:2222:3333:4444:5555:6666 54321 typ srflx"
    long += " raddr 2001:db8:1111:2222:3333:4444:5555:6666 rport 54321 generation 0"
    ice = IceSide(ufrag="u" * 64, pwd="p" * 128, candidates=[long] * CANDIDATES_MAX)
    address = "[2001:db8:1111:2222:3333:4444:5555:6666]:54321"
    addresses = [address] * ADDRESSES_MAX
    text = write_rendezvous(
        Rendezvous(nonce=new_nonce_text(NONCE), udp=addresses, tcp=addresses, machine="0" * 64, ice=ice)
    )
    assert len(text) <= RENDEZVOUS_CHARS < limits.SIGNAL_CHARS
    read = read_rendezvous(text)
    assert read.ice is not None
    assert read.ice.candidates
    with_more = write_rendezvous(
        Rendezvous(
            nonce=new_nonce_text(NONCE), ice=IceSide(ufrag="abcd", pwd="p" * 22, candidates=["x" * 400] * 48)
        )
    )
    assert len(with_more) <= RENDEZVOUS_CHARS


@given(st.text(max_size=300))
def test_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(PeerMalformed):
        read_rendezvous(text)


_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=50)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*FULL, "v", "more"]), _json, max_size=4))
def test_fields_of_any_kind_are_read_or_refused(changes: dict[str, Any]) -> None:
    try:
        read = read_rendezvous(json.dumps(FULL | changes))
    except PeerMalformed:
        return
    for text in (*read.udp, *read.tcp):
        read_address(text)


# ── addresses ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1:1", ("192.0.2.1", 1)),
        ("[2001:DB8::1]:65535", ("2001:db8::1", 65_535)),
        ("127.0.0.1:9", ("127.0.0.1", 9)),
        ("[::1]:9", ("::1", 9)),
        ("10.0.0.1:9", ("10.0.0.1", 9)),
        ("[fd00::2]:9", ("fd00::2", 9)),
        ("169.254.3.4:9", ("169.254.3.4", 9)),
    ],
)
def test_an_address_that_a_device_can_have(text: str, address: tuple[str, int]) -> None:
    assert read_address(text) == address
    assert read_address(write_address(*address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":1",
        "192.0.2.1",
        "192.0.2.1:",
        "192.0.2.1:0",
        "192.0.2.1:65536",
        "192.0.2.1:-1",
        "192.0.2.1:1 ",
        "192.0.2.1:٣",
        "192.0.2.1:1_0",
        "2001:db8::1:80",
        "[192.0.2.1]:80",
        "[2001:db8::1%eth0]:80",
        "[fe80::1]:80",
        "[::ffff:127.0.0.1]:80",
        "[::]:80",
        "[ff02::1]:80",
        "0.0.0.0:80",
        "224.0.0.1:80",
        "255.255.255.255:80",
        "240.0.0.1:80",
        "127.1:80",
        "0x7f000001:80",
        "localhost:80",
        "example.org:80",
    ],
)
def test_an_address_that_no_device_can_have_is_never_tried(text: str) -> None:
    with pytest.raises(ValueError):
        read_address(text)


def test_nobody_can_send_us_to_the_ports_of_our_own_machine() -> None:
    told = ["127.0.0.1:22", "192.0.2.1:9", "[::1]:22", "192.0.2.1:9", "127.8.8.8:22"]
    assert to_try(told, same_machine=False) == [("192.0.2.1", 9)]
    assert len(to_try(told, same_machine=True)) == 4


def test_only_programs_on_this_machine_know_its_hash() -> None:
    assert machine_tag(NONCE) == machine_tag(NONCE)
    assert machine_tag(NONCE) != machine_tag(b"m" * 32)
    assert len(machine_tag(NONCE)) in (0, 64)


def test_our_own_addresses_are_ones_that_can_be_told() -> None:
    hosts = own_hosts()
    assert "127.0.0.1" in hosts
    assert len(hosts) <= ADDRESSES_MAX
    for host in hosts:
        assert read_address(write_address(host, 1))[0] == host
    assert [is_loopback(host) for host in hosts] == sorted(
        (is_loopback(host) for host in hosts), reverse=True
    )


# ── ICE ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        CANDIDATE,
        "abc 1 UDP 1 192.0.2.1 9 typ srflx raddr 10.0.0.1 rport 9",
        "abc 1 udp 1 2001:db8::1 9 typ relay raddr 192.0.2.1 rport 9 generation 0",
    ],
)
def test_a_candidate_that_can_be_tried(text: str) -> None:
    kind, _, port = read_candidate(text)
    assert kind in text
    assert 1 <= port <= 65_535


@pytest.mark.parametrize(
    "text",
    [
        "",
        CANDIDATE + " tcptype active",
        CANDIDATE.replace("udp", "tcp"),
        CANDIDATE.replace(" 1 udp", " 2 udp"),
        CANDIDATE.replace("host", "prflx"),
        CANDIDATE.replace("192.0.2.1", "224.0.0.1"),
        CANDIDATE.replace("192.0.2.1", "aaaa.local"),
        CANDIDATE.replace("54321", "0"),
        CANDIDATE + "\n",
    ],
)
def test_a_candidate_that_cannot_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_candidate(text)


def test_only_a_stun_server_that_ours_has_named_is_asked() -> None:
    assert stun_server([]) is None
    turn = IceServer(urls=["turn:turn.example:3478"], username="name", credential="secret")
    ours = IceServer(urls=["stun:mesh.example:8000", "stun:other.example"])
    assert stun_server([turn, ours]) == ("mesh.example", 8000)
    assert stun_server([turn]) is None
    assert stun_server([IceServer(urls=["stun:[2001:db8::1]:9"])]) == ("2001:db8::1", 9)
    assert stun_server([IceServer(urls=["stun:mesh.example"])]) == ("mesh.example", 3478)
    odd = ["", "stun:", "stun:x:99999", "http://x:1", "turn:x:1?transport=tcp", "stun:x:١", "stun:x:y"]
    assert stun_server([IceServer(urls=odd)]) is None


def test_the_page_says_what_is_so() -> None:
    page = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text("utf-8")
    section = page.partition("\n### Meeting\n")[2]
    documented = re.findall(r"^\| `(\w+)` \|", section.partition("```")[0], re.MULTILINE)
    assert documented == list(Rendezvous.__struct_fields__)
    text = " ".join(section.split())
    for said in (
        f"at most {RENDEZVOUS_CHARS:,} characters",
        f"up to {ADDRESSES_MAX} addresses",
        f"up to {CANDIDATES_MAX} `candidates`",
        f"{HEAD_START_S['punched']:g} seconds have brought no direct way",
        f"the relay after {HEAD_START_S['relay']:g} seconds; after {MEET_S:g} seconds",
    ):
        assert said in text, said
    (shown,) = re.findall(r"```text\n(.*?)\n```", section, re.DOTALL)
    assert read_rendezvous(shown).more
