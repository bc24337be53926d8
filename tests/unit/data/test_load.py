"""A load into one table: every item is there, and the result says what happened."""

from __future__ import annotations

import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.aws.items import ItemStore
from osem_tasks.data import exports, load
from osem_tasks.data.dump import Options as DumpOptions
from osem_tasks.data.dump import dump_table
from osem_tasks.data.writer import Writer
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema.model import table
from osem_tasks.waiting.policy import using
from tests.support.canned_aws import Raw, Refusal
from tests.support.examples import examples
from tests.support.fake_items import TABLE, FakeItems, live, run_on, texts
from tests.support.patience import SHORT
from tests.unit.data.test_dump import source_of

if TYPE_CHECKING:
    from osem_tasks.data.codec import Item


def many(count: int, text: str = "") -> list[Item]:
    """So many items of different keys."""
    return [{"id": {"S": f"k{number:03}"}, "t": {"S": text}} for number in range(count)]


def written(fake: FakeItems, items: list[Item], **options: Any) -> list[int]:
    """Write items; return the numbers of the batches that were written."""
    run = run_on(fake, options.pop("seconds", 60.0))
    batches: list[int] = []
    with (
        using(SHORT),
        Writer(
            run,
            ItemStore(run.store.connection),
            TABLE,
            lambda batch: batches.append(batch.number),
            **options,
        ) as writer,
    ):
        for item in items:
            writer.add(item)
    return sorted(batches)


@given(st.lists(st.integers(0, 40), max_size=120), st.integers(0, 25), st.integers(0, 6))
@examples(20)
def test_every_item_is_written(numbers: list[int], left: int, patience: int) -> None:
    """Also where items are left unprocessed, and where keys repeat: then the last of a batch counts."""
    items: list[Item] = [{"id": {"S": str(number)}, "n": {"N": "1"}} for number in numbers]
    fake = FakeItems(left=left, patience=patience)

    batches = written(fake, items)

    assert texts(fake.items.values()) == texts({item["id"]["S"]: item for item in items}.values())
    assert batches == list(range(len(batches)))


def test_a_batch_has_no_key_twice_and_is_bounded() -> None:
    """25 items, and about a megabyte: the memory of a load does not grow with its items."""
    fake = FakeItems()

    written(fake, many(60, "x" * 100_000))

    sizes = [len(request["RequestItems"][TABLE.name]) for _, request in fake.calls]
    assert (sum(sizes), max(sizes)) == (60, 10)


def test_items_that_are_never_processed_end_in_a_sentence() -> None:
    """After the time without progress, with what to do."""
    fake = FakeItems(left=25, patience=10**9)

    with pytest.raises(OsemError, match="unprocessed for 1 s") as caught:
        written(fake, many(3), seconds=0.6)

    assert caught.value.code is ErrorCode.THROTTLED


@pytest.mark.parametrize(
    "failure, code",
    [
        (Refusal("AccessDeniedException"), ErrorCode.AWS_PERMISSIONS_DENIED),
        (Refusal("ResourceNotFoundException"), ErrorCode.TABLE_NOT_FOUND),
        (Raw(b"{}"), ErrorCode.NETWORK_ERROR),
        (Raw(b'{"UnprocessedItems":'), ErrorCode.NETWORK_ERROR),
        (Raw(b'{"UnprocessedItems":{}}', headers={"x-amz-crc32": "1"}), ErrorCode.NETWORK_ERROR),
        (Raw(b'{"UnprocessedItems":{"osem-local-Orders":[{}]}}'), ErrorCode.NETWORK_ERROR),
    ],
)
def test_an_answer_that_says_nothing_counts_for_nothing(failure: Any, code: ErrorCode) -> None:
    """A refused, empty, cut or damaged answer is an error, and no batch counts as written."""
    fake = FakeItems(failure=failure, fail_at=tuple(range(1, 100)))

    with pytest.raises(OsemError) as caught:
        written(fake, many(30))

    assert (caught.value.code, fake.items) == (code, {})


def test_an_intact_answer_has_its_checksum() -> None:
    """DynamoDB sends a CRC32 of the body; a right one passes."""
    body = b'{"UnprocessedItems":{},"ConsumedCapacity":[]}'
    headers = {"x-amz-crc32": str(zlib.crc32(body))}
    fake = FakeItems(failure=Raw(body, headers=headers), fail_at=(1,))

    assert written(fake, many(3)) == [0]


