"""How long a setup takes on a slow control plane, beside the ideal.

`python -m tests.faults.benchmark`. The ideal is one round trip a table, one after the
other, and then the time that the control plane needs for the slowest.
"""

from __future__ import annotations

import os
import sys
import time

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

CREATING, ROUND_TRIP = 2.0, 0.03
SIZES = (6, 60)
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAFAKE", "AWS_SECRET_ACCESS_KEY": "FAKESECRET"}


def many(count: int) -> TableSet:
    """The six tables, or ``count`` tables with one index each."""
    if count == len(TABLES):
        return TABLES
    return TableSet(
        tuple(table(f"T{number:03}", "id S", {"x-index": "x S"}) for number in range(count))
    )


def measure(server: FaultyServer, env: str, count: int) -> tuple[float, dict[str, int]]:
    """Seconds of one setup of ``count`` tables, and the calls that it made."""
    server.arm(plane=Plane(creating=CREATING, latency=ROUND_TRIP))
    target = resolve(BUILT_IN[env], TargetOptions(), os.environ)
    connection = connect(target, lambda _: None)
    store = TableStore(connection)
    # The client and its first connection are made before the clock starts.
    store.names()
    tables = target.tables_of(many(count))
    begin = time.monotonic()
    setup(Run(target, tables, store, Deadline(600), Silent(), Journal(tables.names)))
    took = time.monotonic() - begin
    operations = [call.operation for call in server.calls]
    return took, {name: operations.count(name) for name in sorted({*operations})}


def main() -> None:
    """Print a line for each size and environment, and what it was made of."""
    say = sys.stdout.write
    say(f"{CREATING:.0f} s CREATING, {ROUND_TRIP * 1000:.0f} ms a round trip\n")
    for env in ("dev", "prod"):
        for count in SIZES:
            with moto_server() as engine, FaultyServer(engine.endpoint) as server:
                os.environ.update({**KEYS, "AWS_ENDPOINT_URL": server.url})
                took, calls = measure(server, env, count)
            ideal = count * ROUND_TRIP + CREATING
            say(
                f"{env:5} {count:3} tables: {took:6.2f} s, ideal {ideal:5.2f} s, "
                f"ratio {took / ideal:.2f}   {calls}\n"
            )


if __name__ == "__main__":
    main()
