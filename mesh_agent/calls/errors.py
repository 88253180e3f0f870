"""What goes wrong with calls, each in a sentence for who reads it.

MeshError
└── CallError                call                a kind of this one:
    ├── AlreadyInCall        call.already        one call at a time
    ├── InCallBeside         call.beside         another program of this device is in one
    ├── NoSuchCall           call.unknown        nobody calls, or not any more
    ├── CallOver             call.over           it has ended
    ├── NobodyToCall         call.nobody         there is nobody else in the room
    └── CannotCall           call.start          the process of sound and pictures does not run
"""

from protocol.errors import MeshError


class CallError(MeshError):
    code = "call"


class AlreadyInCall(CallError):
    code = "call.already"
    text = "You are in a call. Leave it first."


class InCallBeside(CallError):
    code = "call.beside"
    text = "Another program of this device is in a call. Leave it there first."


class NoSuchCall(CallError):
    code = "call.unknown"
    text = "Nobody calls you now."


class CallOver(CallError):
    code = "call.over"
    text = "This call is over."


class NobodyToCall(CallError):
    code = "call.nobody"
    text = "There is nobody else in this room."


class CannotCall(CallError):
    code = "call.start"
    text = "What plays sound and shows pictures cannot be started here."
