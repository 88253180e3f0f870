"""Commands about files: sending and taking them, what is shared, the words by which devices are compared.

Strategy: an offer, a transfer and a folder that is shared are meant by the number that they were told with,
which stays theirs for as long as the program runs. Where a person is not named, it is the other one of a DM,
or they are asked for.
"""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesh_agent.names import find_member
from mesh_agent.sharing.state import Share, Transfer
from mesh_tui.paths import expanded, split
from mesh_tui.slash import NoCommand, look_up, misused
from mesh_tui.transfers import DEEDS, is_open_offer, name_of
from protocol.rest import Member

if TYPE_CHECKING:
    from mesh_agent.sharing.sharing import Sharing
    from mesh_tui.screens.choosing import Choosing

NAMED: Final = 3
"""People that are named in a sentence."""

NOTHING_SENT: Final = "Nothing was sent."


def _sharing(screen: "Choosing") -> "Sharing":
    return screen.mesh.agent.sharing


def _words(command: str, argument: str) -> list[str]:
    """What was entered, word by word, with the quotes of a shell."""
    try:
        return split(argument)
    except ValueError:
        raise misused(look_up(command), "A quote is open.") from None


# ── sending ──────────────────────────────────────────────────────────────────────────────────────


async def _send(screen: "Choosing", argument: str) -> None:
    words = _words("send", argument)
    names = [word[1:] for word in words if word.startswith("@") and len(word) > 1]
    paths = [expanded(word) for word in words if not (word.startswith("@") and len(word) > 1)]
    if not paths:
        raise misused(look_up("send"), "PATH is missing.")
    people = await _receivers(screen, names)
    sent = await _sharing(screen).send(screen.room.id, list(people), paths)
    whom = ", ".join(list(dict.fromkeys(name_of(known.peer_name, 40) for known in sent))[:NAMED])
    more = f" and {len(people) - NAMED} more" if len(people) > NAMED else ""
    what = name_of(sent[0].title, 60) if len(paths) == 1 and sent else _how_many(len(paths), sent)
    screen.tell(f"{what}: {whom}{more} will be asked.")


def _how_many(paths: int, sent: Sequence[Transfer]) -> str:
    """`2 files`, `3 files and folders`."""
    kinds = sorted({known.kind for known in sent})
    return f"{paths:,} {' and '.join(f'{kind}s' for kind in kinds)}"


async def _receivers(screen: "Choosing", names: Sequence[str]) -> Sequence[str]:
    """The ids of those that are named; of the other one, where there are only two; else who is chosen."""
    agent, room = screen.mesh.agent, screen.room
    if names:
        return [(await find_member(agent, room.id, name)).user_id for name in dict.fromkeys(names)]
    if room.dm_with is not None:
        return [room.dm_with.id]
    others = await _others(screen)
    if len(others) == 1:
        return [others[0].user_id]
    chosen = await screen.choose_people("Send to whom?", others)
    if not chosen:
        raise NoCommand(NOTHING_SENT)
    return chosen


async def _others(screen: "Choosing") -> list[Member]:
    members = await screen.mesh.agent.members(screen.room.id)
    others = [member for member in members if member.user_id != screen.me.id]
    if not others:
        raise NoCommand("Nobody else is in this room.")
    return others


async def _other(screen: "Choosing", command: str, name: str) -> Member:
    """The member of that name; without one, the only other."""
    if name:
        return await find_member(screen.mesh.agent, screen.room.id, name)
    others = await _others(screen)
    if len(others) > 1:
        raise misused(look_up(command), "NAME is missing.")
    return others[0]


async def _is_somebody(screen: "Choosing", word: str) -> bool:
    """Whether a word names a member and no path."""
    if word.startswith("@"):
        return True
    members = await screen.mesh.agent.members(screen.room.id)
    return any(member.username.casefold() == word.casefold() for member in members)


# ── what is offered, and what is on its way ──────────────────────────────────────────────────────


def _numbered(screen: "Choosing", typed: str) -> tuple[Transfer | None, str]:
    """The transfer whose number is typed first, if one is, and the rest of the line."""
    first, _, rest = typed.partition(" ")
    if not first.isdecimal():
        return None, typed
    transfer = screen.mesh.transferring.numbered(int(first[:9]))
    if transfer is None:
        raise NoCommand(f"There is no transfer {first}. /transfers lists them.")
    return transfer, rest.strip()


def _offer(screen: "Choosing", argument: str) -> tuple[Transfer, str]:
    """The offer that is meant: by its number, or the only one there is, of this room first."""
    transferring = screen.mesh.transferring
    transfer, rest = _numbered(screen, argument)
    if transfer is not None:
        if not is_open_offer(transfer):
            raise NoCommand(f"{name_of(transfer.title, 60)} waits for no answer.")
        return transfer, rest
    offers = [known for known in transferring.all() if is_open_offer(known)]
    here = getattr(screen, "room_id", "")
    offers = [known for known in offers if known.room_id == here] or offers
    if not offers:
        raise NoCommand("Nothing is offered to you.")
    if len(offers) > 1:
        told = "; ".join(
            f"{transferring.number(known)} {name_of(known.title, 30)} from {name_of(known.peer_name, 30)}"
            for known in offers[:NAMED]
        )
        more = f"; and {len(offers) - NAMED} more" if len(offers) > NAMED else ""
        raise NoCommand(f"Say the number of one of them: {told}{more}")
    return offers[0], rest


