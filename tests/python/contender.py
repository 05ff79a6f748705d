"""Contenders of one lock that keep a ledger, on the zk_recipes package. tests/README.md has the protocol."""

import asyncio
import json
import os
import sys
import threading
import time

import zk_recipes

LOCK = os.environ["ZK_LOCK"]
BASE = os.environ["ZK_BASE"]
COUNTER = f"{BASE}/counter"
# A package that knows no layouts is only asked for the one that it has.
LAYOUT = os.environ["ZK_LAYOUT"]
OPTIONS = {} if LAYOUT == "curator" else {"layout": LAYOUT}


def say(**line):
    print(json.dumps(line), flush=True)


def now():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def safe_until(held):
    """Until when the hold is known to be safe, or None."""
    asked = now()
    left = held.safe_for
    return None if left is None else asked + int(left * 1e9)


async def outcome(call):
    """Makes a call once, and says how it ended and why."""
    try:
        await call
    except zk_recipes.ZkError as error:
        return {"outcome": error.fate, "why": str(error)}
    return {"outcome": "done", "why": None}


async def calls(zk, held, own):
    """The calls of one hold. Returns until when it was last known to be safe."""
    try:
        data, stat = await zk.get(COUNTER)
    except zk_recipes.ZkError as error:
        print(f"{own}: read: {error}", file=sys.stderr)
        return None
    saw = data.decode()
    n = int(saw.split(" ")[0]) + 1
    safe = safe_until(held)
    added = await outcome(zk.set(COUNTER, f"{n} {own}".encode(), fenced_by=held))
    seen = {"saw": saw, "saw_zxid": stat.mzxid, "n": n}
    say(event="call", op="add", id=own, token=held.token, **seen, **added)
    safe = safe_until(held) or safe
    token = str(held.token).encode()
    marked = await outcome(zk.create(f"{BASE}/marks/{own}", token, fenced_by=held))
    say(event="call", op="mark", id=own, token=held.token, **marked)
    return safe_until(held) or safe


async def hold(zk, lock, who, own):
    guard = await lock.acquire()
    granted = now()
    safe = await calls(zk, guard, own)
    lost = guard.why
    try:
        end = "released" if await guard.release() else "unknown"
    except zk_recipes.ZkError as error:
        print(f"{own}: release: {error}", file=sys.stderr)
        end = "unknown"
    if lost:
        end = "deleted" if "deleted" in lost else "lost"
    say(
        event="hold", who=who, token=guard.token, granted=granted, safe_until=safe,
        end=end,
    )  # fmt: skip


async def contend(zk, who, ended):
    lock = zk.lock(LOCK, contender=who, **OPTIONS)
    count = 0
    while not ended.is_set():
        try:
            await hold(zk, lock, who, f"{who}-{count}")
        except zk_recipes.ZkError as error:
            print(f"{who}: {error}", file=sys.stderr)
            await asyncio.sleep(0.05)
        count += 1
    await zk.close()


async def main():
    session = int(os.environ["ZK_SESSION_MS"]) / 1000
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    clients = [
        await zk_recipes.connect(os.environ["ZK_CONNECT"], session_timeout=session)
        for _ in range(int(os.environ["ZK_CONTENDERS"]))
    ]
    say(event="ready")

    def wait_for_the_end():
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    name = os.environ["ZK_NAME"]
    async with asyncio.TaskGroup() as group:
        for number, zk in enumerate(clients):
            group.create_task(contend(zk, f"{name}-{number}", ended))
    say(event="end")


asyncio.run(main())
