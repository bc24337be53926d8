"""CloudFormation and SAM templates: read as far as they tell, written so that they read back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from osem_tasks.declarations.export.cloudformation import write_template
from osem_tasks.declarations.global_table import GLOBAL_TABLE
from osem_tasks.declarations.resources import TABLE
from osem_tasks.declarations.sam import SIMPLE_TABLE
from osem_tasks.errors import ModelError
from osem_tasks.schema.compare import compare
from osem_tasks.schema.live import LiveTable
from tests.support.documents import read_template
from tests.support.strategies import tables
from tests.unit.declarations.test_documents import ORDERS, PLAIN

if TYPE_CHECKING:
    from osem_tasks.schema.model import Table


def template(properties: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """A template with one table."""
    return {"Resources": {"Orders": {"Type": TABLE, "Properties": properties}}} | parts


@given(tables())
def test_an_exported_template_shows_no_difference(declared: Table) -> None:
    """Exported to CloudFormation, read back, compared: nothing differs."""
    text = json.dumps(write_template([declared]))
    (found,) = read_template(json.loads(text))
    live = LiveTable(
        table=declared,
        status="ACTIVE",
        index_status={index.name: "ACTIVE" for index in declared.global_indexes},
    )

    assert compare(found, live).issues == ()


@pytest.mark.parametrize(
    "name, parts, expected",
    [
        pytest.param(
            {"Ref": "N"}, {"Parameters": {"N": {"Default": "Orders"}}}, "Orders", id="ref"
        ),
        pytest.param(
            {"Fn::Sub": "${N}-x"},
            {"Parameters": {"N": {"Default": "Orders"}}},
            "Orders-x",
            id="sub",
        ),
        pytest.param({"Fn::Sub": ["${V}-y", {"V": "abc"}]}, {}, "abc-y", id="sub-with-values"),
        pytest.param({"Fn::Join": ["-", ["a", "bc"]]}, {}, "a-bc", id="join"),
        pytest.param(
            {"Fn::FindInMap": ["M", "eu", "name"]},
            {"Mappings": {"M": {"eu": {"name": "Orders-eu"}}}},
            "Orders-eu",
            id="find-in-map",
        ),
    ],
)
def test_intrinsics_of_names_are_resolved(
    name: object, parts: dict[str, Any], expected: str
) -> None:
    """What the template alone tells is resolved."""
    found = read_template(template({**ORDERS, "TableName": name}, **parts))

    assert [declared.name for declared in found] == [expected]


@pytest.mark.parametrize(
    "name, problem",
    [
        pytest.param(
            {"Fn::ImportValue": "x"}, "Fn::ImportValue 'x' is known to AWS only", id="import"
        ),
        pytest.param({"Fn::If": ["c", "a", "b"]}, "condition 'c' is not in Conditions", id="if"),
        pytest.param({"Ref": "AWS::Region"}, "known to AWS only", id="pseudo-parameter"),
        pytest.param({"Fn::Sub": "${AWS::AccountId}-x"}, "known to AWS only", id="sub-pseudo"),
        pytest.param({"Fn::FindInMap": ["a", "b", "c"]}, "Mappings has no", id="no-mapping"),
    ],
)
def test_other_intrinsics_are_a_clear_error(name: object, problem: str) -> None:
    """What only AWS knows is named, with its resource."""
    with pytest.raises(ModelError) as caught:
        read_template(template({**ORDERS, "TableName": name}))

    assert problem in str(caught.value)
    assert "'Orders'" in str(caught.value)


def test_a_parameter_without_default_is_a_clear_error() -> None:
    """A value that is given at deployment only cannot be known here."""
    with pytest.raises(ModelError, match="parameter 'N' has no value: it has no Default"):
        read_template(
            template({**ORDERS, "TableName": {"Ref": "N"}}, Parameters={"N": {"Type": "String"}})
        )


def test_a_table_without_name_has_its_logical_id() -> None:
    """CloudFormation makes the name up; here the resource's name stands for it."""
    unnamed = {key: value for key, value in ORDERS.items() if key != "TableName"}

    assert read_template(template(unnamed)) == (PLAIN,)


def test_a_simple_table_of_sam() -> None:
    """SAM's SimpleTable is a table with one key, on demand."""
    properties = {"TableName": "Orders", "PrimaryKey": {"Name": "id", "Type": "String"}}
    document = {"Resources": {"T": {"Type": SIMPLE_TABLE, "Properties": properties}}}

    assert read_template(document) == (PLAIN,)


def test_a_global_table_without_properties_is_refused_by_name() -> None:
    """What cannot be a table is said, with what it lacks."""
    document = {"Resources": {"T": {"Type": GLOBAL_TABLE}}}

    with pytest.raises(ModelError, match="resource 'T': Replicas is missing"):
        read_template(document)
