"""The client under asyncio."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from types import TracebackType
from typing import Any

from zk_recipes import _native
from zk_recipes._inbox import run
from zk_recipes._lock import Lock
from zk_recipes._types import Acl, Created, Node, Stat
from zk_recipes._view import (
    Layout,
    Auth,
    ClientView,
    Data,
    HeldView,
    OnExpiry,
    Pem,
    Sasl,
    Span,
    acl_texts,
    fence,
    node_mode,
    pair,
    secrets,
)


class Client(ClientView):
    """One session with an ensemble, and a new one after an expiry unless told otherwise; made by :func:`connect`.

    Requests leave in the order in which their coroutines are first run. A cancelled write may or may not be applied; a
    failed one says whether it was (``error.fate``).
    """

    async def get(self, path: str) -> Node:
        """Reads a node's data and metadata."""
        return await run(self._native.get(path))

    async def exists(self, path: str) -> Stat | None:
        """Reads a node's metadata; ``None`` if there is no node."""
        return await run(self._native.exists(path))

    async def children(self, path: str) -> list[str]:
        """Lists the names of a node's children, sorted."""
        return await run(self._native.children(path))

    async def set(
        self,
        path: str,
        data: Data,
        *,
        version: int | None = None,
        fenced_by: HeldView | None = None,
    ) -> Stat:
        """Replaces a node's data: of this version only, and only while the lock is held, if told so."""
        return await run(self._native.set(path, data, version, fence(fenced_by)))

    async def delete(
        self, path: str, *, version: int | None = None, fenced_by: HeldView | None = None
    ) -> None:
        """Deletes a node without children: of this version only, and only while the lock is held, if told so."""
        await run(self._native.delete(path, version, fence(fenced_by)))

    async def create(
        self,
        path: str,
        data: Data = b"",
        *,
        ephemeral: bool = False,
        sequential: bool = False,
        container: bool = False,
        ttl: Span | None = None,
        acl: Sequence[Acl | str] | None = None,
        parents: bool = False,
        fenced_by: HeldView | None = None,
    ) -> Created:
        """Creates a node, open to everybody unless there is an ``acl``; with ``parents`` its missing parents too."""
        mode = node_mode(ephemeral, sequential, container)
        made = self._native.create(
            path, data, mode, ttl, acl_texts(acl), parents, fence(fenced_by)
        )
        return await run(made)

    def lock(
        self,
        path: str,
        *,
        contender: str | None = None,
        acl: Sequence[Acl | str] | None = None,
        layout: Layout = "curator",
    ) -> Lock:
        """The lock at a path. ``contender`` is how operators recognise this one; the default is host and process. ``acl``
        is for its contenders, and for directories that are missing and made for them.

        With ``layout="kazoo"`` it is shared with kazoo's ``Lock`` instead of Curator's mutex; a path that has contenders
        of both is refused (``MixedContendersError``).
        """
        return Lock(self._native.lock(path, contender, acl_texts(acl), layout))

    def chroot(self, path: str) -> Client:
        """The same session seen from a path: all paths of the returned client are below it."""
        return Client(self._native.chroot(path))

    async def close(self) -> None:
        """Ends the session, which deletes its ephemeral nodes and holds. Cancelled, it goes on in the background."""
        await run(self._native.close())

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        inside: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


class Connecting:
    """What :func:`connect` returns: ``await`` it, or use it with ``async with``."""

    def __init__(self, work: _native.Work[_native.Client]) -> None:
        self._work = work

    async def _connected(self) -> Client:
        return Client(await run(self._work))

    def __await__(self) -> Generator[Any, None, Client]:
        return self._connected().__await__()

    async def __aenter__(self) -> Client:
        self._client = await self._connected()
        return self._client

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        inside: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.close()


def connect(
    hosts: str,
    *,
    chroot: str | None = None,
    session_timeout: Span = 10.0,
    connect_timeout: Span | None = None,
    request_timeout: Span | None = None,
    auth: Auth = (),
    on_expiry: OnExpiry = "new_session",
    tls_ca: Pem | None = None,
    tls_crl: Pem | None = None,
    tls_cert: Pem | None = None,
    tls_key: Pem | None = None,
    sasl: Sasl | None = None,
    dangerous_accept_any_host_name: bool = False,
    dangerous_accept_any_certificate: bool = False,
) -> Connecting:
    """Connects to the ensemble ``host[:port][,host[:port]…][/chroot]``.

    Fails with the reason of each server after ``connect_timeout`` (default: the session timeout). A request fails after
    ``request_timeout`` (default: twice the session timeout). After a session timeout without contact the servers delete
    the session's ephemeral nodes; they may grant another than was asked for (``zk.session_timeout``).

    ``tls_ca`` encrypts every connection and trusts servers whose certificates are of that authority and for the name in
    ``hosts``; servers listen for TLS on a port of its own, often 2281. ``tls_crl`` refuses certificates in its revocation
    lists, and those of authorities without a current list. ``tls_cert`` and ``tls_key`` (not encrypted) are shown to
    servers that want a certificate. Paths are read for each connection, so what replaces a file counts from the next one
    on; PEM itself is given as ``bytes``. ``sasl`` is a user and a password for DIGEST-MD5. The two ``dangerous_…`` ones
    accept a trusted certificate whatever name it is for, and any certificate at all.
    """
    return Connecting(
        _native.connect(
            hosts,
            chroot=chroot,
            session_timeout=session_timeout,
            connect_timeout=connect_timeout,
            request_timeout=request_timeout,
            auth=secrets(auth),
            on_expiry=on_expiry,
            tls_ca=tls_ca,
            tls_crl=tls_crl,
            tls_cert=tls_cert,
            tls_key=tls_key,
            sasl=pair(sasl),
            dangerous_accept_any_host_name=dangerous_accept_any_host_name,
            dangerous_accept_any_certificate=dangerous_accept_any_certificate,
        )
    )
