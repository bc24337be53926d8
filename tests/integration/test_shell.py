"""What a user's shell holds for AWS and for Python disturbs no work on a local engine."""

from __future__ import annotations

import os
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import pytest

from tests.integration import fixtures_local as given
from tests.integration.fixtures_local import NOWHERE, ROOT, Shell
from tests.support import processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration

DEAD = "http://127.0.0.1:9"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
BROKEN = "[profile x\nendpoint_url"
LEADING = (
    f"[default]\nendpoint_url = {DEAD}\nignore_configured_endpoint_urls = true\n"
    "retry_mode = bad\nmax_attempts = x\nca_bundle = /nowhere\n"
)
# A value that begins with ``file:`` stands for a file with that content, ``home:`` for a home
# directory with such AWS files.
SHELLS = {
    "proxies": {name: DEAD for upper in PROXIES for name in (upper, upper.lower())},
    "a profile that does not exist": {"AWS_PROFILE": "absent", "AWS_DEFAULT_PROFILE": "absent"},
    "a broken configuration": {"AWS_CONFIG_FILE": f"file:{BROKEN}"},
    "broken credentials": {"AWS_SHARED_CREDENTIALS_FILE": f"file:{BROKEN}"},
    "a configuration that leads away": {"AWS_CONFIG_FILE": f"file:{LEADING}"},
    "a binary configuration": {"AWS_CONFIG_FILE": "file:\0\1\2\x7f"},
    "a broken home": {"HOME": f"home:{BROKEN}"},
    "a directory": {"AWS_CONFIG_FILE": "/", "AWS_SHARED_CREDENTIALS_FILE": "/"},
    "endpoints": {
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_ENDPOINT_URL_STS": DEAD,
        "AWS_ENDPOINT_URL_S3": DEAD,
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
    },
    "certificates": dict.fromkeys(
        ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"), "/nowhere"
    ),
    "modes": {
        "AWS_DEFAULTS_MODE": "bad",
        "AWS_MAX_ATTEMPTS": "abc",
        "AWS_RETRY_MODE": "bad",
        "AWS_ACCOUNT_ID_ENDPOINT_MODE": "bad",
    },
    "Python": {"PYTHONWARNINGS": "always", "PYTHONSTARTUP": "/nowhere", "PYTHONOPTIMIZE": "2"},
    "moto and Flask": {
        "MOTO_ACCOUNT_ID": "999999999999",
        "FLASK_DEBUG": "1",
        "WERKZEUG_RUN_MAIN": "true",
        "WERKZEUG_SERVER_FD": "77",
    },
}
APPLICATION = """
import boto3

def test_an_application(dynamodb_tables, dynamodb_client, dynamodb_environ):
    names = boto3.client("dynamodb").list_tables()["TableNames"]
    assert sorted(names) == sorted(dynamodb_tables.values())
    assert sorted(dynamodb_client.list_tables()["TableNames"]) == sorted(names)
"""
TABLES = """
from osem_tasks.tables import table
TABLES = [table("Orders", "id S")]
"""


def variables_of(name: str, folder: Path) -> dict[str, str]:
    """The variables of a shell of the table, with its files."""
    found = {}
    for variable, value in SHELLS[name].items():
        path = folder / variable.lower()
        kind, _, content = value.partition(":")
        if kind == "file":
            path.write_text(content, encoding="utf-8")
        elif kind == "home":
            (path / ".aws").mkdir(parents=True)
            for file in ("config", "credentials"):
                (path / ".aws" / file).write_text(content, encoding="utf-8")
        found[variable] = str(path) if kind in ("file", "home") else value
    return found


@pytest.fixture
def inv(tmp_path: Path) -> Iterator[Shell]:
    """`inv` on a machine without Docker, of which no process is left afterwards."""
    shell = Shell(given.new_name(), tmp_path / "state", {"DOCKER_HOST": NOWHERE})
    yield shell
    shell.clear()


@pytest.mark.parametrize("name", SHELLS)
def test_the_main_job_in_any_shell(inv: Shell, tmp_path: Path, name: str) -> None:
    """The engine starts, and every task finds it and its tables."""
    words = ("local.up", "--engine", "moto", "db.setup", "db.verify", "local.status")

    run = inv(*words, **variables_of(name, tmp_path))

    assert (run.code, run.out.count("created  "), "running: moto" in run.out) == (0, 6, True)
    assert f"local engine {inv.engine().endpoint}" in run.err


@pytest.mark.parametrize("shadow", ["responses.py", "flask.py", "werkzeug.py", "moto.py"])
def test_a_project_with_modules_named_like_the_engine_s(
    inv: Shell, tmp_path: Path, shadow: str
) -> None:
    """The engine's process imports its libraries, not the project's modules."""
    project = tmp_path / "project"
    project.mkdir()
    (project / shadow).write_text("raise SystemExit('the project')\n", encoding="utf-8")
    (project / "tasks.py").write_text(
        "from osem_tasks import namespace\nns = namespace.build()\n", encoding="utf-8"
    )

    run = inv.sh(
        f"cd '{project}' && inv local.up --engine moto && inv local.status",
        PYTHONPATH=os.pathsep.join([str(ROOT), str(project)]),
    )

    assert (run.code, "running: moto" in run.out) == (0, True)


@pytest.mark.parametrize("name", SHELLS)
def test_the_plugin_in_any_shell(inv: Shell, tmp_path: Path, name: str) -> None:
    """Fixtures and the application under test reach the engine that the run starts."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "test_orders.py").write_text(APPLICATION, encoding="utf-8")
    (project / "orders.py").write_text(TABLES, encoding="utf-8")
    (project / "pytest.ini").write_text(
        "[pytest]\npythonpath = .\ndynamodb_tables = orders:TABLES\n", encoding="utf-8"
    )
    own = any(point.name == "osem_tasks" for point in entry_points(group="pytest11"))
    plugin = () if own else ("-p", "osem_tasks.pytest_plugin")

    done = processes.call(
        [sys.executable, "-m", "pytest", "-q", *plugin, "--dynamodb-engine", "moto"],
        cwd=project,
        env=inv.environment(PYTHONPATH=str(ROOT), **variables_of(name, tmp_path)),
        timeout=120,
    )

    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout + done.stderr


@pytest.mark.parametrize("name", ["NODE_ENV", "OSEM_ENV"])
@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_a_variable_chooses_names_on_the_engine_that_local_up_started(
    inv: Shell, name: str, environment: str
) -> None:
    """Nobody who has just started an engine means AWS, unless an option says so."""
    node = {"dev": "development", "prod": "production"}
    value = node[environment] if name == "NODE_ENV" else environment

    run = inv("local.up", "--engine", "moto", "db.setup", "db.verify", **{name: value})

    assert run.code == 0
    assert (
        f"local engine {inv.engine().endpoint} · environment {environment} (by {name})" in run.err
    )
    assert {table.rpartition("-")[0] for table in given.table_names(inv.engine())} == {
        f"osem-{environment}"
    }


def test_an_option_goes_to_aws_past_the_engine(inv: Shell) -> None:
    """It warns with the engine's endpoint, and no table is created there."""
    run = inv("local.up", "--engine", "moto", "db.setup", "--env", "dev")

    assert run.code == 1
    assert f"--endpoint {inv.engine().endpoint}" in run.err
    assert "environment dev (by --env)" in run.err
    assert given.table_names(inv.engine()) == []
