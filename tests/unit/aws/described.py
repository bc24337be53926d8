"""A table as AWS describes it, and a store whose calls are answered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from osem_tasks.aws.session import connect
from osem_tasks.aws.store import TableStore
from osem_tasks.config.environments import BUILT_IN
from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.schema.model import TimeToLive, table
from tests.support.canned_aws import Answer, CannedAws, Refusal, answers

PLANS = table("Plans", "planId S", {"a-index": "a S", "b-index": "b S"})
FULL = replace(
    PLANS, tags=(("team", "core"),), ttl=TimeToLive("expiresAt"), point_in_time_recovery=True
)
AWS_ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/Plans"
LOCAL_ARN = "arn:aws:dynamodb:ddblocal:000000000000:table/Plans"
TTL_ON = {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiresAt"}}
NOT_FOUND = Refusal("ResourceNotFoundException")
NO_SUCH_CALL = Refusal("UnknownOperationException")
DENIED = Refusal("AccessDeniedException")


def index(name: str, key: str, **state: Any) -> dict[str, Any]:
    """The description of a global index."""
    return {
        "IndexName": name,
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
        "IndexStatus": "ACTIVE",
        **state,
    }


def described(**changes: Any) -> dict[str, Any]:
    """What DescribeTable answers about the table."""
    description = {
        "TableName": "Plans",
        "TableArn": AWS_ARN,
        "TableStatus": "ACTIVE",
        "KeySchema": [{"AttributeName": "planId", "KeyType": "HASH"}],
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "S"} for name in ("planId", "a", "b")
        ],
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "GlobalSecondaryIndexes": [index("a-index", "a"), index("b-index", "b")],
        "ItemCount": 12,
        "TableSizeBytes": 3400,
        **changes,
    }
    return {"Table": {key: value for key, value in description.items() if value is not None}}


def recovery(status: str = "ENABLED") -> dict[str, Any]:
    """What DescribeContinuousBackups answers."""
    described = {"PointInTimeRecoveryStatus": status}
    backups = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": described}
    return {"ContinuousBackupsDescription": backups}


def opened(canned: CannedAws, name: str = "dev", **options: Any) -> TableStore:
    """A store whose calls are answered by ``canned``."""
    target = resolve(BUILT_IN[name], TargetOptions(**options), {})
    connection = connect(target, lambda _: None)
    canned.listen(connection.session)
    return TableStore(connection)


def store_with(name: str = "dev", **by_operation: Answer) -> tuple[TableStore, CannedAws]:
    """A store of that environment, and what answers it."""
    canned = CannedAws(answers(**by_operation))
    return opened(canned, name), canned
