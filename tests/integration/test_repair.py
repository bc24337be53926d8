"""`db.repair`, `db.setup --repair` and `db.compare` on real engines, and their reports.

The properties that hold on the fake hold on DynamoDB Local and moto too; then the tasks
themselves as a person types them, on OSEM's own tables.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings

from osem_tasks.apply.read import inspect_when_stable
from osem_tasks.apply.repair import repair as apply_repair
from osem_tasks.apply.setup import setup as apply_setup
from osem_tasks.aws.session import connect
from osem_tasks.aws.store import TableStore
from osem_tasks.config.environments import BUILT_IN
from osem_tasks.config.naming import Naming
from osem_tasks.config.target import Target
from osem_tasks.declarations.osem import TABLES
from osem_tasks.errors import OsemError
from osem_tasks.plan.actions import Plan
from osem_tasks.plan.repair import repair_actions
from osem_tasks.schema import emulators
from osem_tasks.schema.difference import Verdict
from osem_tasks.schema.model import (
    Encryption,
    Index,
    Key,
    Projection,
    Stream,
    Table,
    TableSet,
    Throughput,
    TimeToLive,
)
from osem_tasks.schema.requests import create_request
from tests.properties.pairs import Pair, pairs
from tests.properties.world import EVERYTHING, announce, comparison_of, left_for_good, run_of
from tests.support.inv import Inv

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from osem_tasks.plan.actions import Action
    from tests.integration.conftest import Engine
    from tests.support.inv import Run

ROOT = Path(__file__).parents[2]
PAIRS: Counter[str] = Counter()
WRITES = ("UpdateTable", "TagResource", "UpdateTimeToLive", "UpdateContinuousBackups")
AWS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "example-only",
    "AWS_REGION": "us-east-1",
}


@pytest.fixture(scope="module", autouse=True)
def _account(request: pytest.FixtureRequest) -> Iterator[None]:
    """Say in the end how many random pairs were run."""
    yield
    announce(request, f"random pairs run on engines: {dict(PAIRS)}")


# Random pairs.


def _store(engine: Engine, calls: list[str]) -> TableStore:
    target = Target(
        environment=BUILT_IN["local"],
        local=True,
        endpoint=engine.endpoint,
        source="--endpoint",
        region="us-east-1",
        naming=Naming(),
    )
    return TableStore(connect(target, calls.append))


def _engine_takes(table: Table) -> bool:
    """What DynamoDB Local 1.25.1 is sound for.

    It has no keys of several attributes, and an index whose partition key another index has
    too, or the table, or a local index as its sort key, may stay DELETING for good.
    """
    keys = [table.key, *(index.key for index in table.global_indexes)]
    parts = [part for key in keys for part in (key.partition, key.sort)]
    partitions = [key.partition for key in keys]
    local = [index.key.sort for index in table.local_indexes]
    return (
        all(len(part) < 2 for part in parts)
        and len({*partitions}) == len(partitions)
        and not {*partitions} & {*local}
    )


def _fixed_on(engine: Engine, declared: Table, held: Table) -> set[str]:
    """What the engine never changes: the encryption, and a stream that was on before."""
    fixed = set()
    mine, theirs = declared.encryption, held.encryption or Encryption()
    any_key = mine == Encryption("KMS") and theirs.kind == "KMS"
    if "encryption" in engine.row.fixed and mine not in (None, theirs) and not any_key:
        fixed.add("encryption")
    views = [table.stream.view if table.stream else None for table in (declared, held)]
    if engine.row.streams_once and None not in views and views[0] != views[1]:
        fixed.add("stream")
    return fixed


def _hold(engine: Engine, table: Table) -> None:
    client = engine.client()
    client.create_table(**create_request(table))
    if table.ttl and table.ttl.attribute:
        specification = {"Enabled": True, "AttributeName": table.ttl.attribute}
        client.update_time_to_live(TableName=table.name, TimeToLiveSpecification=specification)  # type: ignore[arg-type]
    if table.point_in_time_recovery and "point_in_time_recovery" not in engine.row.lacks:
        client.update_continuous_backups(
            TableName=table.name,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        )


def _item(table: Table, number: int) -> dict[str, Any]:
    """An item with nothing but a key, and a number to know it by."""
    values = {"S": {"S": f"v{number}"}, "N": {"N": str(number)}, "B": {"B": bytes([number])}}
    return {each.name: values[each.type] for each in table.key.attributes}


def _fill(engine: Engine, table: Table, number: int = 3) -> None:
    for each in range(number):
        engine.client().put_item(TableName=table.name, Item=_item(table, each))


def _scan(engine: Engine, name: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = list(engine.client().scan(TableName=name)["Items"])
    return sorted(items, key=repr)


def _apply(store: TableStore, tables: TableSet) -> tuple[list[Action], OsemError | None]:
    run, _ = run_of(store, tables, seconds=60)
    steps = Plan(repair_actions(inspect_when_stable(run)), EVERYTHING)
    error = None
    try:
        apply_repair(run, steps.runnable)
    except OsemError as failure:
        error = failure
    return run.journal.completed, error


@given(pair=pairs(most=1))
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=[*HealthCheck],
)
def test_random_pairs_are_repaired_without_loss(engine: Engine, pair: Pair) -> None:
    """On an engine too: clean or impossible afterwards, items kept, nothing to do again."""
    assume(pair.held and all(map(_engine_takes, (*pair.declared, *pair.held))))
    (declared,), (held,) = tuple(pair.declared), pair.held
    name = f"r{uuid.uuid4().hex[:10]}"
    declared, held = replace(declared, name=name), replace(held, name=name)
    pair = Pair(TableSet((declared,)), (held,), pair.relation)
    PAIRS[engine.kind] += 1
    _hold(engine, held)
    _fill(engine, held)
    before = _scan(engine, name)
    calls: list[str] = []
    store = _store(engine, calls)

    try:
        _, error = _apply(store, pair.declared)

        left = {
            (diff.name, issue.path)
            for diff in comparison_of(store, pair.declared).diffs
            for issue in diff.issues
        }
        fixed = {(name, path) for path in _fixed_on(engine, declared, held)}
        assert (left, str(error)) == (left_for_good(pair) | fixed, str(error))
        assert (error is None) == (not left)
        assert _scan(engine, name) == before
        calls.clear()
        assert _apply(store, pair.declared)[0] == []
        assert [each for each in calls if each.startswith(WRITES)] == []
    finally:
        engine.client().update_table(TableName=name, DeletionProtectionEnabled=False)
        engine.client().delete_table(TableName=name)


# OSEM's tables, by the tasks.


@dataclass(frozen=True)
class Drift:
    """One table found otherwise, and the options with which `db.repair` mends it."""

    name: str
    table: str
    make: Callable[[Table], Table]
    actions: tuple[str, ...]
    options: tuple[str, ...] = ()
    by_tags: bool = False


EXTRA = Index("stranger-index", Key.parse("stranger S"))
UNITS = Throughput(5, 5)


def _first_index(table: Table, **facts: Any) -> Table:
    first, *rest = table.global_indexes
    return replace(table, global_indexes=(replace(first, **facts), *rest))


def _provisioned(table: Table) -> Table:
    indexes = tuple(replace(each, throughput=UNITS) for each in table.global_indexes)
    return replace(table, billing="PROVISIONED", throughput=UNITS, global_indexes=indexes)


DRIFTS = [
    Drift("missing", "Teams", lambda t: replace(t, global_indexes=()), ("create_index",)),
    Drift(
        "two-missing",
        "Assessments",
        lambda t: replace(t, global_indexes=()),
        ("create_index", "create_index"),
    ),
    Drift(
        "extra",
        "Users",
        lambda t: replace(t, global_indexes=(EXTRA,)),
        ("delete_index",),
        ("--prune",),
    ),
    Drift(
        "projection",
        "ConfigVersions",
        lambda t: _first_index(t, projection=Projection("KEYS_ONLY")),
        ("delete_index", "create_index"),
        ("--replace-indexes",),
    ),
    Drift(
        "key-type",
        "Teams",
        lambda t: _first_index(t, key=Key.parse("managerId N")),
        ("delete_index", "create_index"),
        ("--replace-indexes",),
    ),
    Drift("billing", "AssessmentPlans", _provisioned, ("update_billing",)),
    Drift(
        "tags",
        "Users",
        lambda t: replace(t, tags=(("Environment", "other"),)),
        ("set_tags",),
        ("--unprotect",),
        by_tags=True,
    ),
]


def _build(engine: Engine, prefix: str, drift: Drift | None, env: str = "local") -> str:
    """All of OSEM's tables with an item in each, one of them as the drift makes it."""
    changed = ""
    for table in TABLES.for_environment(prefix, tags=BUILT_IN[env].all_tags):
        found = table
        if drift and table.name == prefix + drift.table:
            found, changed = drift.make(table), table.name
        _hold(engine, found)
        _fill(engine, found)
    return changed


def _calls(run: Run) -> list[str]:
    """The operations that `--verbose` shows."""
    known = (*WRITES, "DeleteTable", "CreateTable", "DescribeTable")
    return [each for line in run.err.splitlines() for each in known if f" {each} " in line]


def _items(engine: Engine, prefix: str) -> dict[str, list[dict[str, Any]]]:
    return {name: _scan(engine, prefix + name) for name in TABLES.names}


@pytest.mark.parametrize("drift", DRIFTS, ids=lambda each: each.name)
def test_each_drift_is_shown_then_mended(
    drift: Drift, engine: Engine, inv: Inv, prefix: str
) -> None:
    """--dry-run shows the steps and changes nothing; then they are done, and no item is lost."""
    name = _build(engine, prefix, drift)
    before = _items(engine, prefix)
    shows = not (drift.by_tags and engine.row is emulators.DYNAMODB_LOCAL)
    steps = [(name, each) for each in drift.actions] if shows else []

    shown = inv("db.repair", "--dry-run", "--json", "--verbose", *drift.options)
    lines = inv("db.repair", "--dry-run", *drift.options)
    verified = inv("db.verify")
    withheld = inv("db.repair", "--json") if drift.options else None
    done = inv("db.repair", "--json", "--verbose", *drift.options)
    again = inv("db.repair", "--json", "--verbose", *drift.options)
    after = inv("db.verify")

    actions = shown.document["data"]["actions"]
    assert [(each["tableName"], each["action"]) for each in actions] == steps
    assert all(each["target"] in lines.out for each in actions)
    assert (shown.code, lines.code, {*_calls(shown)}) == (0, 0, {"DescribeTable"})
    assert verified.code == int(shows)
    if withheld:
        assert (withheld.code, withheld.document["data"]["applied"]) == (int(shows), [])
    assert (done.code, done.document["data"]["applied"]) == (0, actions)
    assert ("UpdateTable" in _calls(done)) == (shows and drift.name != "tags")
    assert (again.code, again.document["data"]["actions"]) == (0, [])
    assert {*_calls(again)} == {"DescribeTable"}
    assert "DeleteTable" not in _calls(done)
    assert after.code == 0
    assert _items(engine, prefix) == before


