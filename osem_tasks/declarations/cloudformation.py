"""CloudFormation and SAM templates: their tables read, and our tables written as one.

Resolved are the intrinsics that names and keys are made of: ``Ref`` to a parameter with
a default, ``Fn::Sub``, ``Fn::Join`` and ``Fn::FindInMap``. Anything else, where it
matters, is a problem that is named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from osem_tasks.declarations.documents import read_table
from osem_tasks.errors import ModelError
from osem_tasks.schema.facts import RECOVERY, TTL
from osem_tasks.schema.requests import document

if TYPE_CHECKING:
    from osem_tasks.schema.model import Table

TABLE = "AWS::DynamoDB::Table"
GLOBAL_TABLE = "AWS::DynamoDB::GlobalTable"
SIMPLE_TABLE = "AWS::Serverless::SimpleTable"
# What says nothing about a table as this suite declares it.
_IGNORED = ("ContributorInsightsSpecification", "KinesisStreamSpecification", "ResourcePolicy")
_SIMPLE_TYPES = {"String": "S", "Number": "N", "Binary": "B"}
_VARIABLE = re.compile(r"\$\{([^}!]+)\}")


def is_template(content: object) -> bool:
    """Whether a parsed file is a template rather than a list of tables."""
    return isinstance(content, Mapping) and isinstance(content.get("Resources"), Mapping)


def read_template(template: Mapping[str, Any]) -> tuple[Table, ...]:
    """The tables of a template, in its order. Raises ModelError with every problem."""
    resolver = _Resolver(template)
    tables: list[Table] = []
    problems: list[str] = []
    for name, resource in template["Resources"].items():
        kind = resource.get("Type") if isinstance(resource, Mapping) else None
        where = f"resource {name!r}"
        if kind == GLOBAL_TABLE:
            problems.append(f"{where}: {GLOBAL_TABLE} is not supported, {TABLE} is")
        if kind not in (TABLE, SIMPLE_TABLE):
            continue
        try:
            properties = _properties(resource, resolver, where)
            if kind == SIMPLE_TABLE:
                properties = _simple(properties)
            tables.append(read_table(properties, where, name))
        except ModelError as error:
            problems += error.problems
    if problems:
        raise ModelError(problems)
    return tuple(tables)


def write_template(tables: Sequence[Table]) -> dict[str, Any]:
    """A template with one resource per table; reading it gives the tables again."""
    resources = {}
    for table in tables:
        properties = document(table)
        stream = properties.get("StreamSpecification")
        if stream:
            if stream.pop("StreamEnabled"):
                properties["StreamSpecification"] = stream
            else:
                del properties["StreamSpecification"]
        encryption = properties.get("SSESpecification")
        if encryption:
            encryption["SSEEnabled"] = encryption.pop("Enabled")
        resources[_logical_id(table.name)] = {
            "Type": TABLE,
            # A stack that is deleted, or a key that is changed, must not take the data along.
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": properties,
        }
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}


def _properties(resource: Mapping[str, Any], resolver: _Resolver, where: str) -> dict[str, Any]:
    properties = resource.get("Properties") or {}
    return {
        key: resolver.resolve(value, f"{where}: {key}")
        for key, value in properties.items()
        if key not in _IGNORED
    }


def _simple(properties: dict[str, Any]) -> dict[str, Any]:
    """SAM's SimpleTable in the words of a table: one key, on demand unless provisioned."""
    key = properties.get("PrimaryKey", {"Name": "id", "Type": "String"})
    made: dict[str, Any] = {
        "KeySchema": [{"AttributeName": key["Name"], "KeyType": "HASH"}],
        "AttributeDefinitions": [
            {"AttributeName": key["Name"], "AttributeType": _SIMPLE_TYPES[key["Type"]]}
        ],
        "BillingMode": "PROVISIONED"
        if "ProvisionedThroughput" in properties
        else "PAY_PER_REQUEST",
    }
    for name in ("TableName", "ProvisionedThroughput", "SSESpecification", TTL, RECOVERY):
        if name in properties:
            made[name] = properties[name]
    tags = properties.get("Tags")
    if isinstance(tags, Mapping):
        made["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    return made


class _Resolver:
    """Replaces intrinsics by their values, as far as the template alone tells them."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self._parameters = template.get("Parameters") or {}
        self._mappings = template.get("Mappings") or {}

    def resolve(self, value: Any, where: str) -> Any:
        """``value`` without intrinsics. Raises ModelError for one that is not known."""
        if isinstance(value, Mapping):
            if len(value) == 1:
                name, argument = next(iter(value.items()))
                if name == "Ref" or str(name).startswith("Fn::") or name == "Condition":
                    return self._intrinsic(str(name), argument, where)
            return {key: self.resolve(part, where) for key, part in value.items()}
        if isinstance(value, Sequence) and not isinstance(value, str):
            return [self.resolve(part, where) for part in value]
        return value

    def _intrinsic(self, name: str, argument: Any, where: str) -> Any:
        if name == "Ref":
            return self._reference(argument, where)
        if name == "Fn::Sub":
            return self._substitute(argument, where)
        if name == "Fn::Join":
            separator, parts = argument
            return str(separator).join(map(str, self.resolve(parts, where)))
        if name == "Fn::FindInMap":
            keys = self.resolve(argument, where)
            try:
                return self._mappings[keys[0]][keys[1]][keys[2]]
            except (KeyError, IndexError, TypeError):
                raise ModelError([f"{where}: Mappings has no {keys}"]) from None
        raise ModelError([f"{where}: {name} cannot be resolved from the template alone"])

    def _reference(self, name: Any, where: str) -> Any:
        parameter = self._parameters.get(name)
        if parameter is not None and "Default" in parameter:
            return parameter["Default"]
        if parameter is not None:
            raise ModelError([f"{where}: parameter {name!r} has no Default"])
        raise ModelError([f"{where}: Ref {name!r} is known to AWS only"])

    def _substitute(self, argument: Any, where: str) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else argument
        values = {key: self.resolve(part, where) for key, part in own.items()}

        def value(match: re.Match[str]) -> str:
            name = match.group(1).strip()
            return str(values[name] if name in values else self._reference(name, where))

        return _VARIABLE.sub(value, text).replace("${!", "${")


def _logical_id(name: str) -> str:
    """A resource name: letters and digits, as CloudFormation wants it."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))
