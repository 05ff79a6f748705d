"""Adds one to the number in a plain file, ROUNDS times, each time as the leader that kazoo's Election makes of it.

Arguments: CONNECT PATH COUNTER_FILE ROUNDS PAUSE_MS. The file is read and written without any other protection, so a
lost count is two leaders. Prints "connected", and at the end "done rounds N contended M"; a round is contended if
others were candidates when this program became one.
"""

import sys
import time
from pathlib import Path

from kazoo.client import KazooClient

connect, path, counter, rounds, pause = sys.argv[1:]
counter = Path(counter)
zk = KazooClient(hosts=connect, timeout=30)
zk.start()
print("connected", flush=True)


def lead():
    count = int(counter.read_text())
    time.sleep(int(pause) / 1000)
    counter.write_text(f"{count + 1}\n")


contended = 0
for _ in range(int(rounds)):
    election = zk.Election(path, "kazoo")
    contended += len(election.contenders()) > 0
    election.run(lead)
zk.stop()
zk.close()
print(f"done rounds {rounds} contended {contended}", flush=True)
