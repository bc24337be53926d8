"""A plan that is written first and applied later, on AWS's part: exactly it, or a refusal.

The table Teams lacks its index and has another one that nobody declared.
"""

from __future__ import annotations

import json
import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.conftest import ITEM, tables_of
from tests.support.faulty_aws import Fault
from tests.support.inv import INV, finished, spawned

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.conftest import Cloud
    from tests.support.inv import Inv, Run

TEAMS, USERS = "osem-dev-Teams", "osem-dev-Users"
WRITES = (
    "CreateTable",
    "UpdateTable",
    "UpdateContinuousBackups",
    "UpdateTimeToLive",
    "TagResource",
    "UntagResource",
    "DeleteTable",
)
DEV = ("--env", "dev")
NARROW = (*DEV, "--table", "Teams")
STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}


@pytest.fixture
def file(tmp_path: Path, inv: Inv) -> str:
    """Where the plan is written, in a folder of the test."""
    inv.patch.chdir(tmp_path)
    return "plan.json"


@pytest.fixture
def drifted(cloud: Cloud) -> Cloud:
    """Six tables as declared, but for the indexes of Teams."""
    cloud.hold("dev", *(name.rpartition("-")[2] for name in tables_of("dev").names))
    client: Any = cloud.client()
    key = {"KeySchema": [{"AttributeName": "old", "KeyType": "HASH"}]}
    extra = {"IndexName": "old-index", **key, "Projection": {"ProjectionType": "ALL"}}
    for update in ({"Delete": {"IndexName": "managerId-index"}}, {"Create": extra}):
        client.update_table(
            TableName=TEAMS,
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("teamId", "old")
            ],
            GlobalSecondaryIndexUpdates=[update],
        )
    cloud.server.calls.clear()
    return cloud


def indexes(cloud: Cloud) -> list[str]:
    """The global indexes of Teams."""
    table = cloud.client().describe_table(TableName=TEAMS)["Table"]
    return sorted(index["IndexName"] for index in table.get("GlobalSecondaryIndexes", []))


def steps(run: Run, member: str = "actions") -> list[tuple[str, str]]:
    """The kinds and targets of a document's steps."""
    return [(step["action"], step["target"]) for step in run.document["data"][member]]


DROP = ("delete_index", "old-index (old S)")
BUILD = ("create_index", "managerId-index (managerId S)")


def test_a_plan_is_written_and_nothing_else(drifted: Cloud, inv: Inv, file: str) -> None:
    """`--plan-out` shows the plan as --dry-run does, and says how to apply it."""
    shown = inv("db.repair", *DEV, "--prune", "--dry-run", "--json")
    written = inv("db.repair", *DEV, "--prune", "--plan-out", file, "--json")
    text = inv("db.repair", *DEV, "--prune", "--dry-run", "--plan-out", file)

    assert (written.code, text.code, indexes(drifted)) == (0, 0, ["old-index"])
    assert drifted.server.of(*WRITES) == []
    assert steps(written) == steps(shown) == [DROP, BUILD]
    assert written.document["data"]["planFile"] == file
    assert f"--plan {file}" in text.out


@pytest.mark.parametrize("options", [("--prune",), ()], ids=["with-prune", "plain"])
def test_exactly_the_plan_is_applied(
    drifted: Cloud, inv: Inv, file: str, options: tuple[str, ...]
) -> None:
    """What the file says runs, what it held back stays held back, with the usual exit codes."""
    inv("db.repair", *DEV, *options, "--plan-out", file)

    done = inv("db.repair", *DEV, "--plan", file, "--yes", "--json")

    assert steps(done, "applied") == ([DROP, BUILD] if options else [BUILD])
    assert indexes(drifted) == ["managerId-index"] if options else [*indexes(drifted), "old-index"]
    # As without a file: what is held back still differs from the model.
    assert (done.code, done.error) == ((0, None) if options else (2, "SCHEMA_VALIDATION_FAILED"))


def test_an_approved_plan_still_needs_yes(drifted: Cloud, inv: Inv, file: str) -> None:
    """A removal on AWS is confirmed with a file as without one; a dry run of it is not."""
    inv("db.repair", *DEV, "--prune", "--plan-out", file)

    shown = inv("db.repair", *DEV, "--plan", file, "--dry-run", "--json")
    asked = inv("db.repair", *DEV, "--plan", file, "--json")

    assert (shown.code, steps(shown)) == (0, [DROP, BUILD])
    assert (asked.code, asked.error) == (1, "CONFIRMATION_REQUIRED")
    assert drifted.server.of(*WRITES) == []


def _stream(cloud: Cloud) -> None:
    cloud.client().update_table(TableName=USERS, StreamSpecification=STREAM)  # type: ignore[arg-type]


