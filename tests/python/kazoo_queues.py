"""kazoo's queues. Items are words."""

from kazoo.recipe.queue import LockingQueue, Queue

from words import data, word


class Queues:
    def __init__(self, zk):
        self.zk = zk
        self.queues = {}

    def start(self, name, kind, path):
        kinds = {"plain": Queue, "locking": LockingQueue}
        self.queues[name] = kinds[kind](self.zk, path)

    def put(self, name, item, priority="100"):
        self.queues[name].put(data(item), int(priority))

    def put_all(self, name, priority, *items):
        self.queues[name].put_all([data(item) for item in items], int(priority))

    def get(self, name):
        """The next item of a plain queue, or null."""
        return word(self.queues[name].get())

    def lock(self, name, seconds):
        """The next item of a locking queue, which is held then, or null."""
        return word(self.queues[name].get(float(seconds)))

    def holds(self, name):
        return str(self.queues[name].holds_lock()).lower()

    def consume(self, name):
        return str(self.queues[name].consume()).lower()

    def release(self, name):
        return str(self.queues[name].release()).lower()

    def length(self, name):
        return str(len(self.queues[name]))
