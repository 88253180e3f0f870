"""Two ends that say who they are: what fits opens, and each thing that does not fit has its code."""

import hashlib
import hmac
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from mesh_agent.machines import hello, lanes
from mesh_agent.machines.hello import HELLO_S, REFUSED, Expected, Hello, HelloRefused, Own, State, Terms
from mesh_agent.machines.lanes import LaneBook, lane_proof
from mesh_agent.net.base import Role
from mesh_agent.net.identity import Identity
from protocol import errors, limits
from protocol.capability import Grant, SigningKey, SpentTokens, from_jwks, mint
from protocol.peer import (
    FileMeta,
    FrameReader,
    P2pCredit,
    P2pError,
    P2pHello,
    P2pHelloOk,
    P2pLane,
    P2pLaneOk,
    P2pPing,
    PeerFrame,
    encode_frame,
)
from protocol.version import PEER_VERSION

WALL = 1_700_000_000_000
SERVER = SigningKey(Ed25519PrivateKey.from_private_bytes(b"s" * 32))
STRANGER_SERVER = SigningKey(Ed25519PrivateKey.from_private_bytes(b"x" * 32))
KEYS = from_jwks([SERVER.public])

ALICE = Identity(b"a" * 32)
BOB = Identity(b"b" * 32)
MALLORY = Identity(b"m" * 32)

TERMS = Terms(
    session_id="session",
    kind="file",
    asker_certificate="SHA256:of-alice",
    asked_certificate="SHA256:of-bob",
    asker_nonce=b"1" * 32,
    asked_nonce=b"2" * 32,
)
GRANT = Grant(
    kind="file",
    room_id="room",
    user_id="alice",
    device_id="laptop",
    session_id="session",
    peer_id="bob",
    peer_device_id="phone",
)
AT_ALICE = Expected(device_id="phone", grant=GRANT, key_fingerprint=BOB.fingerprint, identity=BOB.public)
AT_BOB = Expected(device_id="laptop", grant=GRANT, key_fingerprint=ALICE.fingerprint, identity=ALICE.public)
LANE_KEY = b"l" * 32


def token(grant: Grant = GRANT, *, key: SigningKey = SERVER, jti: str = "jti", now: int = WALL) -> str:
    return mint(grant, key, jti=jti, now=now)


def asker(
    terms: Terms = TERMS,
    *,
    identity: Identity = ALICE,
    device_id: str = "laptop",
    session_token: str | None = None,
    peer: Expected = AT_ALICE,
) -> Hello:
    shown = token() if session_token is None else session_token
    own = Own(identity=identity, device_id=device_id, session_token=shown)
    return Hello("asker", terms, own, peer, now=0.0, keys={}, spent=SpentTokens())


def asked(
    terms: Terms = TERMS,
    *,
    identity: Identity = BOB,
    device_id: str = "phone",
    peer: Expected = AT_BOB,
    spent: SpentTokens | None = None,
) -> Hello:
    return Hello(
        "asked",
        terms,
        Own(identity=identity, device_id=device_id),
        peer,
        now=0.0,
        keys=KEYS,
        spent=SpentTokens() if spent is None else spent,
        lane_key=LANE_KEY,
    )


def said(one: Hello, other: Hello, *, wall: int = WALL) -> list[PeerFrame]:
    """All that goes from one to the other and back, over real bytes, until nobody has anything to say."""
    log: list[PeerFrame] = []
    queue = [(other, frame) for frame in one.start()] + [(one, frame) for frame in other.start()]
    while queue:
        to, frame = queue.pop(0)
        log.append(frame)
        reader = FrameReader()
        reader.feed(encode_frame(frame))
        back = one if to is other else other
        (arrived,) = reader.frames()
        queue += [(back, answer) for answer in to.receive(arrived, now=1.0, wall=wall)]
    return log


def code(machine: Hello) -> str:
    assert machine.state is State.CLOSED
    assert machine.fault is not None
    return machine.fault.code


# ── what fits ────────────────────────────────────────────────────────────────────────────────────


def test_two_who_are_who_they_have_to_be_open() -> None:
    alice, bob = asker(), asked()
    assert [type(frame) for frame in said(alice, bob)] == [P2pHello, P2pHelloOk, P2pPing]
    assert (alice.state, bob.state) == (State.OPEN, State.OPEN)
    assert (alice.identity, bob.identity) == (BOB.public, ALICE.public)
    assert alice.lane_key == bob.lane_key == LANE_KEY


