"""kazoo's tree cache and watches."""

from kazoo.recipe.cache import TreeCache
from kazoo.recipe.watchers import ChildrenWatch, DataWatch

from words import data, wait_until, word


class Caches:
    def __init__(self, zk):
        self.zk = zk
        self.caches = {}

    def start(self, name, kind, path):
        self.caches[name] = {"tree": Tree, "data": Data, "children": Children}[kind](self.zk, path)

    def await_data(self, name, path, item):
        """Waits until it holds that at the path, or null."""
        wait_until(f"{path} {item}", lambda: self.caches[name].at(path) == item)

    def await_child(self, name, path, child):
        wait_until(f"{path}/{child}", lambda: child in self.caches[name].children(path))

    def await_no_child(self, name, path, child):
        wait_until(f"no {path}/{child}", lambda: child not in self.caches[name].children(path))

    def stop(self, name):
        self.caches.pop(name).close()

    def write(self, path, item):
        self.zk.ensure_path(path)
        self.zk.set(path, data(item))

    def erase(self, path):
        self.zk.delete(path, recursive=True)


class Tree:
    def __init__(self, zk, path):
        self.cache = TreeCache(zk, path)
        self.cache.start()

    def at(self, path):
        held = self.cache.get_data(path)
        return "null" if held is None else word(held.data)

    def close(self):
        self.cache.close()


class Data:
    def __init__(self, zk, path):
        self.held = None
        self.ended = False
        DataWatch(zk, path, self.see)

    def see(self, held, _stat):
        self.held = held
        return not self.ended

    def at(self, _path):
        return word(self.held)

    def close(self):
        self.ended = True


class Children:
    def __init__(self, zk, path):
        self.held = []
        self.ended = False
        zk.ensure_path(path)
        ChildrenWatch(zk, path, self.see)

    def see(self, held):
        self.held = held
        return not self.ended

    def children(self, _path):
        return self.held

    def close(self):
        self.ended = True
