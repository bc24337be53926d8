"""`db.seed` on every engine: it adds what is missing, keeps what is there, and says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from osem_tasks.aws.items import ItemStore, Write, keys_of
from osem_tasks.data.item_rules import MAX_ITEM
from osem_tasks.data.seed_writer import Account, SeedWriter
from osem_tasks.data.sizes import size_of
from osem_tasks.schema.model import table
from tests.support.items import native
from tests.support.runs import run_at
from tests.unit.data.items import wire
from tests.unit.data.test_seed import ITEMS, numbered

if TYPE_CHECKING:
    from pathlib import Path

    from osem_tasks.apply.run import Run
    from tests.integration.conftest import Engine
    from tests.support.inv import Inv

COUNTS = {
    "Users": 11,
    "Teams": 2,
    "AssessmentPlans": 8,
    "Assessments": 48,
    "AssessmentReports": 16,
    "ConfigVersions": 3,
}
TABLES = {
    "Tables": [
        {
            "TableName": "Orders",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
        {
            "TableName": "Events",
            "KeySchema": [
                {"AttributeName": "name", "KeyType": "HASH"},
                {"AttributeName": "at", "KeyType": "RANGE"},
            ],
            "AttributeDefinitions": [
                {"AttributeName": "name", "AttributeType": "B"},
                {"AttributeName": "at", "AttributeType": "N"},
            ],
            "BillingMode": "PAY_PER_REQUEST",
        },
    ]
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two tables of its own; its configuration by variables."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tables.json").write_text(json.dumps(TABLES))
    monkeypatch.setenv("INVOKE_OSEM_TABLES", str(tmp_path / "tables.json"))
    return tmp_path


def counts(document: dict[str, Any], key: str) -> dict[str, int]:
    """A number of every table, by its name in the model."""
    rows = document["data"]["tablesSeeded"]
    return {row["tableName"].rpartition("-")[2]: row[key] for row in rows}


def items(engine: Engine, name: str) -> dict[str, Any]:
    """All items of a table, by the text of their id."""
    found = engine.client().scan(TableName=name, ConsistentRead=True)["Items"]
    return {str(next(iter(item["id"].values()))): item for item in found}


def test_the_organisation_is_put_in_once(inv: Inv, engine: Engine, prefix: str) -> None:
    """88 items; again changes nothing; an edited item stays; a deleted one comes back."""
    inv("db.setup")
    planned = inv("db.seed", "--dry-run", "--json")
    first = inv("db.seed", "--json").document
    again = inv("db.seed", "--json").document
    client, users = engine.client(), f"{prefix}Users"
    one, other, *_ = client.scan(TableName=users)["Items"]
    client.put_item(TableName=users, Item={**one, "name": {"S": "edited"}})
    client.delete_item(TableName=users, Key={"userId": other["userId"]})

    third = inv("db.seed", "--json").document

    assert planned.document["data"]["itemsWritten"] == 0
    assert counts(first, "written") == COUNTS
    assert (counts(again, "written"), counts(again, "existing")) == (
        dict.fromkeys(COUNTS, 0),
        COUNTS,
    )
    assert counts(third, "written") == {**dict.fromkeys(COUNTS, 0), "Users": 1}
    kept = client.get_item(TableName=users, Key={"userId": one["userId"]})["Item"]
    assert kept["name"] == {"S": "edited"}
    assert client.get_item(TableName=users, Key={"userId": other["userId"]})["Item"] == other


def test_a_scale_adds_departments(inv: Inv) -> None:
    """--scale 3 after --scale 1 adds two departments, in several transactions."""
    inv("db.setup")
    inv("db.seed")

    done = inv("db.seed", "--scale", "3", "--json").document

    expected = {name: 2 * count for name, count in COUNTS.items()} | {"ConfigVersions": 0}
    assert (counts(done, "written"), counts(done, "existing")) == (expected, COUNTS)


def test_one_table(inv: Inv) -> None:
    """--table puts in the items of that table alone."""
    inv("db.setup")

    done = inv("db.seed", "--table", "Teams", "--json").document

    assert counts(done, "written") == {"Teams": 2}


def test_replace_overwrites(inv: Inv, engine: Engine, prefix: str) -> None:
    """--replace brings the seed's items back as they were, and leaves others alone."""
    inv("db.setup")
    inv("db.seed")
    client, users = engine.client(), f"{prefix}Users"
    one = client.scan(TableName=users)["Items"][0]
    client.put_item(TableName=users, Item={**one, "name": {"S": "edited"}})
    client.put_item(TableName=users, Item={"userId": {"S": "mine"}})

    done = inv("db.seed", "--replace", "--json").document

    assert counts(done, "written") == COUNTS
    assert client.get_item(TableName=users, Key={"userId": one["userId"]})["Item"] == one
    assert "Item" in client.get_item(TableName=users, Key={"userId": {"S": "mine"}})


