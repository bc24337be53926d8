"""The pytest plugin in a suite that knows nothing of it: silent, short, and never misleading."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from osem_tasks.engines import manager, records
from tests.integration.conftest import other_kinds
from tests.integration.fixtures_local import eventually
from tests.support.projects import command, passed, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.conftest import Engine

NO_DOCKER = {"DOCKER_HOST": "unix:///nowhere.sock"}
DECLARED = "osem: {tables: 'osem_tasks.declarations.osem:TABLES'}"
QUIET = ("-p", "no:randomly")
# Python reports what is left open at its end on stderr only.
LEFT_OPEN = ("ResourceWarning", "Exception ignored", "Unraisable", "UnhandledThread", "Traceback")
SUITE = """
import time
import unittest

import boto3
import pytest


@pytest.mark.usefixtures("dynamodb_tables", "dynamodb_environ")
class TestOld(unittest.TestCase):
    def test_in_a_class(self):
        assert boto3.client("dynamodb").list_tables()["TableNames"]


@pytest.mark.parametrize("number", range(3))
def test_of_pytest(dynamodb_tables, dynamodb_client, dynamodb_resource, number):
    name = dynamodb_tables["Users"]
    dynamodb_client.put_item(TableName=name, Item={"userId": {"S": "a"}})
    assert dynamodb_resource.Table(name).item_count >= 0


def test_without_a_database():
    pass
"""
DOCTEST = '''
def names():
    """
    >>> "Users" in getfixture("dynamodb_tables")
    True
    """
'''
LONG = """
import pathlib, time

def test_that_runs_long(dynamodb_tables, dynamodb_client):
    pathlib.Path("running").touch()
    time.sleep(600)
