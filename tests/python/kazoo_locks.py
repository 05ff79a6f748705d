"""Holds one of kazoo's locks in two threads, each time with a file in a folder, until each has held and waited TIMES
times in each role and there is FOLDER.enough.

Arguments: CONNECT RECIPE PATH FOLDER PERMITS TIMES. RECIPE is `rw` or `semaphore`, or `curator-lock` or `curator-rw` for
kazoo's locks among Curator's: they wait for Curator's names by `extra_lock_patterns`, and are waited for because they are
named as those. A file is called ROLE-WHO; whoever
is in may be with others only as its role allows, and writes ROLE-WHO into FOLDER.log. A wait is a hold that was not to be
had at once. Prints `connected`, and at the end one line `role ROLE holds N waits M` per role.
"""

import os
import sys
import threading
import time
import uuid

from kazoo.client import KazooClient

CONNECT, RECIPE, PATH, FOLDER, PERMITS, TIMES = sys.argv[1:]
counts = {}
faults = []
counting = threading.Lock()


def among_curators(lock, name):
    """Gives the nodes of a lock a name of Curator's."""
    lock.prefix = f"_c_{uuid.uuid4()}{name}"
    lock.create_path = f"{lock.path}/{lock.prefix}"
    return lock


def roles(zk, who):
    if RECIPE == "curator-lock":
        lock = zk.Lock(PATH, who, extra_lock_patterns=["-lock-"])
        return {"write": among_curators(lock, "-lock-")}
    if RECIPE == "curator-rw":
        read = zk.ReadLock(PATH, who, extra_lock_patterns=["__WRIT__"])
        write = zk.WriteLock(PATH, who, extra_lock_patterns=["__WRIT__", "__READ__"])
        return {
            "read": among_curators(read, "-__READ__"),
            "write": among_curators(write, "-__WRIT__"),
        }
    if RECIPE == "semaphore":
        return {"permit": zk.Semaphore(PATH, who, max_leases=int(PERMITS))}
    return {"read": zk.ReadLock(PATH, who), "write": zk.WriteLock(PATH, who)}


def visit(role, who):
    path = os.path.join(FOLDER, f"{role}-{who}")
    with open(path, "x"):
        pass
    try:
        there = os.listdir(FOLDER)
        writers = [name for name in there if name.startswith("write-")]
        right = {
            "write": len(there) == 1,
            "read": not writers,
            "permit": len(there) <= int(PERMITS),
        }
        if not right[role]:
            raise RuntimeError(f"{role}-{who} is in with {there}")
        with open(f"{FOLDER}.log", "a") as log:
            log.write(f"{role}-{who}\n")
        time.sleep(0.002)
    finally:
        os.remove(path)


def run(zk, who):
    try:
        locks = roles(zk, who)
        names = sorted(locks)
        own = {name: [0, 0] for name in names}
        turn = 0
        enough = f"{FOLDER}.enough"
        while any(waits < int(TIMES) for _, waits in own.values()) or not os.path.exists(enough):
            role = names[turn % len(names)]
            turn += 1
            lock = locks[role]
            waited = not lock.acquire(blocking=False)
            if waited and not lock.acquire(timeout=60):
                raise RuntimeError(f"{role}-{who} is not let in")
            try:
                visit(role, who)
            finally:
                lock.release()
            own[role][0] += 1
            own[role][1] += waited
        with counting:
            for role, (holds, waits) in own.items():
                count = counts.setdefault(role, [0, 0])
                count[0] += holds
                count[1] += waits
    except Exception as fault:
        faults.append(repr(fault))


def main():
    threads = []
    clients = []
    for number in range(2):
        zk = KazooClient(hosts=CONNECT, timeout=30)
        zk.start(timeout=30)
        clients.append(zk)
        threads.append(threading.Thread(target=run, args=(zk, f"kazoo-{number}")))
    print("connected", flush=True)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for role, (holds, waits) in sorted(counts.items()):
        print(f"role {role} holds {holds} waits {waits}", flush=True)
    for zk in clients:
        zk.stop()
        zk.close()
    for fault in faults:
        print(fault, file=sys.stderr)
    sys.exit(1 if faults else 0)


main()
