"""Where passwords are tried: one at a time for each account, and throttled before anything is hashed.

Strategy: whoever tries takes a turn, so that each try is judged by how the one before it ended; a device or
address that has been let in before is counted apart from strangers, so that no number of wrong tries by
others keeps the owner out. Each try is told to all nodes, this one among them, and counted where it is heard:
more nodes are no more tries for who guesses.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from mesh_server.bus.base import BusMessage, Tried
from mesh_server.ids import Clock
from mesh_server.services.addresses import is_loopback
from mesh_server.services.passwords import Passwords
from mesh_server.services.throttle import AccountThrottle
from mesh_server.services.turns import Turns


class PasswordGate:
    """`tell` publishes what is to come to `on_bus` of every node; without it there is this one alone."""

    def __init__(
        self, passwords: Passwords, *, clock: Clock, tell: Callable[[Tried], None] | None = None
    ) -> None:
        self._passwords, self._clock = passwords, clock
        self._tell = tell or self.on_bus
        self._throttle, self._turns = AccountThrottle(), Turns()

    @property
    def refused(self) -> int:
        """Tries that were refused for coming too often."""
        return self._throttle.refused

    def close(self) -> None:
        """Drops the hashes that wait; whoever waits for one gets no answer any more."""
        self._passwords.close()

    def turn(self, account: str) -> AbstractAsyncContextManager[None]:
        """To be held while a password of this account is tried. Raises: RateLimited."""
        return self._turns.take(account)

    async def fits(
        self,
        account: str,
        address: str,
        password: str,
        password_hash: bytes | None,
        *,
        signed_in: str = "",
        named: str = "",
    ) -> bool:
        """Whether a password fits; to be asked in the account's turn. Raises: RateLimited.

        `signed_in` is the id of the device that asks, `named` that of one which the asker says they have;
        either is of this account. Others may know the id of a device and try with it, so an address that
        got in before is believed first.
        """
        now, origin = self._clock(), signed_in or named or address
        if signed_in or named:
            self._throttle.recognise(account, origin)
        if named and self._throttle.knows(account, address):
            origin = address
        self._throttle.check_login(account, origin, address, now)
        fits = await self._passwords.verify(password, password_hash)
        self._tell(Tried(account=account, origin=origin, address=address, fits=fits))
        return fits

    def on_bus(self, message: BusMessage) -> None:
        if not isinstance(message, Tried):
            return
        account, origin, address = message.account, message.origin, message.address
        if message.fits:
            self._throttle.succeeded(account, origin)
            if not is_loopback(address):
                self._throttle.recognise(account, address)
        else:
            if origin != address:
                self._throttle.recognise(account, origin)
            self._throttle.failed(account, origin, address, self._clock())

    def check_registration(self, address: str) -> None:
        """Counts it as well. Raises: RateLimited."""
        self._throttle.check_registration(address, self._clock())

    def registered(self, account: str, address: str) -> None:
        self._throttle.succeeded(account, address)

    async def hash(self, password: str) -> bytes:
        """Raises: RateLimited."""
        return await self._passwords.hash(password)
