"""Declarations as documents: what is written is read back, and what is wrong is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from osem_tasks.declarations.documents import read_document
from osem_tasks.declarations.properties import declared_part
from osem_tasks.errors import ModelError
from osem_tasks.schema.compare import compare
from osem_tasks.schema.facts import SETTINGS
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import NO_LIMIT, Table, TableSet, table
from osem_tasks.schema.requests import document
from tests.support.strategies import tables

ORDERS: dict[str, Any] = {
    "TableName": "Orders",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
DESCRIBED: dict[str, Any] = {
    **{key: ORDERS[key] for key in ("TableName", "KeySchema", "AttributeDefinitions")},
    "TableStatus": "ACTIVE",
    "CreationDateTime": "2026-01-01T00:00:00",
    "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
    "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
    "TableArn": "arn:aws:dynamodb:us-east-1:111111111111:table/Orders",
    "DeletionProtectionEnabled": False,
}
PLAIN = table("Orders", "id S")


@given(tables())
def test_a_written_table_reads_back_the_same(declared: Table) -> None:
    """JSON keeps every declared fact, through text and back."""
    text = json.dumps({"Tables": [document(declared)]})

    assert read_document(json.loads(text)) == (declared,)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(ORDERS, id="request"),
        pytest.param([ORDERS], id="list"),
        pytest.param({"Tables": [ORDERS]}, id="tables"),
        pytest.param({"Table": {**DESCRIBED, "DeletionProtectionEnabled": None}}, id="described"),
    ],
)
def test_the_shapes_of_a_file(content: object) -> None:
    """A request, a list of them, or the answer of describe-table."""
    assert read_document(content) == (PLAIN,)


@pytest.mark.parametrize(
    "change, problem",
    [
        pytest.param({"KeySchema": None}, "not as CreateTable has it", id="no-keys"),
        pytest.param({"AttributeDefinitions": []}, "'id' is not in", id="undefined-key"),
        pytest.param({"TableName": 5}, "TableName must be a string", id="name"),
        pytest.param({"BillingMode": "FREE"}, "must be PAY_PER_REQUEST or", id="billing"),
        pytest.param({"BillingMode": None}, "needs a throughput", id="provisioned-by-default"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], problem: str) -> None:
    """A declaration that cannot be read is one ModelError in words."""
    with pytest.raises(ModelError) as caught:
        read_document({**ORDERS, **change})

    assert problem in str(caught.value)


def test_every_table_s_problems_are_told_at_once() -> None:
    """Two wrong tables give two problems."""
    wrong = {**ORDERS, "AttributeDefinitions": []}

    with pytest.raises(ModelError) as caught:
        read_document([wrong, {**wrong, "TableName": "Carts"}])

    assert len(caught.value.problems) == 2


@given(tables())
def test_the_declared_part_leaves_out_the_defaults_only(declared: Table) -> None:
    """What a team would declare of a live table compares clean with it, and names no default."""
    live = LiveTable(table=declared, status="ACTIVE", index_status={})

    part = declared_part(declared)

    assert compare(part, live).issues == ()
    assert [s.field for s in SETTINGS if getattr(part, s.field) == s.default] == []
    assert NO_LIMIT not in {part.max_throughput, *(i.max_throughput for i in part.global_indexes)}


@pytest.mark.parametrize(
    "content",
    [5, "Orders", None, {"Tables": 5}],
    ids=["number", "text", "nothing", "number-of-tables"],
)
def test_a_file_that_holds_no_declaration(content: object) -> None:
    """Anything but a table or a list of tables is one clear problem."""
    with pytest.raises(ModelError, match="must hold a table, a list of tables"):
        read_document(content)


@pytest.mark.parametrize("entry", [5, "Orders", None], ids=repr)
def test_an_entry_that_is_no_table_is_named_by_its_place(entry: object) -> None:
    """The second entry of a list is called table 2."""
    with pytest.raises(ModelError, match="table 2: must be a mapping"):
        read_document([ORDERS, entry])


PRINTED: dict[str, Any] = {
    "deletion protection": {"DeletionProtectionEnabled": False},
    "a stream": {"StreamSpecification": {"StreamEnabled": False}},
    "the class": {"TableClassSummary": {"TableClass": "STANDARD"}},
    "encryption": {"SSEDescription": {"Status": "DISABLED"}},
    "limits": {"OnDemandThroughput": {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1}},
    "all": {
        "DeletionProtectionEnabled": False,
        "StreamSpecification": {"StreamEnabled": False},
        "TableClassSummary": {"TableClass": "STANDARD", "LastUpdateDateTime": "2026-01-01"},
        "SSEDescription": {"Status": "DISABLED"},
        "WarmThroughput": {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000},
        "GlobalSecondaryIndexes": None,
    },
}


@pytest.mark.parametrize("name", PRINTED)
@pytest.mark.parametrize("shape", ["Table", "Tables", "bare", "status-only"])
def test_what_describe_table_prints_by_default_is_no_declaration(name: str, shape: str) -> None:
    """AWS's own defaults in a description declare nothing, so an environment's values count."""
    described = {**DESCRIBED, **PRINTED[name]}
    if shape == "status-only":
        described = {**ORDERS, "TableStatus": "ACTIVE", **PRINTED[name]}
    content = {"Table": {"Table": described}, "Tables": {"Tables": [described]}}.get(
        shape, described
    )

    (declared,) = read_document(content)
    placed = TableSet((declared,)).for_environment(
        "prod-", tags={}, deletion_protection=True, point_in_time_recovery=True
    )

    assert declared == PLAIN
    assert placed["prod-Orders"].deletion_protection is True
    assert placed["prod-Orders"].point_in_time_recovery is True


@pytest.mark.parametrize("name", [name for name in PRINTED if name not in ("all", "encryption")])
def test_what_a_request_says_is_declared_though_it_is_a_default(name: str) -> None:
    """The same members in a CreateTable request are the author's own words."""
    request = {**ORDERS, **PRINTED[name]}
    request |= {"TableClass": "STANDARD"} if name == "the class" else {}

    (declared,) = read_document(request)

    assert declared != PLAIN


def test_what_describe_table_prints_beside_defaults_is_declared() -> None:
    """A protection, a stream and a KMS key that are on are what the file means."""
    printed = {
        "DeletionProtectionEnabled": True,
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        "SSEDescription": {"Status": "ENABLED", "KMSMasterKeyArn": "arn:aws:kms:x:1:key/own"},
    }

    (declared,) = read_document({"Table": {**DESCRIBED, **printed}})

    assert declared.deletion_protection is True
    assert declared.stream is not None
    assert declared.stream.view == "NEW_IMAGE"
    assert declared.encryption is not None
    assert declared.encryption.kms_key == "arn:aws:kms:x:1:key/own"
