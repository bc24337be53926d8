"""Read and write items. Items are DynamoDB JSON, as the API sends it: binary is base64 text."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from osem_tasks.aws import errors
from osem_tasks.waiting import policy, wait

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.aws.session import Connection
    from osem_tasks.waiting.clock import Deadline

Item = dict[str, Any]

# DynamoDB's limits for the items of one call.
MAX_READ, MAX_TRANSACTION, MAX_BATCH = 100, 100, 25


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


class ItemStore:
    """The items of one target. Every method raises OsemError for a failure.

    Nothing is requested after ``deadline``.
    """

    def __init__(self, connection: Connection, deadline: Deadline) -> None:
        self._client: Any = connection.dynamodb
        self._target = connection.target
        self._deadline = deadline

    def existing(self, writes: Sequence[Write]) -> list[tuple[str, Item]]:
        """Return table and key of those of at most 100 ``writes`` whose key has an item.

        The reads are consistent.
        """
        found: list[tuple[str, Item]] = []
        request: dict[str, Any] = {}
        for write in writes:
            keys = request.setdefault(write.table, _read_of(write))
            keys["Keys"].append(_sent(write.key_item))

        def read() -> bool:
            nonlocal request
            with errors.translated("reading items of", self._target, _tables(writes)):
                answer = self._client.batch_get_item(RequestItems=request)
            for table, items in self._part(answer, "Responses", "reading items of", writes).items():
                found.extend((table, _received(item)) for item in items)
            request = answer.get("UnprocessedKeys", {})
            return not request

        self._until_all_is_processed(read, "the last items that are read")
        return found

    def put_new_together(self, writes: Sequence[Write], token: str) -> bool:
        """Put at most 100 items if none of their keys has an item: all of them, or none.

        A call with the same ``token`` as one whose answer was lost does not write again.
        Returns False if nothing was written: a key has an item, or another write was under way.
        """
        from botocore.exceptions import ClientError

        puts = [{"Put": _put_new(write)} for write in writes]
        with errors.translated("writing items to", self._target, _tables(writes)):
            try:
                self._client.transact_write_items(TransactItems=puts, ClientRequestToken=token)
            except ClientError as error:
                if errors.error_code(error) != "TransactionCanceledException":
                    raise
                return False
        return True

    def put_new(self, write: Write) -> bool:
        """Put one item if its key has none; return whether it was written."""
        from botocore.exceptions import ClientError

        with errors.translated("writing an item to", self._target, write.table):
            try:
                self._client.put_item(**_put_new(write))
            except ClientError as error:
                if errors.error_code(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True

    def put(self, writes: Sequence[Write]) -> None:
        """Put at most 25 items, whatever is there."""
        request: dict[str, Any] = {}
        for write in writes:
            puts = request.setdefault(write.table, [])
            puts.append({"PutRequest": {"Item": _sent(write.item)}})

        def send() -> bool:
            nonlocal request
            with errors.translated("writing items to", self._target, _tables(writes)):
                answer = self._client.batch_write_item(RequestItems=request)
            request = self._part(answer, "UnprocessedItems", "writing items to", writes)
            return not request

        self._until_all_is_processed(send, "the last items that are written")

    def _part(self, answer: Any, key: str, doing: str, writes: Sequence[Write]) -> Any:
        """Return a required member of an answer: botocore passes half an answer on as none."""
        if key not in answer:
            raise errors.truncated_response(doing, self._target, _tables(writes))
        return answer[key]

    def _until_all_is_processed(self, send: Any, what: str) -> None:
        """Call ``send`` until it returns True; DynamoDB leaves out what exceeds the capacity."""
        backoff = wait.Backoff(policy.current().retry)
        wait.wait_until(lambda: send() or None, self._deadline, lambda: what, backoff)


def _tables(writes: Sequence[Write]) -> str:
    return ", ".join(dict.fromkeys(write.table for write in writes))


def _read_of(write: Write) -> dict[str, Any]:
    names = {f"#k{number}": name for number, name in enumerate(write.key)}
    return {
        "Keys": [],
        "ConsistentRead": True,
        "ProjectionExpression": ", ".join(names),
        "ExpressionAttributeNames": names,
    }


def _put_new(write: Write) -> dict[str, Any]:
    # One attribute of the key is enough: an item has all of them.
    return {
        "TableName": write.table,
        "Item": _sent(write.item),
        "ConditionExpression": "attribute_not_exists(#k)",
        "ExpressionAttributeNames": {"#k": write.key[0]},
    }


def _sent(item: Item) -> dict[str, Any]:
    """Return an item in the form of boto3, which encodes binary itself."""
    return {name: _with(value, base64.b64decode) for name, value in item.items()}


def _received(item: Item) -> Item:
    return {
        name: _with(value, lambda data: base64.b64encode(data).decode())
        for name, value in item.items()
    }


def _with(value: dict[str, Any], binary: Any) -> dict[str, Any]:
    """Return an attribute value whose binary parts are passed through ``binary``."""
    [(kind, content)] = value.items()
    if kind == "B":
        return {kind: binary(content)}
    if kind == "BS":
        return {kind: [binary(element) for element in content]}
    if kind == "L":
        return {kind: [_with(inner, binary) for inner in content]}
    if kind == "M":
        return {kind: {name: _with(inner, binary) for name, inner in content.items()}}
    return value
