"""What both faces show of a client and of a hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from os import PathLike
from typing import Literal, TypeAlias

from zk_recipes import _native
from zk_recipes._errors import UsageError, ZkError
from zk_recipes._open import remember
from zk_recipes._types import Acl

Span: TypeAlias = float | timedelta
"""A span of time: a number of seconds or a ``timedelta``."""
Data: TypeAlias = bytes | bytearray | memoryview
"""A node's data; it is copied."""
Auth: TypeAlias = Iterable[tuple[str, str | bytes]]
"""Credentials: pairs such as ``("digest", "user:password")``."""
Pem: TypeAlias = str | PathLike[str] | bytes
"""Certificates or a key in PEM: the path of a file, read for each connection, or the PEM itself as bytes."""
Sasl: TypeAlias = tuple[str, str]
"""User and password."""
OnExpiry: TypeAlias = Literal["new_session", "stop"]
"""What a client does when its session expires."""
OnDoubt: TypeAlias = Literal["stop", "continue"]
Layout: TypeAlias = Literal["curator", "kazoo"]
"""What a scoped hold does with its body when it is no longer certain that the lock is held."""


class ClientView:
    """What is known of a session without asking a server."""

    def __init__(self, native: _native.Client) -> None:
        self._native = remember(native)

    @property
    def state(self) -> str:
        """``connecting``, ``connected``, ``suspended``, ``expired``, ``closed``, …"""
        return self._native.state

    @property
    def generation(self) -> int:
        """How many sessions this client has had, from 1."""
        return self._native.generation

    @property
    def session_id(self) -> int | None:
        """The current session's id."""
        return self._native.session_id

    @property
    def session_timeout(self) -> float:
        """The session timeout that the server granted, in seconds."""
        return self._native.session_timeout

    @property
    def server(self) -> str | None:
        """The server that the session is or was last connected to."""
        return self._native.server

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__qualname__} {self.state}>"


class HeldView:
    """What a holder can know about its hold.

    The only proof for third parties is the token: a pause between looking here and acting cannot be seen from inside
    the process. Give ``token`` to what you write to, or write to ZooKeeper with ``fenced_by=held``.
    """

    def __init__(self, native: _native.Held) -> None:
        self._native = native

    @property
    def path(self) -> str:
        """The lock's path."""
        return self._native.path

    @property
    def node(self) -> str:
        """The path of the holder's own node."""
        return self._native.node

    @property
    def token(self) -> int:
        """The fencing token: it grows with every new holder of the path."""
        return self._native.token

    @property
    def is_held(self) -> bool:
        """True until the hold was released or is known to be lost."""
        return self._native.is_held

    @property
    def is_safe(self) -> bool:
        """True while it is proven that the servers have not let the session expire."""
        return self._native.is_safe

    @property
    def safe_for(self) -> float | None:
        """For how many more seconds the hold is certainly safe; ``None`` if nothing is proven or it is over."""
        return self._native.safe_for

    @property
    def in_doubt(self) -> bool:
        """True while it is held and no longer certain that it is."""
        return self._native.in_doubt

    @property
    def lost(self) -> bool:
        """True once the hold is known to be lost; never after it was released."""
        return self._native.why is not None

    @property
    def why(self) -> str | None:
        """Why the hold was lost, if it was."""
        return self._native.why

    def __repr__(self) -> str:
        name = f"{type(self).__module__}.{type(self).__qualname__}"
        return f"<{name} {self.path} token {self.token}>"


class Scope:
    """How one use of a lock as a context manager ends, whichever face it has."""

    def __init__(self) -> None:
        self._entered = False

    def enter(self) -> None:
        if self._entered:
            raise UsageError("this hold was used already; call .hold() once for each `with`")
        self._entered = True

    @staticmethod
    def close(
        held: _native.Held, doubtful: bool, released: bool, inside: BaseException | None
    ) -> None:
        """Tells a loss, or doubt that nothing dispelled, after the body ended; ``inside`` is the body's exception."""
        failure: ZkError | None = held.loss()
        if failure is None and doubtful and not released:
            failure = held.doubt()
        if failure is None:
            return
        if inside is None:
            raise failure
        inside.add_note(f"meanwhile: {failure}")


def fence(held: HeldView | None) -> _native.Held | None:
    if held is None or isinstance(held, HeldView):
        return None if held is None else held._native
    raise TypeError(f"fenced_by takes what a hold gave you, not {type(held).__name__}")


def secrets(auth: Auth) -> list[tuple[str, bytes]]:
    pairs = []
    for pair in auth:
        if isinstance(pair, str) or len(pair) != 2:
            raise TypeError('auth is a list of pairs: auth=[("digest", "user:password")]')
        scheme, secret = pair
        pairs.append((scheme, secret.encode() if isinstance(secret, str) else bytes(secret)))
    return pairs


def pair(sasl: Sasl | None) -> Sasl | None:
    # Both are sequences of two texts, perhaps.
    if sasl is not None and (isinstance(sasl, str) or len(sasl) != 2):
        raise TypeError('sasl is a pair: sasl=("user", "password")')
    return sasl


def acl_texts(acl: Sequence[Acl | str] | None) -> list[str] | None:
    if acl is None:
        return None
    # Both are sequences of texts, too.
    if isinstance(acl, (str, Acl)):
        raise TypeError("acl is a list of entries, such as [Acl.creator_all()]")
    return [str(entry) for entry in acl]


def node_mode(ephemeral: bool, sequential: bool, container: bool) -> str:
    if container:
        if ephemeral or sequential:
            raise UsageError("a container is neither ephemeral nor sequential")
        return "container"
    if ephemeral:
        return "ephemeral_sequential" if sequential else "ephemeral"
    return "sequential" if sequential else "persistent"
