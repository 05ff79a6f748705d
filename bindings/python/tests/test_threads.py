"""The blocking face, used by many threads."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import zk_recipes
from zk_recipes import sync
from zk_recipes.testing import Server

THREADS = 64


def test_sixty_four_threads_share_a_client_and_a_lock(
    zk_server: Server, zk_client: sync.Client
) -> None:
    zk_client.create("/counter", b"0")
    start = threading.Barrier(THREADS)
    tokens: list[int] = []

    def count(_: int) -> None:
        start.wait(10)
        for _ in range(3):
            with zk_client.lock("/locks/x").hold(timeout=60) as held:
                # Without the lock two of these would lose a count.
                now = int(zk_client.get("/counter").data)
                zk_client.set("/counter", b"%d" % (now + 1), fenced_by=held)
                tokens.append(held.token)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(count, range(THREADS)))
    assert zk_server.data("/counter") == b"%d" % (THREADS * 3)
    assert tokens == sorted(set(tokens)) and len(tokens) == THREADS * 3
    assert zk_server.paths("/locks/x") == []


async def test_it_can_be_used_on_the_thread_of_a_running_loop(zk_server: Server) -> None:
    with sync.connect(zk_server.connect_string) as blocking:
        async with zk_recipes.connect(zk_server.connect_string) as zk:
            async with zk.lock("/locks/x").hold() as held:
                assert blocking.lock("/locks/x").try_acquire() is None
                under_way = asyncio.create_task(zk.create("/a"))
                await asyncio.sleep(0)
                blocking.create("/b")
                await under_way
                assert held.is_held
            with blocking.lock("/locks/x").hold(timeout=5):
                assert await zk.lock("/locks/x").try_acquire() is None


def test_a_thread_that_waits_does_not_keep_the_interpreter_lock(zk_client: sync.Client) -> None:
    with zk_client.lock("/locks/x").hold():
        waiting = threading.Thread(target=give_up_waiting, args=(zk_client,))
        waiting.start()
        turns = 0
        while waiting.is_alive():
            turns += 1
        waiting.join()
    # A waiter that kept it would leave a handful of turns to this thread.
    assert turns > 1000


def give_up_waiting(zk: sync.Client) -> None:
    try:
        zk.lock("/locks/x").acquire(timeout=0.5)
    except zk_recipes.AcquireTimeout:
        pass


def test_python_code_that_keeps_the_interpreter_lock_does_not_stop_the_pings(
    zk_server: Server, zk_client: sync.Client
) -> None:
    with sync.connect(zk_server.connect_string, session_timeout=4) as zk:
        with zk.lock("/locks/x").hold() as held:
            session, interval = zk.session_id, sys.getswitchinterval()
            sys.setswitchinterval(60)
            try:
                # More than a session's timeout in which no other thread gets the interpreter lock.
                end = time.monotonic() + 6
                while time.monotonic() < end:
                    pass
            finally:
                sys.setswitchinterval(interval)
            # The machine had one core for all others meanwhile; the pings were not all on time.
            zk_server.until(lambda: held.is_safe)
            assert held.is_held
        assert zk.session_id == session and zk.generation == 1
