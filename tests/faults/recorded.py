"""What the tasks of each group of ``db.policy`` really call: every situation, on a recorded AWS."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from osem_tasks.aws.permissions import COUNT
from osem_tasks.config.environments import BUILT_IN
from tests.faults.migrations import OLD, old_table
from tests.support.faulty_aws import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.faults.conftest import Cloud
    from tests.support.faulty_aws import Call
    from tests.support.inv import Inv

ACCOUNT, REGION = "123456789012", "us-east-1"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table"
INDEX: dict[str, Any] = {
    "IndexName": "customerId-index",
    "KeySchema": [{"AttributeName": "customerId", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}
# Every setting that is read or written by a call of its own.
ORDERS: dict[str, Any] = {
    "TableName": "Orders",
    "KeySchema": [{"AttributeName": "orderId", "KeyType": "HASH"}],
    "AttributeDefinitions": [
        {"AttributeName": "orderId", "AttributeType": "S"},
        {"AttributeName": "customerId", "AttributeType": "S"},
    ],
    "BillingMode": "PAY_PER_REQUEST",
    "GlobalSecondaryIndexes": [INDEX],
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    "DeletionProtectionEnabled": False,
    "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "expiresAt"},
    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    "Tags": [{"Key": "Team", "Value": "shop"}],
}
# One index too many, one that copies less, and everything else missing or to be turned off.
DRIFTED: dict[str, Any] = {
    **{key: ORDERS[key] for key in ("KeySchema", "AttributeDefinitions", "BillingMode")},
    "GlobalSecondaryIndexes": [
        {**INDEX, "IndexName": "undeclared-index"},
        {**INDEX, "Projection": {"ProjectionType": "KEYS_ONLY"}},
    ],
    "DeletionProtectionEnabled": True,
}
OTHER_KEY: dict[str, Any] = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@dataclass(frozen=True)
class Stage:
    """An account in which the tasks of a project act, and a folder of the test's own.

    ``served`` has the calls of each environment, as pairs of an IAM action and the ARN that it is
    asked for.
    """

    cloud: Cloud
    inv: Inv
    folder: Path
    served: dict[str, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))

    def run(self, *words: str, code: int = 0, shop: bool = False) -> None:
        """Record what ``inv WORDS...`` calls; ``shop`` means the tables of a file, not OSEM's."""
        self.cloud.server.calls.clear()
        inv = self.inv
        if shop:
            path = self.folder / "tables.json"
            path.write_text(json.dumps(ORDERS), encoding="utf-8")
            inv = replace(inv, configuration={"tables": str(path)})
        done = inv(*words, "--json")
        assert done.code == code, (words, done.out, done.err)
        for call in self.cloud.server.calls:
            for action, resource in asked(call):
                self.served[environment_of(resource, words)].add((action, resource))

    def drift(self, *, items: bool = True) -> None:
        """Have dev's Orders, with an item or without, and nothing as declared."""
        client: Any = self.cloud.client()
        client.create_table(TableName="osem-dev-Orders", **DRIFTED)
        if items:
            client.put_item(TableName="osem-dev-Orders", Item={"orderId": {"S": "o-1"}})

    def clear(self) -> None:
        """Have an empty account."""
        self.cloud.clear()


def asked(call: Call) -> Iterator[tuple[str, str]]:
    """The actions of IAM that AWS checks for a call, each with the resource that it names."""
    request = call.request
    probe = call.operation == "ListTables" and request.get("Limit") == 1
    if call.operation == "GetCallerIdentity" or probe:
        return  # needs no permission; asks whether the server is a local engine, with dummy keys
    names = {request.get("TableName"), *request.get("RequestItems", {})} - {None}
    names |= {put["Put"]["TableName"] for put in request.get("TransactItems", [])}
    arn = request.get("ResourceArn") or request.get("BackupArn")
    # A transaction is allowed by the actions of its parts, ListBackups on no resource.
    action = "PutItem" if call.operation == "TransactWriteItems" else call.operation
    if request.get("Select") == "COUNT":
        action = COUNT
    nowhere = call.operation in ("ListBackups", "ListTables")
    resources = ["*"] if nowhere else [arn] if arn else [f"{TABLE}/{name}" for name in names]
    for resource in resources:
        yield f"dynamodb:{action}", resource
        if call.operation == "CreateTable" and request.get("Tags"):
            yield "dynamodb:TagResource", resource


def environment_of(resource: str, words: tuple[str, ...]) -> str:
    """The environment of a resource by its table's name; of ``*``, that of the command."""
    name = resource.rpartition(":table/")[2]
    found = [env for env in BUILT_IN if name.startswith(f"osem-{env}-")]
    return found[0] if found else words[words.index("--env") + 1]


DEV = ("--env", "dev")


