"""Garbage is looked for while nobody types, and in the end anyway."""

import gc
from collections.abc import Iterator

import pytest

from mesh_tui.collecting import DEEP_EVERY, LATEST_S, MOST, QUIET_S, WORTH, Collecting, leave_the_old


@pytest.fixture
def thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_it_waits_for_the_keyboard_to_be_quiet() -> None:
    collecting = Collecting(100.0)
    collecting.active(100.0)
    assert not collecting.is_due(100.0 + QUIET_S / 2, WORTH)
    assert collecting.is_due(100.0 + QUIET_S, WORTH)
    assert not collecting.is_due(100.0 + QUIET_S, WORTH - 1), "nothing to find"


def test_who_goes_on_typing_does_not_put_it_off_for_ever() -> None:
    collecting = Collecting(0.0)
    for second in range(int(LATEST_S)):
        collecting.active(float(second))
        assert not collecting.is_due(float(second), WORTH)
    collecting.active(LATEST_S)
    assert collecting.is_due(LATEST_S, WORTH)


def test_much_garbage_does_not_wait() -> None:
    collecting = Collecting(0.0)
    collecting.active(1.0)
    assert not collecting.is_due(1.0, MOST - 1)
    assert collecting.is_due(1.0, MOST)


def test_after_a_collection_the_waiting_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else who goes on typing would have one at every look from the first on."""
    collecting = Collecting(0.0)
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, WORTH))
    monkeypatch.setattr(gc, "collect", lambda: 0)
    collecting.active(LATEST_S)
    assert collecting.is_due(LATEST_S, WORTH)
    collecting.look(LATEST_S)
    assert not collecting.is_due(LATEST_S, WORTH)
    collecting.active(LATEST_S + QUIET_S)
    assert not collecting.is_due(LATEST_S + QUIET_S + QUIET_S / 2, WORTH)


@pytest.mark.usefixtures("thresholds")
def test_what_was_put_aside_is_looked_at_now_and_then_but_never_while_somebody_types(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, MOST))
    for name in ("unfreeze", "collect", "freeze"):
        monkeypatch.setattr(gc, name, lambda name=name: done.append(name))
    collecting = Collecting(0.0)
    collecting.take_over()
    for count in range(2 * DEEP_EVERY):
        collecting.active(float(count))
        collecting.look(float(count))
    assert done == ["collect", "freeze"] * 2 * DEEP_EVERY
    done.clear()
    quiet = 2 * DEEP_EVERY + QUIET_S
    collecting.look(quiet)
    collecting.look(quiet + 1)
    assert done == ["unfreeze", "collect", "freeze", "collect", "freeze"]
    done.clear()
    Collecting(0.0).look(quiet)
    assert done == ["collect"], "nothing is put aside in a process that is also another's"


@pytest.mark.usefixtures("thresholds")
def test_what_python_leaves_is_collected_here() -> None:
    before = gc.get_threshold()
    leave_the_old()
    assert gc.get_threshold()[:2] == before[:2]
    assert gc.get_threshold()[2] >= 1_000 * before[2], "no full one by itself"
    collecting = Collecting(0.0)
    gc.collect()
    for _ in range(WORTH + 1):
        gc.collect(1)
    assert gc.get_count()[2] >= WORTH
    collecting.look(QUIET_S)
    assert gc.get_count()[2] == 0
