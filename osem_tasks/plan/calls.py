"""Converts a planned action to its API call. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from osem_tasks.plan.actions import Action, Kind
from osem_tasks.schema import emulators, requests, warm
from osem_tasks.schema.facts import PERIOD, encryption_request
from osem_tasks.schema.judged import as_judged

if TYPE_CHECKING:
    from collections.abc import Callable

    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Index, Table
    from osem_tasks.schema.warm import WarmThroughput


class Call(NamedTuple):
    """A method of boto3's DynamoDB client and its arguments."""

    method: str
    arguments: dict[str, Any]


def call_for(action: Action, declared: Table, live: LiveTable) -> Call:
    """Return the call for ``action`` on the table in its current state ``live``.

    Raises KeyError for a kind that no call on an existing table supports.
    """
    return _BUILDERS[action.kind](action, as_judged(declared, live), live)


def _update(live: LiveTable, **arguments: Any) -> Call:
    arguments = emulators.keep_protection(live, arguments)
    return Call("update_table", {"TableName": live.table.name, **arguments})


def _index_update(live: LiveTable, verb: str, request: Any, **arguments: Any) -> Call:
    return _update(live, GlobalSecondaryIndexUpdates=[{verb: request}], **arguments)


def _index(action: Action) -> Index:
    if action.index is None:
        raise KeyError(action.kind)
    return action.index


def _holder(action: Action, declared: Table) -> Table | Index:
    """Return what has the capacity: the table or its index, judged by the live table."""
    if action.index is None or not declared.ignored:
        return action.index or declared
    name = action.index.name
    return next(index for index in declared.global_indexes if index.name == name)


def _create_index(action: Action, _: Table, live: LiveTable) -> Call:
    index = _fitting(_index(action), live.table)
    # Always the full set: AWS merges a partial list, moto replaces its own with it.
    attributes = (*live.table.attributes, *index.key.attributes)
    types = {attribute.name: attribute.type for attribute in attributes}
    definitions = [
        {"AttributeName": name, "AttributeType": kind} for name, kind in sorted(types.items())
    ]
    return _index_update(
        live, "Create", requests.index_request(index), AttributeDefinitions=definitions
    )


def _fitting(index: Index, table: Table) -> Index:
    """Return ``index`` with the capacity of the table's live billing mode.

    A switch of the mode may have been held back; the next one sets the declared capacity. AWS
    refuses warm throughput below what it gives anyway.
    """
    index = replace(index, warm_throughput=_above_least(index, table.billing))
    if table.billing == "PROVISIONED":
        return replace(index, throughput=index.throughput or table.throughput, max_throughput=None)
    return replace(index, throughput=None)


def _above_least(index: Index, billing: str) -> WarmThroughput | None:
    return warm.above(index.warm_throughput, warm.least(index, billing))


def _delete_index(action: Action, _: Table, live: LiveTable) -> Call:
    return _index_update(live, "Delete", {"IndexName": _index(action).name})


def _billing(_: Action, declared: Table, live: LiveTable) -> Call:
    if declared.billing == "PAY_PER_REQUEST":
        return _update(live, BillingMode=declared.billing)
    # The call needs a throughput for every live index; an undeclared one gets the table's.
    mine = {index.name: index.throughput for index in declared.global_indexes}
    table_units = requests.provisioned(declared.throughput)
    updates = [
        {
            "Update": {
                "IndexName": index.name,
                "ProvisionedThroughput": requests.provisioned(
                    mine.get(index.name) or declared.throughput
                ),
            }
        }
        for index in live.table.global_indexes
    ]
    return _update(
        live,
        BillingMode=declared.billing,
        ProvisionedThroughput=table_units,
        **({"GlobalSecondaryIndexUpdates": updates} if updates else {}),
    )


def _throughput(action: Action, declared: Table, live: LiveTable) -> Call:
    held = _holder(action, declared)
    units = requests.provisioned(held.throughput)
    if action.index is None:
        return _update(live, ProvisionedThroughput=units)
    request = {"IndexName": held.name, "ProvisionedThroughput": units}
    return _index_update(live, "Update", request)


