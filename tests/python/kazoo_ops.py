"""Operations of kazoo's client, with a chroot and an identity once told so."""

import queue

from kazoo.exceptions import NoNodeError, NotEmptyError
from kazoo.security import ACL, CREATOR_ALL_ACL, Id, make_digest_acl_credential
from kazoo.version import __version__

from words import LIMIT, data, word


def entry(text):
    """Of an ACL: digest:USER:PASSWORD:BITS or world:anyone:BITS."""
    scheme, *names, bits = text.split(":")
    name = make_digest_acl_credential(*names) if scheme == "digest" else names[0]
    return ACL(int(bits), Id(scheme, name))


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

    def set(self, path, item):
        self.zk.set(path, data(item))

    def get(self, path):
        return word(self.zk.get(path)[0])

    def sync(self, path):
        self.zk.sync(path)

    def set_acl(self, path, version, *entries):
        self.zk.set_acls(path, [entry(text) for text in entries], int(version))

    def get_acl(self, path):
        """VERSION SCHEME:ID:BITS …"""
        acl, stat = self.zk.get_acls(path)
        entries = (f"{entry.id.scheme}:{entry.id.id}:{entry.perms}" for entry in acl)
        return " ".join([str(stat.acl_version), *entries])

    def grow(self, path, count):
        """Adds children until there are so many or the node is gone; how many it added."""
        for added in range(int(count)):
            try:
                self.zk.create(f"{path}/k{added}", b"")
            except NoNodeError:
                return str(added)
        return count

    def fell(self, path):
        """Deletes a tree, again where somebody had added to it; how often that was."""
        again = 0
        while True:
            try:
                self.zk.delete(path, recursive=True)
                return str(again)
            except NotEmptyError:
                again += 1

    def close(self):
        self.zk.stop()
        self.zk.close()

    def version(self):
        return __version__
