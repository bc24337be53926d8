"""The registry: one row and one class make a kind of engine, everywhere."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import osem_tasks
from osem_tasks.config.defaults import DEFAULTS
from osem_tasks.config.settings import Settings
from osem_tasks.engines import records, registry
from osem_tasks.engines.base import EngineRequest
from osem_tasks.errors import ConfigurationError
from osem_tasks.schema.emulators import Isolation
from osem_tasks.testing import remove_server, start_server
from tests.support.fake_engines import FLEETING, LASTING
from tests.support.inv import Inv

if TYPE_CHECKING:
    from osem_tasks.engines.registry import EngineKind
    from tests.support.fake_engines import Script

PACKAGE = Path(osem_tasks.__file__).parent
ROOT = PACKAGE.parent
# Where a kind's name is written: in its row, in its own file. `emulators` names DynamoDBs.
# engines/docker/files.py, product.py: "docker" is also a key in the docker command's own files,
# and that command itself. engines/java/runtime.py: "java" is also the name of a program.
HOMES = (
    "engines/registry.py",
    "engines/docker/engine.py",
    "engines/docker/files.py",
    "engines/docker/product.py",
    "engines/java/engine.py",
    "engines/java/runtime.py",
    "engines/ministack.py",
    "engines/moto.py",
)
# Registers a kind before anything else of the package is imported.
REGISTER = """
from osem_tasks.engines import registry
from tests.support.fake_engines import FLEETING
registry.KINDS += (FLEETING,)
"""
PROJECT_TEST = """
def test_server(dynamodb_server):
    assert dynamodb_server.isolation.value == "account"
    print("served at", dynamodb_server.endpoint)
"""


def test_the_rows_are_the_choices() -> None:
    """`auto` comes first, then the kinds in the order in which it tries them."""
    assert registry.choices() == ("auto", *(kind.name for kind in registry.KINDS))
    assert registry.choices() == ("auto", "docker", "java", "ministack", "moto")
    assert (
        registry.choices_in_words("auto (default)")
        == "auto (default), docker, java, ministack or moto"
    )


@pytest.mark.parametrize("kind", registry.KINDS, ids=lambda kind: kind.name)
def test_a_row_leads_to_its_class(kind: EngineKind) -> None:
    """The class has the row's name, and is made without asking for anything."""
    assert kind.create().kind == kind.name
    assert registry.kind_of(kind.name) is kind


@pytest.mark.process
def test_an_engine_loads_no_sdk_until_it_is_used() -> None:
    """The classes are imported, and described, without docker, psutil or moto."""
    code = (
        "import sys; from osem_tasks.engines import registry; "
        "[kind.create() for kind in registry.KINDS]; "
        "print(sorted({'docker', 'psutil', 'moto', 'requests', 'boto3'} & set(sys.modules)))"
    )

    assert _python(code) == "[]\n"


def test_a_kind_is_named_in_its_row_and_its_file_only() -> None:
    """No other module has a kind's name as a value: nothing depends on which kinds there are."""
    names = set(registry.names())
    strangers = {
        f"{path.relative_to(PACKAGE).as_posix()}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).as_posix() not in (*HOMES, "schema/emulators.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in names
    }

    assert strangers == set()


@pytest.mark.parametrize(
    "name, facts, expected",
    [
        pytest.param(
            "lasting",
            {},
            "   or use another engine: inv local.up --name x --engine fleeting",
            id="the-other",
        ),
        pytest.param(
            "lasting",
            {"engine": "lasting", "image": "mine:1", "port": 0},
            "   or use another engine: inv local.up --name x --engine fleeting --port 0",
            id="what-was-requested-but-the-image",
        ),
        pytest.param("lasting", {"persist": True}, "", id="none-that-keeps-data"),
        pytest.param(
            "fleeting",
            {"persist": True},
            "   or use another engine: inv local.up --name x --engine lasting --persist",
            id="one-that-keeps-data",
        ),
    ],
)
@pytest.mark.usefixtures("scripts")
def test_alternatives(name: str, facts: dict[str, Any], expected: str) -> None:
    """A remedy offers the other kinds that can do what was requested."""
    request = EngineRequest(name="x", default_port=8000, default_image="", timeout=1, **facts)

    assert expected == registry.alternatives(name, request)


@pytest.mark.usefixtures("scripts")
@pytest.mark.parametrize("source", ["file", "variable"])
def test_a_new_kind_is_a_valid_setting(source: str) -> None:
    """`osem.engine` and `OSEM_LOCAL_ENGINE` accept it; others are refused by the rows' names."""

    def read(engine: str) -> Settings:
        file = {**DEFAULTS, "engine": engine if source == "file" else "auto"}
        variables = {} if source == "file" else {"OSEM_LOCAL_ENGINE": engine}
        return Settings.read(file, variables, engines=registry.choices())

    assert read("fleeting").engine == "fleeting"
    with pytest.raises(ConfigurationError, match="must be one of auto, lasting, fleeting"):
        read("docker")


