"""Reading and writing nodes, through both faces."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import zk_recipes
from zk_recipes import Acl, sync
from zk_recipes.testing import Server


async def test_nodes_are_created_read_written_listed_and_deleted(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        made = await zk.create("/a", b"one")
        assert made.path == "/a" and made.stat is not None and made.stat.version == 0
        data, stat = await zk.get("/a")
        assert (data, stat) == (b"one", made.stat)
        assert (await zk.set("/a", bytearray(b"two"))).version == 1
        assert (await zk.get("/a")).data == b"two"
        for name in ["c", "b"]:
            await zk.create(f"/a/{name}")
        assert await zk.children("/a") == ["b", "c"]
        await zk.delete("/a/b")
        assert await zk.exists("/a/b") is None
        found = await zk.exists("/a")
        assert found is not None and found.num_children == 1


def test_the_blocking_face_does_the_same(zk_server: Server) -> None:
    with sync.connect(zk_server.connect_string) as zk:
        assert zk.create("/a", b"one").path == "/a"
        assert zk.get("/a").data == b"one"
        assert zk.set("/a", memoryview(b"two"), version=0).version == 1
        zk.create("/a/b")
        assert zk.children("/a") == ["b"]
        zk.delete("/a/b", version=0)
        assert zk.exists("/a/b") is None


async def test_a_write_for_another_version_changes_nothing(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        await zk.create("/a", b"one")
        with pytest.raises(zk_recipes.BadVersionError, match="its version is 0"):
            await zk.set("/a", b"two", version=7)
        with pytest.raises(zk_recipes.BadVersionError):
            await zk.delete("/a", version=7)
        assert zk_server.data("/a") == b"one"


async def test_every_kind_of_node_can_be_created(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        first = await zk.create("/s-", sequential=True)
        second = await zk.create("/s-", sequential=True, ephemeral=True)
        assert first.path < second.path
        assert second.stat is not None and second.stat.ephemeral_owner == zk.session_id
        await zk.create("/deep/er/node", parents=True)
        await zk.create("/container", container=True)
        await zk.create("/ttl", ttl=timedelta(hours=1))
        with pytest.raises(zk_recipes.UsageError, match="no node can be ephemeral with a ttl"):
            await zk.create("/no", ephemeral=True, ttl=1)
        with pytest.raises(zk_recipes.UsageError, match="container"):
            await zk.create("/no", container=True, sequential=True)
    assert zk_server.paths() == ["/container", "/deep", "/deep/er", "/deep/er/node", first.path, "/ttl"]


async def test_a_digest_user_keeps_others_out(zk_server: Server) -> None:
    hosts, auth = zk_server.connect_string, [("digest", "bob:secret")]
    async with zk_recipes.connect(hosts, auth=auth) as bob, zk_recipes.connect(hosts) as eve:
        await bob.create("/his", b"1", acl=[Acl.creator_all()])
        await eve.create("/given", b"2", acl=[Acl.digest("bob", "secret"), "world:anyone:r"])
        assert (await bob.get("/his")).data == b"1"
        await bob.set("/given", b"3")
        with pytest.raises(zk_recipes.NoAuthError) as refused:
            await eve.get("/his")
        assert "secret" not in str(refused.value) and refused.value.path == "/his"
        with pytest.raises(zk_recipes.NoAuthError):
            await eve.set("/given", b"4")
        with pytest.raises(zk_recipes.InvalidACLError, match="world"):
            await eve.create("/x", acl=["world"])
        assert zk_server.data("/given") == b"3"


async def test_a_chroot_is_in_front_of_every_path(zk_server: Server) -> None:
    hosts = zk_server.connect_string
    async with zk_recipes.connect(hosts) as whole:
        await whole.create("/app")
        await whole.chroot("/app").create("/a", b"1")
        async with zk_recipes.connect(hosts, chroot="/app") as zk:
            assert (await zk.get("/a")).data == b"1"
            assert (await zk.create("/s-", sequential=True)).path.startswith("/s-")
        async with zk_recipes.connect(hosts + "/app") as zk:
            async with zk.lock("/lock").hold() as held:
                await zk.set("/a", b"2", fenced_by=held)
    assert zk_server.data("/app/a") == b"2"


async def test_requests_take_effect_in_the_order_in_which_they_are_started(
    zk_server: Server,
) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        await zk.create("/a")
        await asyncio.gather(*(zk.set("/a", b"%d" % i, version=i) for i in range(200)))
        assert (await zk.get("/a")).data == b"199"


async def test_wrong_arguments_are_told_before_anything_is_sent(zk_server: Server) -> None:
    with pytest.raises(TypeError, match="encode text first"):
        async with zk_recipes.connect(zk_server.connect_string) as zk:
            await zk.create("/a", "text")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="list of pairs"):
        zk_recipes.connect("h", auth=("digest", "bob:secret"))  # type: ignore[arg-type]
    with pytest.raises(zk_recipes.ConfigError, match="session_timeout"):
        zk_recipes.connect("h", session_timeout=-1)
    with pytest.raises(zk_recipes.UsageError, match="on_expiry"):
        zk_recipes.connect("h", on_expiry="panic")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="fenced_by"):
        async with zk_recipes.connect(zk_server.connect_string) as zk:
            await zk.set("/a", b"", fenced_by="me")  # type: ignore[arg-type]
    with pytest.raises(zk_recipes.InvalidPathError, match="did you mean /a"):
        async with zk_recipes.connect(zk_server.connect_string) as zk:
            await zk.get("a")


async def test_a_client_tells_its_session(zk_server: Server) -> None:
    zk = await zk_recipes.connect(zk_server.connect_string, session_timeout=timedelta(seconds=7))
    assert zk.state == "connected" and zk.generation == 1
    assert zk_server.sessions() == [zk.session_id]
    assert zk.session_timeout == 7.0 and zk.server == zk_server.connect_string
    assert repr(zk) == "<zk_recipes._client.Client connected>"
    await zk.close()
    await zk.close()
    assert zk.state == "closed" and zk_server.sessions() == []
    with pytest.raises(zk_recipes.ClientClosed):
        await zk.get("/a")
