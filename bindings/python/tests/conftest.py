"""Runs asynchronous tests, each in an event loop of its own."""

from __future__ import annotations

import asyncio
import inspect

import pytest

LIMIT = 60.0


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}

    async def limited() -> None:
        await asyncio.wait_for(pyfuncitem.obj(**arguments), LIMIT)

    asyncio.run(limited())
    return True
