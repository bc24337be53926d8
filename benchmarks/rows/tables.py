"""The tasks on a running engine, as whole processes, beside bare boto3 scripts."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import engines
from benchmarks.place import ROOT
from benchmarks.row import Pair, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.place import Place
    from benchmarks.row import Sample

BARE = ROOT / "benchmarks" / "bare"


@contextmanager
def setup(place: Place) -> Iterator[Pair]:
    """Six fresh tables each time; they are deleted between the measurements."""
    requests = engines.requests(place)
    with engines.running(place) as endpoint:

        def emptied(sample: Sample) -> Sample:
            engines.drop_tables(endpoint)
            return sample

        yield Pair(
            lambda: emptied(place.inv("db.setup")),
            lambda: emptied(place.python(str(BARE / "create.py"), endpoint, str(requests))),
        )


@contextmanager
def described(task: str, place: Place) -> Iterator[Pair]:
    """The six tables are there and match: a task reads them, as the script does."""
    requests = engines.requests(place)
    with engines.running(place) as endpoint:
        place.inv("db.setup")
        yield Pair(
            lambda: place.inv(task),
            lambda: place.python(str(BARE / "describe.py"), endpoint, str(requests)),
        )


@contextmanager
def up_again(place: Place) -> Iterator[Pair]:
    """``local.up`` finds the engine running."""
    with engines.running(place):
        yield Pair(lambda: place.inv("local.up"), lambda: place.inv("--list"))


@contextmanager
def memory(place: Place) -> Iterator[Pair]:
    """The largest process of all tasks that the main job and a day's work need."""
    requests = engines.requests(place)
    dump = place.folder / "dump"
    tasks = (
        ("local.up",),
        ("db.setup",),
        ("db.verify",),
        ("db.seed",),
        ("db.list",),
        ("db.repair", "--dry-run"),
        ("db.export",),
        ("db.dump", "--output", str(dump)),
        ("db.load", "--input", str(dump)),
        ("local.status",),
        ("local.doctor",),
    )
    with engines.running(place) as endpoint:

        def ours() -> Sample:
            return max((place.inv(*words) for words in tasks), key=lambda sample: sample.peak)

        def reference() -> Sample:
            engines.drop_tables(endpoint)
            return place.python(str(BARE / "create.py"), endpoint, str(requests))

        yield Pair(ours, reference)


ROWS = (
    Row(
        name="setup",
        what="inv db.setup, six fresh tables",
        against="a bare boto3 script of six creates with waiters",
        goal=1.0,
        pair=setup,
    ),
    Row(
        name="setup-again",
        what="inv db.setup, all there",
        against="a bare boto3 script of six describe_table calls",
        goal=None,
        pair=partial(described, "db.setup"),
    ),
    Row(
        name="verify",
        what="inv db.verify",
        against="a bare boto3 script of six describe_table calls",
        goal=1.0,
        pair=partial(described, "db.verify"),
    ),
    Row(
        name="up-again",
        what="inv local.up, already running",
        against="inv --list",
        goal=1.3,
        pair=up_again,
    ),
    Row(
        name="memory",
        what="peak memory, the largest of eleven tasks",
        against="the bare boto3 script of six creates",
        goal=1.25,
        pair=memory,
        measured="peak",
        repetitions=3,
        warm_up=1,
    ),
)
