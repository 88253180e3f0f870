"""Where pushes go while I am away."""

from argparse import Namespace
from typing import Final

from mesh_agent.agent import Agent
from mesh_agent.output import Output
from mesh_agent.verbs.account import read_secret
from mesh_agent.verbs.common import Run
from protocol.rest import PushTargetRequest


async def _list(agent: Agent, _: Namespace, output: Output) -> None:
    listed = await agent.pushes.targets()
    for target in listed.targets:
        output.show(target)
    if not listed.targets:
        allowed = ", ".join(listed.allowed)
        output.note(f"Addresses may begin with: {allowed}" if allowed else "This server sends no pushes.")


async def _add(agent: Agent, options: Namespace, output: Output) -> None:
    request = PushTargetRequest(
        kind=options.kind,
        url=options.url,
        topic=options.topic,
        token=read_secret(options.token_file) if options.token_file else "",
        name=options.name,
        mentions=not options.no_mentions,
        dms=not options.no_dms,
        rooms=options.rooms,
        text=options.with_text,
    )
    output.show(await agent.pushes.add(request))


async def _test(agent: Agent, options: Namespace, output: Output) -> None:
    tested = await agent.pushes.test(options.target)
    output.show({"push": tested.state, "id": options.target})


async def _remove(agent: Agent, options: Namespace, output: Output) -> None:
    await agent.pushes.remove(options.target)
    output.show({"removed": options.target})


VERBS: Final[dict[str, Run]] = {
    "push list": _list,
    "push add": _add,
    "push test": _test,
    "push remove": _remove,
}