def _protect(cloud: Cloud) -> None:
    client = cloud.client()
    arn = client.describe_table(TableName=USERS)["Table"]["TableArn"]
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "Application", "Value": "theirs"}])


def _drop(cloud: Cloud) -> None:
    cloud.client().update_table(
        TableName=TEAMS, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "old-index"}}]
    )


def _delete(cloud: Cloud) -> None:
    cloud.client().delete_table(TableName=USERS)


def _again(cloud: Cloud) -> None:
    _delete(cloud)
    cloud.hold("dev", "Users")


@pytest.mark.parametrize(
    "change, words",
    [
        (_protect, f"{USERS}: tags was as declared, and is"),
        (_drop, f"{TEAMS}: index[old-index] was old S, and is not there"),
        (_delete, f"{USERS} existed, and does not now"),
        (_again, f"{USERS} was deleted and created again"),
    ],
)
def test_a_plan_is_refused_after_a_change(
    drifted: Cloud, inv: Inv, file: str, change: Callable[[Cloud], None], words: str
) -> None:
    """The change is named, nothing is written, and the command that is told writes a new plan."""
    inv("db.repair", *DEV, "--prune", "--plan-out", file)
    change(drifted)
    drifted.server.calls.clear()

    run = inv("db.repair", *DEV, "--plan", file, "--yes", "--json")

    assert (run.code, run.error) == (1, "SCHEMA_VALIDATION_FAILED")
    assert words in run.document["error"]["message"]
    assert drifted.server.of(*WRITES) == []
    assert _obeyed(inv, run).code == 0
    assert inv("db.repair", *DEV, "--plan", file, "--dry-run").code == 0


def _obeyed(inv: Inv, run: Run) -> Run:
    """What came of the command that the error says to type."""
    command = run.document["error"]["remediation"].partition("   ")[0]
    # The variables before it are set already.
    return inv(*shlex.split(command.partition("inv ")[2]))


def test_a_plan_that_failed_half_way_is_refused(drifted: Cloud, inv: Inv, file: str) -> None:
    """The first step is done: the plan does not hold any more, a new one has the rest."""
    inv("db.repair", *DEV, "--prune", "--plan-out", file)
    refusal = Fault("UpdateTable", code="AccessDeniedException", after=1, times=1)
    drifted.server.arm(refusal)
    half = inv("db.repair", *DEV, "--plan", file, "--yes", "--json")
    drifted.server.arm()
    drifted.server.calls.clear()

    again = inv("db.repair", *DEV, "--plan", file, "--yes", "--json")
    writes = drifted.server.of(*WRITES)
    renewed = _obeyed(inv, again)
    done = inv("db.repair", *DEV, "--plan", file, "--yes", "--json")

    assert (half.code, again.code, again.error) == (2, 1, "SCHEMA_VALIDATION_FAILED")
    assert writes == []
    assert "--prune" in again.document["error"]["remediation"]
    assert (renewed.code, done.code, indexes(drifted)) == (0, 0, ["managerId-index"])


def test_a_plan_whose_run_was_killed_is_refused(drifted: Cloud, inv: Inv, file: str) -> None:
    """SIGKILL in the middle leaves no state: the tables say that the plan is old."""
    inv("db.repair", *DEV, "--prune", "--plan-out", file)
    drifted.server.arm(Fault("UpdateTable", "kill", times=1))
    killed = spawned([INV, "db.repair", *DEV, "--plan", str(Path(file).resolve()), "--yes"])
    drifted.server.victim.set_result(killed.pid)
    code = finished(killed).code
    drifted.server.arm()
    drifted.server.calls.clear()

    again = inv("db.repair", *DEV, "--plan", file, "--yes", "--json")

    assert (code, again.code, again.error) == (-signal.SIGKILL, 1, "SCHEMA_VALIDATION_FAILED")
    assert drifted.server.of(*WRITES) == []
    assert f"{TEAMS}: index[old-index] was old S" in again.document["error"]["message"]
    assert _obeyed(inv, again).code == 0


def test_a_plan_that_was_applied_is_not_applied_again(drifted: Cloud, inv: Inv, file: str) -> None:
    """The second time the tables are as the plan wanted them, which is a change too."""
    inv("db.repair", *DEV, "--prune", "--plan-out", file)
    inv("db.repair", *DEV, "--plan", file, "--yes")
    drifted.server.calls.clear()

    again = inv("db.repair", *DEV, "--plan", file, "--yes", "--json")

    assert (again.code, again.error) == (1, "SCHEMA_VALIDATION_FAILED")
    assert drifted.server.of(*WRITES) == []


