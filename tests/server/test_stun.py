"""STUN: the vectors of RFC 5769, questions of every kind, and sockets."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import aioice
import pytest
from aioice import stun
from aioice.ice import StunProtocol
from hypothesis import given
from hypothesis import strategies as st

from mesh_server.stun import (
    ANSWER_FACTOR,
    NETWORK_RATE,
    QUESTION_BYTES,
    Address,
    Responder,
    StunServer,
    answer,
    with_fingerprint,
)
from tests.support.conditions import PATIENCE_S
from tests.support.ports import free_port
from tests.support.server import ServerProcess, running_server
from tests.support.wire import register

REQUEST_OF_THE_RFC = bytes.fromhex(
    """
    00010058 2112a442 b7e7a701 bc34d686 fa87dfae 80220010 5354554e 20746573 7420636c 69656e74 00240004
    6e0001ff 80290008 932ff9b1 51263b36 00060009 6576746a 3a683676 59202020 00080014 9aeaa70c bfd8cb56
    781ef2b5 b2d3f249 c1b571a2 80280004 e57a3bcf
    """
)
"""RFC 5769 section 2.1."""

TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
HOME = ("192.0.2.1", 32853)
HOME_6 = ("2001:db8:1234:5678:11:2233:4455:6677", 32853)


def request(*attributes: tuple[int, bytes], kind: int = 0x0001, fingerprint: bool = False) -> bytes:
    body = b"".join(
        struct.pack("!HH", type_, len(value)) + value + bytes(-len(value) % 4) for type_, value in attributes
    )
    message = struct.pack("!HHI12s", kind, len(body), 0x2112A442, TRANSACTION) + body
    return with_fingerprint(message) if fingerprint else message


def told(question: bytes, source: Address = HOME) -> bytes:
    found = answer(question, source)
    assert found is not None
    return found


# ── one question ─────────────────────────────────────────────────────────────────────────────────


def test_the_address_is_disguised_as_in_the_rfc() -> None:
    """The XOR-MAPPED-ADDRESS of RFC 5769 sections 2.2 and 2.3."""
    assert told(request()) == bytes.fromhex("0101000c2112a442") + TRANSACTION + bytes.fromhex(
        "00200008 0001a147 e112a643"
    )
    assert told(request(), HOME_6)[20:] == bytes.fromhex(
        "00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9"
    )


def test_an_ipv4_address_on_a_socket_of_ipv6_is_one_of_ipv4() -> None:
    assert told(request(), ("::ffff:192.0.2.1", 32853)) == told(request())
    assert told(request(), ("fe80::1%eth0", 1))[20:24] == bytes.fromhex("00200014")


def test_the_question_of_the_rfc_is_read_and_its_priority_is_not_understood() -> None:
    found = told(REQUEST_OF_THE_RFC)
    assert struct.unpack_from("!HHI12s", found) == (0x0111, len(found) - 20, 0x2112A442, TRANSACTION)
    message = stun.parse_message(found)
    assert message.attributes["ERROR-CODE"] == (420, "Unknown attribute")
    at = found.index(struct.pack("!HH", 0x000A, 2))
    assert found[at + 4 : at + 6] == struct.pack("!H", 0x0024)


def test_a_fingerprint_is_answered_with_one() -> None:
    found = told(request(fingerprint=True))
    assert found == with_fingerprint(told(request()))
    assert stun.parse_message(found).attributes["FINGERPRINT"]


def test_a_wrong_fingerprint_is_met_with_silence() -> None:
    damaged = REQUEST_OF_THE_RFC[:-1] + b"\x00"
    assert answer(damaged, HOME) is None
    early = request((0x8028, b"abcd"), (0x8022, b"mesh"))
    assert answer(early, HOME) is None


@pytest.mark.parametrize("type_", [0x0006, 0x0008, 0x0014, 0x8022, 0x8029, 0xFFFF])
def test_what_is_known_or_need_not_be_understood_is_ignored(type_: int) -> None:
    assert told(request((type_, b"12345"))) == told(request())


def test_every_unknown_attribute_is_named_once() -> None:
    found = told(request((0x0003, b"1234"), (0x7777, b""), (0x0003, b""), (0x0024, b"")))
    unknown = struct.pack("!HHHHH", 0x000A, 6, 0x0003, 0x7777, 0x0024) + b"\x00\x00"
    assert found.endswith(unknown)


@pytest.mark.parametrize(
    "question",
    [
        b"",
        b"hello",
        request()[:-1],
        request() + b"\x00",
        request(kind=0x0011),  # an indication
        request(kind=0x0101),  # an answer: two responders would talk for ever
        request(kind=0x0111),
        request(kind=0x0003),  # TURN's Allocate
        request(kind=0xC001),
        struct.pack("!HHI12s", 1, 0, 0x12345678, TRANSACTION),  # RFC 3489
        struct.pack("!HHI12s", 1, 4, 0x2112A442, TRANSACTION) + struct.pack("!HH", 0x8022, 4),
        struct.pack("!HHI12s", 1, 3, 0x2112A442, TRANSACTION) + b"abc",
        request((0x8022, bytes(QUESTION_BYTES))),
    ],
)
def test_what_is_no_question_is_met_with_silence(question: bytes) -> None:
    assert answer(question, HOME) is None


attributes = st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=12)), max_size=8)
addresses = st.sampled_from([HOME, HOME_6, ("::ffff:192.0.2.1", 1)])


@given(attributes, st.booleans(), addresses)
def test_no_answer_is_much_larger_than_its_question(
    chosen: list[tuple[int, bytes]], fingerprint: bool, source: Address
) -> None:
    question = request(*[each for each in chosen if each[0] != 0x8028], fingerprint=fingerprint)
    found = told(question, source)
    assert len(found) <= ANSWER_FACTOR * len(question)
    stun.parse_message(found)


@given(st.binary(max_size=200), addresses)
def test_garbage_is_met_with_silence(data: bytes, source: Address) -> None:
    answer(data, source)
    answer(request()[:2] + struct.pack("!H", len(data)) + request()[4:] + data, source)


@given(st.integers(0, len(REQUEST_OF_THE_RFC) - 1), st.integers(0, 255))
def test_a_damaged_question_harms_nobody(at: int, byte: int) -> None:
    answer(REQUEST_OF_THE_RFC[:at] + bytes([byte]) + REQUEST_OF_THE_RFC[at + 1 :], HOME)


# ── how many ─────────────────────────────────────────────────────────────────────────────────────


def test_one_network_gets_so_many_answers_and_others_theirs() -> None:
    responder = Responder()
    answers = [responder.answer(request(), HOME, 0.0) for _ in range(NETWORK_RATE.times + 10)]
    assert sum(found is not None for found in answers) == NETWORK_RATE.times
    assert responder.answer(request(), ("192.0.2.2", 1), 0.0) is not None
    later = NETWORK_RATE.span_s
    assert responder.answer(request(), HOME, later) is not None
    for number in range(NETWORK_RATE.times):
        assert responder.answer(request(), (f"2001:db8::{number:x}", 1), later) is not None
    assert responder.answer(request(), ("2001:db8::ffff", 1), later) is None
    assert (responder.answered, responder.dropped) == (2 * NETWORK_RATE.times + 2, 11)


def test_noise_spends_nothing() -> None:
    responder = Responder()
    for _ in range(10 * NETWORK_RATE.times):
        assert responder.answer(b"noise", HOME, 0.0) is None
    assert responder.answer(request(), HOME, 0.0) is not None


# ── on the network ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_over_udp(host: str) -> None:
    server = StunServer()
    await server.open(host, 0)
    assert server.address is not None
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.setblocking(False)
        asking.bind((host, 0))
        loop = asyncio.get_running_loop()
        await loop.sock_sendto(asking, b"noise", server.address)
        await loop.sock_sendto(asking, request(), server.address)
        found = await asyncio.wait_for(loop.sock_recv(asking, 2048), PATIENCE_S)
        assert stun.parse_message(found).attributes["XOR-MAPPED-ADDRESS"] == asking.getsockname()[:2]
    server.close()


def test_before_it_is_opened_it_is_nowhere() -> None:
    assert StunServer().address is None


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("stun") / "data") as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_an_ice_agent_learns_its_address_from_what_the_server_names(
    server: ServerProcess, http: aiohttp.ClientSession
) -> None:
    alice = await register(http, server.url, "alice")
    named = await alice.call("GET", "/api/rtc/ice-servers")
    port = urlsplit(server.url).port or 0
    assert named["ice_servers"] == [{"urls": [f"stun:127.0.0.1:{port}"]}]
    agent = aioice.Connection(ice_controlling=True)
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: StunProtocol(agent), local_addr=("127.0.0.1", 0)
    )
    question = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    found, _ = await asyncio.wait_for(protocol.request(question, ("127.0.0.1", port)), PATIENCE_S)
    assert found.attributes["XOR-MAPPED-ADDRESS"] == transport.get_extra_info("sockname")
    transport.close()


async def test_an_address_that_is_taken_stops_a_start_only_where_it_was_asked_for(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        port = free_port()
        taken.bind(("127.0.0.1", port))
        asked = ServerProcess(tmp_path / "asked", MESH_RTC_STUN_LISTEN=f"127.0.0.1:{port}")
        with pytest.raises(AssertionError, match="for STUN"):
            asked.start()
        beside = ServerProcess(tmp_path / "beside")
        beside.start(f"127.0.0.1:{port}")
        try:
            assert "no STUN responder" in beside.log_text()
        finally:
            beside.kill()


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", MESH_RTC_STUN_LISTEN="off") as server:
        port = urlsplit(server.url).port
        assert port is not None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", port))
