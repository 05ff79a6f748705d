"""The README's lines, run."""

from __future__ import annotations

import re
from pathlib import Path

from kit import passes
from zk_recipes.testing import Server

README = Path(__file__).parent.parent / "README.md"
HOSTS = "zk1:2181,zk2:2181,zk3:2181"


def blocks() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)


def run(program: str, server: Server) -> str:
    assert HOSTS in program
    return passes(program.replace(HOSTS, server.connect_string))


def test_the_ten_lines_of_the_readme_hold_a_lock_and_write_under_it(zk_server: Server) -> None:
    lines, *_ = blocks()
    assert len([line for line in lines.splitlines() if line]) <= 10
    assert run(lines, zk_server).startswith("fencing token ")
    assert zk_server.data("/result") == b"done" and zk_server.paths("/locks/billing") == []


def test_the_lines_for_threads_do_the_same(zk_server: Server) -> None:
    _, lines, *_ = blocks()
    run(lines, zk_server)
    assert zk_server.data("/result") == b"done" and zk_server.paths("/locks/billing") == []
