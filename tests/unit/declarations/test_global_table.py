"""A GlobalTable is the table of one region; what scales its capacity is not judged."""

from __future__ import annotations

from typing import Any

import pytest

from osem_tasks.declarations.context import Context
from osem_tasks.declarations.global_table import GLOBAL_TABLE
from osem_tasks.errors import ModelError
from osem_tasks.schema.model import (
    Encryption,
    Index,
    Key,
    Stream,
    Table,
    Throughput,
    TimeToLive,
    table,
)
from tests.support.documents import read_template

ORDERS: dict[str, Any] = {
    "TableName": "Orders",
    "AttributeDefinitions": [
        {"AttributeName": "id", "AttributeType": "S"},
        {"AttributeName": "owner", "AttributeType": "S"},
    ],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingMode": "PROVISIONED",
    "WriteProvisionedThroughputSettings": {
        "WriteCapacityAutoScalingSettings": {
            "MinCapacity": 1,
            "MaxCapacity": 10,
            "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70},
        }
    },
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "owner-index",
            "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
            "WriteProvisionedThroughputSettings": {"WriteCapacityUnits": 2},
        }
    ],
    "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
    "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
    "TimeToLiveSpecification": {"AttributeName": "endsAt", "Enabled": True},
    "Replicas": [
        {"Region": "us-east-1", "ReadProvisionedThroughputSettings": {"ReadCapacityUnits": 9}},
        {
            "Region": {"Ref": "AWS::Region"},
            "ReadProvisionedThroughputSettings": {"ReadCapacityUnits": "4"},
            "DeletionProtectionEnabled": "true",
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "TableClass": "STANDARD",
            "SSESpecification": {"KMSMasterKeyId": "alias/shop"},
            "Tags": [{"Key": "team", "Value": "shop"}],
            "ContributorInsightsSpecification": {"Enabled": True},
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "owner-index",
                    "ReadProvisionedThroughputSettings": {
                        "ReadCapacityAutoScalingSettings": {
                            "MinCapacity": 3,
                            "MaxCapacity": 9,
                            "SeedCapacity": 5,
                        }
                    },
                }
            ],
        },
    ],
}
PLAIN: dict[str, Any] = {
    "TableName": "Orders",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
    "Replicas": [{"Region": "us-east-1"}, {"Region": "eu-west-1"}],
}
AWS = Context(region="eu-west-1", account="111122223333", local=False)


def read(properties: dict[str, Any], context: Context = AWS) -> Table:
    """The table of a GlobalTable with these properties."""
    (found,) = read_template(
        {"Resources": {"T": {"Type": GLOBAL_TABLE, "Properties": properties}}}, context
    )
    return found


def test_the_replica_of_the_region_is_the_table() -> None:
    """Settings of the table and of its replica become one table; the rest is listed."""
    assert read(ORDERS) == Table(
        name="Orders",
        key=Key.parse("id S"),
        billing="PROVISIONED",
        throughput=Throughput(4, 1),
        global_indexes=(Index("owner-index", Key.parse("owner S"), throughput=Throughput(5, 2)),),
        encryption=Encryption("KMS", "alias/shop"),
        stream=Stream("NEW_AND_OLD_IMAGES"),
        ttl=TimeToLive("endsAt"),
        deletion_protection=True,
        point_in_time_recovery=True,
        table_class="STANDARD",
        tags=(("team", "shop"),),
        ignored=frozenset({"write_capacity", "index[owner-index].read_capacity"}),
        unmanaged=(
            ("Replicas[eu-west-1].ContributorInsightsSpecification", ""),
            ("Replicas[us-east-1]", "a replica in another region"),
        ),
    )


def test_limits_on_demand() -> None:
    """The reading limit of the replica and the writing limit of the table are one ceiling."""
    replica = {"Region": "eu-west-1", "ReadOnDemandThroughputSettings": {"MaxReadRequestUnits": 7}}
    limited = {**PLAIN, "WriteOnDemandThroughputSettings": {"MaxWriteRequestUnits": 8}}

    found = read({**limited, "Replicas": [replica]})

    assert found == table("Orders", "id S", max_throughput=Throughput(7, 8))


@pytest.mark.parametrize(
    "context, other",
    [
        pytest.param(Context(region="us-east-1", local=False), "eu-west-1", id="on-aws"),
        pytest.param(Context(region="mars-1"), "eu-west-1", id="local-takes-the-first"),
        pytest.param(Context(region="eu-west-1"), "us-east-1", id="local-with-the-region"),
        pytest.param(Context(), "eu-west-1", id="no-region"),
    ],
)
def test_other_replicas_are_listed(context: Context, other: str) -> None:
    """One replica is the table, also on a local engine of any region."""
    unmanaged = ((f"Replicas[{other}]", "a replica in another region"),)

    assert read(PLAIN, context) == table("Orders", "id S", unmanaged=unmanaged)


def test_the_stack_s_own_region_needs_no_name() -> None:
    """CDK writes a reference to the region, which may not be known."""
    assert read({**PLAIN, "Replicas": [{"Region": {"Ref": "AWS::Region"}}]}, Context()) == table(
        "Orders", "id S"
    )


def test_capacity_that_only_aws_knows_is_not_judged() -> None:
    """A GlobalTable has its capacity in settings of its own; the table still gets some."""
    imported = {"WriteCapacityUnits": {"Fn::ImportValue": "x"}}

    found = read({**ORDERS, "WriteProvisionedThroughputSettings": imported})

    assert found.throughput == Throughput(4, 1)
    assert "write_capacity" in found.ignored
    assert ("WriteProvisionedThroughputSettings.WriteCapacityUnits") in dict(found.unmanaged)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no-replica-here": (
        {"Replicas": [{"Region": "us-east-1"}]},
        "Replicas: there is no replica in eu-west-1, but in us-east-1",
    ),
    "no-replica": ({"Replicas": []}, "Replicas: it must hold a replica"),
    "replicas-as-mapping": ({"Replicas": {}}, "Replicas must be a list"),
    "of-a-table": (
        {"DeletionProtectionEnabled": True},
        "DeletionProtectionEnabled is not a property of AWS::DynamoDB::GlobalTable",
    ),
    "misspelt-in-a-replica": (
        {"Replicas": [{"Region": "eu-west-1", "TableClas": "STANDARD"}]},
        "Replicas[0].TableClas is not known; did you mean 'TableClass'?",
    ),
    "units-on-demand": (
        {"WriteProvisionedThroughputSettings": {"WriteCapacityUnits": 5}},
        "ProvisionedThroughput",
    ),
    "unknown-name": (
        {"TableName": {"Fn::ImportValue": "x"}},
        "Fn::ImportValue 'x' is known to AWS",
    ),
    "unknown-replicas": (
        {"Replicas": {"Fn::ImportValue": "x"}},
        "Replicas: Fn::ImportValue 'x' is known to AWS only",
    ),
    "broken-replica": (
        {"Replicas": [{"Region": {"Ref": "Nobody"}}]},
        "Ref 'Nobody' is neither a parameter nor a resource",
    ),
}


@pytest.mark.parametrize("change, words", WRONG.values(), ids=list(WRONG))
def test_a_wrong_global_table_is_refused_in_words(change: dict[str, Any], words: str) -> None:
    """The resource, the property, and what is expected."""
    with pytest.raises(ModelError) as caught:
        read({**PLAIN, **change})

    assert words in str(caught.value)
    assert "resource 'T'" in str(caught.value)
