"""The records of running engines: whole or absent, never half, never another's."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.engines import records
from osem_tasks.engines.base import EngineRecord
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import interrupts

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory of the test's own, not made yet."""
    path = tmp_path / "deep" / "state"
    monkeypatch.setenv("OSEM_STATE_DIR", str(path))
    return path


def record(name: str = "mine", **facts: Any) -> EngineRecord:
    """A record of a moto engine."""
    defaults: dict[str, Any] = {
        "engine": "moto",
        "endpoint": "http://127.0.0.1:8000",
        "started_at": "2025-01-01T00:00:00+00:00",
        "used_at": 1.0,
    }
    return EngineRecord(name=name, **{**defaults, **facts})


def write(directory: Path, name: str, content: str) -> None:
    """Put a file into the state directory as somebody else would."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{name}.json").write_text(content, encoding="utf-8")


def test_variable_moves_the_directory(directory: Path) -> None:
    """OSEM_STATE_DIR is the directory, and it exists afterwards."""
    assert directory == records.directory()
    assert directory.is_dir()


def test_directory_that_cannot_be_made_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path below a file is an error that names the variable to set."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("OSEM_STATE_DIR", str(tmp_path / "file" / "state"))
    with pytest.raises(OsemError, match="cannot be made") as caught:
        records.directory()

    assert ErrorCode.INVALID_CONFIGURATION is caught.value.code
    assert "OSEM_STATE_DIR" in caught.value.remediation


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({}, id="least"),
        pytest.param(
            {
                "persist": True,
                "image": "mine:1",
                "container": "c0ffee",
                "pid": 42,
                "process_started": 1.5,
                "log": "engine.log",
            },
            id="whole",
        ),
    ],
)
def test_saved_record_is_loaded(directory: Path, facts: dict[str, Any]) -> None:
    """What ``save`` gives is what ``load`` and ``newest`` find, and the only file left."""
    saved = records.save(record(**facts))

    assert [saved, saved] == [records.load("mine"), records.newest()]
    assert [directory / "mine.json"] == list(directory.iterdir())
    assert {**asdict(record(**facts)), "used_at": saved.used_at} == asdict(saved)


def test_saving_makes_a_record_the_newest(directory: Path) -> None:
    """``save`` marks the record as used now, whatever it said before."""
    write(directory, "old", json.dumps(record("old", used_at=2.0).as_state()))
    records.save(record("mine", used_at=1.0))
    newest = records.newest()

    assert newest is not None
    assert newest.name == "mine"


@pytest.mark.parametrize(
    "used, expected",
    [
        pytest.param({"a": 1.0, "b": 3.0, "c": 2.0}, "b", id="middle"),
        pytest.param({"a": 3.0, "b": 1.0}, "a", id="first"),
        pytest.param({"a": 1}, "a", id="only-one-and-whole-seconds"),
    ],
)
def test_newest_is_the_one_used_last(
    directory: Path, used: dict[str, float], expected: str
) -> None:
    """``newest`` goes by the time of use, not by name or file."""
    for name, at in used.items():
        write(directory, name, json.dumps(record(name, used_at=at).as_state()))
    newest = records.newest()

    assert newest is not None
    assert expected == newest.name


def test_nothing_recorded(directory: Path) -> None:
    """Without records nothing is known."""
    assert (records.load("mine"), records.newest()) == (None, None)
    assert list(directory.iterdir()) == []


WHOLE = json.dumps(record().as_state())
FOREIGN = {
    "empty": "",
    "half-written": WHOLE[: len(WHOLE) // 2],
    "no-json": "engine: moto",
    "list": "[]",
    "null": "null",
    "text": '"mine"',
    "empty-mapping": "{}",
    "fact-missing": json.dumps({"engine": "moto", "name": "mine"}),
    "time-is-a-text": json.dumps({**record().as_state(), "used_at": "yesterday"}),
    "time-is-null": json.dumps({**record().as_state(), "used_at": None}),
    "endpoint-is-a-number": json.dumps({**record().as_state(), "endpoint": 8000}),
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_what_cannot_be_read_is_absent(directory: Path, content: str) -> None:
    """A half-written or foreign file is no record, and does not hide the sound ones."""
    write(directory, "mine", content)
    sound = records.save(record("sound"))

    assert (None, sound) == (records.load("mine"), records.newest())


def test_bytes_that_are_no_text_are_absent(directory: Path) -> None:
    """A file that is not UTF-8 is no record."""
    write(directory, "mine", "")
    (directory / "mine.json").write_bytes(b"\xff\xfe")

    assert records.load("mine") is None


def test_facts_of_a_later_version_are_passed_over(directory: Path) -> None:
    """A record with facts that this version does not know is read without them."""
    write(directory, "mine", json.dumps({**record().as_state(), "colour": "red"}))

    assert record() == records.load("mine")


def test_forgetting_is_for_one_name(directory: Path) -> None:
    """``forget`` drops that record only, and a second time does nothing."""
    records.save(record("mine"))
    other = records.save(record("other"))
    records.forget("mine")
    records.forget("mine")

    assert (None, other) == (records.load("mine"), records.newest())
    assert [directory / "other.json"] == list(directory.iterdir())


def test_log_is_beside_the_record(directory: Path) -> None:
    """A process engine's log lies in the state directory, under its name."""
    assert directory / "mine.log" == records.log_path("mine")


@pytest.mark.usefixtures("directory")
def test_engine_is_held_by_one_command() -> None:
    """While one command holds an engine, another gives up with TIMEOUT; then it may."""
    with records.locked("mine", 0), pytest.raises(OsemError) as caught, records.locked("mine", 0):
        pytest.fail("held twice")

    assert ErrorCode.TIMEOUT is caught.value.code
    with records.locked("mine", 0):
        pass


@pytest.mark.usefixtures("directory")
def test_an_interrupt_ends_the_wait_for_another_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C need not wait until the other command has ended."""
    with records.locked("mine", 0):
        monkeypatch.setattr(interrupts._State, "requested", True)
        with pytest.raises(interrupts.Interrupted), records.locked("mine", 600):
            pytest.fail("held twice")


@pytest.mark.usefixtures("directory")
def test_engines_are_held_apart() -> None:
    """Holding one name does not keep another waiting."""
    with records.locked("mine", 0), records.locked("other", 0):
        pass
