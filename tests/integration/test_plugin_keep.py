"""The engine's line, and `--dynamodb-keep`: what stays, how to look into it, how it goes."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import boto3
import pytest

from osem_tasks.engines import manager, presence, records
from tests.support import processes
from tests.support.projects import passed, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.conftest import Engine

TESTS = """
import pytest

@pytest.mark.parametrize("number", range(3))
def test_one(dynamodb_tables, dynamodb_client, number):
    key = {"userId": {"S": str(number)}}
    dynamodb_client.put_item(TableName=dynamodb_tables["Users"], Item=key)
    assert number != 1

def test_without_a_database():
    pass
"""
INI = """[pytest]
dynamodb_scope = function
dynamodb_tables = osem_tasks.declarations.osem:TABLES
"""
EXPORT = re.compile(r"^ *export (.*)$", re.MULTILINE)


@pytest.fixture
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """Another team's project with one test that fails; no engine is left."""
    request.getfixturevalue("own_state")
    (tmp_path / "test_users.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(INI, encoding="utf-8")
    yield tmp_path
    for record in records.load_all():
        manager.take_down(record.name)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_engine_is_one_line(project: Path, session_engine: Engine, workers: str) -> None:
    """Which engine answers where, for which tables, in which scope; once, also with xdist."""
    done = run(project, "-v", "-v", "--dynamodb-engine", session_engine.kind, "-n", workers)

    lines = [line for line in done.stdout.splitlines() if line.startswith("dynamodb: ")]
    name = {"docker": "DynamoDB Local"}.get(session_engine.kind, session_engine.kind)
    assert len(lines) == 2, done.stdout
    assert lines[0] == f"dynamodb: engine {session_engine.kind}, scope function"
    source = r"6 tables of osem_tasks\.declarations\.osem:TABLES"
    expected = rf"dynamodb: {name} at 127\.0\.0\.1:\d+, {source}, scope function"
    assert re.fullmatch(expected, lines[1])


def test_a_run_that_does_not_use_it_has_no_line(project: Path) -> None:
    """No header, no engine, nothing loaded."""
    (project / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")

    done = run(project, "-v", "-v", "-k", "without")

    assert (done.returncode, "dynamodb:" in done.stdout) == (0, False)
    assert records.load_all() == []


def variables(text: str) -> dict[str, str]:
    """The variables of an `export` line."""
    return dict(word.split("=", 1) for word in text.replace("'", "").split())


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("isolation", ["keys", "prefix"])
def test_what_is_kept_can_be_looked_into(
    project: Path, session_engine: Engine, workers: str, isolation: str
) -> None:
    """The summary leads to the database of the failed test, whose item is still there."""
    words = ["--dynamodb-keep", "--dynamodb-engine", session_engine.kind]
    words += ["--dynamodb-isolation", isolation]

    done = run(project, *words, "-n", workers)

    (record,) = records.load_all()
    summary = done.stdout.partition("dynamodb: kept")[2]
    shared, *keys = EXPORT.findall(summary)
    first = summary.partition("test_users.py::")[2].partition(":\n")[0]
    assert (done.returncode, len(keys), first.startswith("test_one[1] (failed)")) == (1, 3, True)
    found = variables(shared) | variables(keys[0])
    assert found["AWS_ENDPOINT_URL_DYNAMODB"] == record.endpoint
    client = boto3.client(
        "dynamodb",
        endpoint_url=found["AWS_ENDPOINT_URL_DYNAMODB"],
        region_name=found["AWS_REGION"],
        aws_access_key_id=found["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=found["AWS_SECRET_ACCESS_KEY"],
    )
    prefix = re.findall(r", tables (\S+)\*", first)
    assert len(prefix) == (isolation == "prefix")
    items = client.scan(TableName=f"{''.join(prefix)}osem-test-Users")["Items"]
    assert items == [{"userId": {"S": "1"}}]


def test_what_is_kept_stays_until_it_is_removed(project: Path, session_engine: Engine) -> None:
    """Later runs neither remove it nor use it; local.status shows it, local.down removes it."""
    words = ["--dynamodb-engine", session_engine.kind]
    run(project, *words, "--dynamodb-keep", "-k", "0")
    (record,) = records.load_all()

    again = run(project, *words, "-k", "0", "-v", "-v")
    plain = run(project, "-k", "0", "-v", "-v")

    assert (passed(again), passed(plain)) == ((0, "1"), (0, "1"))
    place = record.endpoint.partition("://")[2]
    assert (place in again.stdout, place in plain.stdout) == (False, False)
    assert records.load_all() == [record]
    assert presence.is_answering(record)
    osem = [sys.executable, "-m", "osem_tasks"]
    status = processes.call([*osem, "local.status"], cwd=project)
    assert record.name in status.stdout
    down = processes.call([*osem, "local.down", "--name", record.name], cwd=project)
    assert (status.returncode, down.returncode) == (0, 0)
    assert (records.load_all(), presence.is_answering(record)) == ([], False)


@pytest.mark.parametrize("how", ["ini", "option"])
def test_tables_on_a_server_of_another_are_kept(
    project: Path, moto_engine: Engine, how: str
) -> None:
    """The tables stay after the next run, too; the server is left alone, and it is said."""
    words = ["--dynamodb-endpoint", moto_engine.endpoint, "--dynamodb-isolation", "prefix"]
    if how == "ini":
        (project / "pytest.ini").write_text(f"{INI}dynamodb_keep = true\n", encoding="utf-8")
        kept = run(project, *words, "-k", "0")
        (project / "pytest.ini").write_text(INI, encoding="utf-8")
    else:
        kept = run(project, *words, "-k", "0", "--dynamodb-keep")
    (prefix,) = re.findall(r", tables (\S+)\*", kept.stdout)

    run(project, *words, "-k", "0")

    names = moto_engine.client().list_tables()["TableNames"]
    mine = [name for name in names if name.startswith(prefix)]
    assert f"for the tables {prefix}*" in kept.stdout
    assert len(mine) == 6
    for name in mine:
        moto_engine.client().delete_table(TableName=name)
