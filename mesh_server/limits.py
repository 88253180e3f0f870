"""What the server takes from whom, and how much of it: every number of it in one place.

Strategy: each kind of call and message has one rate, that of one device; a user has `user_factor` times as
much on all devices together, an address `address_factor` times as much for everyone behind it. A request
spends from all three, and from none where one of them is empty.

A bucket is one number, the moment at which it would be full again (the "generic cell rate algorithm"), so
that a look and a withdrawal are a subtraction and an addition, and a bucket that is full need not be kept:
memory is bounded by forgetting full ones first. The clock is an argument; loopback is this machine, or a
proxy that nobody named, and is never limited as an address.

These limits refuse for a moment, whoever asks. Wrong passwords are counted apart (`services.throttle`), and
so are open connections (`caps`).
"""

import math
import re
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Final, Literal, NamedTuple

from msgspec import Meta, Struct

from protocol import limits as wire
from protocol.errors import RateLimited

ENTRIES_MAX: Final = 50_000
"""Buckets that are kept of one kind and one scope; past it the full ones go, then the oldest."""

_RATE: Final = re.compile(r"([1-9]\d{0,8})/([1-9]\d{0,5})?([smh])")
_SPAN_S: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}


class Kind(StrEnum):
    """What is counted apart from what; each is a setting of the same name."""

    CONNECT = "connect"
    SIGN_IN = "sign_in"
    OPEN = "open"
    READ = "read"
    SEARCH = "search"
    WRITE = "write"
    CREATE = "create"
    SEND = "send"
    CHANGE = "change"
    MARK = "mark"
    TYPING = "typing"
    PRESENCE = "presence"
    MEMBERSHIP = "membership"
    PING = "ping"
    SIGNAL = "signal"


class Rate(Struct, frozen=True):
    """`times` at once, and then as many again every `span_s` seconds."""

    times: int
    span_s: float


def parse_rate(text: str) -> Rate | None:
    """`60/10s`: 60 at once, and 60 every 10 seconds after that; None for `off`. Raises: ValueError."""
    if text == "off":
        return None
    found = _RATE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no rate: write COUNT/TIME such as 60/10s, 100/m or 5/h, or off")
    times, spans, unit = found.groups()
    return Rate(int(times), int(spans or 1) * _SPAN_S[unit])


