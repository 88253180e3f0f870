"""`/api/admin`, and a room's own part of the audit log."""

from mesh_server.http.services import Services
from mesh_server.services.principal import Principal
from mesh_server.store.base import Actor
from protocol.queries import AccountsQuery, AllRoomsQuery, AuditLogQuery, RoomAuditQuery
from protocol.rest import (
    Account,
    AccountList,
    AccountRoleRequest,
    ArchiveRequest,
    AuditPage,
    HandedOutPassword,
    InviteRequest,
    OwnerRequest,
    RoomSummary,
    RoomSummaryList,
    ServerInvite,
    ServerInviteList,
    ServerStats,
    SuspendRequest,
    TokenList,
)

# ── accounts ─────────────────────────────────────────────────────────────────────────────────────


async def list_users(services: Services, by: Actor, query: AccountsQuery) -> AccountList:  # noqa: ARG001
    return await services.account_admin.list_accounts(query)


async def get_user(services: Services, by: Actor, user_id: str) -> Account:  # noqa: ARG001
    return await services.account_admin.get(user_id)


async def set_user_role(services: Services, by: Actor, user_id: str, body: AccountRoleRequest) -> Account:
    return await services.account_admin.set_role(by, user_id, body.role)


async def delete_user(services: Services, by: Actor, user_id: str) -> None:
    await services.account_admin.delete(by, user_id)


_NO_REASON = SuspendRequest()


async def suspend_user(
    services: Services, by: Actor, user_id: str, body: SuspendRequest = _NO_REASON
) -> Account:
    return await services.account_admin.suspend(by, user_id, body)


async def restore_user(services: Services, by: Actor, user_id: str) -> Account:
    return await services.account_admin.restore(by, user_id)


async def hand_out_password(services: Services, by: Actor, user_id: str) -> HandedOutPassword:
    return await services.account_admin.hand_out_password(by, user_id)


async def sign_out_user(services: Services, by: Actor, user_id: str) -> None:
    await services.account_admin.sign_out(by, user_id)


async def list_user_tokens(services: Services, by: Actor, user_id: str) -> TokenList:  # noqa: ARG001
    return TokenList(tokens=await services.tokens.list_of(user_id))


async def delete_user_token(services: Services, by: Actor, user_id: str, token_id: str) -> None:
    await services.tokens.revoke_of(user_id, token_id, by=by)


# ── rooms ────────────────────────────────────────────────────────────────────────────────────────


async def list_all_rooms(services: Services, by: Actor, query: AllRoomsQuery) -> RoomSummaryList:  # noqa: ARG001
    return await services.oversight.list_rooms(query)


async def get_any_room(services: Services, by: Actor, room_id: str) -> RoomSummary:  # noqa: ARG001
    return await services.oversight.get(room_id)


async def archive_room(services: Services, by: Actor, room_id: str, body: ArchiveRequest) -> RoomSummary:
    return await services.oversight.archive(by, room_id, archived=body.archived)


async def delete_any_room(services: Services, by: Actor, room_id: str) -> None:
    await services.oversight.delete(by, room_id)


async def hand_room_over(services: Services, by: Actor, room_id: str, body: OwnerRequest) -> RoomSummary:
    return await services.oversight.hand_over(by, room_id, body)


# ── the server ───────────────────────────────────────────────────────────────────────────────────


async def list_server_invites(services: Services, by: Actor) -> ServerInviteList:
    return ServerInviteList(invites=await services.server_invites.list_usable(by))


async def create_server_invite(services: Services, by: Actor, body: InviteRequest) -> ServerInvite:
    return await services.server_invites.create(by, body)


async def delete_server_invite(services: Services, by: Actor, invite_id: str) -> None:
    await services.server_invites.revoke(by, invite_id)


async def audit(services: Services, by: Actor, query: AuditLogQuery) -> AuditPage:  # noqa: ARG001
    return await services.audit.everywhere(query)


async def stats(services: Services, by: Actor) -> ServerStats:  # noqa: ARG001
    return await services.oversight.stats()


async def room_audit(services: Services, who: Principal, room_id: str, query: RoomAuditQuery) -> AuditPage:
    return await services.audit.of_room(who, room_id, query)
