"""Items to files and back, on every engine."""

from __future__ import annotations

import base64
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from osem_tasks.data import codec, exports, lines
from tests.support.items import NUMBER, VALUES, deep, native

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.integration.conftest import Engine
    from tests.support.inv import Inv

pytestmark = pytest.mark.integration

TEAMS = ("--table", "Teams")
# What an engine cannot hold is not the dump's to keep: names and values as applications have them.
NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8)
ATTRIBUTES = st.dictionaries(NAMES.map("a{}".format), VALUES, max_size=5)
ITEMS = st.lists(ATTRIBUTES, max_size=30).map(
    lambda found: [{**item, "teamId": {"S": f"t{number}"}} for number, item in enumerate(found)]
)
EXTREMES: list[dict[str, Any]] = [
    {"teamId": {"S": "38 digits"}, "n": {"N": "12345678901234567890123456789012345678"}},
    {"teamId": {"S": "fraction"}, "n": {"N": "-0.12345678901234567890123456789012345678"}},
    {"teamId": {"S": "small"}, "n": {"N": "1E-130"}},
    {"teamId": {"S": "large"}, "n": {"N": "9.9999999999999999999999999999999999999E+125"}},
    {"teamId": {"S": "empty"}, "s": {"S": ""}, "b": {"B": ""}, "l": {"L": []}, "m": {"M": {}}},
    {"teamId": {"S": "deep"}, "d": deep(30)},
    {"teamId": {"S": "binary"}, "b": {"B": base64.b64encode(bytes(range(256))).decode()}},
    {"teamId": {"S": "sets"}, "ns": {"NS": ["1", "2.5"]}, "bs": {"BS": ["AA==", "/w=="]}},
    {
        "teamId": {"S": "words"},
        "s": {"S": 'ß 漢字 🙂 \u2028 \u0007 \\ " \n'},
        "x.y": {"NULL": True},
    },
    {"teamId": {"S": "400 KB"}, "s": {"S": "x" * 409_000}},
    {"teamId": {"S": "false"}, "f": {"BOOL": False}, "t": {"BOOL": True}},
]


def put(engine: Engine, table: str, items: Iterable[dict[str, Any]]) -> None:
    """Put items as an application does."""
    client = engine.client()
    for item in items:
        client.put_item(TableName=table, Item={name: native(v) for name, v in item.items()})


def held(engine: Engine, table: str) -> dict[str, Any]:
    """The items of a table as boto3 reads them, by their id."""
    pages = engine.client().get_paginator("scan").paginate(TableName=table)
    return {item["teamId"]["S"]: _unordered(item) for page in pages for item in page["Items"]}


def _unordered(value: Any) -> Any:
    """A value in which the order of sets does not matter."""
    if isinstance(value, dict):
        return {
            name: sorted(part)
            if name in {"SS", "NS", "BS"} and isinstance(part, list)
            else _unordered(part)
            for name, part in value.items()
        }
    return [_unordered(part) for part in value] if isinstance(value, list) else value


def round_trip(engine: Engine, inv: Inv, prefix: str, folder: Path) -> tuple[Any, Any]:
    """What the table held, and what it holds after a dump, a reset and a load."""
    before = held(engine, f"{prefix}Teams")
    assert inv("db.dump", *TEAMS, "--output", str(folder)).code == 0
    assert inv("db.reset", *TEAMS).code == 0
    run = inv("db.load", *TEAMS, "--input", str(folder), "--checksum", "--json")
    assert run.code == 0, run.err
    (loaded,) = run.document["data"]["tablesLoaded"]
    assert (loaded["items"], loaded["itemsBefore"], loaded["itemsAfter"], loaded["checksum"]) == (
        len(before),
        0,
        len(before),
        "equal",
    )
    return before, held(engine, f"{prefix}Teams")


def test_extreme_items_come_back(engine: Engine, inv: Inv, prefix: str, tmp_path: Path) -> None:
    """The limits of every type, as boto3 reads them before and after."""
    assert inv("db.setup", *TEAMS).code == 0
    put(engine, f"{prefix}Teams", EXTREMES)

    before, after = round_trip(engine, inv, prefix, tmp_path / "dump")

    assert after == before
    assert len(before) == len(EXTREMES)


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(items=ITEMS, number=NUMBER)
def test_any_items_come_back(  # noqa: PLR0917  fixtures and examples
    engine: Engine, inv: Inv, prefix: str, tmp_path: Path, items: list[Any], number: str
) -> None:
    """A dump and a load of random items of every type leave what was there."""
    folder = tmp_path / "dump"
    shutil.rmtree(folder, ignore_errors=True)
    assert inv("db.setup", *TEAMS).code == 0
    assert inv("db.reset", *TEAMS).code == 0
    put(engine, f"{prefix}Teams", [*items, {"teamId": {"S": "n"}, "n": {"N": number}}])

    before, after = round_trip(engine, inv, prefix, folder)

    assert after == before
    assert len(before) == len(items) + 1


def test_a_dump_is_what_the_table_holds(
    engine: Engine, inv: Inv, prefix: str, tmp_path: Path
) -> None:
    """Many items over several pages, and none twice."""
    assert inv("db.setup", *TEAMS).code == 0
    items = [{"teamId": {"S": f"t{number}"}, "text": {"S": "x" * 100_000}} for number in range(25)]
    put(engine, f"{prefix}Teams", items)

    run = inv("db.dump", *TEAMS, "--output", str(tmp_path / "dump"), "--consistent", "--json")

    (path,) = exports.find(tmp_path / "dump")
    found = [read.item for read in lines.items(exports.read(path))]
    assert run.document["data"]["tablesDumped"][0]["items"] == 25
    assert sorted(map(codec.canonical, found)) == sorted(map(codec.canonical, items))


def test_all_tables_go_to_a_folder_each_and_into_another_environment(
    engine: Engine,
    inv: Inv,
    prefix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A dump of one environment is loaded by the names of the model."""
    assert inv("db.setup").code == 0
    put(engine, f"{prefix}Teams", EXTREMES[:3])
    folder = str(tmp_path / "dump")

    dumped = inv("db.dump", "--output", folder, "--json")
    monkeypatch.setenv("OSEM_DB_PREFIX", f"{prefix}other-")
    assert inv("db.setup").code == 0
    loaded = inv("db.load", "--input", folder, "--json")

    assert len(dumped.document["data"]["tablesDumped"]) == 6
    assert (loaded.code, len(loaded.document["data"]["tablesLoaded"])) == (0, 6)
    assert held(engine, f"{prefix}other-Teams") == held(engine, f"{prefix}Teams")


def test_a_rate_is_kept_to(engine: Engine, inv: Inv, prefix: str, tmp_path: Path) -> None:
    """A paced dump and load end well, on engines that tell no units too."""
    assert inv("db.setup", *TEAMS).code == 0
    put(engine, f"{prefix}Teams", EXTREMES[:3])
    folder = str(tmp_path / "dump")

    dump = inv("db.dump", *TEAMS, "--output", folder, "--rate", "200")
    load = inv("db.load", *TEAMS, "--input", folder, "--rate", "200")

    assert (dump.code, load.code) == (0, 0)
    assert "the table had 3 before and has 3 now" in load.out
