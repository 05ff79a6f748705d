"""The clients that are open, for the end of the process and for forks."""

from __future__ import annotations

import atexit
import os
import weakref

from zk_recipes import _native

_clients: weakref.WeakSet[_native.Client] = weakref.WeakSet()


def remember(client: _native.Client) -> _native.Client:
    """Has the client closed when the interpreter ends, if it is still open then."""
    _clients.add(client)
    return client


@atexit.register
def _goodbye() -> None:
    _native.shutdown([client.close() for client in _clients])


# What the parent left open is the parent's to close.
os.register_at_fork(after_in_child=_clients.clear)
