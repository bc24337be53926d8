"""What the tests of ``local.*`` share: ``inv`` as a process of its own, and what it leaves.

Nothing here is a fixture: every file makes its own few from these.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import psutil
import pytest

from osem_tasks.config.defaults import DEFAULTS
from osem_tasks.engines.docker.client import connect
from osem_tasks.engines.docker.container import LABEL, volume_of
from osem_tasks.errors import OsemError
from tests.conftest import FOREIGN
from tests.integration.conftest import DOCKER_VARIABLES, Engine
from tests.support import processes
from tests.support.inv import INV, Run
from tests.support.schemas import check_output

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator

    from docker import DockerClient
    from docker.models.containers import Container

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = "unix:///nowhere.sock"
PATIENCE = 60.0
# The Docker engine answers several workers at once.
CALL_SECONDS = 60
# Read before any test changes the environment.
DOCKER_DEMANDED = os.environ.get("OSEM_LOCAL_ENGINE") == "docker"
IMAGE = DOCKER_VARIABLES.get("OSEM_LOCAL_IMAGE") or str(DEFAULTS["image"])
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
TERMINAL = ("CI", "TERM", "COLUMNS", "LINES", "LC_", "LANG", "PYTHONIOENCODING", "PYTHONPATH")
# Where ministack is installed, the tests of other engines must not find it.
WITHOUT_MINISTACK = {
    "PATH": os.pathsep.join(
        folder
        for folder in os.environ["PATH"].split(os.pathsep)
        if not os.path.lexists(Path(folder) / "ministack")
    ),
    "XDG_BIN_HOME": "/nowhere",
}
WITH_MINISTACK = {
    name: value for name in WITHOUT_MINISTACK if (value := os.environ.get(name)) is not None
}
# A server that accepts a connection, writes to its log and never answers.
MUTE_MOTO = """
import socket, sys, time
connection = socket.create_server(("127.0.0.1", int(sys.argv[-1]))).accept()
print("the words of the log", flush=True)
time.sleep(600)
"""


def eventually(predicate: Callable[[], Any], what: str, timeout: float = PATIENCE) -> Any:
    """The first true value of ``predicate``; fails when ``timeout`` seconds pass without."""
    deadline = time.monotonic() + timeout
    while not (value := predicate()):
        if time.monotonic() > deadline:
            pytest.fail(f"never came true: {what}")
        time.sleep(0.01)
    return value


def new_name() -> str:
    """An engine name that nobody else has."""
    return f"osem-test-{uuid.uuid4().hex[:12]}"


def free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    with listening() as port:
        return port


@contextlib.contextmanager
def listening(at: int = 0) -> Iterator[int]:
    """A port that this very process holds: any, or the one that is given."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", at))
        listener.listen()
        port: int = listener.getsockname()[1]
        yield port


