"""The exceptions, one for each kind of error of the client; ``tests/test_errors.py`` compares them with its table."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

Fate = Literal["not_applied", "unknown"]
Retry = Literal["never", "same_session", "new_session", "after_settling"]


class ZkError(Exception):
    """Any failure of an operation or of a recipe."""

    code: ClassVar[int | None] = None
    """The number of the kind of error, as in C; ``None`` for classes that stand for several kinds."""
    op: str | None
    """The operation that failed, such as ``create``."""
    path: str | None
    """The path that the operation was about."""
    fate: Fate
    """Whether the request took effect."""
    retry: Retry
    """What may be done next; ``after_settling``: find out first whether it took effect."""
    server: str | None
    """The server that was asked."""
    session: int | None
    """The session in which the request was made."""

    def __init__(
        self,
        text: str = "",
        *,
        op: str | None = None,
        path: str | None = None,
        fate: Fate = "not_applied",
        retry: Retry = "never",
        server: str | None = None,
        session: int | None = None,
    ) -> None:
        super().__init__(text or (type(self).__doc__ or type(self).__name__).splitlines()[0])
        self.op = op
        self.path = path
        self.fate = fate
        self.retry = retry
        self.server = server
        self.session = session

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.args[0], dict(self.__dict__))


def _again(cls: type[ZkError], text: str, details: dict[str, Any]) -> ZkError:
    error = cls(text)
    error.__dict__.update(details)
    return error


class RefusedError(ZkError):
    """A server answered with an error."""


class NoNodeError(RefusedError):
    """The node, or the parent of a node to create, does not exist."""

    code = -101


class NodeExistsError(RefusedError):
    """A node to create exists already."""

    code = -110


class BadVersionError(RefusedError):
    """The node's version is not the expected one."""

    code = -103


class NotEmptyError(RefusedError):
    """The node still has children."""

    code = -111


class NoChildrenForEphemeralsError(RefusedError):
    """An ephemeral node cannot have children."""

    code = -108


class NoAuthError(RefusedError):
    """The node's ACL does not allow the operation to this connection."""

    code = -102


class InvalidACLError(RefusedError):
    """An ACL is empty or malformed."""

    code = -114


class QuotaExceededError(RefusedError):
    """A quota would be exceeded."""

    code = -125


class ReadOnlyServerError(RefusedError):
    """The server is read-only."""

    code = -119


class UnimplementedError(RefusedError):
    """The server does not know the operation."""

    code = -6


class BadArgumentsError(RefusedError):
    """The server refused the arguments."""

    code = -8


class ThrottledError(RefusedError):
    """The server gave up the operation under load."""

    code = -127


class ServerError(RefusedError):
    """The server answered with a code that no other class names."""

    code = 1


class ConnectionLost(ZkError, ConnectionError):
    """The connection broke before the answer arrived."""

    code = 10


class RequestTimeout(ZkError, TimeoutError):
    """The request's deadline passed."""

    code = 11


class SessionExpired(ZkError):
    """The session is gone, and with it every ephemeral node and hold."""

    code = 20


class AuthFailed(ZkError):
    """The server refused the credentials."""

    code = 21


class ClientClosed(ZkError):
    """The client was closed."""

    code = 22


class NoServerReachable(ZkError, ConnectionError, TimeoutError):
    """No server could be reached in time."""

    code = 30


class ConfigError(ZkError):
    """The connect string or an option is invalid."""

    code = 31


class TlsError(ZkError, ConnectionError):
    """No server is who it should be, or none agreed on how to encrypt the connection."""

    code = 32


class InvalidPathError(ZkError):
    """The path is malformed."""

    code = 40


class FrameTooLargeError(ZkError):
    """A frame is larger than the limit."""

    code = 41


class QueueFullError(ZkError):
    """Too many requests wait already."""

    code = 42


class UsageError(ZkError):
    """The API was used in a way that cannot work."""

    code = 43


class ForkedError(UsageError):
    """An object of the parent process was used after a fork."""


class ProtocolError(ZkError):
    """The server broke the protocol."""

    code = 50


class AcquireTimeout(ZkError, TimeoutError):
    """A lock was not acquired in time."""

    code = 100


class HoldError(ZkError):
    """Work under a lock must not go on."""

    token: int | None = None
    """The fencing token of the hold."""
    why: str | None = None
    """Why."""

    def __init__(
        self, text: str = "", *, token: int | None = None, why: str | None = None, **details: Any
    ) -> None:
        super().__init__(text, **details)
        self.token = token
        self.why = why


class LockLost(HoldError):
    """A hold ended before it was released."""

    code = 101


class LockDoubt(HoldError):
    """It is not certain any more that a lock is held."""

    code = 103


class MixedContendersError(ZkError):
    """Contenders of different layouts wait in one directory, and neither sees the other."""

    code = 102


class ContendedError(ZkError):
    """Others wrote first, at each of the attempts that were to be made."""

    code = 110


class WaitTimeout(ZkError, TimeoutError):
    """What was waited for did not happen in time."""

    code = 111


class UndecodableError(ZkError):
    """The node holds something else than the recipe stores there."""

    code = 112


class IncompleteError(ZkError):
    """A cache has a part of its nodes only: the next one is beyond a limit."""

    code = 120


class InternalError(ZkError):
    """A bug of this library."""

    code = 900
