"""DynamoDB's control plane in memory, as strict as AWS's.

Behind the methods of boto3's client that ``TableStore`` uses: requests are checked by
botocore's own validator and by the rules of the API reference, answers have the shape of
the service model. Changes take a number of describes to settle, lists come back in an
order that means nothing, and the process that calls can be killed at any call. There is
no DeleteTable: calling it is a failed test.
"""

from __future__ import annotations

import copy
import random
import threading
import time
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.exceptions import ClientError, ParamValidationError
from botocore.validate import ParamValidator

from osem_tasks.aws.store import TableStore
from osem_tasks.config.environments import BUILT_IN
from osem_tasks.config.target import Target
from osem_tasks.schema import codec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import NoReturn

    from botocore.model import ServiceModel

    from osem_tasks.schema.model import Table

Json = dict[str, Any]
ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/"
MANAGED_KEY = "arn:aws:kms:us-east-1:123456789012:key/aws-managed"
VALID = "ValidationException"
IN_USE = "ResourceInUseException"
MISSING = "ResourceNotFoundException"
LIMIT = "LimitExceededException"
READING = ("Describe", "List")
# What UpdateTable may be asked for, by the service model, and this fake carries out.
CHANGES = {
    "BillingMode",
    "ProvisionedThroughput",
    "OnDemandThroughput",
    "GlobalSecondaryIndexUpdates",
    "StreamSpecification",
    "DeletionProtectionEnabled",
    "SSESpecification",
    "TableClass",
}
VIEWS = {"KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"}
PAGE_OF_TAGS = 10


class Killed(BaseException):
    """The calling process ended here."""


class Refused(Exception):  # noqa: N818  it becomes botocore's ClientError at the border
    """What DynamoDB answers instead of doing as it is asked."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass
class _Index:
    """A global index; ``left`` describes until its status changes."""

    name: str
    key: list[Json]
    projection: Json
    throughput: Json | None
    ceiling: Json | None
    status: str = "ACTIVE"
    left: int = 0


@dataclass
class _Table:
    """A table; ``busy`` describes until it is ACTIVE again."""

    name: str
    key: list[Json]
    types: dict[str, str]
    billing: str
    throughput: Json | None
    ceiling: Json | None
    indexes: dict[str, _Index]
    local: list[Json]
    tags: dict[str, str]
    stream: str | None
    protection: bool
    kms: str | None
    table_class: str | None
    summary: bool
    ttl: str | None = None
    ttl_changed: float = float("-inf")
    recovery: bool = False
    items: list[Json] = field(default_factory=list)
    status: str = "ACTIVE"
    busy: int = 0

    @property
    def moving(self) -> bool:
        return self.busy > 0 or any(each.status != "ACTIVE" for each in self.global_indexes.values())

    @property
    def used(self) -> set[str]:
        keys = [self.key, *(each.key for each in self.global_indexes.values())]
        keys += [each["KeySchema"] for each in self.local]
        return {each["AttributeName"] for key in keys for each in key}


@cache
def service_model() -> ServiceModel:
    """botocore's description of DynamoDB."""
    return botocore.session.get_session().get_service_model("dynamodb")


def check_shape(operation: str, values: Json, *, answer: bool = False) -> None:
    """Raise ParamValidationError when ``values`` has not the operation's shape."""
    model = service_model().operation_model(operation)
    shape = model.output_shape if answer else model.input_shape
    if shape is None:
        return  # an operation without an answer
    report = ParamValidator().validate(values, shape)
    unknown = _unknown(values, shape)
    if report.has_errors() or unknown:
        raise ParamValidationError(report=f"{report.generate_report()} {unknown}")


