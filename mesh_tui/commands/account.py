"""Commands about one's account: its name, its devices, where pushes go."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from mesh_agent.names import find_device
from mesh_tui.layout.cells import Fragment
from mesh_tui.layout.message import moment
from mesh_tui.slash import NoCommand, look_up, misused
from protocol.rest import Device, PushTarget, PushTargetRequest, SshKeyRequest
from protocol.text import clean_line

if TYPE_CHECKING:
    from mesh_tui.screens.base import MeshScreen

    Screen = MeshScreen[Any]

Lines = list[list[Fragment]]


async def _nick(screen: "Screen", argument: str) -> None:
    user = await screen.mesh.agent.account.rename(argument)
    screen.tell(f"You are shown as {clean_line(user.display_name)}.")


async def _whoami(screen: "Screen", _: str) -> None:
    user = await screen.mesh.agent.account.me()
    lines: Lines = [
        [Fragment(user.username, "title"), Fragment(f"  {screen.mesh.agent.server}", "muted")],
        [Fragment(f"Shown as {clean_line(user.display_name)}")],
    ]
    if user.status_text:
        lines.append([Fragment(clean_line(user.status_text))])
    hidden = "do not see" if user.hides_reads else "see, where a room shows it,"
    lines.append([Fragment(f"Others {hidden} how far you have read.", "muted")])
    screen.show("You", lines)


async def _hide_reads(screen: "Screen", argument: str) -> None:
    if argument not in ("on", "off"):
        raise misused(look_up("hide-reads"), "HOW is on or off.")
    user = await screen.mesh.agent.account.hide_reads(argument == "on")
    hidden = "do not see" if user.hides_reads else "see, where a room shows it,"
    screen.tell(f"Others {hidden} how far you have read.")


async def _devices(screen: "Screen", _: str) -> None:
    lines = [_device(device) for device in await screen.mesh.agent.account.devices()]
    detail = "/sign-out DEVICE ends the session of one. "
    screen.show("Where you are signed in", lines, detail)


def _device(device: Device) -> list[Fragment]:
    at = moment(device.last_seen_at)
    seen = "  this one" if device.current else f"  last seen {at:%d %b %Y %H:%M}" if at else ""
    return [
        Fragment(clean_line(device.name) or "without a name", "title"),
        Fragment(f"{seen}  {device.id}", "muted"),
    ]


async def _sign_out(screen: "Screen", argument: str) -> None:
    agent = screen.mesh.agent
    device = await find_device(agent, argument)
    if device.current:
        raise NoCommand("That is this device. Sign out here with Ctrl+O on Home.")
    await agent.account.sign_out_device(device.id)
    screen.tell(f"{clean_line(device.name) or device.id} is signed out.")


async def _sign_out_others(screen: "Screen", _: str) -> None:
    await screen.sign_out_others()


# ── pushes ───────────────────────────────────────────────────────────────────────────────────────


async def _push(screen: "Screen", _: str) -> None:
    listed = await screen.mesh.agent.pushes.targets()
    lines = [_target(target) for target in listed.targets]
    allowed = ", ".join(map(clean_line, listed.allowed))
    words = f"Addresses may begin with: {allowed}" if allowed else "This server sends no pushes."
    lines.append([Fragment(words, "muted")])
    detail = "/push-add, /push-test and /push-remove change it. "
    screen.show("Where pushes go while you are away", lines, detail)


def _target(target: PushTarget) -> list[Fragment]:
    of = [name for name in ("mentions", "dms", "rooms", "text") if getattr(target, name)]
    address = f"{target.url}/{target.topic}" if target.topic else target.url
    return [
        Fragment(f"{target.kind}  {clean_line(address)}", "title"),
        Fragment(f"  {', '.join(of)}  {target.id}", "muted"),
    ]


async def _push_add(screen: "Screen", argument: str) -> None:
    kind, _, rest = argument.partition(" ")
    url, _, topic = rest.strip().partition(" ")
    if kind != "ntfy" or not url or not topic.strip():
        # What is typed here is kept and shown; a token belongs in a file.
        gotify = "For Gotify, which needs a token: mesh-agent push add gotify URL --token-file FILE."
        raise misused(look_up("push-add"), gotify if kind == "gotify" else "")
    request = PushTargetRequest(kind="ntfy", url=url, topic=topic.strip())
    target = await screen.mesh.agent.pushes.add(request)
    screen.tell(f"Pushes go there too. /push-test {target.id} sends one.")


async def _push_test(screen: "Screen", argument: str) -> None:
    tested = await screen.mesh.agent.pushes.test(argument)
    screen.tell(f"The push: {tested.state}.")


async def _push_remove(screen: "Screen", argument: str) -> None:
    await screen.mesh.agent.pushes.remove(argument)
    screen.tell("No more pushes go there.")


# ── ssh ──────────────────────────────────────────────────────────────────────────────────────────


async def _ssh_keys(screen: "Screen", _: str) -> None:
    await screen.show_ssh_keys()


async def _ssh_key_add(screen: "Screen", argument: str) -> None:
    key = await screen.mesh.agent.ssh_keys.add(SshKeyRequest(key=argument))
    screen.tell(f"By ssh, {clean_line(key.name)} lets you in: {key.fingerprint}")


async def _ssh_key_remove(screen: "Screen", argument: str) -> None:
    await screen.mesh.agent.ssh_keys.remove(argument)
    screen.tell("That key lets nobody in any more.")


RUN: Final[dict[str, Callable[["Screen", str], Awaitable[None]]]] = {
    "nick": _nick,
    "whoami": _whoami,
    "hide-reads": _hide_reads,
    "devices": _devices,
    "sign-out": _sign_out,
    "sign-out-others": _sign_out_others,
    "push": _push,
    "push-add": _push_add,
    "push-test": _push_test,
    "push-remove": _push_remove,
    "ssh-keys": _ssh_keys,
    "ssh-key-add": _ssh_key_add,
    "ssh-key-remove": _ssh_key_remove,
}
