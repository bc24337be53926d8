"""Read the tables of CloudFormation and SAM templates.

Intrinsic functions in names and keys are resolved if the template contains their values
(see ``declarations.intrinsics``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from osem_tasks.declarations import shape
from osem_tasks.declarations.documents import read_table
from osem_tasks.declarations.intrinsics import Resolver
from osem_tasks.errors import ModelError
from osem_tasks.schema.facts import RECOVERY, TTL
from osem_tasks.schema.quoting import shown

if TYPE_CHECKING:
    from osem_tasks.schema.model import Table

TABLE = "AWS::DynamoDB::Table"
GLOBAL_TABLE = "AWS::DynamoDB::GlobalTable"
SIMPLE_TABLE = "AWS::Serverless::SimpleTable"
# Properties that are not part of this suite's declarations.
_IGNORED = ("ContributorInsightsSpecification", "KinesisStreamSpecification", "ResourcePolicy")
_SIMPLE_TYPES = {"String": "S", "Number": "N", "Binary": "B"}


def is_template(content: object) -> bool:
    """Return whether a parsed file is a template and not a list of tables."""
    return isinstance(content, Mapping) and "Resources" in content


def read_template(template: Mapping[str, Any]) -> tuple[Table, ...]:
    """Return the tables of a template, in its order. Raises ModelError with every problem."""
    resources = template["Resources"]
    if not isinstance(resources, Mapping):
        raise ModelError([f"Resources must be a mapping, not {shown(resources)}"])
    resolver = Resolver(template)
    tables: list[Table] = []
    problems: list[str] = []
    for name, resource in resources.items():
        try:
            tables += _read_resource(name, resource, resolver)
        except ModelError as error:
            problems += error.problems
    if problems:
        raise ModelError(problems)
    return tuple(tables)


def _read_resource(name: Any, resource: object, resolver: Resolver) -> list[Table]:
    """Return the table of a resource; an empty list if the resource is not a table."""
    where = f"resource {shown(name)}"
    if not isinstance(resource, Mapping):
        raise ModelError([f"{where}: must be a mapping, not {shown(resource)}"])
    kind = resource.get("Type")
    if kind == GLOBAL_TABLE:
        raise ModelError([f"{where}: {GLOBAL_TABLE} is not supported, {TABLE} is"])
    if kind not in (TABLE, SIMPLE_TABLE):
        return []
    properties = _properties(resource, resolver, where)
    if kind == SIMPLE_TABLE:
        properties = _simple(properties, where)
    return [read_table(properties, where, name)]


def _properties(resource: Mapping[str, Any], resolver: Resolver, where: str) -> dict[str, Any]:
    properties = resource.get("Properties") or {}
    if not isinstance(properties, Mapping):
        raise ModelError([f"{where}: Properties must be a mapping, not {shown(properties)}"])
    return {
        key: resolver.resolve(value, f"{where}: {key}")
        for key, value in properties.items()
        if key not in _IGNORED
    }


def _simple(properties: dict[str, Any], where: str) -> dict[str, Any]:
    """Convert SAM's SimpleTable to a table's properties: one key, on demand unless provisioned."""
    checker = shape.Checker()
    default = {"PrimaryKey": {"Name": "id", "Type": "String"}}
    simple = checker.checked({**default, **properties}, shape.SIMPLE_TABLE)
    if checker.problems:
        raise ModelError([f"{where}: {problem}" for problem in checker.problems])
    key = simple.get("PrimaryKey", default["PrimaryKey"])
    made: dict[str, Any] = {
        "KeySchema": [{"AttributeName": key["Name"], "KeyType": "HASH"}],
        "AttributeDefinitions": [
            {"AttributeName": key["Name"], "AttributeType": _SIMPLE_TYPES[key["Type"]]}
        ],
        "BillingMode": "PROVISIONED"
        if "ProvisionedThroughput" in properties
        else "PAY_PER_REQUEST",
    }
    for name in ("TableName", "ProvisionedThroughput", "SSESpecification", TTL, RECOVERY, "Tags"):
        if name in properties:
            made[name] = properties[name]
    tags = properties.get("Tags")
    if isinstance(tags, Mapping):
        made["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    return made
