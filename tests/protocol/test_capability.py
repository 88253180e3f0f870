"""Capabilities: what is minted verifies by public keys alone, and each way of not fitting has its error."""

import base64
import contextlib
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from protocol import limits
from protocol.capability import (
    ALGORITHM,
    AUDIENCE,
    ISSUER,
    Grant,
    SigningKey,
    SpentTokens,
    from_jwks,
    mint,
    to_jwk,
    verify,
)
from protocol.errors import (
    CapabilityEarly,
    CapabilityError,
    CapabilityExpired,
    CapabilityInvalid,
    CapabilityUsed,
    WrongDevice,
    WrongKind,
    WrongPeer,
    WrongRoom,
    WrongSession,
)
from protocol.rest import PublicKey
from tests.protocol.strategies import any_json, any_text

NOW = 1_700_000_000_500
SECOND = 1_000
KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(b"k" * 32))
OTHER_KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(b"o" * 32))
KEYS = from_jwks([KEY.public])

MEMBER = Grant(kind="file", room_id="room", user_id="alice", device_id="laptop")
SESSION = structs.replace(MEMBER, session_id="session", peer_id="bob", peer_device_id="phone")
UNBOUND = structs.replace(SESSION, peer_device_id=None)


def minted(grant: Grant = SESSION, *, jti: str = "jti", now: int = NOW) -> str:
    return mint(grant, KEY, jti=jti, now=now)


def claims(**changes: Any) -> dict[str, Any]:
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": NOW // 1000,
        "exp": NOW // 1000 + 60,
        "jti": "jti",
        "kind": "file",
        "room_id": "room",
        "sub": "alice",
        "device_id": "laptop",
        "session_id": "session",
        "peer_id": "bob",
        "peer_device_id": "phone",
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def signed(content: dict[str, Any], *, key: SigningKey = KEY, kid: str | None = KEY.id) -> str:
    headers = {} if kid is None else {"kid": kid}
    return jwt.PyJWS().encode(msgspec.json.encode(content), key.private, ALGORITHM, headers=headers)


def look(token: str, expected: Grant = SESSION, *, now: int = NOW) -> Grant:
    return verify(token, KEYS, expected, now=now)


# ── what fits ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("grant", [MEMBER, SESSION], ids=["of a member", "of a session"])
def test_what_is_minted_verifies(grant: Grant) -> None:
    assert look(minted(grant), grant) == grant


def test_a_token_for_any_device_fits_each() -> None:
    assert look(minted(UNBOUND)) == UNBOUND
    assert look(minted(structs.replace(SESSION, device_id=None))).device_id is None


def test_it_lives_for_three_minutes_and_no_longer() -> None:
    last = NOW // SECOND * SECOND + limits.CAPABILITY_S * SECOND - 1
    assert look(minted(), now=last) == SESSION
    with pytest.raises(CapabilityExpired):
        look(minted(), now=last + 1)


def test_the_clock_of_a_verifier_may_be_a_little_behind() -> None:
    ahead = NOW + limits.CLOCK_SKEW_S * SECOND
    assert look(minted(now=ahead)) == SESSION
    with pytest.raises(CapabilityEarly):
        look(minted(now=ahead + SECOND))


def test_a_key_that_was_changed_still_verifies_while_it_is_published() -> None:
    both = from_jwks([OTHER_KEY.public, KEY.public])
    assert verify(minted(), both, SESSION, now=NOW) == SESSION
    with pytest.raises(CapabilityInvalid):
        verify(minted(), from_jwks([OTHER_KEY.public]), SESSION, now=NOW)


def test_the_claims_and_the_key_id_are_as_documented() -> None:
    """Verified here by the standard alone: a JWK set and a JWT."""
    key = jwt.PyJWK.from_dict({name: getattr(KEY.public, name) for name in KEY.public.__struct_fields__})
    assert jwt.get_unverified_header(minted()) == {"alg": "EdDSA", "kid": KEY.public.kid, "typ": "JWT"}
    payload = jwt.decode(
        minted(), key, algorithms=["EdDSA"], audience="p2p", issuer="mesh", options={"verify_exp": False}
    )
    assert payload == claims(exp=NOW // 1000 + 180)


def test_the_thumbprint_is_that_of_the_rfc() -> None:
    """RFC 8037 appendix A.3."""
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    public = from_jwks([structs.replace(KEY.public, x=x)])[KEY.id]
    assert to_jwk(public).kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


# ── what does not ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"session_id": "another"}, WrongSession),
        ({"kind": "terminal"}, WrongKind),
        ({"room_id": "another"}, WrongRoom),
        ({"user_id": "mallory"}, WrongPeer),
        ({"peer_id": "mallory"}, WrongPeer),
        ({"device_id": "another"}, WrongDevice),
        ({"peer_device_id": "another"}, WrongDevice),
    ],
)
def test_each_way_of_not_fitting_has_its_error(change: dict[str, Any], error: type[CapabilityError]) -> None:
    with pytest.raises(error):
        look(minted(structs.replace(SESSION, **change)))


