"""Commands about a room and who may be in it."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from mesh_agent.names import find_member
from mesh_agent.spans import parse_span, show_span
from mesh_tui.layout.cells import Fragment, clip, paintable
from mesh_tui.layout.message import moment
from mesh_tui.layout.presence import LOOKS
from mesh_tui.slash import look_up, misused
from protocol import limits
from protocol.errors import UserNotFound
from protocol.rest import Invite, Member, Role, UpdateRoomRequest

if TYPE_CHECKING:
    from mesh_tui.screens.choosing import Choosing

Run = Callable[["Choosing", str], Awaitable[None]]


async def _set(screen: "Choosing", said: str, **settings: Any) -> None:
    await screen.mesh.agent.order.update(screen.room.id, UpdateRoomRequest(**settings))
    screen.tell(said)


def _room_name(screen: "Choosing") -> str:
    return clip(paintable(screen.room.name), 40)


# ── the room ─────────────────────────────────────────────────────────────────────────────────────


async def _leave(screen: "Choosing", _: str) -> None:
    screen.ask_to_leave()


async def _close(screen: "Choosing", _: str) -> None:
    screen.mesh.close_room()


async def _topic(screen: "Choosing", argument: str) -> None:
    if argument:
        await _set(screen, "The topic is set.", topic=argument)
    else:
        screen.tell(screen.room.topic or "No topic has been set.")


async def _rename(screen: "Choosing", argument: str) -> None:
    if not argument:
        raise misused(look_up("rename"))
    await _set(screen, "The room has its new name.", name=argument)


async def _visibility(screen: "Choosing", argument: str) -> None:
    if argument not in ("public", "private"):
        raise misused(look_up("visibility"), "HOW is public or private.")
    await _set(screen, f"The room is {argument} now.", visibility=argument)


async def _archive(screen: "Choosing", argument: str) -> None:
    if argument not in ("", "off"):
        raise misused(look_up("archive"))
    said = "The room is open again." if argument else "The room is archived."
    await _set(screen, said, archived=not argument)


async def _receipts(screen: "Choosing", argument: str) -> None:
    if argument not in ("on", "off"):
        raise misused(look_up("receipts"))
    shown = "can" if argument == "on" else "no longer"
    await _set(screen, f"Members {shown} see how far the others have read.", receipts=argument == "on")


def _spanning(name: str, field: str, most: int, said: str, off: str) -> Run:
    """Sets a number of seconds, or none."""

    async def run(screen: "Choosing", argument: str) -> None:
        seconds = parse_span(argument)
        if seconds is None or seconds > most:
            raise misused(look_up(name), "TIME is such as 30s, 15m, 12h or 7d, or off.")
        await _set(screen, said.format(show_span(seconds)) if seconds else off, **{field: seconds})

    return run


async def _delete_room(screen: "Choosing", _: str) -> None:
    detail = "All its messages are deleted, for everyone and for good."
    if await screen.ask(f"Delete {_room_name(screen)}?", detail, yes="Delete"):
        await screen.mesh.agent.order.delete(screen.room.id)


# ── who may be in it ─────────────────────────────────────────────────────────────────────────────


async def _person(screen: "Choosing", command: str, argument: str) -> tuple[Member, str]:
    """The member that is named first, and the rest of the line."""
    name, _, rest = argument.partition(" ")
    if not name:
        raise misused(look_up(command))
    return await find_member(screen.mesh.agent, screen.room.id, name), rest.strip()


async def _kick(screen: "Choosing", argument: str) -> None:
    member, _ = await _person(screen, "kick", argument)
    await screen.mesh.agent.order.kick(screen.room.id, member.user_id)
    screen.tell(f"{member.username} is out, and may come back.")


async def _role(screen: "Choosing", argument: str) -> None:
    member, typed = await _person(screen, "role", argument)
    roles: dict[str, Role] = {"moderator": "moderator", "member": "member"}
    if typed not in roles:
        raise misused(look_up("role"), "ROLE is moderator or member; /transfer makes an owner.")
    await screen.mesh.agent.order.set_role(screen.room.id, member.user_id, roles[typed])
    screen.tell(f"{member.username} is a {typed} now.")


async def _op(screen: "Choosing", argument: str) -> None:
    await _role(screen, f"{argument} moderator")


async def _deop(screen: "Choosing", argument: str) -> None:
    await _role(screen, f"{argument} member")


async def _transfer(screen: "Choosing", argument: str) -> None:
    member, _ = await _person(screen, "transfer", argument)
    question = f"Hand {_room_name(screen)} over to {member.username}?"
    if await screen.ask(question, "They will be its owner, and you a moderator.", yes="Hand over"):
        await screen.mesh.agent.order.set_role(screen.room.id, member.user_id, "owner")
        screen.tell(f"{member.username} is the owner now.")


async def _ban(screen: "Choosing", argument: str) -> None:
    name, _, reason = argument.partition(" ")
    if not name:
        raise misused(look_up("ban"))
    ban = await screen.mesh.agent.order.ban(screen.room.id, name.removeprefix("@"), reason.strip())
    screen.tell(f"{ban.username} is banned. /unban {ban.username} lets them in again.")


async def _unban(screen: "Choosing", argument: str) -> None:
    if not argument:
        raise misused(look_up("unban"))
    order, name = screen.mesh.agent.order, argument.removeprefix("@").casefold()
    for ban in await order.bans(screen.room.id):
        if ban.username.casefold() == name:
            await order.lift_ban(screen.room.id, ban.user_id)
            screen.tell(f"{ban.username} may come in again.")
            return
    raise UserNotFound(f"Nobody called {argument!r} is banned here. /bans shows who is.")


async def _bans(screen: "Choosing", _: str) -> None:
    lines = [
        [
            Fragment(ban.username, "title"),
            Fragment(f"  by {ban.banned_by.username}{_on(ban.created_at)}  ", "muted"),
            Fragment(ban.reason),
        ]
        for ban in await screen.mesh.agent.order.bans(screen.room.id)
    ]
    nobody = [[Fragment("Nobody is banned here.", "muted")]]
    screen.show(f"Banned from {_room_name(screen)}", lines or nobody)


async def _invite(screen: "Choosing", argument: str) -> None:
    order = screen.mesh.agent.order
    if argument:
        member = await order.add(screen.room.id, argument.removeprefix("@"))
        screen.tell(f"{member.username} is in the room now.")
        return
    _show_link(screen, await order.invite(screen.room.id))


async def _invites(screen: "Choosing", _: str) -> None:
    lines = [
        [
            Fragment(invite.id, "title"),
            Fragment(f"  by {invite.created_by.username}{_until(invite)}, used {invite.uses}", "muted"),
            Fragment(f" of {invite.max_uses}" if invite.max_uses else "", "muted"),
        ]
        for invite in await screen.mesh.agent.order.invites(screen.room.id)
    ]
    nothing = [[Fragment("None that still works.", "muted")]]
    detail = "/revoke INVITE ends one. "
    screen.show(f"Links into {_room_name(screen)}", lines or nothing, detail)


async def _revoke(screen: "Choosing", argument: str) -> None:
    await screen.mesh.agent.order.revoke(screen.room.id, argument)
    screen.tell("Nobody comes in by this link any more.")


def _show_link(screen: "Choosing", invite: Invite) -> None:
    link = f"{screen.mesh.agent.server}{invite.url}"
    copied = " It is copied already." if screen.copied(link) else ""
    lines = [
        [Fragment(link, "link")],
        [Fragment("")],
        [Fragment(f"Whoever has it can come in{_until(invite)}.{copied}", "muted")],
        [Fragment("They type mesh-tui and the link, or open it in a browser to read how.", "muted")],
    ]
    screen.show(f"Invite into {_room_name(screen)}", lines)


def _until(invite: Invite) -> str:
    at = moment(invite.expires_at)
    return f" until {at:%d %b %Y %H:%M}" if at else ""


def _on(time: str) -> str:
    at = moment(time)
    return f", {at:%d %b %Y}" if at else ""


# ── who is there ─────────────────────────────────────────────────────────────────────────────────


async def _who(screen: "Choosing", _: str) -> None:
    members = await screen.mesh.agent.members(screen.room.id)
    members.sort(key=lambda member: (LOOKS[member.presence].order, member.username.casefold()))
    lines = [_member(member) for member in members[: limits.ROOM_MEMBERS]]
    screen.show(f"In {_room_name(screen)}: {len(members)}", lines)


async def _whois(screen: "Choosing", argument: str) -> None:
    member, _ = await _person(screen, "whois", argument)
    lines = [_member(member), [Fragment(f"In the room since{_on(member.joined_at).lstrip(',')}", "muted")]]
    if member.read_seq is not None:
        lines.append([Fragment(f"Has read up to #{member.read_seq}", "muted")])
    if member.display_name != member.username:
        lines.insert(1, [Fragment(member.display_name)])
    screen.show(member.username, lines)


def _member(member: Member) -> list[Fragment]:
    look = LOOKS[member.presence]
    role = f", {member.role}" if member.role != "member" else ""
    return [
        Fragment(f"{look.sign} ", look.role),
        Fragment(member.username, "title"),
        Fragment(f"  {look.heading}{role}", "muted"),
        Fragment(f"  {member.status_text}" if member.status_text else ""),
    ]


RUN: Final[dict[str, Run]] = {
    "close": _close,
    "leave": _leave,
    "topic": _topic,
    "rename": _rename,
    "visibility": _visibility,
    "archive": _archive,
    "receipts": _receipts,
    "slow": _spanning(
        "slow",
        "slow_mode_s",
        limits.SLOW_MODE_MAX_S,
        "A member waits {} between two messages now.",
        "Slow mode is off.",
    ),
    "retention": _spanning(
        "retention", "retention_s", limits.RETENTION_MAX_S, "Messages are kept {} now.", "Messages are kept."
    ),
    "delete-room": _delete_room,
    "kick": _kick,
    "role": _role,
    "transfer": _transfer,
    "ban": _ban,
    "unban": _unban,
    "bans": _bans,
    "op": _op,
    "deop": _deop,
    "invite": _invite,
    "invites": _invites,
    "revoke": _revoke,
    "who": _who,
    "whois": _whois,
}
