"""What helps two peers to come together, put together: who signs, who introduces, who relays."""

import time
from typing import NamedTuple

from mesh_server.bus.base import Bus
from mesh_server.config import Config
from mesh_server.hub import Hub
from mesh_server.ids import Clock, NewId
from mesh_server.keys import Keys
from mesh_server.relay import Relay
from mesh_server.relay_usage import UsageKeeper
from mesh_server.services.calls import CallService
from mesh_server.services.capabilities import CapabilityService
from mesh_server.services.ice import IceService, IceSettings
from mesh_server.services.peering import PeeringService
from mesh_server.services.rooms import RoomService
from mesh_server.services.signing import Signer
from mesh_server.store.base import PeeringStore, UsageStore
from mesh_server.stun import StunServer


class Peers(NamedTuple):
    signer: Signer
    capabilities: CapabilityService
    peering: PeeringService
    calls: CallService
    ice: IceService
    stun: StunServer
    relay: Relay
    usage: UsageKeeper


def build_peers(
    config: Config,
    store: PeeringStore,
    usage: UsageStore,
    bus: Bus,
    hub: Hub,
    rooms: RoomService,
    keys: Keys,
    *,
    clock: Clock,
    new_id: NewId,
) -> Peers:
    signer = Signer(keys.signing, clock=clock, new_id=new_id)
    peering = PeeringService(store, bus, signer, clock=clock, connected=hub.devices)
    bus.subscribe(peering.on_bus)
    relay = Relay(config.relay, clock=clock, now=time.monotonic)
    bus.subscribe(relay.on_bus)
    stun, rtc = StunServer(), config.rtc
    ice = IceSettings(
        stun_urls=rtc.stun_urls, turn_urls=rtc.turn_urls, turn_secret=rtc.turn_secret, ttl_s=rtc.ttl_s
    )
    return Peers(
        signer=signer,
        capabilities=CapabilityService(rooms, signer),
        peering=peering,
        calls=CallService(store, bus),
        ice=IceService(ice, clock=clock, stun=lambda: stun.address),
        stun=stun,
        relay=relay,
        usage=UsageKeeper(relay, usage),
    )
