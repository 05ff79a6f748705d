"""The lock, held and let go."""

from __future__ import annotations

import asyncio
import gc

import pytest
import zk_recipes
from kit import until
from zk_recipes import Acl, sync
from zk_recipes.testing import Server

PATH = "/locks/billing"


async def test_a_hold_has_a_token_and_leaves_nothing_behind(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        async with zk.lock(PATH, contender="host-7").hold(timeout=5) as held:
            assert zk_server.paths(PATH) == [held.node]
            assert zk_server.data(held.node) == b"host-7"
            stat = await zk.exists(held.node)
            assert stat is not None and held.token == stat.czxid
            assert held.path == PATH and held.is_held and not held.lost and held.why is None
            assert repr(held) == f"<zk_recipes._lock.Held {PATH} token {held.token}>"
        assert zk_server.paths(PATH) == [] and zk_server.watch_count() == 0
        assert not held.is_held and not held.is_safe and not held.lost


async def test_every_holder_has_a_greater_token_than_the_one_before(zk_server: Server) -> None:
    hosts, tokens = zk_server.connect_string, []

    async def contend() -> None:
        async with zk_recipes.connect(hosts) as zk:
            for _ in range(5):
                async with zk.lock(PATH).hold() as held:
                    tokens.append(held.token)

    await asyncio.gather(*(contend() for _ in range(6)))
    assert len(tokens) == 30 and tokens == sorted(set(tokens))


async def test_the_hold_becomes_safe_and_says_for_how_long(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string, session_timeout=1) as zk:
        async with zk.lock(PATH).hold() as held:
            await until(lambda: held.is_safe)
            assert held.safe_for is not None and 0 < held.safe_for <= 1
            assert not held.in_doubt


async def test_acquiring_gives_up_at_the_timeout_and_leaves_no_contender(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        async with zk.lock(PATH).hold() as held:
            with pytest.raises(zk_recipes.AcquireTimeout, match="others are ahead") as caught:
                await zk.lock(PATH).acquire(timeout=0.05)
            assert isinstance(caught.value, TimeoutError) and caught.value.path == PATH
            with pytest.raises(TimeoutError):
                async with zk.lock(PATH).hold(timeout=0.05):
                    raise AssertionError("two holders")
            await until(lambda: zk_server.paths(PATH) == [held.node])


async def test_trying_does_not_wait(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        guard = await zk.lock(PATH).try_acquire()
        assert guard is not None and guard.is_held
        assert await zk.lock(PATH).try_acquire() is None
        assert await guard.release() is True
        await until(lambda: zk_server.paths(PATH) == [])


async def test_contenders_are_listed_in_the_order_in_which_they_came(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        assert await zk.lock(PATH).contenders() == []
        async with zk.lock(PATH, contender="first").hold() as held:
            waiter = asyncio.create_task(zk.lock(PATH, contender="second").acquire())
            await until(lambda: len(zk_server.paths(PATH)) == 2)
            one, two = await zk.lock(PATH).contenders()
            assert (one.text, one.holds, one.token) == ("first", True, held.token)
            assert (two.text, two.holds, two.session) == ("second", False, zk.session_id)
            assert one.family == "mutex" and one.since <= two.since
        assert await (await waiter).release()


async def test_a_guard_can_be_used_with_async_with_or_released_by_hand_once(
    zk_server: Server,
) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        async with await zk.lock(PATH).acquire() as guard:
            await zk.create("/a", fenced_by=guard)
            await zk.delete("/a", fenced_by=guard.held)
        assert zk_server.paths(PATH) == []
        with pytest.raises(zk_recipes.UsageError, match="released already"):
            await guard.release()
        async with await zk.lock(PATH).acquire() as guard:
            assert await guard.release()


async def test_a_guard_that_is_dropped_is_released_in_the_background(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        guard = await zk.lock(PATH).acquire()
        view = guard.held
        del guard
        gc.collect()
        await until(lambda: zk_server.paths(PATH) == [])
        assert not view.is_held


async def test_a_hold_is_for_one_use(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        hold = zk.lock(PATH).hold()
        async with hold:
            pass
        with pytest.raises(zk_recipes.UsageError, match="once for each"):
            async with hold:
                raise AssertionError("entered twice")
        with pytest.raises(zk_recipes.UsageError, match="on_doubt"):
            zk.lock(PATH).hold(on_doubt="panic")  # type: ignore[arg-type]


async def test_an_exception_in_the_body_passes_and_releases_the_lock(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        with pytest.raises(KeyError, match="mine"):
            async with zk.lock(PATH).hold():
                raise KeyError("mine")
        assert zk_server.paths(PATH) == []


async def test_contenders_of_kazoo_are_refused_by_name(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        await zk.create(f"{PATH}/0123456789abcdef0123456789abcdef__lock__0000000000", parents=True)
        with pytest.raises(zk_recipes.MixedContendersError, match="another kind of lock"):
            await zk.lock(PATH).acquire()


async def test_the_acl_of_a_lock_is_that_of_its_contenders(zk_server: Server) -> None:
    hosts = zk_server.connect_string
    async with zk_recipes.connect(hosts, auth=[("digest", "bob:secret")]) as bob:
        async with bob.lock(PATH, acl=[Acl.creator_all()]).hold() as held:
            async with zk_recipes.connect(hosts) as eve:
                with pytest.raises(zk_recipes.NoAuthError):
                    await eve.get(held.node)


async def test_a_path_that_cannot_be_a_lock_is_refused_at_once(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        with pytest.raises(zk_recipes.InvalidPathError, match="did you mean /locks"):
            zk.lock("locks")


def test_the_blocking_lock_does_the_same(zk_server: Server, zk_client: sync.Client) -> None:
    lock = zk_client.lock(PATH, contender="host-7")
    with lock.hold(timeout=5) as held:
        assert zk_server.data(held.node) == b"host-7"
        assert lock.try_acquire() is None
        with pytest.raises(zk_recipes.AcquireTimeout):
            lock.acquire(timeout=0.05)
        assert lock.contenders()[0].token == held.token
        zk_client.create("/a", fenced_by=held)
    zk_server.until(lambda: zk_server.paths(PATH) == [])
    with lock.acquire() as guard:
        assert guard.token > held.token
    assert zk_server.paths(PATH) == []
    with pytest.raises(KeyError):
        with lock.hold():
            raise KeyError
    assert zk_server.paths(PATH) == []

async def test_a_lock_with_kazoos_layout_is_kazoos_and_refuses_curators(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        lock = zk.lock(PATH, layout="kazoo")
        async with lock.hold() as held:
            assert "__lock__" in held.node
            (one,) = await lock.contenders()
            assert (one.family, one.holds) == ("kazoo", True)
            with pytest.raises(zk_recipes.MixedContendersError):
                await zk.lock(PATH).acquire(timeout=5)
        with pytest.raises(zk_recipes.ConfigError, match='"curator" or "kazoo", not "etcd"'):
            zk.lock(PATH, layout="etcd")  # type: ignore[arg-type]
