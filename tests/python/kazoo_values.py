"""One side of a number of rounds with one of kazoo's counters or barriers: kazoo_values.py CONNECT PART PATH ROUNDS.

Prints "ready" when it begins and "done" with the number of rounds at the end; the other side does the same at the same time.
"""

import sys
import time

from kazoo.client import KazooClient

CONNECT, PART, PATH, ROUNDS = sys.argv[1:]
ROUNDS = int(ROUNDS)
LIMIT = 60


def check(holds):
    if not holds:
        sys.exit("not as it should be")


def increment(zk, step=1, **options):
    counter = zk.Counter(PATH, **options)
    done = 0
    # Goes on after its rounds until the other side has done enough as well.
    while done < ROUNDS or not zk.exists(PATH + "-stop"):
        counter += step
        done += 1
    return done


def barrier(zk):
    """Each side waits for its own barrier, sets it again, and removes the other's."""
    ping, pong = zk.Barrier(PATH + "/ping"), zk.Barrier(PATH + "/pong")
    for _ in range(ROUNDS):
        check(ping.wait(LIMIT))
        ping.create()
        pong.remove()
    return ROUNDS


def double(zk):
    for round in range(ROUNDS):
        members = zk.DoubleBarrier(f"{PATH}/barrier-{round}", 3)
        came, entered, leaves = (
            zk.Counter(f"{PATH}/{step}-{round}") for step in ("came", "entered", "leaves")
        )
        came += 1
        members.enter()
        check(members.participating and came.value == 3)
        entered += 1
        end = time.monotonic() + LIMIT
        while entered.value < 3:
            check(time.monotonic() < end)
            time.sleep(0.001)
        leaves += 1
        members.leave()
        check(leaves.value == 3)
    return ROUNDS


def main():
    zk = KazooClient(hosts=CONNECT, timeout=10)
    zk.start(timeout=LIMIT)
    print("ready", flush=True)
    if PART == "counter":
        done = increment(zk)
    elif PART == "floats":
        done = increment(zk, step=0.25, default=0.0)
    elif PART == "curator-counter":
        done = increment(zk, support_curator=True)
    elif PART == "barrier":
        done = barrier(zk)
    else:
        done = double(zk)
    print("done", done, flush=True)
    zk.stop()
    zk.close()


main()
