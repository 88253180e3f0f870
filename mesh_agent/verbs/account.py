"""Signing in and out, devices, how one is seen, the password, and keys for ssh."""

import asyncio
import contextlib
import getpass
import sys
from argparse import Namespace
from pathlib import Path
from typing import Final

from mesh_agent.agent import Agent
from mesh_agent.client.address import is_link, parse_link
from mesh_agent.client.errors import SignInNeeded
from mesh_agent.client.state import ConnectionChanged, SignedOut
from mesh_agent.names import find_device
from mesh_agent.output import Output
from mesh_agent.verbs.common import Run, UsageError
from protocol.rest import SshKeyRequest

PASSWORD_BYTES: Final = 8 * 1024


async def _register(agent: Agent, options: Namespace, output: Output) -> None:
    code = parse_link(options.invite).code if is_link(options.invite) else options.invite
    output.show(await agent.register(options.username, options.password, invite=code))


async def _login(agent: Agent, options: Namespace, output: Output) -> None:
    output.show(await agent.login(options.username, options.password))


async def _logout(agent: Agent, _: Namespace, output: Output) -> None:
    if agent.user is None:
        raise SignInNeeded
    username = agent.user.username
    await agent.logout()
    output.show({"signed_out": username})


async def _devices(agent: Agent, _: Namespace, output: Output) -> None:
    for device in await agent.account.devices():
        output.show(device)


async def _sign_out_device(agent: Agent, options: Namespace, output: Output) -> None:
    device = await find_device(agent, options.device)
    await agent.account.sign_out_device(device.id)
    output.show({"signed_out": device.name, "device_id": device.id})


async def _presence(agent: Agent, options: Namespace, output: Output) -> None:
    """Ends by itself only where the session does, or the time is over."""
    with contextlib.closing(agent.subscribe()) as events:
        text = " ".join(options.text) if options.text else None
        await agent.set_presence(options.presence, text)
        await agent.start()
        await agent.wait_connected(options.timeout)
        output.show({"presence": options.presence} | ({} if text is None else {"status_text": text}))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(options.span):
                async for event in events:
                    if isinstance(event, ConnectionChanged) and isinstance(event.state, SignedOut):
                        raise SignInNeeded(event.state.reason)


async def _show(agent: Agent, _: Namespace, output: Output) -> None:
    output.show(await agent.account.me())


async def _name(agent: Agent, options: Namespace, output: Output) -> None:
    output.show(await agent.account.rename(" ".join(options.text)))


async def _receipts(agent: Agent, options: Namespace, output: Output) -> None:
    output.show(await agent.account.hide_reads(options.switch == "off"))


async def _password(agent: Agent, options: Namespace, output: Output) -> None:
    account = agent.account
    await account.change_password(options.password, options.new_password)
    assert agent.user is not None
    output.show({"password_changed": agent.user.username})


# ── where else one comes in ──────────────────────────────────────────────────────────────────────


async def _sign_out_others(agent: Agent, options: Namespace, output: Output) -> None:
    others = sum(not device.current for device in await agent.account.devices())
    await agent.account.sign_out_others(ssh_keys=options.ssh_keys == "remove")
    output.show({"signed_out": others, "ssh_keys": options.ssh_keys})


async def _ssh_keys(agent: Agent, _: Namespace, output: Output) -> None:
    output.show_all(await agent.ssh_keys.list(), none="There is no key: by ssh I come in with my password.")


async def _add_ssh_key(agent: Agent, options: Namespace, output: Output) -> None:
    line = read_secret(options.file)
    output.show(await agent.ssh_keys.add(SshKeyRequest(key=line, name=options.name)))


async def _remove_ssh_key(agent: Agent, options: Namespace, output: Output) -> None:
    await agent.ssh_keys.remove(options.key)
    output.show({"removed": options.key})


# ── passwords ────────────────────────────────────────────────────────────────────────────────────


def ask_password(file: str | None, *, twice: bool, which: str = "Password") -> str:
    """The password, from `file` or from who sits at the terminal. Raises: UsageError."""
    if file is not None:
        return read_secret(file)
    if not sys.stdin.isatty():
        raise UsageError("There is no terminal to ask for the password. Use --password-file.")
    password = getpass.getpass(f"{which}: ")
    if twice and getpass.getpass("The same again: ") != password:
        raise UsageError("The two were not the same.")
    return password


def read_secret(file: str) -> str:
    """The first line of `file`, or of stdin for `-`. Raises: UsageError."""
    try:
        if file == "-":
            data = sys.stdin.buffer.readline(PASSWORD_BYTES)
        else:
            with Path(file).open("rb") as opened:
                data = opened.readline(PASSWORD_BYTES)
        return data.decode().rstrip("\r\n")
    except OSError as error:
        raise UsageError(f"The file {file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"The file {file} is not UTF-8 text.") from None


VERBS: Final[dict[str, Run]] = {
    "register": _register,
    "login": _login,
    "logout": _logout,
    "devices": _devices,
    "device sign-out": _sign_out_device,
    "presence": _presence,
    "account show": _show,
    "account name": _name,
    "account receipts": _receipts,
    "account password": _password,
    "device sign-out-others": _sign_out_others,
    "account ssh-key list": _ssh_keys,
    "account ssh-key add": _add_ssh_key,
    "account ssh-key remove": _remove_ssh_key,
}
