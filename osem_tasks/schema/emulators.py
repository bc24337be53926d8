"""Where emulators differ from DynamoDB on AWS: every quirk that the suite allows for.

Measured on DynamoDB Local 1.25.1 and moto 5. An emulator is known by its answers, never
by a version or by how it was started.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from osem_tasks.schema.live import ENCRYPTION, MAX_THROUGHPUT, TABLE_CLASS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Tags


class Isolation(Enum):
    """What keeps the tables of two users of one engine apart."""

    ACCESS_KEY = "access key"
    ACCOUNT = "account"
    TABLE_PREFIX = "table prefix"


@dataclass(frozen=True, slots=True)
class Engine:
    """A DynamoDB as far as it differs from AWS.

    ``drops`` are facts that it accepts and does not keep. An engine with
    ``forgets_protection`` turns deletion protection off by every UpdateTable that does not
    name it. ``isolation`` is what two users must not share to have a database each.
    """

    name: str
    drops: tuple[str, ...] = ()
    forgets_protection: bool = False
    isolation: Isolation = Isolation.TABLE_PREFIX


AWS = Engine("AWS")
DYNAMODB_LOCAL = Engine(
    "DynamoDB Local",
    drops=(ENCRYPTION, TABLE_CLASS, MAX_THROUGHPUT),
    forgets_protection=True,
    # With -sharedDb it keeps one database for all keys; no call shows that.
    isolation=Isolation.ACCESS_KEY,
)
MOTO = Engine(
    "moto",
    drops=(TABLE_CLASS, MAX_THROUGHPUT),
    # It has every account, and AssumeRole gives the keys of any.
    isolation=Isolation.ACCOUNT,
)

# Error codes by which an engine says that it has no such call.
NO_SUCH_CALL = ("UnknownOperationException", "UnknownOperation")
# The type of a key attribute without a definition: moto loses definitions in an
# UpdateTable with a partial list. It is a difference to show, not a reason to stop.
UNDEFINED = "?"
_LOCAL_ARN = ":ddblocal:"
# The account of DynamoDB Local, ministack and LocalStack; AWS gives it to nobody.
_NO_ACCOUNT = "000000000000"
# moto's account where nothing chooses another: the one of AWS's own documentation.
_MOTO_ACCOUNT = "123456789012"
_ARN_PARTS = 5
_SHOWN_BY = {
    ENCRYPTION: "SSEDescription",
    TABLE_CLASS: "TableClassSummary",
    MAX_THROUGHPUT: "OnDemandThroughput",
}


def engine_of(arn: str, server: str) -> Engine:
    """The engine that described a table: by the table's ARN and the header ``Server``."""
    if _LOCAL_ARN in arn:
        return DYNAMODB_LOCAL
    return MOTO if _is_moto(server) else AWS


def local_engine_of(server: str) -> Engine:
    """The engine that answered ListTables on this machine, by the header ``Server``."""
    return MOTO if _is_moto(server) else DYNAMODB_LOCAL


def proven_local(arn: str, server: str) -> str:
    """The local engine that a table's description proves, by name; empty without proof.

    A loopback address proves nothing: a signing proxy or a tunnel leads to AWS. An ARN of
    the region ``ddblocal`` or of an account that AWS never gives does, and so does moto's
    web server together with moto's own account.
    """
    if _LOCAL_ARN in arn:
        return DYNAMODB_LOCAL.name
    account = account_of(arn)
    if account == _NO_ACCOUNT:
        return f"an emulator (account {_NO_ACCOUNT})"
    return MOTO.name if _is_moto(server) and account == _MOTO_ACCOUNT else ""


def account_of(arn: str) -> str:
    """The account in a table's ARN; empty where the text is no ARN of a table."""
    parts = arn.split(":")
    return parts[4] if len(parts) > _ARN_PARTS and parts[0] == "arn" else ""


def region_of(arn: str) -> str:
    """The region in a table's ARN; empty where the text is no ARN of a table."""
    parts = arn.split(":")
    return parts[3] if len(parts) > _ARN_PARTS and parts[0] == "arn" else ""


def dropped_facts(engine: Engine, description: Mapping[str, Any]) -> dict[str, str]:
    """The facts whose absence from ``description`` proves nothing on ``engine``, and why."""
    return {
        fact: f"{engine.name} does not keep it"
        for fact in engine.drops
        if not _mentions(description, _SHOWN_BY[fact])
    }


def keep_protection(live: LiveTable, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of an UpdateTable that leaves the table's deletion protection alone."""
    forgets = engine_of(live.arn, "").forgets_protection
    if live.table.deletion_protection and forgets:
        return {"DeletionProtectionEnabled": True, **arguments}
    return arguments


def latest_tags(found: Iterable[Mapping[str, str]]) -> Tags:
    """Tags as pairs. moto keeps a tag that is set again beside the old one: the later counts."""
    return tuple({tag["Key"]: tag["Value"] for tag in found}.items())


def _is_moto(server: str) -> bool:
    return server.startswith("Werkzeug")


def _mentions(description: Mapping[str, Any], key: str) -> bool:
    return key in description or any(
        key in index for index in description.get("GlobalSecondaryIndexes", [])
    )
