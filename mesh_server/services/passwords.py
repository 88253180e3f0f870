"""Hashing passwords, slowly on purpose and never on the event loop.

Strategy: bcrypt over base64(sha256(password)), because bcrypt takes at most 72 bytes and stops at a NUL; in a
few threads that give way to all others, behind a waiting line with an end. A name that nobody has is checked
against a hash that no password fits, so that it takes the time of a wrong password.
"""

import asyncio
import base64
import hashlib
import os
import sys
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import bcrypt

from protocol import limits
from protocol.errors import PasswordInvalid, RateLimited

T = TypeVar("T")

COST: Final = 12
"""Rounds are 2**COST: about a quarter of a second of one core in 2025."""

WAITING_MAX: Final = 256
"""Hashes that may be waited for; past it a caller is asked to come again."""

THREADS_MAX: Final = 4
NICENESS: Final = 10
"""Of the threads that hash: next to an ordinary one each gets a tenth of a core."""

_RETRY_AFTER_S: Final = 5.0
_HASH_CHARS: Final = 31


class Passwords:
    """Raises RateLimited from `hash` and `verify` where too many wait already."""

    def __init__(self, *, cost: int = COST, waiting_max: int = WAITING_MAX) -> None:
        self._cost = cost
        self._waiting_max = waiting_max
        self._waiting = 0
        threads = min(os.cpu_count() or 1, THREADS_MAX)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="password", initializer=_give_way)
        self._fits_nothing = bcrypt.gensalt(cost) + b"." * _HASH_CHARS

    async def hash(self, password: str) -> bytes:
        return await self._run(_hash, password, self._cost)

    async def verify(self, password: str, password_hash: bytes | None) -> bool:
        """Whether the password fits; False, after the same time, where there is no hash."""
        expected = self._fits_nothing if password_hash is None else password_hash
        return await self._run(_verify, password, expected) and password_hash is not None

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[..., T], *args: object) -> T:
        if self._waiting >= self._waiting_max:
            raise RateLimited("Too many people sign in at once.", retry_after=_RETRY_AFTER_S)
        self._waiting += 1
        future = asyncio.get_running_loop().run_in_executor(self._pool, work, *args)
        # Counted until the work ends, not until the caller does: one who hangs up frees no thread.
        future.add_done_callback(self._done)
        return await future

    def _done(self, _future: "asyncio.Future[T]") -> None:
        self._waiting -= 1


def check_password(password: str) -> None:
    """Whether it may be chosen. Raises: PasswordInvalid."""
    if not limits.PASSWORD_MIN_CHARS <= len(password) <= limits.PASSWORD_MAX_CHARS:
        raise PasswordInvalid


def _give_way() -> None:
    """On Linux each thread has a niceness: whoever signs in waits, not those who are talking."""
    if sys.platform == "linux":
        me = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, me, max(os.getpriority(os.PRIO_PROCESS, me), NICENESS))


def _digest(password: str) -> bytes:
    """NFKC, so that it fits however the keyboard composes it (NIST SP 800-63B section 3.1.1.2)."""
    text = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    return base64.b64encode(hashlib.sha256(text).digest())


def _hash(password: str, cost: int) -> bytes:
    return bcrypt.hashpw(_digest(password), bcrypt.gensalt(cost))


def _verify(password: str, expected: bytes) -> bool:
    return bcrypt.checkpw(_digest(password), expected)
