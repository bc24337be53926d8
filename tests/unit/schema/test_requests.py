"""Tables as requests: what CreateTable is sent, and what takes a setting back."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given

from osem_tasks.declarations.osem import TABLES
from osem_tasks.schema.facts import encryption_request
from osem_tasks.schema.model import Encryption, Stream, Throughput, table
from osem_tasks.schema.requests import create_request, on_demand, provisioned
from tests.support.strategies import tables

if TYPE_CHECKING:
    from botocore.model import Shape

    from osem_tasks.schema.model import Table


@cache
def create_table_shape() -> Shape:
    """The input of CreateTable in botocore's service model."""
    model = botocore.session.Session().get_service_model("dynamodb")
    shape = model.operation_model("CreateTable").input_shape
    assert shape
    return shape


@given(tables())
def test_request_fits_the_service_model(declared: Table) -> None:
    """botocore's own validation of CreateTable finds nothing in any request."""
    report = ParamValidator().validate(dict(create_request(declared)), create_table_shape())

    assert report.generate_report() == ""


@given(tables())
def test_request_holds_no_empty_list(declared: Table) -> None:
    """Empty lists are left out, because every engine refuses some of them."""
    empty = [name for name, value in create_request(declared).items() if value == []]

    assert empty == []


@given(tables())
def test_request_defines_each_attribute_once(declared: Table) -> None:
    """AttributeDefinitions holds the attributes of all keys, each once: engines refuse others."""
    request: Any = create_request(declared)
    holders = [
        request,
        *request.get("GlobalSecondaryIndexes", ()),
        *request.get("LocalSecondaryIndexes", ()),
    ]
    used = {part["AttributeName"] for holder in holders for part in holder["KeySchema"]}

    assert sorted(used) == [
        definition["AttributeName"] for definition in request["AttributeDefinitions"]
    ]


def test_request_of_a_table_is_whole() -> None:
    """The request of a table of the model, written out."""
    placed = TABLES.for_environment(
        "osem-prod-", tags={"Environment": "prod"}, deletion_protection=True
    )
    expected = {
        "TableName": "osem-prod-ConfigVersions",
        "KeySchema": [{"AttributeName": "configId", "KeyType": "HASH"}],
        "AttributeDefinitions": [
            {"AttributeName": "configId", "AttributeType": "S"},
            {"AttributeName": "createdAt", "AttributeType": "N"},
            {"AttributeName": "isActive", "AttributeType": "N"},
        ],
        "BillingMode": "PAY_PER_REQUEST",
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "isActive-index",
                "KeySchema": [
                    {"AttributeName": "isActive", "KeyType": "HASH"},
                    {"AttributeName": "createdAt", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        "Tags": [{"Key": "Environment", "Value": "prod"}],
        "DeletionProtectionEnabled": True,
    }

    assert expected == create_request(placed["osem-prod-ConfigVersions"])


@pytest.mark.parametrize(
    "facts, expected",
    [
        pytest.param({}, {}, id="nothing-declared"),
        pytest.param({"tags": ()}, {}, id="no-tags"),
        pytest.param({"stream": Stream(None)}, {}, id="no-stream"),
        pytest.param(
            {"stream": Stream("KEYS_ONLY")},
            {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}},
            id="stream",
        ),
        # AWS's own default is left out.
        pytest.param({"deletion_protection": False}, {}, id="unprotected"),
        pytest.param({"encryption": Encryption()}, {}, id="aws-owned-key"),
        pytest.param(
            {"encryption": Encryption("KMS")},
            {"SSESpecification": {"Enabled": True, "SSEType": "KMS"}},
            id="managed-kms-key",
        ),
        pytest.param(
            {"encryption": Encryption("KMS", "alias/mine")},
            {
                "SSESpecification": {
                    "Enabled": True,
                    "SSEType": "KMS",
                    "KMSMasterKeyId": "alias/mine",
                }
            },
            id="own-kms-key",
        ),
        pytest.param({"table_class": "STANDARD"}, {}, id="class"),
        pytest.param(
            {"table_class": "STANDARD_INFREQUENT_ACCESS"},
            {"TableClass": "STANDARD_INFREQUENT_ACCESS"},
            id="other-class",
        ),
        pytest.param(
            {"max_throughput": Throughput(5, -1)},
            {"OnDemandThroughput": {"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": -1}},
            id="on-demand-maximum",
        ),
        pytest.param(
            {"billing": "PROVISIONED", "throughput": Throughput(5, 2)},
            {
                "BillingMode": "PROVISIONED",
                "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 2},
            },
            id="provisioned",
        ),
    ],
)
def test_each_setting_in_the_request(facts: dict[str, Any], expected: dict[str, Any]) -> None:
    """A declared setting is sent, and only that; a default that is sent by silence is not."""
    plain: dict[str, Any] = dict(create_request(table("Plans", "planId S")))

    assert {**plain, **expected} == create_request(table("Plans", "planId S", **facts))


@pytest.mark.parametrize(
    "actual, expected",
    [
        pytest.param(encryption_request(None), {"Enabled": False}, id="no-encryption"),
        pytest.param(encryption_request(Encryption()), {"Enabled": False}, id="aws-owned"),
        pytest.param(
            provisioned(None),
            {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
            id="no-throughput",
        ),
        pytest.param(
            on_demand(None),
            {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1},
            id="no-maximum",
        ),
    ],
)
def test_request_that_takes_a_setting_back(
    actual: dict[str, Any], expected: dict[str, Any]
) -> None:
    """A setting that is not declared any more has a request of its own."""
    assert expected == actual
