"""kazoo's tree cache and watches."""

from kazoo.recipe.cache import TreeCache
from kazoo.recipe.watchers import ChildrenWatch, DataWatch, PatientChildrenWatch

from words import LIMIT, data, wait_until, word


class Caches:
    def __init__(self, zk):
        self.zk = zk
        self.caches = {}
        self.patient = {}

    def be_patient(self, name, path, seconds):
        """Begins to wait until the children have not changed for so long."""
        self.patient[name] = PatientChildrenWatch(self.zk, path, float(seconds)).start()

    def settled(self, name):
        """Waits until they have not; yields them."""
        children, _changed = self.patient[name].get(timeout=LIMIT)
        return " ".join(sorted(children))

    def start(self, name, kind, path):
        self.caches[name] = {"tree": Tree, "data": Data, "children": Children}[kind](self.zk, path)

    def await_data(self, name, path, item):
        """Waits until it holds that at the path, or null."""
        wait_until(f"{path} {item}", lambda: self.caches[name].at(path) == item)

    def await_child(self, name, path, child):
        wait_until(f"{path}/{child}", lambda: child in self.caches[name].children(path))

    def await_no_child(self, name, path, child):
        wait_until(f"no {path}/{child}", lambda: child not in self.caches[name].children(path))

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


class Data:
    def __init__(self, zk, path):
        self.held = None
        DataWatch(zk, path, self.see)

    def see(self, held, _stat):
        self.held = held

    def at(self, _path):
        return word(self.held)


class Children:
    def __init__(self, zk, path):
        self.held = []
        zk.ensure_path(path)
        ChildrenWatch(zk, path, self.see)

    def see(self, held):
        self.held = held

    def children(self, _path):
        return self.held
