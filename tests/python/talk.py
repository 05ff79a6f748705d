"""Recipes of kazoo that do what they are told, many at a time in one process: as tests/java/Talk.java.

Lines come on standard input: "CHANNEL open FAMILY CONNECT" begins a channel with a client of its own, and each further
"CHANNEL WORDS" is answered with "CHANNEL ok WORDS" or "CHANNEL failed TEXT", in order. The end of standard input ends it.
"""

import os
import queue
import sys
import threading

from kazoo.client import KazooClient

import kazoo_caches
import kazoo_groups
import kazoo_leases
import kazoo_members
import kazoo_ops
import kazoo_queues
import kazoo_sessions

LIMIT = 60
FAMILIES = {
    "queues": kazoo_queues.Queues,
    "groups": kazoo_groups.Groups,
    "caches": kazoo_caches.Caches,
    "ops": kazoo_ops.Ops,
    "leases": kazoo_leases.Leases,
    "sessions": kazoo_sessions.Sessions,
    "members": kazoo_members.Members,
}
printing = threading.Lock()


def say(line):
    with printing:
        print(line, flush=True)


def open_family(family, connect):
    if hasattr(FAMILIES[family], "open"):
        # It has clients of its own kind.
        return FAMILIES[family].open(connect)
    zk = KazooClient(hosts=connect, timeout=10)
    zk.start(timeout=LIMIT)
    return FAMILIES[family](zk)


def serve(channel, orders):
    family = None
    while True:
        name, *words = orders.get()
        try:
            answer = None
            if name == "open":
                family = open_family(*words)
            else:
                answer = getattr(family, name.replace("-", "_"))(*words)
            say(f"{channel} ok {answer or ''}")
        except BaseException as error:
            say(f"{channel} failed {error!r}")


def main():
    channels = {}
    say("ready")
    for line in sys.stdin:
        channel, *words = line.split()
        if channel not in channels:
            channels[channel] = queue.Queue()
            thread = threading.Thread(target=serve, args=(channel, channels[channel]))
            thread.daemon = True
            thread.start()
        channels[channel].put(words)
    # Threads of clients that nobody closed are left where they are.
    os._exit(0)


main()
