"""How often the event loop is woken, and what a burst costs."""

from __future__ import annotations

import asyncio

import pytest
import zk_recipes
from zk_recipes._inbox import Inbox, current
from zk_recipes.testing import Server

REPLIES = 10_000
FEWER_THAN = 500


async def test_ten_thousand_pipelined_replies_wake_the_loop_fewer_than_500_times(
    zk_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken = 0
    drain = Inbox._drain

    def counted(inbox: Inbox) -> None:
        nonlocal woken
        woken += 1
        drain(inbox)

    # The loop calls this for each wake-up; the inbox's own count has to agree.
    monkeypatch.setattr(Inbox, "_drain", counted)
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        await zk.create("/a", b"x")
        before, own = woken, current().wake_ups
        found = await asyncio.gather(*(zk.get("/a") for _ in range(REPLIES)))
        wake_ups = woken - before
        assert len(found) == REPLIES and all(node.data == b"x" for node in found)
        # Most of them travelled together.
        assert zk_server.count("get") + zk_server.count("multiRead") < REPLIES / 2
        assert 0 < wake_ups < FEWER_THAN
        assert current().wake_ups - own == wake_ups


@pytest.mark.parametrize("kind", ["reads", "writes"])
async def test_so_do_ten_thousand_replies_with_256_requests_under_way(
    kind: str, zk_server: Server
) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        await zk.create("/a", b"x")
        left = REPLIES

        async def ask() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                await (zk.get("/a") if kind == "reads" else zk.set("/a", b"y"))

        before = current().wake_ups
        await asyncio.gather(*(ask() for _ in range(256)))
        assert 0 < current().wake_ups - before < FEWER_THAN
        if kind == "writes":
            assert zk_server.count("set") == REPLIES


async def test_an_idle_client_does_not_wake_the_loop(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string, session_timeout=1) as zk:
        before, pings = current().wake_ups, zk_server.count("ping")
        while zk_server.count("ping") < pings + 2:
            await asyncio.sleep(0.01)
        assert current().wake_ups == before
        assert zk.state == "connected"
