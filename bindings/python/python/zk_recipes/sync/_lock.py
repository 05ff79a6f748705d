"""The lock for threads."""

from __future__ import annotations

from types import TracebackType

from zk_recipes import _native
from zk_recipes._errors import LockLost, UsageError, ZkError
from zk_recipes._types import Contender
from zk_recipes._view import HeldView, Scope, Span


class Held(HeldView):
    __doc__ = HeldView.__doc__

    def wait_lost(self, timeout: Span | None = None) -> LockLost | None:
        """Waits until the hold is lost and returns how, not raised; ``None`` after the timeout. Never returns a
        loss after the hold was released."""
        return self._native.until_lost(timeout).wait()


class Guard(Held):
    """A held lock, acquired by hand. ``release()`` it, or use it with ``with``.

    A guard that is dropped is released in the background. It belongs to one session and never re-acquires.
    """

    def __init__(self, native: _native.Guard) -> None:
        super().__init__(native.held)
        self._guard = native

    @property
    def held(self) -> Held:
        """A view on the hold, to pass on; it does not keep the lock."""
        return Held(self._native)

    def release(self) -> bool:
        """Releases the lock and waits until the server has deleted its node. Returns whether it was held to the end.

        Interrupted at any point, the lock is still released.
        """
        return self._guard.release().wait()

    def __enter__(self) -> Guard:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        inside: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _leave(self._guard, self._native, inside)


class Hold:
    """One scoped hold; made by :meth:`Lock.hold`."""

    def __init__(self, lock: _native.Lock, timeout: Span | None) -> None:
        self._scope = Scope()
        self._lock = lock
        self._timeout = timeout

    def __enter__(self) -> Held:
        self._scope.enter()
        self._guard = self._lock.acquire(self._timeout).wait()
        return Held(self._guard.held)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        inside: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _leave(self._guard, self._guard.held, inside)


class Lock:
    """A lock on a path that one contender holds at a time, in the order of arrival; made by ``zk.lock(path)``.

    Shares its path with Curator's ``InterProcessMutex``, or with kazoo's ``Lock`` if ``layout`` says so. Not
    re-entrant: a thread that acquires it twice waits for itself.
    """

    def __init__(self, native: _native.Lock) -> None:
        self._native = native

    @property
    def path(self) -> str:
        """The lock's path."""
        return self._native.path

    def hold(self, *, timeout: Span | None = None) -> Hold:
        """``with lock.hold(timeout=5) as held:`` acquires the lock, runs the body and releases the lock.

        A thread cannot be stopped from outside: look at ``held.is_safe`` before each effect, or write with
        ``fenced_by=held``. If the lock was lost, leaving the ``with`` raises ``LockLost``. ``timeout`` is for acquiring.
        """
        return Hold(self._native, timeout)

    def acquire(self, *, timeout: Span | None = None) -> Guard:
        """Acquires the lock by hand; ``AcquireTimeout`` after the timeout.

        Interrupted at any point, no contender is left behind.
        """
        return Guard(self._native.acquire(timeout).wait())

    def try_acquire(self) -> Guard | None:
        """Acquires the lock if nobody holds it or waits for it; ``None`` otherwise."""
        guard = self._native.try_acquire().wait()
        return None if guard is None else Guard(guard)

    def contenders(self) -> list[Contender]:
        """Lists who holds the lock and who waits, in order."""
        return self._native.contenders().wait()

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.Lock {self.path}>"


def _leave(guard: _native.Guard, held: _native.Held, inside: BaseException | None) -> None:
    doubtful = held.in_doubt
    released = True
    try:
        guard.release().wait()
    except UsageError:
        pass  # released by hand in the body
    except ZkError:
        # Not answered in time. The session goes on trying, and what the body did is done.
        released = False
    Scope.close(held, doubtful, released, inside)
