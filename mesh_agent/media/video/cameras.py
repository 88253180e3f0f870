"""Cameras and screens, as FFmpeg's devices: v4l2 and X11 on Linux, AVFoundation on macOS, DirectShow and GDI
on Windows.

Strategy: a table says for each system what FFmpeg calls them and with which options they are tried, in turn,
since cameras differ in what they take. Wayland lets no program read the screen without its portal, which
FFmpeg does not know.
"""

import contextlib
import errno
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
from av import logging as av_logging

from mesh_agent.media.devices import Unusable

NAME_CHARS: Final = 200
"""Of the name of a camera; what is more is cut off."""

CAMERAS_MAX: Final = 64

V4L: Final = Path("/sys/class/video4linux")

_SMALL: Final = {"video_size": "640x480", "framerate": "15"}
_USUAL: Final = {"video_size": "640x480", "framerate": "30"}
_TRIED: Final[dict[str, tuple[dict[str, str], ...]]] = {
    "v4l2": (_SMALL, _USUAL, {}),
    "avfoundation": (_USUAL, {"framerate": "30"}, {}),
    "dshow": (_USUAL, _SMALL, {}),
    "x11grab": ({"framerate": "8", "draw_mouse": "1"},),
    "gdigrab": ({"framerate": "8", "draw_mouse": "1"},),
}
"""Options of each kind of device, in the order in which they are tried."""

_SYSTEMS: Final = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}

_REASONS: Final = {
    errno.EBUSY: "another program uses it",
    errno.EACCES: "this program may not use it",
    errno.EPERM: "this program may not use it",
    errno.ENODEV: "it is not there any more",
    errno.ENOENT: "it is not there any more",
}


@dataclass(frozen=True, slots=True)
class Device:
    """`name`: for a person. `kind`, `url`: as FFmpeg takes them."""

    name: str
    kind: str
    url: str


def cameras(system: str = sys.platform, v4l: Path = V4L) -> list[Device]:
    """Those that there are, in the system's order."""
    if system == "linux":
        return _linux(v4l)[:CAMERAS_MAX]
    kind = _SYSTEMS.get(system)
    if kind is None:
        return []
    found: list[Any] = []
    with contextlib.suppress(av.FFmpegError, OSError, ValueError, AttributeError):
        from av.device import enumerate_input_devices

        found = list(enumerate_input_devices(kind))
    return [_told(kind, each) for each in found if _is_camera(each)][:CAMERAS_MAX]


def _is_camera(each: Any) -> bool:
    types = {str(kind) for kind in each.media_types}
    return (not types or "video" in types) and not str(each.description).startswith("Capture screen")


def _told(kind: str, each: Any) -> Device:
    name = str(each.description or each.name)
    if kind == "dshow":
        return Device(name[:NAME_CHARS], kind, f"video={each.name}")
    return Device(name[:NAME_CHARS], kind, f"{name}:none")


def _linux(v4l: Path) -> list[Device]:
    """One node of each camera: others of it tell what is not a picture."""
    found = []
    with contextlib.suppress(OSError):
        nodes = [node for node in v4l.iterdir() if node.name[len("video") :].isdigit()]
        for node in sorted(nodes, key=lambda node: int(node.name[len("video") :])):
            with contextlib.suppress(OSError, ValueError):
                if int((node / "index").read_text("ascii")) == 0:
                    name = (node / "name").read_text("utf-8", "replace").strip()
                    found.append(Device(name[:NAME_CHARS], "v4l2", f"/dev/{node.name}"))
    return found


def camera(name: str, system: str = sys.platform, v4l: Path = V4L) -> Device:
    """The one of that name, or whose name begins so; the first one, where it is empty. Raises: Unusable."""
    found = cameras(system, v4l)
    if not found:
        raise Unusable("There is no camera here.")
    wanted = name.casefold()
    for fits in (str.__eq__, str.startswith):
        for device in found:
            if fits(device.name.casefold(), wanted):
                return device
    there = ", ".join(device.name for device in found)
    raise Unusable(f"There is no camera {name} here, only: {there}.")


def screen(system: str = sys.platform, environ: Mapping[str, str] = os.environ) -> Device:
    """The whole screen. Raises: Unusable."""
    if system == "darwin":
        return Device("", "avfoundation", "Capture screen 0:none")
    if system == "win32":
        return Device("", "gdigrab", "desktop")
    if environ.get("WAYLAND_DISPLAY") or environ.get("XDG_SESSION_TYPE") == "wayland":
        raise Unusable("The screen cannot be shown: Wayland lets no program like this one read it.")
    if not environ.get("DISPLAY"):
        raise Unusable("There is no screen here that could be shown.")
    return Device("", "x11grab", environ["DISPLAY"])


def open_device(device: Device) -> Any:
    """As `av.open`. May take seconds. Raises: Unusable."""
    av_logging.set_level(None)
    reason = "it gives no pictures"
    for options in _TRIED[device.kind]:
        try:
            container = av.open(device.url, format=device.kind, options=dict(options))
        except (av.FFmpegError, OSError, ValueError) as error:
            reason = _REASONS.get(getattr(error, "errno", 0) or 0, reason)
            continue
        if container.streams.video:
            return container
        container.close()
    what = f"The camera {device.name}" if device.name else "The screen"
    raise Unusable(f"{what} cannot be used: {reason}.")
