"""Data models of NoSQL Workbench."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.declarations.properties import read_table
from osem_tasks.declarations.workbench import is_model, noted, requests
from osem_tasks.errors import ModelError
from osem_tasks.schema.model import Index, Key, Projection, Table, Throughput, table
from osem_tasks.schema.notes import ItemAttribute, Notes

MODEL: dict[str, Any] = {
    "ModelName": "Shop",
    "ModelMetadata": {"Version": "3.0", "AWSService": "Amazon DynamoDB"},
    "DataModel": [
        {
            "TableName": "Orders",
            "KeyAttributes": {
                "PartitionKey": {"AttributeName": "id", "AttributeType": "S"},
                "SortKey": {"AttributeName": "at", "AttributeType": "N"},
            },
            "NonKeyAttributes": [{"AttributeName": "note", "AttributeType": "S"}],
            "TableFacets": [{"FacetName": "all"}],
            "TableData": [{"id": {"S": "1"}, "at": {"N": "2"}}],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "by-owner",
                    "KeyAttributes": {
                        "PartitionKey": {"AttributeName": "owner", "AttributeType": "S"}
                    },
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["note"]},
                }
            ],
            "DataAccess": {"MySql": {}},
            "SampleDataFormats": {"id": ["identifiers", "UUID"]},
            "BillingMode": "PROVISIONED",
            "ProvisionedCapacitySettings": {
                "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6},
                "AutoScalingRead": {"ScalingPolicyConfiguration": {"TargetValue": 70}},
            },
        },
        {
            "TableName": "Carts",
            "KeyAttributes": {"PartitionKey": {"AttributeName": "id", "AttributeType": "S"}},
        },
    ],
}


def read(model: dict[str, Any]) -> list[Table]:
    """The tables of a model."""
    return [read_table(request, "model") for request in requests(model)]


def test_a_model_gives_its_tables() -> None:
    """Keys, indexes, units; sample data and facets are not part of a table."""
    units = Throughput(5, 6)
    index = Index("by-owner", Key.parse("owner S"), Projection("INCLUDE", ("note",)), units)
    orders = Table(
        name="Orders",
        key=Key.parse("id S, at N"),
        global_indexes=(index,),
        billing="PROVISIONED",
        throughput=units,
    )

    assert is_model(MODEL)
    assert read(MODEL) == [orders, table("Carts", "id S")]


@pytest.mark.parametrize(
    "change, words",
    [
        ({"DataModel": {}}, "DataModel must be a list of tables"),
        ({"DataModel": ["x"]}, "DataModel must be a list of tables"),
        ({"DataModel": [{"TableName": "A"}]}, "table 'A': KeyAttributes.PartitionKey is missing"),
        (
            {"DataModel": [{"TableName": "A", "KeyAttributes": {"PartitionKey": "id"}}]},
            "table 'A': PartitionKey must have an AttributeName",
        ),
    ],
)
def test_a_model_that_cannot_be_read(change: dict[str, Any], words: str) -> None:
    """One sentence names the table and what it lacks."""
    with pytest.raises(ModelError) as caught:
        requests({**MODEL, **change})

    assert words in caught.value.problems[0]


def test_an_attribute_of_two_types_is_refused() -> None:
    """The first of two types would decide in silence."""
    model = copy.deepcopy(MODEL)
    index = model["DataModel"][0]["GlobalSecondaryIndexes"][0]
    index["KeyAttributes"]["PartitionKey"] = {"AttributeName": "id", "AttributeType": "N"}

    with pytest.raises(ModelError, match="attribute 'id' has two types, S and N"):
        requests(model)


VALUES = st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
WRONG = VALUES | st.dictionaries(st.sampled_from(sorted(MODEL["DataModel"][0])), VALUES)


@given(st.data())
def test_any_wrong_value_gives_a_sentence(data: st.DataObject) -> None:
    """Whatever stands in a place of a model, the answer is tables or a problem."""
    model = copy.deepcopy(MODEL)
    place: Any = model["DataModel"][0]
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        if isinstance(place[key], dict) and place[key] and data.draw(st.booleans()):
            place = place[key]
            continue
        place[key] = data.draw(WRONG)
        break
    with contextlib.suppress(ModelError):
        read(model)


def test_the_other_attributes_are_notes() -> None:
    """A model's attributes beside the keys are known to `db.docs`; what is no attribute is not."""
    given = [
        {"AttributeName": "note", "AttributeType": "S"},
        {"AttributeName": "tags", "AttributeType": "SS"},
        # A key of another type, another type's name, no name, and no mapping at all.
        {"AttributeName": "owner", "AttributeType": "N"},
        {"AttributeName": "x", "AttributeType": "String"},
        {"AttributeType": "S"},
        "y",
    ]
    orders, carts = MODEL["DataModel"]
    model = {"DataModel": [{**orders, "NonKeyAttributes": given}, carts]}

    first, second = noted(model, read(model))

    assert first.notes == Notes(
        attributes=(ItemAttribute("note", "S"), ItemAttribute("tags", "SS"))
    )
    assert second.notes is None
