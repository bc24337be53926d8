"""prod's personal data on its way to a laptop: nothing of it leaves, whatever fails on the way."""

from __future__ import annotations

import json
import os
import signal
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.processes import inv_as_process
from tests.support.faulty_aws import Fault, FaultyServer
from tests.support.inv import OSEM_TABLES, Inv, Run
from tests.support.patience import SHORT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.context import ForkServerContext
    from pathlib import Path

    from tests.faults.conftest import Cloud

KEY = "an-entirely-secret-key-of-the-tests"
WORDS = ("Wimpole", "wimpole", "0049-30-5550", "user-secret", "confidential", "QnJpZWY=")
MASK = {
    "Users": {
        "userId": "hash",
        "email": "fake email",
        "profile.name": "fake name",
        "profile.contacts[*].phone": "hash",
        "profile.notes.*": "fake text",
        "letter": "hash",
        "aliases": "hash",
        "salary": "null",
        "token": "drop",
    },
    "Teams": {"managerId": "hash", "members[*]": "hash"},
}
# Two pages of a scan.
COUNT, PADDING = 24, "x" * 50_000


def user(number: int) -> dict[str, Any]:
    """A user with personal data in every place that the mask names."""
    return {
        "userId": {"S": f"user-secret-{number}"},
        "email": {"S": f"wimpole{number}@secret.example"},
        "profile": {
            "M": {
                "name": {"S": f"Augustina Wimpole {number}"},
                "contacts": {"L": [{"M": {"phone": {"S": f"0049-30-5550{number}"}}}]},
                "notes": {"M": {"a": {"S": f"confidential {number}"}}},
                "level": {"N": str(number)},
            }
        },
        "letter": {"B": "QnJpZWY="},
        "aliases": {"SS": ["Wimpole", f"wimpole-{number}"]},
        "salary": {"S": "confidential"},
        "token": {"S": "confidential"},
        "padding": {"S": PADDING},
    }


def fill(cloud: Cloud) -> None:
    """Have prod's tables with personal data, and this machine's tables, empty."""
    cloud.hold("prod", "Users", "Teams")
    cloud.hold("local", "Users", "Teams")
    client = cloud.client()
    for environment in ("prod", "local"):
        client.delete_item(TableName=f"osem-{environment}-Users", Key={"userId": {"S": "u-1"}})
    for start in range(0, COUNT, 12):
        puts: Any = [{"PutRequest": {"Item": user(n)}} for n in range(start, start + 12)]
        client.batch_write_item(RequestItems={"osem-prod-Users": puts})
    team: Any = {
        "teamId": {"S": "team-1"},
        "managerId": {"S": "user-secret-3"},
        "members": {"SS": ["user-secret-3", "user-secret-4"]},
    }
    client.put_item(TableName="osem-prod-Teams", Item=team)


