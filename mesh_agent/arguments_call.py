"""What the verb for calls takes; see `arguments`."""

from typing import Final

from mesh_agent.argument_kinds import Verb, arg, number_from

CALLS: Final = (
    Verb(
        "call",
        "call a room, or people in it, and take part with sound and pictures",
        "mesh-agent call ops --to bob --audio-in tone --audio-out heard.wav --seconds 10",
        (
            arg(
                "room",
                metavar="ROOM",
                nargs="?",
                help="its name or id, before the options or after them; a call that is on in it is joined",
            ),
            arg(
                "--to",
                metavar="USER",
                nargs="+",
                action="append",
                default=[],
                help="who of its members is rung, with commas or blanks between; by default all, up to 16",
            ),
            arg("--answer", action="store_true", help="wait until the room rings here, and answer"),
            arg(
                "--audio-in",
                metavar="WHAT",
                default="mic",
                help="what is sent: mic, mic:NAME, tone, none, or a file (%(default)s)",
            ),
            arg(
                "--audio-out",
                metavar="WHERE",
                default="speaker",
                help="where what is heard goes: speaker, speaker:NAME, none, or a WAV file (%(default)s)",
            ),
            arg(
                "--video-in",
                metavar="WHAT",
                default="none",
                help="pictures to send: camera, camera:NAME, screen, test, none, or a file (%(default)s)",
            ),
            arg(
                "--record", metavar="FILE", help="the whole call goes into this file, which is not there yet"
            ),
            arg(
                "--seconds",
                metavar="N",
                type=number_from(float, 0.1, 86_400),
                help="leave so many seconds after it was answered",
            ),
            arg(
                "--timeout",
                metavar="S",
                type=number_from(float, 0, 86_400),
                default=30.0,
                help="how long to wait for the server, and with --answer for a call (%(default)g s)",
            ),
        ),
    ),
)
