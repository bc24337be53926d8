"""The settings of a table other than its keys, indexes and capacity.

Each row has the name in ``Table``, the issue type, AWS's default and the API shapes of a
setting. CONTRIBUTING explains how to add one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from osem_tasks.schema.difference import Fact, IssueType, Plain, Verdict
from osem_tasks.schema.model import Encryption, Stream, TimeToLive

if TYPE_CHECKING:
    from collections.abc import Callable

# The tags that say whose a table is.
ENVIRONMENT_TAG, APPLICATION_TAG = "Environment", "Application"
OWNER_TAGS = (ENVIRONMENT_TAG, APPLICATION_TAG)
TTL = "TimeToLiveSpecification"
RECOVERY = "PointInTimeRecoverySpecification"
PERIOD = "RecoveryPeriodInDays"
# AWS's recovery period in days for a table that declares none.
DEFAULT_PERIOD = 35
# A KMS key given by alias, either the plain alias or its ARN.
_ALIAS = re.compile(r"alias/|arn:[^:]*:kms:[^:]*:[^:]*:alias/")


def _as_it_is(value: Any) -> Any:
    return value


def _matches(declared: Any, found: Any) -> tuple[Any, str]:  # noqa: ARG001  a row's own may need both
    return found, ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting. ``default`` is AWS's value for a setting that a request omits.

    ``read`` gets the value from the properties of a CreateTable request, a description or a
    template resource (None if absent); ``write`` returns those properties. ``show`` returns
    the value as a difference stores it. ``seen`` returns the part of the found value to
    compare with the declared one, and a reason if they cannot be compared.
    ``own_call``: DescribeTable does not return it. ``in_create``: CreateTable accepts it.
    """

    field: str
    issue_type: IssueType
    default: Any
    read: Callable[[Any], Any]
    write: Callable[[Any], dict[str, Any]]
    show: Callable[[Any], Plain] = _as_it_is
    seen: Callable[[Any, Any], tuple[Any, str]] = _matches
    own_call: bool = False
    in_create: bool = True

    def compare(self, declared: Any, found: Any, unreadable: str | None) -> Fact:
        """Compare a declared value; ``unreadable`` is why the engine does not report it."""
        expected = self.show(declared)
        seen, reason = (None, unreadable) if unreadable else self.seen(declared, found)
        if reason:
            return Fact(self.field, Verdict.NOT_COMPARABLE, self.issue_type, expected, None, reason)
        shown = None if seen is None else self.show(seen)
        verdict = Verdict.SAME if expected == shown else Verdict.DIFFERENT
        return Fact(self.field, verdict, self.issue_type, expected, shown)


def _read_tags(properties: Any) -> Any:
    tags = properties.get("Tags")
    return None if tags is None else tuple((tag["Key"], tag["Value"]) for tag in tags)


def _write_tags(tags: Any) -> dict[str, Any]:
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags]}


def _declared_tags(declared: Any, found: Any) -> tuple[Any, str]:
    # Ignore tags that others add, such as those for cost allocation or a landing zone.
    wanted = dict(declared)
    return tuple((key, value) for key, value in found or () if key in wanted), ""


def _read_ttl(properties: Any) -> TimeToLive | None:
    ttl = properties.get(TTL)
    if ttl is None:
        return None
    return TimeToLive(ttl["AttributeName"] if ttl.get("Enabled", True) else None)


def _write_ttl(ttl: TimeToLive) -> dict[str, Any]:
    named = {"AttributeName": ttl.attribute} if ttl.attribute else {}
    return {TTL: {"Enabled": ttl.attribute is not None, **named}}


def _read_stream(properties: Any) -> Stream | None:
    stream = properties.get("StreamSpecification")
    if stream is None:
        return None
    enabled = stream.get("StreamEnabled", "StreamViewType" in stream)
    return Stream(stream["StreamViewType"] if enabled else None)


def _write_stream(stream: Stream) -> dict[str, Any]:
    view = {"StreamViewType": stream.view} if stream.view else {}
    return {"StreamSpecification": {"StreamEnabled": stream.view is not None, **view}}


def _read_protection(properties: Any) -> bool | None:
    protected = properties.get("DeletionProtectionEnabled")
    return None if protected is None else bool(protected)


def _read_recovery(properties: Any) -> bool | None:
    recovery = properties.get(RECOVERY)
    if recovery is not None:
        return bool(recovery["PointInTimeRecoveryEnabled"])
    # Recovery that a description shows as off is AWS's default.
    return True if _described_recovery(properties) else None


