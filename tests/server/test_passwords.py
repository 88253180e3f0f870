"""Hashing, at the lowest cost that bcrypt has."""

import asyncio
import os
import sys
import threading

import bcrypt
import pytest

from mesh_server.services.passwords import NICENESS, Passwords, check_password
from protocol.errors import PasswordInvalid, RateLimited

LOWEST = 4


async def test_a_password_fits_its_own_hash_only() -> None:
    passwords = Passwords(cost=LOWEST)
    stored = await passwords.hash("password123")
    assert await passwords.verify("password123", stored)
    assert not await passwords.verify("password124", stored)
    assert not await passwords.verify("", stored)
    assert stored != await passwords.hash("password123")


async def test_no_hash_fits_nothing() -> None:
    passwords = Passwords(cost=LOWEST)
    assert not await passwords.verify("password123", None)


async def test_every_character_of_a_long_password_counts() -> None:
    passwords = Passwords(cost=LOWEST)
    stored = await passwords.hash("x" * 1000 + "a")
    assert not await passwords.verify("x" * 1000 + "b", stored)
    assert not await passwords.verify("x" * 72, stored)


async def test_nul_and_surrogates_are_characters_like_others() -> None:
    passwords = Passwords(cost=LOWEST)
    stored = await passwords.hash("before\0after\ud800")
    assert await passwords.verify("before\0after\ud800", stored)
    assert not await passwords.verify("before\0other\ud800", stored)


async def test_how_a_keyboard_composes_letters_does_not_matter() -> None:
    passwords = Passwords(cost=LOWEST)
    assert await passwords.verify("pa\u0308ssword", await passwords.hash("pässword"))


async def test_the_cost_is_what_was_asked_for_and_an_unknown_name_costs_the_same() -> None:
    passwords = Passwords(cost=5)
    stored = await passwords.hash("password123")
    assert stored[:7] == passwords._fits_nothing[:7] == b"$2b$05$"
    assert len(stored) == len(passwords._fits_nothing)
    assert not bcrypt.checkpw(b"anything", passwords._fits_nothing)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a niceness is a whole process's")
async def test_threads_that_hash_give_way_and_the_one_that_serves_does_not() -> None:
    passwords = Passwords(cost=4)
    await passwords.hash("password123")
    mine = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    niceness = {
        thread.name.partition("_")[0]: os.getpriority(os.PRIO_PROCESS, thread.native_id or 0)
        for thread in threading.enumerate()
    }
    passwords.close()
    assert niceness["password"] == max(mine, NICENESS)
    assert niceness["MainThread"] == mine


async def test_the_waiting_line_has_an_end() -> None:
    passwords = Passwords(cost=LOWEST, waiting_max=3)
    outcomes = await asyncio.gather(
        *(passwords.hash("password123") for _ in range(5)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [bytes] * 3 + [RateLimited] * 2
    assert await passwords.hash("password123")


async def test_who_hangs_up_leaves_the_line() -> None:
    passwords = Passwords(cost=LOWEST, waiting_max=1)
    task = asyncio.create_task(passwords.hash("password123"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    while True:  # a hash that has begun is finished first
        try:
            assert await passwords.hash("password123")
            break
        except RateLimited:
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("password", ["", "x" * 7, "x" * 1025])
def test_too_short_and_too_long(password: str) -> None:
    with pytest.raises(PasswordInvalid):
        check_password(password)


@pytest.mark.parametrize("password", ["x" * 8, "x" * 1024, "pässwört", "        "])
def test_long_enough(password: str) -> None:
    check_password(password)
