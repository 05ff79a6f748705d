"""A round of work with each of kazoo's recipes: kazoo_recipes.py CONNECT PART.

Prints what it saw, and waits for a line where the test has something to do in between.
"""

import sys
import threading
import time

from kazoo.client import KazooClient, KazooState
from kazoo.recipe.cache import TreeCache

CONNECT, PART = sys.argv[1:]
LIMIT = 30


def say(text):
    print(text, flush=True)


def client():
    zk = KazooClient(
        hosts=CONNECT,
        timeout=10,
        connection_retry={"max_tries": -1, "delay": 0.02, "max_delay": 0.1},
        command_retry={"max_tries": 10, "delay": 0.02, "max_delay": 0.1},
    )
    zk.suspensions = 0

    def on_state(state):
        zk.suspensions += state == KazooState.SUSPENDED

    zk.add_listener(on_state)
    zk.start(timeout=LIMIT)
    return zk


def until(what, condition):
    """Waits until the condition holds; kazoo tells nobody when its background work is done."""
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"waited in vain for {what}")
        time.sleep(0.005)


def after_the_cut(*clients):
    """Waits until the test has cut the connections, and all are back in their sessions."""
    sys.stdin.readline()
    for zk in clients:
        until("a cut", lambda zk=zk: zk.suspensions > 0)
        until("a connection", lambda zk=zk: zk.state == KazooState.CONNECTED)


def end(*clients):
    for zk in clients:
        zk.stop()
        zk.close()


def lock():
    first, second = client(), client()
    one, two = first.Lock("/lock", "first"), second.Lock("/lock", "second")
    one.acquire(timeout=LIMIT)
    first.suspensions = 0
    say("first holds")
    second_holds = threading.Event()

    def wait():
        two.acquire(timeout=LIMIT)
        second_holds.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    until("two contenders", lambda: one.contenders() == ["first", "second"])
    say("second waits")
    after_the_cut(first, second)
    first.sync("/lock")
    assert one.is_acquired and not second_holds.is_set()
    assert one.contenders() == ["first", "second"], one.contenders()
    say("first still holds, second still waits")
    one.release()
    waiting.join(LIMIT)
    assert second_holds.is_set() and two.contenders() == ["second"]
    say("second holds after first")
    two.release()

    first.create("/counter", b"0")
    inside, most = [], []

    def count(zk):
        mutex = zk.Lock("/lock")
        for _ in range(20):
            with mutex:
                inside.append(zk)
                most.append(len(inside))
                value = int(zk.get("/counter")[0])
                zk.set("/counter", str(value + 1).encode())
                inside.remove(zk)

    threads = [threading.Thread(target=count, args=(zk,)) for zk in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    total = int(first.get("/counter")[0])
    say(f"counted {total} of 40, at most {max(most)} at a time")
    end(first, second)


def party():
    first, second, onlooker = client(), client(), client()
    one, two = first.Party("/party", "one"), second.Party("/party", "two")
    seen = onlooker.Party("/party")

    def members(*names):
        until(f"members {names}", lambda: sorted(seen) == sorted(names))
        assert len(seen) == len(names)
        say("members " + (" ".join(sorted(seen)) or "none"))

    one.join()
    two.join()
    members("one", "two")
    after_the_cut(first, second, onlooker)
    members("one", "two")
    one.leave()
    members("two")
    # Without a word: the member goes with its session.
    end(second)
    members()
    end(first, onlooker)


def queue():
    first, second = client(), client()
    producer, consumer = first.Queue("/queue"), second.Queue("/queue")
    for number in range(9):
        producer.put(f"item-{number}".encode())
    producer.put(b"urgent", priority=50)
    say("put 10")
    after_the_cut(first, second)
    say(f"len {len(consumer)}")
    got = [consumer.get().decode() for _ in range(10)]
    assert consumer.get() is None
    say("got " + " ".join(got))
    locking = first.LockingQueue("/locking")
    locking.put_all([b"a", b"b"])
    taking = second.LockingQueue("/locking")
    taken = []
    for _ in range(2):
        taken.append(taking.get(timeout=LIMIT).decode())
        assert taking.holds_lock() and taking.consume()
    say("locking queue consumed " + " ".join(taken))
    end(first, second)


def watchers():
    watcher, writer = client(), client()
    say(f"watcher session {watcher.client_id[0]}")
    data, children = [], []

    @watcher.DataWatch("/watched")
    def on_data(value, stat):
        data.append(value and value.decode())

    def saw(wanted_data, wanted_children):
        until(f"data {wanted_data}, not {data}", lambda: data == wanted_data)
        until(
            f"children {wanted_children}, not {children}",
            lambda: children == wanted_children,
        )
        shown = ", ".join(str(value) for value in data)
        say(f"data {shown}; children " + ", ".join(f"[{c}]" for c in children))

    until("no data", lambda: data == [None])
    writer.create("/watched", b"one")
    until("the first data", lambda: data[-1] == "one")

    @watcher.ChildrenWatch("/watched")
    def on_children(names):
        children.append(" ".join(sorted(names)))

    writer.set("/watched", b"two")
    until("the second data", lambda: data[-1] == "two")
    for name in "ab":
        writer.create(f"/watched/{name}")
        until(f"child {name}", lambda name=name: children[-1].endswith(name))
    saw([None, "one", "two"], ["", "a", "a b"])
    data.clear()
    children.clear()
    sys.stdin.readline()
    writer.set("/watched", b"three")
    writer.delete("/watched/a")
    say("changed")
    saw(["three"], ["b"])
    data.clear()
    children.clear()
    writer.set("/watched", b"four")
    writer.delete("/watched/b")
    saw(["four"], [""])
    end(watcher, writer)


def cache():
    reader, writer = client(), client()
    say(f"cache session {reader.client_id[0]}")
    for path, value in (("", "root"), ("/a", "1"), ("/a/x", "2"), ("/b", "3")):
        writer.create(f"/tree{path}", value.encode())
    tree = TreeCache(reader, "/tree")
    faults = []
    tree.listen_fault(faults.append)
    tree.start()

    def cached(path="/tree"):
        node = tree.get_data(path)
        if node is None:
            return []
        own = [f"{path}={node.data.decode()}"]
        below = sorted(tree.get_children(path, ()))
        return own + [line for name in below for line in cached(f"{path}/{name}")]

    def shows(*wanted):
        until(f"{wanted}, not {cached()}", lambda: cached() == list(wanted))
        assert not faults, faults
        say("cache " + " ".join(cached()))

    shows("/tree=root", "/tree/a=1", "/tree/a/x=2", "/tree/b=3")
    writer.set("/tree/a", b"one")
    writer.delete("/tree/a/x")
    writer.create("/tree/c", b"4")
    shows("/tree=root", "/tree/a=one", "/tree/b=3", "/tree/c=4")
    sys.stdin.readline()
    writer.set("/tree/a", b"uno")
    writer.create("/tree/a/y", b"5")
    writer.delete("/tree/b")
    writer.delete("/tree/c")
    writer.create("/tree/d", b"6")
    say("changed")
    shows("/tree=root", "/tree/a=uno", "/tree/a/y=5", "/tree/d=6")
    tree.close()
    writer.delete("/tree", recursive=True)
    end(reader, writer)


{"lock": lock, "party": party, "queue": queue, "watchers": watchers, "cache": cache}[
    PART
]()
