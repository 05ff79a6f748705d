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

    def submit(self, path, count):
        """Makes so many children at once; their names as they were answered."""
        answers = [
            self.zk.create_async(f"{path}/n", f"k{n}".encode(), sequence=True)
            for n in range(int(count))
        ]
        paths = [answer.get(timeout=LIMIT) for answer in answers]
        return " ".join(path.rsplit("/", 1)[1] for path in paths)

    def list(self, path):
        """The data of all children in the order of their names, asked for at once."""
        names = sorted(self.zk.get_children(path))
        answers = [self.zk.get_async(f"{path}/{name}") for name in names]
        return " ".join(answer.get(timeout=LIMIT)[0].decode() for answer in answers)

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
