"""The strict control plane with what goes wrong on the way, as a script of faults."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ConnectionClosedError

from tests.support.fake_dynamodb import FakeDynamoDB
from tests.support.fake_dynamodb.shapes import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.fake_dynamodb.shapes import Json

ENDPOINT = "https://dynamodb.us-east-1.amazonaws.com"


class Way(Enum):
    """What becomes of a call."""

    REFUSED = "refused"  # answered by an error
    DROPPED = "dropped"  # lost before it arrived
    LOST = "lost"  # carried out, and its answer lost
    UNSEEN = "unseen"  # DescribeTable does not see the table yet
    STALE = "stale"  # DescribeTable still shows the indexes that were there at first
    BEFORE = "before"  # a reading shows everything as it was at the first reading


@dataclass
class Fault:
    """What becomes of the next ``times`` calls of ``operation`` (None: of all of them).

    ``table`` restricts it to calls about one table; ``after`` calls pass first.
    """

    operation: str
    way: Way
    code: str = ""
    message: str = "its words"
    times: int | None = 1
    table: str = ""
    after: int = 0

    def hits(self, operation: str, name: str) -> bool:
        """Whether this call is hit; counted."""
        if operation != self.operation or self.table not in ("", name) or self.times == 0:
            return False
        if self.after:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class ScriptedDynamoDB(FakeDynamoDB):
    """The fake, with faults. ``most_moving`` is how many tables were not ACTIVE at once."""

    def __init__(self, *faults: Fault, delay: int = 0) -> None:
        super().__init__(delay=delay)
        self.faults = list(faults)
        self.most_moving = 0
        self._stale: dict[str, list[Json]] = {}
        self._first: dict[tuple[str, str], Json] = {}

    def operations(self, *names: str) -> list[tuple[str, str]]:
        """The operations of these names and their tables, in order."""
        return [
            (operation, str(request.get("TableName", "")))
            for operation, request in self.calls
            if operation in names
        ]

    def count(self, operation: str) -> int:
        """How often an operation was called."""
        return len(self.operations(operation))

    def _call(self, operation: str, request: Json, body: Callable[[Json], Json]) -> Json:
        with self._lock:
            fault = self._next(operation, str(request.get("TableName", "")))
            if fault is not None and fault.way is Way.BEFORE:
                self.calls.append((operation, dict(request)))
                return self._first[operation, str(request)]
            if fault is None or fault.way is Way.STALE:
                answer = super()._call(operation, request, body)
                self._first.setdefault((operation, str(request)), copy.deepcopy(answer))
                return self._aged(answer, stale=fault is not None)
            if fault.way is Way.LOST:
                super()._call(operation, request, body)
                raise ConnectionClosedError(endpoint_url=ENDPOINT)
            self.calls.append((operation, dict(request)))
            if fault.way is Way.DROPPED:
                raise ConnectionClosedError(endpoint_url=ENDPOINT)
            code = MISSING if fault.way is Way.UNSEEN else fault.code
            error: Any = {"Error": {"Code": code, "Message": fault.message}}
            raise ClientError(error, operation)

    def _next(self, operation: str, name: str) -> Fault | None:
        return next((fault for fault in self.faults if fault.hits(operation, name)), None)

    def _aged(self, answer: Json, *, stale: bool) -> Json:
        """A description whose indexes are those of the first one, if it is ``stale``."""
        if "Table" in answer:
            table = answer["Table"]
            first = self._stale.setdefault(
                table["TableName"], list(table.get("GlobalSecondaryIndexes", []))
            )
            if stale:
                table["GlobalSecondaryIndexes"] = first
        return answer

    def _create(self, request: Json) -> Json:
        answer = super()._create(request)
        moving = sum(table.status != "ACTIVE" for table in self._tables.values())
        self.most_moving = max(self.most_moving, moving)
        return answer


def refused(operation: str, code: str, **facts: Any) -> Fault:
    """A call that is answered by an error."""
    return Fault(operation, Way.REFUSED, code, **facts)
