"""The exceptions."""

from __future__ import annotations

import inspect
import pickle

import pytest
import zk_recipes
from zk_recipes import ZkError, _errors, _native
from zk_recipes._inbox import run
from zk_recipes.testing import Server

CLASSES = {
    name: value
    for name, value in vars(_errors).items()
    if inspect.isclass(value) and issubclass(value, ZkError)
}


def test_the_exceptions_are_those_of_the_one_table_with_its_numbers() -> None:
    table = {python: number for number, _, python in _native.error_table()}
    own = {name: cls.code for name, cls in CLASSES.items() if "code" in vars(cls)}
    del own["ZkError"]
    assert own == table
    # The others stand for several kinds, or are told apart in Python alone.
    assert CLASSES.keys() - own.keys() == {"ZkError", "RefusedError", "HoldError", "ForkedError"}
    assert CLASSES.keys() <= set(zk_recipes.__all__)


def test_kinds_of_the_server_are_refusals_and_only_they() -> None:
    for name, cls in CLASSES.items():
        if cls.code is not None:
            assert issubclass(cls, zk_recipes.RefusedError) == (cls.code < 0 or cls.code == 1), name


def test_timeouts_are_timeout_errors_and_broken_connections_connection_errors() -> None:
    timeouts = {name for name, cls in CLASSES.items() if issubclass(cls, TimeoutError)}
    assert timeouts == {"RequestTimeout", "AcquireTimeout", "NoServerReachable", "WaitTimeout"}
    broken = {name for name, cls in CLASSES.items() if issubclass(cls, ConnectionError)}
    assert broken == {"ConnectionLost", "NoServerReachable", "TlsError"}


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_no_exception_is_without_text_and_each_survives_pickling(name: str) -> None:
    assert str(CLASSES[name]())
    error = CLASSES[name]("why", path="/a", fate="unknown", server="zk1:2181", op="set")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is CLASSES[name] and str(again) == "why"
    assert (again.path, again.fate, again.server, again.op) == ("/a", "unknown", "zk1:2181", "set")


async def test_an_error_names_operation_path_server_and_session(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        await zk.create("/a")
        with pytest.raises(zk_recipes.NoNodeError) as caught:
            await zk.create("/a/b/c")
        error = caught.value
        assert (error.op, error.path, error.fate, error.retry) == ("create", "/a/b/c", "not_applied", "never")
        assert (error.code, error.server) == (-101, zk_server.connect_string)
        assert error.session == zk.session_id
        assert "nearest existing: /a" in str(error)


async def test_a_lost_answer_leaves_the_fate_unknown_and_asks_for_settling(
    zk_server: Server,
) -> None:
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        fault = zk_server.cut_after("create")
        with pytest.raises(zk_recipes.ConnectionLost) as caught:
            await zk.create("/a")
        assert fault.fired == 1 and zk_server.paths() == ["/a"]
        assert (caught.value.fate, caught.value.retry) == ("unknown", "after_settling")
        assert isinstance(caught.value, ConnectionError)
        zk_server.throttle("set")
        with pytest.raises(zk_recipes.ThrottledError) as throttled:
            await zk.set("/a", b"1")
        assert (throttled.value.fate, throttled.value.retry) == ("not_applied", "same_session")


async def test_a_request_without_an_answer_times_out(zk_server: Server) -> None:
    async with zk_recipes.connect(zk_server.connect_string, request_timeout=0.1) as zk:
        zk_server.delay(5.0, "create")
        with pytest.raises(TimeoutError) as caught:
            await zk.create("/a")
        assert isinstance(caught.value, zk_recipes.RequestTimeout)
        assert caught.value.fate == "unknown" and caught.value.path == "/a"
        zk_server.release_replies()


async def test_a_server_that_nobody_runs_is_named_with_the_reason() -> None:
    with pytest.raises(zk_recipes.NoServerReachable) as caught:
        await zk_recipes.connect("127.0.0.1:1", connect_timeout=0.2)
    assert "127.0.0.1:1: " in str(caught.value) and "zkctl dev" in str(caught.value)


async def test_a_panic_is_an_internal_error_and_the_process_goes_on(
    zk_server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(zk_recipes.InternalError, match="please report it"):
        _native.panic_in_call()
    with pytest.raises(zk_recipes.InternalError):
        _native.panic_in_work().wait()
    with pytest.raises(zk_recipes.InternalError):
        await run(_native.panic_in_work())
    assert "on purpose, in work" in capfd.readouterr().err
    async with zk_recipes.connect(zk_server.connect_string) as zk:
        await zk.create("/a")
