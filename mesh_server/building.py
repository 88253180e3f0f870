"""A server put together, on a store and a bus that `app` has chosen.

Strategy: what belongs together is built together, each group out of those before it: the ground that
everything stands on, who people are, what they say, how they are connected, and what is asked of all of it.
A group that is a matter of its own has a module of its own, beside what it builds.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from mesh_server import open_files
from mesh_server.administration import Administration, build_administration
from mesh_server.bus.base import Bus, DeviceRevoked, UserChanged
from mesh_server.caps import TcpCaps
from mesh_server.chores import Chore, note_who_is_here
from mesh_server.clustering import Cluster, alone, chores_of, relaying
from mesh_server.config import Config
from mesh_server.console.operations import Console
from mesh_server.doors.building import build_doors
from mesh_server.doors.launching import Launch, launch_client
from mesh_server.ground import Ground, build_ground, build_rooms
from mesh_server.http.application import make_applications
from mesh_server.http.readiness import Readiness
from mesh_server.http.services import Services
from mesh_server.http.traffic import Traffic
from mesh_server.ids import Clock, NewId, id_maker, system_clock
from mesh_server.keys import Keys
from mesh_server.metrics import (
    of_cluster,
    of_gateway,
    of_limits,
    of_peers,
    of_pushes,
    of_sizes,
    of_traffic,
)
from mesh_server.peers import Peers, build_peers
from mesh_server.pushing import Pushing, build_pushing
from mesh_server.services.accounts import AccountService
from mesh_server.services.devices import DeviceService
from mesh_server.services.edits import EditService
from mesh_server.services.gate import PasswordGate
from mesh_server.services.invites import InviteService
from mesh_server.services.messages import MessageService
from mesh_server.services.order import OrderService
from mesh_server.services.own_account import OwnAccountService
from mesh_server.services.passwords import Passwords
from mesh_server.services.presence import PresenceService
from mesh_server.services.search import SearchService
from mesh_server.services.sessions import Sessions
from mesh_server.services.ssh_keys import SshKeyService
from mesh_server.services.tokens import AccessTokens
from mesh_server.services.upkeep import UpkeepService
from mesh_server.serving import Built
from mesh_server.sizes import Sizes
from mesh_server.store.base import Store
from mesh_server.ws import connection
from mesh_server.ws import relay as ws_relay
from mesh_server.ws.gateway import Gateway
from protocol.rest import VersionInfo
from protocol.version import SUBPROTOCOLS, WIRE_VERSION, __version__


@dataclass(frozen=True, slots=True)
class _People:
    """Who people are, and how they show it."""

    sessions: Sessions
    gate: PasswordGate
    accounts: AccountService
    administration: Administration


@dataclass(frozen=True, slots=True)
class _Talk:
    """What people say in rooms, and the order there."""

    messages: MessageService
    edits: EditService
    search: SearchService
    order: OrderService
    invites: InviteService


@dataclass(frozen=True, slots=True)
class _House:
    """All of them, and what counts who comes in and what is moved."""

    ground: Ground
    people: _People
    talk: _Talk
    peers: Peers
    pushing: Pushing
    gateway: Gateway
    tcp: TcpCaps
    traffic: Traffic
    sizes: Sizes


def build(
    config: Config,
    store: Store,
    bus: Bus,
    keys: Keys,
    *,
    clock: Clock = system_clock,
    new_id: NewId | None = None,
    cluster: Cluster | None = None,
    launch: Launch = launch_client,
) -> Built:
    """`new_id`: ids that sort by the time of `clock` are made without it. `cluster`: None for one node.

    `launch` says what runs for people who come in by a door.
    """
    ground = build_ground(config, store, bus, cluster, clock=clock, new_id=new_id or id_maker(clock))
    house = _house(ground, keys)
    _watch(house)
    services = _services(house)
    application, operations = _applications(house, services)
    return Built(
        store=store,
        gateway=house.gateway,
        application=application,
        metrics=operations,
        tcp=house.tcp,
        peers=house.peers,
        doors=build_doors(config, services, application, bus, ground.metrics, keys.host, launch),
        chores=_chores(house),
        console=_console(house),
    )


def build_alone(config: Config, store: Store, bus: Bus) -> tuple[Administration, PasswordGate]:
    """What runs accounts and rooms where no server does: nobody is connected, so nobody is told."""
    clock, new_id = system_clock, id_maker()
    presence = PresenceService(bus, clock=time.monotonic)
    gate = PasswordGate(Passwords(cost=config.bcrypt_cost), clock=clock)
    administration = build_administration(
        config,
        store,
        bus,
        presence,
        build_rooms(store, bus, presence, clock, new_id),
        sessions=Sessions(clock=clock, on_revoked=lambda _device_id: None),
        gate=gate,
        who_is_here=lambda: (0, 0),
        clock=clock,
        new_id=new_id,
    )
    return administration, gate


# ── the groups ───────────────────────────────────────────────────────────────────────────────────


def _house(ground: Ground, keys: Keys) -> _House:
    config, store, bus, clock, new_id = ground.config, ground.store, ground.bus, ground.clock, ground.new_id
    people, talk = _people(ground, keys), _talk(ground)
    peers = build_peers(
        config, store.peering, store.usage, bus, ground.hub, ground.rooms, keys, clock=clock, new_id=new_id
    )
    pushing = build_pushing(config, store.push, bus, ground.presence, clock=clock, new_id=new_id)
    most = open_files.for_connections(config.limits.tcp)
    return _House(
        ground=ground,
        people=people,
        talk=talk,
        peers=peers,
        pushing=pushing,
        gateway=_gateway(ground, people, talk, peers),
        tcp=TcpCaps(most, config.limits.tcp_per_address, trusted=config.proxies),
        traffic=Traffic(),
        sizes=Sizes(config.folder),
    )


def _people(ground: Ground, keys: Keys) -> _People:
    config, store, bus, clock, new_id = ground.config, ground.store, ground.bus, ground.clock, ground.new_id
    sessions = Sessions(
        clock=clock,
        on_revoked=lambda device_id: bus.publish(DeviceRevoked(device_id=device_id)),
        on_changed=lambda user_id: bus.publish(UserChanged(user_id=user_id)),
    )
    bus.subscribe(sessions.on_bus)
    gate = PasswordGate(Passwords(cost=config.bcrypt_cost), clock=clock, tell=bus.publish)
    bus.subscribe(gate.on_bus)
    accounts = AccountService(
        store.accounts,
        store.tokens,
        store.invites,
        sessions=sessions,
        gate=gate,
        tokens=AccessTokens(keys.access, clock=clock),
        clock=clock,
        new_id=new_id,
        registration=config.registration_mode,
        on_joined=ground.rooms.came_in,
    )
    administration = build_administration(
        config,
        store,
        bus,
        ground.presence,
        ground.rooms,
        sessions=sessions,
        gate=gate,
        who_is_here=ground.hub.who_is_here,
        clock=clock,
        new_id=new_id,
    )
    return _People(sessions=sessions, gate=gate, accounts=accounts, administration=administration)


def _talk(ground: Ground) -> _Talk:
    store, rooms, bus, clock, new_id = ground.store, ground.rooms, ground.bus, ground.clock, ground.new_id
    find_user = store.accounts.get_user_by_key
    return _Talk(
        messages=MessageService(
            store.messages,
            rooms,
            bus,
            clock=clock,
            new_id=new_id,
            on_commit=ground.metrics.commit_seconds.observe,
        ),
        edits=EditService(store.messages, rooms, bus, clock=clock),
        search=SearchService(store.search, rooms),
        order=OrderService(store.order, rooms, ground.presence, bus, find_user=find_user, clock=clock),
        invites=InviteService(store.invites, rooms, clock=clock, new_id=new_id),
    )


def _gateway(ground: Ground, people: _People, talk: _Talk, peers: Peers) -> Gateway:
    config = ground.config
    gateway = Gateway(
        store=ground.store,
        bus=ground.bus,
        hub=ground.hub,
        accounts=people.accounts,
        rooms=ground.rooms,
        messages=talk.messages,
        edits=talk.edits,
        presence=ground.presence,
        peering=peers.peering,
        calls=peers.calls,
        new_id=ground.new_id,
        limiter=ground.limiter,
        allowed=config.limits,
        server_name=config.name,
        heartbeat_s=config.heartbeat_s,
        hello_timeout_s=config.hello_timeout_s,
        close_timeout_s=config.close_timeout_s,
    )
    if ground.clustered is not None:
        gateway.in_turn = ground.clustered.follower.in_turn
        gateway.in_step = ground.clustered.follower.in_step
    ground.bus.subscribe(gateway.on_bus)
    return gateway


# ── what is asked of them, and what they do by themselves ────────────────────────────────────────


def _services(house: _House) -> Services:
    ground, people, talk, peers = house.ground, house.people, house.talk, house.peers
    store, administration = ground.store, people.administration
    return Services(
        accounts=people.accounts,
        own_account=OwnAccountService(
            store.accounts,
            store.people,
            sessions=people.sessions,
            gate=people.gate,
            clock=ground.clock,
            on_departed=administration.farewell,
        ),
        devices=DeviceService(store.accounts, sessions=people.sessions, clock=ground.clock),
        tokens=administration.tokens,
        account_admin=administration.accounts,
        server_invites=administration.invites,
        oversight=administration.rooms,
        audit=administration.audit,
        rooms=ground.rooms,
        order=talk.order,
        invites=talk.invites,
        messages=talk.messages,
        edits=talk.edits,
        search=talk.search,
        capabilities=peers.capabilities,
        signer=peers.signer,
        peering=peers.peering,
        ice=peers.ice,
        push=house.pushing.targets,
        ssh_keys=SshKeyService(store.ssh_keys, clock=ground.clock, new_id=ground.new_id),
        limiter=ground.limiter,
        server_name=ground.config.name,
        has_web=ground.config.web,
        version=_version(ground.config, people.accounts),
        ready=Readiness(store.check, house.gateway.require_open),
        metrics=ground.metrics.text,
    )


def _version(config: Config, accounts: AccountService) -> Callable[[], Awaitable[VersionInfo]]:
    async def version() -> VersionInfo:
        return VersionInfo(
            name=config.name,
            version=__version__,
            wire=[WIRE_VERSION],
            subprotocols=list(SUBPROTOCOLS),
            registration=await accounts.registration(),
        )

    return version


def _applications(house: _House, services: Services) -> tuple[web.Application, web.Application | None]:
    gateway = house.gateway
    sockets = {
        "/ws": partial(connection.serve, gateway=gateway),
        ws_relay.PATH: partial(ws_relay.serve, gateway=gateway, relay=house.peers.relay),
    }
    return make_applications(house.ground.config, services, house.traffic, sockets)


def _console(house: _House) -> Callable[[str], Console]:
    def console(url: str) -> Console:
        address = house.ground.config.public_url.rstrip("/") or url
        return Console(house.people.administration, house.ground.clock, lambda: address)

    return console


def _watch(house: _House) -> None:
    metrics = house.ground.metrics
    metrics.watch(lambda: of_gateway(house.gateway))
    metrics.watch(lambda: of_limits(house.gateway, house.tcp))
    metrics.watch(lambda: of_traffic(house.traffic))
    metrics.watch(lambda: of_sizes(house.sizes))
    metrics.watch(lambda: of_peers(house.peers))
    metrics.watch(lambda: of_pushes(house.pushing.pushes))
    if (clustered := house.ground.clustered) is not None:
        metrics.watch(lambda: of_cluster(clustered))


def _chores(house: _House) -> tuple[Chore, ...]:
    ground, people, peers, pushing = house.ground, house.people, house.peers, house.pushing
    clustered = ground.clustered
    return (
        *(() if clustered is None else chores_of(clustered, people.sessions, pushing.pushes)),
        house.gateway.sweep,
        lambda: note_who_is_here(house.gateway),
        ground.metrics.measure_lag,
        house.sizes.keep,
        ground.presence.keep,
        peers.peering.keep,
        peers.usage.keep,
        *relaying(clustered, peers.relay),
        *alone(
            clustered,
            ground.config,
            *pushing.chores,
            house.talk.search.keep_index,
            UpkeepService(ground.store.upkeep, ground.bus, clock=ground.clock).keep,
            people.administration.tokens.keep,
            people.administration.audit.keep,
        ),
    )