def test_on_first_use_nothing_is_remembered_and_the_server_may_say_nothing() -> None:
    unknown: dict[str, Any] = {"key_fingerprint": None, "identity": None}
    alice = asker(peer=structs.replace(AT_ALICE, **unknown))
    bob = asked(peer=structs.replace(AT_BOB, **unknown))
    said(alice, bob)
    assert (alice.identity, bob.identity) == (BOB.public, ALICE.public)


def test_after_it_is_open_nothing_more_is_for_the_handshake() -> None:
    alice, bob = asker(), asked()
    first = said(alice, bob)[0]
    assert bob.receive(first, now=2.0, wall=WALL) == []
    assert bob.tick(HELLO_S + 1) == []
    assert bob.state is State.OPEN


# ── tokens ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("shown", "wrong"),
    [
        ("guessed", errors.CapabilityInvalid),
        ("", errors.CapabilityInvalid),
        (token(key=STRANGER_SERVER), errors.CapabilityInvalid),
        (token(now=WALL - 1000 * limits.CAPABILITY_S), errors.CapabilityExpired),
        (token(now=WALL + 1000 * (limits.CLOCK_SKEW_S + 5)), errors.CapabilityEarly),
        (token(structs.replace(GRANT, session_id="another")), errors.WrongSession),
        (token(structs.replace(GRANT, session_id=None)), errors.WrongSession),
        (token(structs.replace(GRANT, kind="terminal")), errors.WrongKind),
        (token(structs.replace(GRANT, room_id="another")), errors.WrongRoom),
        (token(structs.replace(GRANT, user_id="mallory")), errors.WrongPeer),
        (token(structs.replace(GRANT, peer_id="mallory")), errors.WrongPeer),
        (token(structs.replace(GRANT, device_id="another")), errors.WrongDevice),
        (token(structs.replace(GRANT, peer_device_id="another")), errors.WrongDevice),
    ],
)
def test_a_token_that_does_not_fit_is_refused(shown: str, wrong: type[errors.MeshError]) -> None:
    alice, bob = asker(session_token=shown), asked()
    log = said(alice, bob)
    assert code(bob) == wrong.code
    assert log[-1] == P2pError(code=wrong.code)
    assert isinstance(alice.fault, HelloRefused)
    assert alice.fault.reason == wrong.code


def test_a_token_is_good_once() -> None:
    spent = SpentTokens()
    said(asker(), asked(spent=spent))
    alice, bob = asker(), asked(spent=spent)
    said(alice, bob)
    assert code(bob) == errors.CapabilityUsed.code


def test_a_token_is_spent_also_where_the_rest_of_the_hello_was_wrong() -> None:
    spent = SpentTokens()
    said(asker(structs.replace(TERMS, kind="folder")), asked(spent=spent))
    bob = asked(spent=spent)
    said(asker(), bob)
    assert code(bob) == errors.CapabilityUsed.code


# ── who it is ────────────────────────────────────────────────────────────────────────────────────


def test_another_device_or_session_or_version_is_refused() -> None:
    (first,) = asker().start()
    assert isinstance(first, P2pHello)
    for wrong, changes in (
        (errors.UnsupportedVersion, {"version": PEER_VERSION + 1}),
        (errors.WrongSession, {"session_id": "another"}),
        (errors.WrongDevice, {"device_id": "another"}),
    ):
        bob = asked()
        assert bob.receive(structs.replace(first, **changes), now=0.0, wall=WALL) == [
            P2pError(code=wrong.code)
        ]
        assert code(bob) == wrong.code


def test_an_identity_that_the_server_does_not_know_is_refused_by_both() -> None:
    bob = asked()
    said(asker(identity=MALLORY), bob)
    assert code(bob) == errors.WrongIdentity.code
    alice = asker()
    bob = asked(identity=MALLORY)
    said(alice, bob)
    assert code(alice) == errors.WrongIdentity.code
    assert isinstance(bob.fault, HelloRefused)
    assert bob.fault.reason == errors.WrongIdentity.code