def recovery_period(properties: Any) -> int | None:
    """Return the declared recovery period in days. AWS's own one is none in a description."""
    recovery = properties.get(RECOVERY)
    if recovery is not None:
        days = recovery.get(PERIOD)
        return None if days is None else int(days)
    shown = int(_described_recovery(properties).get(PERIOD, DEFAULT_PERIOD))
    return None if shown == DEFAULT_PERIOD else shown


def _described_recovery(properties: Any) -> Any:
    """Return the recovery that is on in an answer of DescribeContinuousBackups, or nothing."""
    backups = properties.get("ContinuousBackupsDescription") or {}
    shown = backups.get("PointInTimeRecoveryDescription") or {}
    return shown if shown.get("PointInTimeRecoveryStatus") == "ENABLED" else {}


def _read_encryption(properties: Any) -> Encryption | None:
    described = properties.get("SSEDescription")
    if described is not None:
        on = described.get("Status", "ENABLED") in ("ENABLED", "ENABLING", "UPDATING")
        return Encryption("KMS", described.get("KMSMasterKeyArn")) if on else Encryption()
    wanted = properties.get("SSESpecification")
    if wanted is None:
        return None
    on = wanted.get("Enabled", wanted.get("SSEEnabled", False))
    return Encryption("KMS", wanted.get("KMSMasterKeyId")) if on else Encryption()


def encryption_request(encryption: Encryption | None) -> dict[str, Any]:
    """Return an SSESpecification; KMS is off for DynamoDB's own key."""
    if encryption is None or encryption.kind == "AWS_OWNED":
        return {"Enabled": False}
    key = {"KMSMasterKeyId": encryption.kms_key} if encryption.kms_key else {}
    return {"Enabled": True, "SSEType": "KMS", **key}


def _comparable_key(declared: Any, found: Any) -> tuple[Any, str]:
    if found is None or not declared.kind == found.kind == "KMS":
        return found, ""
    if declared.kms_key is None:
        return Encryption("KMS"), ""  # the declaration accepts any KMS key
    if _ALIAS.match(declared.kms_key) and declared.kms_key != found.kms_key:
        return None, "DynamoDB names the key by its ARN, the declaration by an alias"
    if (found.kms_key or "").endswith(f":key/{declared.kms_key}"):
        return declared, ""  # declared by id, described by ARN
    return found, ""


def _read_class(properties: Any) -> str | None:
    summary = properties.get("TableClassSummary", {})
    found: str | None = properties.get("TableClass") or summary.get("TableClass")
    return found or None


SETTINGS: tuple[Setting, ...] = (
    Setting(
        field="tags",
        issue_type=IssueType.WRONG_TAGS,
        default=(),
        read=_read_tags,
        write=_write_tags,
        show=dict,
        seen=_declared_tags,
        own_call=True,
    ),
    Setting(
        field="ttl",
        issue_type=IssueType.WRONG_TTL,
        default=TimeToLive(None),
        read=_read_ttl,
        write=_write_ttl,
        show=lambda ttl: ttl.attribute,
        own_call=True,
        in_create=False,
    ),
    Setting(
        field="stream",
        issue_type=IssueType.WRONG_STREAM,
        default=Stream(None),
        read=_read_stream,
        write=_write_stream,
        show=lambda stream: stream.view,
    ),
    Setting(
        field="deletion_protection",
        issue_type=IssueType.WRONG_DELETION_PROTECTION,
        default=False,
        read=_read_protection,
        write=lambda protected: {"DeletionProtectionEnabled": protected},
    ),
    Setting(
        field="point_in_time_recovery",
        issue_type=IssueType.WRONG_PITR,
        default=False,
        read=_read_recovery,
        write=lambda on: {RECOVERY: {"PointInTimeRecoveryEnabled": on}},
        own_call=True,
        in_create=False,
    ),
    Setting(
        field="encryption",
        issue_type=IssueType.WRONG_ENCRYPTION,
        default=Encryption("AWS_OWNED"),
        read=_read_encryption,
        write=lambda encryption: {"SSESpecification": encryption_request(encryption)},
        show=str,
        seen=_comparable_key,
    ),
    Setting(
        field="table_class",
        issue_type=IssueType.WRONG_TABLE_CLASS,
        default="STANDARD",
        read=_read_class,
        write=lambda table_class: {"TableClass": table_class},
    ),
)