@pytest.mark.parametrize("words", [["--dry-run"], ["--dry-run", "--replace"]])
def test_a_dry_run_writes_nothing(inv: Inv, engine: Engine, prefix: str, words: list[str]) -> None:
    """It says how many items would be written, and how many are there."""
    inv("db.setup")

    done = inv("db.seed", *words)

    assert "88 items would be written" in done.out
    assert engine.client().scan(TableName=f"{prefix}Users")["Count"] == 0


@pytest.mark.parametrize(
    "words, code, error",
    [
        (["--scale", "0"], 1, "INVALID_CONFIGURATION"),
        (["--scale", "many"], 1, "INVALID_CONFIGURATION"),
        (["--table", "Userss"], 1, "INVALID_CONFIGURATION"),
        ([], 1, "TABLE_NOT_FOUND"),
        (["--dry-run"], 1, "TABLE_NOT_FOUND"),
    ],
)
def test_what_stops_a_seed(inv: Inv, words: list[str], code: int, error: str) -> None:
    """A wrong value, a table that is not there: one code each, nothing written."""
    done = inv("db.seed", *words, "--json")

    assert (done.code, done.error) == (code, error)


def test_a_table_with_another_key_stops_a_seed(inv: Inv, engine: Engine, prefix: str) -> None:
    """The items would not fit: nothing is written to any table."""
    inv("db.setup", "--table", "Teams")
    engine.client().create_table(
        TableName=f"{prefix}Users",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    done = inv("db.seed", "--table", "Users", "--table", "Teams", "--json")

    assert (done.code, done.error) == (1, "SCHEMA_VALIDATION_FAILED")
    assert engine.client().scan(TableName=f"{prefix}Teams")["Count"] == 0


def test_files_of_a_project(
    inv: Inv, engine: Engine, prefix: str, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every format reaches the table as it is written; a problem stops all of it."""
    monkeypatch.setenv("INVOKE_OSEM_SEED", "*/*")
    (shop / "seed").mkdir()
    (shop / "seed" / "a.yaml").write_text("Orders:\n- {id: a, n: 1.25, raw: !!binary AAE=}\n")
    (shop / "seed" / "Orders.csv").write_text("id,n:N\nb,1.25\n")
    (shop / "seed" / "Events.jsonl").write_text('{"name": {"B": "AAE="}, "at": {"N": "1"}}\n')
    inv("db.setup")
    (shop / "seed" / "Orders.json").write_text('[{"id": 1}]')
    refused = inv("db.seed", "--json")
    assert items(engine, f"{prefix}Orders") == {}
    (shop / "seed" / "Orders.json").unlink()

    done = inv("db.seed", "--json")
    again = inv("db.seed", "--json")

    assert (refused.code, refused.error) == (1, "INVALID_CONFIGURATION")
    assert (
        "seed/Orders.json line 1: table Orders: the key id" in refused.document["error"]["message"]
    )
    assert counts(done.document, "written") == {"Orders": 2, "Events": 1}
    assert counts(again.document, "existing") == {"Orders": 2, "Events": 1}
    assert items(engine, f"{prefix}Orders")["a"] == {
        "id": {"S": "a"},
        "n": {"N": "1.25"},
        "raw": {"B": b"\0\1"},
    }


@pytest.mark.usefixtures("shop")
def test_without_a_seed_it_says_what_to_write(inv: Inv) -> None:
    """A project of its own has no seed of OSEM's."""
    done = inv("db.seed", "--json")

    assert (done.code, done.error) == (1, "INVALID_CONFIGURATION")
    assert "seed: seed/*.jsonl" in done.document["error"]["remediation"]


def opened(engine: Engine, name: str) -> Run:
    """A run on a new table of that name."""
    engine.client().create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return run_at(engine.endpoint, table(name, "id S"))


def test_a_race_overwrites_nothing(engine: Engine, prefix: str) -> None:
    """Somebody puts an item between the look and the write: it stays, the others are written."""
    name = f"{prefix}Orders"
    run = opened(engine, name)
    theirs = {"id": {"S": "7"}, "by": {"S": "them"}}

    def intrude(**_: object) -> None:
        engine.client().put_item(TableName=name, Item=theirs)

    run.store.connection.session.register("before-call.dynamodb.TransactWriteItems", intrude)
    ours = [{"id": {"S": str(number)}, "by": {"S": "us"}} for number in range(50)]
    writes = [Write(name, ("id",), item) for item in ours]
    account = Account.of(writes)

    SeedWriter(run).put_new(writes, account)

    assert (account.written, account.kept) == (49, 1)
    found = items(engine, name)
    assert (len(found), found.pop("7")) == (50, theirs)
    assert {item["by"]["S"] for item in found.values()} == {"us"}


def test_any_item_reaches_the_table(engine: Engine, prefix: str) -> None:
    """Every type and every nesting is stored exactly, by both ways of writing."""
    name = f"{prefix}Orders"
    run = opened(engine, name)
    writer, store = SeedWriter(run), ItemStore(run.store.connection)

    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(items=ITEMS)
    def stored(items: list[dict[str, Any]]) -> None:
        wired = [{k: wire(v) for k, v in item.items()} for item in numbered(items)]
        writes = [Write(name, ("id",), item) for item in wired]
        for replacing in (False, True):
            if not replacing:
                for write in writes:
                    engine.client().delete_item(TableName=name, Key=write.key_item)
                writer.put_new(writes, Account.of(writes))
            else:
                writer.put(writes, Account.of(writes))
            assert len(store.existing(keys_of(writes)).found) == len(writes)
            for item in wired:
                response = engine.client().get_item(TableName=name, Key={"id": item["id"]})
                assert same(response["Item"], item)

    stored()


def same(found: Any, item: Any) -> bool:
    """Whether boto3 reads back the item: sets in any order, numbers by their value."""
    from boto3.dynamodb.types import TypeDeserializer

    read = TypeDeserializer().deserialize
    return bool(read({"M": found}) == read(native({"M": item})))


@pytest.mark.parametrize("number", ["0", "-1.5", "123", "0.001", "1E125", "9" * 38])
def test_the_size_is_the_engine_s(engine: Engine, prefix: str, number: str) -> None:
    """An item of exactly 400 KB by our count is stored; DynamoDB refuses one byte more."""
    if not engine.row.name.startswith("DynamoDB Local"):
        pytest.skip("only DynamoDB itself counts to the byte")
    name = f"{prefix}Orders"
    run = opened(engine, name)
    item: dict[str, Any] = {"id": {"S": "1"}, "n": {"L": [{"N": number}] * 9}, "t": {"S": ""}}
    item["t"] = {"S": "x" * (MAX_ITEM - size_of(item))}
    store = ItemStore(run.store.connection)

    assert store.put_new(Write(name, ("id",), item))
    item["t"]["S"] += "x"
    with pytest.raises(Exception, match="size"):
        store.put_new(Write(name, ("id",), {**item, "id": {"S": "2"}}))
