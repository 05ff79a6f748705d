"""A client of kazoo that follows and changes which servers there are, or that takes servers which only read."""

from kazoo.exceptions import NotReadOnlyCallError
from kazoo.protocol.states import KeeperState

from kazoo_sessions import client
from words import LIMIT, data, wait_until, word

CONFIG = "/zookeeper/config"


class Members:
    @classmethod
    def open(cls, connect):
        return cls(connect)

    def __init__(self, connect):
        self.connect = connect
        self.zk = None
        self.known = ""

    def follow(self, identity):
        self.zk = client(self.connect, auth_data=[("digest", identity)])
        self.zk.start(timeout=LIMIT)
        self.zk.DataWatch(CONFIG, self.found)

    def found(self, text, _):
        lines = (text or b"").decode().split("\n")
        ids = (line.split("=")[0].split(".")[1] for line in lines if line.startswith("server."))
        self.known = ",".join(sorted(ids))

    def until_members(self, ids):
        wait_until(f"members {ids}", lambda: self.known == ids)

    def leave(self, member):
        self.zk.retry(self.zk.reconfig, joining=None, leaving=member, new_members=None)

    def join(self, line):
        self.zk.retry(self.zk.reconfig, joining=line, leaving=None, new_members=None)

    def config(self):
        return word(self.zk.retry(self.zk.get, CONFIG)[0])

    def look(self):
        self.zk = client(self.connect, read_only=True)
        self.zk.start(timeout=LIMIT)

    def until_read_only(self):
        wait_until("read-only", lambda: self.zk.client_state == KeeperState.CONNECTED_RO)

    def until_writable(self):
        wait_until("writable", lambda: self.zk.client_state == KeeperState.CONNECTED)

    def close(self):
        self.zk.stop()
        self.zk.close()

    def get(self, path):
        return word(self.zk.retry(self.zk.get, path)[0])

    def set(self, path, item):
        self.zk.retry(self.zk.set, path, data(item))

    def refused(self, path):
        try:
            self.zk.set(path, b"")
        except NotReadOnlyCallError:
            return "read-only"
        return "written"
