"""Operations of kazoo's client, with a chroot and an identity once told so."""

import queue

from kazoo.security import CREATOR_ALL_ACL
from kazoo.version import __version__

from words import LIMIT, data, word


class Ops:
    def __init__(self, zk):
        self.zk = zk

    def enter(self, chroot, identity):
        self.zk.add_auth("digest", identity)
        self.zk.chroot = chroot

    def reply(self, path, wanted, answer):
        """Waits for the data, and then answers and makes a child in one transaction."""
        events = queue.Queue()
        while True:
            held, stat = self.zk.get(path, watch=events.put)
            if word(held) == wanted:
                break
            events.get(timeout=LIMIT)
        transaction = self.zk.transaction()
        transaction.check(path, stat.version)
        transaction.set_data(path, data(answer), stat.version)
        transaction.create(path + "/k", b"", acl=CREATOR_ALL_ACL, sequence=True)
        results = transaction.commit()
        if any(isinstance(result, Exception) for result in results):
            raise RuntimeError(results)

    def create(self, path, item, kind):
        return self.zk.create(
            path,
            data(item),
            makepath=True,
            ephemeral="ephemeral" in kind,
            sequence="sequential" in kind,
        )

    def stat(self, path):
        stat = self.zk.exists(path)
        return f"{stat.ephemeralOwner & (2**64 - 1):x}" if stat else "null"

    def delete(self, path):
        self.zk.delete(path)

    def close(self):
        self.zk.stop()
        self.zk.close()

    def version(self):
        return __version__
