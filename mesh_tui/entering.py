"""Coming in: the form to sign in, Home, and the room that an invite leads to.

Strategy: either screen stands alone above the first one, which Textual cannot replace, and whatever was above
it is taken away. The link of the command line counts until Home is reached once; what the door said through
which the person came fills in each form.
"""

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from textual.screen import Screen

from mesh_agent.client.errors import Unreachable
from mesh_tui.powers import WELCOME
from mesh_tui.workers import begin
from protocol.errors import MeshError, ServerError
from protocol.text import clean_line

if TYPE_CHECKING:
    from mesh_agent.client.address import Link
    from mesh_tui.app import MeshApp
    from protocol.handover import Handover


class Entering:
    """How one gets into an app. `fixed`: the command line says which server it is."""

    def __init__(
        self, app: "MeshApp", *, fixed: bool, link: "Link | None", handover: "Handover | None"
    ) -> None:
        self._app = app
        self._fixed = fixed
        self._invite = link.code if link else ""
        self._handover = handover
        self._asking = asyncio.Lock()

    async def come_in(self) -> None:
        """Home for who is signed in, and the form for anybody else."""
        if self._app.agent.user is None:
            await self.ask_to_sign_in()
        else:
            await self._app.agent.start()
            self.enter_home(self._invite)

    async def ask_to_sign_in(self, reason: str = "") -> None:
        """Shows the form, unless it is shown. `reason`: why one has to."""
        from mesh_tui.screens.login import Login

        async with self._asking:  # who signs out, and the agent: a second form would lose what is typed
            if isinstance(self._app.screen, Login):
                return
            server, door = self._app.agent.server, self._handover
            login = Login(server=server, fixed=self._fixed, reason=reason, invite=self._invite)
            if door is not None:
                login.begin_with(door.username, register=door.register, reason=reason or door.reason)
            await self._alone(login)

    def enter_home(self, code: str = "", *, room_id: str = "", tour: bool = False) -> None:
        """Home, with nothing above it but the room that an invite's `code` leads to, or `room_id`.

        `tour`: the first tour is shown, unless this profile has had it.
        """
        begin(self._app, self._enter_home, code, room_id, tour, group="screens")

    async def _enter_home(self, code: str, room_id: str, tour: bool) -> None:
        from mesh_tui.screens.home import Home

        app = self._app
        self._invite = ""
        await self._alone(Home(tour=tour and app.written.is_new()))
        if app.powers.hosted is not None:
            app.notify(WELCOME, markup=False)
        if room_id:
            app.open_room(room_id)
        elif code:
            await self._use_invite(code)

    async def _use_invite(self, code: str) -> None:
        """Joins by it and opens its room, or says why not, and asks again where that may help."""
        from mesh_tui.screens.ask import Ask

        try:
            room = await self._app.agent.order.use_invite(code)
        except MeshError as error:
            may_help = isinstance(error, Unreachable | ServerError)
            question = "You cannot come in now" if may_help else "You cannot come in by this link"
            answers = {"yes": "Try again" if may_help else "", "no": "Close"}
            ask = Ask(question, clean_line(error.message), **answers)
            self._app.push_screen(ask, partial(self._again, code))
        else:
            self._app.open_room(room.id)

    def _again(self, code: str, yes: bool | None) -> None:
        if yes:
            begin(self._app, self._use_invite, code, exclusive=True, group="screens")

    async def _alone(self, screen: Screen[None]) -> None:
        app = self._app
        while len(app.screen_stack) > 2:
            await app.pop_screen()
        if len(app.screen_stack) == 2:
            await app.switch_screen(screen)
        else:
            await app.push_screen(screen)
