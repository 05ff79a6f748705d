"""The fixtures for pytest, registered by an entry point."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from zk_recipes import sync
    from zk_recipes.testing import Server


@pytest.fixture
def zk_server() -> Generator[Server]:
    """A ZooKeeper server in memory, fresh for each test, with hooks that break things on purpose."""
    # Not earlier: this file is imported by every run of pytest where the package is installed.
    from zk_recipes.testing import Server

    with Server() as server:
        yield server


@pytest.fixture
def zk_client(zk_server: Server) -> Generator[sync.Client]:
    """A blocking client of ``zk_server``."""
    from zk_recipes import sync

    with sync.connect(zk_server.connect_string) as client:
        yield client