def _unknown(values: Any, shape: Any) -> list[str]:
    """The members that the model does not know, and the texts that its enums do not have."""
    if shape.type_name == "structure" and isinstance(values, dict):
        strangers = [key for key in values if key not in shape.members]
        known = [key for key in values if key in shape.members]
        return strangers + [e for key in known for e in _unknown(values[key], shape.members[key])]
    if shape.type_name == "list":
        return [each for value in values for each in _unknown(value, shape.member)]
    return [str(values)] if getattr(shape, "enum", []) and values not in shape.enum else []


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
        self._now = now
        self._tables: dict[str, _Table] = {}
        self._lock = threading.RLock()
        self._until_death = -1
        self._answered = False
        self.dead = False

    # What a test does with it.

    def hold(self, table: Table, items: int = 0) -> None:
        """Have ``table``, at rest, with so many items; the calls are not recorded."""
        delay, self.delay = self.delay, 0
        self._create(cast("Json", codec.create_request(table)))
        self.delay = delay
        mine = self._tables[table.name]
        mine.ttl = table.ttl.attribute if table.ttl else None
        mine.recovery = bool(table.point_in_time_recovery)
        mine.items = [{"n": {"N": str(number)}} for number in range(items)]

    def put(self, name: str, item: Json) -> None:
        """PutItem."""
        self._tables[name].items.append(item)

    def scan(self, name: str) -> list[Json]:
        """Scan."""
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
            own = copy.deepcopy(vars(table))
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
        return set(self._tables[name].global_indexes)

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

    def get_paginator(self, method: str) -> _Pages:
        """A paginator of ``list_tables`` or ``list_tags_of_resource``."""
        return _Pages(getattr(self, method))

    # The service.

    def _call(self, operation: str, request: Json, body: Callable[[Json], Json]) -> Json:
        with self._lock:
            last = self._until_death == 0
            self._until_death -= 1
            if self.dead or (last and not self._answered):
                self.dead = True
                raise Killed
            check_shape(operation, request)
            self.calls.append((operation, copy.deepcopy(request)))
            try:
                answer = copy.deepcopy(body(request))
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

    def _find(self, request: Json) -> _Table:
        name = str(request.get("TableName") or request["ResourceArn"].removeprefix(ARN))
        if name not in self._tables:
            raise Refused(MISSING, f"Requested resource not found: Table: {name} not found")
        return self._tables[name]

    def _create(self, request: Json) -> Json:
        if request["TableName"] in self._tables:
            raise Refused(IN_USE, f"Table already exists: {request['TableName']}")
        table = _new_table(request)
        table.busy = self.delay
        table.status = "CREATING" if self.delay else "ACTIVE"
        self._tables[table.name] = table
        return {"TableDescription": self._shown(table)}

    def _describe(self, request: Json) -> Json:
        table = self._find(request)
        for index in list(table.global_indexes.values()):
            if index.status != "ACTIVE" and index.left == 0:
                if index.status == "DELETING":
                    del table.global_indexes[index.name]
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
        if asked - CHANGES:
            raise Refused(VALID, f"this fake does not know {sorted(asked - CHANGES)}")
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
        trial = copy.deepcopy(table)
        for change in asked:
            _CHANGES[change](trial, request)
        for index in trial.global_indexes.values():
            if index.status != "ACTIVE":
                index.left = self.delay
        trial.busy = self.delay
        trial.status = "UPDATING" if trial.moving else "ACTIVE"
        self._tables[table.name] = trial
        return {"TableDescription": self._shown(trial)}

    def _check_rest(self, table: _Table, *, online: bool) -> None:
        if not table.moving:
            return
        if online and any(each.status != "ACTIVE" for each in table.global_indexes.values()):
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
        wanted = {**table.tags, **_tags(request["Tags"])}
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
        on = self._find(request).recovery
        recovery = {"PointInTimeRecoveryStatus": "ENABLED" if on else "DISABLED"}
        shown = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}
        return {"ContinuousBackupsDescription": shown}

    def _update_backups(self, request: Json) -> Json:
        wanted = request["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        self._find(request).recovery = wanted
        return self._describe_backups(request)

    def _shown(self, table: _Table) -> Json:
        shown: Json = {
            "TableName": table.name,
            "TableArn": ARN + table.name,
            "TableStatus": table.status,
            "KeySchema": table.key,
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": kind} for name, kind in table.types.items()
            ],
            "ProvisionedThroughput": _units(table.throughput),
            "ItemCount": len(table.items),
            "TableSizeBytes": 100 * len(table.items),
            "DeletionProtectionEnabled": table.protection,
        }
        _add_settings(shown, table)
        if table.global_indexes:
            shown["GlobalSecondaryIndexes"] = [
                _shown_index(table, each) for each in table.global_indexes.values()
            ]
        if table.local:
            shown["LocalSecondaryIndexes"] = table.local
        shown = copy.deepcopy(shown)
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


