"""``--transform``: plain values in and out, exactly, and a function's mistakes in words."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from osem_tasks.data import codec, transform
from osem_tasks.data.transform import Transform
from osem_tasks.errors import ConfigurationError
from tests.support.items import ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Iterator

ITEM = {"id": {"S": "1"}, "at": {"N": "5"}}
OTHER = {"id": {"S": "2"}}


def applied(function: Any, item: dict[str, Any] | None = None) -> list[Any]:
    """What a function makes of an item."""
    return Transform("m:f", function, Path())(ITEM if item is None else item)


def refused(function: Any) -> str:
    """The message for what a function does with an item."""
    with pytest.raises(ConfigurationError) as caught:
        applied(function)
    return caught.value.message


@given(ATTRIBUTES)
def test_what_a_function_leaves_alone_stays_exactly(item: dict[str, Any]) -> None:
    """Every type goes through plain values and back: 38 digits, bytes, sets, nested."""
    (same,) = applied(lambda plain: plain, item)

    assert codec.canonical(same) == codec.canonical(item)


def test_a_function_gets_plain_values() -> None:
    """Decimal, bytes, set, list, dict, bool and None, as boto3's resources give them."""
    seen: list[Any] = []
    item = {
        "s": {"S": "x"},
        "n": {"N": "1.50"},
        "b": {"B": "AAE="},
        "t": {"BOOL": True},
        "z": {"NULL": True},
        "l": {"L": [{"N": "1"}]},
        "m": {"M": {"k": {"S": "v"}}},
        "ns": {"NS": ["1", "2"]},
        "bs": {"BS": ["AAE="]},
    }

    applied(seen.append, item)

    assert seen == [
        {
            "s": "x",
            "n": Decimal("1.50"),
            "b": b"\x00\x01",
            "t": True,
            "z": None,
            "l": [Decimal(1)],
            "m": {"k": "v"},
            "ns": {Decimal(1), Decimal(2)},
            "bs": {b"\x00\x01"},
        }
    ]


def two(_: Any) -> Iterator[Any]:
    """Yield two items."""
    yield {"id": "1"}
    yield {"id": "2"}


@pytest.mark.parametrize(
    "function, expected",
    [
        pytest.param(lambda _: None, [], id="none"),
        pytest.param(lambda _: [], [], id="empty-list"),
        pytest.param(lambda _: {"id": "2"}, [OTHER], id="one"),
        pytest.param(lambda item: [item, {"id": "2"}], [ITEM, OTHER], id="list"),
        pytest.param(lambda item: (item,), [ITEM], id="tuple"),
        pytest.param(two, [{"id": {"S": "1"}}, OTHER], id="generator"),
        pytest.param(lambda item: item.clear() or {"id": "2"}, [OTHER], id="in-place"),
    ],
)
def test_one_several_or_none(function: Any, expected: list[Any]) -> None:
    """An item becomes one item, several, or none."""
    assert applied(function) == expected


def fails(_: Any) -> Any:
    """Fail as a function does that does not know an item."""
    raise KeyError("season")


@pytest.mark.parametrize(
    "function, problem",
    [
        pytest.param(fails, "test_transform.py line", id="place"),
        pytest.param(fails, "KeyError: 'season'", id="raises"),
        pytest.param(lambda _: sys.exit("no"), "SystemExit: no", id="exits"),
        pytest.param(lambda: None, "takes 0 positional arguments", id="no-parameter"),
        pytest.param(lambda _: "x", "it returned a value of the type str", id="text"),
        pytest.param(lambda _: True, "it returned a value of the type bool", id="true"),
        pytest.param(lambda _: [1], "it returned a list with a value of the type int", id="list"),
        pytest.param(lambda _: [None], "a list with a value of the type NoneType", id="nones"),
        pytest.param(lambda _: {"a": 1.5}, "cannot hold: a: 1.5 is a float", id="float"),
        pytest.param(lambda _: {"a": set()}, "cannot hold: a: the set is empty", id="empty-set"),
        pytest.param(lambda _: {"a": {1: 2}}, "the name 1 must be a text", id="name"),
        pytest.param(lambda _: {"a": Decimal("NaN")}, "NaN is not a number", id="nan"),
        pytest.param(lambda _: {"a": object()}, "a value of the type object", id="object"),
    ],
)
def test_mistakes_of_a_function(function: Any, problem: str) -> None:
    """Each is one sentence with the item's number, none an unknown error."""
    message = refused(function)

    assert problem in message
    assert message.count("--transform m:f, item 1") == 1


def test_what_a_function_prints_does_not_reach_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    """Stdout is for the task's one document."""
    applied(lambda item: print(item["id"]))  # noqa: T201  what a function may do

    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "1\n")


@pytest.mark.parametrize(
    "source, problem",
    [
        ("moves", "does not have the form package.module:function"),
        ("moves.py:f", "No module named 'moves"),
        ("moves:", "does not have the form"),
        ("../moves:f", "does not have the form"),
        ("no_such_module:f", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("moves_of_a_test:nothing", "has no attribute 'nothing'"),
        ("moves_of_a_test:VALUE", "it is no function, but 5"),
        ("broken_of_a_test:f", "broken_of_a_test.py line 1"),
    ],
)
def test_sources_that_name_no_function(tmp_path: Path, source: str, problem: str) -> None:
    """A wrong name, a module that is not there or fails, a value that is no function."""
    (tmp_path / "moves_of_a_test.py").write_text("VALUE = 5\ndef f(item): return item\n")
    (tmp_path / "broken_of_a_test.py").write_text("1 / 0\n")

    try:
        with pytest.raises(ConfigurationError) as caught:
            transform.load(source, tmp_path)
    finally:
        sys.path[:] = [path for path in sys.path if path != str(tmp_path)]

    assert problem in caught.value.message
    assert "ConfigurationError" not in caught.value.message
    assert "def" not in caught.value.message


def test_a_function_is_found_beside_the_configuration(tmp_path: Path) -> None:
    """The project's folder is on the search path, for an installed program too."""
    (tmp_path / "other_moves_of_a_test.py").write_text(
        "def f(item):\n    return item | {'id': 'x'}\n"
    )

    try:
        function = transform.load("other_moves_of_a_test:f", tmp_path)
    finally:
        sys.path[:] = [path for path in sys.path if path != str(tmp_path)]

    assert function(ITEM) == [{**ITEM, "id": {"S": "x"}}]
