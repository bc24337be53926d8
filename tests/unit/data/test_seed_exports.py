"""A folder as a seed: what db.dump wrote, and what AWS exported."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from osem_tasks.data import codec, layout, seed
from osem_tasks.data.dump import Options, Source, dump_table
from osem_tasks.errors import ConfigurationError
from tests.support.fake_items import TABLE, FakeItems, live, run_on
from tests.unit.data.items import wire
from tests.unit.data.test_exports import export_in
from tests.unit.data.test_seed import ITEMS, TABLES, numbered

if TYPE_CHECKING:
    from pathlib import Path

ITEM = {"id": {"S": "a"}}


def dumped(folder: Path, items: list[Any], name: str = "00000000000001-aaaaaaaa") -> Path:
    """What db.dump writes for these items of Orders."""
    from osem_tasks.aws.items import ItemStore

    run = run_on(FakeItems().hold(items))
    source = Source(live=live(items=len(items)), declared="Orders", table=TABLE)
    folder = folder / "Orders" / layout.ROOT / name
    dump_table(run, ItemStore(run.store.connection), source, folder, Options())
    return folder


def problem(folder: Path, *sources: str) -> str:
    """The one problem of the sources."""
    with pytest.raises(ConfigurationError) as caught:
        seed.load(sources, folder, TABLES)
    return caught.value.message


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(items=ITEMS)
def test_a_dump_is_a_seed(
    tmp_path_factory: pytest.TempPathFactory, items: list[dict[str, Any]]
) -> None:
    """Every item of a dump is an item of the seed, exactly."""
    folder = tmp_path_factory.mktemp("seed")
    wired = [{k: wire(v) for k, v in item.items()} for item in numbered(items)]
    dumped(folder, wired)

    found = seed.load([str(folder)], folder.parent, TABLES).get("Orders", [])

    assert sorted(map(codec.canonical, found)) == sorted(map(codec.canonical, wired))


@pytest.mark.parametrize("source", ["dumps", "dumps/Orders", "dumps/Orders/AWSDynamoDB/1-a"])
def test_an_export_of_aws_is_of_the_table_of_its_name(tmp_path: Path, source: str) -> None:
    """Any folder above the manifests may be named."""
    export_in(tmp_path / "dumps" / "Orders" / layout.ROOT / "1-a")

    assert seed.load([source], tmp_path, TABLES) == {"Orders": [ITEM]}


@pytest.mark.parametrize("name", ["osem-dev-Orders", "anything"])
def test_the_folder_names_the_table_of_an_export(tmp_path: Path, name: str) -> None:
    """A table of another environment has another name; the folder may have the declared one."""
    arn = f"arn:aws:dynamodb:us-east-1:123456789012:table/{name}"
    export_in(tmp_path / "Orders" / layout.ROOT / "1-a", tableArn=arn)

    assert seed.load(["."], tmp_path, TABLES) == {"Orders": [ITEM]}


def test_the_latest_dump_of_a_table_counts(tmp_path: Path) -> None:
    """An older one beside it is passed over, as by db.load."""
    export_in(tmp_path / "1-a", exportTime="2024-01-01T00:00:00.000Z")
    new = b'{"Item":{"id":{"S":"new"}}}\n'
    export_in(tmp_path / "0-b", gzip.compress(new), exportTime="2025-01-01T00:00:00.000Z")

    assert seed.load(["."], tmp_path, TABLES) == {"Orders": [{"id": {"S": "new"}}]}


def test_what_is_no_export_is_said(tmp_path: Path) -> None:
    """An empty folder, an unfinished dump, a changed file, a file of no items, another table."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "unfinished" / layout.DATA).mkdir(parents=True)
    changed = export_in(tmp_path / "changed")
    (changed / layout.DATA / "f.json.gz").write_bytes(b"x")
    export_in(tmp_path / "cut", b"no gzip")
    other = "arn:aws:dynamodb:us-east-1:123456789012:table/Order"
    export_in(tmp_path / "other", tableArn=other)
    ion = export_in(tmp_path / "ion", outputFormat="ION")
    wrong = export_in(tmp_path / "wrong", gzip.compress(b'{"Item":{"id":{"N":"1"}}}\n'))
    assert json.loads((ion / layout.SUMMARY).read_text())["outputFormat"] == "ION"

    told = {
        name: problem(tmp_path, name)
        for name in ("empty", "unfinished", "changed", "cut", "other", "ion", "wrong")
    }

    assert "seeds: there is no such file or folder" in problem(tmp_path, "seeds")
    assert "it is a folder: name its files" in told["empty"]
    assert "is not complete" in told["unfinished"]
    assert "its MD5 is not that of manifest-files.json" in told["changed"]
    assert "is no gzip file" in told["cut"]
    assert "is of Order, which is not a table; did you mean 'Orders'?" in told["other"]
    assert "only DYNAMODB_JSON is read" in told["ion"]
    place = f"{wrong.name}/data/f.json.gz line 1: table Orders: the key id is of the type S, not N"
    assert place in told["wrong"]
