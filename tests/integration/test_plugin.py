"""The pytest plugin as another team uses it: a project of its own, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import osem_tasks
from osem_tasks.config.defaults import DEFAULTS
from osem_tasks.config.settings import Settings
from osem_tasks.declarations.osem import TABLES
from osem_tasks.engines import manager, presence, records, registry
from osem_tasks.schema import emulators
from osem_tasks.schema.model import TableSet, table
from osem_tasks.testing import Server, server_at
from tests.integration.conftest import other_kinds
from tests.integration.fixtures_local import eventually
from tests.support import processes
from tests.support.projects import command, passed, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.conftest import Engine

EXAMPLE = Path(osem_tasks.__file__).parents[1] / "examples" / "orders"
PROJECT_TESTS = """
import pytest

KEY = {"userId": {"S": "the same in every test"}}

@pytest.mark.parametrize("number", range(12))
def test_nobody_else_is_here(dynamodb_tables, dynamodb_client, number):
    users = dynamodb_tables["Users"]
    assert "Item" not in dynamodb_client.get_item(TableName=users, Key=KEY)
    dynamodb_client.put_item(TableName=users, Item={**KEY, "n": {"N": str(number)}})
    assert dynamodb_client.get_item(TableName=users, Key=KEY)["Item"]["n"]["N"] == str(number)

def test_the_names_are_the_environment_s(dynamodb_tables):
    assert dynamodb_tables["Teams"].endswith("osem-test-Teams")