def test_a_changed_identity_is_refused_by_both_though_the_server_vouches_for_it() -> None:
    """The identity was proven, so that the words of the new one can be compared."""
    bob = asked(peer=structs.replace(AT_BOB, key_fingerprint=MALLORY.fingerprint))
    said(asker(identity=MALLORY), bob)
    assert code(bob) == errors.PeerChanged.code
    assert bob.identity == MALLORY.public
    alice = asker(peer=structs.replace(AT_ALICE, key_fingerprint=MALLORY.fingerprint))
    said(alice, asked(identity=MALLORY))
    assert code(alice) == errors.PeerChanged.code
    assert alice.identity == MALLORY.public


def test_who_only_names_an_identity_has_not_proven_it() -> None:
    """A stranger who shows a remembered key and cannot sign with it is refused before it is looked up."""
    (first,) = asker(identity=MALLORY).start()
    assert isinstance(first, P2pHello)
    bob = asked()
    bob.receive(structs.replace(first, identity=ALICE.public), now=0.0, wall=WALL)
    assert code(bob) == errors.WrongSignature.code
    assert bob.identity is None


def test_this_device_s_own_words_come_back_to_nobody() -> None:
    bob = asked(identity=ALICE, peer=structs.replace(AT_BOB, key_fingerprint=None, identity=None))
    said(asker(), bob)
    assert code(bob) == errors.WrongIdentity.code


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "folder"},
        {"asker_certificate": "SHA256:of-mallory"},
        {"asked_certificate": "SHA256:of-mallory"},
        {"asked_nonce": b"3" * 32},
    ],
)
def test_a_signature_over_other_terms_is_refused(changes: dict[str, Any]) -> None:
    bob = asked()
    said(asker(structs.replace(TERMS, **changes)), bob)
    assert code(bob) == errors.WrongSignature.code


def test_the_asker_refuses_a_signature_over_other_terms() -> None:
    """The asked one signs the asker's nonce, which the asker's own signature does not cover."""
    alice = asker()
    said(alice, asked(structs.replace(TERMS, asker_nonce=b"3" * 32)))
    assert code(alice) == errors.WrongSignature.code


def test_a_signature_of_one_end_is_none_of_the_other() -> None:
    mirrored = structs.replace(TERMS, asker_nonce=TERMS.asked_nonce, asked_nonce=TERMS.asker_nonce)
    assert TERMS.signed("asker") != mirrored.signed("asked")


def test_no_two_terms_sign_alike_whatever_their_parts_hold() -> None:
    one = structs.replace(TERMS, asker_certificate="ab", asked_certificate="c")
    other = structs.replace(TERMS, asker_certificate="a", asked_certificate="bc")
    assert one.signed("asker") != other.signed("asker")


def test_the_signed_bytes_are_those_on_the_page() -> None:
    expected = b"mesh-p2p/1 hello\0"
    for part in (b"asked", b"session", b"file", b"SHA256:of-alice", b"SHA256:of-bob", b"1" * 32):
        expected += len(part).to_bytes(4, "big") + part
    assert TERMS.signed("asked") == expected


@pytest.mark.parametrize("role", ["asker", "asked"])
def test_a_nonce_that_is_this_end_s_own_is_refused(role: Role) -> None:
    terms = structs.replace(TERMS, asked_nonce=TERMS.asker_nonce)
    machine = asker(terms) if role == "asker" else asked(terms)
    assert machine.start() == [P2pError(code=errors.NonceUsed.code)]
    assert code(machine) == errors.NonceUsed.code


def test_an_attempt_that_is_replayed_is_refused() -> None:
    """The whole of an earlier hello, with a token that would still be good, meets fresh nonces."""
    (first,) = asker().start()
    bob = asked(structs.replace(TERMS, asked_nonce=b"9" * 32))
    bob.receive(first, now=0.0, wall=WALL)
    assert code(bob) == errors.WrongSignature.code


def test_somebody_who_holds_both_places_is_caught_by_both() -> None:
    """The server tells each end the certificate of a third, who passes on what each end says."""
    at_alice = structs.replace(TERMS, asked_certificate="SHA256:of-mallory")
    at_bob = structs.replace(TERMS, asker_certificate="SHA256:of-mallory")
    alice, bob = asker(at_alice), asked(at_bob)
    said(alice, bob)
    assert code(bob) == errors.WrongSignature.code
    (hello_ok,) = asked().receive(asker().start()[0], now=0.0, wall=WALL)
    alice = asker(at_alice)
    alice.start()
    alice.receive(hello_ok, now=0.0, wall=WALL)
    assert code(alice) == errors.WrongSignature.code