def _max_throughput(action: Action, declared: Table, live: LiveTable) -> Call:
    held = _holder(action, declared)
    units = requests.on_demand(held.max_throughput)
    if action.index is None:
        return _update(live, OnDemandThroughput=units)
    return _index_update(live, "Update", {"IndexName": held.name, "OnDemandThroughput": units})


def _warm_throughput(action: Action, declared: Table, live: LiveTable) -> Call:
    held = _holder(action, declared)
    theirs = {index.name: index for index in live.table.global_indexes}
    found = live.table if action.index is None else theirs.get(held.name)
    # AWS refuses a lower number, and moto forgets one that is not sent.
    wanted = warm.highest(held.warm_throughput, found.warm_throughput if found else None)
    units = requests.warm_request(wanted or warm.WarmThroughput())
    if action.index is None:
        return _update(live, WarmThroughput=units)
    return _index_update(live, "Update", {"IndexName": held.name, "WarmThroughput": units})


def _stream(action: Action, _: Table, live: LiveTable) -> Call:
    if action.kind is Kind.DISABLE_STREAM:
        return _update(live, StreamSpecification={"StreamEnabled": False})
    wanted = {"StreamEnabled": True, "StreamViewType": action.target}
    return _update(live, StreamSpecification=wanted)


def _ttl(action: Action, _: Table, live: LiveTable) -> Call:
    wanted = {"Enabled": action.kind is Kind.ENABLE_TTL, "AttributeName": action.target}
    return Call(
        "update_time_to_live", {"TableName": live.table.name, "TimeToLiveSpecification": wanted}
    )


def _recovery(action: Action, declared: Table, live: LiveTable) -> Call:
    on = action.kind is not Kind.DISABLE_PITR
    days = declared.recovery_period_in_days
    wanted = {"PointInTimeRecoveryEnabled": on, **({PERIOD: days} if on and days else {})}
    return Call(
        "update_continuous_backups",
        {"TableName": live.table.name, "PointInTimeRecoverySpecification": wanted},
    )


def _protection(_: Action, declared: Table, live: LiveTable) -> Call:
    return _update(live, DeletionProtectionEnabled=bool(declared.deletion_protection))


def _tags(_: Action, declared: Table, live: LiveTable) -> Call:
    tags = [{"Key": key, "Value": value} for key, value in declared.tags or ()]
    return Call("tag_resource", {"ResourceArn": live.arn, "Tags": tags})


def _encryption(_: Action, declared: Table, live: LiveTable) -> Call:
    return _update(live, SSESpecification=encryption_request(declared.encryption))


def _table_class(_: Action, declared: Table, live: LiveTable) -> Call:
    return _update(live, TableClass=declared.table_class)


_BUILDERS: dict[Kind, Callable[[Action, Table, LiveTable], Call]] = {
    Kind.CREATE_INDEX: _create_index,
    Kind.DELETE_INDEX: _delete_index,
    Kind.UPDATE_BILLING: _billing,
    Kind.UPDATE_THROUGHPUT: _throughput,
    Kind.UPDATE_MAX_THROUGHPUT: _max_throughput,
    Kind.UPDATE_WARM_THROUGHPUT: _warm_throughput,
    Kind.ENABLE_STREAM: _stream,
    Kind.DISABLE_STREAM: _stream,
    Kind.ENABLE_TTL: _ttl,
    Kind.DISABLE_TTL: _ttl,
    Kind.ENABLE_PITR: _recovery,
    Kind.DISABLE_PITR: _recovery,
    Kind.UPDATE_PITR_PERIOD: _recovery,
    Kind.SET_DELETION_PROTECTION: _protection,
    Kind.SET_TAGS: _tags,
    Kind.UPDATE_ENCRYPTION: _encryption,
    Kind.UPDATE_TABLE_CLASS: _table_class,
}