@pytest.mark.parametrize("kind", [LASTING, FLEETING], ids=lambda kind: kind.name)
def test_every_local_task_works_for_a_new_kind(
    kind: EngineKind,
    scripts: tuple[Script, Script],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """up, a second up, status, logs, env and down, with its own words and records."""
    inv = Inv(capsys, monkeypatch)
    up = inv("local.up", "--engine", kind.name, "--name", "mine")
    again = inv("local.up", "--engine", kind.name, "--name", "mine", "--json").document["data"]
    record = records.load("mine")
    status = inv("local.status", "--name", "mine")
    logs = inv("local.logs", "--name", "mine", "--lines", "2")
    env = inv("local.env", "--name", "mine", "--json").document["data"]["variables"]
    down = inv("local.down", "--name", "mine", "--json").document["data"]

    assert record is not None
    assert (record.engine, again["how"]) == (kind.name, "reused")
    assert f"✓ {kind.name} in this test as mine ready at {record.endpoint} (started" in up.out
    assert f"running: {kind.name} in this test as mine at {record.endpoint}" in status.out
    assert logs.out == "mine says 3\nmine says 4\n"
    assert env["AWS_ENDPOINT_URL_DYNAMODB"] == record.endpoint
    assert (down["removed"], records.load("mine")) == ([f"{kind.name} mine"], None)
    assert scripts[0].calls + scripts[1].calls == ["up", "up", "down"]


@pytest.mark.usefixtures("scripts")
def test_an_unknown_kind_is_refused_by_the_rows_names(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--engine` takes `auto` and the rows' names."""
    run = Inv(capsys, monkeypatch)("local.up", "--engine", "docker", "--json")

    assert (run.code, run.error) == (1, "INVALID_CONFIGURATION")
    assert "--engine must be one of auto, lasting, fleeting, not 'docker'" in run.err


@pytest.mark.usefixtures("scripts")
def test_a_record_of_a_kind_without_a_row_is_ignored(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version may know more kinds: their records do no harm here."""
    Inv(capsys, monkeypatch)("local.up", "--engine", "fleeting", "--name", "mine")
    known = records.load("mine")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "KINDS", (LASTING,))
        unknown = (records.load("mine"), records.newest())

    assert (known is not None, unknown) == (True, (None, None))


@pytest.mark.usefixtures("scripts")
@pytest.mark.parametrize(
    "kind, isolation", [(LASTING, Isolation.ACCESS_KEY), (FLEETING, Isolation.ACCOUNT)]
)
def test_a_server_for_tests_is_isolated_as_its_kind_answers(
    kind: EngineKind, isolation: Isolation
) -> None:
    """How databases are kept apart follows from the DynamoDB that the row names."""
    settings = Settings.read(DEFAULTS, {}, engines=registry.choices())

    server = start_server(settings, kind.name, None, "run", os.getpid())
    record = records.load("osem-pytest-run")
    remove_server("run")

    assert record is not None
    assert (server.endpoint, server.isolation) == (record.endpoint, isolation)
    assert (record.owner_pid, records.load("osem-pytest-run")) == (os.getpid(), None)


@pytest.mark.process
def test_the_help_texts_name_a_new_kind() -> None:
    """`inv local.up --help` and `pytest --help` are made of the rows."""
    code = REGISTER + (
        "from osem_tasks import namespace, pytest_plugin\n"
        "print(namespace.build()['local.up'].help['engine'])\n"
        "print(pytest_plugin.OPTIONS['engine'])\n"
    )

    assert _python(code) == (
        "Kind of engine: auto (default), docker, java, ministack, moto or fleeting.\n"
        "engine to start for the tests: auto, docker, java, ministack, moto or fleeting\n"
    )


@pytest.mark.process
def test_the_pytest_plugin_starts_a_new_kind(tmp_path: Path) -> None:
    """`--dynamodb-engine` takes it, databases are isolated as it needs, and it is removed."""
    (tmp_path / "conftest.py").write_text(REGISTER, encoding="utf-8")
    (tmp_path / "test_it.py").write_text(PROJECT_TEST, encoding="utf-8")
    (tmp_path / "pytest.ini").touch()
    words = ["-q", "-s", "-p", "no:randomly", "--dynamodb-engine", "fleeting"]

    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, *_plugin()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OSEM_STATE_DIR": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, "served at http://" in done.stdout) == (0, True), done.stdout
    assert list((tmp_path / "state").iterdir()) == []


def _plugin() -> list[str]:
    """The words that load the plugin where the package is not installed."""
    from importlib.metadata import entry_points

    installed = any(point.name == "osem_tasks" for point in entry_points(group="pytest11"))
    return [] if installed else ["-p", "osem_tasks.pytest_plugin"]


def _python(code: str) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout
