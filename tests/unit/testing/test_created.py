"""A test run deletes only what it made itself, by exact name: also after a kill."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.engines import host, records
from osem_tasks.testing.created import Created, left_behind

if TYPE_CHECKING:
    from pathlib import Path

ENDPOINT = "http://127.0.0.1:8000"
OWN = "t0123456789ab-osem-test-Users"
TRIAL = "osem-probe-0123456789abcdef"


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSEM_STATE_DIR", str(tmp_path / "state"))


def plant(**changes: Any) -> Path:
    """A file of a run that has ended, with these fields changed."""
    with subprocess.Popen(["sleep", "600"]) as child:
        identity, pid = host.process_identity(child.pid), child.pid
        child.kill()
    sound = {
        "endpoint": ENDPOINT,
        "access_key": "osemlocal",
        "tables": [OWN],
        "pid": pid,
        "identity": identity,
    }
    path = records.directory() / "osem-tests-x.tables"
    path.write_text(json.dumps({**sound, **changes}), encoding="utf-8")
    return path


def found() -> list[set[str]]:
    """What killed runs have left."""
    return [created.names for created in left_behind(ENDPOINT)]


def test_tables_are_noted_and_forgotten() -> None:
    """The file is written before a table is made, and goes with the last one."""
    created = Created.at(ENDPOINT, "osemlocal")
    created.add([OWN, TRIAL])
    noted = json.loads(created.path.read_text(encoding="utf-8"))
    created.discard(OWN)
    kept = created.path.exists()
    created.discard(TRIAL)
    created.discard(TRIAL)

    assert (sorted(noted["tables"]), noted["pid"]) == (sorted([OWN, TRIAL]), os.getpid())
    assert (kept, created.path.exists()) == (True, False)


def test_what_a_killed_run_left_is_found() -> None:
    """By the record of the run, not by a prefix."""
    plant()

    assert found() == [{OWN}]


def test_a_run_that_runs_keeps_its_tables() -> None:
    """Two runs on one engine do not see each other."""
    Created.at(ENDPOINT, "osemlocal").add([OWN])

    assert found() == []


@pytest.mark.parametrize("name", ["Users", "osem-local-Users", "t1-Users", "prod-Orders", ""])
def test_a_name_without_our_random_part_is_never_noted(name: str) -> None:
    """It may be anybody's."""
    created = Created.at(ENDPOINT, "osemlocal")
    created.add([name])

    assert (created.names, created.path.exists()) == (set(), False)


@pytest.mark.parametrize(
    "changes",
    [
        {"tables": ["Users"]},
        {"tables": [OWN, "prod-Orders"]},
        {"tables": [f"{OWN}\n"]},
        {"tables": OWN},
        {"tables": [5]},
        {"endpoint": "http://127.0.0.1:8001"},
        {"endpoint": None},
        {"access_key": "../x"},
        {"access_key": 5},
        {"pid": -1},
        {"pid": "1"},
        {"identity": 5},
    ],
    ids=repr,
)
def test_a_planted_record_deletes_nothing(changes: dict[str, Any]) -> None:
    """A record that holds anything else than this package writes is ignored as a whole."""
    plant(**changes)

    assert found() == []
