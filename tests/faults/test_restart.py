"""Guarantee 7: a server stopped at work is gone within 30 s, and nobody misses or doubles anything."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support import chaos
from tests.support.chaos import Company
from tests.support.conditions import until
from tests.support.ledger import told


@pytest.fixture
async def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Company]:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    plan = chaos.Plan(seed=7, kills=0, rooms=2, writers=6, readers=3, agents=2)
    async with chaos.company(plan, tmp_path / "server") as made:
        yield made


async def test_a_stop_under_load_loses_and_doubles_nothing(company: Company) -> None:
    company.begin()
    for _ in range(2):
        goal = company.acks + 200
        await until(lambda goal=goal: company.acks >= goal, "everyone to be at work", chaos.END_S)  # type: ignore[misc]  # a bound default
        await company.stop()
        await company.start()
    await company.finish()
    found = company.found
    assert found.is_good, told(found.ledger)
    assert max(found.stop_s) < chaos.STOP_S
    assert found.figures["acked"] == found.figures["stored"] > 400
