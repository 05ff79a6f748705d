"""Contenders of one lock that keep a ledger, on unmodified kazoo. tests/README.md has the protocol."""

import json
import os
import sys
import threading

from kazoo.client import KazooClient
from kazoo.exceptions import (
    BadVersionError,
    KazooException,
    LockTimeout,
    NodeExistsError,
    NoNodeError,
)

CONNECT = os.environ["ZK_CONNECT"]
LOCK = os.environ["ZK_LOCK"]
BASE = os.environ["ZK_BASE"]
SESSION = int(os.environ["ZK_SESSION_MS"]) / 1000

ended = threading.Event()
printing = threading.Lock()


def say(**line):
    with printing:
        print(json.dumps(line), flush=True)


def outcome(call, *args, **options):
    """Makes a call once, and says how it ended."""
    try:
        call(*args, **options)
    except (BadVersionError, NoNodeError, NodeExistsError):
        return "not_applied"
    except KazooException as error:
        print(f"{error!r}", file=sys.stderr)
        return "unknown"
    return "done"


def hold(zk, who, count):
    lock = zk.Lock(LOCK, who)
    try:
        lock.acquire(timeout=20)
    except LockTimeout:
        return count
    try:
        token = zk.get(f"{LOCK}/{lock.node}")[1].czxid
        own = f"{who}-{count}"
        data, stat = zk.get(f"{BASE}/counter")
        saw = data.decode()
        n = int(saw.split(" ")[0]) + 1
        added = outcome(
            zk.set, f"{BASE}/counter", f"{n} {own}".encode(), version=stat.version
        )
        say(
            event="call", op="add", id=own, token=token, saw=saw,
            saw_zxid=stat.mzxid, n=n, outcome=added,
        )  # fmt: skip
        marked = outcome(zk.create, f"{BASE}/marks/{own}", str(token).encode())
        say(event="call", op="mark", id=own, token=token, outcome=marked)
    finally:
        lock.release()
    say(
        event="hold", who=who, token=token, granted=None, safe_until=None,
        end="released",
    )  # fmt: skip
    return count + 1


def contend(zk, who):
    count = 0
    while not ended.is_set():
        try:
            count = hold(zk, who, count)
        except KazooException as error:
            print(f"{who}: {error!r}", file=sys.stderr)
            count += 1
    zk.stop()
    zk.close()


def main():
    name = os.environ["ZK_NAME"]
    threads = []
    for number in range(int(os.environ["ZK_CONTENDERS"])):
        zk = KazooClient(hosts=CONNECT, timeout=SESSION)
        zk.start(timeout=30)
        who = f"{name}-{number}"
        threads.append(threading.Thread(target=contend, args=(zk, who)))
    say(event="ready")
    for thread in threads:
        thread.start()
    sys.stdin.read()
    ended.set()
    for thread in threads:
        thread.join()
    say(event="end")


main()
