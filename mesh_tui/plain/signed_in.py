"""Where else one is signed in, and which keys let one in by ssh, as lines."""

from typing import TYPE_CHECKING

from protocol.text import clean_line

if TYPE_CHECKING:
    from mesh_tui.plain.desk import Desk


async def show_ssh_keys(desk: "Desk") -> None:
    """One line a key, with the id that `/ssh-key-remove` takes. Raises: MeshError."""
    keys = await desk.agent.ssh_keys.list()
    desk.tell("By ssh, these keys let you in:" if keys else "No key lets you in by ssh.")
    for key in keys:
        desk.tell(f"  {clean_line(key.name)} {key.kind} {key.fingerprint} {key.id}")
    desk.tell("/ssh-key-add KEY adds one; /ssh-key-remove ID removes one.")


async def sign_out_others(desk: "Desk") -> None:
    """After a question; where keys let one in too, after another one whether they go. Raises: MeshError."""
    keys = await desk.agent.ssh_keys.list()
    detail = "They have to sign in again, and your personal tokens end."
    if not await desk.ask("Sign out all your other devices?", detail, yes="Sign them out"):
        return
    detail = "Whoever has one comes in again without a password."
    remove = bool(keys) and await desk.ask("Remove your keys for ssh too?", detail, yes="Remove them")
    await desk.agent.account.sign_out_others(ssh_keys=remove)
    and_keys = ", and no key lets you in by ssh" if remove else ""
    desk.tell(f"You are signed in here alone{and_keys}.")
