"""Which servers help two peers to find a way, and TURN's credentials, checked as coturn does."""

import base64
import hashlib
import hmac
import itertools
import re
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from mesh_server.config import ConfigError, RelaySettings
from mesh_server.configuring import load
from mesh_server.services.ice import IceService, IceSettings
from mesh_server.services.principal import Principal
from tests.support.server import ServerProcess, running_server
from tests.support.wire import refused, register

SECRET = "north"
NOW = 1_700_000_000_500
ALICE = Principal(user_id="a", username="alice", display_name="alice", role="user", device_id="d")
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(
        tmp_path_factory.mktemp("ice") / "data",
        MESH_RTC_STUN_LISTEN="off",
        MESH_RTC_STUN_URLS="stun:stun.example:3478",
        MESH_RTC_TURN_URLS="turn:turn.example:3478?transport=udp, turns:turn.example:5349",
        MESH_RTC_TURN_SECRET=SECRET,
        MESH_RTC_TTL_S="600",
    ) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_credentials_are_what_coturn_makes_of_its_secret(
    server: ServerProcess, http: aiohttp.ClientSession
) -> None:
    alice = await register(http, server.url, "alice")
    found = await alice.call("GET", "/api/rtc/ice-servers")
    stun, turn = found["ice_servers"]
    assert stun == {"urls": ["stun:stun.example:3478"]}
    assert turn["urls"] == ["turn:turn.example:3478?transport=udp", "turns:turn.example:5349"]
    expires, _, user_id = turn["username"].partition(":")
    assert user_id == alice.user_id
    assert 0 < int(expires) - time.time() <= 600
    assert found["expires_in"] == 600
    digest = hmac.new(SECRET.encode(), turn["username"].encode(), hashlib.sha1).digest()
    assert turn["credential"] == base64.b64encode(digest).decode()
    assert SECRET not in server.log_text()


async def test_nobody_gets_any_without_an_account(server: ServerProcess, http: aiohttp.ClientSession) -> None:
    stranger = await register(http, server.url, f"stranger-{next(_numbers)}")
    await stranger.call("POST", "/api/auth/logout")
    await refused(401, "auth.invalid_token", stranger.call("GET", "/api/rtc/ice-servers"))


def service(listens: tuple[str, int] | None, **settings: Any) -> IceService:
    fields: dict[str, Any] = {"stun_urls": [], "turn_urls": [], "turn_secret": "", "ttl_s": 600} | settings
    return IceService(IceSettings(**fields), clock=lambda: NOW, stun=lambda: listens)


@pytest.mark.parametrize(
    ("listens", "host", "urls"),
    [
        (("0.0.0.0", 8000), "mesh.example:8000", ["stun:mesh.example:8000"]),
        (("0.0.0.0", 3478), "mesh.example", ["stun:mesh.example:3478"]),
        (("::", 8000), "[2001:db8::1]:8000", ["stun:[2001:db8::1]:8000"]),
        (("127.0.0.1", 8000), "localhost:8000", ["stun:localhost:8000"]),
        (("::1", 8000), "[::1]:8000", ["stun:[::1]:8000"]),
        (("127.0.0.1", 8000), "mesh.example", None),  # behind a proxy: nobody can reach it
        (None, "mesh.example", None),
        (("0.0.0.0", 8000), "", None),
        (("0.0.0.0", 8000), "[::", None),
        (("0.0.0.0", 8000), "a b", None),
        (("0.0.0.0", 8000), "mesh.example/path", None),
        (("0.0.0.0", 8000), "me@mesh.example", None),
    ],
)
def test_our_own_responder_is_named_where_it_can_be_reached(
    listens: tuple[str, int] | None, host: str, urls: list[str] | None
) -> None:
    found = service(listens).servers(ALICE, host=host).ice_servers
    assert [server.urls for server in found] == ([] if urls is None else [urls])


def test_credentials_expire_and_are_each_ones_own() -> None:
    (turn,) = service(None, turn_urls=["turn:t"], turn_secret="s").servers(ALICE, host="x").ice_servers
    assert turn.username == f"{NOW // 1000 + 600}:a"


@pytest.mark.parametrize("host", ["[::", "a b", "x" * 300, "é", ""])
async def test_a_strange_host_header_is_no_mistake_of_the_servers(
    server: ServerProcess, http: aiohttp.ClientSession, host: str
) -> None:
    alice = await register(http, server.url, f"alice-{next(_numbers)}")
    headers = {"Authorization": f"Bearer {alice.token}", "Host": host}
    async with http.get(f"{server.url}/api/rtc/ice-servers", headers=headers) as response:
        assert response.status in (200, 400)


def test_the_settings_on_the_page_can_be_used(tmp_path: Path) -> None:
    """Those of relay.md; what its sections show together is set together."""
    page = (Path(__file__).parents[2] / "docs" / "relay.md").read_text("utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 3
    for number, block in enumerate(blocks):
        file = tmp_path / f"{number}.toml"
        file.write_text(block)
        load(file, env={})
    shown = load(tmp_path / "2.toml", env={}).relay
    assert shown == RelaySettings()


@pytest.mark.parametrize(
    ("env", "names"),
    [
        ({"MESH_RTC_TURN_URLS": "turn:t"}, "rtc.turn_secret"),
        ({"MESH_RTC_TURN_SECRET": "s"}, "rtc.turn_urls"),
        ({"MESH_RTC_STUN_URLS": "stun.example"}, "rtc.stun_urls"),
        ({"MESH_RTC_TURN_URLS": "stun:t", "MESH_RTC_TURN_SECRET": "s"}, "rtc.turn_urls"),
        ({"MESH_RTC_STUN_LISTEN": "here"}, "rtc.stun_listen"),
        ({"MESH_RTC_TTL_S": "5"}, "ttl_s"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(env: dict[str, str], names: str) -> None:
    with pytest.raises(ConfigError, match=names):
        load(env=env)
