"""The least IAM policy of groups of tasks, in one environment. Calls nothing."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from osem_tasks.aws.permissions import Scope
from osem_tasks.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from osem_tasks.aws.permissions import Group
    from osem_tasks.config.naming import Naming

ANY = "*"
# Characters of a managed policy, in which IAM does not count white space.
MOST = 6_144
# What AWS lists for a caller of DynamoDB whose tables have a customer managed key.
KEY_ACTIONS = (
    *("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt"),
    *("kms:GenerateDataKey*", "kms:ReEncrypt*"),
)
# The ends of the statements' names, by what they are about.
_ENDINGS = {
    Scope.TABLE: "",
    Scope.COUNT: "Count",
    Scope.BACKUP: "Backups",
    Scope.EVERYTHING: "Lists",
}
_COUNT_ONLY = {"StringEquals": {"dynamodb:Select": "COUNT"}}
_ALIAS = re.compile(r"(?:^|:)(alias/.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The tables that a policy is about: those that ``naming`` names, or ``tables`` alone.

    ``account`` may be ``*``. ``tables`` are full names.
    """

    partition: str
    region: str
    account: str
    naming: Naming
    tables: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The full names, or the one pattern of IAM that all of them match."""
        return self.tables or (self.naming.real(ANY),)

    def resources(self, scope: Scope) -> list[str]:
        """Return the ARNs of that scope."""
        if scope is Scope.EVERYTHING:
            return [ANY]
        below = "/backup/*" if scope is Scope.BACKUP else ""
        return [self.arn("dynamodb", f"table/{name}{below}") for name in self.names]

    def arn(self, service: str, resource: str) -> str:
        """Return an ARN in this region and account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


def partition_of(region: str, source: str) -> str:
    """Return the partition of a region: ``aws``, ``aws-cn``, ``aws-us-gov``, ...

    Raises ConfigurationError, which names ``source``, for what is no region of AWS.
    """
    from botocore.exceptions import UnknownRegionError
    from botocore.loaders import create_loader
    from botocore.regions import EndpointResolver

    # Not a session: that would read the files in ~/.aws, which may be broken.
    partitions = EndpointResolver(create_loader().load_data("endpoints"))
    try:
        return str(partitions.get_partition_for_region(region))
    except UnknownRegionError as error:
        raise ConfigurationError(
            [f"{source} is {region!r}, which is no region of AWS"],
            remediation="Write a region such as us-east-1, eu-central-1 or us-gov-west-1.",
        ) from error


def document(groups: Iterable[Group], place: Place, keys: Sequence[str] = ()) -> dict[str, Any]:
    """Return the policy of ``groups``: one statement for each of them and kind of resource.

    ``keys`` are the customer managed keys of the declared tables: ARNs, ids or aliases.
    """
    chosen = list(groups)
    statements = [statement for group in chosen for statement in _statements(group, place)]
    if any(group.name != "read" for group in chosen):
        statements += _key_statements(keys, place)
    return {"Version": "2012-10-17", "Statement": statements}


def size(policy: dict[str, Any]) -> int:
    """Return the characters of a policy that IAM counts."""
    return len(json.dumps(policy, separators=(",", ":")))


def _statements(group: Group, place: Place) -> Iterable[dict[str, Any]]:
    for scope, name in _ENDINGS.items():
        if actions := group.within(scope):
            sid = f"Osem{group.name.title()}{name}"
            only = {"Condition": _COUNT_ONLY} if scope is Scope.COUNT else {}
            yield {**_allow(sid, actions, place.resources(scope)), **only}


def _allow(sid: str, actions: Sequence[str], resources: Sequence[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def _key_statements(keys: Sequence[str], place: Place) -> Iterable[dict[str, Any]]:
    """Allow the use of keys by way of DynamoDB only; a policy knows a key's aliases by a condition."""
    via = {"StringLike": {"kms:ViaService": f"dynamodb.{place.region}.*"}}
    others = sorted({key for key in keys if not _ALIAS.search(key)})
    if others:
        arns = [key if key.startswith("arn:") else place.arn("kms", f"key/{key}") for key in others]
        yield {**_allow("OsemKeys", KEY_ACTIONS, arns), "Condition": via}
    aliases = [(key, found[1]) for key in keys if (found := _ALIAS.search(key))]
    if aliases:
        names = sorted({alias for _, alias in aliases})
        named = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": names}}
        arns = sorted({_beside(key, alias, place) for key, alias in aliases})
        allowed = _allow("OsemKeyAliases", KEY_ACTIONS, arns)
        yield {**allowed, "Condition": {**via, **named}}


def _beside(key: str, alias: str, place: Place) -> str:
    """Return the ARN of all keys beside an alias, which may be in an account of its own."""
    return (
        f"{key.removesuffix(alias)}key/*" if key.startswith("arn:") else place.arn("kms", "key/*")
    )