@dataclass(frozen=True)
class Shell:
    """`inv` as a user's shell runs it: a process, with an environment of the test's own."""

    name: str
    state: Path
    variables: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def where(self, variables: dict[str, str]) -> Shell:
        """The same shell with more variables."""
        return replace(self, variables={**self.variables, **variables})

    def environment(self, **more: str) -> dict[str, str]:
        """The process's variables: nothing of the developer's AWS, Docker or terminal."""
        proxies = (*PROXIES, *(name.lower() for name in PROXIES))
        foreign = (*FOREIGN, *proxies, *TERMINAL)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
        return {
            **kept,
            **DOCKER_VARIABLES,
            **WITHOUT_MINISTACK,
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm-256color",
            "AWS_CONFIG_FILE": str(self.state / "none"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.state / "none"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "OSEM_STATE_DIR": str(self.state),
            "OSEM_LOCAL_NAME": self.name,
            "OSEM_LOCAL_PORT": "0",
            **self.variables,
            **more,
        }

    def __call__(self, *words: str, **variables: str) -> Run:
        """`inv WORDS...` to its end."""
        done = processes.call([INV, *words], cwd=ROOT, env=self.environment(**variables))
        return Run(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str, **variables: str) -> subprocess.Popen[str]:
        """`inv WORDS...`, still running."""
        return self.spawn([INV, *words], **variables)

    def sh(self, script: str, **variables: str) -> Run:
        """A script of the real `sh`, in which `inv` is ours."""
        inv = f"inv() {{ '{sys.executable}' -m invoke \"$@\"; }}\n"
        return finished(self.spawn(["sh", "-c", inv + script], **variables))

    def spawn(self, command: list[str], **variables: str) -> subprocess.Popen[str]:
        """Any command in this shell's environment."""
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self.started.append(process)
        return process

    def json(self, *words: str, **variables: str) -> dict[str, Any]:
        """The data of `inv WORDS... --json`, which must succeed."""
        run = self(*words, "--json", **variables)
        assert run.code == 0, run.err
        data: dict[str, Any] = run.document["data"]
        return data

    def engine(self) -> Engine:
        """The engine that this shell's `local.up` recorded."""
        record = self.record()
        return Engine(record["engine"], record["endpoint"])

    @property
    def record_path(self) -> Path:
        """Where this shell's engine is recorded."""
        return self.state / f"{self.name}.json"

    def record(self) -> dict[str, Any]:
        """What is recorded of this shell's engine."""
        record: dict[str, Any] = json.loads(self.record_path.read_text(encoding="utf-8"))
        return record

    def log(self) -> str:
        """The log of this shell's embedded engine, empty before there is one."""
        path = self.state / f"{self.name}.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def processes(self) -> list[psutil.Process]:
        """The live processes that were started in this shell."""
        return [process for process in psutil.process_iter() if self._is_mine(process)]

    def servers(self, word: str) -> list[int]:
        """The live processes of this shell with ``word`` on their command line."""
        return [process.pid for process in self.processes() if _has_word(process, word)]

    def _is_mine(self, process: psutil.Process) -> bool:
        try:
            return (
                process.environ().get("OSEM_STATE_DIR") == str(self.state)
                and process.status() != psutil.STATUS_ZOMBIE
            )
        except psutil.Error:
            return False

    def clear(self) -> None:
        """End whatever was started in this shell and still runs."""
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        eventually(lambda: not self.processes(), "every process of the test has ended")
        for started in self.started:
            if started.returncode is None:
                started.kill()
                started.communicate()


def _has_word(process: psutil.Process, word: str) -> bool:
    try:
        return word in process.cmdline()
    except psutil.Error:  # it has ended since it was listed
        return False


def finished(process: subprocess.Popen[str]) -> Run:
    """What a process gave, at its end."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        pytest.fail(f"it did not end:\n{out}\n{err}")
    check_output(out)
    return Run(process.returncode, out, err)


def wait_for_line(process: subprocess.Popen[str], words: str) -> None:
    """Read the stderr of a process up to the line that has ``words``."""
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return
    pytest.fail(f"it never said: {words}")


def interrupted(process: subprocess.Popen[str], number: signal.Signals) -> Run:
    """What a process gave after it was sent a signal."""
    process.send_signal(number)
    return finished(process)


def put_table(engine: Engine, name: str = "Mine") -> None:
    """Leave a table on the engine."""
    engine.client().create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )


def table_names(engine: Engine, prefix: str = "") -> list[str]:
    """The names of the engine's tables."""
    pages = engine.client().get_paginator("list_tables").paginate()
    return [name for page in pages for name in page["TableNames"] if name.startswith(prefix)]


def fake_moto(where: Path, body: str = MUTE_MOTO) -> str:
    """A PYTHONPATH under which ``python -m moto.server`` runs ``body``."""
    package = where / "fake" / "moto"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "server.py").write_text(body, encoding="utf-8")
    return str(package.parent)


@dataclass(frozen=True)
class Docker:
    """The real Docker engine, seen from outside of the package."""

    client: DockerClient

    def containers(self, name: str) -> list[Container]:
        """Every container, running or not, of that name or labelled as that engine."""
        everything = self.client.containers.list(all=True, ignore_removed=True)
        return [
            container
            for container in everything
            if container.name == name or container.labels.get(LABEL) == name
        ]

    def one(self, name: str) -> Container:
        """The one container of that engine."""
        (only,) = self.containers(name)
        return only

    def has_volume(self, name: str) -> bool:
        """Whether that engine's volume exists."""
        return volume_of(name) in [volume.name for volume in self.client.volumes.list()]

    def left(self, name: str) -> list[str]:
        """What exists of that engine, in words."""
        found = [
            f"container {container.name} ({container.status})"
            for container in self.containers(name)
        ]
        return found + (["volume"] if self.has_volume(name) else [])

    def clear(self, name: str) -> None:
        """Remove what a test has left."""
        from docker.errors import APIError

        for container in self.containers(name):
            # Another removal of it may be under way.
            with contextlib.suppress(APIError):
                container.remove(force=True, v=True)
        eventually(lambda: not self.containers(name), f"the containers of {name} are gone")
        if self.has_volume(name):
            self.client.volumes.get(volume_of(name)).remove(force=True)


@contextlib.contextmanager
def connected() -> Iterator[Docker]:
    """The Docker engine; skips where there is none, fails where one is demanded."""
    with pytest.MonkeyPatch.context() as patch:
        for key, value in DOCKER_VARIABLES.items():
            patch.setenv(key, value)
        try:
            # Not docker.from_env: where nothing listens, it leaves its socket open.
            client, _ = connect()
        except OsemError as error:
            _do_without(error)
    client.api.timeout = CALL_SECONDS
    with contextlib.closing(client):
        _have_image(client)
        yield Docker(client)


def _have_image(client: DockerClient) -> None:
    from docker.errors import DockerException, ImageNotFound

    try:
        client.images.get(IMAGE)
    except ImageNotFound:
        try:
            client.images.pull(IMAGE)
        except (DockerException, OSError) as error:
            _do_without(error)


def _do_without(error: Exception) -> NoReturn:
    """Skip the test, or fail it where a Docker engine is demanded."""
    why = f"no Docker engine that can run {IMAGE}: {error}"
    if DOCKER_DEMANDED:
        pytest.fail(why)
    pytest.skip(why)