def test_what_needs_an_option_is_left_and_the_rest_is_done(
    engine: Engine, inv: Inv, prefix: str
) -> None:
    """Without --prune the missing index comes, the extra one stays: exit code 2."""
    drift = Drift("", "Teams", lambda t: replace(t, global_indexes=(EXTRA,)), ())
    name = _build(engine, prefix, drift)

    run = inv("db.repair", "--json")

    document = run.document
    found = engine.client().describe_table(TableName=name)["Table"]["GlobalSecondaryIndexes"]
    assert (run.code, document["error"]["code"]) == (2, "SCHEMA_VALIDATION_FAILED")
    assert [each["action"] for each in document["data"]["applied"]] == ["create_index"]
    assert [each["type"] for each in document["error"]["details"]["issues"]] == ["EXTRA_GSI"]
    assert {each["IndexName"] for each in found} == {"managerId-index", "stranger-index"}


def test_the_impossible_is_reported_and_never_tried(engine: Engine, inv: Inv, prefix: str) -> None:
    """A key of another type: exit code 1, no writing call, with every option too."""
    drift = Drift("", "Users", lambda t: replace(t, key=Key.parse("userId N")), ())
    name = _build(engine, prefix, drift)
    before = _items(engine, prefix)

    run = inv("db.repair", "--prune", "--replace-indexes", "--json", "--verbose")
    shown = inv("db.repair", "--dry-run")

    (action,) = run.document["data"]["actions"]
    assert (run.code, {*_calls(run)}) == (1, {"DescribeTable"})
    assert (action["tableName"], action["risk"]) == (name, "impossible in place")
    assert "1 impossible in place" in shown.out
    assert _items(engine, prefix) == before