async def _accept(screen: "Choosing", argument: str) -> None:
    offer, typed = _offer(screen, argument)
    words = _words("accept", typed)
    into = expanded(words[0]) if words else None
    folder = str(into or screen.mesh.transferring.downloads())
    if await screen.mesh.transferring.take(offer, into):
        screen.tell(f"{name_of(offer.title, 60)} comes into {name_of(folder)}")


async def _decline(screen: "Choosing", argument: str) -> None:
    offer, reason = _offer(screen, argument)
    screen.mesh.transferring.ended_by_me(offer)
    await _sharing(screen).decline(offer.id, reason)
    screen.tell(f"You declined {name_of(offer.title, 60)}.")


async def _transfers(screen: "Choosing", argument: str) -> None:
    name, _, rest = argument.partition(" ")
    if not name:
        screen.show_transfers()
        return
    deeds = {deed.name: deed for deed in DEEDS if deed.name in TRANSFER_DEEDS}
    deed = deeds.get(name.casefold())
    transfer, _ = _numbered(screen, rest.strip())
    if deed is None or transfer is None:
        raise misused(look_up("transfers"), f"WHAT is one of {', '.join(TRANSFER_DEEDS)}.")
    if not deed.may(transfer):
        raise NoCommand(f"That makes no sense for {name_of(transfer.title, 60)} now.")
    if deed.name == "cancel":
        screen.mesh.transferring.ended_by_me(transfer)
    if deed.name == "forget":
        await screen.mesh.transferring.forget(transfer)
    else:
        await getattr(_sharing(screen), deed.name)(transfer.id)


TRANSFER_DEEDS: Final = ("pause", "resume", "cancel", "retry", "forget")


# ── what is shared ───────────────────────────────────────────────────────────────────────────────


async def _share(screen: "Choosing", argument: str) -> None:
    words = _words("share", argument)
    if len(words) != 1:
        raise misused(look_up("share"), "A PATH with blanks stands in quotes.")
    share = await _sharing(screen).share(screen.room.id, expanded(words[0]))
    screen.tell(f"{name_of(share.name, 60)} can be looked through here. /unshare ends that.")


async def _unshare(screen: "Choosing", argument: str) -> None:
    """Of this room; by its name where there are several."""
    sharing = _sharing(screen)
    mine = [share for share in sharing.shares() if share.room_id == screen.room.id]
    named = [share for share in mine if argument in ("", share.name, str(share.place))]
    if not named:
        raise NoCommand(
            f"You share nothing called {argument!r} here." if argument else "You share nothing here."
        )
    if len(named) > 1:
        raise misused(
            look_up("unshare"), f"You share {', '.join(name_of(share.name, 30) for share in named)}."
        )
    share: Share = named[0]
    await sharing.unshare(share.id)
    screen.tell(f"{name_of(share.name, 60)} is shared no longer.")


async def _get(screen: "Choosing", argument: str) -> None:
    words = _words("get", argument)
    name = words.pop(0) if words and await _is_somebody(screen, words[0]) else ""
    member = await _other(screen, "get", name)
    if not words:
        await screen.browse(member)
        return
    share_name, _, path = words[0].strip("/").partition("/")
    sharing = _sharing(screen)
    shares = await sharing.browse(screen.room.id, member.user_id)
    share = next((entry for entry in shares if entry.path.strip("/") == share_name), None)
    if share is None:
        raise NoCommand(f"{name_of(member.username, 40)} shares nothing called {share_name!r} here.")
    into: Path | None = expanded(words[1]) if len(words) > 1 else None
    await sharing.fetch(screen.room.id, member.user_id, share.target, path, into)
    screen.tell(f"{name_of(words[0], 60)} is on its way.")


async def _shares(screen: "Choosing", argument: str) -> None:
    words = _words("shares", argument)
    await screen.browse(await _other(screen, "shares", words[0] if words else ""), *words[1:2])


# ── who it is ────────────────────────────────────────────────────────────────────────────────────


async def _verify(screen: "Choosing", argument: str) -> None:
    await screen.show_words(await _other(screen, "verify", argument))


Run = Callable[["Choosing", str], Awaitable[None]]

RUN: Final[dict[str, Run]] = {
    "send": _send,
    "share": _share,
    "unshare": _unshare,
    "get": _get,
    "shares": _shares,
    "verify": _verify,
}
ANYWHERE: Final[dict[str, Callable[[Any, str], Awaitable[None]]]] = {
    "accept": _accept,
    "decline": _decline,
    "transfers": _transfers,
}
