"""The same as :mod:`zk_recipes`, for threads: every call blocks its thread, and no other.

Usable from any number of threads, also from one that runs an event loop, which stands still meanwhile.
"""

from zk_recipes.sync._client import Client, connect
from zk_recipes.sync._lock import Guard, Held, Hold, Lock

__all__ = ["Client", "Guard", "Held", "Hold", "Lock", "connect"]
