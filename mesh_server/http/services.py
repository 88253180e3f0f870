"""What the handlers may ask, and how they reach it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from mesh_server.limits import Limiter
from mesh_server.services.accounts import AccountService
from mesh_server.services.administration import AccountAdmin, ServerInvites
from mesh_server.services.audit import AuditService
from mesh_server.services.capabilities import CapabilityService
from mesh_server.services.devices import DeviceService
from mesh_server.services.edits import EditService
from mesh_server.services.ice import IceService
from mesh_server.services.invites import InviteService
from mesh_server.services.messages import MessageService
from mesh_server.services.order import OrderService
from mesh_server.services.oversight import OversightService
from mesh_server.services.own_account import OwnAccountService
from mesh_server.services.peering import PeeringService
from mesh_server.services.personal_tokens import TokenService
from mesh_server.services.push_targets import PushTargetService
from mesh_server.services.rooms import RoomService
from mesh_server.services.search import SearchService
from mesh_server.services.signing import Signer
from mesh_server.services.ssh_keys import SshKeyService
from protocol.rest import VersionInfo


@dataclass(frozen=True, slots=True)
class Services:
    """`ready` raises a `MeshError` while the server should get no traffic; `has_web`: browsers come in."""

    accounts: AccountService
    own_account: OwnAccountService
    devices: DeviceService
    tokens: TokenService
    account_admin: AccountAdmin
    server_invites: ServerInvites
    oversight: OversightService
    audit: AuditService
    rooms: RoomService
    order: OrderService
    invites: InviteService
    messages: MessageService
    edits: EditService
    search: SearchService
    capabilities: CapabilityService
    signer: Signer
    limiter: Limiter
    peering: PeeringService
    ice: IceService
    push: PushTargetService
    server_name: str
    has_web: bool
    ssh_keys: SshKeyService
    version: Callable[[], Awaitable[VersionInfo]]
    ready: Callable[[], Awaitable[None]]
    metrics: Callable[[], bytes]


SERVICES = web.AppKey("services", Services)
