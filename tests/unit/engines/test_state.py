"""State files are claims: what is not sound is ignored, and nothing leads out of the directory."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import stat
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.engines import claims, records, state
from osem_tasks.engines.base import EngineRecord, Intent
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Many cases, or servers of their own.
pytestmark = pytest.mark.slow

SOUND: dict[str, Any] = {
    "engine": "moto",
    "name": "mine",
    "endpoint": "http://127.0.0.1:8000",
    "started_at": "2026-01-01T00:00:00+00:00",
    "used_at": 1.0,
    "pid": 4242,
    "process_started": 1.5,
    "process_identity": "boot/1",
}
WRONG = [
    ("pid", -1),
    ("pid", 0),
    ("pid", 1),
    ("pid", "4242"),
    ("pid", 2**70),
    ("pid", True),
    ("pid", 1.5),
    ("pid", [4242]),
    ("process_started", "yesterday"),
    ("process_started", -1),
    ("process_started", 1e300),
    ("process_identity", 5),
    ("endpoint", "https://127.0.0.1:8000"),
    ("endpoint", "http://10.0.0.7:8000"),
    ("endpoint", "http://dynamodb.us-east-1.amazonaws.com:80"),
    ("endpoint", "http://127.0.0.1"),
    ("endpoint", "http://127.0.0.1:0"),
    ("endpoint", "http://127.0.0.1:99999"),
    ("endpoint", "http://127.0.0.1@evil.example:80"),
    ("endpoint", "http://evil.example:80#@127.0.0.1"),
    ("endpoint", "http://me:pw@127.0.0.1:8000"),
    ("endpoint", "http://127.0.0.1:8000/path"),
    ("endpoint", "http://127.0.0.1:8000\n"),
    ("endpoint", None),
    ("endpoint", {}),
    ("name", "other"),
    ("name", "../mine"),
    ("name", "a/b"),
    ("name", ".."),
    ("name", "mine\x00"),
    ("name", None),
    ("engine", "oracle"),
    ("engine", ["moto"]),
    ("engine", None),
    ("used_at", "now"),
    ("used_at", float("nan")),
    ("used_at", float("inf")),
    ("used_at", None),
    ("started_at", ""),
    ("started_at", "\x1b[2J"),
    ("started_at", "x" * 5000),
    ("persist", "yes"),
    ("shared", 1),
    ("image", 5),
    ("container", "../../x"),
    ("container", "; rm"),
    ("docker_host", 5),
    ("log", 5),
    ("owner_pid", 0),
    ("owner_started", "x"),
]


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory of the test's own."""
    path = tmp_path / "state"
    monkeypatch.setenv("OSEM_STATE_DIR", str(path))
    records.directory()
    return path


def plant(directory: Path, content: str, name: str = "mine.json") -> Path:
    """A file as somebody else might leave it."""
    path = directory / name
    path.write_text(content, encoding="utf-8")
    return path


def test_a_sound_record_is_read(directory: Path) -> None:
    """The table below changes one field of it at a time."""
    plant(directory, json.dumps(SOUND))

    assert records.load("mine") == EngineRecord(**SOUND)
    assert records.unreadable() == []


@pytest.mark.parametrize("field, value", WRONG, ids=[f"{f}={str(v)[:30]!r}" for f, v in WRONG])
def test_one_wrong_field_makes_a_record_unreadable(
    directory: Path, field: str, value: object
) -> None:
    """It is ignored, and named once; the file stays, for the user to look at."""
    path = plant(directory, json.dumps({**SOUND, field: value}))

    assert (records.load("mine"), records.load_all(), records.newest()) == (None, [], None)
    (told,) = records.unreadable()
    assert told.startswith(f"Unreadable record, ignored: {path} (")
    assert (records.unreadable(), path.exists()) == ([], True)


@pytest.mark.parametrize(
    "content",
    ["[" * 100_000, '{"a":' * 50_000, "1" * 5000, "NaN", '{"used_at": NaN}', " " * 100_000, "\x00"],
    ids=["deep-list", "deep-object", "huge-number", "nan", "nan-inside", "huge", "nul"],
)
def test_hostile_json_is_no_record(directory: Path, content: str) -> None:
    """Nesting, size and numbers have bounds."""
    plant(directory, content)
    plant(directory, content, "mine.starting")

    assert (records.load("mine"), records.begun("mine"), len(records.unreadable())) == (
        None,
        None,
        2,
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(sorted({*SOUND, "container", "owner_pid", "docker_host", "persist"}))


@given(changes=st.dictionaries(FIELDS, JSON | st.sampled_from(list(SOUND.values())), max_size=4))
def test_no_record_leads_astray(changes: dict[str, Any]) -> None:
    """Whatever a field holds: a record that is read is of this name and leads to this machine."""
    values = {**SOUND, **changes}
    if claims.problem(values, "mine"):
        return

    assert values["name"] == "mine"
    assert claims.is_local_http(values["endpoint"])
    assert values.get("pid") is None or values["pid"] > 1


def test_directory_and_files_are_private(directory: Path) -> None:
    """Nobody else reads or plants a record; an older directory is made private."""
    directory.chmod(0o755)
    records.save(EngineRecord(**SOUND))
    records.begin(Intent(engine="moto", name="other", started_at="now"))
    os.close(state.create(records.log_path("mine")))
    with records.locked("mine", 0):
        pass

    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}


