"""What Prometheus reads: families that follow its conventions, on the address that is configured."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.support.conditions import PATIENCE_S
from tests.support.server import ServerProcess, running_server
from tests.support.wire import refused, register

OURS = {
    "mesh_build_info": "gauge",
    "mesh_commit_seconds": "histogram",
    "mesh_connections": "gauge",
    "mesh_deliveries": "counter",
    "mesh_disk_free_bytes": "gauge",
    "mesh_http_request_seconds": "counter",
    "mesh_http_requests": "counter",
    "mesh_loop_lag_seconds": "histogram",
    "mesh_messages": "counter",
    "mesh_connections_refused": "counter",
    "mesh_rate_limited": "counter",
    "mesh_sign_ins_throttled": "counter",
    "mesh_queue_bytes": "gauge",
    "mesh_tasks": "gauge",
    "mesh_relay_bytes": "counter",
    "mesh_relay_packets": "counter",
    "mesh_relay_packets_dropped": "counter",
    "mesh_relay_sessions": "gauge",
    "mesh_stun_answers": "counter",
    "mesh_stun_dropped": "counter",
    "mesh_pushes_waiting": "gauge",
    "mesh_pushes": "counter",
    "mesh_resumes": "counter",
    "mesh_slow_readers": "counter",
    "mesh_store_bytes": "gauge",
    "process_cpu_seconds": "counter",
    "process_open_fds": "gauge",
    "process_resident_memory_bytes": "gauge",
}
OPERATING = Path(__file__).parents[2] / "docs/operating.md"
ODD_UNITS = re.compile(r"_(ms|millis|milliseconds|minutes|kb|mb|kib|mib|percent)(_|$)")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with running_server(tmp_path / "data", MESH_METRICS_LISTEN="127.0.0.1:0") as running:
        yield running


async def families(http: aiohttp.ClientSession, url: str) -> dict[str, Metric]:
    async with http.get(f"{url}/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = await response.text()
    found = list(text_string_to_metric_families(text))
    assert len({family.name for family in found}) == len(found)
    return {family.name: family for family in found}


def values(family: Metric) -> dict[tuple[str, ...], float]:
    """By the values of the labels."""
    return {tuple(sample.labels.values()): sample.value for sample in family.samples}


async def test_every_family_is_there_and_well_named(server: ServerProcess) -> None:
    async with aiohttp.ClientSession() as http:
        found = await families(http, server.metrics_url())
    kinds = {name: family.type for name, family in found.items()}
    assert OURS.items() <= kinds.items()
    for name, family in found.items():
        assert re.fullmatch(r"(mesh|process|python)_[a-z0-9_]+", name)
        assert family.documentation
        totals = [sample.name.endswith("_total") for sample in family.samples]
        assert all(totals) if family.type == "counter" else not any(totals)
        assert not ODD_UNITS.search(name), "seconds and bytes, as they are"


async def test_the_page_for_operators_names_families_that_there_are(server: ServerProcess) -> None:
    named = set(re.findall(r"\b(?:mesh|process)_[a-z_]*[a-z]\b", OPERATING.read_text()))
    assert len(named) > len(OURS) / 2
    async with aiohttp.ClientSession() as http:
        found = await families(http, server.metrics_url())
    ends = ("", "_total", "_bucket")
    assert named <= {name + end for name in found for end in ends}


async def test_the_figures_are_of_what_happened(server: ServerProcess) -> None:
    url = server.metrics_url()
    async with aiohttp.ClientSession() as http:
        alice = await register(http, server.url, "alice")
        room_id = await alice.create_room()
        async with alice.socket() as socket:
            await socket.say(room_id, "Hello!")
            await socket.wait("chat.message.created")
            found = await families(http, url)
            assert values(found["mesh_connections"]) == {(): 1}
        await refused(404, "request.not_found", alice.call("GET", "/api/made-up/by-a-stranger"))
        assert values(found["mesh_messages"]) == {(): 1}
        assert values(found["mesh_deliveries"])[()] >= 1
        requests = values((await families(http, url))["mesh_http_requests"])
        assert requests["POST", "/api/auth/register", "201"] == 1
        assert requests["POST", "/api/rooms", "201"] == 1
        assert requests["any", "unknown", "404"] == 1
        assert requests["GET", "/metrics", "200"] == 1
        async with asyncio.timeout(PATIENCE_S):
            while not (store := values((await families(http, url))["mesh_store_bytes"]))["database",]:
                pass
        assert store.keys() == {("database",), ("log",)}


async def test_an_address_of_its_own_takes_the_metrics_from_the_public_one(server: ServerProcess) -> None:
    url = server.metrics_url()
    async with aiohttp.ClientSession() as http:
        for path in ("/livez", "/readyz"):
            for base in (server.url, url):
                async with http.get(base + path) as response:
                    assert (response.status, await response.text()) == (200, "ok\n")
        for elsewhere in (f"{server.url}/metrics", f"{url}/api/version"):
            async with http.get(elsewhere) as response:
                assert response.status == 404
