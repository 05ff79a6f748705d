"""The values that operations yield."""

from __future__ import annotations

from typing import NamedTuple

from zk_recipes import _native


class Stat(NamedTuple):
    """A node's metadata; times in milliseconds since 1970, by the server's clock."""

    czxid: int
    mzxid: int
    ctime: int
    mtime: int
    version: int
    cversion: int
    aversion: int
    ephemeral_owner: int
    data_length: int
    num_children: int
    pzxid: int


class Node(NamedTuple):
    """A node's data and metadata, as one read found them."""

    data: bytes
    stat: Stat


class Created(NamedTuple):
    """A node that was created."""

    path: str
    """Its path, with the sequence suffix if it has one."""
    stat: Stat | None
    """Its metadata; ``None`` after a fenced create, whose answer does not tell."""


class Contender(NamedTuple):
    """One contender of a lock, as the tree shows it."""

    node: str
    """The path of its node."""
    family: str
    """Who writes such names: ``mutex``, ``other_curator``, ``kazoo`` or ``other_kazoo``."""
    text: str
    """What it says about itself."""
    session: int
    """Its session; 0 for a node that does not go with a session."""
    token: int
    """The fencing token that it has or will have."""
    since: float
    """When its node was created, in seconds since 1970 by the server's clock."""
    holds: bool
    """True for the first of its family."""


class Acl(NamedTuple):
    """Who may do what to a node; ``perms`` is some of ``cdrwa``."""

    scheme: str
    id: str
    perms: str = "cdrwa"

    @classmethod
    def open(cls) -> Acl:
        """Everybody may do everything: the default."""
        return cls("world", "anyone")

    @classmethod
    def read_only(cls) -> Acl:
        """Everybody may read."""
        return cls("world", "anyone", "r")

    @classmethod
    def creator_all(cls) -> Acl:
        """Whoever creates the node may do everything; needs credentials (``connect(auth=…)``)."""
        return cls("auth", "")

    @classmethod
    def digest(cls, user: str, password: str, perms: str = "cdrwa") -> Acl:
        """For clients that connect with ``auth=[("digest", "user:password")]``."""
        return cls("digest", _native.digest_id(user, password), perms)

    def __str__(self) -> str:
        return f"{self.scheme}:{self.id}:{self.perms}"