"""
TWICE = """
import pytest, sys
words = ["-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--dynamodb-engine", "moto"]
sys.exit(pytest.main(words) or pytest.main(words))
"""

# By name: options, configuration, what the message and its remedy say.
NO_ENGINE = {
    "no-engine": (
        "--dynamodb-engine docker",
        "",
        "ENGINE_UNAVAILABLE: No Docker engine at unix:///nowhere.sock",
        "pytest --dynamodb-engine moto",
    ),
    "no-service": (
        "--dynamodb-endpoint http://127.0.0.1:9",
        "osem: {timeout: 1}",
        "ENGINE_NOT_RUNNING: No DynamoDB at http://127.0.0.1:9",
        "leave --dynamodb-endpoint out",
    ),
}
FAILURES = {
    "configuration": ("", "osem: {port: nonsense}", "INVALID_CONFIGURATION", "Correct"),
    "tables": (
        "--dynamodb-engine moto",
        "osem: {tables: 'nosuch:TABLES'}",
        "INVALID_CONFIGURATION",
        "osem.tables",
    ),
}


@pytest.fixture
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A strangers' suite in which every warning is an error; it leaves no engine."""
    request.getfixturevalue("own_state")
    (tmp_path / "test_suite.py").write_text(SUITE, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")
    (tmp_path / "invoke.yaml").write_text(DECLARED, encoding="utf-8")
    yield tmp_path
    left = [record.name for record in records.load_all()]
    for name in left:
        manager.take_down(name)
    assert left == []


def disturbances(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What a silent run would not have printed."""
    text = done.stdout + done.stderr
    return [word for word in LEFT_OPEN if word in text]


@pytest.mark.parametrize(
    "how, workers", [("engine", "0"), ("engine", "2"), ("no-docker", "0"), ("endpoint", "2")]
)
def test_nothing_is_left_open(
    project: Path, session_engine: Engine, moto_engine: Engine, how: str, workers: str
) -> None:
    """`python -W error -m pytest` with Docker, without it, and with an endpoint."""
    words, variables = {
        "engine": (["--dynamodb-engine", session_engine.kind], {}),
        "no-docker": ([], NO_DOCKER),
        "endpoint": (["--dynamodb-endpoint", moto_engine.endpoint], {}),
    }[how]

    done = run(project, *words, "-n", workers, options=("-W", "error"), variables=variables)

    assert (passed(done), disturbances(done), done.stderr) == ((0, "5"), [], "")


@pytest.mark.parametrize(
    "words",
    [
        "--strict-markers --strict-config --import-mode=importlib -p no:cacheprovider",
        "-n 2 --dist loadscope --dynamodb-scope class",
        "--doctest-modules module.py test_suite.py",
        "--lf --dynamodb-scope function --durations=3",
    ],
)
def test_any_way_to_run_a_suite_works(project: Path, moto_engine: Engine, words: str) -> None:
    """Options of pytest and of other plugins change nothing."""
    (project / "module.py").write_text(DOCTEST, encoding="utf-8")

    done = run(project, "--dynamodb-endpoint", moto_engine.endpoint, *words.split())

    assert passed(done) == (0, "6" if "doctest" in words else "5")


@pytest.mark.parametrize("words", ["--collect-only", "--fixtures", "--setup-plan", "-k without"])
def test_no_engine_is_started_for_nothing(project: Path, words: str) -> None:
    """Whoever only looks, or runs other tests, needs no engine: none is even sought."""
    done = run(project, "--dynamodb-engine", "docker", *words.split(), variables=NO_DOCKER)

    assert (done.returncode, "No Docker engine" in done.stdout) == (0, False)


def test_two_runs_in_one_process(project: Path) -> None:
    """An IDE or a mutation tester calls pytest.main again and again."""
    (project / "twice.py").write_text(TWICE, encoding="utf-8")
    python = command()[0]

    done = subprocess.run(
        [python, "-W", "error", "twice.py"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout.count("5 passed"), disturbances(done)) == (0, 2, [])


@pytest.mark.parametrize("workers", ["0", "2"])
def test_an_interrupt_leaves_nothing(project: Path, session_engine: Engine, workers: str) -> None:
    """Ctrl-C in a test: the engine is removed, and nothing is said to be open."""
    (project / "test_suite.py").write_text(LONG, encoding="utf-8")
    words = ("--dynamodb-engine", session_engine.kind, "-n", workers)
    process = subprocess.Popen(
        command(*words, options=("-W", "error")),
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    eventually((project / "running").exists, "the test runs")

    process.send_signal(signal.SIGINT)
    out, err = process.communicate()

    assert (process.returncode, "KeyboardInterrupt" in out) == (2, True)
    assert [word for word in LEFT_OPEN if word in err] == []


@pytest.mark.parametrize("case, workers", [*((case, "0") for case in FAILURES), ("tables", "2")])
def test_a_failure_is_one_short_message(project: Path, case: str, workers: str) -> None:
    """For the whole run, with its remedy, in any number of workers; other tests still run."""
    words, configuration, message, remedy = FAILURES[case]
    if configuration:
        (project / "invoke.yaml").write_text(configuration, encoding="utf-8")

    done = run(project, *QUIET, "-n", workers, *words.split(), variables=NO_DOCKER)

    shown = done.stdout.partition("short test summary")[0]
    assert (done.returncode, "1 passed, 4 errors" in done.stdout) == (1, True), done.stdout
    assert (shown.count(message), shown.count("→"), remedy in shown) == (1, 1, True), done.stdout
    assert "dynamodb: the same for 3 more tests" in done.stdout
    assert (len(done.stdout.splitlines()) < 25, "Traceback" in done.stdout) == (True, False)
    assert disturbances(done) == []


@pytest.mark.parametrize("case", NO_ENGINE)
@pytest.mark.parametrize("more", ["-n 0", "-n 2", "-n 0 -x", "-n 0 -v"])
def test_a_run_without_an_engine_is_one_usage_error(project: Path, case: str, more: str) -> None:
    """Exit code 4, one message with its remedy, no traceback, and no line for each test."""
    words, configuration, message, remedy = NO_ENGINE[case]
    if configuration:
        (project / "invoke.yaml").write_text(configuration, encoding="utf-8")

    done = run(project, *QUIET, *more.split(), *words.split(), variables=NO_DOCKER)

    said = done.stdout + done.stderr
    assert (done.returncode, "Traceback" in said) == (4, False), said
    assert (said.count(message), said.count("→"), remedy in said) == (1, 1, True), said
    assert done.stderr.startswith(f"ERROR: {message}")
    assert "ERROR at setup" not in said
    assert "more tests" not in said


@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_other_tests_of_a_run_without_an_engine_still_run(project: Path, workers: str) -> None:
    """Their results are counted before the usage error."""
    words = NO_ENGINE["no-engine"][0].split()

    done = run(project, *QUIET, "-n", workers, *words, variables=NO_DOCKER)

    assert (done.returncode, "1 passed, 4 errors" in done.stdout) == (4, True), done.stdout


STRAYS = """
import boto3, pytest
from moto import mock_aws

@pytest.fixture
def fixed(monkeypatch, dynamodb_environ):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)

def seen(names, **options):
    found = boto3.client("dynamodb", **options).get_item(
        TableName=names["Users"], Key={"userId": {"S": "ann"}}
    )
    return "Item" in found

@pytest.fixture
def ann(dynamodb_tables, dynamodb_client):
    dynamodb_client.put_item(TableName=dynamodb_tables["Users"], Item={"userId": {"S": "ann"}})
    return dynamodb_tables

@mock_aws
def test_mocked(ann, dynamodb_environ):
    assert seen(ann)

def test_fixture(ann, fixed):
    assert seen(ann)

def test_code(ann, dynamodb_endpoint):
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    assert seen(ann, endpoint_url=dynamodb_endpoint, region_name="us-east-1", **keys)

def test_right(ann, dynamodb_environ):
    assert seen(ann)
"""


@pytest.mark.parametrize("kind", ["session", *other_kinds()])
def test_a_call_with_another_key_is_named(project: Path, session_engine: Engine, kind: str) -> None:
    """mock_aws, keys of a fixture, keys in the code: each is told, and hurts no other test."""
    (project / "test_suite.py").write_text(STRAYS, encoding="utf-8")
    engine = session_engine.kind if kind == "session" else kind

    done = run(project, *QUIET, "--dynamodb-engine", engine, "--tb=line")

    lines = [line for line in done.stdout.splitlines() if line.startswith("dynamodb: calls to")]
    told = [line.rpartition(" (")[2] for line in lines]
    assert "3 failed, 1 passed" in done.stdout
    assert told == ["test_suite.py::test_mocked)", "test_suite.py::test_fixture and 1 more)"]
    assert "moto's mock_aws sets one" in lines[0]
    assert ["--dynamodb-isolation prefix" in line for line in lines] == [True, True]


@pytest.mark.parametrize(
    "kind, scope", [("session", "session"), *((kind, "function") for kind in other_kinds())]
)
def test_with_prefixes_any_key_sees_the_tables(
    project: Path, session_engine: Engine, kind: str, scope: str
) -> None:
    """`--dynamodb-isolation prefix` is the remedy that the message names."""
    (project / "test_suite.py").write_text(STRAYS, encoding="utf-8")
    engine = session_engine.kind if kind == "session" else kind
    words = ("--dynamodb-engine", engine, "--dynamodb-scope", scope)

    done = run(project, *QUIET, *words, "--dynamodb-isolation", "prefix")

    assert (passed(done), "dynamodb: calls" in done.stdout) == ((0, "4"), False)


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"])
def test_the_engine_of_a_variable_is_used(project: Path, moto_engine: Engine, name: str) -> None:
    """A CI service or a dev container's neighbour: nothing is started, and it is named."""
    (project / "test_endpoint.py").write_text(
        f"def test_it(dynamodb_endpoint): assert dynamodb_endpoint == {moto_engine.endpoint!r}\n",
        encoding="utf-8",
    )

    done = run(project, variables={name: moto_engine.endpoint, **NO_DOCKER})

    assert passed(done) == (0, "6")


def test_a_variable_that_leads_to_aws_is_passed_over(project: Path) -> None:
    """An endpoint of a VPC in a developer's shell: the tests start their own engine."""
    aws = {"AWS_ENDPOINT_URL_DYNAMODB": "https://vpce-1.dynamodb.eu-west-1.vpce.amazonaws.com"}

    done = run(project, variables={**aws, **NO_DOCKER})

    assert passed(done) == (0, "5")


def test_a_shell_for_aws_disturbs_nothing(project: Path, moto_engine: Engine) -> None:
    """A profile that is gone, broken files, a proxy: neither fixtures nor an application care."""
    broken = project / "broken"
    broken.write_text("[default\nno file of AWS", encoding="utf-8")
    shell = {
        "AWS_PROFILE": "gone",
        "AWS_CONFIG_FILE": str(broken),
        "AWS_SHARED_CREDENTIALS_FILE": str(broken),
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_SESSION_TOKEN": "of-another-account",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        "NO_PROXY": "",
    }

    done = run(project, "--dynamodb-endpoint", moto_engine.endpoint, variables=shell)

    assert passed(done) == (0, "5")
