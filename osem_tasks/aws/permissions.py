"""Which actions of IAM each group of tasks needs: the table behind ``db.policy``.

tests/faults/test_policy.py records the calls that the tasks really make, and fails if this table
holds one action more or less. The resources of an action are those of AWS's service authorization
reference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class Scope(Enum):
    """What an action is allowed on: tables, their backups, or nothing narrower than everything.

    COUNT is on tables as well, and for the number of their items only.
    """

    TABLE = "table"
    COUNT = "count"
    BACKUP = "backup"
    EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Group:
    """Tasks that need the same permissions, what they do in a few words, and their actions.

    ``actions`` are names of DynamoDB's API, without ``dynamodb:``, or ``COUNT``.
    """

    name: str
    does: str
    tasks: tuple[str, ...]
    actions: frozenset[str]

    @property
    def without_deletion(self) -> Group:
        """The group in a protected environment, where no task deletes a table."""
        return replace(self, actions=self.actions - {DELETION})

    def within(self, scope: Scope) -> list[str]:
        """Return the group's actions of that scope, with ``dynamodb:``, sorted."""
        found = [name for name in self.actions if scope_of(name) is scope]
        return sorted(f"dynamodb:{name.removesuffix(_COUNTING)}" for name in found)


DELETION = "DeleteTable"
# The look whether a table has items: a Scan that gives none of them, for Select is COUNT.
_COUNTING = " (Select=COUNT)"
COUNT = f"Scan{_COUNTING}"
# Neither action has a resource of its own; STS's GetCallerIdentity needs no permission at all.
_EVERYWHERE = frozenset({"ListTables", "ListBackups"})
_ON_BACKUPS = frozenset({"DescribeBackup"})

_LOOK = {
    "DescribeTable",
    "ListTagsOfResource",
    "DescribeTimeToLive",
    "DescribeContinuousBackups",
    COUNT,
}
_BACK_UP = {"CreateBackup", "DescribeBackup", "ListBackups"}
_CREATE = {"CreateTable", "TagResource", "UpdateTimeToLive", "UpdateContinuousBackups"}
_WRITE = {"BatchGetItem", "BatchWriteItem", "PutItem"}

GROUPS: dict[str, Group] = {
    group.name: group
    for group in (
        Group(
            "read",
            "look at tables, change nothing and read no item",
            (
                *("db.verify", "db.list", "db.compare", "db.import"),
                *("db.setup --dry-run", "db.repair --dry-run"),
            ),
            frozenset({*_LOOK, "ListTables"}),
        ),
        Group(
            "setup",
            "create the tables that are missing",
            ("db.setup",),
            frozenset({*_LOOK, *_CREATE}),
        ),
        Group(
            "repair",
            "change tables in place, after a backup where something is taken away",
            ("db.repair", "db.setup --repair with setup"),
            frozenset({*_LOOK, *_CREATE, *_BACK_UP, "UpdateTable"} - {"CreateTable"}),
        ),
        Group(
            "dump",
            "read items",
            ("db.dump", "the source of db.copy"),
            frozenset({"DescribeTable", "Scan"}),
        ),
        Group(
            "data",
            "read and write items, delete none",
            ("db.dump", "db.load", "db.copy", "db.seed"),
            frozenset({"DescribeTable", "Scan", *_WRITE}),
        ),
        Group(
            "destroy",
            "delete tables after a backup, and create them again",
            ("db.delete", "db.reset", "db.migrate"),
            frozenset({*_LOOK, *_CREATE, *_BACK_UP, "Scan", "BatchWriteItem", DELETION} - {COUNT}),
        ),
    )
}


def scope_of(action: str) -> Scope:
    """Return what ``action``, a name of DynamoDB's API, can be restricted to."""
    if action in _EVERYWHERE:
        return Scope.EVERYTHING
    if action == COUNT:
        return Scope.COUNT
    return Scope.BACKUP if action in _ON_BACKUPS else Scope.TABLE
