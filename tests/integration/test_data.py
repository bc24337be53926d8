"""Items to files and back, on every engine."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from osem_tasks.data import codec, exports, lines
from tests.support.items import ATTRIBUTES, NUMBER, deep, native

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.integration.conftest import Engine
    from tests.support.inv import Inv

pytestmark = pytest.mark.integration

TEAMS = ("--table", "Teams")
ITEMS = st.lists(ATTRIBUTES, max_size=30).map(
    lambda found: [{**item, "teamId": {"S": f"t{number}"}} for number, item in enumerate(found)]
)
# Engines write these in their own way; equal they are all the same.
SPELLINGS = ["-0", "0.00", "1E+3", "1e3", "+5", "007", "1.50", "5.", ".5", "1" + "0" * 45]
# Two spellings of one letter, names of types, signs of expressions, the ends of Unicode.
ODD_NAMES = [
    "\u00e9",
    "e\u0301",
    "S",
    "M",
    "a.b[0]",
    "#n",
    ":v",
    "$x",
    "\x00",
    "\U0010ffff",
    "\uffff",
]
# Keys of every type at their limits.
KEYS: dict[str, list[str]] = {
    "S": [*ODD_NAMES, " ", "\n", "0", "x" * 1024],
    "N": ["0", "1", "-5", "1E+2", "1E-130", "9." + "9" * 37 + "E+125", "1" * 38, "0.10"],
    "B": ["AA==", "AAA=", "//4=", "YQ==", base64.b64encode(bytes(range(256))).decode()],
}
EXTREMES: list[dict[str, Any]] = [
    {"teamId": {"S": "38 digits"}, "n": {"N": "12345678901234567890123456789012345678"}},
    {"teamId": {"S": "fraction"}, "n": {"N": "-0.12345678901234567890123456789012345678"}},
    {"teamId": {"S": "small"}, "n": {"N": "1E-130"}},
    {"teamId": {"S": "large"}, "n": {"N": "9.9999999999999999999999999999999999999E+125"}},
    {"teamId": {"S": "empty"}, "s": {"S": ""}, "b": {"B": ""}, "l": {"L": []}, "m": {"M": {}}},
    {"teamId": {"S": "deep"}, "d": deep(31)},
    *({"teamId": {"S": f"number {text}"}, "n": {"N": text}} for text in SPELLINGS),
    {"teamId": {"S": "empty members"}, "ss": {"SS": ["", "a"]}, "bs": {"BS": ["", "AA=="]}},
    {"teamId": {"S": "names"}, "v": {"M": {name: {"S": name} for name in ODD_NAMES}}},
    {"teamId": {"S": "many NULLs"}, "v": {"L": [{"NULL": True}] * 50_000}},
    {"teamId": {"S": "binary"}, "b": {"B": base64.b64encode(bytes(range(256))).decode()}},
    {"teamId": {"S": "sets"}, "ns": {"NS": ["1", "2.5"]}, "bs": {"BS": ["AA==", "/w=="]}},
    {
        "teamId": {"S": "words"},
        "s": {"S": 'ß 漢字 🙂 \u2028 \u0007 \\ " \n'},
        "x.y": {"NULL": True},
    },
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
    large = {"teamId": {"S": "400 KB"}, "s": {"S": "x" * (engine.row.max_item - 100)}}
    put(engine, f"{prefix}Teams", [*EXTREMES, large])

    before, after = round_trip(engine, inv, prefix, tmp_path / "dump")

    assert after == before
    assert len(before) == len(EXTREMES) + 1


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


def test_keys_of_every_type_come_back(
    engine: Engine, inv: Inv, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every key stays the key that it was, as partition and as sort key, and none meets another."""
    tables = [keyed(kind) for kind in KEYS]
    (tmp_path / "tables.json").write_text(json.dumps({"Tables": tables}))
    monkeypatch.setenv("INVOKE_OSEM_TABLES", str(tmp_path / "tables.json"))
    assert inv("db.setup").code == 0
    for kind, keys in KEYS.items():
        pairs = {*itertools.product(keys, keys[:1]), *itertools.product(keys[:1], keys)}
        items = [{"id": {kind: one}, "at": {kind: other}} for one, other in sorted(pairs)]
        put(engine, f"{prefix}Table{kind}", items)
    before = [keys_of(engine, f"{prefix}Table{kind}") for kind in KEYS]

    assert inv("db.dump", "--output", str(tmp_path / "dump")).code == 0
    assert inv("db.reset").code == 0
    loaded = inv("db.load", "--input", str(tmp_path / "dump"), "--checksum", "--json")

    assert loaded.code == 0, loaded.err
    assert [keys_of(engine, f"{prefix}Table{kind}") for kind in KEYS] == before
    assert list(map(len, before)) == [2 * len(keys) - 1 for keys in KEYS.values()]


def keyed(kind: str) -> dict[str, Any]:
    """A table whose two keys are of that type."""
    return {
        "TableName": f"Table{kind}",
        "KeySchema": [
            {"AttributeName": "id", "KeyType": "HASH"},
            {"AttributeName": "at", "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": kind} for name in ("id", "at")
        ],
        "BillingMode": "PAY_PER_REQUEST",
    }


def keys_of(engine: Engine, table: str) -> list[str]:
    """The keys of a table, in an order of their own."""
    pages = engine.client().get_paginator("scan").paginate(TableName=table)
    return sorted(repr((item["id"], item["at"])) for page in pages for item in page["Items"])


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
