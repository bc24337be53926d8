"""Items: the seed of a test, a dump and a load, beside what boto3 and dynamodump take."""

from __future__ import annotations

import gzip
import json
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from boto3.dynamodb.types import TypeDeserializer

from benchmarks import engines
from benchmarks.processes import timed
from benchmarks.row import LeftOutError, Pair, Row
from osem_tasks.config.local_access import ACCESS_KEY, SECRET_KEY
from osem_tasks.config.settings import Settings
from osem_tasks.data import seed
from osem_tasks.declarations.osem import TABLES
from osem_tasks.engines import registry
from osem_tasks.testing import server_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.place import Place
    from benchmarks.row import Sample

ITEMS = 5_000
SEEDED = 100
TABLE = f"{engines.PREFIX}Teams"


def item(number: int) -> dict[str, Any]:
    """An item of about 250 bytes, with a set, a number and a nested map."""
    return {
        "teamId": {"S": f"team-{number:09d}"},
        "teamName": {"S": f"Team {number}"},
        "description": {"S": "the quick brown fox jumps over the lazy dog " * 2},
        "managerId": {"S": f"user-{number % 97}"},
        "memberIds": {"SS": [f"user-{number % 7}", f"user-{number % 11}-b"]},
        "createdAt": {"N": str(1_700_000_000_000 + number)},
        "isActive": {"BOOL": True},
        "more": {"M": {"levels": {"L": [{"N": "1"}, {"N": "2"}]}}},
    }


def organisation() -> Mapping[str, list[Any]]:
    """OSEM's organisation, filled up to 100 items by those of a second department."""
    declared = {table.name: table for table in TABLES}
    source = ["osem_tasks.data.osem_seed:organisation"]
    found = seed.load(source, Path(), declared, 2)
    first = seed.load(source, Path(), declared, 1)
    left = SEEDED - sum(map(len, first.values()))
    return {
        name: of_first + (found[name][len(of_first) :][:left] if name == "Assessments" else [])
        for name, of_first in first.items()
    }


def write(endpoint: str, items: Mapping[str, list[Any]]) -> None:
    """What a script does: a batch_writer for each table."""
    import boto3

    native = TypeDeserializer().deserialize
    resources = boto3.resource(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )
    for name, given in items.items():
        with resources.Table(name).batch_writer() as writer:
            for found in given:
                writer.put_item(Item={key: native(value) for key, value in found.items()})


def scan(endpoint: str, path: Path) -> None:
    """What a script does: a scan, and a line for every item."""
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as stream:
        for page in engines.client(endpoint).get_paginator("scan").paginate(TableName=TABLE):
            stream.writelines(json.dumps(found) + "\n" for found in page["Items"])


@contextmanager
def seeding(place: Place) -> Iterator[Pair]:
    """A database of a test is set up, seeded and dropped; only the seed is measured."""
    chosen = organisation()
    settings = Settings.read({}, {}, engines=registry.choices())
    with engines.running(place) as endpoint:
        server = server_at(endpoint)

        def ours() -> Sample:
            database = server.database()
            database.setup(settings, TABLES)
            sample = timed(lambda: database.seed(settings, TABLES, chosen))
            server.release(database)
            return sample

        place.inv("db.setup")
        named = {engines.PREFIX + name: items for name, items in chosen.items()}
        yield Pair(ours, lambda: timed(lambda: write(endpoint, named)))


@contextmanager
def dumping(place: Place) -> Iterator[Pair]:
    """A whole ``inv db.dump``, beside a scan in a process that runs already."""
    folder = place.folder / "dumps"
    with engines.running(place) as endpoint:
        _fill(place, endpoint)

        def ours() -> Sample:
            shutil.rmtree(folder, ignore_errors=True)
            return place.inv("db.dump", "--table", "Teams", "--output", str(folder))

        yield Pair(ours, lambda: timed(lambda: scan(endpoint, place.folder / "scan.gz")))


@contextmanager
def loading(place: Place) -> Iterator[Pair]:
    """A whole ``inv db.load``, which counts twice, beside batch_writer in a running process."""
    folder = place.folder / "loads"
    items = {TABLE: [item(number) for number in range(ITEMS)]}
    with engines.running(place) as endpoint:
        _fill(place, endpoint)
        place.inv("db.dump", "--table", "Teams", "--output", str(folder))

        def ours() -> Sample:
            _renew(place)
            return place.inv("db.load", "--table", "Teams", "--input", str(folder))

        def reference() -> Sample:
            _renew(place)
            return timed(lambda: write(endpoint, items))

        yield Pair(ours, reference)


@contextmanager
def dumping_beside_dynamodump(place: Place) -> Iterator[Pair]:
    """A dump by dynamodump, if that is installed (``uv tool install dynamodump``)."""
    program = shutil.which("dynamodump")
    if program is None:
        raise LeftOutError("dynamodump is not installed")
    with dumping(place) as pair:
        parts = urlsplit(engines.up(place, "auto"))
        words = ("-m", "backup", "-r", "local", "-s", TABLE, "--dumpPath", str(place.folder / "dd"))
        at = ("--host", str(parts.hostname), "--port", str(parts.port))
        keys = ("--accessKey", ACCESS_KEY, "--secretKey", SECRET_KEY)
        yield Pair(pair.ours, lambda: place.run(program, *words, *at, *keys))


def _renew(place: Place) -> None:
    place.inv("db.reset", "--table", "Teams")


def _fill(place: Place, endpoint: str) -> None:
    place.inv("db.setup")
    write(endpoint, {TABLE: [item(number) for number in range(ITEMS)]})


ROWS = (
    Row(
        name="seed",
        what=f"a test's database gets {SEEDED} items",
        against="boto3's batch_writer",
        goal=None,
        pair=seeding,
        repetitions=10,
    ),
    Row(
        name="dump",
        what=f"inv db.dump, {ITEMS:,} items",
        against="a scan by boto3, without the start of a process",
        goal=None,
        pair=dumping,
        repetitions=3,
        warm_up=1,
    ),
    Row(
        name="dump-dynamodump",
        what=f"inv db.dump, {ITEMS:,} items, beside dynamodump",
        against="dynamodump",
        goal=None,
        pair=dumping_beside_dynamodump,
        repetitions=3,
        warm_up=1,
    ),
    Row(
        name="load",
        what=f"inv db.load, {ITEMS:,} items",
        against="boto3's batch_writer, without the start of a process",
        goal=None,
        pair=loading,
        repetitions=3,
        warm_up=1,
    ),
)
