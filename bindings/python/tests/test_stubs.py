"""The types that the package declares, compared with what it is."""

from __future__ import annotations

import ast
import importlib.metadata
import inspect
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import zk_recipes
from zk_recipes import _native

PACKAGE = Path(str(resources.files(zk_recipes)))
Function = ast.FunctionDef
# Made by the interpreter, or by the generic machinery.
GIVEN = {"__new__", "__len__", "__class_getitem__"}


def declared() -> dict[str, ast.stmt]:
    tree = ast.parse((PACKAGE / "_native.pyi").read_text())
    kept = (ast.ClassDef, ast.FunctionDef)
    return {node.name: node for node in tree.body if isinstance(node, kept)} | {
        node.target.id: node
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


def names_of(arguments: ast.arguments) -> list[str]:
    return [one.arg for one in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]]


def compare(name: str, stub: Function, real: Any) -> None:
    is_property = any(isinstance(one, ast.Name) and one.id == "property" for one in stub.decorator_list)
    assert inspect.isgetsetdescriptor(real) == is_property, name
    if not is_property and stub.name not in GIVEN:
        assert names_of(stub.args) == list(inspect.signature(real).parameters), name


def test_the_stub_declares_what_the_extension_module_has() -> None:
    stubs = declared()
    real = {name for name in vars(_native) if not name.startswith("__")}
    assert stubs.keys() == real
    for name, stub in stubs.items():
        if isinstance(stub, ast.FunctionDef):
            compare(name, stub, getattr(_native, name))
        if isinstance(stub, ast.ClassDef):
            cls = getattr(_native, name)
            own = {one.name: one for one in stub.body if isinstance(one, ast.FunctionDef)}
            inherited = vars(object).keys() | {"__module__", "__weakref__", "__doc__"}
            assert own.keys() - GIVEN == vars(cls).keys() - inherited - GIVEN, name
            for member, function in own.items():
                compare(f"{name}.{member}", function, vars(cls)[member])


def tool(*args: str) -> None:
    command = [sys.executable, "-m", *args]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_stubtest_finds_no_difference(tmp_path: Path) -> None:
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = true\n")
    tool("mypy.stubtest", "zk_recipes._native", "--mypy-config-file", str(tmp_path / "mypy.ini"))


def test_the_package_and_a_user_of_it_pass_a_strict_type_check(tmp_path: Path) -> None:
    user = tmp_path / "user.py"
    user.write_text(USER)
    tool("mypy", "--strict", "--cache-dir", str(tmp_path), "-p", "zk_recipes")
    tool("mypy", "--strict", "--cache-dir", str(tmp_path), str(user))


USER = '''
from typing_extensions import assert_type
import zk_recipes
from zk_recipes import sync

async def main() -> None:
    async with zk_recipes.connect("h", auth=[("digest", "u:p")]) as zk:
        assert_type((await zk.get("/a")).data, bytes)
        assert_type(await zk.exists("/a"), zk_recipes.Stat | None)
        async with zk.lock("/l").hold(timeout=5) as held:
            assert_type(held.token, int)
            await zk.set("/a", b"", fenced_by=held)
        assert_type(await zk.lock("/l").try_acquire(), zk_recipes.Guard | None)

with sync.connect("h") as zk:
    with zk.lock("/l").hold() as held:
        assert_type(held, sync.Held)
'''


def test_the_package_says_that_it_is_typed_and_which_version_it_is() -> None:
    assert (PACKAGE / "py.typed").exists()
    assert zk_recipes.__version__ == importlib.metadata.version("zk-recipes")
