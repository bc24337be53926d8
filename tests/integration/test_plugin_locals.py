"""What pytest's --showlocals prints of the plugin's frames: neither keys nor a shell's secrets."""

from __future__ import annotations

import os
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import pytest

from tests.support import processes
from tests.support.projects import LONGEST

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.conftest import Engine

SECRET, TOKEN = "FAKESECRETkey0123456789abcdefghijklmnop", "FAKESECRETtoken0123456789"
FAILING = """
import pytest

@pytest.fixture
def failing(dynamodb_database, dynamodb_environ):
    raise RuntimeError("in a fixture")

def test_a_call(dynamodb_tables, dynamodb_client, dynamodb_environ, dynamodb_database):
    environ, database = dynamodb_environ, dynamodb_database
    assert environ["AWS_ACCESS_KEY_ID"] == database.access_key
    assert 0

def test_a_fixture(failing, dynamodb_resource):
    pass
"""
# A test that tells what it must not find: the keys of its database, at the end of the output.
KEYS = """
def pytest_runtest_teardown(item):
    database = item.funcargs.get("dynamodb_database")
    if database:
        from pathlib import Path
        keys = [database.access_key, database.secret_key, database.session_token]
        Path("keys.txt").write_text("\\n".join(filter(None, keys)))
"""


def output(project: Path, *words: str) -> str:
    """What `pytest --showlocals -vv` prints in the project, in a shell that holds secrets."""
    own = any(point.name == "osem_tasks" for point in entry_points(group="pytest11"))
    plugin = () if own else ("-p", "osem_tasks.pytest_plugin")
    command = [sys.executable, "-m", "pytest", "-vv", "--showlocals", *plugin, *words]
    variables = {**os.environ, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN}
    done = processes.call(command, cwd=project, env=variables, timeout=LONGEST)
    return done.stdout + done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose tests fail."""
    (tmp_path / "test_failing.py").write_text(FAILING, encoding="utf-8")
    (tmp_path / "conftest.py").write_text(KEYS, encoding="utf-8")
    return tmp_path


def test_a_failing_test_shows_no_key(project: Path, moto_engine: Engine) -> None:
    """Fixtures are arguments of tests: their values hide what opens the database."""
    ini = "[pytest]\ndynamodb_tables = osem_tasks.declarations.osem:TABLES\n"
    (project / "pytest.ini").write_text(ini, encoding="utf-8")

    text = output(project, "--dynamodb-endpoint", moto_engine.endpoint)

    keys = (project / "keys.txt").read_text(encoding="utf-8").splitlines()
    assert ("2 failed" in text or "1 failed, 1 error" in text, len(keys) > 1) == (True, True)
    assert [key for key in (*keys, "FAKESECRET") if key[:16] in text] == []


@pytest.mark.parametrize(
    "configuration", ["osem: {port: nonsense}", "osem: {tables: 'nosuch:TABLES'}"]
)
def test_a_failing_fixture_of_ours_shows_no_secret(
    project: Path, moto_engine: Engine, configuration: str
) -> None:
    """The configuration is read with the shell's variables at hand, and shows none of them."""
    (project / "invoke.yaml").write_text(configuration, encoding="utf-8")

    text = output(project, "--dynamodb-endpoint", moto_engine.endpoint)

    assert "Invalid configuration" in text
    assert "FAKESECRET" not in text


def test_an_endpoint_with_a_password_is_refused_unseen(project: Path) -> None:
    """Before any frame holds it."""
    text = output(project, "--dynamodb-endpoint", "http://user:pa55word@127.0.0.1:8000")

    assert "--dynamodb-endpoint must not hold credentials" in text
    assert "pa55word" not in text
