"""What we bring into a call: which sentences about devices hold now."""

from collections.abc import Callable

from msgspec.structs import replace

from mesh_agent.calls.doing import PROBLEMS_MAX, Doing, news
from mesh_agent.calls.state import Own
from mesh_agent.media import orders
from mesh_agent.media.orders import GONE, Ready
from protocol.calls import Sends


class Bringing(Doing):
    """It keeps what it orders and sends."""

    def __init__(self) -> None:
        super().__init__(Own())
        self.ordered: list[orders.Order] = []
        self.told: list[Sends] = []

    def _order(self, order: orders.Order) -> None:
        self.ordered.append(order)

    def _send(self, sends: Sends) -> None:
        self.told.append(sends)

    def problems(self) -> tuple[str, ...]:
        return self._own.problems


def _ready(*problems: str) -> Ready:
    return Ready(audio_in="mic", audio_out="speaker", video_in="none", problems=list(problems))


def test_what_was_wrong_with_a_device_is_forgotten_once_it_is_not() -> None:
    alice = Bringing()
    alice._ready(_ready(GONE["audio_in"], "There is no camera here."))
    alice._problem("The disk is full.")
    assert alice.problems() == (GONE["audio_in"], "There is no camera here.", "The disk is full.")
    alice._ready(_ready("There is no camera here."))
    assert alice.problems() == ("The disk is full.", "There is no camera here.")
    alice._ready(_ready())
    assert alice.problems() == ("The disk is full.",)


def test_the_latest_sentences_are_kept_each_once() -> None:
    alice = Bringing()
    for number in (*range(PROBLEMS_MAX + 2), 4):
        alice._problem(f"{number}.")
    assert len(alice.problems()) == PROBLEMS_MAX
    assert alice.problems()[-1] == "4."
    assert len(set(alice.problems())) == PROBLEMS_MAX


def test_that_a_device_is_back_is_news_and_so_is_each_sentence_that_was_not_there() -> None:
    assert news((), (GONE["audio_in"],)) == ([GONE["audio_in"]], [])
    assert news((GONE["audio_in"], "The disk is full."), ("The disk is full.",)) == (
        [],
        ["There is a microphone again."],
    )
    assert news((GONE["audio_in"],), (GONE["audio_in"],)) == ([], [])
    assert news((GONE["audio_out"], "There is no camera here."), ()) == (
        [],
        ["There is a loudspeaker again."],
    )
    assert news(("a", "b"), ("b", "a")) == ([], [])


def test_that_it_is_recorded_is_told_while_it_is_so() -> None:
    alice = Bringing()
    alice.record("/tmp/call.ogg")
    assert alice.ordered == [orders.Record(path="/tmp/call.ogg")]
    assert not alice.sent.records, "not before it is so"
    alice._ready(replace(_ready(), record="/tmp/call.ogg"))
    assert alice.told[-1].records
    alice._ready(_ready())
    assert not alice.told[-1].records


def test_who_hears_nothing_is_not_heard_whatever_else_is_turned_on_and_off() -> None:
    alice = Bringing()
    alice.deafen(True)
    deeds: list[tuple[Callable[[bool], None], bool]] = [
        (alice.mute, False),
        (alice.push_to_talk, True),
        (alice.talk, True),
        (alice.push_to_talk, False),
    ]
    for deed, value in deeds:
        deed(value)
        assert alice.sent.muted
        assert alice.ordered[-1] == orders.Speak(muted=True, deafened=True)
    alice.deafen(False)
    assert not alice.sent.muted, "push to talk is over, so one is heard all the time"
    alice.mute(True)
    alice.deafen(True)
    alice.deafen(False)
    assert alice.sent.muted, "as before"


def test_who_pushes_to_talk_is_heard_while_they_talk() -> None:
    alice = Bringing()
    alice.mute(True)
    alice.push_to_talk(True)
    heard = []
    for talking in (False, True, False):
        alice.talk(talking)
        heard.append(not alice.sent.muted)
    assert heard == [False, True, False]
    alice.push_to_talk(False)
    assert not alice.sent.muted


def test_a_file_that_is_shown_is_known_as_one() -> None:
    alice = Bringing()
    shown = []
    for video_in in ("none", "camera:USB", "test", "screen", "/tmp/clip.mp4"):
        alice._ready(replace(_ready(), video_in=video_in))
        shown.append((alice._own.camera, alice._own.screen, alice._own.file))
    assert shown == [
        (False, False, False),
        (True, False, False),
        (True, False, False),
        (False, True, False),
        (True, False, True),
    ]
    assert (alice.told[-1].camera, alice.told[-1].file) == (True, True), "and so the others know it"
