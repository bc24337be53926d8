"""How many modules a command loads: its time, as a count that no busy machine changes.

`nox -s bench` measures the time itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from osem_tasks import namespace
from osem_tasks.engines import registry
from osem_tasks.tasks import catalogue, db, local
from osem_tasks.tasks.suite_task import SuiteTask
from tests.support.faulty_aws import FaultyServer, moto_server
from tests.support.loaded import ROOT, loaded, ours

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SDKS = {"boto3", "botocore", "docker", "halo", "moto", "psutil", "requests"}
# Modules of the suite that each command may load. More need a reason: each takes about a
# millisecond, and the dataclasses in it take more.
MOST = {
    "--list": 28,
    "--complete -- inv --": 33,
    "--complete -- inv db.setup --": 42,
    "--complete -- inv local.up --": 66,
    "--help db.setup": 60,
    # One of them, two of a setup's, for the notes of tables, which are read where they are declared.
    "db.verify": 130,
    "db.setup": 156,
}
# The modules of the tasks.
PLACES = {f"osem_tasks.tasks.{place.partition(':')[0]}" for place, _ in catalogue.TASKS.values()}


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    """An engine that answers, at an endpoint that no record names."""
    with moto_server() as started, FaultyServer(started.endpoint, role="moto") as server:
        yield server.url


def test_the_catalogue_names_every_task_as_it_is() -> None:
    """Name, place and summary are those of the task itself, so that a list needs no task."""
    tasks = [task for module in (local, db) for task in vars(module).values()]
    expected = {
        task.osem_name: (
            f"{task.body.__module__.rpartition('.')[2]}:{task.name}",
            str(task.__doc__).strip().splitlines()[0],
        )
        for task in tasks
        if isinstance(task, SuiteTask)
    }

    assert expected == catalogue.TASKS


@pytest.mark.parametrize("name", catalogue.TASKS)
def test_a_task_that_comes_late_is_the_task(name: str) -> None:
    """Called, compared, asked for its help or its options, it behaves as the task in its module."""
    group, _, leaf = name.partition(".")
    late = namespace.build()[name]
    place = catalogue.TASKS[name][0].partition(":")[2]
    real = getattr({"local": local, "db": db}[group], place)

    assert leaf in (place, place.rstrip("_"))
    assert late.osem_name == real.osem_name
    assert [vars(option) for option in late.get_arguments()] == [
        vars(option) for option in real.get_arguments()
    ]
    assert (late, late.body, late.__doc__) == (real, real.body, real.__doc__)


def test_a_task_that_comes_late_knows_what_it_has_not() -> None:
    """An attribute that no task has stays an AttributeError, before and after the import."""
    late = namespace.build()["db.setup"]

    for _ in range(2):
        assert not hasattr(late, "__deepcopy__")
        assert not hasattr(late, "colour")


@pytest.mark.process
@pytest.mark.parametrize("words", [words for words in MOST if not words.startswith("db.")], ids=str)
def test_what_parses_a_command_line_loads_no_sdk(words: str) -> None:
    """A list, a TAB and a help text load no SDK and few modules, none for the run of a task."""
    found = loaded(words)

    assert found & SDKS == set()
    assert {name for name in found if name.startswith("osem_tasks.apply.setup")} == set()
    assert len(ours(found)) <= MOST[words], sorted(ours(found))


@pytest.mark.process
def test_a_list_loads_no_task() -> None:
    """The modules of the tasks, and what runs them, are not needed for their names."""
    beside = {f"osem_tasks.tasks.{name}" for name in ("command", "running", "usage")}

    assert loaded("--list") & {*PLACES, *beside} == set()


@pytest.mark.process
def test_a_completion_loads_the_task_that_it_completes() -> None:
    """The options of one task need the module of one task."""
    assert loaded("--complete -- inv db.verify --") & PLACES == {"osem_tasks.tasks.verify"}


@pytest.mark.process
@pytest.mark.parametrize("words", ["db.verify", "db.setup"])
def test_a_db_task_on_a_local_engine_loads_one_sdk(engine: str, words: str) -> None:
    """It needs botocore: neither boto3's resources nor Docker, nor the readers of files."""
    if words == "db.verify":  # where nothing differs, it needs no plan of a repair
        loaded(f"db.setup --endpoint {engine} --quiet")
    found = loaded(f"{words} --endpoint {engine} --quiet")

    assert found & SDKS <= {"botocore"}
    assert not any(name.startswith("osem_tasks.data.") for name in found)
    assert not found & {"osem_tasks.declarations.serverless", "osem_tasks.output.schemas"}
    assert len(ours(found)) <= MOST[words], sorted(ours(found))


@pytest.mark.process
def test_pytest_loads_little_of_a_plugin_that_it_does_not_use(tmp_path: Path) -> None:
    """Every run of every project that has it installed pays for this."""
    (tmp_path / "test_one.py").write_text("def test_one() -> None:\n    pass\n", encoding="utf-8")
    (tmp_path / "conftest.py").write_text(
        "import sys\n\n\ndef pytest_unconfigure() -> None:\n"
        "    print('loaded', *sorted(sys.modules), file=sys.stderr)\n",
        encoding="utf-8",
    )
    plugins = ("-p", "osem_tasks.pytest_plugin", "-p", "no:hypothesispytest", "-p", "no:xdist")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugins, "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    found = set(done.stderr.splitlines()[-1].split())

    assert found & SDKS == set()
    assert "osem_tasks.pytest_plugin" in found
    assert len(ours(found)) <= 14, sorted(ours(found))


def test_the_choice_of_auto_is_no_kind() -> None:
    """`auto` stands before the kinds, and no kind has its name."""
    assert registry.AUTO not in registry.names()
