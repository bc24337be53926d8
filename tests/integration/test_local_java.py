"""``local.*`` with DynamoDB Local's jar on the Java of this machine, and no Docker."""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING, Any

import boto3
import psutil
import pytest

from osem_tasks.engines.java import installation, runtime
from tests.integration import fixtures_local as given
from tests.integration.conftest import JAVA_VARIABLES
from tests.integration.fixtures_local import NOWHERE, Shell, eventually, finished

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.integration

JOB = ("local.up", "db.setup", "db.verify")
UP = ("local.up", "--engine", "java")
# Read before any test changes the environment.
DEMANDED = os.environ.get("OSEM_LOCAL_ENGINE") == "java"
VARIABLES = {**os.environ, **JAVA_VARIABLES}


@pytest.fixture(scope="module", autouse=True)
def installed() -> Path:
    """The folder of DynamoDB Local; skips where there is none, fails where one is demanded."""
    if installation.VARIABLE not in JAVA_VARIABLES and not DEMANDED:
        pytest.skip(f"{installation.VARIABLE} is not set")
    return installation.find(JAVA_VARIABLES).folder


@pytest.fixture
def inv(tmp_path: Path) -> Iterator[Shell]:
    """`inv` on a machine without Docker, of which no process is left afterwards."""
    shell = Shell(given.new_name(), tmp_path / "state", {"DOCKER_HOST": NOWHERE, **JAVA_VARIABLES})
    yield shell
    shell.clear()


def addresses(inv: Shell) -> set[str]:
    """The addresses at which the engine listens."""
    found = psutil.Process(inv.record()["pid"]).net_connections()
    return {one.laddr.ip for one in found if one.status == psutil.CONN_LISTEN}


def client(inv: Shell, key: str) -> DynamoDBClient:
    """A client of the engine with an access key of its own."""
    return boto3.client(
        "dynamodb",
        endpoint_url=inv.record()["endpoint"],
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key="any",
    )


def kill(inv: Shell) -> None:
    """End the engine as a power failure does."""
    psutil.Process(inv.record()["pid"]).send_signal(signal.SIGKILL)
    eventually(lambda: not inv.processes(), "the process is gone")


def test_the_main_job_runs_on_java_where_docker_is_not(inv: Shell) -> None:
    """`auto` takes it and says why; it listens on the loopback only, and `local.down` ends it."""
    # Options for another program's Java, with which no start would succeed.
    run = inv(*JOB, JAVA_TOOL_OPTIONS="-Xmx1k", _JAVA_OPTIONS="-Xms9t", JDK_JAVA_OPTIONS="-Xs")
    record = inv.record()

    assert (run.code, record["engine"]) == (0, "java"), run.err
    assert f"Engine: java, because no Docker engine at {NOWHERE}" in run.err
    assert "6 of 6 tables match the model" in run.out
    assert (addresses(inv), "every interface" in run.err) == ({"127.0.0.1"}, False)
    assert "Initializing DynamoDB Local" in inv("local.logs").out
    assert os.getsid(record["pid"]) == record["pid"]

    removed = inv.json("local.down")["removed"]
    left = [inv.processes(), sorted(path.suffix for path in inv.state.iterdir())]
    assert (removed, left) == ([f"java process {record['pid']}"], [[], [".lock", ".log"]])


def test_persisted_items_outlive_a_kill(inv: Shell) -> None:
    """What was written is there after SIGKILL, until `--fresh` or `--volumes` drops it."""
    inv.json(*UP, "--persist")
    given.put_table(inv.engine())
    items = [{"id": {"S": str(number)}, "text": {"S": "é" * 500}} for number in range(50)]
    for item in items:
        inv.engine().client().put_item(TableName="Mine", Item=item)
    kill(inv)

    again = inv.json(*UP)
    found: list[dict[str, Any]] = inv.engine().client().scan(TableName="Mine")["Items"]
    assert (again["how"], again["persist"], len(found)) == ("started", True, 50)
    assert sorted(found, key=str) == sorted(items, key=str)

    inv.json(*UP, "--persist", "--fresh")
    assert given.table_names(inv.engine()) == []

    directory = inv.state / f"{inv.name}.java-data"
    inv.json("local.down")
    kept = directory.is_dir()
    run = inv("local.down", "--volumes")
    assert (kept, run.code, directory.exists()) == (True, 0, False)
    assert f"data in {directory} removed" in run.out


