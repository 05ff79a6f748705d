"""The end of a process, and Ctrl-C."""

from __future__ import annotations

import signal

import pytest
from kit import finish, passes, says, start
from zk_recipes import sync
from zk_recipes.testing import Server

PRELUDE = """
import asyncio, signal, sys, threading, time
import zk_recipes
from zk_recipes import sync
# What starts the tests in the background may have it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
hosts = sys.argv[1]
"""

ENDS = {
    "a client that is open": """
zk = sync.connect(hosts)
guard = zk.lock("/locks/x").acquire()
""",
    "a client in a reference cycle": """
zk = sync.connect(hosts)
cycle = [zk.lock("/locks/x").acquire()]
cycle.append(cycle)
del zk
""",
    "a client of a loop that is over": """
async def main():
    global zk, guard
    zk = await zk_recipes.connect(hosts)
    guard = await zk.lock("/locks/x").acquire()
asyncio.run(main())
""",
    "daemon threads that wait for a lock": """
zk = sync.connect(hosts)
guard = zk.lock("/locks/x").acquire()
def wait():
    sync.connect(hosts).lock("/locks/x").acquire()
for _ in range(8):
    threading.Thread(target=wait, daemon=True).start()
while len(zk.lock("/locks/x").contenders()) < 9:
    pass
""",
    "a daemon thread that runs a loop": """
zk = sync.connect(hosts)
guard = zk.lock("/locks/x").acquire()
async def wait():
    async with zk_recipes.connect(hosts) as mine:
        async with mine.lock("/locks/x").hold():
            pass
threading.Thread(target=asyncio.run, args=[wait()], daemon=True).start()
while len(zk.lock("/locks/x").contenders()) < 2:
    pass
""",
    "a server for tests that runs": """
from zk_recipes import sync
from zk_recipes.testing import Server
server = Server()
zk = sync.connect(server.connect_string)
""",
    "an exit in the middle of a hold": """
zk = sync.connect(hosts)
with zk.lock("/locks/x").hold():
    sys.exit(0)
""",
}


@pytest.mark.parametrize("what", ENDS)
def test_the_interpreter_ends_cleanly_with(what: str, zk_server: Server) -> None:
    passes(PRELUDE + ENDS[what], zk_server.connect_string)
    # It said goodbye: nothing has to expire, which would take ten seconds.
    zk_server.until(lambda: zk_server.paths("/locks/x") == [], timeout=2)
    zk_server.until(lambda: zk_server.sessions() == [], timeout=2)


def test_an_exit_without_a_server_does_not_wait_for_long(zk_server: Server) -> None:
    process = start(PRELUDE + "zk = sync.connect(hosts)\nprint('open')\ninput()", zk_server.connect_string)
    says(process, "open")
    with zk_server.refuse_connections():
        zk_server.cut()
        code, _, err = finish(process)
    assert code == 1 and "EOFError" in err


INTERRUPTED = PRELUDE + """
zk = sync.connect(hosts)
try:
    print("waiting", flush=True)
    {call}
except KeyboardInterrupt:
    assert zk.lock("/locks/x").contenders()[1:] == []
    zk.close()
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize(
    "call",
    [
        "zk.lock('/locks/x').acquire()",
        "with zk.lock('/locks/x').hold(): pass",
        "zk.lock('/locks/x').acquire(timeout=1000)",
    ],
)
def test_ctrl_c_ends_a_wait_for_a_lock_and_leaves_no_contender(
    call: str, zk_server: Server
) -> None:
    with sync.connect(zk_server.connect_string) as zk, zk.lock("/locks/x").hold() as held:
        process = start(INTERRUPTED.format(call=call), zk_server.connect_string)
        says(process, "waiting")
        zk_server.until(lambda: len(zk_server.paths("/locks/x")) == 2)
        process.send_signal(signal.SIGINT)
        says(process, "interrupted")
        assert finish(process)[0] == 0
        assert zk_server.paths("/locks/x") == [held.node]


def test_ctrl_c_ends_a_hold_under_asyncio(zk_server: Server) -> None:
    program = PRELUDE + """
async def main():
    async with zk_recipes.connect(hosts) as zk:
        async with zk.lock("/locks/x").hold():
            print("held", flush=True)
            await asyncio.sleep(30)
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    process = start(program, zk_server.connect_string)
    says(process, "held")
    process.send_signal(signal.SIGINT)
    says(process, "interrupted")
    assert finish(process) == (0, "", "")
    assert zk_server.paths("/locks/x") == [] and zk_server.sessions() == []