# ── out of order, too late, no frames ────────────────────────────────────────────────────────────

EARLY: list[PeerFrame] = [
    P2pPing(stamp=1),
    P2pCredit(limit=1),
    FileMeta(transfer="t", name="n", size=1, mtime=0, mode=0o644),
    P2pLane(session_id="session", lane=1, proof=b"p" * 32),
]


@pytest.mark.parametrize("frame", EARLY, ids=lambda frame: type(frame).__name__)
def test_nothing_is_taken_before_the_hello(frame: PeerFrame) -> None:
    bob = asked()
    assert bob.receive(frame, now=0.0, wall=WALL) == [P2pError(code=errors.HelloMissing.code)]
    assert code(bob) == errors.HelloMissing.code
    alice = asker()
    alice.start()
    alice.receive(frame, now=0.0, wall=WALL)
    assert code(alice) == errors.HelloMissing.code


def test_an_answer_to_nothing_is_no_hello() -> None:
    (hello_ok,) = asked().receive(asker().start()[0], now=0.0, wall=WALL)
    bob = asked()
    bob.receive(hello_ok, now=0.0, wall=WALL)
    assert code(bob) == errors.HelloMissing.code
    alice = asker()
    alice.receive(hello_ok, now=0.0, wall=WALL)  # before its own hello was sent
    assert code(alice) == errors.HelloMissing.code


def test_who_was_asked_waits_until_its_answer_was_found_good() -> None:
    bob = asked()
    bob.receive(asker().start()[0], now=0.0, wall=WALL)
    assert bob.state is State.SAID
    assert bob.receive(P2pCredit(limit=1), now=0.0, wall=WALL) == [P2pError(code=errors.HelloMissing.code)]
    bob = asked()
    bob.receive(asker().start()[0], now=0.0, wall=WALL)
    assert bob.tick(HELLO_S) == [P2pError(code=errors.HelloLate.code)]


def test_whoever_says_nothing_is_not_waited_for() -> None:
    bob = asked()
    assert bob.tick(HELLO_S - 0.1) == []
    assert bob.tick(HELLO_S) == [P2pError(code=errors.HelloLate.code)]
    assert code(bob) == errors.HelloLate.code
    assert bob.tick(HELLO_S + 1) == []


def test_a_hello_after_the_deadline_is_too_late() -> None:
    bob = asked()
    bob.receive(asker().start()[0], now=HELLO_S, wall=WALL)
    assert code(bob) == errors.HelloLate.code


def test_bytes_that_are_no_frames_close_it() -> None:
    bob = asked()
    assert bob.broken(errors.PeerMalformed()) == [P2pError(code="peer.malformed")]
    assert bob.broken(errors.PeerMalformed()) == []
    assert code(bob) == "peer.malformed"


def test_what_the_other_end_says_of_a_refusal_is_never_shown() -> None:
    alice = asker()
    alice.start()
    alice.receive(P2pError(code="p2p.expired_token", message="\x1b[31mcall this number"), now=0.0, wall=WALL)
    assert alice.fault is not None
    assert alice.fault.message == REFUSED["p2p.expired_token"]
    alice = asker()
    alice.start()
    alice.receive(P2pError(code="\x1b[31m", message="\x1b[31m"), now=0.0, wall=WALL)
    assert alice.fault is not None
    assert "\x1b" not in alice.fault.message


def test_each_sentence_for_a_refusal_is_for_a_code_that_there_is() -> None:
    assert set(REFUSED) <= set(errors.MeshError.by_code)


_bytes32 = st.binary(min_size=32, max_size=32)
_hellos = st.builds(
    P2pHello,
    version=st.integers(1, 3),
    session_id=st.sampled_from(["session", "x"]),
    session_token=st.one_of(st.text(max_size=80), st.just(token())),
    device_id=st.sampled_from(["laptop", "phone", "x"]),
    identity=st.one_of(_bytes32, st.just(ALICE.public), st.just(BOB.public)),
    signature=st.binary(min_size=64, max_size=64),
)
_answers = st.builds(
    P2pHelloOk,
    version=st.integers(1, 3),
    session_id=st.sampled_from(["session", "x"]),
    device_id=st.sampled_from(["laptop", "phone", "x"]),
    identity=st.one_of(_bytes32, st.just(ALICE.public), st.just(BOB.public)),
    signature=st.binary(min_size=64, max_size=64),
    lane_key=_bytes32,
)
_others = st.one_of(st.sampled_from(EARLY), st.builds(P2pError, code=st.text(max_size=64)))


