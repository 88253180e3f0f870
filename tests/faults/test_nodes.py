"""Several nodes while everything breaks: `scripts/bench/chaos --nodes 3` does it at length."""

from pathlib import Path

import pytest

from tests.support import chaos_nodes
from tests.support.ledger import told


async def test_a_company_at_three_nodes_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    plan = chaos_nodes.NodesPlan(seed=1, breaks=6, rooms=2, writers=3, readers=2, agents=1)
    found = await chaos_nodes.run(plan, tmp_path / "nodes")
    assert found.is_good, told(found.ledger)
    assert found.breaks == 6
    assert found.figures["acked"] == found.figures["stored"] > 0
