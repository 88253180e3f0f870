"""For all tests: what they start takes signals as it would anywhere, what one process compiled no other does
again, rubbish is looked for less often, and no example of hypothesis fails for the time that it took."""

import gc
import importlib
import os
import signal
import sys
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, settings

# Any thread may be held up for seconds: that says nothing of what is tested. Before any test is imported,
# since each takes what is the default then.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

# A shell ignores SIGINT for what it runs in the background, and nohup SIGHUP, and what is ignored stays so in
# each program that is started. What is caught here does as little here, and is the default there.
for _number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, lambda *_: None)


def pytest_collection(session: pytest.Session) -> None:
    """Where all is run for the first time, each process begins with another share of the test modules.

    All of them load the tests in one order, and would compile each module at one moment, each for itself.
    """
    config, count = session.config, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if count == 1 or sys.dont_write_bytecode or config.args != config.getini("testpaths"):
        return
    first = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
    for path in sorted(config.rootpath.glob("tests/**/test_*.py"))[first::count]:
        with suppress(Exception, pytest.fail.Exception, pytest.skip.Exception):  # told where it is collected
            importlib.import_module(".".join(path.relative_to(config.rootpath).with_suffix("").parts))


def pytest_collectstart() -> None:
    """Nearly all that is made until its end stays. A process that leaves tests to others collects none."""
    gc.disable()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "long: takes many seconds; begun first, so that none is left to the end"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process of tests would still be at a long one when the others have nothing left to do."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """What was collected stays to the end: looking through all of it for rubbish is a tenth of a test's time.

    Rubbish of tests is still found, less often. A test that asks what is left calls `gc.collect` itself.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()