@pytest.mark.parametrize(
    "words, refusal",
    [
        pytest.param(
            ("--env", "staging"), ("INVALID_CONFIGURATION", "is for environment 'dev'"), id="env"
        ),
        pytest.param(
            (*DEV, "--region", "eu-west-1"), ("AWS_REGION_MISMATCH", "the region was"), id="region"
        ),
        pytest.param(
            (*DEV, "--reduce"), ("INVALID_CONFIGURATION", "written without --reduce"), id="option"
        ),
        pytest.param(NARROW, ("SCHEMA_VALIDATION_FAILED", "--table names"), id="table"),
    ],
)
def test_a_plan_is_refused_elsewhere(
    drifted: Cloud, inv: Inv, file: str, words: tuple[str, ...], refusal: tuple[str, str]
) -> None:
    """Another environment, region, option or table than the plan's: said, nothing is written."""
    inv("db.repair", *DEV, "--prune", "--plan-out", file)

    run = inv("db.repair", *words, "--plan", file, "--yes", "--json")

    assert (run.code, run.error) == (1, refusal[0])
    assert refusal[1] in run.document["error"]["message"]
    assert drifted.server.of(*WRITES) == []


def test_a_plan_is_refused_in_another_account(drifted: Cloud, inv: Inv, file: str) -> None:
    """The account of the credentials is part of the plan."""
    inv("db.repair", *DEV, "--prune", "--plan-out", file)
    drifted.server.sts_account = "111111111111"

    run = inv("db.repair", *DEV, "--plan", file, "--yes", "--json")

    assert (run.code, run.error) == (1, "AWS_ACCOUNT_MISMATCH")
    assert "was 123456789012, and is 111111111111" in run.document["error"]["message"]
    assert drifted.server.of(*WRITES) == []


def test_a_plan_is_refused_with_other_names(drifted: Cloud, inv: Inv, file: str) -> None:
    """Another prefix means other tables."""
    inv("db.repair", *DEV, "--prune", "--plan-out", file)
    inv.patch.setenv("OSEM_DB_PREFIX", "mine-")

    run = inv("db.repair", *DEV, "--plan", file, "--yes", "--json")

    assert (run.code, run.error) == (1, "INVALID_CONFIGURATION")
    assert "osem-dev-{table}, and is mine-{table}" in run.document["error"]["message"]
    assert drifted.server.of(*WRITES) == []


def test_a_plan_of_one_table_keeps_to_it(drifted: Cloud, inv: Inv, file: str) -> None:
    """`--table` is part of the plan, and need not be given again."""
    drifted.drift("dev")
    inv("db.repair", *NARROW, "--plan-out", file)
    drifted.server.calls.clear()

    done = inv("db.repair", *DEV, "--plan", file, "--yes", "--json")

    assert steps(done, "applied") == [BUILD]
    assert {call.table for call in drifted.server.of(*WRITES)} == {TEAMS}


def test_a_setup_creates_exactly_what_it_planned(cloud: Cloud, inv: Inv, file: str) -> None:
    """Missing tables are created by the plan once, and a table that appeared stops it."""
    cloud.hold("dev", "Users")
    inv("db.setup", *DEV, "--plan-out", file)
    before = cloud.names
    cloud.hold("dev", "Teams")
    refused = inv("db.setup", *DEV, "--plan", file, "--json")
    between = cloud.names
    _obeyed(inv, refused)

    done = inv("db.setup", *DEV, "--plan", file, "--json")

    assert (before, between) == (["Users"], ["Teams", "Users"])
    assert (refused.code, refused.error) == (1, "SCHEMA_VALIDATION_FAILED")
    assert f"{TEAMS} did not exist, and does now" in refused.document["error"]["message"]
    assert (done.code, len(cloud.names), cloud.item("dev")) == (0, 6, ITEM)


def test_drift_writes_no_plan_of_a_setup(
    drifted: Cloud, inv: Inv, file: str, tmp_path: Path
) -> None:
    """What stops a setup stops its plan, too: there is nothing to approve."""
    run = inv("db.setup", *DEV, "--plan-out", file, "--json")

    assert (run.code, run.error) == (1, "SCHEMA_VALIDATION_FAILED")
    assert [*tmp_path.glob("*.json")] == []
    assert drifted.server.of(*WRITES) == []


def test_a_plan_names_no_secret(drifted: Cloud, inv: Inv, file: str, tmp_path: Path) -> None:
    """The file is JSON to be read by people, without a key of the shell that wrote it."""
    inv("db.repair", *DEV, "--prune", "--plan-out", file)

    text = (tmp_path / file).read_text("utf-8")

    assert list(json.loads(text))[:3] == ["osemPlan", "task", "version"]
    assert not [word for word in ("FAKESECRET", "AKIAFAKE") if word in text]
    assert drifted.server.of(*WRITES) == []
