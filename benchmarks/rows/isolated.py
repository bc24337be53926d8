"""A database of its own with the six tables, as every test of a project gets one."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import engines
from benchmarks.processes import timed
from benchmarks.row import Pair, Row
from osem_tasks.config.settings import Settings
from osem_tasks.declarations.osem import TABLES
from osem_tasks.engines import registry
from osem_tasks.testing import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.place import Place

GOAL_SECONDS = 0.04


@contextmanager
def database(kind: str, place: Place) -> Iterator[Pair]:
    """Set up and release one database after another on one engine."""
    settings = Settings.read({}, {}, engines=registry.choices())
    answers_as = registry.kind_of(kind).answers_as
    try:
        server = Server(engines.up(place, kind, "--isolated"), answers_as.isolation, answers_as)

        def ours() -> None:
            found = server.database()
            found.setup(settings, TABLES)
            server.release(found)

        yield Pair(lambda: timed(ours), GOAL_SECONDS)
    finally:
        engines.down(place)


ROWS = tuple(
    Row(
        name=f"isolated-{kind}",
        what=f"an isolated database with the six tables, {kind}",
        against=f"{GOAL_SECONDS * 1000:.0f} ms",
        goal=1.0,
        pair=partial(database, kind),
        repetitions=25,
        warm_up=3,
    )
    for kind in ("docker", "moto")
)
