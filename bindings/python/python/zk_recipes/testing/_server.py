"""The server for tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from types import TracebackType

from zk_recipes import _native
from zk_recipes._view import Span

FOREVER = 2**64 - 1
"""As ``times=``: every request that fits, until the fault is removed."""


class Fault:
    """A fault that was set up."""

    def __init__(self, native: _native.Fault) -> None:
        self._native = native

    @property
    def fired(self) -> int:
        """How many requests it has hit."""
        return self._native.fired

    def remove(self) -> None:
        """Takes it away."""
        self._native.remove()


class Server:
    """A server on a port of 127.0.0.1, in this process; any ZooKeeper client can connect.

    ``tick`` is the unit in which sessions expire; the shortest session lasts two. The names of operations in faults
    and counts are ``connect create get set delete exists children multi ping close event`` and ZooKeeper's own.

    With ``tls``, its certificate and its key in PEM, it speaks TLS, and with ``tls_client_ca`` it wants a certificate of
    that authority of each client. ``sasl_users`` are the users and passwords that it knows by SASL.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        tick: Span = 0.5,
        tls: tuple[bytes, bytes] | None = None,
        tls_client_ca: bytes | None = None,
        sasl_users: Mapping[str, str] | None = None,
    ) -> None:
        users = list((sasl_users or {}).items())
        self._native = _native.start_server(port, tick, tls, tls_client_ca, users).wait()

    @property
    def connect_string(self) -> str:
        """Where it listens, as clients write it."""
        return self._native.connect_string

    def stop(self) -> None:
        """Stops it, and waits until its port is free. It forgets everything."""
        self._native.stop().wait()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        inside: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # Faults

    def cut(self, session: int | None = None) -> bool:
        """Closes the connection of a session, or all. Sessions live on. False if there was none."""
        return self._native.cut(session)

    def expire(self, session: int | None = None) -> bool:
        """Ends a session, or all, as if its time had come. False if there was none."""
        sessions = self.sessions() if session is None else [session]
        return any([self._native.expire(one) for one in sessions])

    @contextmanager
    def hold_commits(self) -> Generator[None]:
        """Meanwhile reads and pings are answered and nothing is committed: a server cut off from its leader."""
        yield from self._while(self._native.hold_commits)

    @contextmanager
    def hold_touches(self) -> Generator[None]:
        """Meanwhile nothing that clients send keeps their sessions alive, although it is answered."""
        yield from self._while(self._native.hold_touches)

    @contextmanager
    def refuse_connections(self) -> Generator[None]:
        """Meanwhile new connections are closed at once."""
        yield from self._while(self._native.refuse_connections)

    @staticmethod
    def _while(switch: Callable[[bool], None]) -> Generator[None]:
        switch(True)
        try:
            yield
        finally:
            switch(False)

    def cut_before(
        self,
        op: str | None = None,
        path: str | None = None,
        *,
        session: int | None = None,
        nth: int = 1,
        times: int = 1,
    ) -> Fault:
        """Requests that fit have no effect, and their connection is closed. ``path`` is a prefix."""
        return self._fault("cut_before", op, path, session, nth, times)

    def cut_after(
        self,
        op: str | None = None,
        path: str | None = None,
        *,
        session: int | None = None,
        nth: int = 1,
        times: int = 1,
    ) -> Fault:
        """Requests that fit take effect, and their connection is closed instead of an answer."""
        return self._fault("cut_after", op, path, session, nth, times)

    def delay(
        self,
        seconds: Span,
        op: str | None = None,
        path: str | None = None,
        *,
        session: int | None = None,
        nth: int = 1,
        times: int = 1,
    ) -> Fault:
        """Requests that fit take effect, and are answered that much later."""
        return self._fault("delay", op, path, session, nth, times, seconds)

    def hold_replies(
        self,
        op: str | None = None,
        path: str | None = None,
        *,
        session: int | None = None,
        nth: int = 1,
        times: int = 1,
    ) -> Fault:
        """Requests that fit take effect, and nothing leaves on their connection until :meth:`release_replies`."""
        return self._fault("hold_replies", op, path, session, nth, times)

    def throttle(
        self,
        op: str | None = None,
        path: str | None = None,
        *,
        session: int | None = None,
        nth: int = 1,
        times: int = 1,
    ) -> Fault:
        """Requests that fit have no effect and are answered with ``ThrottledError``."""
        return self._fault("throttle", op, path, session, nth, times)

    def _fault(
        self,
        reaction: str,
        op: str | None,
        path: str | None,
        session: int | None,
        nth: int,
        times: int,
        delay: Span | None = None,
    ) -> Fault:
        return Fault(self._native.fault(reaction, op, path, session, nth, times, delay))

    def release_replies(self) -> None:
        """Lets held and delayed replies go."""
        self._native.release_replies()

    def clear(self) -> None:
        """Removes all faults."""
        self._native.clear()

    # A look inside

    def paths(self, below: str = "/") -> list[str]:
        """The paths of all nodes below one, without ``/zookeeper``, sorted."""
        prefix = below.rstrip("/") + "/"
        return [path for path in self._native.paths() if path.startswith(prefix)]

    def data(self, path: str) -> bytes | None:
        """A node's data, without asking any ACL; ``None`` if there is no node."""
        return self._native.data(path)

    def sessions(self) -> list[int]:
        """The ids of all sessions."""
        return self._native.sessions()

    def count(self, op: str) -> int:
        """How often an operation was asked for."""
        return self._native.count(op)

    def held_commits(self) -> int:
        """How many requests wait for commits to go on."""
        return self._native.held_commits()

    def watch_count(self) -> int:
        """How many watches there are."""
        return self._native.watch_count()

    def connection_count(self) -> int:
        """How many connections are open."""
        return self._native.connection_count()

    def until(self, wanted: Callable[[], object], timeout: float = 10.0) -> None:
        """Waits, blocking the thread, until ``wanted()`` is true; ``TimeoutError`` after the timeout."""
        deadline = time.monotonic() + timeout
        while not wanted():
            if time.monotonic() > deadline:
                raise TimeoutError(f"it did not happen within {timeout} s; nodes: {self.paths()}")
            time.sleep(0.002)
