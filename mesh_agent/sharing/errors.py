"""What goes wrong between a person's wish and the two devices, each in a sentence for who reads it.

MeshError
└── SharingError             sharing             a kind of this one:
    ├── TransferUnknown      sharing.unknown     there is no such transfer (any more)
    ├── WrongMoment          sharing.moment      it cannot be done to this transfer now
    ├── SourceMissing        sharing.source      what is to be sent is not there, or cannot be read
    ├── QueueFull            sharing.queue_full
    ├── UnderWay             sharing.under_way   another program of this profile is at it already
    ├── AlreadyReceiving     sharing.receiving   another program of this profile takes offers
    ├── HelperEnded          sharing.helper      the process that moves the bytes has ended
    ├── NobodyTook           sharing.no_answer   no device of the other person has taken the session yet
    ├── OtherEnded           sharing.other_ended the other device gave up before the two had met
    └── SessionOver          sharing.session_over the other side has ended the session
"""

from typing import Final

from mesh_agent.files.errors import NoSpace
from protocol.errors import MeshError
from protocol.signals import SessionClosed


class SharingError(MeshError):
    code = "sharing"


class TransferUnknown(SharingError):
    code = "sharing.unknown"
    text = "There is no such transfer any more."


class WrongMoment(SharingError):
    code = "sharing.moment"


class SourceMissing(SharingError):
    code = "sharing.source"


class QueueFull(SharingError):
    code = "sharing.queue_full"


class UnderWay(SharingError):
    code = "sharing.under_way"
    text = "Another program of this profile is sending this already."


class AlreadyReceiving(SharingError):
    code = "sharing.receiving"


class HelperEnded(SharingError):
    code = "sharing.helper"
    text = "The process that moves the bytes has ended. It is tried again."


class NobodyTook(SharingError):
    code = "sharing.no_answer"
    text = "Nobody has taken it yet."


class OtherEnded(SharingError):
    code = "sharing.other_ended"
    text = "The other device could not be met. It is tried again."


class SessionOver(SharingError):
    code = "sharing.session_over"
    text = "The other side has ended this."


class Removed(SharingError):
    code = "sharing.removed"
    text = "One of you two is not in the room any more, or that device was signed out."


_THERE: Final = {
    "disk.full": "{}'s disk is full. Try again once there is room: what has come is kept.",
    "disk.quota": "{}'s quota of their disk is used up. Try again once there is room: what has come is kept.",
    "disk.read_only": "{}'s disk can only be read. Ask them to choose another folder, and try again.",
    "disk.denied": "{} may not write into that folder. Ask them to choose another one, and try again.",
    "disk.file_too_large": "{}'s disk cannot hold a file as large as this.",
    "disk.folder_gone": "{}'s folder for what is received is gone. Try again.",
    "disk.failed": "{}'s disk reports an error.",
}


_FROM_THERE: Final = {"changed": "The file was changed while it was sent. Ask {} to send it again."}


def at_peer(name: str, code: str, reason: str, *, sent: bool) -> str:
    """What went wrong at the other end, as one reads it here: `reason` is for who sits there.

    `sent`: from here, so that it is the receiver's disk that reports something.
    """
    if sent and code == NoSpace.code and reason not in ("", NoSpace.text):  # it says how much is missing
        return f"{name}'s disk has too little room. {reason}"
    told = _THERE if sent else _FROM_THERE
    return told[code].format(name) if code in told else reason


def is_removal(event: object) -> bool:
    """The session is over, as one of the two ends may not be sent to any more: what flows is to end."""
    return isinstance(event, SessionClosed) and event.reason == "removed"