@dataclass
class Connection:
    """What ``TableStore`` takes: two clients and a target."""

    dynamodb: FakeDynamoDB
    dynamodb_once: FakeDynamoDB
    target: Target


def store(fake: FakeDynamoDB) -> TableStore:
    """A new process's store on the fake, which passes for AWS."""
    target = Target(
        environment=BUILT_IN["dev"],
        local=False,
        endpoint=None,
        source="AWS",
        region="us-east-1",
        prefix="",
    )
    return TableStore(cast("Any", Connection(fake, fake, target)))


# Rules of CreateTable and UpdateTable.


def _new_table(request: Json) -> _Table:
    billing = request.get("BillingMode", "PROVISIONED")
    table = _Table(
        name=request["TableName"],
        key=_key(request["KeySchema"]),
        types=_definitions(request["AttributeDefinitions"]),
        billing=billing,
        throughput=request.get("ProvisionedThroughput"),
        ceiling=request.get("OnDemandThroughput"),
        indexes={},
        local=[],
        tags=_tags(request.get("Tags", [])),
        stream=_stream(request),
        protection=request.get("DeletionProtectionEnabled", False),
        kms=_kms(request.get("SSESpecification", {"Enabled": False})),
        table_class=request.get("TableClass"),
        summary=billing == "PAY_PER_REQUEST",
    )
    _check_capacity(billing, "the table", table.throughput, table.ceiling)
    for key in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes", "Tags"):
        if key in request and not request[key]:
            raise Refused(VALID, f"{key} is empty")
    for each in request.get("LocalSecondaryIndexes", []):
        table.local.append(_new_local(table, each))
    for each in request.get("GlobalSecondaryIndexes", []):
        index = _new_index(table, each)
        table.global_indexes[index.name] = index
    if len(table.local) > 5:
        raise Refused(VALID, "Cannot have more than 5 local secondary indexes per table")
    _check_used(table, set(table.types))
    return table


def _key(schema: list[Json]) -> list[Json]:
    kinds = [each["KeyType"] for each in schema]
    names = [each["AttributeName"] for each in schema]
    if kinds != sorted(kinds) or kinds[0] != "HASH" or len({*names}) != len(names):
        raise Refused(VALID, f"Invalid KeySchema: {schema}")
    if kinds.count("HASH") > 4 or kinds.count("RANGE") > 4:
        raise Refused(VALID, f"too many key attributes: {schema}")
    return schema


def _definitions(definitions: list[Json]) -> dict[str, str]:
    types = {each["AttributeName"]: each["AttributeType"] for each in definitions}
    if len(types) != len(definitions):
        raise Refused(VALID, "Cannot have two attributes with the same name")
    return types


def _check_used(table: _Table, defined: set[str]) -> None:
    if defined - table.used:
        unused = sorted(defined - table.used)
        raise Refused(VALID, f"Some AttributeDefinitions are not used: {unused}")
    if table.used - defined:
        absent = sorted(table.used - defined)
        raise Refused(VALID, f"Some index key attributes are not defined: {absent}")


def _projection(projection: Json) -> Json:
    named = bool(projection.get("NonKeyAttributes"))
    if (projection["ProjectionType"] == "INCLUDE") != named:
        raise Refused(VALID, f"ProjectionType and NonKeyAttributes disagree: {projection}")
    return projection


def _free_name(table: _Table, name: str) -> str:
    if name in table.global_indexes or name in {each["IndexName"] for each in table.local}:
        raise Refused(VALID, f"Attempting to create an index which already exists: {name}")
    return name


def _new_local(table: _Table, request: Json) -> Json:
    key = _key(request["KeySchema"])
    if len(table.key) != 2 or len(key) != 2 or key[0] != table.key[0]:
        raise Refused(VALID, "a local index has the partition key of a table with a sort key")
    return {
        "IndexName": _free_name(table, request["IndexName"]),
        "KeySchema": key,
        "Projection": _projection(request["Projection"]),
        "IndexArn": f"{ARN}{table.name}/index/{request['IndexName']}",
    }