@pytest.mark.parametrize("target", ["directory", "file"])
def test_symbolic_links_are_not_followed(directory: Path, tmp_path: Path, target: str) -> None:
    """Neither to another record, nor to a file that would be written or read."""
    if target == "directory":
        elsewhere = tmp_path / "elsewhere"
        directory.rename(elsewhere)
        directory.symlink_to(elsewhere)
        with pytest.raises(OsemError, match="symbolic link") as caught:
            records.load("mine")
        assert "OSEM_STATE_DIR" in caught.value.remediation
        return
    foreign = plant(tmp_path, json.dumps(SOUND), "foreign.json")
    for name in ("mine.json", "mine.log"):
        (directory / name).symlink_to(foreign)
    assert records.load("mine") is None

    records.save(EngineRecord(**SOUND))
    os.close(state.create(records.log_path("mine")))

    assert json.loads(foreign.read_text(encoding="utf-8")) == SOUND


def test_a_fifo_is_neither_read_nor_written(directory: Path) -> None:
    """Opening one would wait for ever."""
    for name in ("mine.json", "mine.log", "mine.starting"):
        os.mkfifo(directory / name)
    assert (records.load("mine"), records.begun("mine")) == (None, None)

    os.close(state.create(records.log_path("mine")))

    assert stat.S_ISREG((directory / "mine.log").lstat().st_mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_another_user_is_refused(directory: Path) -> None:
    """Whoever owns it could put any record there."""
    os.chown(directory, 4242, -1)
    with pytest.raises(OsemError, match="belongs to another user") as caught:
        records.load("mine")

    assert caught.value.code is ErrorCode.INVALID_CONFIGURATION


def test_a_directory_for_all_is_refused(directory: Path) -> None:
    """Such as /tmp: it cannot be made private."""
    directory.chmod(0o1777)
    with pytest.raises(OsemError, match="shared with other users"):
        records.directory()


def test_a_quoted_tilde_is_the_home_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell does not expand it between quotes."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("OSEM_STATE_DIR", "~/x")

    assert records.directory() == tmp_path / "x"


@pytest.mark.parametrize("configured", ["~nobody-of-that-name/x", None])
def test_no_home_is_an_error_in_words(
    configured: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing is made in the working directory instead."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("OSEM_STATE_DIR", configured or "")
    with pytest.raises(OsemError, match="no home directory") as caught:
        records.directory()

    assert "OSEM_STATE_DIR" in caught.value.remediation
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["mine.json", "mine.log", "mine.lock"])
def test_what_cannot_be_written_is_named(directory: Path, name: str) -> None:
    """A directory stands in the way: the file is named, with a remedy."""
    (directory / name).mkdir()
    (directory / name / "full").touch()

    def write_all() -> None:
        with records.locked("mine", 0):
            os.close(state.create(records.log_path("mine")))
            records.save(EngineRecord(**SOUND))

    with pytest.raises(OsemError, match=name) as caught:
        write_all()

    assert caught.value.code is ErrorCode.INVALID_CONFIGURATION
    assert [path for path in directory.iterdir() if path.suffix == ".tmp"] == []


def test_an_intent_is_dropped_with_its_record(directory: Path) -> None:
    """A start has ended when its engine is recorded, undone or forgotten."""
    for end in (
        lambda: records.save(EngineRecord(**SOUND)),
        lambda: records.undo("mine", time.time()),
        lambda: records.forget("mine"),
    ):
        intent = Intent(engine="moto", name="mine", started_at="now")
        records.begin(intent)
        assert (records.begun("mine"), records.all_begun()) == (intent, [intent])

        end()

        assert records.begun("mine") is None
    assert list(directory.glob("*.starting")) == []


def test_a_start_that_is_undone_takes_its_own_record_along(directory: Path) -> None:
    """An interrupt may come when the record is there already; an older one says what ended."""
    old = records.save(EngineRecord(**SOUND))
    records.undo("mine", records.begin(Intent(engine="moto", name="mine", started_at="now")))
    assert records.load("mine") == old

    began = records.begin(Intent(engine="moto", name="mine", started_at="now"))
    records.save(EngineRecord(**SOUND))
    records.undo("mine", began)

    assert records.load("mine") is None
    assert [path.suffix for path in directory.iterdir()] == []


def test_who_holds_an_engine_is_told(directory: Path) -> None:
    """The waiting command says by whom, and gives up in time."""
    told: list[str] = []
    with (
        records.locked("mine", 0),
        pytest.raises(OsemError) as caught,
        records.locked("mine", 2.0, told.append),
    ):
        pytest.fail("held twice")

    holder = f"process {os.getpid()} ("
    assert len(told) == 1
    assert holder in told[0]
    assert (caught.value.code, holder in caught.value.message) == (ErrorCode.TIMEOUT, True)
    assert [path.suffix for path in directory.iterdir() if path.suffix != ".lock"] == []


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process can grow, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_an_error_in_words(directory: Path) -> None:
    """It is found when the file is closed, and nothing of the file remains."""
    with pytest.raises(OsemError) as caught, full_disk():
        state.write(directory / "x.json", {"name": "x"})

    assert caught.value.code is ErrorCode.INVALID_CONFIGURATION
    assert f"The state file {directory / 'x.json'} cannot be written" in caught.value.message
    assert list(directory.iterdir()) == []
