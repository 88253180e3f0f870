"""What the services may ask of a store, and the records they get: no SQL, so that rules know none.

Verbs: `list_` and `get_` read, `create_`, `set_`, `add_`, `remove_` write in one durable transaction
each. Every call may raise `StorageUnavailable`; nothing was stored then. Records are as in the
tables, times in milliseconds. One contract suite (`tests/contracts`) runs against every implementation.
"""

from typing import Protocol

from mesh_server.store.base.accounts import (
    AccountStore,
    DeviceRecord,
    RefreshRecord,
    SignedIn,
    TokenStore,
    UserRecord,
)
from mesh_server.store.base.audit import (
    Actor,
    AuditQuery,
    AuditRecord,
    AuditStore,
)
from mesh_server.store.base.cluster import (
    ClusterStore,
    NodeRecord,
    NodeStore,
)
from mesh_server.store.base.log import (
    Appended,
    AppendOutcome,
    Change,
    Changes,
    Edit,
    Erase,
    MessageRecord,
    MessageStore,
    NewMessage,
    Overview,
    Pin,
    React,
    VersionRecord,
)
from mesh_server.store.base.order import (
    Allow,
    BanRecord,
    InviteRecord,
    InviteStore,
    Opened,
    OrderStore,
    Promoted,
    ServerInviteRecord,
    Settings,
    Standing,
)
from mesh_server.store.base.oversight import (
    Figures,
    OversightStore,
    RoomOverview,
    RoomQuery,
)
from mesh_server.store.base.peering import (
    NewSession,
    PeeringStore,
    SessionRecord,
    SideDevice,
    SideRecord,
    Target,
)
from mesh_server.store.base.people import (
    AccountQuery,
    AccountRecord,
    Departure,
    PeopleStore,
)
from mesh_server.store.base.push import (
    NewPush,
    PushCandidate,
    PushDue,
    PushReason,
    PushStore,
    PushTargetRecord,
)
from mesh_server.store.base.rooms import (
    Joined,
    Left,
    MemberRecord,
    MyRoom,
    ReadMark,
    RoomRecord,
    RoomStore,
)
from mesh_server.store.base.search import (
    Found,
    SearchQuery,
    SearchStore,
)
from mesh_server.store.base.ssh_keys import SshKeyRecord, SshKeyStore
from mesh_server.store.base.upkeep import (
    UpkeepStore,
)
from mesh_server.store.base.usage import RelayUsage, UsageStore

__all__ = [
    "AccountQuery",
    "AccountRecord",
    "AccountStore",
    "Actor",
    "Allow",
    "AppendOutcome",
    "Appended",
    "AuditQuery",
    "AuditRecord",
    "AuditStore",
    "BanRecord",
    "Change",
    "Changes",
    "ClusterStore",
    "Departure",
    "DeviceRecord",
    "Edit",
    "Erase",
    "Figures",
    "Found",
    "InviteRecord",
    "InviteStore",
    "Joined",
    "Left",
    "MemberRecord",
    "MessageRecord",
    "MessageStore",
    "MyRoom",
    "NewMessage",
    "NewPush",
    "NewSession",
    "NodeRecord",
    "NodeStore",
    "Opened",
    "OrderStore",
    "OversightStore",
    "Overview",
    "PeeringStore",
    "PeopleStore",
    "Pin",
    "Promoted",
    "PushCandidate",
    "PushDue",
    "PushReason",
    "PushStore",
    "PushTargetRecord",
    "React",
    "ReadMark",
    "RefreshRecord",
    "RelayUsage",
    "RoomOverview",
    "RoomQuery",
    "RoomRecord",
    "RoomStore",
    "SearchQuery",
    "SearchStore",
    "ServerInviteRecord",
    "SessionRecord",
    "Settings",
    "SideDevice",
    "SideRecord",
    "SignedIn",
    "SshKeyRecord",
    "SshKeyStore",
    "Standing",
    "Store",
    "Target",
    "TokenStore",
    "UpkeepStore",
    "UsageStore",
    "UserRecord",
    "VersionRecord",
]


class Store(Protocol):
    """A database and its parts.

    `epoch` names this history of numbers: it is another one after a restored backup.
    """

    @property
    def accounts(self) -> AccountStore: ...

    @property
    def tokens(self) -> TokenStore: ...

    @property
    def people(self) -> PeopleStore: ...

    @property
    def oversight(self) -> OversightStore: ...

    @property
    def audit(self) -> AuditStore: ...

    @property
    def rooms(self) -> RoomStore: ...

    @property
    def order(self) -> OrderStore: ...

    @property
    def invites(self) -> InviteStore: ...

    @property
    def upkeep(self) -> UpkeepStore: ...

    @property
    def messages(self) -> MessageStore: ...

    @property
    def search(self) -> SearchStore: ...

    @property
    def peering(self) -> PeeringStore: ...

    @property
    def push(self) -> PushStore: ...

    @property
    def ssh_keys(self) -> SshKeyStore: ...

    @property
    def usage(self) -> UsageStore: ...

    @property
    def cluster(self) -> ClusterStore: ...

    @property
    def epoch(self) -> str: ...

    async def check(self) -> None:
        """Whether it can be written to. Raises: StorageUnavailable."""
        ...

    async def close(self) -> None: ...
