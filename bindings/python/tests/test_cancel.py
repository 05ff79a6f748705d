"""Operations of a lock given up at each point at which they wait."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import zk_recipes
from kit import until
from zk_recipes import Client
from zk_recipes._inbox import Inbox, current
from zk_recipes.testing import Server

BELOW = "/locks"
MOST_POINTS = 60

Operation = Callable[[Client, "Rival"], Awaitable[object]]


class Rival:
    """Another contender, who may hold the lock first."""

    def __init__(self, zk: Client, path: str) -> None:
        self.zk = zk
        self.path = path
        self.guard: zk_recipes.Guard | None = None

    async def go(self) -> None:
        """Lets the lock go once somebody waits for it."""
        if self.guard is not None:
            guard, self.guard = self.guard, None
            await guard.release()


async def acquire_free(zk: Client, rival: Rival) -> object:
    return await zk.lock(rival.path).acquire()


async def acquire_in_time(zk: Client, rival: Rival) -> object:
    return await zk.lock(rival.path).acquire(timeout=30)


async def acquire_after_another(zk: Client, rival: Rival) -> object:
    rival.guard = await rival.zk.lock(rival.path).acquire()
    leaving = asyncio.create_task(leave_when_waited_for(rival))
    try:
        return await zk.lock(rival.path).acquire()
    finally:
        leaving.cancel()


async def leave_when_waited_for(rival: Rival) -> None:
    while len(await rival.zk.lock(rival.path).contenders()) < 2:
        pass
    await rival.go()


async def try_free(zk: Client, rival: Rival) -> object:
    return await zk.lock(rival.path).try_acquire()


async def try_taken(zk: Client, rival: Rival) -> object:
    rival.guard = await rival.zk.lock(rival.path).acquire()
    return await zk.lock(rival.path).try_acquire()


async def hold(zk: Client, rival: Rival) -> object:
    async with zk.lock(rival.path).hold(timeout=30) as held:
        await zk.exists(held.node)
    return None


async def release(zk: Client, rival: Rival) -> object:
    guard = await zk.lock(rival.path).acquire()
    return await guard.release()


async def guard_with(zk: Client, rival: Rival) -> object:
    async with await zk.lock(rival.path).acquire() as guard:
        await zk.exists(guard.node)
    return None


OPERATIONS = [
    acquire_free,
    acquire_in_time,
    acquire_after_another,
    try_free,
    try_taken,
    hold,
    release,
    guard_with,
]


class Steps:
    """Counts the loop's wake-ups for operations and calls a function at one of them."""

    def __init__(self, at: int, late: bool, then: Callable[[], object]) -> None:
        self.at, self.late, self.then = at, late, then
        self.count = 0

    def install(self, patch: pytest.MonkeyPatch) -> None:
        drain = Inbox._drain

        def counted(inbox: Inbox) -> None:
            self.count += 1
            due = self.count == self.at
            # Before what came is handed over, so that it comes together with the cancellation; or just after.
            if due and not self.late:
                self.then()
            drain(inbox)
            if due and self.late:
                self.then()

        patch.setattr(Inbox, "_drain", counted)


async def give_up(server: Server, operation: Operation, path: str, at: int, late: bool) -> bool:
    """Gives one operation up at the given step; returns whether it got that far."""
    hosts = server.connect_string
    async with zk_recipes.connect(hosts) as rivals, zk_recipes.connect(hosts) as zk:
        rival = Rival(rivals, path)
        task: asyncio.Task[Any] = asyncio.create_task(operation(zk, rival))  # type: ignore[arg-type]
        with pytest.MonkeyPatch.context() as patch:
            # The inbox of this loop was made before: have it call what counts.
            steps = Steps(at, late, task.cancel)
            steps.install(patch)
            loop, inbox = asyncio.get_running_loop(), current()
            loop.add_reader(inbox._native.fileno(), inbox._drain)
            if at == 0:
                if late:
                    await asyncio.sleep(0)
                task.cancel()
            await asyncio.wait([task])
        loop.add_reader(inbox._native.fileno(), inbox._drain)
        given_up = task.cancelled()
        if not given_up and isinstance(task.result(), zk_recipes.Guard):
            await task.result().release()
        del task
        await rival.go()
        # What was under way has reached the server by the time this is answered; until then there is nothing to see.
        await zk.exists("/")
        await until(lambda: server.paths(path) == [])
        await until(lambda: server.watch_count() == 0)
        assert len(inbox) == 0 and len(inbox._native) == 0
        # Nobody is in the way.
        guard = await zk.lock(path).try_acquire()
        assert guard is not None
        await guard.release()
    return given_up


@pytest.mark.parametrize("parents", ["there", "missing"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_given_up_wherever_it_waits_leaves_no_contender_and_no_watch(
    operation: Operation, parents: str, zk_server: Server
) -> None:
    async def every_point() -> int:
        cases = 0
        for late in (False, True):
            for at in range(MOST_POINTS):
                # A path that was locked before has its parents; another one needs more round trips.
                fresh = f"/{cases}" if parents == "missing" else ""
                path = f"{BELOW}{fresh}/billing"
                if not await give_up(zk_server, operation, path, at, late):
                    break
                cases += 1
            else:
                raise AssertionError("it never ends")
        return cases

    cases = asyncio.run(asyncio.wait_for(every_point(), 60))
    # Before it starts, when it has started, and with its answer in hand, at the least.
    assert cases >= 3, cases


def test_t9_an_answer_that_comes_together_with_the_cancellation_is_let_go(zk_server: Server) -> None:
    async def race() -> None:
        async with zk_recipes.connect(zk_server.connect_string) as zk:
            for _ in range(50):
                task = asyncio.create_task(zk.lock(BELOW).acquire())
                await asyncio.sleep(0)
                # The answer is there, and the loop has not looked yet.
                await until_readable(current())
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            await zk.exists("/")
            await until(lambda: zk_server.paths(BELOW) == [])

    async def until_readable(inbox: Inbox) -> None:
        select.select([inbox._native.fileno()], [], [], 10)

    asyncio.run(asyncio.wait_for(race(), 60))


async def test_a_connect_that_is_given_up_leaves_no_session(zk_server: Server) -> None:
    fault = zk_server.delay(0.2, "connect")
    task = asyncio.ensure_future(zk_recipes.connect(zk_server.connect_string)._connected())
    await until(lambda: fault.fired == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: zk_server.sessions() == [] and zk_server.connection_count() == 0)
