"""For all tests: what they start takes signals as it would anywhere, and rubbish is looked for less often."""

import gc
import signal

# A shell ignores SIGINT for what it runs in the background, and nohup SIGHUP, and what is ignored stays so in
# each program that is started. What is caught here does as little here, and is the default there.
for _number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, lambda *_: None)


def pytest_collection_finish() -> None:
    """What was collected stays to the end: looking through all of it for rubbish is a tenth of a test's time.

    Rubbish of tests is still found, less often. A test that asks what is left calls `gc.collect` itself.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
