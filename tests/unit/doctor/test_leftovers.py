"""The state directory, its files, and what killed commands leave."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.doctor import leftovers
from osem_tasks.engines import host, records
from osem_tasks.engines.base import EngineRecord, Intent
from osem_tasks.findings import Status
from tests.support.fake_engines import fake_dynamodb
from tests.support.situations import situation_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def process(*words: str) -> Iterator[int]:
    """A process with these words on its command line; its pid."""
    code = "import sys; print(flush=True); sys.stdin.read()"
    streams: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code, *words], **streams) as child:
        assert child.stdout is not None
        child.stdout.readline()
        yield child.pid
        child.kill()


def record(name: str = "mine", endpoint: str = "http://127.0.0.1:1", **facts: Any) -> EngineRecord:
    """The record of a moto engine."""
    return EngineRecord(
        engine="moto", name=name, endpoint=endpoint, started_at="then", used_at=0.0, **facts
    )


def ended() -> dict[str, Any]:
    """The owner of an engine, as facts of its record; the owner has ended."""
    with process() as pid:
        owner = host.owner(pid)
    return {
        "owner_pid": owner.pid,
        "owner_started": owner.started,
        "owner_identity": owner.identity,
    }


@pytest.mark.parametrize(
    "kind, status, words",
    [
        ("private", Status.OK, ""),
        ("open", Status.OK, ""),
        ("absent", Status.OK, "will be made"),
        ("file", Status.FAILED, "there is a file of that name"),
        ("below a file", Status.FAILED, "Not a directory"),
        ("link", Status.FAILED, "is a symbolic link"),
        ("shared", Status.FAILED, "is shared with other users"),
        pytest.param(
            "read-only",
            Status.FAILED,
            "refuses it",
            marks=pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere"),
        ),
    ],
)
def test_the_state_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, status: Status, words: str
) -> None:
    """What would refuse to be one is a failure with its reason; nothing is made or changed."""
    path = tmp_path / "state"
    if kind in ("private", "open", "shared"):
        path.mkdir()
        path.chmod({"private": 0o700, "open": 0o755, "shared": 0o1777}[kind])
    elif kind == "link":
        path.symlink_to(tmp_path)
    elif kind.endswith("file"):
        path.touch()
    path = path / "deeper" if kind == "below a file" else path
    if kind == "read-only":
        tmp_path.chmod(0o500)
    monkeypatch.setenv("OSEM_STATE_DIR", str(path))
    before = {entry: entry.lstat().st_mode for entry in tmp_path.rglob("*")}

    (found,) = leftovers.directory(situation_of())

    assert (found.status, words in found.message) == (status, True)
    assert {entry: entry.lstat().st_mode for entry in tmp_path.rglob("*")} == before


@pytest.mark.parametrize(
    "name, text, words",
    [
        ("mine.json", "{", "it is no JSON"),
        ("mine.json", "[]", "it is no JSON object"),
        ("mine.json", json.dumps({"name": "other"}), "it is not of engine 'mine'"),
        ("mine.starting", json.dumps({"name": "mine", "engine": "oracle"}), "'engine' is wrong"),
    ],
)
def test_a_state_file_that_cannot_be_read(state: Path, name: str, text: str, words: str) -> None:
    """The file, the reason, and the command that removes it."""
    path = state / name
    path.write_text(text, encoding="utf-8")

    (found,) = leftovers.files(situation_of())

    assert (found.status, words in found.message) == (Status.WARNING, True)
    assert found.remediation == f"rm {path}"


def test_an_engine_that_ended_by_itself(state: Path) -> None:
    """It is recorded and does not answer: down forgets it, up starts it again."""
    records.save(record())

    (found,) = leftovers.engines(situation_of())

    assert found.status is Status.WARNING
    assert "'mine' is recorded at http://127.0.0.1:1 and not responding" in found.message
    assert "local.down --name mine   or start it again: " in found.remediation
    assert (state / "mine.json").exists()


def test_the_engine_of_a_killed_test_run(state: Path) -> None:
    """Its owner has ended; that of a run which goes on is none."""
    assert state.is_dir()
    me = host.owner(os.getpid())
    mine = {"owner_pid": me.pid, "owner_started": me.started, "owner_identity": me.identity}
    with fake_dynamodb("Werkzeug") as endpoint:
        records.save(record("killed", endpoint, **ended()))
        records.save(record("going", "http://127.0.0.1:1", **mine))
        found = leftovers.engines(situation_of())

    messages = {finding.message.partition("'")[2].partition("'")[0]: finding for finding in found}
    assert messages["killed"].message.endswith("belongs to a test run that was killed")
    assert messages["killed"].remediation.endswith("local.down --name killed")


def test_a_start_that_was_killed(state: Path) -> None:
    """It is named with its time."""
    assert state.is_dir()
    records.begin(Intent(engine="moto", name="mine", started_at="2026-01-01T00:00:00+00:00"))

    (found,) = leftovers.engines(situation_of())

    assert found.status is Status.WARNING
    assert "a start of 'mine' has begun at 2026-01-01T00:00:00+00:00" in found.message
    assert "local.down --name mine" in found.remediation


@pytest.mark.parametrize("prefix", ["", "-D"])
@pytest.mark.parametrize("where", ["here", "gone", "elsewhere"])
def test_a_process_that_no_record_knows(
    state: Path, tmp_path: Path, where: str, prefix: str
) -> None:
    """In our directory down ends it, of a directory that is gone kill does, others are in use."""
    (tmp_path / "elsewhere").mkdir()
    folder = {"here": state, "gone": tmp_path / "gone", "elsewhere": tmp_path / "elsewhere"}[where]
    with process(f"{prefix}osem-engine={folder}/lost") as pid:
        found = leftovers.processes(situation_of())
    mine = [finding for finding in found if f"process {pid} " in finding.message]

    remedies = {"here": ["local.down --name lost"], "gone": [f"kill {pid}"], "elsewhere": []}
    assert [one.remediation.removeprefix("inv ") for one in mine] == remedies[where]
    assert all("engine 'lost'" in finding.message for finding in mine)


def test_a_process_that_is_recorded_is_no_leftover(state: Path) -> None:
    """The record names its pid."""
    with process(f"osem-engine={state}/mine") as pid:
        records.save(record(pid=pid, process_started=host.process_started(pid)))
        found = leftovers.processes(situation_of())

    assert not any(f"process {pid} " in finding.message for finding in found)
