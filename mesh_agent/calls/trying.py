"""Microphones, loudspeakers and cameras without a call: which there are, how loud it is, and a tone to hear.

Strategy: it is the process of a call with nobody in it, for as long as somebody looks. So what is tried is
what a call will use, and nothing that knows sound or pictures is loaded here.
"""

import asyncio
from typing import Final

from mesh_agent.calls.errors import CannotCall
from mesh_agent.calls.process import PROGRAM
from mesh_agent.media import orders
from mesh_agent.sharing.errors import HelperEnded
from mesh_agent.sharing.process import Helper

PROBLEMS_MAX: Final = 4
"""Sentences about devices that are kept."""


class Trial:
    """Use `begin`, and `close` at the end.

    Attributes:
        microphones, speakers, cameras: names of what there is; None until that is known.
        level: how loud it is at the microphone now, 0 to 1.
        problems: sentences about devices that cannot be used, the latest last.
        over: the process has ended.
    """

    def __init__(self, helper: "Helper[orders.Order, orders.Report]") -> None:
        self.microphones: list[str] | None = None
        self.speakers: list[str] | None = None
        self.cameras: list[str] | None = None
        self.level = 0.0
        self.problems: list[str] = []
        self.over = False
        self._helper = helper
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def begin(cls, audio_in: str, audio_out: str, *, process: bool = True) -> "Trial":
        """As `orders.Begin` has them. Raises: CannotCall."""
        try:
            helper = await Helper.start(PROGRAM)
        except HelperEnded as error:
            raise CannotCall(error.message) from None
        helper.tell(orders.Begin(ice=[], audio_in=audio_in, audio_out=audio_out, process=process))
        return cls(helper)

    def use(self, audio_in: str, audio_out: str) -> None:
        """Others; what was wrong with those before is forgotten."""
        self.problems, self.level = [], 0.0
        self._helper.tell(orders.Use(audio_in=audio_in, audio_out=audio_out))

    def test(self) -> None:
        """Plays a tone for a second."""
        self._helper.tell(orders.Test())

    async def changed(self) -> None:
        """Returns at the next change; several at once are one."""
        await self._news.wait()
        self._news.clear()

    async def close(self) -> None:
        """Ends the process. Never raises."""
        self._reading.cancel()
        await asyncio.wait((self._reading,))
        await self._helper.stop()

    async def _read(self) -> None:
        while (report := await self._helper.report()) is not None:
            if isinstance(report, orders.Ready):
                self.microphones, self.speakers = report.microphones, report.speakers
                self.cameras = report.cameras
                self.problems = report.problems[:PROBLEMS_MAX]
            elif isinstance(report, orders.Levels):
                self.level = next((each.level for each in report.levels if not each.party), self.level)
            elif isinstance(report, orders.Problem):
                self.problems = [*self.problems, report.text][-PROBLEMS_MAX:]
            self._news.set()
        self.over = True
        self._news.set()