def export_of(items: list[Item], folder: Path) -> Any:
    """A dump of these items."""
    run = run_on(FakeItems().hold(items))
    done = dump_table(
        run, ItemStore(run.store.connection), source_of(3), folder / "1-a", DumpOptions()
    )
    return exports.read(done.folder)


def loaded(fake: FakeItems, export: Any, **options: Any) -> load.Loaded:
    """A load by a new process."""
    run = run_on(fake)
    store = ItemStore(run.store.connection)
    with using(SHORT):
        return load.load_export(run, store, export, live(), load.Options(**options))


def test_the_result_counts_before_written_and_after(tmp_path: Path) -> None:
    """Items of equal keys are replaced, others stay."""
    export = export_of(many(40, "new"), tmp_path)
    fake = FakeItems().hold([*many(10, "old"), {"id": {"S": "other"}}])

    done = loaded(fake, export)

    assert (done.before, done.items, done.after, done.checked) == (11, 40, 41, False)
    assert texts(fake.items.values()) == texts([*many(40, "new"), {"id": {"S": "other"}}])


def test_a_checksum_compares_every_item(tmp_path: Path) -> None:
    """It is equal where the table is what the dump was."""
    assert loaded(FakeItems(), export_of(many(40), tmp_path), checksum=True).checked


def test_a_checksum_finds_another_value(tmp_path: Path) -> None:
    """The number of items is right, and one of them is not."""
    export = export_of(many(40), tmp_path)

    class Changing(FakeItems):
        """Something else changes an item once all are written."""

        def answer(self, operation: str, request: Any) -> Any:
            if operation == "Scan" and len(self.items) == 40:
                self.hold(many(1, "changed"))
            return super().answer(operation, request)

    with pytest.raises(OsemError, match="checksums differ"):
        loaded(Changing(), export, checksum=True)


def test_fewer_items_than_were_written_are_an_error(tmp_path: Path) -> None:
    """Two items of the dump have one key in the table: one of them is lost, and it is said."""
    export = export_of(many(40), tmp_path)

    class Forgetful(FakeItems):
        """Something else deletes an item."""

        def answer(self, operation: str, request: Any) -> Any:
            if operation == "Scan":
                self.items.pop('["k001"]', None)
            return super().answer(operation, request)

    with pytest.raises(OsemError, match="has 39 items after 40 were written") as caught:
        loaded(Forgetful(), export)

    assert caught.value.code is ErrorCode.SCHEMA_VALIDATION_FAILED


def test_an_item_without_the_tables_key_names_its_line(tmp_path: Path) -> None:
    """The file and the line are named, and how items are mapped."""
    export = export_of(many(3), tmp_path)
    run = run_on(FakeItems())
    other = live(declared=table("osem-local-Orders", "id N"))

    with pytest.raises(OsemError, match="line 1 has a key attribute id of type S, not N") as caught:
        load.load_export(run, ItemStore(run.store.connection), export, other, load.Options())

    assert "--transform" in caught.value.remediation


def test_a_transformation_that_removes_the_key_is_named(tmp_path: Path) -> None:
    """The function is at fault then: to name it once more would not help."""
    export = export_of(many(3), tmp_path)

    with pytest.raises(
        OsemError, match=r"after the function of --transform, has no .*id"
    ) as caught:
        loaded(FakeItems(), export, transform=lambda item: [{"t": item["t"]}], named="m:f")

    assert caught.value.remediation.startswith("The function must return the attributes")


def test_a_transformation_maps_to_several_or_none(tmp_path: Path) -> None:
    """The result counts what was written."""

    def transform(item: Item) -> list[Item]:
        number = int(item["id"]["S"][1:])
        return [] if number % 2 else [item, {**item, "id": {"S": f"{number}-b"}}]

    fake = FakeItems()

    done = loaded(fake, export_of(many(10), tmp_path), transform=transform, named="m:f")

    assert (done.items, done.after, len(fake.items)) == (10, 10, 10)


@given(st.integers(1, 60), st.integers(2, 9))
@examples(8)
def test_a_failed_load_is_continued(count: int, fail_at: int) -> None:
    """After a failure at any call, the next run completes it and every item is there."""
    with tempfile.TemporaryDirectory() as path:
        export = export_of(many(count), Path(path))
        fake = FakeItems(fail_at=(fail_at,))
        try:
            loaded(fake, export)
        except OsemError:
            loaded(fake, export)

        assert texts(fake.items.values()) == texts(many(count))
