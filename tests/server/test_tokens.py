"""Tokens: what is minted verifies, and nothing else does."""

import stat
from pathlib import Path
from typing import Any

import jwt
import pytest

from mesh_server.services.tokens import (
    ACCESS_S,
    KEY_FILE,
    AccessTokens,
    Claims,
    SecretUnusable,
    load_secret,
    new_refresh_token,
    refresh_hash,
)
from protocol.errors import TokenExpired, TokenInvalid

SECRET = b"s" * 48
NOW = 1_700_000_000_500
CLAIMS = Claims(user_id="alice", device_id="laptop", signed_in_at=NOW)


class Clock:
    now = NOW

    def __call__(self) -> int:
        return self.now


def payload(**changes: Any) -> dict[str, Any]:
    good = {
        "iss": "mesh",
        "aud": "mesh.access",
        "iat": NOW // 1000,
        "exp": NOW // 1000 + 60,
        "sub": "alice",
        "dev": "laptop",
        "ses": NOW,
    }
    return good | changes


def encoded(*, key: bytes = SECRET, algorithm: str = "HS256", absent: str = "", **changes: Any) -> str:
    content = payload(**changes)
    content.pop(absent, None)
    return jwt.encode(content, key, algorithm)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clock: Clock) -> AccessTokens:
    return AccessTokens(SECRET, clock=clock)


def test_what_is_minted_verifies(tokens: AccessTokens) -> None:
    assert tokens.verify(tokens.mint(CLAIMS)) == CLAIMS
    assert tokens.verify(encoded()) == CLAIMS


def test_it_lives_for_its_time_and_no_longer(tokens: AccessTokens, clock: Clock) -> None:
    token = tokens.mint(CLAIMS)
    clock.now = (NOW // 1000 + ACCESS_S) * 1000 - 1
    assert tokens.verify(token) == CLAIMS
    clock.now += 1
    with pytest.raises(TokenExpired):
        tokens.verify(token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        "a.b.c",
        "…",
        "\ud800",
        "x" * 5_000,
        encoded(key=b"t" * 48),
        encoded(algorithm="HS384"),
        encoded(iss="other"),
        encoded(aud="mesh.p2p"),
        *(encoded(absent=name) for name in payload()),
        encoded(dev=7),
        encoded(ses="now"),
        encoded(exp="never"),
        jwt.encode(payload(), "", "none"),
    ],
)
def test_anything_else_does_not(tokens: AccessTokens, token: str) -> None:
    with pytest.raises(TokenInvalid):
        tokens.verify(token)


def test_a_changed_character_spoils_a_token(tokens: AccessTokens) -> None:
    head, body, signature = tokens.mint(CLAIMS).split(".")
    with pytest.raises(TokenInvalid):
        tokens.verify(".".join((head, body[:-2] + ("A" if body[-2] != "A" else "B") + body[-1], signature)))


def test_refresh_tokens_are_256_random_bits_stored_as_a_hash() -> None:
    token = new_refresh_token(lambda count: b"\x01" * count)
    assert token == "01" * 32
    assert len(refresh_hash(token)) == 32
    assert refresh_hash(token) != refresh_hash(new_refresh_token())
    assert refresh_hash("\ud800")


# ── the secret ───────────────────────────────────────────────────────────────────────────────────


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    secret = load_secret(tmp_path)
    assert len(secret) == 32
    assert load_secret(tmp_path) == secret
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


def test_a_secret_that_others_could_read_is_closed(tmp_path: Path) -> None:
    secret = load_secret(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o644)
    assert load_secret(tmp_path) == secret
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_what_a_crash_left_behind_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / f"{KEY_FILE}.new").write_bytes(b"half")
    assert load_secret(tmp_path) == load_secret(tmp_path)


@pytest.mark.parametrize("content", [b"", b"abcd", b"not hex" * 10, "ключ".encode(), b"\xff" * 32])
def test_a_file_that_is_no_secret_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)
    with pytest.raises(SecretUnusable, match="backup"):
        load_secret(tmp_path)
    assert (tmp_path / KEY_FILE).read_bytes() == content
