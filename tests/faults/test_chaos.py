"""Everything at once: `scripts/bench/chaos` does it at length, this does it for a few seconds."""

from pathlib import Path

import pytest

from tests.support import chaos
from tests.support.ledger import told


async def test_a_company_at_work_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    plan = chaos.Plan(seed=1, kills=4, rooms=2, writers=3, readers=2, agents=1)
    found = await chaos.run(plan, tmp_path / "server")
    assert found.is_good, told(found.ledger)
    assert found.figures["acked"] == found.figures["stored"] > 0
    assert found.figures["resumes"] > 0