"""

PROJECT_INI = """[pytest]
dynamodb_scope = function
dynamodb_tables = osem_tasks.declarations.osem:TABLES
"""


@pytest.fixture
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """Another team's project; whatever engine its runs leave behind is removed."""
    request.getfixturevalue("own_state")
    (tmp_path / "test_users.py").write_text(PROJECT_TESTS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(PROJECT_INI, encoding="utf-8")
    yield tmp_path
    for record in records.load_all():
        manager.take_down(record.name)


SEEDED_TESTS = """
import pytest

@pytest.mark.parametrize("number", range(6))
def test_the_seed_is_fresh(dynamodb_seeded, dynamodb_client, number):
    users = dynamodb_seeded["Users"]
    found = dynamodb_client.scan(TableName=users)["Items"]
    assert len(found) == 11
    dynamodb_client.delete_item(TableName=users, Key={"userId": found[0]["userId"]})
    active = dynamodb_client.query(
        TableName=dynamodb_seeded["ConfigVersions"],
        IndexName="isActive-index",
        KeyConditionExpression="isActive = :yes",
        ExpressionAttributeValues={":yes": {"N": "1"}},
    )
    assert active["Count"] == 1
"""
UNSEEDED_TABLE = """
from osem_tasks.tables import table
TABLES = [table("Orders", "orderId S")]
"""


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("kind", ["session", *other_kinds()])
def test_every_test_has_the_seed(
    project: Path, session_engine: Engine, kind: str, workers: str
) -> None:
    """What one test deletes is there again in the next."""
    (project / "test_users.py").write_text(SEEDED_TESTS, encoding="utf-8")
    engine = session_engine.kind if kind == "session" else kind

    done = run(project, "--dynamodb-engine", engine, "-n", workers)

    assert passed(done) == (0, "6")


def test_a_fixture_without_a_seed_says_what_to_write(project: Path) -> None:
    """A project's own tables, and no osem.seed: one failure, with the line to write."""
    (project / "test_users.py").write_text(
        "def test_orders(dynamodb_seeded):\n    pass\n", encoding="utf-8"
    )
    (project / "shop_tables.py").write_text(UNSEEDED_TABLE, encoding="utf-8")
    ini = PROJECT_INI.replace("osem_tasks.declarations.osem:", "shop_tables:")
    (project / "pytest.ini").write_text(ini, encoding="utf-8")

    done = run(project, "--dynamodb-engine", "moto")

    assert done.returncode == 1
    assert "no seed is configured for environment 'test'" in done.stdout
    assert "seed: seed/*.jsonl" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("workers", ["0", "2", "8"])
@pytest.mark.parametrize("kind", ["session", *other_kinds()])
def test_every_test_has_a_database_of_its_own(
    project: Path, session_engine: Engine, kind: str, workers: str
) -> None:
    """The same keys are written in every test, in any number of workers, in random order."""
    engine = session_engine.kind if kind == "session" else kind

    done = run(project, "--dynamodb-engine", engine, "-n", workers)

    assert passed(done) == (0, "13")
    assert records.load_all() == []


def test_workers_share_one_database_each_by_default(project: Path) -> None:
    """Scope session: the second test in the same worker finds what the first one has put."""
    ini = PROJECT_INI.replace("dynamodb_scope = function\n", "")
    (project / "pytest.ini").write_text(ini, encoding="utf-8")

    done = run(project, "--dynamodb-engine", "moto", "-k", "nobody")

    assert "1 passed" in done.stdout
    assert "11 failed" in done.stdout


def test_a_running_engine_is_used_and_left_running(project: Path, session_engine: Engine) -> None:
    """A shared database is kept apart by prefixes; that is said, and nothing stays behind."""
    name = f"osem-test-{uuid.uuid4().hex[:8]}"
    up = ["local.up", "--engine", session_engine.kind, "--name", name, "--port", "0"]
    processes.call([sys.executable, "-m", "osem_tasks", *up], cwd=project).check_returncode()
    record = records.load(name)
    assert record

    done = run(project)

    by_prefix = "kept apart by table prefixes" in done.stdout
    assert (passed(done), by_prefix) == ((0, "13"), session_engine.row is emulators.DYNAMODB_LOCAL)
    assert presence.is_answering(record)
    engine = type(session_engine)(record.engine, record.endpoint)
    assert engine.client().list_tables()["TableNames"] == []


def test_a_named_endpoint_is_used(project: Path, moto_engine: Engine) -> None:
    """--dynamodb-endpoint starts nothing."""
    done = run(project, "--dynamodb-endpoint", moto_engine.endpoint)

    assert passed(done) == (0, "13")
    assert records.load_all() == []


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_killed_run_is_cleaned_up_by_the_next(
    project: Path, session_engine: Engine, workers: str
) -> None:
    """kill -9 of the controller leaves an engine; the next run removes it, and only it."""
    engine = ["--dynamodb-engine", session_engine.kind]
    victim = subprocess.Popen(
        command(*engine, "-n", workers),
        cwd=project,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    eventually(lambda: records.load_all() or victim.poll() is not None, "the run has an engine")
    (left,) = records.load_all()
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()

    done = run(project, "--dynamodb-engine", session_engine.kind)

    assert passed(done) == (0, "13")
    assert (records.load_all(), presence.is_answering(left)) == ([], False)


HOSTILE_TEST = """
import os

def test_that_leaves_the_environment_changed(dynamodb_tables):
    {change}
"""


@pytest.mark.parametrize(
    "change",
    [
        "os.environ['OSEM_STATE_DIR'] = '/nowhere'",
        "os.environ['HOME'] = '/nowhere'",
        "os.environ['DOCKER_HOST'] = 'unix:///nowhere.sock'",
        "os.environ.update(dict.fromkeys(list(os.environ), 'x'))",
    ],
)
def test_a_test_that_changes_the_environment_orphans_nothing(
    project: Path, session_engine: Engine, change: str
) -> None:
    """The engine is removed with the variables with which it was started."""
    (project / "test_users.py").write_text(HOSTILE_TEST.format(change=change), encoding="utf-8")

    done = run(project, "--dynamodb-engine", session_engine.kind)

    assert passed(done) == (0, "1")
    assert (records.load_all(), records.all_begun()) == ([], [])


def test_an_unused_plugin_loads_nothing() -> None:
    """A run without its fixtures imports no SDK."""
    code = (
        "import sys, osem_tasks.pytest_plugin; "
        "print(sorted({'boto3', 'docker', 'halo', 'psutil', 'moto', 'platformdirs'}"
        " & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=EXAMPLE.parents[1],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "[]\n"


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("workers", ["0", "4"])
def test_the_example_s_tests_pass(session_engine: Engine, workers: str) -> None:
    """The example is another team's project: own tables, own tasks, tests under xdist."""
    done = run(EXAMPLE, "--dynamodb-engine", session_engine.kind, "-n", workers)

    assert passed(done) == (0, "9")


@pytest.mark.usefixtures("project")
def test_the_example_s_main_job_works(session_engine: Engine) -> None:
    """`inv local.up db.setup db.verify hello` in the example, with its own tables."""
    command = ["local.up", "--port", "0", "--engine", session_engine.kind]
    words = [*command, "db.setup", "db.verify", "hello", "local.down"]

    done = processes.call([sys.executable, "-m", "invoke", *words], cwd=EXAMPLE)

    assert (done.returncode, done.stderr if done.returncode else "") == (0, "")
    assert "shop-local-Orders" in done.stdout
    assert "2 of 2 tables match the model" in done.stdout
    assert "Hello from the shop." in done.stdout


@pytest.mark.usefixtures("project")
def test_the_example_s_session_works(session_engine: Engine) -> None:
    """`nox` in the example, in this environment instead of a new one."""
    words = [
        "--no-venv",
        "--no-install",
        "-s",
        "integration",
        "--",
        "--engine",
        session_engine.kind,
    ]

    done = subprocess.run(
        [sys.executable, "-m", "nox", *words],
        cwd=EXAMPLE,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, "9 passed" in done.stdout) == (0, True), done.stdout + done.stderr


def test_a_database_that_is_given_out_again_is_empty(engine: Engine) -> None:
    """After so many databases, a released one is emptied and used again: memory has a bound."""
    server = Server(engine.endpoint, server_at(engine.endpoint).isolation, max_databases=1)
    settings = Settings.read(DEFAULTS, {}, engines=registry.choices())
    first = server.database()
    names = first.setup(settings, TABLES)
    key = {"userId": {"S": "ann"}}
    first.client().put_item(TableName=names["Users"], Item=key)
    server.release(first)

    again = server.database()
    found = again.setup(settings, TABLES)

    assert (again, found) == (first, names)
    assert "Item" not in again.client().get_item(TableName=found["Users"], Key=key)
    again.drop()


def test_a_declared_protection_does_not_keep_the_runs_tables(engine: Engine) -> None:
    """Protection is declared for AWS: the run's own tables go with the database."""
    server = Server(engine.endpoint, server_at(engine.endpoint).isolation, max_databases=1)
    settings = Settings.read(DEFAULTS, {}, engines=registry.choices())
    guarded = TableSet((table("Orders", "id S", deletion_protection=True),))
    database = server.database()
    names = database.setup(settings, guarded)
    description = database.client().describe_table(TableName=names["Orders"])["Table"]

    database.drop()

    assert description.get("DeletionProtectionEnabled") is True
    assert names["Orders"] not in database.client().list_tables()["TableNames"]
