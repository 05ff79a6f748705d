"""The lock, lost or in doubt."""

from __future__ import annotations

import asyncio
import time

import pytest
import zk_recipes
from kit import until
from zk_recipes import sync
from zk_recipes.testing import Server

PATH = "/locks/billing"


async def test_a_loss_cancels_the_body_and_names_token_and_cause(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        with pytest.raises(zk_recipes.LockLost) as caught:
            async with zk.lock(PATH).hold() as held:
                # Cut off first, or the last news of the session is that its node is deleted.
                with zk_server.refuse_connections():
                    zk_server.cut()
                    zk_server.expire(zk.session_id)
                await asyncio.sleep(30)
        lost = caught.value
        assert (lost.token, lost.path, lost.why) == (held.token, PATH, held.why)
        assert lost.why is not None and "session" in lost.why and str(lost).endswith(lost.why)
        assert isinstance(lost.__cause__, asyncio.CancelledError)
        assert held.lost and not held.is_held and not held.is_safe
        task = asyncio.current_task()
        assert task is not None and task.cancelling() == 0
        await asyncio.sleep(0)


async def test_a_deleted_node_is_a_loss_of_another_cause(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        with pytest.raises(zk_recipes.LockLost, match="node was deleted"):
            async with zk.lock(PATH).hold() as held:
                await zk.delete(held.node)
                await asyncio.sleep(30)


async def test_doubt_cancels_the_body_and_leaves_no_contender(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string, session_timeout=4) as zk:
        with pytest.raises(zk_recipes.LockDoubt, match="not certain") as caught:
            async with zk.lock(PATH).hold() as held:
                with zk_server.hold_commits():
                    await asyncio.sleep(30)
        assert caught.value.token == held.token and caught.value.why
        assert caught.value.fate == "unknown"
        await until(lambda: zk_server.paths(PATH) == [])


async def test_work_that_goes_on_in_doubt_is_done_if_the_lock_was_held_to_the_end(
    zk_server: Server,
) -> None:
    async with zk_recipes.connect(zk_server.connect_string, session_timeout=4) as zk:
        async with zk.lock(PATH).hold(on_doubt="continue") as held:
            with zk_server.hold_commits():
                await until(lambda: held.in_doubt)
                assert held.is_held and not held.is_safe
        assert not held.lost and zk_server.paths(PATH) == []


async def test_a_cancellation_from_outside_stays_one(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        inside = asyncio.Event()

        async def work() -> None:
            async with zk.lock(PATH).hold():
                inside.set()
                await asyncio.sleep(30)

        task = asyncio.create_task(work())
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert zk_server.paths(PATH) == []


async def test_a_loss_does_not_hide_a_cancellation_from_outside(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        seen = None

        async def work() -> None:
            nonlocal seen
            async with zk.lock(PATH).hold() as held:
                zk_server.expire(zk.session_id)
                # Blocks the loop until the loss is known, so that both come before the body runs again.
                while not held.lost:
                    time.sleep(0.001)
                seen = held
                asyncio.get_running_loop().call_soon(task.cancel)
                await asyncio.sleep(30)

        task = asyncio.create_task(work())
        with pytest.raises(asyncio.CancelledError):
            await task
        assert seen is not None and seen.lost


async def test_a_loss_that_comes_with_a_timeout_lets_the_timeout_be_told(
    zk_server: Server,
) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        with pytest.raises(zk_recipes.LockLost):
            async with asyncio.timeout(30):
                async with zk.lock(PATH).hold():
                    zk_server.expire(zk.session_id)
                    await asyncio.sleep(30)
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.05):
                async with zk.lock(PATH).hold():
                    await asyncio.sleep(30)
        assert not isinstance(caught.value, zk_recipes.ZkError)
        assert zk_server.paths(PATH) == []


async def test_two_holds_that_are_lost_together_are_told_by_the_outer_one(
    zk_server: Server,
) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        with pytest.raises(zk_recipes.LockLost) as caught:
            async with zk.lock("/locks/outer").hold() as outer:
                async with zk.lock("/locks/inner").hold() as inner:
                    zk_server.expire(zk.session_id)
                    # Blocks the loop, so that it hears of both at once.
                    while not (outer.lost and inner.lost):
                        time.sleep(0.001)
                    await asyncio.sleep(30)
        assert caught.value.path == "/locks/outer"
        await asyncio.sleep(0)


async def test_a_body_that_ends_before_it_is_cancelled_learns_of_the_loss_and_nobody_else(
    zk_server: Server,
) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        with pytest.raises(zk_recipes.LockLost):
            async with zk.lock(PATH).hold() as held:
                zk_server.expire(zk.session_id)
                while not held.lost:
                    time.sleep(0.001)
        # No late cancellation hits what comes after.
        await asyncio.sleep(0.01)
        with pytest.raises(zk_recipes.LockLost):
            async with zk.lock(PATH).hold() as held:
                zk_server.expire(zk.session_id)
                try:
                    await asyncio.sleep(30)
                except asyncio.CancelledError:
                    pass
        await asyncio.sleep(0.01)
        task = asyncio.current_task()
        assert task is not None and task.cancelling() == 0


async def test_a_body_that_fails_while_the_lock_is_lost_has_a_note_of_it(
    zk_server: Server,
) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        with pytest.raises(KeyError) as caught:
            async with zk.lock(PATH).hold() as held:
                zk_server.expire(zk.session_id)
                try:
                    await asyncio.sleep(30)
                finally:
                    raise KeyError("mine")
        assert caught.value.__notes__ == [f"meanwhile: {held._native.loss()}"]


async def test_waiting_for_the_loss_returns_it(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        guard = await zk.lock(PATH).acquire()
        assert await guard.wait_lost(timeout=0.01) is None
        waiting = asyncio.create_task(guard.held.wait_lost())
        await asyncio.sleep(0)
        zk_server.expire(zk.session_id)
        lost = await waiting
        assert isinstance(lost, zk_recipes.LockLost) and lost.token == guard.token
        assert await guard.release() is False


async def test_a_fenced_write_after_the_loss_is_refused_and_names_it(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        await zk.create("/result")
        guard = await zk.lock(PATH).acquire()
        await zk.set("/result", b"1", fenced_by=guard)
        # Not known yet: the server refuses. Known: nothing is sent.
        async with zk_recipes.connect(zk_server.connect_string) as other:
            await other.delete(guard.node)
        for _ in range(2):
            with pytest.raises(zk_recipes.LockLost) as caught:
                await zk.set("/result", b"2", fenced_by=guard)
            assert (caught.value.token, caught.value.fate) == (guard.token, "not_applied")
            assert caught.value.why and caught.value.path == "/result"
            await until(lambda: guard.lost)
        with pytest.raises(zk_recipes.LockLost):
            await zk.delete("/result", fenced_by=guard)
        with pytest.raises(zk_recipes.LockLost):
            await zk.create("/result/2", fenced_by=guard)
        with pytest.raises(zk_recipes.UsageError, match="parents"):
            await zk.create("/result/2", parents=True, fenced_by=guard)
        assert zk_server.data("/result") == b"1"


def test_the_blocking_hold_shows_the_loss_and_ends_with_it(
    zk_server: Server, zk_client: sync.Client
) -> None:
    with pytest.raises(zk_recipes.LockLost) as caught:
        with zk_client.lock(PATH).hold() as held:
            assert held.wait_lost(timeout=0.01) is None
            zk_server.expire(zk_client.session_id)
            lost = held.wait_lost(timeout=10)
            assert lost is not None and held.lost and not held.is_safe
            with pytest.raises(zk_recipes.LockLost):
                zk_client.create("/a", fenced_by=held)
    assert caught.value.why == held.why == lost.why
    assert zk_server.paths("/a") == [] and zk_server.paths(PATH) == []


def test_a_blocking_hold_that_nobody_can_confirm_ends_in_doubt(zk_server: Server) -> None:
    hosts = zk_server.connect_string
    with sync.connect(hosts, session_timeout=4, request_timeout=0.1) as zk:
        with pytest.raises(zk_recipes.LockDoubt):
            with zk.lock(PATH).hold() as held:
                commits = zk_server.hold_commits()
                commits.__enter__()
                zk_server.until(lambda: held.in_doubt)
        commits.__exit__(None, None, None)
        zk_server.until(lambda: zk_server.paths(PATH) == [])