@pytest.fixture
def masked(cloud: Cloud, inv: Inv, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Inv:
    """`inv` in a project that masks, with a key, in a folder of its own, on a filled account."""
    fill(cloud)
    monkeypatch.setenv("OSEM_MASK_KEY", KEY)
    monkeypatch.setenv("OSEM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return Inv(inv.capsys, inv.patch, {"mask": MASK})


TABLES = ("--table", "Users", "--table", "Teams")


def copied(inv: Inv, cloud: Cloud, *words: str) -> Run:
    """Copy prod's two tables to this machine's engine."""
    return inv.plain(
        *("db.copy", "--from", "prod", "--endpoint", cloud.engine, "--force"), *TABLES, *words
    )


def held(cloud: Cloud, name: str) -> list[dict[str, Any]]:
    """All items of a table."""
    pages = cloud.client().get_paginator("scan").paginate(TableName=name)
    return [dict(item) for page in pages for item in page["Items"]]


def leaked(*texts: str) -> list[str]:
    """The words of the originals that are in a text; base64 of bytes is one of them."""
    return [word for word in (*WORDS, KEY) for text in texts if word in text]


def written(folder: Path) -> str:
    """Everything below a folder: names and contents, what is compressed too."""
    found = []
    for path in folder.rglob("*"):
        found.append(str(path))
        if path.is_file():
            content = path.read_bytes()
            # A killed run leaves files without an end.
            gzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            content = gzip.decompress(content) if path.suffix == ".gz" else content
            found.append(content.decode("utf-8", "replace"))
    return "\n".join(found)


def test_nothing_of_prod_is_in_a_masked_dump(
    masked: Inv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in files, their names, manifests, the log, the output; the manifest tells the rules."""
    monkeypatch.setenv("OSEM_LOG", str(tmp_path / "osem.log"))

    run = masked("db.dump", "--env", "prod", "--force", "--json", "--verbose", *TABLES)

    (manifest,) = tmp_path.glob("dumps/prod/Users/AWSDynamoDB/*/manifest-summary.json")
    own = json.loads(manifest.read_bytes())["osem"]
    assert (run.code, leaked(run.out, run.err, written(tmp_path))) == (0, [])
    assert own["masked"] == MASK["Users"]
    assert len(own["maskKey"]) == 8
    assert run.document["data"]["maskUnmatched"] == {}
    assert (tmp_path / "osem.log").exists()


def test_references_stay_whole_in_a_copy(masked: Inv, cloud: Cloud) -> None:
    """A team's manager is still one of the users, and what is not masked is what it was."""
    run = copied(masked, cloud)

    users, (team,) = held(cloud, "osem-local-Users"), held(cloud, "osem-local-Teams")
    ids = {item["userId"]["S"] for item in users}
    assert (run.code, len(users), leaked(json.dumps([users, team], default=str))) == (0, COUNT, [])
    assert team["managerId"]["S"] in ids
    assert set(team["members"]["SS"]) < ids
    assert {item["profile"]["M"]["level"]["N"] for item in users} == set(map(str, range(COUNT)))
    assert all(item["salary"] == {"NULL": True} and "token" not in item for item in users)
    assert leaked(run.out, run.err) == []


def test_a_second_copy_changes_nothing(masked: Inv, cloud: Cloud) -> None:
    """With a lasting key a copy may be repeated: the same items, no more of them."""
    first = copied(masked, cloud)
    before = sorted(map(str, held(cloud, "osem-local-Users")))
    again = copied(masked, cloud)

    assert (first.code, again.code) == (0, 0)
    assert sorted(map(str, held(cloud, "osem-local-Users"))) == before


def test_keys_need_a_lasting_key(
    masked: Inv, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a key of this run only, a repeated copy would double every item: it is refused."""
    monkeypatch.delenv("OSEM_MASK_KEY")

    run = copied(masked, cloud, "--json")

    assert (run.code, run.error) == (1, "INVALID_CONFIGURATION")
    assert "the mask of Users changes keys" in run.document["error"]["message"]
    assert held(cloud, "osem-local-Users") == []


@pytest.mark.parametrize("words", [["--unmasked"], []], ids=["unmasked", "no mask declared"])
@pytest.mark.parametrize("task", ["db.dump", "db.copy"])
def test_prod_without_a_mask(
    inv: Inv, masked: Inv, cloud: Cloud, task: str, words: list[str]
) -> None:
    """Items of prod leave it as they are only if somebody says so."""
    plain = Inv(inv.capsys, inv.patch)
    start = ("db.dump", "--env", "prod") if task == "db.dump" else (
        "db.copy", "--from", "prod", "--endpoint", cloud.engine)  # fmt: skip

    run = (masked if words else plain).plain(*start, "--force", "--json", *TABLES, *words)

    scans = cloud.server.of("Scan")
    if words:
        assert (run.code, bool(scans)) == (0, True)
    else:
        assert (run.code, run.error, scans) == (1, "CONFIRMATION_REQUIRED", [])
        assert "--unmasked" in run.document["error"]["remediation"]
        assert "write unmasked" in run.err or "copy unmasked" in run.err


@pytest.mark.parametrize(
    "word, expected",
    [
        pytest.param("*Users*", "there is no table '*Users*'", id="table"),
        pytest.param("Users", "'userId' is the table's key and needs a value", id="key"),
    ],
)
def test_a_broken_mask_stops_before_any_request(
    inv: Inv, cloud: Cloud, word: str, expected: str
) -> None:
    """Every task that reads the declaration refuses it, not only the dump of next month."""
    broken = Inv(inv.capsys, inv.patch, {"mask": {word: {"userId": "drop"}}})
    run = broken("db.verify", "--env", "local", "--endpoint", cloud.engine, "--json")

    assert (run.code, run.error) == (1, "INVALID_CONFIGURATION")
    assert expected in run.document["error"]["message"]


@pytest.mark.usefixtures("masked")
def test_a_misspelt_path_is_reported(inv: Inv, cloud: Cloud) -> None:
    """A path that met nothing in the whole table hid nothing: a warning, and a fact in JSON."""
    mask = {"Users": {"emial": "hash", "userId": "hash"}, "Teams": {"members.id": "hash"}}
    run = copied(Inv(inv.capsys, inv.patch, {"mask": mask}), cloud, "--json")

    data = run.document["data"]
    assert (run.code, data["maskUnmatched"]) == (0, {"Users": ["emial"], "Teams": ["members.id"]})
    assert data["maskUnfit"] == {"Teams": {"members.id": 1}}
    assert leaked(json.dumps(held(cloud, "osem-local-Teams"), default=str)) == ["user-secret"]


@pytest.fixture
def target(cloud: Cloud) -> Iterator[FaultyServer]:
    """A local engine that may fail, with the tables of ``cloud``."""
    with FaultyServer(cloud.engine, "moto") as server:
        yield server


@pytest.mark.parametrize(
    "failure",
    [
        (Fault("*", code="AccessDeniedException"), "AWS_PERMISSIONS_DENIED"),
        (Fault("*", code="ResourceNotFoundException"), "TABLE_NOT_FOUND"),
        (Fault("*", "cut"), "NETWORK_ERROR"),
        (Fault("*", code="ExpiredTokenException"), "AWS_CREDENTIALS_INVALID"),
    ],
    ids=["denied", "gone", "cut", "expired"],
)
@pytest.mark.parametrize("side", ["source", "target"])
def test_the_failing_side_is_named(
    masked: Inv, cloud: Cloud, target: FaultyServer, side: str, failure: tuple[Fault, str]
) -> None:
    """Both sides have a table Users: the message says whose failed, and nothing leaks by it."""
    server, operation = (cloud.server, "Scan") if side == "source" else (target, "BatchWriteItem")
    fault, code = failure
    server.arm(replace(fault, operation=operation))

    run = masked.plain(
        *("db.copy", "--from", "prod", "--endpoint", target.url, "--force", "--json", "--verbose"),
        *("--timeout", "2", *TABLES),
    )

    error = run.document["error"]
    name = "prod" if side == "source" else "local"
    assert (run.code, error["code"]) == (1, code)
    assert f"The {side}, environment '{name}', failed: " in error["message"]
    assert error["details"]["side"] == side
    assert leaked(run.out, run.err) == []


def test_throttling_on_both_sides_is_waited_out(
    masked: Inv, cloud: Cloud, target: FaultyServer
) -> None:
    """A busy table makes a copy slower, not incomplete."""
    busy = "ProvisionedThroughputExceededException"
    cloud.server.arm(Fault("Scan", code=busy, times=2))
    target.arm(
        Fault("BatchWriteItem", code=busy, times=2),
        Fault("BatchWriteItem", "reset", times=3, after=2),
    )

    run = masked.plain("db.copy", "--from", "prod", "--endpoint", target.url, "--force", *TABLES)

    assert (run.code, len(held(cloud, "osem-local-Users"))) == (0, COUNT)


def killed(forks: ForkServerContext, server: FaultyServer, fault: Fault, words: list[str]) -> bool:
    """Whether a task was killed by ``fault``, and did not end before."""
    server.arm(fault)
    configuration = {"tables": OSEM_TABLES, "mask": MASK}
    arguments = (dict(os.environ), ["inv", *words], SHORT, configuration)
    process = forks.Process(target=inv_as_process, args=arguments)
    process.start()
    assert process.pid
    server.victim.set_result(process.pid)
    process.join()
    server.arm()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode == -signal.SIGKILL


def test_a_killed_dump_leaves_nothing_of_prod_behind(
    masked: Inv, cloud: Cloud, forks: ForkServerContext, tmp_path: Path
) -> None:
    """After a kill at any page neither the data nor the progress file, with its keys, tells any."""
    words, pages = ["db.dump", "--env", "prod", "--force", *TABLES], 0
    while killed(forks, cloud.server, Fault("Scan", "kill", after=pages, times=1), words):
        assert leaked(written(tmp_path)) == []
        pages += 1

    assert leaked(written(tmp_path)) == []
    assert masked.plain("db.dump", "--env", "prod", "--force", *TABLES).code == 0
    assert pages >= 3


@pytest.mark.parametrize("operation", ["Scan", "BatchWriteItem"])
def test_a_killed_copy_is_mended_by_the_next(
    masked: Inv, cloud: Cloud, target: FaultyServer, forks: ForkServerContext, operation: str
) -> None:
    """After a kill at any call that reads or writes items, the next copy ends with each once."""
    words = ["db.copy", "--from", "prod", "--endpoint", target.url, "--force", *TABLES]
    server, calls = (cloud.server if operation == "Scan" else target), 0
    while killed(forks, server, Fault(operation, "kill", after=calls, times=1), words):
        left = held(cloud, "osem-local-Users")
        assert leaked(json.dumps(left, default=str)) == []
        calls += 1

    assert (masked.plain(*words).code, len(held(cloud, "osem-local-Users"))) == (0, COUNT)
    assert calls >= 2