def _new_index(table: _Table, request: Json, status: str = "ACTIVE") -> _Index:
    index = _Index(
        name=_free_name(table, request["IndexName"]),
        key=_key(request["KeySchema"]),
        projection=_projection(request["Projection"]),
        throughput=request.get("ProvisionedThroughput"),
        ceiling=request.get("OnDemandThroughput"),
        status=status,
    )
    if len(table.global_indexes) >= 20:
        raise Refused(VALID, "GlobalSecondaryIndex count exceeds the per-table limit of 20")
    _check_capacity(table.billing, index.name, index.throughput, index.ceiling)
    return index


def _check_capacity(billing: str, what: str, units: Json | None, ceiling: Json | None) -> None:
    if billing == "PROVISIONED" and not units:
        raise Refused(VALID, f"No provisioned throughput specified for {what}")
    if billing == "PROVISIONED" and ceiling:
        raise Refused(VALID, f"OnDemandThroughput of {what} is for PAY_PER_REQUEST")
    if billing != "PROVISIONED" and units:
        raise Refused(
            VALID, f"ProvisionedThroughput of {what} cannot be specified: PAY_PER_REQUEST"
        )


def _tags(tags: list[Json]) -> dict[str, str]:
    if any(each["Key"].lower().startswith("aws:") for each in tags):
        raise Refused(VALID, "aws: is reserved")
    return {each["Key"]: each["Value"] for each in tags}


def _stream(request: Json) -> str | None:
    wanted = request.get("StreamSpecification", {"StreamEnabled": False})
    view: str | None = wanted.get("StreamViewType")
    if wanted["StreamEnabled"] != (view in VIEWS) or (view and not wanted["StreamEnabled"]):
        raise Refused(VALID, f"Invalid StreamSpecification: {wanted}")
    return view


def _kms(wanted: Json) -> str | None:
    if not wanted["Enabled"]:
        if set(wanted) != {"Enabled"}:
            raise Refused(VALID, f"Invalid SSESpecification: {wanted}")
        return None
    key = str(wanted.get("KMSMasterKeyId", MANAGED_KEY))
    return key if key.startswith("arn:") else f"arn:aws:kms:us-east-1:123456789012:key/{key}"


def _units(units: Json | None) -> Json:
    return dict(units or {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0})


def _add_settings(shown: Json, table: _Table) -> None:
    if table.summary:
        shown["BillingModeSummary"] = {"BillingMode": table.billing}
    if table.ceiling:
        shown["OnDemandThroughput"] = table.ceiling
    if table.stream:
        view = {"StreamEnabled": True, "StreamViewType": table.stream}
        shown["StreamSpecification"] = view
    if table.kms:
        shown["SSEDescription"] = {
            "Status": "ENABLED",
            "SSEType": "KMS",
            "KMSMasterKeyArn": table.kms,
        }
    if table.table_class:
        shown["TableClassSummary"] = {"TableClass": table.table_class}


def _shown_index(table: _Table, index: _Index) -> Json:
    shown: Json = {
        "IndexName": index.name,
        "KeySchema": index.key,
        "Projection": index.projection,
        "IndexStatus": index.status,
        "ProvisionedThroughput": _units(index.throughput),
        "IndexArn": f"{ARN}{table.name}/index/{index.name}",
        "ItemCount": len(table.items),
        "IndexSizeBytes": 0,
    }
    if index.status == "CREATING":
        shown["Backfilling"] = index.left <= 1
    if index.ceiling:
        shown["OnDemandThroughput"] = index.ceiling
    return shown


def _change_billing(table: _Table, request: Json) -> None:
    mode = request["BillingMode"]
    if mode == table.billing:
        raise Refused(VALID, f"The table is {mode} already")
    table.billing, table.summary = mode, True
    named = {
        each["Update"]["IndexName"]
        for each in request.get("GlobalSecondaryIndexUpdates", [])
        if "ProvisionedThroughput" in each["Update"]
    }
    bare = set(table.global_indexes) - named
    if mode == "PROVISIONED" and ("ProvisionedThroughput" not in request or bare):
        raise Refused(VALID, f"ProvisionedThroughput must be specified for index: {sorted(bare)}")
    table.ceiling = table.throughput = None
    for index in table.global_indexes.values():
        index.ceiling = index.throughput = None
    _change_throughput(table, request)
    _change_indexes(table, request)


