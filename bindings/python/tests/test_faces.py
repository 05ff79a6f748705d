"""The two faces, compared."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import zk_recipes
from zk_recipes import sync

CLASSES = ["Client", "Lock", "Hold", "Guard", "Held"]
# A thread cannot be stopped from outside.
ONLY_ASYNC = {("Lock.hold", "on_doubt")}
RENAMED = {"__aenter__": "__enter__", "__aexit__": "__exit__", "__await__": None}


def members(cls: type[Any]) -> dict[str, Any]:
    found = {}
    for name, member in inspect.getmembers(cls):
        name = RENAMED.get(name, name) or ""
        inherited = name.startswith("_") and name not in ("__enter__", "__exit__", "__init__")
        if name and not inherited:
            found[name] = member
    return found


def parameters(name: str, function: Any) -> list[tuple[str, object]]:
    found = inspect.signature(function).parameters.values()
    return [
        (f"{one.name} {one.kind}", one.default) for one in found if (name, one.name) not in ONLY_ASYNC
    ]


@pytest.mark.parametrize("name", CLASSES)
def test_both_faces_have_the_same_names_parameters_and_defaults(name: str) -> None:
    one, other = members(getattr(zk_recipes, name)), members(getattr(sync, name))
    assert one.keys() == other.keys()
    for member in one:
        if callable(one[member]) and not (name == "Hold" and member == "__init__"):
            full = f"{name}.{member}"
            assert parameters(full, one[member]) == parameters(full, other[member]), full


def test_both_faces_connect_with_the_same_options() -> None:
    assert parameters("connect", zk_recipes.connect) == parameters("connect", sync.connect)


def test_everything_public_has_documentation() -> None:
    for module in (zk_recipes, sync):
        for name in module.__all__:
            thing = getattr(module, name)
            if not (inspect.isclass(thing) or callable(thing)):
                continue
            assert thing.__doc__, name
            if not inspect.isclass(thing) or issubclass(thing, tuple):
                continue
            for part, value in vars(thing).items():
                if not part.startswith("_") and callable(value):
                    assert value.__doc__, f"{name}.{part}"
