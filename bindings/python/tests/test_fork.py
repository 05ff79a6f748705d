"""Processes that fork."""

from __future__ import annotations

from kit import passes
from zk_recipes.testing import Server

PRELUDE = """
import gc, os, sys, warnings
import zk_recipes
from zk_recipes import sync

def fork():
    with warnings.catch_warnings():
        # From 3.12 on Python warns of what is tested here.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()

def join(child):
    _, status = os.waitpid(child, 0)  # -1: any
    assert os.waitstatus_to_exitcode(status) == 0, status

def refused(call):
    try:
        call()
    except zk_recipes.ForkedError as error:
        assert "fork" in str(error) and "connect again" in str(error), error
    else:
        raise AssertionError("it was not refused")
"""

USED_IN_THE_CHILD = PRELUDE + """
hosts = sys.argv[1]
zk = sync.connect(hosts)
zk.create("/a", b"1")
lock = zk.lock("/locks/x")
guard = lock.acquire()
held = guard.held
session = zk.session_id
if fork() == 0:
    for call in [
        lambda: zk.get("/a"), lambda: zk.set("/a", b"2"), lambda: zk.close(), lambda: zk.state,
        lambda: lock.acquire(), lambda: lock.try_acquire(), lambda: guard.release(),
        lambda: held.is_held, lambda: held.is_safe, lambda: held.wait_lost(1),
    ]:
        refused(call)
    assert held.token == guard.token
    with sync.connect(hosts) as own:
        assert own.get("/a").data == b"1"
        assert own.lock("/locks/x").try_acquire() is None
    # An end with everything that an end does.
    del zk, lock, guard, held, own
    gc.collect()
    sys.exit(0)
join(-1)
assert zk.session_id == session and zk.generation == 1 and zk.state == "connected"
assert guard.is_held and not guard.lost
zk.set("/a", b"3", fenced_by=guard)
assert guard.release()
zk.close()
"""

ASYNC = PRELUDE + """
import asyncio

async def use(hosts, zk=None):
    async with zk_recipes.connect(hosts) as own:
        async with own.lock("/locks/y").hold() as held:
            assert held.is_held
    if zk is not None:
        try:
            await zk.get("/a")
        except zk_recipes.ForkedError:
            return
        raise AssertionError("it was not refused")

async def main(hosts):
    async with zk_recipes.connect(hosts) as zk:
        await zk.create("/a", b"1")
        async with zk.lock("/locks/x").hold() as held:
            under_way = asyncio.create_task(zk.lock("/locks/x").acquire())
            await asyncio.sleep(0.05)
            child = fork()
            if child == 0:
                asyncio.run(use(hosts, zk))
                os._exit(0)
            await asyncio.to_thread(join, child)
            assert (await zk.get("/a")).data == b"1" and held.is_held and not under_way.done()
        await (await under_way).release()

asyncio.run(main(sys.argv[1]))
"""

BEFORE_USE = PRELUDE + """
child = fork()
with sync.connect(sys.argv[1]) as zk:
    with zk.lock("/locks/x").hold(timeout=20) as held:
        zk.create("/made-", b"", sequential=True, fenced_by=held)
if child:
    join(child)
"""

MULTIPROCESSING = PRELUDE + """
import multiprocessing

def work(hosts):
    with sync.connect(hosts) as zk:
        zk.create("/made-", sequential=True)

if __name__ == "__main__":
    with sync.connect(sys.argv[1]) as zk, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        children = [
            multiprocessing.get_context("fork").Process(target=work, args=sys.argv[1:]) for _ in range(4)
        ]
        for child in children:
            child.start()
        for child in children:
            child.join()
        assert [child.exitcode for child in children] == [0] * 4
        assert zk.generation == 1 and len(zk.children("/")) == 5
"""


def test_t20_a_child_is_refused_what_its_parent_opened_and_its_end_harms_nothing(
    zk_server: Server,
) -> None:
    passes(USED_IN_THE_CHILD, zk_server.connect_string)
    assert zk_server.data("/a") == b"3"
    # The parent's and the child's own, both closed by their owner.
    assert zk_server.sessions() == [] and zk_server.count("connect") == 2


UNDER_LOAD = PRELUDE + """
import faulthandler, threading

zk = sync.connect(sys.argv[1])
zk.create("/a", b"1")
guard = zk.lock("/locks/x").acquire()
going = True

def load():
    while going:
        zk.get("/a")

threads = [threading.Thread(target=load) for _ in range(8)]
for thread in threads:
    thread.start()
for _ in range(40):
    child = fork()
    if child == 0:
        # Whatever another thread was doing when the child was made: nothing here waits for it.
        faulthandler.dump_traceback_later(20, exit=True)
        refused(lambda: zk.get("/a"))
        del zk, guard
        gc.collect()
        os._exit(0)
    join(child)
going = False
for thread in threads:
    thread.join()
assert guard.release()
zk.close()
"""


def test_children_of_a_busy_process_never_wait_for_a_thread_that_they_lack(
    zk_server: Server,
) -> None:
    passes(UNDER_LOAD, zk_server.connect_string)


def test_a_child_of_a_running_loop_can_run_its_own(zk_server: Server) -> None:
    passes(ASYNC, zk_server.connect_string)
    assert zk_server.sessions() == [] and zk_server.paths("/locks/x") == []


def test_a_child_that_forked_before_use_works_like_any_process(zk_server: Server) -> None:
    passes(BEFORE_USE, zk_server.connect_string)
    assert len([path for path in zk_server.paths() if path.startswith("/made-")]) == 2


def test_forked_workers_of_a_pool_have_their_own_clients(zk_server: Server) -> None:
    passes(MULTIPROCESSING, zk_server.connect_string)
    assert zk_server.sessions() == []
