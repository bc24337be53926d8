"""The table that comparisons are tried on, and live tables that differ from it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import (
    Encryption,
    Index,
    Key,
    Projection,
    Stream,
    Table,
    Throughput,
    TimeToLive,
)
from osem_tasks.schema.warm import WarmThroughput

if TYPE_CHECKING:
    from osem_tasks.schema.difference import IssueType, TableDiff

TEAM = Index("team-index", Key.parse("teamId S, at N"))
STATUS = Index("status-index", Key.parse("status S"), Projection("INCLUDE", ("planName", "season")))
LOCAL = Index("local-index", Key.parse("planId S, at N"), Projection("KEYS_ONLY"))
ARN = "arn:aws:kms:us-east-1:123456789012:key/1234abcd"
BASE = Table(
    name="Plans",
    key=Key.parse("planId S, season S"),
    global_indexes=(TEAM, STATUS),
    local_indexes=(LOCAL,),
    tags=(("Application", "osem-ladders"), ("Environment", "dev")),
    ttl=TimeToLive("expiresAt"),
    stream=Stream("NEW_IMAGE"),
    deletion_protection=True,
    point_in_time_recovery=True,
    encryption=Encryption("KMS", ARN),
    table_class="STANDARD",
    max_throughput=Throughput(100, -1),
    warm_throughput=WarmThroughput(20_000, 5_000),
)
PROVISIONED = replace(
    BASE,
    billing="PROVISIONED",
    throughput=Throughput(5, 5),
    max_throughput=None,
    global_indexes=(replace(TEAM, throughput=Throughput(5, 5)),),
)


def live(found: Table, **state: Any) -> LiveTable:
    """``found`` as an engine holds it, ACTIVE unless ``state`` says otherwise."""
    return LiveTable(**{"table": found, "status": "ACTIVE", "index_status": {}, **state})


def changed(base: Table = BASE, **changes: Any) -> LiveTable:
    """A live table that differs from ``base`` in ``changes``."""
    return live(replace(base, check=False, **changes))


def index_changed(index: Index, **changes: Any) -> LiveTable:
    """A live table of which one global index differs."""
    other = replace(index, **changes)
    return changed(
        global_indexes=tuple(other if held is index else held for held in BASE.global_indexes)
    )


def named(diff: TableDiff) -> list[tuple[IssueType, str]]:
    """The type and the path of every difference."""
    return [(fact.issue_type, fact.path) for fact in diff.issues]
