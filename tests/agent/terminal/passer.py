"""The process of a host that says whatever its test wants: what comes goes to the test, and the other way."""

from mesh_agent.terminal import watcher
from mesh_agent.terminal.watcher import Watcher
from protocol.peer_terminal import TermAck, TermClose, TermGrant, TermHistory, TermInput, TermOpen, TermResize


class Passer(Watcher):
    passes = (TermOpen, TermAck, TermInput, TermResize, TermHistory, TermGrant, TermClose)


def main() -> None:
    watcher.main(Passer)
