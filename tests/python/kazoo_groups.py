"""kazoo's parties and partitioners."""

import os
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

    def partition(self, name, path, identifier, folder, *items):
        """Starts to take a share of the items, and gives it back whenever others come or go.

        For each item that it has there is a file in the folder, which nobody else has made.
        """
        self.partitioners[name] = Share(self.zk, path, identifier, folder, items)

    def await_share(self, name, size):
        """Waits until it has so many items."""
        share = self.partitioners[name]
        wait_until(f"a share of {size}", lambda: share.fault or len(share.held) == int(size))
        if share.fault:
            raise share.fault
        return " ".join(sorted(share.held))

    def finish(self, name):
        self.partitioners[name].finish()


class Share:
    """The loop that kazoo's documentation tells its users to write, on a thread."""

    def __init__(self, zk, path, identifier, folder, items):
        self.folder = folder
        self.held = []
        self.fault = None
        self.partitioner = SetPartitioner(
            zk, path, items, identifier=identifier, time_boundary=0.02
        )
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            while not self.ended.wait(0.002):
                self.step()
            self.let_go()
        except Exception as fault:
            self.fault = fault

    def step(self):
        if self.partitioner.failed:
            raise RuntimeError("the partitioner failed")
        if self.partitioner.release:
            self.let_go()
            self.partitioner.release_set()
        elif self.partitioner.allocating:
            self.partitioner.wait_for_acquire(1)
        elif self.partitioner.acquired and not self.held:
            items = list(self.partitioner)
            for item in items:
                open(os.path.join(self.folder, item), "x").close()
            self.held = items

    def let_go(self):
        for item in self.held:
            os.remove(os.path.join(self.folder, item))
        self.held = []

    def finish(self):
        self.ended.set()
        self.thread.join()
        self.partitioner.finish()
