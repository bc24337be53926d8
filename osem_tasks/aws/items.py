"""Reads and writes items as JSON, exactly as the wire has them.

botocore's models would convert every attribute to a Python value and back, which costs most of
the time of a scan. Here botocore signs, sends, retries and reads errors; the bodies of requests
and answers pass through as they are.
"""

from __future__ import annotations

import json
import threading
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from osem_tasks.aws import errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from osem_tasks.aws.session import Connection

# An item, or a key, in DynamoDB JSON: {"name": {"S": "x"}}.
Item = dict[str, Any]
# DynamoDB's limits for the items of one call.
MAX_READ, MAX_TRANSACTION, MAX_BATCH = 100, 100, 25
_OPERATIONS = ("Scan", "BatchGetItem", "BatchWriteItem", "PutItem", "TransactWriteItems")
_OK = 200
_HOOKS = ("before-call", "before-parse")
# The bodies of the call that a thread is about: botocore's hooks get nothing else of a caller.
_EXCHANGE = threading.local()


@dataclass(frozen=True, slots=True)
class Write:
    """An item to write, with its table and the names of its key's attributes."""

    table: str
    key: tuple[str, ...]
    item: Item

    @property
    def key_item(self) -> Item:
        """The key alone."""
        return {name: self.item[name] for name in self.key}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of Scan: ``items``, and the key after which the next page begins.

    ``count`` is the number of items, also where the scan returns none (``Select=COUNT``);
    ``scanned`` that of the items before a filter left some out.
    ``units`` are the consumed capacity units; 0 if the engine does not tell them.
    """

    items: list[Item]
    count: int
    scanned: int
    last: Item | None
    units: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One answer of BatchWriteItem: the items that were not written, and the consumed units."""

    unprocessed: list[Item]
    units: float


@dataclass(frozen=True, slots=True)
class Existing:
    """One answer of BatchGetItem: the keys that have an item, and what was not read.

    ``found`` are tables with keys; ``left`` is the rest of the request, for the next call.
    """

    found: list[tuple[str, Item]]
    left: dict[str, Any]


