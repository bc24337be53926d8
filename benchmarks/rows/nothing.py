"""From nothing to six tables: the engine's start, and the tables, as a developer's morning begins."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import engines
from benchmarks.processes import joined
from benchmarks.row import LeftOutError, Pair, Row, Sample
from benchmarks.rows.tables import BARE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from benchmarks.place import Place

    # What starts an engine, and what makes the tables on it.
    Start = Callable[[Place], tuple[str, Callable[[], object]]]
    Tables = Callable[[Place, str], Sample]


def ours(place: Place, kind: str) -> Sample:
    """Measure ``local.up db.setup``, and remove the engine."""
    try:
        return place.inv("local.up", "--engine", kind, "db.setup")
    finally:
        engines.down(place)


def by_hand(place: Place, start: Start, tables: Tables) -> Sample:
    """Measure a start, polls until it answers, and the tables; remove the engine."""
    begin = time.perf_counter()
    endpoint, remove = start(place)
    try:
        engines.await_answer(endpoint)
        started = Sample(time.perf_counter() - begin)
        return joined(started, tables(place, endpoint))
    finally:
        remove()


def by_script(place: Place, endpoint: str) -> Sample:
    """Create the tables with the bare script."""
    requests = str(engines.requests(place))
    return place.python(str(BARE / "create.py"), endpoint, requests)


def by_cli(place: Place, endpoint: str) -> Sample:
    """Create the tables with the AWS CLI, and wait for each."""
    keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    aws = ("aws", "--region", "us-east-1", "--endpoint-url", endpoint, "dynamodb")
    steps = []
    for request in json.loads(engines.requests(place).read_text(encoding="utf-8")):
        path = place.folder / "request.json"
        path.write_text(json.dumps(request), encoding="utf-8")
        steps.append(
            place.run(*aws, "create-table", "--cli-input-json", f"file://{path}", more=keys)
        )
        name = ("--table-name", request["TableName"])
        steps.append(place.run(*aws, "wait", "table-exists", *name, more=keys))
    return joined(*steps)


def row(kind: str, start: Start, tables: Tables) -> Callable[[Place], AbstractContextManager[Pair]]:
    """Return the pair of a row, ours and by hand, on one kind of engine."""

    @contextmanager
    def pair(place: Place) -> Iterator[Pair]:
        engines.need(place, kind)
        yield Pair(partial(ours, place, kind), partial(by_hand, place, start, tables))

    return pair


@contextmanager
def docker_by_cli(place: Place) -> Iterator[Pair]:
    """The same, by the AWS CLI."""
    program = shutil.which("aws")
    words = ["aws", "--version"]
    if not program or subprocess.run(words, capture_output=True, check=False).returncode:
        raise LeftOutError("the AWS CLI is not installed")
    with row("docker", engines.docker_run, by_cli)(place) as pair:
        yield pair


ROWS = (
    Row(
        name="nothing-docker",
        what="inv local.up db.setup from nothing, Docker",
        against="docker run with default JVM flags, a poll each 50 ms, the bare script",
        goal=0.7,
        pair=row("docker", engines.docker_run, by_script),
        repetitions=7,
        warm_up=1,
    ),
    Row(
        name="nothing-docker-cli",
        what="the same, beside the AWS CLI",
        against="docker run with default JVM flags, a poll each 50 ms, the AWS CLI",
        goal=0.25,
        pair=docker_by_cli,
        repetitions=3,
        warm_up=0,
    ),
    *(
        Row(
            name=f"nothing-{kind}",
            what=f"inv local.up db.setup from nothing, {kind}",
            against="the engine's own start, a poll each 50 ms, the bare script",
            goal=1.3,
            pair=row(kind, engines.own_start(kind), by_script),
            repetitions=5,
            warm_up=1,
        )
        for kind in ("java", "ministack", "moto")
    ),
)
