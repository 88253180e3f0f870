"""What runs a server's accounts and rooms from outside: the same parts for REST and for the console."""

from dataclasses import dataclass

from mesh_server.bus.base import Bus
from mesh_server.config import Config
from mesh_server.ids import Clock, NewId
from mesh_server.services.administration import AccountAdmin, Farewell, ServerInvites
from mesh_server.services.audit import AuditService
from mesh_server.services.gate import PasswordGate
from mesh_server.services.oversight import OversightService, WhoIsHere
from mesh_server.services.personal_tokens import TokenService
from mesh_server.services.presence import PresenceService
from mesh_server.services.rooms import RoomService
from mesh_server.services.sessions import Sessions
from mesh_server.store.base import Store


@dataclass(frozen=True, slots=True)
class Administration:
    accounts: AccountAdmin
    invites: ServerInvites
    tokens: TokenService
    rooms: OversightService
    audit: AuditService
    farewell: Farewell


def build_administration(
    config: Config,
    store: Store,
    bus: Bus,
    presence: PresenceService,
    rooms: RoomService,
    *,
    sessions: Sessions,
    gate: PasswordGate,
    who_is_here: WhoIsHere,
    clock: Clock,
    new_id: NewId,
) -> Administration:
    farewell = Farewell(sessions, rooms, bus)
    return Administration(
        accounts=AccountAdmin(
            store.people,
            store.accounts,
            sessions=sessions,
            gate=gate,
            presence=presence,
            clock=clock,
            on_departed=farewell,
        ),
        invites=ServerInvites(store.invites, new_id=new_id),
        tokens=TokenService(store.tokens, sessions=sessions, clock=clock, new_id=new_id),
        rooms=OversightService(
            store.oversight,
            rooms,
            bus,
            find_user=store.accounts.get_user_by_key,
            who_is_here=who_is_here,
        ),
        audit=AuditService(store.audit, rooms, clock=clock, keep_days=config.audit.keep_days),
        farewell=farewell,
    )
