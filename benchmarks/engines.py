"""Engines for the rows: the suite's own way to start one, and the way that people use without it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from benchmarks.place import ROOT
from benchmarks.row import LeftOutError
from osem_tasks.config.local_access import ACCESS_KEY, SECRET_KEY
from osem_tasks.declarations.osem import TABLES
from osem_tasks.engines import probe
from osem_tasks.engines.java import installation
from osem_tasks.schema.requests import create_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.place import Place

POLL = 0.05
PATIENCE = 120.0
PREFIX = "osem-local-"
KINDS = ("docker", "java", "ministack", "moto")


def requests(place: Place) -> Path:
    """Return a file with the CreateTable requests of the six tables."""
    path = place.folder / "requests.json"
    found = []
    for table in TABLES:
        request: dict[str, Any] = dict(create_request(table))
        request["TableName"] = PREFIX + table.name
        found.append(request)
    path.write_text(json.dumps(found), encoding="utf-8")
    return path


def client(endpoint: str) -> Any:
    """Return a client of a local engine, with the keys of the suite."""
    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )


def drop_tables(endpoint: str) -> None:
    """Delete every table of an engine that the benchmark started."""
    there = client(endpoint)
    for name in there.list_tables()["TableNames"]:
        there.delete_table(TableName=name)


def up(place: Place, kind: str, *words: str) -> str:
    """Start an engine by ``local.up`` and return its endpoint. Raises LeftOutError."""
    command = [sys.executable, "-m", "osem_tasks", "local.up", "--engine", kind, "--json", *words]
    done = subprocess.run(
        command, env=place.env, cwd=ROOT, capture_output=True, text=True, check=False
    )
    document = json.loads(done.stdout or "{}")
    if not document.get("success"):
        raise LeftOutError(f"no engine of kind {kind} here: {done.stderr.strip()[-200:]}")
    return str(document["data"]["endpoint"])


def down(place: Place) -> None:
    """Stop the engine that ``up`` or a row started."""
    command = [sys.executable, "-m", "osem_tasks", "local.down", "--quiet"]
    subprocess.run(command, env=place.env, cwd=ROOT, capture_output=True, check=False)


@contextlib.contextmanager
def running(place: Place, kinds: Sequence[str] = KINDS) -> Iterator[str]:
    """Have one engine run, of the first kind that can run here, and yield its endpoint."""
    reasons = []
    for kind in kinds:
        try:
            endpoint = up(place, kind)
        except LeftOutError as missing:
            reasons.append(str(missing))
            continue
        try:
            yield endpoint
        finally:
            down(place)
        return
    raise LeftOutError(" ".join(reasons))


def need(place: Place, kind: str) -> None:
    """Raise LeftOutError if an engine of this kind cannot run here; warm its files up if it can."""
    with running(place, (kind,)):
        pass


def free_port() -> int:
    """Return a port on 127.0.0.1 that nothing uses now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def await_answer(endpoint: str) -> None:
    """Poll each 50 ms until DynamoDB answers, as a script does."""
    end = time.monotonic() + PATIENCE
    while not probe.is_engine(endpoint):
        if time.monotonic() > end:
            raise RuntimeError(f"nothing answers at {endpoint}")
        time.sleep(POLL)


def docker_run(place: Place) -> tuple[str, Callable[[], object]]:
    """Start DynamoDB Local by ``docker run`` as its page says; return endpoint and removal."""
    image = place.env.get("OSEM_LOCAL_IMAGE", "amazon/dynamodb-local:3.3.1")
    port = free_port()
    words = ["docker", "run", "--detach", "--rm", "--publish", f"127.0.0.1:{port}:8000", image]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=place.env)
    container = done.stdout.strip()
    removal = ["docker", "rm", "--force", container]
    return (
        f"http://127.0.0.1:{port}",
        lambda: subprocess.run(removal, capture_output=True, check=True),
    )


def own_start(kind: str) -> Callable[[Place], tuple[str, Callable[[], object]]]:
    """Return what starts a kind of engine without the suite, and gives endpoint and removal."""

    def start(place: Place) -> tuple[str, Callable[[], object]]:
        port = free_port()
        variables = {"GATEWAY_PORT": str(port), "SERVICES": "dynamodb"}
        process = subprocess.Popen(
            _words(kind, port),
            env={**place.env, **variables},
            cwd=place.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

        def end() -> None:
            process.kill()
            process.wait()

        return f"http://127.0.0.1:{port}", end

    return start


def _words(kind: str, port: int) -> list[str]:
    if kind == "moto":
        return [str(Path(sys.executable).with_name("moto_server")), "-p", str(port)]
    if kind == "ministack":
        return [str(shutil.which("ministack"))]
    jar = installation.find(os.environ).jar
    libraries = f"-Djava.library.path={jar.parent / 'DynamoDBLocal_lib'}"
    return ["java", libraries, "-jar", str(jar), "-inMemory", "-port", str(port)]