def read(stage: Stage) -> None:
    """Tables as declared, drifted and missing; every look that changes nothing."""
    six = ("Users", "Teams", "AssessmentPlans", "Assessments", "AssessmentReports")
    for environment in ("dev", "prod"):
        stage.cloud.hold(environment, *six, "ConfigVersions")
    stage.run("db.verify", *DEV)
    stage.run("db.verify", "--env", "prod", "--force")
    stage.run("db.list", *DEV)
    stage.run("db.import", *DEV, "--output", str(stage.folder / "imported.json"))
    stage.run("db.compare", *DEV, "--with", "prod", "--force", code=1)
    stage.run("db.setup", *DEV, "--dry-run")
    stage.run("db.reset", *DEV, "--dry-run", "--no-backup")
    stage.drift()
    stage.run("db.verify", *DEV, code=1, shop=True)
    stage.run("db.repair", *DEV, "--dry-run", shop=True)
    stage.clear()
    # Without items time to live may be turned on: an empty table is looked at.
    stage.drift(items=False)
    stage.run("db.verify", *DEV, code=1, shop=True)


def setup(stage: Stage) -> None:
    """Tables that are missing, and there; with every setting, and with prod's protection."""
    stage.run("db.setup", *DEV)
    stage.run("db.setup", *DEV)
    stage.run("db.setup", "--env", "prod", "--force")
    stage.run("db.setup", *DEV, shop=True)
    stage.run("db.setup", *DEV, shop=True)
    stage.clear()
    stage.drift(items=False)
    stage.run("db.setup", *DEV, code=1, shop=True)


def repair(stage: Stage) -> None:
    """Everything that can drift, once without and once with what takes away."""
    stage.drift()
    stage.run("db.repair", *DEV, code=2, shop=True)
    takes = ("--prune", "--replace-indexes", "--reduce", "--unprotect", "--yes")
    # An answer that is lost: the backup is looked for.
    stage.cloud.server.arm(Fault("CreateBackup", "lose", times=1))
    stage.run("db.repair", *DEV, *takes, shop=True)
    stage.clear()
    stage.drift(items=False)
    stage.run("db.repair", *DEV, *takes, shop=True)
    stage.clear()
    stage.drift()
    stage.run("db.setup", *DEV, "--repair", code=1, shop=True)
    stage.clear()
    stage.cloud.hold("dev", "Users", "Teams")
    stage.cloud.drift("dev")
    stage.run("db.repair", *DEV, "--table", "Users")


def dump(stage: Stage) -> None:
    """The items of a table, whole and sampled, and as the source of a copy."""
    stage.cloud.hold("dev", "Users", "Teams")
    stage.run("db.dump", *DEV, "--table", "Users", "--output", str(stage.folder / "dumps"))


def data(stage: Stage) -> None:
    """A seed, a dump, a load and a copy, each where there are items and where there are none."""
    for environment in ("dev", "staging"):
        stage.cloud.hold(environment, "Users", "Teams")
    tables = ("--table", "Users")
    dumps = str(stage.folder / "dumps")
    stage.run("db.seed", *DEV, "--table", "Teams")
    stage.run("db.seed", *DEV, "--table", "Teams")
    stage.run("db.dump", *DEV, *tables, "--output", dumps)
    stage.run("db.load", *DEV, *tables, "--input", dumps, "--checksum")
    stage.run("db.copy", *DEV, "--from", "staging", *tables, "--yes")


def destroy(stage: Stage) -> None:
    """Tables with items and without, their backups, and a migration to another key."""
    stage.cloud.hold("dev", "Users", "Teams")
    stage.run("db.reset", *DEV, "--table", "Users", "--table", "Teams", "--yes")
    stage.run("db.delete", *DEV, "--table", "Users", "--yes")
    stage.clear()
    stage.cloud.hold("dev", "Users")
    stage.cloud.server.arm(Fault("CreateBackup", "lose", times=1))
    stage.run("db.delete", *DEV, "--table", "Users", "--yes")
    stage.clear()
    old_table(stage.cloud, OLD)
    migrate = ("db.migrate", *DEV, "--table", "Teams", "--output", str(stage.folder / "out"))
    stage.run(*migrate, "--yes")
    # Protected: a second table is filled, and none is deleted.
    stage.clear()
    old_table(stage.cloud, OLD, env="prod")
    prod = [{"dev": "prod"}.get(word, word) for word in migrate]
    stage.run(*prod, "--to", "osem-prod-Teams-2", "--force", "--yes")
    stage.clear()
    client: Any = stage.cloud.client()
    client.create_table(
        TableName="osem-dev-Orders", **{**DRIFTED, "DeletionProtectionEnabled": False}
    )
    stage.run("db.reset", *DEV, "--yes", shop=True)
    stage.clear()
    client.create_table(TableName="osem-dev-Orders", **OTHER_KEY)
    client.put_item(TableName="osem-dev-Orders", Item={"id": {"S": "o-1"}})
    stage.run(*(word.replace("Teams", "Orders") for word in migrate), "--yes", shop=True)


SITUATIONS: dict[str, Callable[[Stage], None]] = {
    "read": read,
    "setup": setup,
    "repair": repair,
    "dump": dump,
    "data": data,
    "destroy": destroy,
}
