"""Teams under an old key, what a migration makes of it, and what stops one half-way."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.data import codec, exports
from osem_tasks.errors import OsemError
from osem_tasks.schema.model import Key
from osem_tasks.schema.requests import create_request
from tests.faults.conftest import tables_of
from tests.faults.processes import inv_as_process
from tests.faults.test_data import in_dump, killed, spoil_data, text_of
from tests.support.faulty_aws import Fault

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext
    from pathlib import Path

    import pytest

    from tests.faults.conftest import Cloud
    from tests.support.inv import Run

NAME = "osem-dev-Teams"


# Two pages, and two batches. The table has the key ``id``, declared is ``teamId``.
OLD: list[dict[str, Any]] = [
    {
        "id": {"S": f"t-{number:03}"},
        "managerId": {"S": str(number % 7)},
        "text": {"S": text_of(number)},
        "n": {"N": "1" * (1 + number % 38)},
    }
    for number in range(30)
]


NEW = [{"teamId": item["id"], **{k: v for k, v in item.items() if k != "id"}} for item in OLD]


BEFORE, AFTER = (sorted(map(codec.canonical, items)) for items in (OLD, NEW))


MOST = 200


def old_table(
    cloud: Cloud, items: list[dict[str, Any]], key: str = "id S", env: str = "dev"
) -> None:
    """Have Teams with another key than the declared one, and these items in it."""
    declared = tables_of(env)[f"osem-{env}-Teams"]
    client = cloud.client()
    client.create_table(**create_request(replace(declared, key=Key.parse(key), check=False)))
    for first in range(0, len(items), 25):
        puts: list[Any] = [{"PutRequest": {"Item": item}} for item in items[first : first + 25]]
        client.batch_write_item(RequestItems={declared.name: puts})
    # What the server knows of a deleted table of that name does not hold for this one.
    cloud.server.forget()


def renew(cloud: Cloud) -> None:
    """Have the account as it was before any migration."""
    cloud.clear()
    old_table(cloud, OLD)


def held(cloud: Cloud, name: str = NAME) -> list[str]:
    """The items of a table, in an order of their own; nothing for no table."""
    if name not in cloud.client().list_tables()["TableNames"]:
        return []
    pages = cloud.client().get_paginator("scan").paginate(TableName=name)
    found: list[Any] = [item for page in pages for item in page["Items"]]
    return sorted(map(codec.canonical, found))


def key_of(cloud: Cloud, name: str = NAME) -> list[str]:
    """The names of the key of a table."""
    described = cloud.client().describe_table(TableName=name)["Table"]
    return [part["AttributeName"] for part in described["KeySchema"]]


def command(output: Path, *words: str, env: str = "dev") -> list[str]:
    """The command that migrates Teams."""
    where = ("--env", env, "--table", "Teams", "--output", str(output))
    return ["db.migrate", *where, "--yes", "--no-backup", *words]


def is_migrated(cloud: Cloud, output: Path) -> bool:
    """Whether the table has the new key and the mapped items, and the dump the old ones."""
    dumps = [in_export(path) for path in exports.find(output)]
    return (key_of(cloud), held(cloud)) == (["teamId"], AFTER) and BEFORE in dumps


def in_export(folder: Path) -> list[str]:
    """The items of one dump; nothing for one that is damaged."""
    try:
        return in_dump(folder)
    except OsemError:
        return []


def is_kept(cloud: Cloud, output: Path) -> bool:
    """Whether the items are in a table, or in a complete dump with right checksums."""
    if held(cloud) in (BEFORE, AFTER):
        return True
    return any(in_export(path) == BEFORE for path in exports.find(output))


def stopped_at(
    forks: ForkServerContext,
    cloud: Cloud,
    output: Path,
    operation: str,
    *words: str,
    after: int = 0,
) -> None:
    """Kill a migration once a call of ``operation`` is carried out."""
    cloud.server.arm(Fault(operation, "kill", after=after, times=1))
    assert killed(forks, cloud, inv_as_process, ["inv", *command(output, *words)])
    cloud.server.arm()


def refused(run: Run) -> tuple[int, str | None]:
    """How a run ended."""
    return run.code, run.error


def functions(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of a project with functions that map items."""
    (path / "changes.py").write_text(
        "import uuid\n"
        "def good(item):\n    item['teamId'] = item.pop('id')\n    return item\n"
        "def same(item):\n    return {'teamId': 'one', 'of': item.pop('id')}\n"
        "def none(item):\n    return {'x': 1}\n"
        "def empty(item):\n    return {'teamId': ''}\n"
        "def number(item):\n    return {'teamId': 7}\n"
        "def large(item):\n    return {'teamId': item['id'], 'x': 'x' * 500_000}\n"
        "def long(item):\n    return {'teamId': item['id'] * 1000}\n"
        "def random(item):\n    return {'teamId': str(uuid.uuid4())}\n"
        "def index(item):\n    return {'teamId': item['id'], 'managerId': 7}\n"
        "def forgets(item):\n    item['teamId'] = item.pop('id')\n"
        "def wrong(item):\n    return item['nothing']\n"
        "def drop(item):\n    return None if item['id'] == 't-000' else good(item)\n"
        "def twice(item):\n"
        "    return [{'teamId': item['id']}, {'teamId': item['id'] + 'b'}]\n"
    )
    monkeypatch.syspath_prepend(str(path))


def spoil(output: Path, damage: str) -> None:
    """Damage the one dump in a folder."""
    (data,) = output.rglob("*.json.gz")
    if not spoil_data(data, damage):
        shutil.rmtree(output)
