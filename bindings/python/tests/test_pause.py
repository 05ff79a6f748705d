"""A holder that is stopped for longer than its session lasts."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest
from kit import finish, says, start, tell
from zk_recipes import sync
from zk_recipes.testing import Server

PRELUDE = """
import asyncio, sys
import zk_recipes
from zk_recipes import sync
hosts, fenced = sys.argv[1], sys.argv[2] == "fenced"

# What a programmer writes who has heard of broken connections: again, until it is done.
AGAIN = (zk_recipes.ConnectionLost, zk_recipes.SessionExpired, zk_recipes.RequestTimeout)
"""

BLOCKING = PRELUDE + """
def write(zk, held):
    while True:
        try:
            return zk.set("/result", b"stale", fenced_by=held if fenced else None)
        except AGAIN:
            pass

with sync.connect(hosts, session_timeout=1) as zk:
    try:
        with zk.lock("/locks/x").hold() as held:
            zk.set("/result", b"first", fenced_by=held)
            print("holding", flush=True)
            input()  # stopped here
            safe = held.is_safe
            try:
                write(zk, held)
            except zk_recipes.LockLost as refused:
                print("refused", refused.token == held.token, bool(refused.why))
            else:
                print("written")
            print("safe", safe)
            print("lost", held.wait_lost(timeout=10) is not None, held.lost, held.is_safe)
    except zk_recipes.LockLost as lost:
        print("told", lost.why == held.why)
"""

ASYNCIO = PRELUDE + """
async def write(zk, held):
    while True:
        try:
            return await zk.set("/result", b"stale", fenced_by=held if fenced else None)
        except AGAIN:
            pass

async def main():
    async with zk_recipes.connect(hosts, session_timeout=1) as zk:
        try:
            async with zk.lock("/locks/x").hold() as held:
                await zk.set("/result", b"first", fenced_by=held)
                print("holding", flush=True)
                input()  # stopped here
                safe = held.is_safe
                # Shielded: work that had left the task before it could be cancelled.
                writing = asyncio.ensure_future(write(zk, held))
                try:
                    await asyncio.sleep(30)
                finally:
                    try:
                        await writing
                    except zk_recipes.LockLost as refused:
                        print("refused", refused.token == held.token, bool(refused.why))
                    else:
                        print("written")
                    print("safe", safe)
        except zk_recipes.HoldError as error:
            lost = await held.wait_lost(timeout=10)
            print("lost", lost is not None, held.lost, held.is_safe)
            print("told", True)

# It stands still on purpose, which debug mode would tell.
asyncio.run(main(), debug=False)
"""

FACES = {"blocking": BLOCKING, "asyncio": ASYNCIO}


def pause(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGSTOP)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)


def stale_writer(server: Server, face: str, fence: str) -> list[str]:
    """Stops a holder past its session, lets another one write, and has the first one go on; what it says."""
    with sync.connect(server.connect_string) as zk:
        zk.create("/result")
        process = start(FACES[face], server.connect_string, fence)
        says(process, "holding")
        first = zk.lock("/locks/x").contenders()[0]
        pause(process)
        # Its time has to come by itself: nobody expires it.
        with zk.lock("/locks/x").hold(timeout=20) as held:
            assert held.token > first.token
            zk.set("/result", b"next", fenced_by=held)
            tell(process, "go on")
            process.send_signal(signal.SIGCONT)
            code, out, err = finish(process)
            assert (code, err) == (0, "")
        return out.splitlines()


@pytest.mark.parametrize("face", FACES)
def test_a_holder_stopped_past_its_session_is_refused_before_it_writes_and_told(
    face: str, zk_server: Server
) -> None:
    said = stale_writer(zk_server, face, "fenced")
    assert said == ["refused True True", "safe False", "lost True True False", "told True"]
    assert zk_server.data("/result") == b"next"


@pytest.mark.parametrize("face", FACES)
def test_without_a_fence_the_same_holder_overwrites_its_successor(
    face: str, zk_server: Server
) -> None:
    said = stale_writer(zk_server, face, "unfenced")
    # It is told just the same, too late.
    assert said == ["written", "safe False", "lost True True False", "told True"]
    assert zk_server.data("/result") == b"stale"
