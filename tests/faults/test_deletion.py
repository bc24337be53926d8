"""Every case of ``cases.deletion``: what stays, what goes, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from osem_tasks.waiting.policy import using
from tests.faults.bench import Bench, words_of
from tests.faults.cases.deletion import GONE_CASES, KEPT_CASES, PARTIAL_CASES
from tests.support.faulty_aws import Fault
from tests.support.patience import SHORT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.cases.case import Case
    from tests.faults.conftest import Cloud
    from tests.support.inv import Inv, Run


@pytest.fixture
def bench(request: pytest.FixtureRequest, cloud: Cloud, inv: Inv, tmp_path: Path) -> Bench:
    """The case of the test's parameter."""
    case: Case = request.param
    return Bench(case, cloud, inv, tmp_path, words_of(cloud, tmp_path, "", "127.0.0.1:1"))


def told(bench: Bench, *more: str) -> tuple[Run, list[str]]:
    """The case's run, the words that it does not say among them."""
    run = bench.run(*more)
    words = [bench.filled(word) for word in (*bench.case.says, bench.case.remedy)]
    return run, [word for word in words if word not in run.err]


@pytest.mark.parametrize("bench", KEPT_CASES, indirect=True, ids=str)
def test_no_table_is_touched(bench: Bench) -> None:
    """Refused with exit code 1: nothing that changes a table is sent; both sides are named."""
    run, missing = told(bench)

    tables = {*bench.cloud.client().list_tables()["TableNames"]}
    assert (run.code, missing) == (1, [])
    assert f"✗ {bench.case.error}: " in run.err
    assert len(tables) == len(bench.case.existing) + len(bench.case.foreign)
    writes = ("DeleteTable", "CreateTable", "UpdateTable", "TagResource")
    assert bench.cloud.server.of(*writes) == []
    assert "Traceback" not in run.err


@pytest.mark.parametrize("bench", GONE_CASES, indirect=True, ids=str)
def test_the_environments_own_tables_go(bench: Bench) -> None:
    """What is the environment's by every rule is deleted, and told."""
    run, missing = told(bench)

    assert (run.code, missing, bench.cloud.names) == (0, [], [])
    assert [
        name for name in bench.case.existing if f"osem-dev-{name}  deleted" not in run.out
    ] == []


@pytest.mark.parametrize("bench", PARTIAL_CASES, indirect=True, ids=str)
def test_a_deletion_that_may_have_happened_is_partial(bench: Bench) -> None:
    """Exit code 1 says that nothing was changed: after DeleteTable was sent it is 2."""
    run, missing = told(bench, "--json")

    assert (run.code, run.error, missing) == (2, bench.case.error, [])
    assert run.document["data"]["tablesDeleted"] == ["osem-dev-Users"]


@pytest.mark.parametrize(
    "words",
    [
        ("--yes", "--table"),
        ("--table", "--yes"),
        ("--table", "--json", "--yes"),
        ("--table", "A", ""),
    ],
    ids=" ".join,
)
def test_a_table_option_without_a_value_deletes_nothing(
    cloud: Cloud, inv: Inv, words: tuple[str, ...]
) -> None:
    """An unset variable without quotes leaves `--table` alone: that is not "every table"."""
    cloud.hold("dev", "Users")

    run = inv("db.delete", "--env", "dev", *words)

    assert (run.code, cloud.names) == (1, ["Users"])
    assert run.err


@pytest.mark.parametrize("task", ["db.delete", "db.reset"])
@pytest.mark.parametrize("place", ["AWS", "proxy", "engine"])
def test_a_protected_table_goes_on_a_proven_local_engine_only(
    cloud: Cloud, inv: Inv, task: str, place: str
) -> None:
    """On AWS, and through a tunnel to it, deletion protection holds against every option."""
    cloud.hold("dev", "Users", "Teams")
    name = "osem-dev-Users"
    cloud.client().update_table(TableName=name, DeletionProtectionEnabled=True)
    cloud.server.role = "DynamoDB Local" if place == "proxy" else "AWS"
    endpoint = {"AWS": "", "proxy": cloud.server.url, "engine": cloud.engine}[place]
    words = ["--endpoint", endpoint] if endpoint else []

    run = inv(task, "--env", "dev", "--yes", "--force", *words)

    found = [n for n in cloud.client().list_tables()["TableNames"] if n == name]
    item = found and cloud.item("dev")
    if place == "engine":
        assert (run.code, item) == (0, [] if task == "db.delete" else None)
    else:
        assert (run.code, bool(item)) == (1, True), run.err
        assert f"Deletion protection is on for {name}" in run.err
        assert cloud.server.of("DeleteTable", "UpdateTable") == []


def test_several_tables_are_deleted_and_no_other(cloud: Cloud, inv: Inv) -> None:
    """`--table` is repeatable, by full name or by the name in the model."""
    cloud.hold("dev", "Users", "Teams", "Assessments")

    run = inv("db.delete", "--env", "dev", "--yes", "--table", "Users", "--table", "osem-dev-Teams")

    assert (run.code, cloud.names) == (0, ["Assessments"])


@pytest.mark.parametrize(
    "operation, changed",
    [("DescribeTable", False), ("ListTagsOfResource", False), ("DeleteTable", True)],
)
def test_an_answer_that_drips_ends_with_the_timeout(
    cloud: Cloud, inv: Inv, operation: str, changed: bool
) -> None:
    """`--timeout` bounds a call that never returns, too; what was sent is told."""
    cloud.hold("dev", "Users")
    cloud.server.arm(Fault(operation, "drip"))

    with using(replace(SHORT, overtime=0.3)):
        run = inv("db.delete", "--env", "dev", "--yes", "--timeout", "3", "--json")

    assert (run.code, run.error) == (2 if changed else 1, "TIMEOUT")
    assert (["osem-dev-Users"] if changed else None) == run.document["data"].get("tablesDeleted")