FIXED: dict[str, tuple[Table, Table]] = {
    "the view of a stream": (
        Table(name="Orders", key=Key.parse("id S"), stream=Stream("KEYS_ONLY")),
        Table(name="Orders", key=Key.parse("id S"), stream=Stream("NEW_IMAGE")),
    ),
    "encryption": (
        Table(name="Orders", key=Key.parse("id S"), encryption=Encryption("KMS")),
        Table(name="Orders", key=Key.parse("id S")),
    ),
    "no encryption": (
        Table(name="Orders", key=Key.parse("id S"), encryption=Encryption()),
        Table(name="Orders", key=Key.parse("id S"), encryption=Encryption("KMS")),
    ),
}


@pytest.mark.parametrize("what", FIXED)
def test_what_an_engine_cannot_change_is_said_and_not_tried(
    what: str, engine: Engine, prefix: str
) -> None:
    """moto: impossible, with the reason and no writing call. DynamoDB Local: done, or not seen."""
    declared, held = (replace(table, name=f"{prefix}Orders") for table in FIXED[what])
    _hold(engine, held)
    calls: list[str] = []
    store = _store(engine, calls)
    tables = TableSet((declared,))

    plan = repair_actions(comparison_of(store, tables))
    done, error = _apply(store, tables)

    reasons = [action.reason for action in plan if not action.possible]
    fact = "stream" if "stream" in what else "encryption"
    if fact in engine.row.fixed or (fact == "stream" and engine.row.streams_once):
        assert [reason.startswith(f"{engine.row.name} does not") for reason in reasons] == [True]
        assert (done, [call for call in calls if call.startswith(WRITES)]) == ([], [])
        assert error is not None
    else:
        assert (reasons, error) == ([], None)


def test_a_stream_that_was_on_before_is_not_enabled_again_on_moto(
    engine: Engine, prefix: str
) -> None:
    """Only the label of the former stream tells; elsewhere the stream is simply enabled."""
    declared = Table(name=f"{prefix}Orders", key=Key.parse("id S"), stream=Stream("NEW_IMAGE"))
    _hold(engine, declared)
    off = {"StreamEnabled": False}
    engine.client().update_table(TableName=declared.name, StreamSpecification=off)  # type: ignore[arg-type]
    store = _store(engine, [])

    done, error = _apply(store, TableSet((declared,)))

    assert (error is None, len(done)) == ((False, 0) if engine.row.streams_once else (True, 1))


def test_nothing_is_called_done_that_the_engine_has_no_call_for(
    engine: Engine, prefix: str
) -> None:
    """Recovery on DynamoDB Local: not tried, not done, not comparable; on moto it is on."""
    full = Table(
        name=f"{prefix}Orders",
        key=Key.parse("id S"),
        point_in_time_recovery=True,
        ttl=TimeToLive("expiresAt"),
    )
    tables = TableSet((full,))
    run, told = run_of(_store(engine, []), tables, seconds=60)

    apply_setup(run)
    (diff,) = comparison_of(_store(engine, []), tables).diffs

    kinds = [action.kind.value for action in run.journal.completed]
    recovery = [fact.verdict for fact in diff.facts if fact.path == "point_in_time_recovery"]
    said = [text for text in told.told if "has no such call" in text]
    lacks = "point_in_time_recovery" in engine.row.lacks
    assert kinds == ["enable_ttl", *([] if lacks else ["enable_pitr"])]
    assert recovery == [Verdict.NOT_COMPARABLE if lacks else Verdict.SAME]
    assert len(said) == lacks


