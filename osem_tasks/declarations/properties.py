"""Read one table from its properties, in the API's words or in CloudFormation's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.declarations import shape
from osem_tasks.declarations.capacity import settled
from osem_tasks.declarations.checking import Checker
from osem_tasks.declarations.consistency import inconsistencies, is_description
from osem_tasks.declarations.values import BROKEN, KeyPath, Place, RefusedError
from osem_tasks.errors import ModelError
from osem_tasks.schema.facts import DEFAULT_PERIOD, RECOVERY, SETTINGS
from osem_tasks.schema.model import NO_LIMIT, Table
from osem_tasks.schema.quoting import shown
from osem_tasks.schema.reader import declared_table
from osem_tasks.schema.warm import raised

if TYPE_CHECKING:
    from osem_tasks.declarations.shape import Fields
    from osem_tasks.schema.facts import Setting

# What an environment declares for a table that does not declare it, by the table's property.
_OF_ENVIRONMENT = {
    "DeletionProtectionEnabled": "deletion_protection",
    RECOVERY: "point_in_time_recovery",
}
_WARM = "WarmThroughput"


def read_table(
    properties: object, where: str, name: str | None = None, *, path: KeyPath = ()
) -> Table:
    """Read one table in the API's words. ``where`` identifies it until it has a name.

    ``name`` replaces an omitted TableName; ``path`` is its place in the file. Raises
    RefusedError.
    """
    place = Place(where, path)
    if not isinstance(properties, Mapping):
        raise place.refused("must be a mapping as CreateTable takes it")
    table_name = properties.get("TableName", name)
    if table_name is None:
        raise RefusedError([place.at("TableName").sentence("is missing")])
    if not isinstance(table_name, str):
        raise RefusedError(
            [place.at("TableName").sentence(f"must be a string, not {shown(table_name)}")]
        )
    place = Place(f"table {shown(table_name)}: not as CreateTable has it", path)
    return built(table_name, properties, shape.TABLE, place)


def built(
    name: str,
    properties: Mapping[str, Any],
    kind: Fields,
    place: Place,
    *,
    template: bool = False,
    ignored: Iterable[str] = (),
    unmanaged: Iterable[tuple[str, str]] = (),
) -> Table:
    """Return the table that ``properties`` declare in the shape ``kind``.

    ``ignored`` and ``unmanaged`` are added to what is found. Raises RefusedError.
    """
    capacity = settled(properties)
    checker = Checker(place, template=template)
    given = checker.checked(capacity.properties, kind)
    problems = checker.problems
    described = not template and is_description(properties)
    if not problems and BROKEN not in properties.values():
        problems += inconsistencies(given, place, described=described)
    if problems or BROKEN in properties.values():
        raise RefusedError(problems)
    given = _without_warm(given) if described else given
    table = _table(name, given, frozenset((*ignored, *capacity.ignored)), place)
    found = [*unmanaged, *capacity.unmanaged, *checker.unmanaged]
    if described:
        table = _without(table, [setting for setting in SETTINGS if not setting.own_call])
    return replace(
        table,
        ignored=frozenset((*table.ignored, *_unsure(table, found))),
        unmanaged=tuple(dict.fromkeys(found)),
    )


def _without_warm(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return a description without warm throughput, which DescribeTable shows of every table."""
    silent = {name: part for name, part in properties.items() if name != _WARM}
    indexes = silent.get("GlobalSecondaryIndexes", ())
    silent["GlobalSecondaryIndexes"] = [
        {name: part for name, part in index.items() if name != _WARM} for index in indexes
    ]
    return silent


def _unsure(table: Table, unmanaged: Iterable[tuple[str, str]]) -> list[str]:
    """Return the facts that an environment would declare although only AWS knows the table's."""
    return [
        fact
        for name, fact in _OF_ENVIRONMENT.items()
        if getattr(table, fact) is None and any(name in path and why for path, why in unmanaged)
    ]


def _table(name: str, given: Mapping[str, Any], ignored: frozenset[str], place: Place) -> Table:
    """Return the table of checked properties. Raises RefusedError for a rule of DynamoDB."""
    try:
        return declared_table(name, given, ignored)
    except ModelError as error:
        raise RefusedError([place.problem(words) for words in error.problems]) from None
    except KeyError as error:
        raise RefusedError([place.problem(f"{error.args[0]} is missing")]) from None
    except ValueError as error:
        raise RefusedError([place.problem(str(error))]) from None


def declared_part(table: Table) -> Table:
    """Return the declaration of a live table, without AWS's defaults."""
    days = table.recovery_period_in_days
    indexes = tuple(
        replace(index, warm_throughput=raised(index, table.billing))
        for index in table.global_indexes
    )
    declared = replace(
        table,
        check=False,
        global_indexes=indexes,
        warm_throughput=raised(table, table.billing),
        recovery_period_in_days=None if days == DEFAULT_PERIOD else days,
    )
    return _without(declared, SETTINGS)


def _without(table: Table, settings: Iterable[Setting]) -> Table:
    """Return ``table`` without AWS's defaults of ``settings`` and of on-demand limits."""
    undeclared: dict[str, Any] = {
        setting.field: None
        for setting in settings
        if getattr(table, setting.field) == setting.default
    }
    if table.max_throughput == NO_LIMIT:
        undeclared["max_throughput"] = None
    indexes = tuple(
        replace(index, max_throughput=None) if index.max_throughput == NO_LIMIT else index
        for index in table.global_indexes
    )
    return replace(table, global_indexes=indexes, **undeclared)
