"""DynamoDB's control plane in memory, as strict as AWS's.

Behind the methods of boto3's client that ``TableStore`` uses: requests are checked by
botocore's own validator and by the rules of the API reference, answers have the shape of
the service model. Changes take a number of describes to settle, lists come back in an
order that means nothing, and the process that calls can be killed at any call. There is
no DeleteTable: calling it is a failed test.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from osem_tasks.aws.store import TableStore
from osem_tasks.config.environments import BUILT_IN
from osem_tasks.config.naming import Naming
from osem_tasks.config.target import Target
from osem_tasks.schema.requests import create_request
from tests.support.fake_dynamodb.rules import (
    CHANGES_BY_FIELD,
    add_settings,
    new_table,
    shown_index,
    tags_of,
    units_of,
)
from tests.support.fake_dynamodb.shapes import (
    ARN,
    IN_USE,
    LIMIT,
    MISSING,
    VALID,
    Killed,
    Refused,
    check_shape,
    copied,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import NoReturn

    from osem_tasks.schema.model import Table
    from tests.support.fake_dynamodb.shapes import HeldTable, Json

READING = ("Describe", "List", "Scan")
PAGE_OF_TAGS = 10


class FakeDynamoDB:
    """The client and the service behind it.

    ``delay`` is how many describes show a change as under way, ``seed`` decides the order
    of lists, ``ttl_interval`` the seconds between two changes of a time to live (an hour
    on AWS).
    """

    def __init__(
        self,
        *,
        delay: int = 0,
        seed: int = 0,
        ttl_interval: float = 0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.delay, self.seed, self.ttl_interval = delay, seed, ttl_interval
        self.calls: list[tuple[str, Json]] = []
        self.refused: list[str] = []
        # Called before every call with its operation and its request; it may raise ClientError.
        self.before: Callable[[str, Json], None] = lambda _, __: None
        self._now = now
        self._tables: dict[str, HeldTable] = {}
        self._lock = threading.RLock()
        self._until_death = -1
        self._answered = False
        self.dead = False

    # What a test does with it.

    def hold(self, table: Table, items: int = 0) -> None:
        """Have ``table``, at rest, with so many items; the calls are not recorded."""
        delay, self.delay = self.delay, 0
        self._create(cast("Json", create_request(table)))
        self.delay = delay
        mine = self._tables[table.name]
        mine.ttl = table.ttl.attribute if table.ttl else None
        mine.recovery = bool(table.point_in_time_recovery)
        mine.period = table.recovery_period_in_days or 35
        mine.items = [{"n": {"N": str(number)}} for number in range(items)]

    def put(self, name: str, item: Json) -> None:
        """PutItem."""
        self._tables[name].items.append(item)

    def items_of(self, name: str) -> list[Json]:
        """All items of a table."""
        return list(self._tables[name].items)

    def kill(self, at: int, *, answered: bool = False) -> None:
        """Let the process end at the call number ``at``: before it arrives, or once done."""
        self._until_death, self._answered, self.dead = at, answered, False

    def revive(self) -> None:
        """Let a new process call."""
        self._until_death, self.dead = -1, False

    def forget(self) -> None:
        """Begin the records of calls anew."""
        self.calls.clear()
        self.refused.clear()

    @property
    def writes(self) -> list[tuple[str, Json]]:
        """The calls that change something."""
        return [each for each in self.calls if not each[0].startswith(READING)]

    def state(self) -> dict[str, Json]:
        """Everything that is held, but not what is under way."""
        shown = {}
        for name, table in self._tables.items():
            own = copied(vars(table))
            for passing in ("ttl_changed", "busy", "status", "summary"):
                del own[passing]
            own["indexes"] = {
                n: {k: v for k, v in vars(i).items() if k not in ("status", "left")}
                for n, i in sorted(own["indexes"].items())
            }
            own["types"] = dict(sorted(own["types"].items()))
            shown[name] = own
        return shown

    def index_names(self, name: str) -> set[str]:
        """The global indexes of a table."""
        return set(self._tables[name].indexes)

    # The client.

    def delete_table(self, **_: Any) -> NoReturn:
        """No repair may ever come here."""
        msg = "DeleteTable was called"
        raise AssertionError(msg)

    def create_table(self, **request: Any) -> Json:
        """CreateTable."""
        return self._call("CreateTable", request, self._create)

    def describe_table(self, **request: Any) -> Json:
        """DescribeTable; time goes on by it."""
        return self._call("DescribeTable", request, self._describe)

    def update_table(self, **request: Any) -> Json:
        """UpdateTable."""
        return self._call("UpdateTable", request, self._update)

    def list_tables(self, **request: Any) -> Json:
        """ListTables."""
        names = sorted(self._tables)
        return self._call("ListTables", request, lambda _: {"TableNames": names})

    def list_tags_of_resource(self, **request: Any) -> Json:
        """ListTagsOfResource, ten at a time."""
        return self._call("ListTagsOfResource", request, self._list_tags)

    def tag_resource(self, **request: Any) -> Json:
        """TagResource."""
        return self._call("TagResource", request, self._tag)

    def describe_time_to_live(self, **request: Any) -> Json:
        """DescribeTimeToLive."""
        return self._call("DescribeTimeToLive", request, self._describe_ttl)

    def update_time_to_live(self, **request: Any) -> Json:
        """UpdateTimeToLive."""
        return self._call("UpdateTimeToLive", request, self._update_ttl)

    def describe_continuous_backups(self, **request: Any) -> Json:
        """DescribeContinuousBackups."""
        return self._call("DescribeContinuousBackups", request, self._describe_backups)

    def update_continuous_backups(self, **request: Any) -> Json:
        """UpdateContinuousBackups."""
        return self._call("UpdateContinuousBackups", request, self._update_backups)

    def scan(self, **request: Any) -> Json:
        """Scan, as far as it counts: one item at most, DynamoDB's own number may be stale."""
        return self._call("Scan", request, self._scan)

    def get_paginator(self, method: str) -> _Pages:
        """A paginator of ``list_tables`` or ``list_tags_of_resource``."""
        return _Pages(getattr(self, method))

    # The service.

    def _call(self, operation: str, request: Json, body: Callable[[Json], Json]) -> Json:
        self.before(operation, request)
        with self._lock:
            last = self._until_death == 0
            self._until_death -= 1
            if self.dead or (last and not self._answered):
                self.dead = True
                raise Killed
            check_shape(operation, request)
            self.calls.append((operation, copied(request)))
            try:
                answer = copied(body(request))
            except Refused as error:
                if error.code != MISSING or not operation.startswith(READING):
                    self.refused.append(f"{operation}: {error.code} {error.message}")
                raise ClientError(
                    {"Error": {"Code": error.code, "Message": error.message}}, operation
                ) from error
            check_shape(operation, answer, answer=True)
            if last:
                self.dead = True
                raise Killed
            headers = {"server": "Server"}
            return {**answer, "ResponseMetadata": {"HTTPHeaders": headers, "RetryAttempts": 0}}

    def _find(self, request: Json) -> HeldTable:
        name = str(request.get("TableName") or request["ResourceArn"].removeprefix(ARN))
        if name not in self._tables:
            raise Refused(MISSING, f"Requested resource not found: Table: {name} not found")
        return self._tables[name]

    def _scan(self, request: Json) -> Json:
        count = min(request["Limit"], len(self._find(request).items))
        return {"Count": count, "ScannedCount": count}

    def _create(self, request: Json) -> Json:
        if request["TableName"] in self._tables:
            raise Refused(IN_USE, f"Table already exists: {request['TableName']}")
        table = new_table(request)
        table.busy = self.delay
        table.status = "CREATING" if self.delay else "ACTIVE"
        self._tables[table.name] = table
        return {"TableDescription": self._shown(table)}

    def _describe(self, request: Json) -> Json:
        table = self._find(request)
        for index in list(table.indexes.values()):
            if index.status != "ACTIVE" and index.left == 0:
                if index.status == "DELETING":
                    del table.indexes[index.name]
                    table.types = {k: v for k, v in table.types.items() if k in table.used}
                index.status = "ACTIVE"
            index.left = max(0, index.left - 1)
        if table.busy == 0:
            table.status = "ACTIVE"
        answer = {"Table": self._shown(table)}
        table.busy = max(0, table.busy - 1)
        return answer

    def _update(self, request: Json) -> Json:
        table = self._find(request)
        asked = set(request) - {"TableName", "AttributeDefinitions"}
        if not asked:
            raise Refused(VALID, "Nothing to update")
        if asked - set(CHANGES_BY_FIELD):
            raise Refused(VALID, f"this fake does not know {sorted(asked - set(CHANGES_BY_FIELD))}")
        updates = request.get("GlobalSecondaryIndexUpdates", [])
        if "GlobalSecondaryIndexUpdates" in request and not updates:
            raise Refused(VALID, "GlobalSecondaryIndexUpdates is empty")
        online = [each for each in updates if "Create" in each or "Delete" in each]
        self._check_rest(table, online=bool(online))
        if len(online) > 1 or (online and len(updates) > 1):
            raise Refused(
                LIMIT,
                "Subscriber limit exceeded: Only 1 online index can be created or deleted "
                "simultaneously per table",
            )
        if online and len(asked) > 1:
            raise Refused(VALID, "an index is created or deleted by a call of its own")
        # Everything is tried on a copy: a request is carried out wholly or not at all.
        trial = copied(table)
        for change in asked:
            CHANGES_BY_FIELD[change](trial, request)
        for index in trial.indexes.values():
            if index.status != "ACTIVE":
                index.left = self.delay
        trial.busy = self.delay
        trial.status = "UPDATING" if trial.moving else "ACTIVE"
        self._tables[table.name] = trial
        return {"TableDescription": self._shown(trial)}

    def _check_rest(self, table: HeldTable, *, online: bool) -> None:
        if not table.moving:
            return
        if online and any(each.status != "ACTIVE" for each in table.indexes.values()):
            raise Refused(
                LIMIT,
                "Subscriber limit exceeded: Only 1 online index can be created or deleted "
                "simultaneously per table",
            )
        raise Refused(
            IN_USE, f"Attempt to change a resource which is still in use: {table.name} is updated"
        )

    def _list_tags(self, request: Json) -> Json:
        table = self._find(request)
        begin = int(request.get("NextToken", "0"))
        tags = [{"Key": key, "Value": value} for key, value in table.tags.items()]
        self._shuffle(tags)
        answer: Json = {"Tags": tags[begin : begin + PAGE_OF_TAGS]}
        if len(tags) > begin + PAGE_OF_TAGS:
            answer["NextToken"] = str(begin + PAGE_OF_TAGS)
        return answer

    def _tag(self, request: Json) -> Json:
        table = self._find(request)
        self._check_rest(table, online=False)
        if not request["Tags"]:
            raise Refused(VALID, "Tags is empty")
        wanted = {**table.tags, **tags_of(request["Tags"])}
        if len(wanted) > 50:
            raise Refused(VALID, "more than 50 tags")
        table.tags = wanted
        return {}

    def _describe_ttl(self, request: Json) -> Json:
        table = self._find(request)
        if table.ttl is None:
            return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
        shown = {"TimeToLiveStatus": "ENABLED", "AttributeName": table.ttl}
        return {"TimeToLiveDescription": shown}

    def _update_ttl(self, request: Json) -> Json:
        table = self._find(request)
        self._check_rest(table, online=False)
        wanted = request["TimeToLiveSpecification"]
        name, on = wanted["AttributeName"], wanted["Enabled"]
        if self._now() - table.ttl_changed < self.ttl_interval:
            raise Refused(
                VALID, "Time to live has been modified multiple times within a fixed interval"
            )
        if not on and table.ttl is None:
            raise Refused(VALID, "TimeToLive is already disabled")
        if table.ttl is not None and table.ttl != name:
            raise Refused(VALID, f"TimeToLive is active on a different AttributeName: {table.ttl}")
        if on and table.ttl == name:
            raise Refused(VALID, "TimeToLive is already enabled")
        table.ttl, table.ttl_changed = (name if on else None), self._now()
        return {"TimeToLiveSpecification": wanted}

    def _describe_backups(self, request: Json) -> Json:
        table = self._find(request)
        recovery: Json = {"PointInTimeRecoveryStatus": "DISABLED"}
        if table.recovery:
            recovery = {
                "PointInTimeRecoveryStatus": "ENABLED",
                "RecoveryPeriodInDays": table.period,
            }
        shown = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}
        return {"ContinuousBackupsDescription": shown}

    def _update_backups(self, request: Json) -> Json:
        wanted = request["PointInTimeRecoverySpecification"]
        table, on = self._find(request), wanted["PointInTimeRecoveryEnabled"]
        period = wanted.get("RecoveryPeriodInDays", 35)
        if not 1 <= period <= 35 or (not on and "RecoveryPeriodInDays" in wanted):
            raise Refused(VALID, f"Invalid PointInTimeRecoverySpecification: {wanted}")
        table.recovery, table.period = on, period
        return self._describe_backups(request)

    def _shown(self, table: HeldTable) -> Json:
        shown: Json = {
            "TableName": table.name,
            "TableArn": ARN + table.name,
            "TableStatus": table.status,
            "KeySchema": table.key,
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": kind} for name, kind in table.types.items()
            ],
            "ProvisionedThroughput": units_of(table.throughput),
            "ItemCount": len(table.items),
            "TableSizeBytes": 100 * len(table.items),
            "DeletionProtectionEnabled": table.protection,
        }
        add_settings(shown, table)
        if table.indexes:
            shown["GlobalSecondaryIndexes"] = [
                shown_index(table, each) for each in table.indexes.values()
            ]
        if table.local:
            shown["LocalSecondaryIndexes"] = table.local
        shown = copied(shown)
        for key in ("AttributeDefinitions", "GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
            self._shuffle(shown.get(key, []))
        for key in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
            for each in shown.get(key, []):
                self._shuffle(each["Projection"].get("NonKeyAttributes", []))
        return shown

    def _shuffle(self, values: list[Any]) -> None:
        random.Random(self.seed).shuffle(values)


class _Pages:
    """A paginator over one method."""

    def __init__(self, method: Callable[..., Json]) -> None:
        self._method = method

    def paginate(self, **request: Any) -> Iterator[Json]:
        """The pages, each by a call of its own."""
        page = self._method(**request)
        yield page
        while "NextToken" in page:
            page = self._method(**request, NextToken=page["NextToken"])
            yield page


TARGET = Target(
    environment=BUILT_IN["dev"],
    local=False,
    endpoint=None,
    source="AWS",
    region="us-east-1",
    naming=Naming(),
)


@dataclass
class Connection:
    """What ``TableStore`` takes: two clients and a target."""

    dynamodb: FakeDynamoDB
    dynamodb_once: FakeDynamoDB
    target: Target


def store(fake: FakeDynamoDB) -> TableStore:
    """A new process's store on the fake, which passes for AWS."""
    return TableStore(cast("Any", Connection(fake, fake, TARGET)))
