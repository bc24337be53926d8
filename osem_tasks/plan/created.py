"""What a new table will have, fact by fact, for the plan that creates it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from osem_tasks.schema import emulators
from osem_tasks.schema.difference import days_text
from osem_tasks.schema.facts import SETTINGS
from osem_tasks.schema.live import MAX_THROUGHPUT, RECOVERY, RECOVERY_PERIOD, WARM_THROUGHPUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.schema.difference import Plain
    from osem_tasks.schema.emulators import Engine
    from osem_tasks.schema.model import Index, Table

_CAPACITY = ("throughput", MAX_THROUGHPUT, WARM_THROUGHPUT)


@dataclass(frozen=True, slots=True)
class NewFact:
    """One fact of a table to create. ``path`` is its name in differences.

    ``reason`` says why the engine will not keep it; it is empty for one that it keeps.
    """

    path: str
    value: Plain
    reason: str = ""

    def as_json(self) -> dict[str, object]:
        """Return an entry of ``creates`` of an action."""
        return {"path": self.path, "value": self.value, "notKept": self.reason or None}


def new_facts(table: Table, engine: Engine) -> tuple[NewFact, ...]:
    """Return everything that ``table`` declares, and what a new table on ``engine`` keeps of it.

    The order is that of a comparison: the key, the indexes, the capacity, the settings.
    """
    return (
        NewFact("key", str(table.key)),
        *_index_facts("index", table.global_indexes, engine),
        *_index_facts("local_index", table.local_indexes, engine),
        NewFact("billing", table.billing),
        *_capacity(table, "", engine),
        *_settings(table, engine),
    )


def _index_facts(kind: str, indexes: tuple[Index, ...], engine: Engine) -> Iterator[NewFact]:
    for index in indexes:
        path = f"{kind}[{index.name}]"
        yield NewFact(f"{path}.key", str(index.key))
        yield NewFact(f"{path}.projection", str(index.projection))
        yield from _capacity(index, f"{path}.", engine)


def _capacity(holder: Table | Index, before: str, engine: Engine) -> Iterator[NewFact]:
    for name in _CAPACITY:
        if (units := getattr(holder, name)) is not None:
            yield NewFact(f"{before}{name}", str(units), emulators.not_kept(engine, name))


def _settings(table: Table, engine: Engine) -> Iterator[NewFact]:
    for setting in SETTINGS:
        if (value := getattr(table, setting.field)) is not None:
            reason = emulators.not_kept(engine, setting.field)
            yield NewFact(setting.field, setting.show(value), reason)
        if setting.field == RECOVERY and table.recovery_period_in_days is not None:
            period = days_text(table.recovery_period_in_days)
            yield NewFact(RECOVERY_PERIOD, period, emulators.not_kept(engine, RECOVERY))
