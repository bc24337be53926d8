"""Reads and writes items as JSON, exactly as the wire has them.

botocore's models would convert every attribute to a Python value and back, which costs most of
the time of a scan. Here botocore signs, sends, retries and reads errors; the bodies of Scan and
BatchWriteItem pass through as they are.
"""

from __future__ import annotations

import json
import threading
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from osem_tasks.aws import errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from osem_tasks.aws.session import Connection

# An item, or a key, in DynamoDB JSON: {"name": {"S": "x"}}.
Item = dict[str, Any]
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of Scan: ``items``, and the key after which the next page begins.

    ``count`` is the number of items, also where the scan returns none (``Select=COUNT``).
    ``units`` are the consumed capacity units; 0 if the engine does not tell them.
    """

    items: list[Item]
    count: int
    last: Item | None
    units: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One answer of BatchWriteItem: the items that were not written, and the consumed units."""

    unprocessed: list[Item]
    units: float


class ItemStore:
    """The items of the tables of one target. Any thread may call it.

    Every method raises OsemError for a failure; no throttled call is repeated for long.
    """

    def __init__(self, connection: Connection) -> None:
        self._target = connection.target
        self._client = connection.dynamodb_items
        self._exchange = threading.local()
        events = self._client.meta.events
        for operation in ("Scan", "BatchWriteItem"):
            events.register_last(f"before-call.dynamodb.{operation}", self._send)
            events.register(f"before-parse.dynamodb.{operation}", self._keep)

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
        return Page(items=items, count=count, last=last or None, units=units)

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

    def _call(self, doing: str, method: str, table: str, body: str, names: Any) -> Any:
        """Send ``body`` and return the answer; ``names`` is what botocore sees of the request."""
        exchange = self._exchange
        exchange.body, exchange.answer, exchange.crc = body.encode(), b"", None
        with errors.translated(doing, self._target, table):
            getattr(self._client, method)(**names)
        intact = exchange.crc in (None, str(zlib.crc32(exchange.answer)))
        try:
            answer = json.loads(exchange.answer) if intact else None
        except ValueError:
            answer = None
        exchange.body = exchange.answer = b""
        if not isinstance(answer, dict):
            raise errors.truncated_response(doing, self._target, table)
        return answer

    def _send(self, params: Any, **_: Any) -> None:
        """Replace the request's body: a hook of botocore, before it signs."""
        params["body"] = self._exchange.body

    def _keep(self, response_dict: Any, **_: Any) -> None:
        """Keep the body of a good answer, and let botocore parse nothing: a hook of botocore."""
        if response_dict["status_code"] == _OK:
            self._exchange.answer = response_dict["body"]
            self._exchange.crc = response_dict["headers"].get("x-amz-crc32")
            response_dict["body"] = b"{}"


def _units(consumed: Any) -> float:
    """Return the capacity units of a list of ConsumedCapacity; emulators may leave them out."""
    entries = consumed if isinstance(consumed, list) else []
    found = [entry.get("CapacityUnits") for entry in entries if isinstance(entry, dict)]
    return float(sum(number for number in found if isinstance(number, (int, float))))