@pytest.mark.parametrize("task", ["db.reset", "db.delete"])
def test_a_declared_protection_does_not_keep_local_tables(
    task: str, engine: Engine, inv: Inv, prefix: str, tmp_path: Path
) -> None:
    """`deletion_protection=True` holds on AWS: locally it is verified, and lifted to delete."""
    request = create_request(Table(name="Orders", key=Key.parse("id S"), deletion_protection=True))
    (tmp_path / "tables.json").write_text(json.dumps(request), encoding="utf-8")
    inv.patch.setenv("INVOKE_OSEM_TABLES", str(tmp_path / "tables.json"))
    words = ("--json", "--verbose")

    made = inv("db.setup", "--json")
    verified = inv("db.verify", "--json")
    gone = inv(task, *words)
    left = [n for n in engine.client().list_tables()["TableNames"] if n.startswith(prefix)]

    assert (made.code, verified.code, gone.code) == (0, 0, 0), gone.err
    assert left == ([f"{prefix}Orders"] if task == "db.reset" else [])
    assert "DeleteTable" in _calls(gone)


def test_invokes_dry_run_changes_nothing(engine: Engine, inv: Inv, prefix: str) -> None:
    """`inv --dry db.repair` is a dry run too."""
    name = _build(engine, prefix, DRIFTS[0])

    run = inv.plain("--dry", "db.repair", "--endpoint", engine.endpoint, "--json", "--verbose")

    assert [each["tableName"] for each in run.document["data"]["actions"]] == [name]
    assert (run.code, {*_calls(run)}) == (0, {"DescribeTable"})


def test_setup_mends_on_request(engine: Engine, inv: Inv, prefix: str) -> None:
    """`db.setup` stops at drift with nothing changed; with --repair it mends and creates."""
    name = _build(engine, prefix, DRIFTS[0])
    missing = f"{prefix}Users"
    engine.client().delete_table(TableName=missing)

    plain = inv("db.setup", "--json", "--verbose")
    shown = inv("db.setup", "--repair", "--dry-run", "--json", "--verbose")
    mended = inv("db.setup", "--repair", "--json")
    verified = inv("db.verify")

    steps = {(each["tableName"], each["action"]) for each in shown.document["data"]["actions"]}
    completed = mended.document["data"]["actionsCompleted"]
    created = mended.document["data"]["tablesCreated"]
    assert (plain.code, {*_calls(plain)}) == (1, {"DescribeTable"})
    assert (shown.code, {*_calls(shown)}) == (0, {"DescribeTable"})
    assert steps == {(missing, "create_table"), (name, "create_index")}
    assert mended.code == 0
    assert [each["tableName"] for each in created] == [missing]
    assert [(each["tableName"], each["action"]) for each in completed] == [(name, "create_index")]
    assert verified.code == 0


def test_setup_takes_nothing_away(engine: Engine, inv: Inv, prefix: str) -> None:
    """`db.setup --repair` stops where an index would have to go: exit code 1, nothing changed."""
    _build(engine, prefix, DRIFTS[3])

    run = inv("db.setup", "--repair", "--json", "--verbose")

    assert (run.code, {*_calls(run)}) == (1, {"DescribeTable"})


@pytest.mark.parametrize("options", [(), ("--repair",)], ids=["plain", "repair"])
def test_setup_passes_by_an_undeclared_index(
    engine: Engine, inv: Inv, prefix: str, options: tuple[str, ...]
) -> None:
    """It stops nothing and stays: exit code 0, nothing is sent, and the document names it.

    A dry run says the same.
    """
    _build(engine, prefix, DRIFTS[2])

    run = inv("db.setup", *options, "--json", "--verbose")
    shown = inv("db.setup", *options, "--dry-run", "--json")

    assert (run.code, {*_calls(run)}) == (0, {"DescribeTable"})
    for document in (run.document, shown.document):
        (row,) = document["data"]["indexesNotDeclared"]
        assert row["path"] == f"index[{EXTRA.name}]"


