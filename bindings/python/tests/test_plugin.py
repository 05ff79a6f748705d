"""The fixtures, as another project's tests see them, and the server's hooks."""

from __future__ import annotations

import asyncio
import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest
import zk_recipes
from kit import until
from zk_recipes import sync
from zk_recipes.testing import Server

PROJECT = '''
import asyncio
import zk_recipes

seen = []

def test_server(zk_server):
    async def main():
        async with zk_recipes.connect(zk_server.connect_string) as zk:
            await zk.create("/a")
    asyncio.run(main())
    seen.append(zk_server.connect_string)
    assert zk_server.paths() == ["/a"]

def test_client(zk_server, zk_client):
    assert zk_client.children("/") == ["zookeeper"]
    zk_server.cut()
    assert zk_client.exists("/a") is None
    assert seen and seen[0] != zk_server.connect_string
'''


def test_installed_fixtures_work_in_a_project_that_does_nothing_for_them(tmp_path: Path) -> None:
    (tmp_path / "test_project.py").write_text(PROJECT)
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_fixtures_are_registered_by_an_entry_point_that_loads_nothing_else() -> None:
    found = importlib.metadata.entry_points(group="pytest11", name="zk_recipes")
    assert [one.value for one in found] == ["zk_recipes.testing.plugin"]


def test_each_server_starts_empty_on_a_port_of_its_own_and_stops(zk_server: Server) -> None:
    with Server() as other:
        assert other.connect_string != zk_server.connect_string
        host, _, port = other.connect_string.partition(":")
        assert host == "127.0.0.1" and other.paths() == []
    # The port is free again.
    Server(port=int(port)).stop()
    with pytest.raises(zk_recipes.ConfigError, match="cannot start"):
        Server(port=int(zk_server.connect_string.partition(":")[2]))


def test_a_cut_is_survived_by_the_session(zk_server: Server, zk_client: sync.Client) -> None:
    session = zk_client.session_id
    with zk_server.refuse_connections():
        assert zk_server.cut(session) and not zk_server.cut(session)
    assert zk_client.exists("/a") is None and zk_client.session_id == session


def test_an_expired_session_is_followed_by_a_new_one(
    zk_server: Server, zk_client: sync.Client
) -> None:
    assert zk_server.expire() and not zk_server.expire(1)
    zk_server.until(lambda: zk_client.generation == 2 and zk_client.state == "connected")


def test_faults_hit_what_they_were_set_up_for(zk_server: Server, zk_client: sync.Client) -> None:
    fault = zk_server.cut_before("create", "/x", nth=2)
    zk_client.create("/x1")
    with pytest.raises(zk_recipes.ConnectionLost):
        zk_client.create("/x2")
    assert fault.fired == 1 and zk_server.paths() == ["/x1"]
    gone = zk_server.throttle("set", times=5)
    gone.remove()
    zk_client.set("/x1", b"1")
    zk_server.throttle("set", session=zk_client.session_id)
    zk_server.clear()
    zk_client.set("/x1", b"2")
    assert zk_server.data("/x1") == b"2" and zk_server.data("/x2") is None
    with pytest.raises(zk_recipes.UsageError, match='no operation is called "fly"'):
        zk_server.cut_after("fly")


async def test_held_replies_and_commits_come_when_they_are_let_go(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        zk_server.hold_replies("create")
        held = asyncio.create_task(zk.create("/a"))
        await until(lambda: zk_server.paths() == ["/a"])
        assert not held.done()
        zk_server.release_replies()
        await held
        with zk_server.hold_commits():
            waiting = asyncio.create_task(zk.create("/b"))
            await until(lambda: zk_server.held_commits() == 1)
            assert zk_server.paths() == ["/a"]
        assert (await waiting).path == "/b"


def test_sessions_whose_touches_are_held_expire_by_themselves(zk_server: Server) -> None:
    with sync.connect(zk_server.connect_string, session_timeout=1) as zk:
        with zk_server.hold_touches():
            zk_server.until(lambda: zk.generation == 2)


def test_waiting_for_what_does_not_happen_is_a_timeout(zk_server: Server) -> None:
    with pytest.raises(TimeoutError, match="within 0.01 s"):
        zk_server.until(lambda: False, timeout=0.01)