def test_a_members_capability_is_no_token_of_a_session_and_the_reverse() -> None:
    with pytest.raises(WrongSession):
        look(minted(MEMBER), SESSION)
    with pytest.raises(WrongSession):
        look(minted(SESSION), MEMBER)


@pytest.mark.parametrize(
    "token",
    [
        signed(claims(), key=OTHER_KEY),
        signed(claims(), key=OTHER_KEY, kid=OTHER_KEY.id),
        signed(claims(), kid=None),
        signed(claims(iss="someone")),
        signed(claims(aud="mesh.access")),
        signed(claims(aud=["p2p", "other"])),
        signed(claims(iat=None)),
        signed(claims(exp=None)),
        signed(claims(jti=None)),
        signed(claims(exp=str(NOW))),
        signed(claims(exp=NOW // 1000 + 60.5)),
        signed(claims(exp=10**30)),
        signed(claims(kind="desktop")),
        signed(claims(room_id=7)),
        signed(claims(exp=NOW // 1000 + limits.CAPABILITY_S + 1)),
        signed(claims(padding="x" * limits.TOKEN_CHARS)),
        jwt.encode(claims(), b"k" * 32, "HS256", headers={"kid": KEY.id}),
        jwt.encode(claims(), "", "none", headers={"kid": KEY.id}),
        minted()[:-2],
        minted().rpartition(".")[0] + ".",
        minted() + "é",
        "\ud800",
        "",
    ],
)
def test_what_the_server_did_not_sign_so_is_refused(token: str) -> None:
    with pytest.raises(CapabilityInvalid):
        look(token)


def test_a_public_key_is_no_secret_to_sign_with() -> None:
    """The classic: a verifier that takes HS256 would take the published key as its secret."""
    raw = base64.urlsafe_b64decode(KEY.public.x + "=")
    with pytest.raises(CapabilityInvalid):
        look(jwt.encode(claims(), raw, "HS256", headers={"kid": KEY.id}))


@pytest.mark.parametrize("x", ["", "short", "é", "x" * 44, "!" * 43])
def test_what_is_no_key_is_refused(x: str) -> None:
    with pytest.raises(CapabilityInvalid):
        from_jwks([structs.replace(KEY.public, x=x)])


# ── once ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_token_is_good_once() -> None:
    spent, token = SpentTokens(), minted()
    verify(token, KEYS, SESSION, now=NOW, spent=spent)
    with pytest.raises(CapabilityUsed):
        verify(token, KEYS, SESSION, now=NOW, spent=spent)
    verify(minted(jti="next"), KEYS, SESSION, now=NOW, spent=spent)


def test_one_that_does_not_fit_is_not_spent() -> None:
    spent, token = SpentTokens(), minted()
    with pytest.raises(WrongRoom):
        verify(token, KEYS, structs.replace(SESSION, room_id="other"), now=NOW, spent=spent)
    verify(token, KEYS, SESSION, now=NOW, spent=spent)


def test_the_memory_is_bounded_and_forgets_nothing_that_is_still_good() -> None:
    spent = SpentTokens(entries_max=2)
    spent.spend("a", 10, 0)
    spent.spend("b", 20, 0)
    with pytest.raises(CapabilityUsed, match="Too many"):
        spent.spend("c", 20, 9)
    spent.spend("c", 20, 10)
    assert len(spent) == 2
    with pytest.raises(CapabilityUsed):
        spent.spend("b", 20, 10)


# ── whatever comes in ────────────────────────────────────────────────────────────────────────────


def segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


parts = st.binary(max_size=60).map(segment) | st.text(max_size=20)


@given(st.text(max_size=200) | st.lists(parts, min_size=3, max_size=3).map(".".join))
def test_garbage_raises_only_capability_errors(token: str) -> None:
    with pytest.raises(CapabilityError):
        look(token)


@given(any_json, any_json)
def test_any_header_and_payload_raise_only_capability_errors(header: Any, payload: Any) -> None:
    """Unsigned, with headers that no library writes."""
    token = ".".join(segment(msgspec.json.encode(part)) for part in (header, payload)) + ".AAAA"
    with pytest.raises(CapabilityError):
        look(token)


@given(st.dictionaries(st.sampled_from(sorted(claims())), any_json), st.dictionaries(any_text, any_json))
def test_any_signed_claims_raise_only_capability_errors(
    changed: dict[str, Any], more: dict[str, Any]
) -> None:
    with contextlib.suppress(CapabilityError):
        look(signed({**more, **claims(), **changed}))


@given(st.integers(0, len(minted()) - 1), st.characters(codec="ascii"))
def test_a_damaged_token_is_refused(at: int, put: str) -> None:
    token = minted()
    damaged = token[:at] + put + token[at + 1 :]
    with contextlib.suppress(CapabilityError):
        assert look(damaged) == SESSION
        # The last character of a segment carries bits that no byte is made of.
        assert damaged == token or token[at + 1 : at + 2] in ("", ".")


@given(any_text, any_text)
def test_any_published_key_raises_only_capability_errors(kid: str, x: str) -> None:
    key = PublicKey(kid=kid, kty="OKP", crv="Ed25519", alg="EdDSA", use="sig", x=x)
    with contextlib.suppress(CapabilityError):
        from_jwks([key])
