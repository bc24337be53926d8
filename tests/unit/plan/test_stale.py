"""What has changed since a plan was saved: every part is named, and nothing that means nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from osem_tasks.plan.actions import PRUNE, Plan
from osem_tasks.plan.repair import repair_actions
from osem_tasks.plan.saved import Origin, document_of
from osem_tasks.plan.stale import changes, target_changes
from osem_tasks.schema.compare import compare_all
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import Index, Key, Stream, Table, TableSet, Throughput, TimeToLive
from osem_tasks.schema.warm import WarmThroughput

INDEX, EXTRA = Index("one", Key.parse("a S")), Index("old", Key.parse("foo S"))
DECLARED = Table(
    name="Users",
    key=Key.parse("pk S"),
    global_indexes=(INDEX,),
    tags=(("team", "x"),),
    ttl=TimeToLive("endsAt"),
    warm_throughput=WarmThroughput(13_000, 5_000),
)
TARGET: dict[str, str | None] = {
    "environment": "dev",
    "account": "1",
    "region": "us-east-1",
    "endpoint": None,
    "tables": "osem-dev-{table}",
    "engine": "AWS",
}


def live(table: Table | None = None, **state: Any) -> LiveTable:
    """The table as it is held; without an index unless another one is given."""
    held = table or replace(DECLARED, global_indexes=(), ttl=TimeToLive(None))
    return LiveTable(
        **{"status": "ACTIVE", "index_status": {}, "identity": "1", **state, "table": held}
    )


def saved(
    declared: Table = DECLARED, found: LiveTable | None = None, *options: str, name: str = "Users"
) -> dict[str, Any]:
    """The plan that repairs ``found``."""
    found = found or live()
    comparison = compare_all(TableSet((declared,)), {name: found})
    plan = Plan(repair_actions(comparison), options)
    return document_of(
        Origin(task="db.repair", version="1", written="now", target=TARGET, options=options),
        comparison,
        plan,
    )


HELD = live().table


@pytest.mark.parametrize(
    "now, words",
    [
        pytest.param(
            saved(found=live(replace(HELD, tags=(("team", "y"),)))),
            ["Users: tags was as declared, and is team=y"],
            id="a-new-difference",
        ),
        pytest.param(
            saved(found=live(replace(HELD, ttl=TimeToLive("endsAt")))),
            ["Users: ttl was missing, and is as declared"],
            id="a-difference-less",
        ),
        pytest.param(
            saved(found=live(replace(HELD, ttl=TimeToLive("other")))),
            ["Users: ttl was missing, and is other"],
            id="another-difference",
        ),
        pytest.param(
            saved(found=live(replace(HELD, global_indexes=(EXTRA,)))),
            ["Users: index[old] was not there, and is foo S"],
            id="an-index-that-is-not-declared",
        ),
        pytest.param(
            saved(found=live(unreadable={"tags": "no such call"})),
            ["Users: other facts of it can be compared"],
            id="not-comparable",
        ),
        pytest.param(
            saved(found=live(identity="2")), ["Users was deleted and created again"], id="recreated"
        ),
        pytest.param(
            saved(replace(DECLARED, stream=Stream("NEW_IMAGE"))),
            ["the declaration of Users has changed"],
            id="declaration",
        ),
        pytest.param(
            saved(replace(DECLARED, ignored=frozenset({"ttl"}))),
            ["the declaration of Users has changed"],
            id="ignored",
        ),
        pytest.param(
            saved(DECLARED, None, PRUNE),
            ["--prune was not given when the plan was written"],
            id="option",
        ),
        pytest.param(
            saved(found=live(items=1)),
            [
                "no step any more: Users: enable ttl endsAt (runs)",
                "a new step: Users: enable ttl endsAt (held back)",
            ],
            id="items-that-would-expire",
        ),
        pytest.param(
            saved(found=live(fixed={"ttl": "it cannot"})),
            [
                "no step any more: Users: enable ttl endsAt (runs)",
                "a new step: Users: new table ttl: endsAt, found None (impossible)",
            ],
            id="steps",
        ),
    ],
)
def test_every_change_is_named(now: dict[str, Any], words: list[str]) -> None:
    """One sentence for each fact, table, declaration, option or step that is another one."""
    assert changes(saved(), now) == words


@pytest.mark.parametrize(
    "found",
    [
        pytest.param({"items": 12, "size": 99}, id="items"),
        pytest.param(
            {"table": replace(HELD, warm_throughput=WarmThroughput(99_000, 99_000))}, id="warmer"
        ),
        pytest.param(
            {"table": replace(HELD, tags=(("cost", "7"), ("team", "x")))}, id="others'-tags"
        ),
        pytest.param({"table": replace(HELD, stream=Stream("NEW_IMAGE"))}, id="not-declared"),
    ],
)
def test_what_decides_nothing_is_no_change(found: dict[str, Any]) -> None:
    """Counts, what AWS raises by itself and what is not declared leave a plan as it is."""
    before, now = live(items=1), live(**{"items": 1, **found})

    assert changes(saved(found=before), saved(found=now)) == []


def test_units_that_something_else_sets_are_no_change() -> None:
    """An autoscaler may go on between plan and apply where its facts are ignored."""
    declared = replace(
        DECLARED,
        billing="PROVISIONED",
        throughput=Throughput(5, 5),
        global_indexes=(),
        warm_throughput=None,
        ignored=frozenset({"throughput"}),
    )
    few, many = (
        live(replace(declared, ttl=TimeToLive(None), throughput=Throughput(units, units)))
        for units in (5, 50)
    )

    assert changes(saved(declared, few), saved(declared, many)) == []


@pytest.mark.parametrize(
    "part, value, words",
    [
        ("environment", "prod", "the environment was dev, and is prod"),
        ("account", "2", "the AWS account was 1, and is 2"),
        ("account", None, "the AWS account was 1, and is none, as on a local engine"),
        ("region", "eu-west-1", "the region was us-east-1, and is eu-west-1"),
        ("endpoint", "http://127.0.0.1:1", "the endpoint was AWS's own, and is http://127.0.0.1:1"),
        (
            "tables",
            "x-{table}",
            "the pattern of the table names was osem-dev-{table}, and is x-{table}",
        ),
        ("engine", "moto", "the engine was AWS, and is moto"),
    ],
)
def test_another_target_is_named(part: str, value: str | None, words: str) -> None:
    """Each part of the target, with what it was and what it is."""
    assert target_changes(TARGET, {**TARGET, part: value}) == {part: words}
    assert target_changes(TARGET, dict(TARGET)) == {}
