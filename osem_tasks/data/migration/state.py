"""One run of a migration as a value: what is asked for, what is there, what was done."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, TypeVar

from osem_tasks.apply.run import Journal
from osem_tasks.aws.items import ItemStore
from osem_tasks.data import exports, layout
from osem_tasks.data.lines import items as items_of
from osem_tasks.data.meter import Meter
from osem_tasks.data.migration.check import check, mapped, mapping_of, survey
from osem_tasks.data.migration.record import Record, Records, Stage
from osem_tasks.schema.model import TableSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from osem_tasks.apply.run import Run
    from osem_tasks.data.attributes import Item
    from osem_tasks.data.layout import Export
    from osem_tasks.data.migration.check import Findings, Mapping
    from osem_tasks.data.migration.contents import Difference
    from osem_tasks.data.transform import Transform
    from osem_tasks.plan.actions import Action
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Key, Table

T = TypeVar("T")
# So many items are read in far less time than a task may be without progress.
_OFTEN = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for: ``table`` as it is to be, filled from the table named ``source``.

    Both names are the same unless a second table is filled (``to``). ``output`` is the folder
    that the user named, ``rate`` is in capacity units a second.
    """

    source: str
    table: Table
    declared: str
    environment: str
    output: Path | None = None
    transform: Transform | None = None
    rate: int | None = None
    to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What the task does itself: everything that asks, backs up or deletes.

    ``allow`` raises OsemError unless the old table may be deleted. ``confirm`` asks the user.
    ``back_up`` returns the facts of a backup, empty if none is made. ``delete`` deletes.
    """

    allow: Callable[[Migration], None]
    confirm: Callable[[Migration], None]
    back_up: Callable[[Migration], dict[str, str]]
    delete: Callable[[Migration], None]


def _untold(_: object) -> None:
    """Tell nobody."""


@dataclass(slots=True, kw_only=True)
class Migration:
    """One run of a migration. Its fields are up to date at any time, for the report.

    ``run`` has the one table to read, ``live`` is that table if it is there, ``new`` the one that
    is filled. ``reasons`` are the differences for which the table has to be replaced. ``harmed``
    says that the deletion was requested, ``gone`` that it is done, ``tolerant`` that what others
    change now is their own. ``stepped`` is called when a step is done.
    """

    run: Run
    order: Order
    records: Records
    stage: Stage = Stage.NOTHING
    live: LiveTable | None = None
    reasons: tuple[Action, ...] = ()
    record: Record | None = None
    mapping: Mapping | None = None
    findings: Findings | None = None
    new: LiveTable | None = None
    difference: Difference | None = None
    continued: bool = False
    dumped: bool = False
    harmed: bool = False
    gone: bool = False
    created: bool = False
    loaded: bool = False
    tolerant: bool = False
    stepped: Callable[[Migration], None] = _untold
    store: ItemStore = field(init=False)

    def __post_init__(self) -> None:
        self.store = ItemStore(self.run.store.connection)

    @property
    def known(self) -> Record:
        """The record of a migration that has begun."""
        return _there(self.record)

    @property
    def old(self) -> LiveTable:
        """The old table, before it is deleted."""
        return _there(self.live)

    @property
    def found(self) -> Findings:
        """What the check found, once it was made."""
        return _there(self.findings)

    @property
    def old_key(self) -> Key:
        """The key of the items in the dump."""
        return self.record.old_key if self.record else self.old.table.key

    @property
    def export(self) -> Export:
        """The dump, checked but for its data files. Raises OsemError."""
        return exports.read(self.known.folder)

    def raw(self) -> Iterator[Item]:
        """Yield the items of the dump as they are. Raises OsemError."""
        for number, read in enumerate(items_of(self.export)):
            if number % _OFTEN == 0:
                self.run.deadline.restart()
            yield read.item

    def made(self) -> Iterator[Item]:
        """Yield the items of the dump as they are to be. Raises OsemError."""
        if self.mapping is None:  # pragma: no cover  a mistake in the order of the steps
            raise AssertionError
        return (one for _, one in mapped(self.raw(), self.mapping))

    def save(self) -> None:
        """Keep the record. Raises OsemError."""
        self.records.save(self.known)

    def begin(self) -> None:
        """Begin a record, with a dump of its own. Raises OsemError."""
        order, live = self.order, self.old
        self.record = Record(
            table=order.source,
            place=self.records.place,
            identity=live.identity,
            arn=live.arn,
            key=str(live.table.key),
            output=str(self.records.output.absolute()),
            declared=order.declared,
            dump=layout.new_id(datetime.now(timezone.utc)),
            to=order.to,
            stream=live.stream_arn,
            revision=self.record.revision if self.record else 0,
        )
        self.save()

    def examine(self, items: Callable[[], Iterable[Item]]) -> None:
        """Map all ``items``, and keep what was found; nothing is written. Raises OsemError."""
        order, key = self.order, self.old_key
        total = self.record.items if self.record else self.old.items
        surveyed = survey(self._counted(items, "reading", total), order.table)
        self.mapping = mapping = mapping_of(key, order.table, surveyed, order.transform)
        self.findings = check(
            lambda: self._counted(items, "checking", surveyed.total.items),
            key,
            order.table,
            surveyed,
            mapping,
        )

    def _counted(
        self, items: Callable[[], Iterable[Item]], doing: str, total: int
    ) -> Iterator[Item]:
        """Yield ``items`` as a step of the run that goes on."""
        meter = Meter(f"{doing} {self.order.declared}", total, self.run.deadline)
        self.run.begin(meter.step)
        for item in items():
            yield item
            meter.advance(1)

    def of_new(self) -> Run:
        """Return the run for the table to fill alone."""
        table = self.order.table
        return replace(self.run, tables=TableSet((table,)), journal=Journal((table.name,)))


def _there(value: T | None) -> T:
    if value is None:  # pragma: no cover  a mistake in the order of the steps
        raise AssertionError
    return value
