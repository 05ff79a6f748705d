"""A ZooKeeper server in memory, for tests, with hooks that break things on purpose.

With pytest there is the fixture ``zk_server``, a fresh server for each test, and ``zk_client``, a
:class:`zk_recipes.sync.Client` of it::

    async def test_billing(zk_server):
        async with zk_recipes.connect(zk_server.connect_string) as zk:
            ...

The server listens on 127.0.0.1 only, keeps everything in memory and is no production server.
"""

from zk_recipes.testing._server import Fault, Server

__all__ = ["Fault", "Server"]
