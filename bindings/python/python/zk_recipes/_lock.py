"""The lock under asyncio."""

from __future__ import annotations

import asyncio
from types import TracebackType

from zk_recipes import _native
from zk_recipes._errors import HoldError, LockLost, UsageError, ZkError
from zk_recipes._inbox import current, run
from zk_recipes._types import Contender
from zk_recipes._view import HeldView, OnDoubt, Scope, Span


class Held(HeldView):
    __doc__ = HeldView.__doc__

    async def wait_lost(self, timeout: Span | None = None) -> LockLost | None:
        """Waits until the hold is lost and returns how, not raised; ``None`` after the timeout. Never returns a
        loss after the hold was released."""
        return await run(self._native.until_lost(timeout))


class Guard(Held):
    """A held lock, acquired by hand. ``release()`` it, or use it with ``async with``.

    A guard that is dropped is released in the background. It belongs to one session and never re-acquires.
    """

    def __init__(self, native: _native.Guard) -> None:
        super().__init__(native.held)
        self._guard = native

    @property
    def held(self) -> Held:
        """A view on the hold, to pass on; it does not keep the lock."""
        return Held(self._native)

    async def release(self) -> bool:
        """Releases the lock and waits until the server has deleted its node. Returns whether it was held to the end.

        Cancelled at any point, the lock is still released.
        """
        return await run(self._guard.release())

    async def __aenter__(self) -> Guard:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        inside: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await _leave(self._guard, self._native, inside)


class Hold:
    """One scoped hold; made by :meth:`Lock.hold`."""

    def __init__(self, lock: _native.Lock, timeout: Span | None, on_doubt: OnDoubt) -> None:
        self._scope = Scope()
        self._lock = lock
        self._timeout = timeout
        self._on_doubt = on_doubt
        self._failure: HoldError | None = None

    async def __aenter__(self) -> Held:
        self._scope.enter()
        task = asyncio.current_task()
        if task is None:
            raise UsageError("a hold needs a task whose body it can cancel")
        self._task = task
        self._cancelling = task.cancelling()
        self._guard = await run(self._lock.acquire(self._timeout))
        # Nothing waits from here to the body: a cancellation finds either no guard, or one that is left below.
        self._held = self._guard.held
        self._inbox = current()
        over = self._held.until_over(self._on_doubt == "stop")
        self._watch = self._inbox.start(over, self._stop)
        return Held(self._held)

    def _stop(self, succeeded: bool, outcome: HoldError) -> None:
        self._failure = outcome
        self._task.cancel()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        inside: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._inbox.forget(self._watch)
        if self._failure is None:
            await _leave(self._guard, self._held, inside)
            return
        # There is nothing to wait for: it is lost, or no server answers.
        self._guard.abandon()
        from_outside = self._task.uncancel() > self._cancelling
        if isinstance(inside, asyncio.CancelledError):
            # A loss must not hide that somebody else cancels, too.
            if not from_outside:
                raise self._failure from inside
        elif inside is None:
            raise self._failure
        else:
            inside.add_note(f"meanwhile: {self._failure}")


class Lock:
    """A lock on a path that one contender holds at a time, in the order of arrival; made by ``zk.lock(path)``.

    Shares its path with Curator's ``InterProcessMutex``, or with kazoo's ``Lock`` if ``layout`` says so. Not
    re-entrant: a task that acquires it twice waits for itself.
    """

    def __init__(self, native: _native.Lock) -> None:
        self._native = native

    @property
    def path(self) -> str:
        """The lock's path."""
        return self._native.path

    def hold(self, *, timeout: Span | None = None, on_doubt: OnDoubt = "stop") -> Hold:
        """``async with lock.hold(timeout=5) as held:`` acquires the lock, runs the body and releases the lock.

        Like ``asyncio.timeout()`` it cancels the body: when the lock is lost, and, unless ``on_doubt="continue"``, when
        it is no longer certain that it is held. At the ``with`` that becomes ``LockLost`` or ``LockDoubt``; a
        cancellation from outside stays ``CancelledError``. ``timeout`` is for acquiring.
        """
        if on_doubt not in ("stop", "continue"):
            raise UsageError(f'on_doubt is "stop" or "continue", not {on_doubt!r}')
        return Hold(self._native, timeout, on_doubt)

    async def acquire(self, *, timeout: Span | None = None) -> Guard:
        """Acquires the lock by hand; ``AcquireTimeout`` after the timeout.

        Cancelled at any point, no contender is left behind.
        """
        return Guard(await run(self._native.acquire(timeout)))

    async def try_acquire(self) -> Guard | None:
        """Acquires the lock if nobody holds it or waits for it; ``None`` otherwise."""
        guard = await run(self._native.try_acquire())
        return None if guard is None else Guard(guard)

    async def contenders(self) -> list[Contender]:
        """Lists who holds the lock and who waits, in order."""
        return await run(self._native.contenders())

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.Lock {self.path}>"


async def _leave(guard: _native.Guard, held: _native.Held, inside: BaseException | None) -> None:
    doubtful = held.in_doubt
    released = True
    try:
        await run(guard.release())
    except UsageError:
        pass  # released by hand in the body
    except ZkError:
        # Not answered in time. The session goes on trying, and what the body did is done.
        released = False
    Scope.close(held, doubtful, released, inside)