@given(st.lists(st.one_of(_hellos, _answers, _others), min_size=1, max_size=4), st.booleans())
def test_whatever_comes_it_never_opens_without_a_signature_and_never_raises(
    frames: list[PeerFrame], asks: bool
) -> None:
    machine = asker() if asks else asked()
    machine.start()
    for frame in frames:
        answers = machine.receive(frame, now=0.0, wall=WALL)
        assert all(isinstance(answer, P2pError) for answer in answers)
    assert machine.state is State.CLOSED
    assert machine.fault is not None


@given(st.binary(max_size=300))
def test_garbage_on_the_lane_is_a_fault_and_nothing_else(data: bytes) -> None:
    reader, bob = FrameReader(), asked()
    try:
        reader.feed(data)
        for frame in reader.frames():
            bob.receive(frame, now=0.0, wall=WALL)
    except errors.PeerFault as fault:
        bob.broken(fault)
    assert bob.state is not State.OPEN


# ── further lanes ────────────────────────────────────────────────────────────────────────────────


def test_a_further_lane_proves_itself() -> None:
    alice, bob = LaneBook("asker", "session", LANE_KEY), LaneBook("asked", "session", LANE_KEY)
    answer = bob.admit(alice.opening(1))
    assert answer == P2pLaneOk(lane=1)
    alice.require_ok(answer, 1)
    assert alice.admit(bob.opening(1)) == P2pLaneOk(lane=1)


def test_the_proof_is_the_one_on_the_page() -> None:
    text = b"mesh-p2p/1 lane\0session\0" + b"3\0asked"
    assert lane_proof(LANE_KEY, "session", 3, "asked") == hmac.new(LANE_KEY, text, hashlib.sha256).digest()


@pytest.mark.parametrize(
    "frame",
    [
        LaneBook("asker", "session", b"x" * 32).opening(1),
        LaneBook("asker", "another", LANE_KEY).opening(1),
        structs.replace(LaneBook("asker", "session", LANE_KEY).opening(1), lane=2),
        structs.replace(LaneBook("asker", "another", LANE_KEY).opening(1), session_id="session"),
        LaneBook("asked", "session", LANE_KEY).opening(1),
        *EARLY,
    ],
)
def test_a_lane_of_somebody_else_is_refused(frame: PeerFrame) -> None:
    with pytest.raises(errors.WrongLane):
        LaneBook("asked", "session", LANE_KEY).admit(frame)


def test_a_lane_that_is_opened_anew_may_have_its_number_again() -> None:
    alice, bob = LaneBook("asker", "session", LANE_KEY), LaneBook("asked", "session", LANE_KEY)
    for _ in range(2):
        assert bob.admit(alice.opening(1)) == P2pLaneOk(lane=1)


@pytest.mark.parametrize("answer", [P2pLaneOk(lane=2), P2pPing(stamp=1), P2pError(code="peer.wrong_lane")])
def test_only_the_answer_to_this_lane_opens_it(answer: PeerFrame) -> None:
    with pytest.raises(errors.WrongLane):
        LaneBook("asker", "session", LANE_KEY).require_ok(answer, 1)


def test_a_lane_number_is_bounded() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(
            {"type": "P2P_LANE", "session_id": "s", "lane": limits.LANES + 1, "proof": b"p" * 32}, P2pLane
        )


def test_the_page_says_what_is_so() -> None:
    text = " ".join((Path(__file__).parents[2] / "docs" / "protocol.md").read_text("utf-8").split())
    for said_there in (
        f"there are {HELLO_S:.0f} seconds for it",
        f"the ASCII text `{hello.LABEL.decode()}`",
        f"of the ASCII texts `{lanes.LABEL}`",
        f"a number from 1 to {limits.LANES}",
        f"the {hello.NONCE_BYTES} bytes of the other's nonce",
    ):
        assert said_there in text, said_there
    for frame in (P2pHello, P2pHelloOk, P2pLane, P2pLaneOk, P2pError):
        fields = ", ".join(
            field.encode_name if field.required else f"{field.encode_name}?"
            for field in msgspec.structs.fields(frame)
        )
        assert f"| `{frame.__struct_config__.tag}` | `{fields}` |" in text
