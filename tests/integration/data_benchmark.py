"""Items a second of a dump and a load, beside boto3 and dynamodump, on one engine in one run.

`python -m tests.integration.data_benchmark ENDPOINT ITEMS [DYNAMODUMP]`, where DYNAMODUMP is the
path of that program in an environment of its own. Every table is made by the run and removed.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from boto3.dynamodb.types import TypeDeserializer

from osem_tasks.config.local_access import ACCESS_KEY, SECRET_KEY

if TYPE_CHECKING:
    from collections.abc import Callable

TABLE, PREFIX = "osem-bench-Teams", "osem-bench-"
KEYS: dict[str, Any] = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}


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


def osem(endpoint: str, *words: str) -> None:
    """One task, on the tables of this benchmark."""
    environment = {**os.environ, "OSEM_DB_PREFIX": PREFIX}
    command = [sys.executable, "-m", "osem_tasks", *words, "--endpoint", endpoint, "--quiet"]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def renew(endpoint: str) -> None:
    """Have the table, empty."""
    osem(endpoint, "db.reset", "--table", "Teams")


def boto3_scan(client: Any, path: Path) -> None:
    """What a script does: a scan, and a line for every item."""
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as stream:
        for page in client.get_paginator("scan").paginate(TableName=TABLE):
            for found in page["Items"]:
                stream.write(json.dumps(found) + "\n")


def boto3_write(endpoint: str, path: Path) -> None:
    """What a script does: a batch_writer."""
    resources = boto3.resource("dynamodb", endpoint_url=endpoint, region_name="us-east-1", **KEYS)
    native = TypeDeserializer().deserialize
    with (
        gzip.open(path, "rt", encoding="utf-8") as stream,
        resources.Table(TABLE).batch_writer() as writer,
    ):
        for line in stream:
            writer.put_item(Item={name: native(value) for name, value in json.loads(line).items()})


def dynamodump(program: str, endpoint: str, mode: str, folder: Path) -> None:
    """One run of dynamodump, with its data below ``folder``."""
    place = urlsplit(endpoint)
    words = [program, "-m", mode, "-r", "local", "-s", TABLE, "--dumpPath", str(folder)]
    words += ["--host", str(place.hostname), "--port", str(place.port)]
    words += ["--accessKey", ACCESS_KEY, "--secretKey", SECRET_KEY]
    words += ["--dataOnly"] if mode == "restore" else []
    subprocess.run(words, check=True, capture_output=True)


def timed(what: str, count: int, action: Callable[[], object]) -> None:
    """Print the items a second of an action."""
    begin = time.monotonic()
    action()
    took = time.monotonic() - begin
    sys.stdout.write(f"{what:28} {count / took:10,.0f} items a second\n")
    sys.stdout.flush()


def main() -> None:
    """Dump and load the same items in every way, and print how fast each was."""
    endpoint, count = sys.argv[1], int(sys.argv[2])
    program = sys.argv[3] if len(sys.argv) > len(("", "endpoint", "items")) else ""
    client = boto3.client("dynamodb", endpoint_url=endpoint, region_name="us-east-1", **KEYS)
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        renew(endpoint)
        with gzip.open(folder / "plain.gz", "wt", encoding="utf-8") as stream:
            stream.writelines(json.dumps(item(number)) + "\n" for number in range(count))
        timed("boto3 batch_writer", count, lambda: boto3_write(endpoint, folder / "plain.gz"))
        timed("boto3 scan", count, lambda: boto3_scan(client, folder / "scanned.gz"))
        ours = ("--table", "Teams", "--output", str(folder / "ours"))
        timed("db.dump", count, lambda: osem(endpoint, "db.dump", *ours))
        if program:
            timed(
                "dynamodump backup", count, lambda: dynamodump(program, endpoint, "backup", folder)
            )
        renew(endpoint)
        load = ("--table", "Teams", "--input", str(folder / "ours"))
        timed("db.load (counts twice)", count, lambda: osem(endpoint, "db.load", *load))
        if program:
            renew(endpoint)
            timed(
                "dynamodump restore",
                count,
                lambda: dynamodump(program, endpoint, "restore", folder),
            )
        osem(endpoint, "db.delete", "--table", "Teams")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    sys.stdout.write(f"the largest process had {peak:,.0f} MB\n")


if __name__ == "__main__":
    main()
