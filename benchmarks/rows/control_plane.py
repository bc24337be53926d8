"""A setup on a control plane that is as slow as AWS's, beside the ideal.

The ideal is one round trip to read what is there, one for the request of each table, one after the
other, the time that the control plane needs for the slowest, and one round trip to see it ready; in
prod another one, to switch point-in-time recovery on.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING
from unittest.mock import patch

from benchmarks.processes import timed
from benchmarks.row import Pair, Row
from osem_tasks.apply.run import Journal, Run
from osem_tasks.apply.setup import setup
from osem_tasks.aws.session import connect
from osem_tasks.aws.store import TableStore
from osem_tasks.config.environments import BUILT_IN
from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.declarations.osem import TABLES
from osem_tasks.schema.model import TableSet, table
from osem_tasks.waiting.clock import Deadline
from osem_tasks.waiting.progress import Silent
from tests.support.faulty_aws import FaultyServer, Plane, moto_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.place import Place
    from benchmarks.row import Sample

CREATING, ROUND_TRIP = 2.0, 0.03
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAFAKE", "AWS_SECRET_ACCESS_KEY": "FAKESECRET"}


def many(count: int) -> TableSet:
    """The six tables, or ``count`` tables with one index each."""
    if count == len(TABLES):
        return TABLES
    return TableSet(
        tuple(table(f"T{number:03}", "id S", {"x-index": "x S"}) for number in range(count))
    )


def ours(env: str, count: int) -> Sample:
    """Measure one setup of ``count`` tables on a plane of its own."""
    with moto_server() as engine, FaultyServer(engine.endpoint) as server:
        server.arm(plane=Plane(creating=CREATING, latency=ROUND_TRIP))
        with patch.dict(os.environ, {**KEYS, "AWS_ENDPOINT_URL": server.url}):
            target = resolve(BUILT_IN[env], TargetOptions(), os.environ)
            store = TableStore(connect(target, lambda _: None))
            # The client and its first connection are made before the clock starts.
            store.names()
            tables = target.tables_of(many(count))
            run = Run(target, tables, store, Deadline(600), Silent(), Journal(tables.names))
            return timed(lambda: setup(run))


@contextmanager
def pair(env: str, count: int, _place: Place) -> Iterator[Pair]:
    """Ours, and the ideal in seconds."""
    round_trips = 1 + count + 1 + (env == "prod")
    yield Pair(partial(ours, env, count), round_trips * ROUND_TRIP + CREATING)


ROWS = tuple(
    Row(
        name=f"plane-{env}-{count}",
        what=f"setup of {count} tables, slow control plane, {env}",
        against=f"the ideal: {CREATING:.0f} s a table, {ROUND_TRIP * 1000:.0f} ms a round trip",
        goal=1.1,
        pair=partial(pair, env, count),
        repetitions=3,
        warm_up=0,
    )
    for env in ("dev", "prod")
    for count in (6, 60)
)
