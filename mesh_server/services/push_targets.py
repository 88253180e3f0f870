"""Places where a person has pushes sent, and the protocol of whoever sends them."""

import re
from typing import Final, NamedTuple, Protocol

from mesh_server.ids import Clock, NewId
from mesh_server.services.names import device_name
from mesh_server.services.principal import Principal
from mesh_server.services.push_addresses import AllowList
from mesh_server.store.base import PushStore, PushTargetRecord
from protocol.errors import PasswordRequired, PushNotAllowed, PushTargetInvalid, PushTargetNotFound
from protocol.rest import PushKind, PushState, PushTarget, PushTargetList, PushTargetRequest, PushTest
from protocol.times import format_time

_TOPIC: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,512}")
"""Goes into a header as it is."""


class Notice(NamedTuple):
    """What a person is told. `link` leads to it; empty where the server knows no address of its own."""

    title: str
    text: str
    link: str


class Outcome(NamedTuple):
    """What became of a push; with `retry`, trying again makes sense, `retry_after` seconds later or more."""

    state: PushState
    retry: bool = False
    retry_after: float = 0.0


class Notifier(Protocol):
    """Sends one push and waits for its outcome: bounded in time, and never raising for what others do."""

    async def deliver(self, target: PushTargetRecord, notice: Notice) -> Outcome: ...

    async def close(self) -> None: ...


class PushTargetService:
    def __init__(
        self, store: PushStore, notifier: Notifier, allowed: AllowList, *, clock: Clock, new_id: NewId
    ) -> None:
        self._store, self._notifier, self._allowed = store, notifier, allowed
        self._clock, self._new_id = clock, new_id

    async def list_mine(self, who: Principal) -> PushTargetList:
        targets = await self._store.list_targets(who.user_id)
        return PushTargetList(targets=[_view(target) for target in targets], allowed=self._allowed.urls)

    async def create(self, who: Principal, body: PushTargetRequest) -> PushTarget:
        """Raises: PasswordRequired, PushNotAllowed, PushTargetInvalid, TooManyPushTargets."""
        if who.by_token:  # it would go on telling what is said after the token is gone
            raise PasswordRequired
        place = self._allowed.find(body.url)
        if place is None:
            raise PushNotAllowed
        _check(body.kind, body.token, body.topic)
        record = PushTargetRecord(
            id=self._new_id(),
            user_id=who.user_id,
            kind=body.kind,
            url=place.url,
            topic=body.topic if body.kind == "ntfy" else "",
            token=body.token,
            name=device_name(body.name) if body.name else body.kind,
            mentions=body.mentions,
            dms=body.dms,
            rooms=body.rooms,
            text=body.text,
            created_at=self._clock(),
        )
        await self._store.create_target(record)
        return _view(record)

    async def remove(self, who: Principal, target_id: str) -> None:
        """Raises: PushTargetNotFound."""
        if not await self._store.remove_target(who.user_id, target_id):
            raise PushTargetNotFound

    async def test(self, who: Principal, target_id: str) -> PushTest:
        """Sends one now. Raises: PushTargetNotFound."""
        target = await self._store.get_target(who.user_id, target_id)
        if target is None:
            raise PushTargetNotFound
        notice = Notice("Mesh", "Pushes arrive here.", "")
        outcome = await self._notifier.deliver(target, notice)
        await self._store.set_target_state(target.id, outcome.state)
        return PushTest(state=outcome.state)


def _check(kind: PushKind, token: str, topic: str) -> None:
    """Raises: PushTargetInvalid."""
    if token and not _TOKEN.fullmatch(token):
        raise PushTargetInvalid("A token has 1 to 512 visible characters of ASCII.")
    if (kind == "gotify" and not token) or (kind == "ntfy" and not _TOPIC.fullmatch(topic)):
        raise PushTargetInvalid


def _view(record: PushTargetRecord) -> PushTarget:
    return PushTarget(
        id=record.id,
        kind=record.kind,
        url=record.url,
        topic=record.topic,
        name=record.name,
        mentions=record.mentions,
        dms=record.dms,
        rooms=record.rooms,
        text=record.text,
        created_at=format_time(record.created_at),
        state=record.state,
    )
