"""A dump of one table: all of its items, once each, whatever ended the runs before."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.aws.items import ItemStore
from osem_tasks.data import exports, lines
from osem_tasks.data.dump import Dumped, Masking, Options, Source, dump_table
from osem_tasks.data.journal import NAME
from osem_tasks.data.layout import SUMMARY
from osem_tasks.errors import OsemError
from tests.support.examples import examples
from tests.support.fake_items import TABLE, FakeItems, live, run_on, texts
from tests.support.items import ATTRIBUTES

if TYPE_CHECKING:
    from osem_tasks.data.codec import Item

SEGMENT = 32 * 1024 * 1024
ITEMS = st.lists(ATTRIBUTES, max_size=25).map(
    lambda found: [{**item, "id": {"S": f"k{number}"}} for number, item in enumerate(found)]
)


def source_of(segments: int = 1, masking: Masking | None = None, identity: str = "1") -> Source:
    """The table, so large that it is read in so many segments."""
    described = live(size=(segments - 1) * SEGMENT + 1, identity=identity)
    return Source(
        live=described, declared="Orders", table=TABLE, environment="local", masking=masking
    )


def dumped(fake: FakeItems, source: Source, folder: Path, options: Options | None = None) -> Dumped:
    """A dump by a new process."""
    run = run_on(fake)
    store = ItemStore(run.store.connection)
    return dump_table(run, store, source, folder, options or Options())


def items_in(folder: Path) -> list[str]:
    """The items of a dump, checked as a load checks it."""
    export = exports.read(folder)
    exports.check(export)
    return texts(read.item for read in lines.items(export))


@given(ITEMS, st.integers(1, 5))
@examples(12)
def test_a_dump_has_every_item_exactly(items: list[Item], segments: int) -> None:
    """Of every type, in any number of segments."""
    fake = FakeItems().hold(items)
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path) / "1-a"

        done = dumped(fake, source_of(segments), folder)

        assert items_in(folder) == texts(items)
        assert (done.items, done.files, done.continued) == (len(items), segments, 0)
        assert not (folder / NAME).exists()


@given(st.integers(0, 30), st.integers(1, 4), st.integers(1, 12), st.data())
@examples(20)
def test_a_dump_goes_on_from_whatever_was_left(
    count: int, segments: int, fail_at: int, data: st.DataObject
) -> None:
    """After a failure at any call, and any cut of any file, no item is missing and none is double."""
    items = [{"id": {"S": f"k{number}"}, "n": {"N": str(number)}} for number in range(count)]
    fake = FakeItems(fail_at=(fail_at,)).hold(items)
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path) / "1-a"
        try:
            dumped(fake, source_of(segments), folder)
        except OsemError:
            assert not (folder / SUMMARY).exists()
            for file in sorted(folder.rglob("*.json*")):
                if data.draw(st.integers(0, 3)) == 0:
                    content = file.read_bytes()
                    file.write_bytes(content[: data.draw(st.integers(0, len(content)))])

        dumped(fake, source_of(segments), folder)

        assert items_in(folder) == texts(items)


def test_a_continued_dump_reads_no_page_again() -> None:
    """What an earlier run has written is counted, and not read from the table."""
    items = [{"id": {"S": f"k{number:02}"}} for number in range(12)]
    fake = FakeItems(fail_at=(4,)).hold(items)
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path) / "1-a"
        with pytest.raises(OsemError):
            dumped(fake, source_of(), folder)

        done = dumped(fake, source_of(), folder)

    # Three pages, a failure, one page: a dozen items in pages of three.
    assert (len(fake.calls), done.continued, done.items) == (5, 9, 12)


@pytest.mark.parametrize("change", ["mask", "consistent", "identity", "declaration"])
def test_a_dump_of_something_else_begins_anew(change: str) -> None:
    """Pages of another table, or masked otherwise, are no part of this dump."""
    items = [{"id": {"S": f"k{number:02}"}} for number in range(12)]
    fake = FakeItems(fail_at=(4,)).hold(items)
    one, options = source_of(), Options()
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path) / "1-a"
        with pytest.raises(OsemError):
            dumped(fake, one, folder, options)
        if change == "mask":
            one = source_of(masking=Masking(mask=dict, rules={"id": "hash"}, fingerprint="s"))
        elif change == "consistent":
            options = Options(consistent=True)
        elif change == "identity":
            one = source_of(identity="2")
        else:
            one = replace(one, table=replace(TABLE, tags=(("a", "b"),)))

        done = dumped(fake, one, folder, options)

        assert (done.continued, items_in(folder)) == (0, texts(items))


def test_a_complete_dump_is_left_alone() -> None:
    """The same call again reads nothing and says that it was complete."""
    fake = FakeItems().hold([{"id": {"S": "a"}}])
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path) / "1-a"
        dumped(fake, source_of(), folder)
        calls = len(fake.calls)

        again = dumped(fake, source_of(), folder)

    assert (len(fake.calls), again.finished_before, again.items) == (calls, True, 1)


def test_items_are_masked_before_they_reach_the_disk() -> None:
    """No byte of a masked value is in any file, and the manifest says what was masked."""
    secret = "ada@example.com"
    fake = FakeItems().hold([{"id": {"S": "a"}, "email": {"S": secret}}])
    masking = Masking(mask=lambda item: {**item, "email": {"S": "masked"}}, rules={"email": "hash"})
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path) / "1-a"

        dumped(fake, source_of(masking=masking), folder)

        (read,) = lines.items(exports.read(folder))
        assert read.item == {"id": {"S": "a"}, "email": {"S": "masked"}}
        assert exports.read(folder).masked == {"email": "hash"}
        content = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
        assert secret.encode() not in content


def test_the_manifest_says_what_the_dump_is_of() -> None:
    """The table, its declaration's digest, and how it was read."""
    fake = FakeItems().hold([{"id": {"S": "a"}}])
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path) / "1-a"

        dumped(fake, source_of(), folder, Options(consistent=True))

        own = json.loads((folder / SUMMARY).read_bytes())["osem"]
    assert own == {
        "environment": "local",
        "table": "Orders",
        "tableName": "osem-local-Orders",
        "declaration": source_of().digest,
        "consistent": True,
        "masked": {},
    }
    assert [request["ConsistentRead"] for _, request in fake.calls] == [True]


def test_files_are_private() -> None:
    """Data is readable by its owner alone."""
    fake = FakeItems().hold([{"id": {"S": "a"}}])
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path) / "Orders" / "1-a"

        dumped(fake, source_of(), folder)

        modes = {f"{entry.stat().st_mode & 0o777:o}" for entry in folder.rglob("*")}
    assert modes <= {"700", "600"}
