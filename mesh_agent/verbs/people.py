"""Who may be in a room: members and their roles, bans, invites."""

from argparse import Namespace
from typing import Final

import msgspec

from mesh_agent.agent import Agent
from mesh_agent.names import find_member
from mesh_agent.output import Output
from mesh_agent.verbs.common import Run, UsageError, my_room
from protocol.errors import UserNotFound


async def _add(agent: Agent, options: Namespace, output: Output) -> None:
    room = await my_room(agent, options.room)
    output.show(await agent.order.add(room.id, options.user.removeprefix("@")))


async def _kick(agent: Agent, options: Namespace, output: Output) -> None:
    room = await my_room(agent, options.room)
    member = await find_member(agent, room.id, options.user)
    await agent.order.kick(room.id, member.user_id)
    output.show({"kicked": member.username, "user_id": member.user_id, "room_id": room.id})


async def _role(agent: Agent, options: Namespace, output: Output) -> None:
    room = await my_room(agent, options.room)
    member = await find_member(agent, room.id, options.user)
    output.show(await agent.order.set_role(room.id, member.user_id, options.role))


async def _transfer(agent: Agent, options: Namespace, output: Output) -> None:
    room = await my_room(agent, options.room)
    member = await find_member(agent, room.id, options.user)
    if not options.yes:
        raise UsageError(
            f"That makes {member.username} the owner of {room.name!r}, and you a moderator. "
            "If you mean it, add --yes."
        )
    output.show(await agent.order.set_role(room.id, member.user_id, "owner"))


async def _ban(agent: Agent, options: Namespace, output: Output) -> None:
    room = await my_room(agent, options.room)
    name = options.user.removeprefix("@")
    output.show(await agent.order.ban(room.id, name, " ".join(options.reason)))


async def _unban(agent: Agent, options: Namespace, output: Output) -> None:
    room = await my_room(agent, options.room)
    name = options.user.removeprefix("@").casefold()
    for ban in await agent.order.bans(room.id):
        if ban.user_id == options.user or ban.username.casefold() == name:
            await agent.order.lift_ban(room.id, ban.user_id)
            output.show({"unbanned": ban.username, "user_id": ban.user_id, "room_id": room.id})
            return
    raise UserNotFound(f"Nobody called {options.user!r} is banned from {room.name!r}.")


async def _bans(agent: Agent, options: Namespace, output: Output) -> None:
    room = await my_room(agent, options.room)
    bans = await agent.order.bans(room.id)
    output.show_all(bans, none=f"Nobody is banned from {room.name!r}.")


async def _create_invite(agent: Agent, options: Namespace, output: Output) -> None:
    room = await my_room(agent, options.room)
    invite = await agent.order.invite(room.id, expires_in_s=options.expires, max_uses=options.uses)
    output.show({"link": f"{agent.server}{invite.url}", **msgspec.to_builtins(invite)})


async def _invites(agent: Agent, options: Namespace, output: Output) -> None:
    room = await my_room(agent, options.room)
    invites = await agent.order.invites(room.id)
    output.show_all(invites, none=f"There is no invite into {room.name!r}.")


async def _revoke(agent: Agent, options: Namespace, output: Output) -> None:
    room = await my_room(agent, options.room)
    await agent.order.revoke(room.id, options.invite)
    output.show({"revoked": options.invite, "room_id": room.id})


VERBS: Final[dict[str, Run]] = {
    "room add": _add,
    "room kick": _kick,
    "room role": _role,
    "room transfer": _transfer,
    "room ban": _ban,
    "room unban": _unban,
    "room bans": _bans,
    "invite create": _create_invite,
    "invite list": _invites,
    "invite revoke": _revoke,
}