class ItemStore:
    """The items of the tables of one target. Any thread may call it.

    Every method raises OsemError for a failure; no throttled call is repeated for long.
    """

    def __init__(self, connection: Connection) -> None:
        self._target = connection.target
        self._client = connection.dynamodb_items
        events = self._client.meta.events
        for operation in _OPERATIONS:
            # With an id once only: a connection has one client, and may have several stores.
            sent, answered = (f"{name}.dynamodb.{operation}" for name in _HOOKS)
            events.register_last(sent, _send, unique_id=f"osem {sent}")
            events.register(answered, _keep, unique_id=f"osem {answered}")

    def scan(self, table: str, *, start: Item | None, options: Mapping[str, Any]) -> Page:
        """Return the page of ``table`` after the key ``start``.

        ``options`` are members of a Scan request: Segment, TotalSegments, ConsistentRead,
        FilterExpression, ... Raises OsemError.
        """
        body: dict[str, Any] = {"TableName": table, "ReturnConsumedCapacity": "TOTAL", **options}
        if start is not None:
            body["ExclusiveStartKey"] = start
        text = json.dumps(body)
        answer = self._call("scanning", "scan", table, text, {"TableName": table})
        items, last = answer.get("Items", []), answer.get("LastEvaluatedKey")
        count = answer.get("Count")
        if not isinstance(items, list) or not isinstance(count, int):
            raise errors.truncated_response("scanning", self._target, table)
        units = _units([answer.get("ConsumedCapacity")])
        scanned = answer.get("ScannedCount", count)
        return Page(items=items, count=count, scanned=scanned, last=last or None, units=units)

    def put(self, table: str, items: Sequence[str]) -> Written:
        """Write ``items`` (texts of DynamoDB JSON, 25 at most, of different keys) to ``table``.

        Raises OsemError; after a lost answer the items may be written.
        """
        puts = ",".join([f'{{"PutRequest":{{"Item":{item}}}}}' for item in items])
        text = (
            f'{{"RequestItems":{{{json.dumps(table)}:[{puts}]}},"ReturnConsumedCapacity":"TOTAL"}}'
        )
        names: dict[str, Any] = {"RequestItems": {table: []}}
        answer = self._call("writing items to", "batch_write_item", table, text, names)
        try:
            # An answer without this member says nothing about the items.
            left = answer["UnprocessedItems"].get(table, [])
            unprocessed = [request["PutRequest"]["Item"] for request in left]
        except (KeyError, TypeError, AttributeError) as error:
            raise errors.truncated_response("writing items to", self._target, table) from error
        return Written(unprocessed=unprocessed, units=_units(answer.get("ConsumedCapacity", [])))

    def existing(self, request: Mapping[str, Any]) -> Existing:
        """Ask by ``keys_of`` some writes, or by what an earlier answer left. Raises OsemError."""
        tables = ", ".join(request)
        body = json.dumps({"RequestItems": request})
        names: dict[str, Any] = {"RequestItems": {table: {"Keys": []} for table in request}}
        answer = self._call("reading items of", "batch_get_item", tables, body, names)
        try:
            found = [(name, item) for name, part in answer["Responses"].items() for item in part]
            left = dict(answer["UnprocessedKeys"])
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise errors.truncated_response("reading items of", self._target, tables) from error
        return Existing(found, left)

    def put_new(self, write: Write) -> bool:
        """Put one item if its key has none; return whether it was written. Raises OsemError."""
        body = json.dumps(_put_new(write))
        names = {"TableName": write.table, "Item": {}}
        refusal = "ConditionalCheckFailedException"
        doing = "writing an item to"
        return self._call(doing, "put_item", write.table, body, names, refusal) is not None

    def put_new_together(self, writes: Sequence[Write], token: str) -> bool:
        """Put at most 100 items if none of their keys has an item: all of them, or none.

        A call with the same ``token`` as one whose answer was lost does not write again.
        Returns False if nothing was written: a key has an item, or another write was under way.
        Raises OsemError.
        """
        puts = [{"Put": _put_new(write)} for write in writes]
        body = json.dumps({"TransactItems": puts, "ClientRequestToken": token})
        tables = ", ".join(dict.fromkeys(write.table for write in writes))
        names: dict[str, Any] = {"TransactItems": []}
        refusal = "TransactionCanceledException"
        method, doing = "transact_write_items", "writing items to"
        return self._call(doing, method, tables, body, names, refusal) is not None

    def _call(  # noqa: PLR0917  one call, told to five callers
        self, doing: str, method: str, table: str, body: str, names: Any, refusal: str = ""
    ) -> Any:
        """Send ``body`` and return the answer; ``names`` is what botocore sees of the request.

        Returns None if DynamoDB answers with the error code ``refusal``.
        """
        from botocore.exceptions import ClientError

        exchange = _EXCHANGE
        exchange.body, exchange.answer, exchange.crc = body.encode(), b"", None
        with errors.translated(doing, self._target, table):
            try:
                getattr(self._client, method)(**names)
            except ClientError as error:
                if errors.error_code(error) != refusal:
                    raise
                return None
        intact = exchange.crc in (None, str(zlib.crc32(exchange.answer)))
        try:
            answer = json.loads(exchange.answer) if intact else None
        except ValueError:
            answer = None
        exchange.body = exchange.answer = b""
        if not isinstance(answer, dict):
            raise errors.truncated_response(doing, self._target, table)
        return answer


def _send(params: Any, **_: Any) -> None:
    """Replace the request's body: a hook of botocore, before it signs."""
    params["body"] = _EXCHANGE.body


def _keep(response_dict: Any, **_: Any) -> None:
    """Keep the body of a good answer, and let botocore parse nothing: a hook of botocore."""
    if response_dict["status_code"] == _OK:
        _EXCHANGE.answer = response_dict["body"]
        _EXCHANGE.crc = response_dict["headers"].get("x-amz-crc32")
        response_dict["body"] = b"{}"


def keys_of(writes: Iterable[Write]) -> dict[str, Any]:
    """Return the request for the keys of at most 100 ``writes``, read consistently."""
    request: dict[str, Any] = {}
    for write in writes:
        names = {f"#k{number}": name for number, name in enumerate(write.key)}
        part = {
            "Keys": [],
            "ConsistentRead": True,
            "ProjectionExpression": ", ".join(names),
            "ExpressionAttributeNames": names,
        }
        request.setdefault(write.table, part)["Keys"].append(write.key_item)
    return request


def _put_new(write: Write) -> dict[str, Any]:
    # One attribute of the key is enough: an item has all of them.
    return {
        "TableName": write.table,
        "Item": write.item,
        "ConditionExpression": "attribute_not_exists(#k)",
        "ExpressionAttributeNames": {"#k": write.key[0]},
    }


def _units(consumed: Any) -> float:
    """Return the capacity units of a list of ConsumedCapacity; emulators may leave them out."""
    entries = consumed if isinstance(consumed, list) else []
    found = [entry.get("CapacityUnits") for entry in entries if isinstance(entry, dict)]
    return float(sum(number for number in found if isinstance(number, (int, float))))
