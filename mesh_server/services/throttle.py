"""How long who has tried too often must wait. No IO; the clock's reading is an argument.

Strategy: a few tries are free, then each one doubles the wait, up to a bound that an owner can sit out; a
while without tries, and all is forgotten. Wrong passwords count for the account and for the address that they
came from. A device or address that has signed in to an account before is counted apart from strangers, so
that strangers who guess cannot keep the owner out. Loopback is this machine, or a proxy in front of
everyone: it is never limited as an address.
"""

from collections import OrderedDict
from typing import Final

from msgspec import Struct

from mesh_server.services.addresses import is_loopback, network
from protocol.errors import RateLimited

ENTRIES_MAX: Final = 10_000
"""Keys that a throttle remembers; past it the one tried longest ago is forgotten."""


class Rule(Struct, frozen=True, kw_only=True):
    """`free` tries, then waits from `first_ms`, doubling up to `most_ms`; forgotten after `forget_ms`."""

    free: int
    first_ms: int
    most_ms: int
    forget_ms: int


ACCOUNT: Final = Rule(free=5, first_ms=1_000, most_ms=30_000, forget_ms=15 * 60_000)
ADDRESS: Final = Rule(free=30, first_ms=1_000, most_ms=60_000, forget_ms=15 * 60_000)
REGISTRATION: Final = Rule(free=20, first_ms=10_000, most_ms=600_000, forget_ms=60 * 60_000)


class _Tries:
    __slots__ = ("at", "count")

    def __init__(self) -> None:
        self.count = 0
        self.at = 0


class Throttle:
    """Counts tries by key, under one rule. Times are milliseconds of any one clock."""

    def __init__(self, rule: Rule, *, entries_max: int = ENTRIES_MAX) -> None:
        self._rule = rule
        self._entries_max = entries_max
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def wait_ms(self, key: str, now: int) -> int:
        """How long until `key` may try; 0 is now."""
        tries = self._tries.get(key)
        if tries is None or now - tries.at >= self._rule.forget_ms:
            return 0
        past_free = tries.count - self._rule.free
        if past_free < 0:
            return 0
        wait = min(self._rule.first_ms << min(past_free, 32), self._rule.most_ms)
        # A try in the future is one before the clock was set back: it counts from now, not from then.
        tries.at = min(tries.at, now)
        return max(0, tries.at + wait - now)

    def count(self, key: str, now: int) -> None:
        """`key` has tried."""
        tries = self._tries.setdefault(key, _Tries())
        if now - tries.at >= self._rule.forget_ms:
            tries.count = 0
        tries.count += 1
        tries.at = now
        self._tries.move_to_end(key)
        if len(self._tries) > self._entries_max:
            self._tries.popitem(last=False)

    def forget(self, key: str) -> None:
        self._tries.pop(key, None)

    def __len__(self) -> int:
        return len(self._tries)


class AccountThrottle:
    """The three rules as accounts need them: call `check…` before the work, then say how it went."""

    def __init__(self, *, entries_max: int = ENTRIES_MAX) -> None:
        self._accounts = Throttle(ACCOUNT, entries_max=entries_max)
        self._addresses = Throttle(ADDRESS, entries_max=entries_max)
        self._registrations = Throttle(REGISTRATION, entries_max=entries_max)
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._entries_max = entries_max
        self.refused = 0

    def check_login(self, account: str, origin: str, address: str, now: int) -> None:
        """`origin`: a device of this account, or else the address. Raises: RateLimited."""
        wait = self._accounts.wait_ms(self._bucket(account, origin), now)
        if not is_loopback(address):
            wait = max(wait, self._addresses.wait_ms(network(address), now))
        self._refuse_for(wait)

    def failed(self, account: str, origin: str, address: str, now: int) -> None:
        self._accounts.count(self._bucket(account, origin), now)
        if not is_loopback(address):
            self._addresses.count(network(address), now)

    def succeeded(self, account: str, origin: str) -> None:
        self._accounts.forget(self._bucket(account, origin))
        self.recognise(account, origin)

    def recognise(self, account: str, origin: str) -> None:
        """From now on `origin` is counted apart from strangers."""
        self._known[account, origin] = None
        self._known.move_to_end((account, origin))
        if len(self._known) > self._entries_max:
            self._known.popitem(last=False)

    def knows(self, account: str, origin: str) -> bool:
        """Whether it is counted apart from strangers."""
        return (account, origin) in self._known

    def _bucket(self, account: str, origin: str) -> str:
        return f"{account}\n{origin}" if (account, origin) in self._known else account

    def check_registration(self, address: str, now: int) -> None:
        """Counts as well, because each one makes work. Raises: RateLimited."""
        if is_loopback(address):
            return
        self._refuse_for(self._registrations.wait_ms(network(address), now))
        self._registrations.count(network(address), now)

    def _refuse_for(self, wait_ms: int) -> None:
        if wait_ms > 0:
            self.refused += 1
            seconds = -(-wait_ms // 1000)
            plural = "" if seconds == 1 else "s"
            raise RateLimited(f"Too many tries. Wait {seconds} second{plural}.", retry_after=wait_ms / 1000)
