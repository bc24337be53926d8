"""A seed's files and functions become checked items, or problems with file, line and table."""

from __future__ import annotations

import gzip
import io
import json
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osem_tasks.data import seed
from osem_tasks.errors import ConfigurationError
from osem_tasks.schema.model import table
from tests.unit.data.items import NAMES, VALUES, wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLES = {
    one.name: one
    for one in (
        table("Orders", "id S", {"by-total": "total N"}),
        table("Events", "name S, at N"),
    )
}
ONE = {"Orders": [{"id": {"S": "1"}, "n": {"N": "1.50"}}]}


def loaded(folder: Path, *sources: str, scale: int | None = None) -> dict[str, Any]:
    """The items of the sources, relative to the folder."""
    return seed.load(sources, folder, TABLES, scale)


def problems(folder: Path, *sources: str, scale: int | None = None) -> list[str]:
    """What is wrong with the sources."""
    with pytest.raises(ConfigurationError) as caught:
        loaded(folder, *sources, scale=scale)
    assert caught.value.remediation
    return list(caught.value.problems)


@pytest.mark.parametrize(
    "name, text",
    [
        ("Orders.jsonl", '{"id": "1", "n": 1.50}\n'),
        ("Orders.ndjson", '\n\n{"id": {"S": "1"}, "n": {"N": "1.50"}}\r\n\n'),
        ("Orders.jsonl", '{"Item": {"id": {"S": "1"}, "n": {"N": "1.50"}}}'),
        ("Orders.json", '{"Item": {"id": {"S": "1"}, "n": {"N": "1.50"}}}\n'),
        ("Orders.json", '[{"id": "1", "n": 1.50}]'),
        ("Orders.JSON", '{\n"id": "1",\n"n": 1.50}'),
        ("Orders.json", '{"Items": [{"id": {"S": "1"}, "n": {"N": "1.50"}}], "Count": 1}'),
        ("any.json", '{"Orders": [{"id": "1", "n": 1.50}], "Events": []}'),
        (
            "any.json",
            '{"Orders": [{"PutRequest": {"Item": {"id": {"S": "1"}, "n": {"N": "1.50"}}}}]}',
        ),
        ("any.yaml", "Orders:\n- id: '1'\n  n: 1.50\n"),
        ("Orders.yml", "- {id: '1', n: 1.50}\n"),
        ("Orders.yaml", "id: '1'\nn: 1.50\n"),
        ("Orders.csv", "id,n:N\n1,1.50\n"),
        ("Orders.csv", '\ufeff"id";n:N\r\n"1";1.50\r\n\r\n'),
        ("Orders.csv", "id\tn:N\n1\t1.50"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_formats(tmp_path: Path, name: str, text: str, packed: bool) -> None:
    """The same item in every format, compressed or not; numbers stay as they are written."""
    content = text.encode()
    (tmp_path / (name + ".gz" * packed)).write_bytes(gzip.compress(content) if packed else content)

    assert loaded(tmp_path, name + ".gz" * packed) == ONE


def test_members_of_a_gzip_file_are_read_one_after_the_other(tmp_path: Path) -> None:
    """A file that was appended to has several members."""
    parts = [gzip.compress(b'{"id": "%d"}\n' % number) for number in range(3)]
    (tmp_path / "Orders.jsonl.gz").write_bytes(b"".join(parts))

    assert [item["id"]["S"] for item in loaded(tmp_path, "Orders.jsonl.gz")["Orders"]] == list(
        "012"
    )


@pytest.mark.parametrize(
    "word, expected",
    [
        ("no", {"S": "no"}),
        ("on", {"S": "on"}),
        ("012", {"S": "012"}),
        ("1:30", {"S": "1:30"}),
        ("1_000", {"S": "1_000"}),
        ("0x1F", {"S": "0x1F"}),
        ("2025-01-01", {"S": "2025-01-01"}),
        (".inf", {"S": ".inf"}),
        ("1.", {"S": "1."}),
        ("true", {"BOOL": True}),
        ("null", {"NULL": True}),
        ("~", {"NULL": True}),
        ("", {"NULL": True}),
        ("-1.50", {"N": "-1.50"}),
        ("1e3", {"N": "1E+3"}),
        ("12345678901234567890123456789012345678", {"N": "12345678901234567890123456789012345678"}),
        ("'1'", {"S": "1"}),
        ("!!str 1", {"S": "1"}),
        ("!!int 5", {"N": "5"}),
        ("!!binary AAE=", {"B": "AAE="}),
        ("!!set {a, b}", {"SS": ["a", "b"]}),
        ("!!set {1, 2}", {"NS": ["1", "2"]}),
        ("{a: [1, x]}", {"M": {"a": {"L": [{"N": "1"}, {"S": "x"}]}}}),
    ],
)
def test_words_of_yaml(tmp_path: Path, word: str, expected: object) -> None:
    """A plain word is what JSON takes it for, and otherwise text."""
    (tmp_path / "Orders.yaml").write_text(f"- id: a\n  v: {word}\n")

    assert loaded(tmp_path, "Orders.yaml")["Orders"][0]["v"] == expected


@pytest.mark.parametrize(
    "header, cell, expected",
    [
        ("v", "012", {"S": "012"}),
        ("v", "true", {"S": "true"}),
        ("total", "5", {"N": "5"}),
        ("v:N", " 5 ", {"N": "5"}),
        ("v:BOOL", "TRUE", {"BOOL": True}),
        ("v:BOOL", "false", {"BOOL": False}),
        ("v:NULL", "true", {"NULL": True}),
        ("v:B", "AAE=", {"B": "AAE="}),
        ("v:SS", '"[""b"", ""a""]"', {"SS": ["a", "b"]}),
        ("v:NS", '"[1, 2.50]"', {"NS": ["1", "2.50"]}),
        ("v:BS", '"[""AAE=""]"', {"BS": ["AAE="]}),
        ("v:L", '"[1, null]"', {"L": [{"N": "1"}, {"NULL": True}]}),
        ("v:M", '"{""a"": 1.50}"', {"M": {"a": {"N": "1.50"}}}),
        ("v:X", "1", {"S": "1"}),
    ],
)
def test_cells_of_csv(tmp_path: Path, header: str, cell: str, expected: object) -> None:
    """A key has its declared type, everything else is text, unless the header says otherwise."""
    (tmp_path / "Orders.csv").write_text(f"id,{header}\n1,{cell}\n2,\n")

    first, second = loaded(tmp_path, "Orders.csv")["Orders"]

    name = header if header == "v:X" else header.partition(":")[0]
    assert (first[name], second) == (expected, {"id": {"S": "2"}})


@pytest.mark.parametrize(
    "name, text, words",
    [
        ("Orders.jsonl", '{"id": "1"}\n\n{"n": 1}', "line 3: table Orders: the key id is missing"),
        (
            "Orders.jsonl",
            '{"id": "1"}\n{"id": "1"}',
            "line 2: table Orders: it has the key of Orders.jsonl line 1",
        ),
        ("Orders.jsonl", '{"id": "1", "total": "x"}', "line 1: table Orders: the key of by-total"),
        (
            "Orders.jsonl",
            '{"id": {"S": "1"}, "s": {"SS": []}}',
            "line 1: table Orders: s: the set is empty",
        ),
        ("Orders.jsonl", '{"id": "1"', "line 1: it is not JSON: column 11"),
        (
            "Orders.jsonl",
            '{"id": "1"}\n{"id": NaN}',
            "line 2: it cannot be parsed: NaN is not a number",
        ),
        (
            "Orders.jsonl",
            '{"id": "1", "id": "2"}',
            "line 1: it cannot be parsed: the key 'id' appears twice",
        ),
        ("Orders.jsonl", '{"id": "\\ud800"}', "line 1: it holds half a character"),
        (
            "Orders.jsonl",
            '{"id": "1", "n": 1e99999}',
            "line 1: table Orders: n: 1E+99999 is beyond",
        ),
        ("Orders.jsonl", '{"id": "1", "n": 1e99999999999999999999}', "line 1:"),
        (
            "Orders.jsonl",
            '{"id": "1", "n": ' + "9" * 500 + "}",
            "line 1: it cannot be parsed: the number",
        ),
        ("Orders.jsonl", "[" * 5000, "line 1:"),
        ("Orders.jsonl", '{"id": "1", "a": ' + "[" * 40 + "]" * 40 + "}", "nested more than 32"),
        ("Orders.jsonl", "[]", "line 1: table Orders: an item maps names to values, not []"),
        (
            "Orders.json",
            '[\n{"id": "1"},\n{"Id": "1"}\n]',
            "Orders.json line 3: table Orders: the key id is missing",
        ),
        ("Orders.json", "", "it cannot be parsed: it is empty"),
        ("Orders.json", "5", "it must hold a list of items, or lists of items by table, not 5"),
        ("Orders.json", '{"id": "1"}\n{"id":', "line 2: it is not JSON"),
        (
            "any.json",
            '{\n"Order": [{"id": "1"}]}',
            "'Order' is not a table; did you mean 'Orders'?",
        ),
        ("any.json", '{"Orders": {"id": "1"}}', "Orders must hold a list of items"),
        (
            "any.json",
            '{"Orders": [{"id": "1"},\n{"id": 1}]}',
            "line 2: table Orders: the key id is of the type S, not N",
        ),
        ("any.json", "[]", "'any' is none"),
        (
            "any.jsonl",
            "{}",
            "its name must be that of a table, and 'any' is none; known are Orders, Events",
        ),
        ("orders.jsonl", "{}", "did you mean 'Orders'?"),
        ("Orders.yaml", "- id: a\n- id: [", "it cannot be parsed: line"),
        (
            "Orders.yaml",
            "- id: a\n- id: a\n",
            "line 2: table Orders: it has the key of Orders.yaml line 1",
        ),
        (
            "Orders.yaml",
            "- id: a\n  v: !!timestamp 2025-01-01\n",
            "line 1: table Orders: v: a value of the type date",
        ),
        ("Orders.yaml", "- id: a\n  v: {1: x}\n", "the name 1 must be a text"),
        ("Orders.yaml", "- id: a\n  v: !!set {}\n", "v: the set is empty"),
        ("Orders.yaml", "- id: a\n  v: !!float .inf\n", "not a value of the type 'float'"),
        (
            "Orders.yaml",
            "- id: a\n  v: !!python/object:os.system x\n",
            "could not determine a constructor",
        ),
        ("Orders.yaml", "a: &a [*a]", "an alias contains itself"),
        ("Orders.csv", "id,n\n1\n", "line 2: it has 1 cells, the header has 2"),
        ("Orders.csv", "id,n\n\n1,2\n3,4,5\n", "line 4: it has 3 cells"),
        ("Orders.csv", 'id,n\n"a\nb",2\n3\n', "line 4: it has 1 cells"),
        ("Orders.csv", "id,id\n1,2\n", "line 1: the header must name every column once"),
        ("Orders.csv", "", "line 1: the header must name every column once"),
        ("Orders.csv", "id,total\n1,x\n", "line 2: total: 'x' is no value of the type N"),
        ("Orders.csv", "id,v:SS\n1,[]\n", "line 2: v: '[]' is no value of the type SS"),
        (
            "Orders.csv",
            'id,v:SS\n1,"[""a"", ""a""]"\n',
            "line 2: v: the set holds an element twice",
        ),
        ("Orders.csv", "id,v:M\n1,{\n", "line 2: v: '{' is not JSON"),
        ("Orders.csv", "id,v:B\n1,???\n", "line 2: v: '???' is not base64"),
        ("Orders.csv", "id,v:BOOL\n1,yes\n", "line 2: v: 'yes' is no value of the type BOOL"),
        ("Orders.csv", 'id\n"1\n', "it is not CSV"),
        ("Orders.csv", "n\n1\n", "line 2: table Orders: the key id is missing"),
        ("Orders.csv", "id,n\n,1\n", "line 2: table Orders: the key id is missing"),
        (
            "Events.csv",
            "name,at\na,1\na,1.0\n",
            "line 3: table Events: it has the key of Events.csv line 2",
        ),
        ("Orders.txt", "x", "its name must end in .jsonl"),
        ("Orders", "x", "its name must end in .jsonl"),
        ("Orders.jsonl.gz", '{"id": "1"}', "it is not gzip, although its name says so"),
    ],
)
def test_problems_are_named_with_file_line_and_table(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    """Every fault of a file is one sentence that says where it is."""
    (tmp_path / name).write_text(text, encoding="utf-8")

    [problem] = problems(tmp_path, name)

    assert problem.startswith(name)
    assert words in problem


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda _: None, "it cannot be read: No such file"),
        (lambda path: path.mkdir(), "it is a folder: name its files"),
        (lambda path: path.write_bytes(b'{"id": "\xff"}'), "line 1: it is not UTF-8 text"),
        (lambda path: path.write_bytes(b"\0" * 65_000_000), "it has more than 64,000,000 bytes"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, make: Any, words: str) -> None:
    """What is no readable file is named, and nothing hangs."""
    make(tmp_path / "Orders.jsonl")

    [problem] = problems(tmp_path, "Orders.jsonl")

    assert words in problem


def test_a_bomb_of_gzip_is_refused(tmp_path: Path) -> None:
    """A small file that unpacks to more than the limit takes no more memory than the limit."""
    with gzip.open(tmp_path / "Orders.jsonl.gz", "wb") as stream:
        for _ in range(70):
            stream.write(b"\n" * 1_000_000)

    [problem] = problems(tmp_path, "Orders.jsonl.gz")

    assert "more than 64,000,000 bytes when it is unpacked" in problem


def test_a_cut_gzip_file_is_refused(tmp_path: Path) -> None:
    """Half a download is not taken for a smaller seed."""
    packed = gzip.compress(b'{"id": "1"}\n' * 100)
    (tmp_path / "Orders.jsonl.gz").write_bytes(packed[:-10])

    [problem] = problems(tmp_path, "Orders.jsonl.gz")

    assert "it is cut off" in problem


def test_all_problems_are_listed(tmp_path: Path) -> None:
    """Of all files at once; beyond twenty, their number."""
    (tmp_path / "Orders.jsonl").write_text('{"n": 1}\n' * 25)
    (tmp_path / "Events.jsonl").write_text("{}")

    found = problems(tmp_path, "*.jsonl")

    # Both parts of the key of Events are missing.
    assert (len(found), found[-1]) == (21, "and 7 more problems")


def test_patterns_and_lists(tmp_path: Path) -> None:
    """Files of a pattern are read in the order of their names, and each file once."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "Orders.jsonl").write_text(f'{{"id": "{folder}"}}')

    found = loaded(tmp_path, "**/*.jsonl")

    assert [item["id"]["S"] for item in found["Orders"]] == ["a", "b"]
    assert loaded(tmp_path, "a/Orders.jsonl", "**/*.jsonl") == found
    assert "matches no file" in problems(tmp_path, "c/*.jsonl")[0]


MODULE = """
from decimal import Decimal
def pairs(scale):
    for n in range(2 * scale):
        yield "Orders", {"id": str(n), "n": Decimal("1.50"), "tags": {"a"}, "raw": b"x"}
def lists():
    return {"Orders": [{"id": "0"}, {"id": "1"}]}
def many():
    yield {"Orders": iter([{"id": "0"}])}
    yield ["Orders", {"id": {"S": "1"}}]
def inexact():
    print("to stderr")
    yield "Orders", {"id": "0"}
    yield "Orders", {"id": "1", "a": [{"b": 0.1}]}
def unknown():
    yield "Order", {"id": "0"}
def unhashable():
    yield ["x"], {"id": "0"}
def alone():
    yield {"id": "0"}
def text():
    return "Orders"
def nothing():
    pass
def fails(scale):
    raise KeyError("x")
def leaves():
    raise SystemExit(3)
def endless():
    while True:
        yield "Orders", {"id": "0"}
def unknown_and_empty():
    return {"Order": []}
two = 2
"""


@pytest.fixture
def module(tmp_path: Path) -> Iterator[Path]:
    """A project with a module of its own, which no other test has imported."""
    (tmp_path / "shop_seed.py").write_text(MODULE)
    before = list(sys.path)
    yield tmp_path
    sys.path[:] = before
    sys.modules.pop("shop_seed", None)


@pytest.mark.parametrize(
    "name, scale, count",
    [("pairs", None, 2), ("pairs", 3, 6), ("lists", None, 2), ("many", None, 2)],
)
def test_functions(module: Path, name: str, scale: int | None, count: int) -> None:
    """A function returns or yields pairs or lists by table, and gets the scale if it takes it."""
    found = loaded(module, f"shop_seed:{name}", scale=scale)["Orders"]

    assert [item["id"] for item in found] == [{"S": str(number)} for number in range(count)]


@pytest.mark.parametrize(
    "name, scale, words",
    [
        ("inexact", None, "shop_seed:inexact item 2: table Orders: a[0].b: 0.1 is a float"),
        ("unknown", None, "'Order' is not a table; did you mean 'Orders'?"),
        ("unknown_and_empty", None, "'Order' is not a table; did you mean 'Orders'?"),
        ("unhashable", None, "['x'] is not a table"),
        ("alone", None, "it must yield (table, item), or {table: [items]}, and it gave"),
        ("text", None, "and it returned 'Orders'"),
        ("nothing", None, "and it returned None"),
        ("fails", None, "shop_seed.py line 26: KeyError: 'x'"),
        ("leaves", None, "shop_seed.py line 28: SystemExit: 3"),
        ("endless", None, "it makes more than 200,000 items"),
        ("two", None, "it is no function, but 2"),
        ("absent", None, "AttributeError"),
        ("lists", 2, "--scale is given, and shop_seed:lists takes no parameter"),
    ],
)
def test_functions_that_fail(module: Path, name: str, scale: int | None, words: str) -> None:
    """What a function gives or does wrong is named with its line or its item."""
    [problem] = problems(module, f"shop_seed:{name}", scale=scale)

    assert words in problem
    assert "ConfigurationError" not in problem
    assert problem.count("osem.seed is") <= 1


def test_files_have_no_scale(tmp_path: Path) -> None:
    """--scale multiplies what a function makes, and is not dropped in silence."""
    (tmp_path / "Orders.jsonl").write_text('{"id": "1"}')

    assert (
        "osem.seed names no function: Orders.jsonl"
        in problems(tmp_path, "Orders.jsonl", scale=2)[0]
    )


def plain_json(value: Any) -> Any:
    """A value as plain JSON can hold it: numbers as they are, sets and binary not at all."""
    if isinstance(value, (set, bytes)):
        return None
    if isinstance(value, dict):
        return {name: plain_json(inner) for name, inner in value.items()}
    return [plain_json(inner) for inner in value] if isinstance(value, list) else value


def json_text(value: Any) -> str:
    """JSON with Decimals as numbers, which the standard library cannot write."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(k)}: {json_text(v)}' for k, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(json_text, value))}]"
    return json.dumps(value)


ITEMS = st.lists(st.dictionaries(NAMES, VALUES, max_size=4), min_size=1, max_size=4)


def numbered(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items with keys of the table Orders."""
    return [
        {**{k: v for k, v in item.items() if k != "total"}, "id": str(number)}
        for number, item in enumerate(items)
    ]


@given(items=ITEMS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("kind", ["jsonl", "json", "by-table", "export", "csv", "yaml"])
def test_any_item_survives(tmp_path: Path, kind: str, items: list[dict[str, Any]]) -> None:
    """DynamoDB JSON in any format gives exactly the item that it writes."""
    items = numbered(items)
    expected = [{name: wire(value) for name, value in item.items()} for item in items]
    name = {"json": "Orders.json", "by-table": "any.json"}.get(kind, f"Orders.{kind}")
    if kind == "json":
        text = json.dumps(expected)
    elif kind == "by-table":
        text = json.dumps({"Orders": expected})
    elif kind == "yaml":
        # In quotes: PyYAML writes the text 0E0 without any, which JSON and YAML 1.2 take for a number.
        text = yaml.safe_dump(expected, allow_unicode=False, default_style='"')
    elif kind == "csv":
        text, expected = _csv_text(items)
    else:
        name = "Orders.jsonl"
        text = "\n".join(json.dumps({"Item": x} if kind == "export" else x) for x in expected)
    (tmp_path / name).write_bytes(text.encode())

    assert loaded(tmp_path, name) == {"Orders": expected}


def _csv_text(items: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """A column for each item's attribute, and what the items then are."""
    import csv

    def cell(value: Any) -> tuple[str, str]:
        [(kind, content)] = wire(value).items()
        if kind in ("M", "L"):
            return kind, json_text(plain_json(value))
        if kind in ("SS", "NS", "BS"):
            return kind, f"[{', '.join(content)}]" if kind == "NS" else json.dumps(content)
        return kind, str(content)

    rows = [
        {f"c{number}.{i}:{cell(value)[0]}": cell(value)[1] for i, value in enumerate(item.values())}
        for number, item in enumerate(items)
    ]
    stream = io.StringIO(newline="")
    columns = ["id", *(name for row in rows for name in row)]
    writer = csv.DictWriter(stream, columns)
    writer.writeheader()
    writer.writerows({"id": str(number), **row} for number, row in enumerate(rows))
    expected = [
        {
            "id": {"S": str(number)},
            **{
                f"c{number}.{i}": wire(
                    plain_json(value) if isinstance(value, (dict, list)) else value
                )
                for i, value in enumerate(item.values())
                if cell(value)[1]
            },
        }
        for number, item in enumerate(items)
    ]
    return stream.getvalue(), expected


@given(items=ITEMS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_plain_item_survives(tmp_path: Path, items: list[dict[str, Any]]) -> None:
    """Plain JSON keeps texts, numbers, booleans, null, lists and maps exactly."""
    plain = [plain_json(item) for item in numbered(items)]
    (tmp_path / "Orders.json").write_text(json_text(plain), encoding="utf-8")

    expected = [{name: wire(value) for name, value in item.items()} for item in plain]
    assert loaded(tmp_path, "Orders.json") == {"Orders": expected}


@given(
    content=st.binary(max_size=200),
    name=st.sampled_from(["jsonl", "json", "yaml", "csv", "csv.gz"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_items_or_problems(tmp_path: Path, content: bytes, name: str) -> None:
    """Whatever a file holds, the result is items or problems of that file."""
    found: list[str] = []
    (tmp_path / f"Orders.{name}").write_bytes(content)
    try:
        loaded(tmp_path, f"Orders.{name}")
    except ConfigurationError as error:
        found = list(error.problems)

    assert all(problem.startswith(f"Orders.{name}") for problem in found)