def _change_throughput(table: _Table, request: Json) -> None:
    units = request.get("ProvisionedThroughput")
    if units is None or table.throughput == units:
        if units is not None and "BillingMode" not in request:
            raise Refused(VALID, "The requested throughput value equals the current value")
        return
    _check_capacity(table.billing, "the table", units, None)
    table.throughput = units


def _change_max_throughput(table: _Table, request: Json) -> None:
    units = request["OnDemandThroughput"]
    if table.billing == "PROVISIONED":
        raise Refused(VALID, "OnDemandThroughput is for PAY_PER_REQUEST")
    table.ceiling = units


def _change_indexes(table: _Table, request: Json) -> None:
    for update in request.get("GlobalSecondaryIndexUpdates", []):
        if len(update) != 1:
            raise Refused(VALID, "an update has one of Create, Update and Delete")
        ((verb, wanted),) = update.items()
        if verb == "Create":
            _create_index(table, wanted, request)
            continue
        if wanted["IndexName"] not in table.global_indexes:
            raise Refused(MISSING, f"Requested resource not found: {wanted['IndexName']}")
        index = table.global_indexes[wanted["IndexName"]]
        if verb == "Delete":
            index.status = "DELETING"
        else:
            _update_index(table, index, wanted, switching="BillingMode" in request)


def _create_index(table: _Table, wanted: Json, request: Json) -> None:
    index = _new_index(table, wanted, "CREATING")
    table.global_indexes[index.name] = index
    defined = _definitions(request.get("AttributeDefinitions", []))
    # AWS merges a partial list; an engine that replaces what it has by it shows the harm.
    _check_used(table, set(defined))
    for name, kind in defined.items():
        if table.types.get(name, kind) != kind:
            raise Refused(
                VALID, f"Attribute {name} is redefined from {table.types[name]} to {kind}"
            )
    table.types = defined


def _update_index(table: _Table, index: _Index, wanted: Json, *, switching: bool) -> None:
    units, ceiling = wanted.get("ProvisionedThroughput"), wanted.get("OnDemandThroughput")
    if not units and not ceiling:
        raise Refused(VALID, f"Nothing to update in index {index.name}")
    if units:
        _check_capacity(table.billing, index.name, units, None)
        if units == index.throughput and not switching:
            raise Refused(VALID, f"The throughput of index {index.name} will not change")
        index.throughput = units
    if ceiling:
        if table.billing == "PROVISIONED":
            raise Refused(VALID, "OnDemandThroughput is for PAY_PER_REQUEST")
        index.ceiling = ceiling


def _change_stream(table: _Table, request: Json) -> None:
    view = _stream(request)
    if view and table.stream:
        raise Refused(VALID, "Table already has an enabled stream")
    if not view and not table.stream:
        raise Refused(VALID, "Table has no stream to disable")
    table.stream = view


def _change_protection(table: _Table, request: Json) -> None:
    if table.protection == request["DeletionProtectionEnabled"]:
        raise Refused(VALID, "DeletionProtectionEnabled has that value already")
    table.protection = request["DeletionProtectionEnabled"]


def _change_encryption(table: _Table, request: Json) -> None:
    kms = _kms(request["SSESpecification"])
    if kms == table.kms:
        raise Refused(VALID, "Table is already encrypted with given KMSMasterKeyId")
    table.kms = kms


def _change_class(table: _Table, request: Json) -> None:
    if (table.table_class or "STANDARD") == request["TableClass"]:
        raise Refused(VALID, "Table is already using this table class")
    table.table_class = request["TableClass"]


def _part_of_billing(change: Callable[[_Table, Json], None]) -> Callable[[_Table, Json], None]:
    """``change`` alone; together with a switch of the mode it is the switch's part."""

    def alone(table: _Table, request: Json) -> None:
        if "BillingMode" not in request:
            change(table, request)

    return alone


_CHANGES: dict[str, Callable[[_Table, Json], None]] = {
    "BillingMode": _change_billing,
    "ProvisionedThroughput": _part_of_billing(_change_throughput),
    "OnDemandThroughput": _change_ceiling,
    "GlobalSecondaryIndexUpdates": _part_of_billing(_change_indexes),
    "StreamSpecification": _change_stream,
    "DeletionProtectionEnabled": _change_protection,
    "SSESpecification": _change_encryption,
    "TableClass": _change_class,
}