def test_an_interrupted_repair_is_carried_on(session_engine: Engine, prefix: str) -> None:
    """SIGINT between two steps: exit code 130, and the same command does the rest."""
    drift = Drift("", "Assessments", lambda t: replace(t, global_indexes=()), ())
    _build(session_engine, prefix, drift)
    # Only --verbose names each step as it begins.
    task = ["db.repair", "--verbose", "--endpoint", session_engine.endpoint]
    command = [sys.executable, "-m", "invoke", *task]
    environment = {**os.environ, "OSEM_DB_PREFIX": prefix}

    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "index 1 of 2" in line:
                process.send_signal(signal.SIGINT)
                break
        out, err = process.communicate(timeout=60)
    second = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )

    # moto builds an index at once and may have ended before the signal came.
    assert process.returncode in (
        {130} if session_engine.row is emulators.DYNAMODB_LOCAL else {0, 130}
    )
    assert "Traceback" not in out + err
    assert second.returncode == 0, second.stderr
    indexes = session_engine.client().describe_table(TableName=f"{prefix}Assessments")["Table"]
    assert len(indexes["GlobalSecondaryIndexes"]) == 2


@pytest.fixture
def prefix_on_aws(aws_of_moto: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A prefix on moto, which stands for AWS: by its endpoint variable, with credentials."""
    prefix = f"a{uuid.uuid4().hex[:10]}-"
    for key, value in {**AWS, "AWS_ENDPOINT_URL": aws_of_moto}.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("OSEM_DB_PREFIX", prefix)
    return prefix


@pytest.fixture
def aws(
    prefix_on_aws: str,  # noqa: ARG001  its variables
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Inv:
    """`inv` on that AWS."""
    return Inv(capsys, monkeypatch)


def test_on_aws_a_removal_is_confirmed(aws: Inv, moto_engine: Engine, prefix_on_aws: str) -> None:
    """On AWS --prune needs an answer or --yes; a dry run and a gentle repair need none."""
    _build(moto_engine, prefix_on_aws, DRIFTS[2], "dev")
    name = f"{prefix_on_aws}Users"

    def indexes() -> int:
        found = moto_engine.client().describe_table(TableName=name)["Table"]
        return len(found["GlobalSecondaryIndexes"])

    shown = aws("db.repair", "--env", "dev", "--prune", "--dry-run", "--json")
    refused = aws("db.repair", "--env", "dev", "--prune", "--json", "--verbose")
    gentle = aws("db.repair", "--env", "dev", "--json")

    assert shown.code == 0, shown.err
    assert len(shown.document["data"]["actions"]) == 1
    assert (refused.code, refused.document["error"]["code"]) == (1, "CONFIRMATION_REQUIRED")
    assert "UpdateTable" not in _calls(refused)
    assert gentle.document["error"]["code"] == "SCHEMA_VALIDATION_FAILED"
    assert indexes() == 1

    done = aws("db.repair", "--env", "dev", "--prune", "--yes", "--json", "--verbose")

    assert (done.code, indexes()) == (0, 0)
    assert "DeleteTable" not in _calls(done)
    assert aws("db.verify", "--env", "dev").code == 0


# Comparing, and reports for CI.


@pytest.fixture
def two_environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefix: str) -> list[str]:
    """`local` and `test` with prefixes of this test: what `-f` takes, before the task."""
    path = tmp_path / "invoke.yaml"
    path.write_text(
        "osem:\n  environments:\n"
        f"    local: {{prefix: {prefix}one-}}\n    test: {{prefix: {prefix}two-}}\n",
        encoding="utf-8",
    )
    monkeypatch.delenv("OSEM_DB_PREFIX", raising=False)
    return ["-f", str(path)]


def test_two_environments_are_compared(
    engine: Engine, inv: Inv, prefix: str, two_environments: list[str]
) -> None:
    """Equal ones give exit code 0 whatever their own tags; one changed fact is named."""
    _build(engine, f"{prefix}one-", None, "local")
    _build(engine, f"{prefix}two-", None, "test")
    words = ("db.compare", "--env", "local", "--with", "test", "--endpoint", engine.endpoint)

    inv.patch.delenv("OSEM_DB_PREFIX", raising=False)
    equal = inv.plain(*two_environments, *words, "--json", "--verbose")
    client = engine.client()
    client.update_table(
        TableName=f"{prefix}two-Users",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    client.delete_table(TableName=f"{prefix}one-Teams")
    differing = inv.plain(*two_environments, *words, "--json")

    issues = {
        (check["tableName"], issue["type"], issue["expected"], issue["found"])
        for check in differing.document["data"]["checks"]
        for issue in check["issues"]
    }
    assert (equal.code, equal.document["success"]) == (0, True)
    assert {*_calls(equal)} == {"DescribeTable"}
    assert differing.code == 1
    assert issues == {
        (f"{prefix}one-Users", "WRONG_STREAM", "NEW_IMAGE", None),
        (f"{prefix}one-Teams", "TABLE_NOT_FOUND", "ACTIVE", None),
    }


def test_comparing_needs_the_other_environment(inv: Inv) -> None:
    """Without --with: a usage error that says how it is typed."""
    run = inv("db.compare", "--json")

    assert (run.code, run.document["error"]["code"]) == (1, "INVALID_CONFIGURATION")
    assert "--with" in run.document["error"]["remediation"]


def test_strict_fails_for_what_cannot_be_compared(engine: Engine, inv: Inv, prefix: str) -> None:
    """--strict: exit code 1 exactly where a fact is not comparable."""
    _build(engine, prefix, None)

    plain, strict = inv("db.verify", "--json"), inv("db.verify", "--strict", "--json")

    hidden = [fact for check in plain.document["data"]["checks"] for fact in check["notComparable"]]
    assert (plain.code, bool(hidden)) == (0, engine.row is emulators.DYNAMODB_LOCAL)
    assert strict.code == int(bool(hidden))
    assert strict.document["data"] == plain.document["data"]


def test_junit_has_a_case_for_each_fact(
    engine: Engine, inv: Inv, prefix: str, tmp_path: Path
) -> None:
    """--junit: a case a fact, a failure a difference, and those not comparable are skipped."""
    name = _build(engine, prefix, DRIFTS[0])
    path = tmp_path / "report.xml"

    run = inv("db.verify", "--json", "--junit", str(path))

    suite = ET.fromstring(path.read_text(encoding="utf-8"))
    failures = [
        (case.get("classname"), case.get("name"), failure.get("type"))
        for case in suite.iter("testcase")
        for failure in case.iter("failure")
    ]
    checks = run.document["data"]["checks"]
    assert failures == [(name, "index[managerId-index]", "MISSING_GSI")]
    assert suite.get("failures") == "1"
    assert suite.get("tests") == str(len(list(suite.iter("testcase"))))
    assert suite.get("skipped") == str(sum(len(each["notComparable"]) for each in checks))
    assert {case.get("classname") for case in suite.iter("testcase")} == {
        each["tableName"] for each in checks
    }


def test_a_report_that_cannot_be_written_is_an_error(
    engine: Engine, inv: Inv, prefix: str, tmp_path: Path
) -> None:
    """--junit into a directory that is not there: a clear error, exit code 1."""
    _build(engine, prefix, None)

    run = inv("db.verify", "--json", "--junit", str(tmp_path / "no" / "report.xml"))

    assert (run.code, run.document["error"]["code"]) == (1, "INVALID_CONFIGURATION")


def test_github_actions_gets_annotations_and_a_summary(
    engine: Engine, inv: Inv, prefix: str, tmp_path: Path
) -> None:
    """In GitHub Actions: an annotation a difference, and a table for the step's summary."""
    name = _build(engine, prefix, DRIFTS[0])
    summary = tmp_path / "summary.md"
    quiet = inv("db.verify", "--json")
    inv.patch.setenv("GITHUB_ACTIONS", "true")
    inv.patch.setenv("GITHUB_STEP_SUMMARY", str(summary))

    run = inv("db.verify", "--json")
    text = inv("db.verify")

    lines = summary.read_text(encoding="utf-8").splitlines()
    annotation = f"::error title=MISSING_GSI {name}::"
    assert "::error" not in quiet.out + quiet.err
    assert run.document["data"] == quiet.document["data"]
    assert annotation in run.err
    assert text.out.count(annotation) + text.err.count(annotation) == 1
    assert len([each for each in lines if each.startswith(f"| `{prefix}")]) == 12
    assert len([each for each in lines if "**MISSING_GSI**" in each]) == 2
