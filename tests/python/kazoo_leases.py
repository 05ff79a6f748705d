"""kazoo's leases, by the clock of this host."""

from datetime import timedelta

from kazoo.recipe.lease import MultiNonBlockingLease, NonBlockingLease


class Leases:
    def __init__(self, zk):
        self.zk = zk

    def obtain(self, path, seconds, identifier):
        """Obtains or renews it for so long, or does not."""
        span = timedelta(seconds=float(seconds))
        return str(bool(NonBlockingLease(self.zk, path, span, identifier)))

    def obtain_one(self, count, path, seconds, identifier):
        span = timedelta(seconds=float(seconds))
        return str(bool(MultiNonBlockingLease(self.zk, int(count), path, span, identifier)))
