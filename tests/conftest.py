"""For all tests: programs that they start take signals as they would anywhere."""

import signal

# A shell ignores SIGINT for what it runs in the background, and nohup SIGHUP, and what is ignored stays so in
# each program that is started. What is caught here does as little here, and is the default there.
for _number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, lambda *_: None)
