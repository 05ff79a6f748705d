"""Bytes as words, as in tests/java/Talk.java, and waiting."""

import time

LIMIT = 60


def word(data):
    if data is None:
        return "null"
    return data.hex() or "-"


def data(word):
    return b"" if word == "-" else bytes.fromhex(word)


def wait_until(what, holds):
    end = time.monotonic() + LIMIT
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"waited in vain: {what}")
        time.sleep(0.001)
