"""The shape of a table in CreateTable's form, and a checker for documents."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from osem_tasks.schema.quoting import shown

Scalar = Literal["text", "number", "flag"]
# CloudFormation's parameters are always strings: "5" is a number and "true" is a flag.
_NUMBER = re.compile(r"-?[0-9]{1,18}")
_TOO_LARGE = 10**18
_FLAGS = {"true": True, "false": False}
_EXPECTED = {"text": "a string", "number": "a whole number", "flag": "true or false"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several strings."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping with known and required members."""

    members: Mapping[str, Kind]
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of values of one kind."""

    kind: Kind


Kind = Scalar | Choice | Fields | ListOf

_UNITS = Fields(
    {"ReadCapacityUnits": "number", "WriteCapacityUnits": "number"},
    ("ReadCapacityUnits", "WriteCapacityUnits"),
)
_LIMITS = Fields({"MaxReadRequestUnits": "number", "MaxWriteRequestUnits": "number"})
_KEY = ListOf(
    Fields(
        {"AttributeName": "text", "KeyType": Choice(("HASH", "RANGE"))},
        ("AttributeName", "KeyType"),
    )
)
_LOCAL_INDEX: dict[str, Kind] = {
    "IndexName": "text",
    "KeySchema": _KEY,
    "Projection": Fields({"ProjectionType": "text", "NonKeyAttributes": ListOf("text")}),
}
_GLOBAL_INDEX = {**_LOCAL_INDEX, "ProvisionedThroughput": _UNITS, "OnDemandThroughput": _LIMITS}
_OF_INDEX = ("IndexName", "KeySchema")
# Includes the different names that DescribeTable and CloudFormation use.
TABLE = Fields(
    {
        "TableName": "text",
        "KeySchema": _KEY,
        "AttributeDefinitions": ListOf(
            Fields(
                {"AttributeName": "text", "AttributeType": "text"},
                ("AttributeName", "AttributeType"),
            )
        ),
        "GlobalSecondaryIndexes": ListOf(Fields(_GLOBAL_INDEX, _OF_INDEX)),
        "LocalSecondaryIndexes": ListOf(Fields(_LOCAL_INDEX, _OF_INDEX)),
        "BillingMode": "text",
        "BillingModeSummary": Fields({"BillingMode": "text"}),
        "ProvisionedThroughput": _UNITS,
        "OnDemandThroughput": _LIMITS,
        "Tags": ListOf(Fields({"Key": "text", "Value": "text"}, ("Key", "Value"))),
        "TimeToLiveSpecification": Fields({"AttributeName": "text", "Enabled": "flag"}),
        "StreamSpecification": Fields({"StreamEnabled": "flag", "StreamViewType": "text"}),
        "DeletionProtectionEnabled": "flag",
        "PointInTimeRecoverySpecification": Fields(
            {"PointInTimeRecoveryEnabled": "flag"}, ("PointInTimeRecoveryEnabled",)
        ),
        "SSESpecification": Fields(
            {"Enabled": "flag", "SSEEnabled": "flag", "KMSMasterKeyId": "text"}
        ),
        "SSEDescription": Fields({"Status": "text", "KMSMasterKeyArn": "text"}),
        "TableClass": "text",
        "TableClassSummary": Fields({"TableClass": "text"}),
    },
    ("KeySchema",),
)
SIMPLE_TABLE = Fields(
    {
        "TableName": "text",
        "PrimaryKey": Fields(
            {"Name": "text", "Type": Choice(("String", "Number", "Binary"))}, ("Name", "Type")
        ),
    }
)


class Checker:
    """Converts a value to a kind, and collects one sentence per problem.

    A null counts as omitted, as in the AWS CLI; unknown members are dropped.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []

    def checked(self, value: object, kind: Kind, where: str = "") -> Any:
        """Return ``value`` converted to ``kind``; the result is invalid if ``problems`` grew."""
        if isinstance(kind, Fields):
            return self._fields(value, kind, where)
        if isinstance(kind, ListOf):
            return self._list(value, kind.kind, where)
        if isinstance(kind, Choice):
            if value in kind.words:
                return value
            return self._wrong(value, where, f"one of {', '.join(kind.words)}")
        return self._scalar(value, kind, where)

    def _fields(self, value: object, kind: Fields, where: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            self._wrong(value, where, "a mapping")
            return {}
        before = f"{where}." if where else ""
        given = {name: part for name, part in value.items() if part is not None}
        self.problems += [
            f"{before}{name} is missing" for name in kind.required if name not in given
        ]
        return {
            name: self.checked(given[name], member, before + name)
            for name, member in kind.members.items()
            if name in given
        }

    def _list(self, value: object, kind: Kind, where: str) -> list[Any]:
        if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
            self._wrong(value, where, "a list")
            return []
        return [
            self.checked(part, kind, f"{where}[{position}]") for position, part in enumerate(value)
        ]

    def _scalar(self, value: object, kind: Scalar, where: str) -> Any:
        if kind == "text" and isinstance(value, str):
            return value
        if kind == "flag" and isinstance(value, str) and value.lower() in _FLAGS:
            return _FLAGS[value.lower()]
        if kind == "flag" and isinstance(value, bool):
            return value
        if kind == "number" and isinstance(value, str) and _NUMBER.fullmatch(value):
            return int(value)
        if kind == "number" and type(value) is int and abs(value) < _TOO_LARGE:
            return value
        return self._wrong(value, where, _EXPECTED[kind])

    def _wrong(self, value: object, where: str, expected: str) -> None:
        self.problems.append(f"{where or 'it'} must be {expected}, not {shown(value)}")
