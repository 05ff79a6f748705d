"""Clients of kazoo whose connections break, and whose sessions end or go over to others."""

import logging
import queue

from kazoo.client import KazooClient
from kazoo.retry import KazooRetry

from words import LIMIT, data, wait_until, word


# Each cut is told there, and there are many.
quiet = logging.getLogger("cut")
quiet.setLevel(logging.CRITICAL)


def client(connect, **more):
    patience = {"max_tries": -1, "delay": 0.01, "max_delay": 0.1}
    return KazooClient(
        hosts=connect,
        timeout=10,
        logger=quiet,
        connection_retry=KazooRetry(**patience),
        command_retry=KazooRetry(**patience),
        **more,
    )


def as_session(session, password):
    number = int(session, 16)
    return number - (number >> 63 << 64), bytes.fromhex(password)


class Sessions:
    @classmethod
    def open(cls, connect):
        return cls(connect)

    def __init__(self, connect):
        self.connect = connect
        self.states = queue.Queue()
        self.start(client(connect))

    def start(self, zk):
        self.zk = zk
        zk.add_listener(self.states.put)
        zk.start(timeout=LIMIT)
        assert self.state() == "CONNECTED"

    def state(self):
        """The next state that a listener is told."""
        return self.states.get(timeout=LIMIT)

    def id(self):
        session, password = self.zk.client_id
        return f"{session & (2**64 - 1):x} {password.hex()}"

    def end(self, connect, session, password):
        """Ends somebody's session."""
        heir = client(connect, client_id=as_session(session, password))
        heir.start(timeout=LIMIT)
        assert heir.client_id[0] == as_session(session, password)[0]
        heir.stop()
        heir.close()

    def take(self, connect, session, password):
        """Goes on with somebody's session in place of its own."""
        self.close()
        self.states = queue.Queue()
        self.start(client(connect, client_id=as_session(session, password)))
        assert self.zk.client_id[0] == as_session(session, password)[0]

    def leave(self):
        """Ends without a connection, so that the session stays."""
        assert self.state() == "SUSPENDED"
        self.close()

    def close(self):
        self.zk.stop()
        self.zk.close()

    def keep(self, path):
        self.zk.create(path, ephemeral=True)

    def set(self, path, item):
        """Tries again until it is answered."""
        self.zk.retry(self.zk.set, path, data(item))

    def get(self, path):
        return word(self.zk.retry(self.zk.get, path)[0])

    def owner(self, path):
        stat = self.zk.retry(self.zk.exists, path)
        return f"{stat.ephemeralOwner & (2**64 - 1):x}" if stat else "null"

    def gone(self, path):
        wait_until(f"{path} gone", lambda: not self.zk.retry(self.zk.exists, path))

    def command(self, words):
        """The server's answer to a four-letter word, and its release."""
        answer = self.zk.command(words.encode())
        return word(answer.encode())

    def release(self):
        return ".".join(map(str, self.zk.server_version()))
