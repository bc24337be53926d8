"""The record of a migration, and what it means beside what is really there."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.data.migration.record import Record, Records, Stage, record_of, stage_of
from osem_tasks.engines import state

if TYPE_CHECKING:
    from pathlib import Path

PLACE = ["aws", "eu-central-1", "123456789012"]
RECORD = Record(
    table="osem-dev-Teams",
    place=PLACE,
    identity="old",
    arn="arn:aws:dynamodb:eu-central-1:123456789012:table/osem-dev-Teams",
    key="teamId S",
    output="/somewhere/dumps",
    declared="Teams",
    dump="01795674563258-5ce3a40c",
)
DELETING = replace(RECORD, deleting=True)
DONE = replace(DELETING, done=True)


@pytest.mark.parametrize(
    "record, identity, fits, stage",
    [
        # Nothing was begun.
        (None, "any", True, Stage.NOTHING),
        (None, "any", False, Stage.BEGIN),
        (None, None, False, Stage.GONE),
        # A dump was begun, nothing else.
        (RECORD, "old", False, Stage.BEFORE),
        (RECORD, "old", True, Stage.NOTHING),
        (RECORD, "another", False, Stage.BEGIN),
        (RECORD, "another", True, Stage.NOTHING),
        (RECORD, None, False, Stage.GONE),
        # The deletion may have been requested; the table says whether it was.
        (DELETING, "old", False, Stage.BEFORE),
        (DELETING, "old", True, Stage.NOTHING),
        (DELETING, None, False, Stage.REBUILD),
        (DELETING, "another", True, Stage.REFILL),
        (DELETING, "another", False, Stage.STRANGE),
        # An engine that tells no identity.
        (replace(DELETING, identity=""), "", False, Stage.BEFORE),
        (replace(DELETING, identity=""), "", True, Stage.REFILL),
        # A migration that is done says nothing about the next one.
        (DONE, "any", True, Stage.NOTHING),
        (DONE, "old", False, Stage.BEGIN),
        (DONE, "any", False, Stage.BEGIN),
        (DONE, None, False, Stage.GONE),
    ],
)
def test_where_a_migration_stands(
    record: Record | None, identity: str | None, fits: bool, stage: Stage
) -> None:
    """What is there decides; the record alone proves nothing."""
    assert stage_of(record, identity, fits=fits) is stage


def records(output: Path, to: str = "") -> Records:
    """The files of the record's migration."""
    return Records(table=RECORD.table, declared="Teams", place=PLACE, output=output, to=to)


def saved(tmp_path: Path, **changes: Any) -> tuple[Records, Record]:
    """A record whose dump is there, in both its files."""
    files = records(tmp_path / "dumps")
    record = replace(RECORD, output=str(tmp_path / "dumps"), **changes)
    record.folder.mkdir(parents=True)
    files.save(record)
    return files, record


def test_a_record_comes_back(tmp_path: Path) -> None:
    """From the state directory, and from beside the dump, also in another place."""
    files, record = saved(tmp_path, deleting=True, backup={"arn": "arn:x"}, items=7)

    assert files.read() == record
    files.path.unlink()
    assert files.read() == record
    (tmp_path / "dumps").rename(tmp_path / "moved")
    found = records(tmp_path / "moved").read()
    assert found is not None
    assert found.folder.is_dir()
    assert records(tmp_path / "nowhere").read() is None


def test_the_later_record_counts(tmp_path: Path) -> None:
    """A kill between the two files leaves one that is older."""
    files, record = saved(tmp_path)
    earlier = files.path.read_bytes()
    record.deleting = True
    files.save(record)
    files.path.write_bytes(earlier)

    found = files.read()

    assert found is not None
    assert found.deleting


def test_a_finished_record_stays_beside_the_dump(tmp_path: Path) -> None:
    """The folder explains itself; the state directory forgets."""
    files, record = saved(tmp_path)

    files.finish(record)

    assert not files.path.exists()
    found = files.read()
    assert found is not None
    assert found.done


def test_migrations_of_other_tables_have_records_of_their_own(tmp_path: Path) -> None:
    """By place, table, and the second table."""
    one = records(tmp_path)
    others = [
        replace(one, table="osem-dev-Users"),
        replace(one, to="Teams2"),
        replace(one, place=["aws", "eu-central-1", "999999999999"]),
        replace(one, place=["http://127.0.0.1:8000", "eu-central-1", ""]),
    ]

    assert len({files.path for files in [one, *others]}) == 5


@pytest.mark.parametrize(
    "change",
    [
        {"table": 7},
        {"place": "aws"},
        {"place": [1]},
        {"key": ""},
        {"key": "teamId"},
        {"dump": ""},
        {"dump": ".."},
        {"dump": "../../etc"},
        {"dump": "a\\b"},
        {"revision": -1},
        {"revision": True},
        {"items": "7"},
        {"deleting": 1},
        {"done": None},
        {"backup": {"arn": 1}},
        {"unknown": 1},
        {"identity": None},
    ],
    ids=str,
)
def test_a_file_that_no_migration_wrote_is_no_record(change: dict[str, Any]) -> None:
    """Whatever an editor, a full disk or somebody else made of it."""
    values = asdict(RECORD)

    assert record_of(values) == RECORD
    assert record_of({**values, **change}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(
    changes=st.dictionaries(st.sampled_from(sorted(asdict(RECORD))), JSON, max_size=3),
    left=st.lists(st.sampled_from(sorted(asdict(RECORD))), max_size=2),
)
def test_a_record_is_whole_or_none(changes: dict[str, Any], left: list[str]) -> None:
    """Any JSON gives a record whose parts can be used, or none; it never raises."""
    values = {name: v for name, v in {**asdict(RECORD), **changes}.items() if name not in left}

    found = record_of(json.loads(json.dumps(values)))

    if found is not None:
        assert found.folder.name == found.dump
        assert str(found.old_key) == found.key


def test_a_record_of_another_table_is_passed_over(tmp_path: Path) -> None:
    """A folder may hold what an earlier table of that name left."""
    files, record = saved(tmp_path)
    values = {**asdict(record), "table": "osem-prod-Teams"}
    record.beside.write_text(json.dumps(values))
    state.remove(files.path)

    assert files.read() is None
