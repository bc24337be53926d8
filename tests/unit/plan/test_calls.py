"""Each kind of step becomes one exact call, in a shape that botocore's model accepts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from osem_tasks.plan.actions import Action, Kind, Risk
from osem_tasks.plan.calls import _BUILDERS, Call, call_for
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import (
    Encryption,
    Index,
    Key,
    Projection,
    Table,
    Throughput,
    TimeToLive,
)
from osem_tasks.schema.warm import WarmThroughput
from tests.support.fake_dynamodb.shapes import check_shape

OPERATIONS = {
    "update_table": "UpdateTable",
    "update_time_to_live": "UpdateTimeToLive",
    "update_continuous_backups": "UpdateContinuousBackups",
    "tag_resource": "TagResource",
}
ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/Plans"
ONE = Index("one", Key.parse("a N, b S"), Projection("INCLUDE", ("y", "x")))
KEPT = Index("kept", Key.parse("c S"))
BASE = Table(name="Plans", key=Key.parse("pk S"), global_indexes=(KEPT,))
UNITS = {"ReadCapacityUnits": 2, "WriteCapacityUnits": 3}
LIMIT = {"MaxReadRequestUnits": 2, "MaxWriteRequestUnits": 3}
TWO_THREE, FOUR_FIVE = Throughput(2, 3), Throughput(4, 5)
PROVISIONED = Table(
    name="Plans",
    key=Key.parse("pk S"),
    global_indexes=(replace(KEPT, throughput=FOUR_FIVE),),
    billing="PROVISIONED",
    throughput=TWO_THREE,
)
DEFINITIONS = [
    {"AttributeName": "a", "AttributeType": "N"},
    {"AttributeName": "b", "AttributeType": "S"},
    {"AttributeName": "c", "AttributeType": "S"},
    {"AttributeName": "pk", "AttributeType": "S"},
]
CREATED = {
    "IndexName": "one",
    "KeySchema": [
        {"AttributeName": "a", "KeyType": "HASH"},
        {"AttributeName": "b", "KeyType": "RANGE"},
    ],
    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x", "y"]},
}

WARM, WRITES = WarmThroughput(20_000, 5_000), "WriteUnitsPerSecond"
WARM_UNITS = {"ReadUnitsPerSecond": 20_000, WRITES: 5_000}


def step(kind: Kind, target: str = "", index: Index | None = None) -> Action:
    """A step on that table."""
    return Action("Plans", kind, target, Risk.SAFE, "why", (), index)


def live(table: Table = BASE) -> LiveTable:
    """``table`` as it was read."""
    return LiveTable(table=table, status="ACTIVE", index_status={}, arn=ARN)


def updated(**arguments: Any) -> Call:
    """UpdateTable of that table."""
    return Call("update_table", {"TableName": "Plans", **arguments})


def updates(verb: str, **request: Any) -> dict[str, Any]:
    """One update of an index."""
    return {"GlobalSecondaryIndexUpdates": [{verb: request}]}


def declared(**facts: Any) -> Table:
    """That table with these facts declared."""
    return replace(BASE, **facts)


CASES: dict[str, tuple[Action, Table, LiveTable, Call]] = {
    "create-index-sends-every-definition": (
        step(Kind.CREATE_INDEX, "one", ONE),
        declared(global_indexes=(ONE, KEPT)),
        live(),
        updated(**updates("Create", **CREATED), AttributeDefinitions=DEFINITIONS),
    ),
    "create-index-with-its-throughput": (
        step(Kind.CREATE_INDEX, "one", replace(ONE, throughput=TWO_THREE)),
        PROVISIONED,
        live(PROVISIONED),
        updated(
            **updates("Create", **CREATED, ProvisionedThroughput=UNITS),
            AttributeDefinitions=DEFINITIONS,
        ),
    ),
    "create-index-with-its-limit": (
        step(Kind.CREATE_INDEX, "one", replace(ONE, max_throughput=TWO_THREE)),
        BASE,
        live(),
        updated(
            **updates("Create", **CREATED, OnDemandThroughput=LIMIT),
            AttributeDefinitions=DEFINITIONS,
        ),
    ),
    "delete-index": (
        step(Kind.DELETE_INDEX, "kept", KEPT),
        BASE,
        live(),
        updated(**updates("Delete", IndexName="kept")),
    ),
    "billing-on-demand": (
        step(Kind.UPDATE_BILLING),
        BASE,
        live(PROVISIONED),
        updated(BillingMode="PAY_PER_REQUEST"),
    ),
    "billing-provisioned-names-every-live-index": (
        step(Kind.UPDATE_BILLING),
        PROVISIONED,
        live(declared(global_indexes=(KEPT, ONE))),
        updated(
            BillingMode="PROVISIONED",
            ProvisionedThroughput=UNITS,
            GlobalSecondaryIndexUpdates=[
                {
                    "Update": {
                        "IndexName": "kept",
                        "ProvisionedThroughput": {"ReadCapacityUnits": 4, "WriteCapacityUnits": 5},
                    }
                },
                {"Update": {"IndexName": "one", "ProvisionedThroughput": UNITS}},
            ],
        ),
    ),
    "billing-provisioned-without-indexes": (
        step(Kind.UPDATE_BILLING),
        PROVISIONED,
        live(declared(global_indexes=())),
        updated(BillingMode="PROVISIONED", ProvisionedThroughput=UNITS),
    ),
    "throughput-of-the-table": (
        step(Kind.UPDATE_THROUGHPUT),
        PROVISIONED,
        live(PROVISIONED),
        updated(ProvisionedThroughput=UNITS),
    ),
    "throughput-of-an-index": (
        step(Kind.UPDATE_THROUGHPUT, "", replace(KEPT, throughput=TWO_THREE)),
        PROVISIONED,
        live(PROVISIONED),
        updated(**updates("Update", IndexName="kept", ProvisionedThroughput=UNITS)),
    ),
    "limit-of-the-table": (
        step(Kind.UPDATE_MAX_THROUGHPUT),
        declared(max_throughput=TWO_THREE),
        live(),
        updated(OnDemandThroughput=LIMIT),
    ),
    "limit-of-an-index": (
        step(Kind.UPDATE_MAX_THROUGHPUT, "", replace(KEPT, max_throughput=TWO_THREE)),
        BASE,
        live(),
        updated(**updates("Update", IndexName="kept", OnDemandThroughput=LIMIT)),
    ),
    **{
        f"warm-{case}": (
            step(Kind.UPDATE_WARM_THROUGHPUT),
            declared(warm_throughput=wanted),
            live(replace(BASE, check=False, warm_throughput=found)),
            updated(WarmThroughput=sent),
        )
        for case, wanted, found, sent in (
            ("of-the-table", WARM, None, WARM_UNITS),
            ("keeps-what-is-higher", WARM, WarmThroughput(1, 9_000), {**WARM_UNITS, WRITES: 9_000}),
            ("reads-alone", WarmThroughput(20_000), WarmThroughput(1, 5_000), WARM_UNITS),
        )
    },
    "warm-of-an-index": (
        step(Kind.UPDATE_WARM_THROUGHPUT, "", replace(KEPT, warm_throughput=WARM)),
        BASE,
        live(),
        updated(**updates("Update", IndexName="kept", WarmThroughput=WARM_UNITS)),
    ),
    "create-index-with-its-warm-throughput": (
        step(Kind.CREATE_INDEX, "one", replace(ONE, warm_throughput=WARM)),
        BASE,
        live(),
        updated(
            **updates("Create", **CREATED, WarmThroughput=WARM_UNITS),
            AttributeDefinitions=DEFINITIONS,
        ),
    ),
    "create-index-without-less-than-aws-gives": (
        step(Kind.CREATE_INDEX, "one", replace(ONE, warm_throughput=WarmThroughput(9, 4_000))),
        BASE,
        live(),
        updated(**updates("Create", **CREATED), AttributeDefinitions=DEFINITIONS),
    ),
    **{
        f"period-{case}": (
            step(kind),
            declared(point_in_time_recovery=True, recovery_period_in_days=7),
            live(),
            Call(
                "update_continuous_backups",
                {
                    "TableName": "Plans",
                    "PointInTimeRecoverySpecification": {
                        "PointInTimeRecoveryEnabled": True,
                        "RecoveryPeriodInDays": 7,
                    },
                },
            ),
        )
        for case, kind in (("alone", Kind.UPDATE_PITR_PERIOD), ("when-on", Kind.ENABLE_PITR))
    },
    "stream-on": (
        step(Kind.ENABLE_STREAM, "NEW_IMAGE"),
        BASE,
        live(),
        updated(StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}),
    ),
    "stream-off": (
        step(Kind.DISABLE_STREAM, "NEW_IMAGE"),
        BASE,
        live(),
        updated(StreamSpecification={"StreamEnabled": False}),
    ),
    "ttl-on": (
        step(Kind.ENABLE_TTL, "endsAt"),
        declared(ttl=TimeToLive("endsAt")),
        live(),
        Call(
            "update_time_to_live",
            {
                "TableName": "Plans",
                "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "endsAt"},
            },
        ),
    ),
    "ttl-off-names-what-is-found": (
        step(Kind.DISABLE_TTL, "found"),
        declared(ttl=TimeToLive("endsAt")),
        live(),
        Call(
            "update_time_to_live",
            {
                "TableName": "Plans",
                "TimeToLiveSpecification": {"Enabled": False, "AttributeName": "found"},
            },
        ),
    ),
    **{
        f"backups-{on}": (
            step(kind),
            BASE,
            live(),
            Call(
                "update_continuous_backups",
                {
                    "TableName": "Plans",
                    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": on},
                },
            ),
        )
        for kind, on in ((Kind.ENABLE_PITR, True), (Kind.DISABLE_PITR, False))
    },
    **{
        f"protection-{on}": (
            step(Kind.SET_DELETION_PROTECTION),
            declared(deletion_protection=on),
            live(),
            updated(DeletionProtectionEnabled=on),
        )
        for on in (True, False)
    },
    "tags-by-arn": (
        step(Kind.SET_TAGS),
        declared(tags=(("b", "2"), ("a", "1"))),
        live(),
        Call(
            "tag_resource",
            {
                "ResourceArn": ARN,
                "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
            },
        ),
    ),
    "encryption-with-a-key": (
        step(Kind.UPDATE_ENCRYPTION),
        declared(encryption=Encryption("KMS", "alias/own")),
        live(),
        updated(
            SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "alias/own"}
        ),
    ),
    "encryption-with-the-managed-key": (
        step(Kind.UPDATE_ENCRYPTION),
        declared(encryption=Encryption("KMS")),
        live(),
        updated(SSESpecification={"Enabled": True, "SSEType": "KMS"}),
    ),
    "encryption-off": (
        step(Kind.UPDATE_ENCRYPTION),
        declared(encryption=Encryption()),
        live(),
        updated(SSESpecification={"Enabled": False}),
    ),
    "table-class": (
        step(Kind.UPDATE_TABLE_CLASS),
        declared(table_class="STANDARD_INFREQUENT_ACCESS"),
        live(),
        updated(TableClass="STANDARD_INFREQUENT_ACCESS"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_call_of_each_kind(name: str) -> None:
    """The call is exactly this one, and the service model knows its shape."""
    action, table, found, expected = CASES[name]

    call = call_for(action, table, found)

    assert call == expected
    check_shape(OPERATIONS[call.method], call.arguments)


def test_every_kind_has_a_case() -> None:
    """No kind that a repair can carry out is left out, in the package or of the table above."""
    without = {Kind.CREATE_TABLE, Kind.NOT_IN_PLACE}

    assert {*_BUILDERS} == {*Kind} - without
    assert {action.kind for action, *_ in CASES.values()} == {*Kind} - without


@pytest.mark.parametrize(
    "kind", [Kind.CREATE_TABLE, Kind.NOT_IN_PLACE, Kind.CREATE_INDEX, Kind.DELETE_INDEX]
)
def test_what_no_call_can_do(kind: Kind) -> None:
    """A step that no call on an existing table can carry out is refused before it is sent."""
    with pytest.raises(KeyError):
        call_for(step(kind), BASE, live())