Share = Annotated[float, Meta(ge=1, le=100_000)]
Cap = Annotated[int, Meta(ge=1, le=1_000_000)]


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much anyone may ask for.

    A rate is what one device may do: "60/10s" is 60 at once and 60 every 10 seconds from then on ("100/m" and
    "5/h" are others), "off" is no limit.
    """

    enabled: Annotated[
        bool, Meta(description="False switches every rate off; sizes and numbers of connections stay.")
    ] = True
    user_factor: Annotated[
        Share, Meta(description="How many times as much a person may, on all their devices together.")
    ] = 2
    address_factor: Annotated[
        Share,
        Meta(
            description="How many times as much may come from one address, or one /64 network of IPv6; this "
            "machine's own address is not limited."
        ),
    ] = 20

    # Coming in
    connect: Annotated[str, Meta(description="Connections that are opened.")] = "120/m"
    sign_in: Annotated[
        str, Meta(description="Registering, signing in, refreshing tokens, changing a password.")
    ] = "10/10s"
    open: Annotated[str, Meta(description="Calls that need no account.")] = "30/10s"

    # REST
    read: Annotated[str, Meta(description="Calls that read.")] = "1000/10s"
    search: Annotated[str, Meta(description="Searches.")] = "200/10s"
    write: Annotated[str, Meta(description="Calls that change something.")] = "1000/10s"
    create: Annotated[
        str,
        Meta(
            description="Calls that make something: a room, a conversation of two, an invite, a capability, "
            "a session."
        ),
    ] = "600/m"

    # WebSocket
    send: Annotated[str, Meta(description="Messages.")] = "2000/10s"
    change: Annotated[str, Meta(description="Edits, deletions, pins and reactions.")] = "600/10s"
    mark: Annotated[str, Meta(description="Read markers.")] = "600/10s"
    typing: Annotated[str, Meta(description="Signs of typing.")] = "600/10s"
    presence: Annotated[str, Meta(description="Changes of presence.")] = "300/10s"
    membership: Annotated[str, Meta(description="Rooms joined and left.")] = "300/10s"
    ping: Annotated[str, Meta(description="Pings.")] = "600/10s"
    signal: Annotated[
        str, Meta(description="What peers tell each other through the server, for sessions and calls.")
    ] = "1000/10s"
    refusals: Annotated[
        str,
        Meta(description="Messages of one connection that are not valid; past it the connection is closed."),
    ] = "100/10s"
    excess: Annotated[
        str,
        Meta(
            description="Messages of one connection that come over a limit; past it the connection is closed."
        ),
    ] = "500/m"

    # How many, and how large
    tcp: Annotated[
        Cap,
        Meta(
            description="TCP connections that may be open in all, whatever they are for; one more is closed "
            "unread. Where the process may not open as many files, fewer."
        ),
    ] = 24_000
    tcp_per_address: Annotated[
        Cap,
        Meta(
            description="Of one address, or one /64 network of IPv6; those of this machine and of "
            "trusted_proxies are counted in all only."
        ),
    ] = 2_000
    silence_s: Annotated[
        float,
        Meta(
            description="How long a new TCP connection may take for its TLS, and then for its first request.",
            ge=0.1,
            le=600,
        ),
    ] = 15.0
    connections: Annotated[Cap, Meta(description="Connections that may be open in all.")] = 20_000
    connections_per_address: Annotated[Cap, Meta(description="Of one address.")] = 1_000
    connections_per_user: Annotated[Cap, Meta(description="Of one person.")] = 128
    connections_per_device: Annotated[Cap, Meta(description="Of one device; one more closes its oldest.")] = (
        16
    )
    frame_bytes: Annotated[
        int, Meta(description="Bytes in a message of a client.", ge=1024, le=wire.FRAME_BYTES)
    ] = wire.FRAME_BYTES
    body_bytes: Annotated[
        int, Meta(description="Bytes in the body of a call.", ge=1024, le=wire.BODY_BYTES)
    ] = wire.BODY_BYTES

    def __post_init__(self) -> None:
        for name in (*Kind, "refusals", "excess"):
            try:
                parse_rate(getattr(self, name))
            except ValueError as error:
                raise ValueError(f"limits.{name}: {error}") from None

    def rate(self, name: str) -> Rate | None:
        return parse_rate(getattr(self, name)) if self.enabled else None


class Caller(NamedTuple):
    """Who asks, as far as that is known; the address as `services.addresses.network` writes it.

    None where there is nobody to hold to it, or where it is not limited.
    """

    device: str | None = None
    user: str | None = None
    address: str | None = None


Scope = Literal["device", "user", "address"]
SCOPES: Final[tuple[Scope, ...]] = ("device", "user", "address")
"""In the order of a `Caller`."""


class Buckets:
    """One bucket a key, each of the same rate. Times are seconds of any one clock that never runs back."""

    __slots__ = ("_entries_max", "_full_at", "_interval_s", "_slack_s")

    def __init__(self, rate: Rate, *, entries_max: int = ENTRIES_MAX) -> None:
        self._interval_s = rate.span_s / rate.times
        self._slack_s = rate.span_s - self._interval_s
        self._entries_max = entries_max
        self._full_at: dict[str, float] = {}

    def take(self, key: str, now: float) -> float:
        """Takes one; 0 where there was one to take, else after how many seconds there will be."""
        full_at = self._full_at.get(key, now)
        if full_at <= now:
            full_at = now
        # The thousandth part: so that one who waits as long as told is not refused for a rounding.
        elif (wait_s := full_at - now - self._slack_s) > 0.001:
            return wait_s
        self._full_at[key] = full_at + self._interval_s
        if len(self._full_at) > self._entries_max:
            self._forget(now)
        return 0.0

    def missing(self, key: str, now: float) -> tuple[int, float]:
        """How many are not there that a full one has, and which share of all of them that is."""
        wait_s = max(0.0, self._full_at.get(key, now) - now)
        return math.ceil(wait_s / self._interval_s - 0.001), wait_s / (self._slack_s + self._interval_s)

    def take_away(self, key: str, times: int, now: float) -> None:
        """Also more than are there, which come in again first; of those no more than a full one has."""
        full_at = max(self._full_at.get(key, now), now) + times * self._interval_s
        self._full_at[key] = min(full_at, now + 2 * (self._slack_s + self._interval_s))
        if len(self._full_at) > self._entries_max:
            self._forget(now)

    def give_back(self, key: str) -> None:
        if key in self._full_at:
            self._full_at[key] -= self._interval_s

    def _forget(self, now: float) -> None:
        kept = [(key, full_at) for key, full_at in self._full_at.items() if full_at > now]
        self._full_at = dict(kept[-(self._entries_max * 3 // 4) :])

    def __len__(self) -> int:
        return len(self._full_at)


class Limiter:
    """The rates of one server. `refused` counts by kind and scope, for the metrics."""

    def __init__(self, limits: Limits, *, clock: Callable[[], float], entries_max: int = ENTRIES_MAX) -> None:
        self._clock = clock
        self.refused: Counter[tuple[Kind, Scope]] = Counter()
        factors = {"device": 1.0, "user": limits.user_factor, "address": limits.address_factor}
        self._buckets: dict[Kind, tuple[Buckets, ...]] = {}
        for kind in Kind:
            rate = limits.rate(kind)
            if rate is not None:
                self._buckets[kind] = tuple(
                    Buckets(_times(rate, factors[scope]), entries_max=entries_max) for scope in SCOPES
                )
        self._by_name: dict[tuple[str, str], Buckets] = {
            (kind, scope): one
            for kind, of_kind in self._buckets.items()
            for scope, one in zip(SCOPES, of_kind, strict=True)
        }
        self.on_spent: Callable[[Kind, Caller], None] | None = None

    def spend(self, kind: Kind, caller: Caller) -> None:
        """Takes one of this kind from each that the caller is. Raises: RateLimited, and takes nothing."""
        buckets = self._buckets.get(kind)
        if buckets is None:
            return
        now = self._clock()
        for number, key in enumerate(caller):
            if key is not None and (wait_s := buckets[number].take(key, now)):
                for earlier, taken in zip(buckets[:number], caller, strict=False):
                    if taken is not None:
                        earlier.give_back(taken)
                self.refused[kind, SCOPES[number]] += 1
                raise _too_much(wait_s)
        if self.on_spent is not None:
            self.on_spent(kind, caller)

    def missing(self, kind: Kind, scope: int, key: str) -> tuple[int, float]:
        """Of a bucket, by the place of its scope in a `Caller`: as `Buckets.missing`."""
        return self._buckets[kind][scope].missing(key, self._clock())

    def spent_elsewhere(self, kind: str, scope: str, key: str, times: int) -> None:
        """Takes what another node has granted; of a kind that is not limited here, or not known, nothing."""
        buckets = self._by_name.get((kind, scope))
        if buckets is not None:
            buckets.take_away(key, times, self._clock())

    def __len__(self) -> int:
        """Buckets that are kept."""
        return sum(len(buckets) for of_kind in self._buckets.values() for buckets in of_kind)


def _times(rate: Rate, factor: float) -> Rate:
    return Rate(round(rate.times * factor), rate.span_s)


def _too_much(wait_s: float) -> RateLimited:
    seconds = max(1, -int(-wait_s // 1))
    plural = "" if seconds == 1 else "s"
    text = f"Too much in a short time. Wait {seconds} second{plural}."
    return RateLimited(text, retry_after=min(round(wait_s + 0.001, 3), wire.WAIT_MAX_S))


class Patience:
    """How many refusals one connection may cause; `lost` counts one, and says when there were too many."""

    __slots__ = ("_buckets",)

    def __init__(self, rate: Rate | None) -> None:
        self._buckets = None if rate is None else Buckets(rate)

    def lost(self, now: float) -> bool:
        return self._buckets is not None and self._buckets.take("", now) > 0
