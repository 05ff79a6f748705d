"""What is left after many cycles."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading

import zk_recipes
from kit import os_threads, until
from zk_recipes import _errors, _native, _types, sync
from zk_recipes._inbox import current
from zk_recipes.testing import Server

CYCLES = 10_000
AT_ONCE = 20


def counts(*watched: object) -> tuple[int, ...]:
    """References to what every cycle touches, objects, threads."""
    gc.collect()
    kinds = (_native.Guard, _native.Held, _native.Lock, _native.Work, zk_recipes.Guard)
    alive = sum(isinstance(one, kinds) for one in gc.get_objects())
    objects = [*COMMON, _types.Stat, _types.Node, _errors.LockLost, _native, *watched]
    return (*(sys.getrefcount(one) for one in objects), alive, threading.active_count(), os_threads())


# Everybody uses them, so their counts go up and down by thousands; but not by one for each cycle.
COMMON = (None, True, False)


def grown(before: tuple[int, ...], after: tuple[int, ...], cycles: int) -> bool:
    """Whether something has grown with the cycles."""
    growth = [new - old for old, new in zip(before, after, strict=True)]
    few = len(COMMON)
    return any(by > cycles // 2 for by in growth[:few]) or any(by > 10 for by in growth[few:])


async def test_ten_thousand_cycles_leave_references_tasks_and_threads_where_they_were(
    zk_server: Server,
) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        locks = [zk.lock(f"/locks/{i}") for i in range(AT_ONCE)]

        async def cycles(lock: zk_recipes.Lock, count: int) -> None:
            for _ in range(count // 2):
                guard = await lock.acquire(timeout=30)
                assert await guard.release()
                async with lock.hold(timeout=30) as held:
                    assert held.is_held

        async def all_of(count: int) -> None:
            each = count // AT_ONCE
            await asyncio.gather(*(cycles(lock, each) for lock in locks))

        watched = (zk, zk._native, locks[0], locks[0]._native, current(), current()._native)
        await all_of(400)
        before, tasks = counts(*watched), len(asyncio.all_tasks())
        created = zk_server.count("create")
        await all_of(CYCLES)
        assert zk_server.count("create") - created >= CYCLES
        assert len(asyncio.all_tasks()) == tasks
        # What a cancelled future leaves is collected with the loop's next turn.
        await asyncio.sleep(0)
        after = counts(*watched)
        assert not grown(before, after, CYCLES), f"{before} -> {after}"
        assert before[-2:] == after[-2:], "threads"
        assert len(current()) == 0 and len(current()._native) == 0
        assert zk_server.watch_count() == 0 and len(zk_server.paths()) == AT_ONCE + 1


def test_blocking_cycles_leave_references_and_threads_where_they_were(
    zk_server: Server, zk_client: sync.Client
) -> None:
    lock = zk_client.lock("/locks/x")
    for _ in range(10):
        lock.acquire().release()
    before = counts(zk_client, lock, lock._native)
    for _ in range(500):
        with lock.hold() as held:
            assert held.is_held
        lock.acquire().release()
    after = counts(zk_client, lock, lock._native)
    assert not grown(before, after, 1000), f"{before} -> {after}"
    assert before[-2:] == after[-2:], "threads"


def test_an_event_loop_takes_its_inbox_with_it_whatever_was_under_way(zk_server: Server) -> None:
    async def use() -> None:
        async with zk_recipes.connect(zk_server.connect_string) as zk:
            await zk.exists("/a")

    def inboxes() -> int:
        gc.collect()
        return sum(type(one).__name__ == "Inbox" for one in gc.get_objects())

    async def leave_something_under_way() -> None:
        loop, zk = asyncio.get_running_loop(), await zk_recipes.connect(zk_server.connect_string)
        guard = await zk.lock("/locks/x").acquire()
        current().start(guard._native.until_lost(None), lambda *_: loop.time())

    asyncio.run(use())
    before = inboxes()
    for _ in range(20):
        asyncio.run(leave_something_under_way())
        asyncio.run(use())
    assert inboxes() <= before
    zk_server.until(lambda: zk_server.connection_count() == 0)


async def test_failures_leave_no_references(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        async def fail() -> None:
            try:
                await zk.get("/missing")
            except zk_recipes.NoNodeError:
                pass

        def errors() -> int:
            return sum(isinstance(one, zk_recipes.ZkError) for one in gc.get_objects())

        gc.disable()
        try:
            await fail()
            before = errors()
            for _ in range(100):
                await fail()
            # Not even until the next collection: no cycle keeps them.
            await until(lambda: errors() <= before)
        finally:
            gc.enable()
