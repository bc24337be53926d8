"""``db.verify`` of many tables over a network of 30 ms a round trip, beside that of six.

The server is a local one, so that no rate is kept. Where a table declares tags or point-in-time
recovery, AWS allows ten calls a second for each of them (API reference of ListTagsOfResource and
DescribeContinuousBackups): 300 tables with tags take 29 s there, however fast the calls are.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.row import Pair, Row
from benchmarks.rows.control_plane import ROUND_TRIP
from osem_tasks.schema.model import TableSet, table
from osem_tasks.schema.requests import create_request
from tests.support.faulty_aws import FaultyServer, Plane, moto_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.place import Place

FEW, MANY = 6, (60, 300)


def tables(count: int) -> TableSet:
    """Return so many tables with one index each."""
    return TableSet(
        tuple(table(f"T{number:03}", "id S", {"x-index": "x S"}) for number in range(count))
    )


def project(place: Place, count: int) -> Path:
    """Return the folder of a project that declares so many tables."""
    folder = place.folder / f"tables-{count}"
    folder.mkdir(exist_ok=True)
    requests = [dict(create_request(declared)) for declared in tables(count)]
    (folder / "tables.json").write_text(json.dumps(requests), encoding="utf-8")
    (folder / "invoke.yaml").write_text("osem:\n  tables: tables.json\n", encoding="utf-8")
    (folder / "tasks.py").write_text(
        "from osem_tasks import namespace\n\nns = namespace.build()\n", encoding="utf-8"
    )
    return folder


@contextmanager
def verify(count: int, place: Place) -> Iterator[Pair]:
    """So many tables, and the first six of them."""
    few, many = project(place, FEW), project(place, count)
    with moto_server() as engine, FaultyServer(engine.endpoint, "moto") as server:
        place.inv("db.setup", "--endpoint", engine.endpoint, cwd=many)
        server.arm(plane=Plane(latency=ROUND_TRIP))
        words = ("db.verify", "--endpoint", server.url)
        yield Pair(lambda: place.inv(*words, cwd=many), lambda: place.inv(*words, cwd=few))


ROWS = tuple(
    Row(
        name=f"verify-{count}",
        what=f"inv db.verify of {count} tables, {ROUND_TRIP * 1000:.0f} ms a round trip",
        against=f"the same of {FEW} tables",
        goal=8.0,
        pair=partial(verify, count),
        repetitions=5,
        warm_up=1,
    )
    for count in MANY
)
