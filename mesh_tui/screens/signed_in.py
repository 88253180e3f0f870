"""Where else one is signed in, in the settings: devices, all others at once, and the way to keys for ssh."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, NamedTuple

from mesh_agent.agent import Agent
from mesh_tui.layout.cells import clip, paintable
from mesh_tui.layout.message import moment
from mesh_tui.screens.ask import Ask
from mesh_tui.screens.base import MeshScreen
from mesh_tui.screens.choose import Answer, Choose
from mesh_tui.screens.setting_rows import Row
from mesh_tui.screens.ssh_keys import SshKeys
from mesh_tui.workers import begin
from protocol.rest import Device
from protocol.text import clean_line

SIGN_OUT_ALL: Final = "Sign out all your other devices?"
_AGAIN: Final = "They have to sign in again, and your personal tokens end."

Reload = Callable[[], Awaitable[object]]
"""What was shown is otherwise now."""


class SignedIn(NamedTuple):
    """What the server says: the devices, and how many keys let one in by ssh."""

    devices: list[Device]
    keys: int

    @classmethod
    async def ask(cls, agent: Agent) -> "SignedIn":
        """Raises: MeshError."""
        return cls(await agent.account.devices(), len(await agent.ssh_keys.list()))

    def rows(self, screen: MeshScreen[Any], reload: Reload) -> list[Row]:
        """For the page of the settings."""
        rows = [_device(screen, device, reload) for device in self.devices]
        if len(self.devices) > 1:
            ask = partial(self.ask_about_others, screen, reload)
            rows.append(Row("All others", "", "Enter signs them all out, after a question.", open=ask))

        def closed(_: None) -> None:
            begin(screen, screen.attempt, reload, group="settings")

        def keys() -> None:
            screen.mesh.push_screen(SshKeys(), closed)

        help_text = "They let you in by ssh without your password. Enter: see, add and remove them."
        rows.append(Row("Keys for ssh", str(self.keys or "none"), help_text, open=keys))
        return rows

    def ask_about_others(self, screen: MeshScreen[Any], reload: Reload) -> None:
        """Signs all others out where the answer says so; where there are keys, also whether these go."""

        def answered(answer: str | bool | None) -> None:
            if answer:
                work = partial(_sign_out_others, screen, reload, ssh_keys=answer == "r")
                begin(screen, screen.attempt, work, group="settings")

        if not self.keys:
            screen.mesh.push_screen(Ask(SIGN_OUT_ALL, _AGAIN, yes="Sign out"), answered)
            return
        keys = "a key lets" if self.keys == 1 else f"{self.keys} keys let"
        detail = f"{_AGAIN} By ssh, {keys} you in: whoever has one comes in again without a password."
        it = "the key" if self.keys == 1 else "the keys"
        answers = [Answer("k", f"Sign out, keep {it}"), Answer("r", f"Sign out, and remove {it} too")]
        screen.mesh.push_screen(Choose(SIGN_OUT_ALL, detail, answers), answered)


async def ask_about_others(screen: MeshScreen[Any]) -> None:
    """`/sign-out-others`. Raises: MeshError."""

    async def nothing() -> None:
        return

    (await SignedIn.ask(screen.mesh.agent)).ask_about_others(screen, nothing)


async def _sign_out_others(screen: MeshScreen[Any], reload: Reload, *, ssh_keys: bool) -> None:
    await screen.mesh.agent.account.sign_out_others(ssh_keys=ssh_keys)
    and_keys = ", and no key lets you in by ssh" if ssh_keys else ""
    screen.tell(f"You are signed in here alone{and_keys}.")
    await reload()


def _device(screen: MeshScreen[Any], device: Device, reload: Reload) -> Row:
    seen = moment(device.last_seen_at)
    when = "this one" if device.current else f"last seen {seen:%Y-%m-%d %H:%M}" if seen else ""
    name = clean_line(device.name) or device.id
    if device.current:
        return Row(name, when, "You are here.")
    return Row(name, when, "Enter signs it out.", open=partial(_ask, screen, device, reload))


def _ask(screen: MeshScreen[Any], device: Device, reload: Reload) -> None:
    async def sign_out() -> None:
        await screen.mesh.agent.account.sign_out_device(device.id)
        await reload()

    def answered(yes: bool | None) -> None:
        if yes:
            begin(screen, screen.attempt, sign_out, group="settings")

    name = clip(paintable(clean_line(device.name) or device.id), 40)
    detail = "It has to sign in again, with the password."
    screen.mesh.push_screen(Ask(f"Sign {name} out?", detail, yes="Sign out"), answered)
