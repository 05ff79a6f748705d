"""Operations under asyncio: one inbox for each event loop.

The loop watches one file descriptor. When it is readable, everything that can go on is continued, and everything that
is over is delivered: one wake-up for a whole burst of answers.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from zk_recipes import _native

_T = TypeVar("_T")


class Inbox:
    """The operations that one event loop waits for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._native = _native.Inbox()
        self._waiting: dict[int, Callable[[bool, Any], None]] = {}
        self.wake_ups = 0
        """How often the loop was woken for operations."""
        loop.add_reader(self._native.fileno(), self._drain)

    def __len__(self) -> int:
        return len(self._waiting)

    def start(self, work: _native.Work[Any], done: Callable[[bool, Any], None]) -> int:
        """Starts an operation; ``done`` is called with whether it succeeded and what came of it."""
        key = self._native.start(work)
        self._waiting[key] = done
        return key

    def forget(self, key: int) -> None:
        """Gives an operation up, if it is not over."""
        if self._waiting.pop(key, None) is not None:
            self._native.forget(key)

    def _drain(self) -> None:
        self.wake_ups += 1
        for key, succeeded, outcome in self._native.drain():
            done = self._waiting.pop(key, None)
            if done is not None:
                done(succeeded, outcome)
            else:
                _give_up(outcome)


_inboxes: WeakKeyDictionary[asyncio.AbstractEventLoop, Inbox] = WeakKeyDictionary()
os.register_at_fork(after_in_child=_inboxes.clear)


def current() -> Inbox:
    """The inbox of the running event loop."""
    loop = asyncio.get_running_loop()
    inbox = _inboxes.get(loop)
    if inbox is None:
        # Loops that ended with operations under way are kept by these.
        for ended in [one for one in _inboxes if one.is_closed()]:
            del _inboxes[ended]
        inbox = _inboxes[loop] = Inbox(loop)
    return inbox


async def run(work: _native.Work[_T]) -> _T:
    """Starts an operation and waits for its end. Cancelled, it gives the operation up."""
    inbox = current()
    future: asyncio.Future[_T] = asyncio.get_running_loop().create_future()

    def done(succeeded: bool, outcome: Any) -> None:
        if future.cancelled():
            _give_up(outcome)
        elif succeeded:
            future.set_result(outcome)
        else:
            future.set_exception(outcome)

    key = inbox.start(work, done)
    try:
        return await future
    except asyncio.CancelledError:
        inbox.forget(key)
        # It may have come together with the cancellation, and nobody will ever see it.
        if not future.cancelled() and future.exception() is None:
            _give_up(future.result())
        raise
    finally:
        # An exception of the operation has this frame in its traceback, and the future has the exception.
        del future, done


def _give_up(outcome: object) -> None:
    """Drops a result that nobody takes."""
    if isinstance(outcome, _native.Guard):
        outcome.abandon()
