"""kazoo's parties and partitioners."""

import threading

from kazoo.recipe.partitioner import SetPartitioner
from kazoo.recipe.party import Party, ShallowParty

from words import wait_until


class Groups:
    def __init__(self, zk):
        self.zk = zk
        self.parties = {}
        self.partitioners = {}

    def party(self, name, kind, path, identifier):
        kinds = {"party": Party, "shallow": ShallowParty}
        self.parties[name] = kinds[kind](self.zk, path, identifier)

    def join(self, name):
        self.parties[name].join()

    def leave(self, name):
        self.parties[name].leave()

    def members(self, name):
        return " ".join(sorted(self.parties[name]))

    def count(self, name):
        return str(len(self.parties[name]))

    def partition(self, name, path, identifier, *items):
        """Starts to take a share of the items, and gives it back whenever others come or go."""
        self.partitioners[name] = Share(self.zk, path, identifier, items)

    def share(self, name):
        return self.partitioners[name].shown()

    def await_share(self, name, size):
        """Waits until it has so many items."""
        share = self.partitioners[name]
        wait_until(f"a share of {size}", lambda: share.acquired() and len(share.items()) == int(size))
        return share.shown()

    def finish(self, name):
        self.partitioners[name].finish()


class Share:
    """The loop that kazoo's documentation tells its users to write, on a thread."""

    def __init__(self, zk, path, identifier, items):
        self.partitioner = SetPartitioner(
            zk, path, items, identifier=identifier, time_boundary=0.2
        )
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ended.wait(0.002):
            if self.partitioner.failed:
                return
            if self.partitioner.release:
                self.partitioner.release_set()
            elif self.partitioner.allocating:
                self.partitioner.wait_for_acquire(1)

    def acquired(self):
        return self.partitioner.acquired

    def items(self):
        return list(self.partitioner) if self.acquired() else []

    def shown(self):
        return " ".join(sorted(self.items()))

    def finish(self):
        self.ended.set()
        self.thread.join()
        self.partitioner.finish()
