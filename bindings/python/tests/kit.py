"""What several tests need: programs of their own, and waiting on conditions."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

LIMIT = 30.0


def start(program: str, *args: str) -> subprocess.Popen[str]:
    """Starts a Python program that talks with the test through its standard input and output."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", program, *args]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Waits for its end: exit code, output, errors."""
    try:
        out, err = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"it hangs; it said {out!r} and {err!r}") from None
    return process.returncode, out, err


def passes(program: str, *args: str) -> str:
    """Runs a Python program that has to end well and silently; returns what it printed."""
    code, out, err = finish(start(program, *args))
    assert (code, err) == (0, ""), f"exit code {code}, {out}\n{err}"
    return out


def says(process: subprocess.Popen[str], word: str) -> None:
    """Waits until the program prints this line."""
    assert process.stdout is not None and process.stderr is not None
    # One that says nothing is stopped, which ends the wait.
    watchdog = threading.Timer(LIMIT, process.kill)
    watchdog.start()
    line = process.stdout.readline().strip()
    watchdog.cancel()
    watchdog.join()
    if line != word:
        process.kill()
        raise AssertionError(f"expected {word!r}, got {line!r}: {process.stderr.read()}")


def tell(process: subprocess.Popen[str], word: str) -> None:
    """Sends a line to the program."""
    assert process.stdin is not None
    process.stdin.write(word + "\n")
    process.stdin.flush()


async def until(wanted: Callable[[], object], timeout: float = 10.0) -> None:
    """Waits, letting the loop run, until ``wanted()`` is true."""
    deadline = time.monotonic() + timeout
    while not wanted():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.002)


def os_threads() -> int:
    """How many threads the process has, those of the extension included."""
    return len(list(Path("/proc/self/task").iterdir()))
