"""The shapes of a table: as the DynamoDB API has it, and as CloudFormation and SAM have it.

Every member of a shape is either read, or listed as "not managed here", or the state of a
live table that a description shows. Any other member is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from osem_tasks.schema.rules import KEY_TYPES, PROJECTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE_TYPE = "AWS::DynamoDB::Table"
# A name is text on which a table or an index depends.
Scalar = Literal["name", "text", "number", "flag"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several strings. ``needed``: without it, there is no table or index."""

    words: tuple[str, ...]
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping with known and required members.

    ``unmanaged`` members declare what this suite does not manage; ``state`` members are what
    a description shows of a live table. ``what`` is the name of the type. ``filled``: it must
    have a member.
    """

    members: Mapping[str, Kind]
    required: tuple[str, ...] = ()
    unmanaged: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    what: str = ""
    filled: bool = False


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of values of one kind."""

    kind: Kind


Kind = Scalar | Choice | Fields | ListOf


def is_needed(kind: Kind) -> bool:
    """Return whether a table cannot be built without a value of this kind."""
    if isinstance(kind, Fields):
        return any(is_needed(kind.members[name]) for name in kind.required if name in kind.members)
    if isinstance(kind, ListOf):
        return is_needed(kind.kind)
    return kind.needed if isinstance(kind, Choice) else kind == "name"


_UNITS = Fields(
    {"ReadCapacityUnits": "number", "WriteCapacityUnits": "number"},
    ("ReadCapacityUnits", "WriteCapacityUnits"),
    state=("LastIncreaseDateTime", "LastDecreaseDateTime", "NumberOfDecreasesToday"),
)
LIMITS = Fields({"MaxReadRequestUnits": "number", "MaxWriteRequestUnits": "number"})
_WARM_UNITS: dict[str, Kind] = {"ReadUnitsPerSecond": "number", "WriteUnitsPerSecond": "number"}
WARM = Fields(_WARM_UNITS, filled=True)
_DESCRIBED_WARM = Fields(_WARM_UNITS, state=("Status",), filled=True)
KEY = ListOf(
    Fields(
        {"AttributeName": "name", "KeyType": Choice(("HASH", "RANGE"), needed=True)},
        ("AttributeName", "KeyType"),
    )
)
ATTRIBUTES = ListOf(
    Fields(
        {"AttributeName": "name", "AttributeType": Choice(KEY_TYPES, needed=True)},
        ("AttributeName", "AttributeType"),
    )
)
_PROJECTION = Fields(
    {
        "ProjectionType": Choice(PROJECTIONS, needed=True),
        "NonKeyAttributes": ListOf("name"),
    },
    ("ProjectionType",),
)
_OF_INDEX = ("IndexName", "KeySchema", "Projection")
INDEX: dict[str, Kind] = {"IndexName": "name", "KeySchema": KEY, "Projection": _PROJECTION}
GLOBAL_INDEX = {**INDEX, "ProvisionedThroughput": _UNITS, "OnDemandThroughput": LIMITS}
_INDEX_STATE = ("IndexStatus", "Backfilling", "IndexSizeBytes", "ItemCount", "IndexArn")
TAGS = ListOf(Fields({"Key": "text", "Value": "text"}, ("Key", "Value")))
TIME_TO_LIVE = Fields({"AttributeName": "text", "Enabled": "flag"})
RECOVERY = Fields(
    {"PointInTimeRecoveryEnabled": "flag", "RecoveryPeriodInDays": "number"},
    ("PointInTimeRecoveryEnabled",),
)
# What DescribeContinuousBackups returns.
BACKUPS = Fields(
    {
        "PointInTimeRecoveryDescription": Fields(
            {
                "PointInTimeRecoveryStatus": Choice(("ENABLED", "DISABLED")),
                "RecoveryPeriodInDays": "number",
            },
            ("PointInTimeRecoveryStatus",),
            state=("EarliestRestorableDateTime", "LatestRestorableDateTime"),
        )
    },
    state=("ContinuousBackupsStatus",),
)
_KMS = Choice(("KMS",))
# What CreateTable, DescribeTable and CloudFormation's table have in common.
_COMMON: dict[str, Kind] = {
    "TableName": "name",
    "KeySchema": KEY,
    "AttributeDefinitions": ATTRIBUTES,
    "LocalSecondaryIndexes": ListOf(Fields(INDEX, _OF_INDEX, state=_INDEX_STATE)),
    "BillingMode": "text",
    "ProvisionedThroughput": _UNITS,
    "OnDemandThroughput": LIMITS,
    "Tags": TAGS,
    "TimeToLiveSpecification": TIME_TO_LIVE,
    "DeletionProtectionEnabled": "flag",
    "PointInTimeRecoverySpecification": RECOVERY,
    "TableClass": "text",
}
# CreateTable's request and DescribeTable's answer, with the settings of further calls.
TABLE = Fields(
    {
        **_COMMON,
        "GlobalSecondaryIndexes": ListOf(
            Fields(
                {**GLOBAL_INDEX, "WarmThroughput": _DESCRIBED_WARM}, _OF_INDEX, state=_INDEX_STATE
            )
        ),
        "WarmThroughput": _DESCRIBED_WARM,
        "ContinuousBackupsDescription": BACKUPS,
        "BillingModeSummary": Fields(
            {"BillingMode": "text"}, state=("LastUpdateToPayPerRequestDateTime",)
        ),
        "StreamSpecification": Fields({"StreamEnabled": "flag", "StreamViewType": "text"}),
        "SSESpecification": Fields({"Enabled": "flag", "SSEType": _KMS, "KMSMasterKeyId": "text"}),
        "SSEDescription": Fields(
            {"Status": "text", "SSEType": "text", "KMSMasterKeyArn": "text"},
            state=("InaccessibleEncryptionDateTime",),
        ),
        "TableClassSummary": Fields({"TableClass": "text"}, state=("LastUpdateDateTime",)),
    },
    ("KeySchema",),
    unmanaged=(
        "GlobalTableSettingsReplicationMode",
        "GlobalTableSourceArn",
        "GlobalTableWitnesses",
        "MultiRegionConsistency",
        "Replicas",
        "ResourcePolicy",
        "VectorIndexes",
    ),
    state=(
        "ArchivalSummary",
        "CreationDateTime",
        "DisassociationProtectionEnabled",
        "GlobalTableVersion",
        "ItemCount",
        "LatestStreamArn",
        "LatestStreamLabel",
        "RestoreSummary",
        "TableArn",
        "TableId",
        "TableSizeBytes",
        "TableStatus",
    ),
)
_ENCRYPTION = Fields({"SSEEnabled": "flag", "SSEType": _KMS, "KMSMasterKeyId": "text"})
RESOURCE = Fields(
    {
        **_COMMON,
        "GlobalSecondaryIndexes": ListOf(
            Fields(
                {**GLOBAL_INDEX, "WarmThroughput": WARM},
                _OF_INDEX,
                ("ContributorInsightsSpecification",),
            )
        ),
        "WarmThroughput": WARM,
        "LocalSecondaryIndexes": ListOf(Fields(INDEX, _OF_INDEX)),
        "StreamSpecification": Fields(
            {"StreamViewType": "text"}, ("StreamViewType",), ("ResourcePolicy",)
        ),
        "SSESpecification": _ENCRYPTION,
    },
    ("KeySchema",),
    unmanaged=(
        "ContributorInsightsSpecification",
        "ImportSourceSpecification",
        "KinesisStreamSpecification",
        "ResourcePolicy",
        "VectorIndexes",
    ),
    what=TABLE_TYPE,
)