@pytest.mark.parametrize("isolated", [True, False])
def test_access_keys_share_the_tables_unless_isolated(inv: Shell, isolated: bool) -> None:
    """`--isolated` keeps one database per key, and is not given to one that runs without."""
    inv.json(*UP, *(["--isolated"] if isolated else []))
    given.put_table(inv.engine())

    names = client(inv, "another").list_tables()["TableNames"]
    other = inv(*UP, "--isolated")

    assert names == ([] if isolated else ["Mine"])
    assert other.code == (0 if isolated else 1)
    assert ("isolated no (requested yes)" in other.err) is not isolated


def test_a_java_without_a_compiler_is_warned_of(inv: Shell, tmp_path: Path) -> None:
    """A plain runtime cannot bind the loopback: said with every `local.up`, and mended by a JDK."""
    java = runtime.find(VARIABLES)
    if not java.has_compiler:
        runtime_only = java.program.parents[1]
    else:
        runtime_only = tmp_path / "jre"
        (runtime_only / "bin").mkdir(parents=True)
        shutil.copy(java.program, runtime_only / "bin")
        shutil.copytree(java.program.parents[1] / "lib", runtime_only / "lib", copy_function=_link)
        shutil.copytree(java.program.parents[1] / "conf", runtime_only / "conf")

    runs = [inv(*UP, JAVA_HOME=str(runtime_only)) for _ in range(2)]

    assert [run.code for run in runs] == [0, 0], runs[0].err
    assert addresses(inv) <= {"0.0.0.0", "::"}
    for run in runs:
        assert "listens on every interface of this machine: others can reach it" in run.err
        assert "A JDK is needed to bind it to 127.0.0.1" in run.err


def _link(source: str, target: str) -> str:
    """Link a file instead of copying 130 MB; copy it where that is another file system."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)
    return target


@pytest.mark.parametrize("name", ["sp ace", "ünï#%20"])
def test_any_name_of_the_folder_will_do(
    inv: Shell, tmp_path: Path, installed: Path, name: str
) -> None:
    """Java finds the jar in a locale of ASCII too; the jar's own path is accepted."""
    shutil.copytree(installed, tmp_path / name, copy_function=_link)
    jar = tmp_path / name / installation.JAR

    run = inv(*UP, LC_ALL="C", LANG="C", **{installation.VARIABLE: str(jar)})

    assert run.code == 0, run.err
    assert given.table_names(inv.engine()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_the_middle_leaves_nothing(inv: Shell, number: signal.Signals) -> None:
    """A signal while the first answer is awaited: code 130, no process, record or data."""
    process = inv.start(*UP, "--persist")
    eventually(lambda: inv.log() or process.poll() is not None, "the jar has begun")

    run = given.interrupted(process, number)

    # The answer may come before the signal.
    assert (run.code, bool(inv.processes())) in ((130, False), (0, True)), run.err
    assert (inv.state / f"{inv.name}.java-data").exists() is (run.code == 0)
    assert "Traceback" not in run.err


def test_two_at_once_end_with_one_process(inv: Shell) -> None:
    """Two `local.up` at the same time: one process, two successes."""
    both = [inv.start(*UP, "--json") for _ in range(2)]
    runs = [finished(process) for process in both]

    assert [run.code for run in runs] == [0, 0], [run.err for run in runs]
    assert {run.document["data"]["pid"] for run in runs} == {inv.record()["pid"]}


def test_a_start_that_was_killed_is_cleaned_up(inv: Shell) -> None:
    """`local.down` ends the process of a `local.up` that was killed before it recorded it."""
    process = inv.start(*UP)
    eventually(lambda: inv.log() or process.poll() is not None, "the jar has begun")
    process.kill()
    process.communicate()

    run = inv("local.down")

    assert (run.code, inv.processes(), inv.record_path.exists()) == (0, [], False)


def test_without_the_variable_it_is_refused_in_words(inv: Shell) -> None:
    """The remedy downloads DynamoDB Local and sets the variable."""
    run = inv(*UP, **{installation.VARIABLE: ""})

    assert (run.code, inv.processes()) == (1, [])
    assert "ENGINE_UNAVAILABLE: The java engine cannot run: DYNAMODB_LOCAL_HOME is not" in run.err
    assert installation.DOWNLOAD in run.err
