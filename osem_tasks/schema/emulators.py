"""Every difference between the emulators and DynamoDB on AWS that the suite handles.

Measured on DynamoDB Local 1.25.1, ministack 1.5.33 and moto 5. The suite recognizes an emulator by its
answers, never by its version or by how it was started.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from osem_tasks.schema.live import (
    ENCRYPTION,
    MAX_THROUGHPUT,
    RECOVERY,
    STREAM,
    TABLE_CLASS,
    WARM_THROUGHPUT,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Tags


class Isolation(Enum):
    """What separates the tables of two users of one engine."""

    ACCESS_KEY = "access key"
    ACCOUNT = "account"
    TABLE_PREFIX = "table prefix"


@dataclass(frozen=True, slots=True)
class Engine:
    """A DynamoDB engine, described by its differences from AWS.

    ``drops`` are facts that it accepts but does not store, ``fixed`` those that it keeps from
    CreateTable and never changes afterwards, ``lacks`` those that it has no call for to set or to
    read them. One with
    ``streams_once`` never enables the stream of a table a second time. An engine with
    ``forgets_protection`` turns off deletion protection in every UpdateTable that does not
    set it. Two users with different values of ``isolation`` have separate databases; one with
    ``region_databases`` has separate tables in every region even for the same user, and one with
    ``account_keys`` takes an access key of 12 digits for the account of that number. An item has
    ``max_item`` bytes at most. Two transactions at the same time are safe on one with
    ``parallel_transactions``.
    """

    name: str
    drops: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    streams_once: bool = False
    forgets_protection: bool = False
    isolation: Isolation = Isolation.TABLE_PREFIX
    region_databases: bool = False
    account_keys: bool = False
    max_item: int = 400 * 1024
    parallel_transactions: bool = True


AWS = Engine("AWS")
DYNAMODB_LOCAL = Engine(
    "DynamoDB Local",
    # It refuses an UpdateTable of warm throughput alone: "Nothing to update".
    drops=(ENCRYPTION, TABLE_CLASS, MAX_THROUGHPUT, WARM_THROUGHPUT),
    lacks=(RECOVERY, "tags"),
    forgets_protection=True,
    # With -sharedDb it uses one database for all keys; no call reveals that.
    isolation=Isolation.ACCESS_KEY,
)
MINISTACK = Engine(
    "ministack",
    # It shows a warm throughput of 0 for every table, whatever is set. Of the days of recovery
    # it tells nothing, as other engines may.
    drops=(WARM_THROUGHPUT,),
    isolation=Isolation.ACCOUNT,
    region_databases=True,
    account_keys=True,
)
MOTO = Engine(
    "moto",
    # It keeps warm throughput, but of an update with one number only that one.
    drops=(TABLE_CLASS, MAX_THROUGHPUT),
    # It answers an UpdateTable with a SSESpecification and ignores it; it refuses to enable a
    # stream again ("Cannot enable stream", ResourceInUseException), for as long as the table is.
    fixed=(ENCRYPTION,),
    streams_once=True,
    # moto has every account, and AssumeRole returns keys for any of them.
    isolation=Isolation.ACCOUNT,
    region_databases=True,
    # It refuses larger items: "Item size has exceeded the maximum allowed size".
    max_item=405_000,
    # It copies its tables for every transaction, and fails where another one changes them.
    parallel_transactions=False,
)

# Error codes of an engine that does not support a call.
NO_SUCH_CALL = ("UnknownOperationException", "UnknownOperation")
# The type of a key attribute without a definition: moto loses definitions in an UpdateTable
# with a partial list. The suite reports this as a difference and continues.
UNDEFINED = "?"
_LOCAL_ARN = ":ddblocal:"
# The account of DynamoDB Local, ministack and LocalStack; AWS never assigns it.
_NO_ACCOUNT = "000000000000"
# moto's default account: the example account of the AWS documentation.
_MOTO_ACCOUNT = "123456789012"
_HEADER_OF_S3 = "x-amz-id-2"
_ARN_PARTS = 5
_SHOWN_BY = {
    ENCRYPTION: "SSEDescription",
    TABLE_CLASS: "TableClassSummary",
    MAX_THROUGHPUT: "OnDemandThroughput",
    WARM_THROUGHPUT: "WarmThroughput",
}


def server_of(headers: Mapping[str, str]) -> str:
    """Return the server that sent ``headers`` (names in lower case); empty if it does not tell.

    It is the header ``Server``. ministack sends none, and is known by a header that belongs to
    S3: no other DynamoDB sends it, neither AWS nor an emulator.
    """
    server = headers.get("server", "")
    return server or (MINISTACK.name if _HEADER_OF_S3 in headers else "")


def engine_of(arn: str, server: str) -> Engine:
    """Return the engine of a table, from the table's ARN and its server (see ``server_of``).

    Without a table the ARN is empty, and only the server tells.
    """
    if _LOCAL_ARN in arn or (not arn and server.startswith("Jetty")):
        return DYNAMODB_LOCAL
    return _by_server(server) or AWS


def local_engine_of(server: str) -> Engine:
    """Return the engine that answered ListTables on this machine, from its server."""
    return _by_server(server) or DYNAMODB_LOCAL


def proven_local(arn: str, server: str) -> str:
    """Return the name of the local engine that a description proves; empty without proof.

    A loopback address proves nothing, because a signing proxy or a tunnel can lead to AWS. The
    proof is an ARN with the region ``ddblocal`` or with an account that AWS never assigns, or
    the header of moto's web server together with moto's default account.
    """
    if _LOCAL_ARN in arn:
        return DYNAMODB_LOCAL.name
    account = account_of(arn)
    if account == _NO_ACCOUNT:
        known = MINISTACK.name if _is_ministack(server) else "an emulator"
        return f"{known} (account {_NO_ACCOUNT})"
    return MOTO.name if _is_moto(server) and account == _MOTO_ACCOUNT else ""


def account_of(arn: str) -> str:
    """Return the account in a table's ARN; empty if the text is not a table ARN."""
    parts = arn.split(":")
    return parts[4] if len(parts) > _ARN_PARTS and parts[0] == "arn" else ""


def region_of(arn: str) -> str:
    """Return the region in a table's ARN; empty if the text is not a table ARN."""
    parts = arn.split(":")
    return parts[3] if len(parts) > _ARN_PARTS and parts[0] == "arn" else ""


def dropped_facts(engine: Engine, description: Mapping[str, Any]) -> dict[str, str]:
    """Return the facts that ``engine`` drops and ``description`` omits, with the reasons."""
    return {
        fact: f"{engine.name} does not keep it"
        for fact in engine.drops
        if not _shows(description, _SHOWN_BY[fact])
    }


def not_kept(engine: Engine, fact: str) -> str:
    """Return why a new table on ``engine`` will not have that fact; empty if it will."""
    lost = (*engine.drops, *engine.lacks)
    return f"{engine.name} does not keep it" if fact in lost else ""


def fixed_facts(engine: Engine, description: Mapping[str, Any]) -> dict[str, str]:
    """Return the facts that ``engine`` cannot change on the described table, with the reasons.

    A stream is among them if it cannot be enabled any more; it can still be disabled.
    """
    found = dict.fromkeys(engine.fixed, f"{engine.name} does not change it on an existing table")
    # The label stays when the stream is disabled.
    if engine.streams_once and description.get("LatestStreamLabel"):
        found[STREAM] = f"{engine.name} does not enable the stream of a table a second time"
    return found


def keep_protection(live: LiveTable, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return UpdateTable arguments that do not change the table's deletion protection."""
    forgets = engine_of(live.arn, "").forgets_protection
    if live.table.deletion_protection and forgets:
        return {"DeletionProtectionEnabled": True, **arguments}
    return arguments


def latest_tags(found: Iterable[Mapping[str, str]]) -> Tags:
    """Return tags as pairs. moto keeps both values of a tag that is set twice; the last counts."""
    return tuple({tag["Key"]: tag["Value"] for tag in found}.items())


def _by_server(server: str) -> Engine | None:
    if _is_ministack(server):
        return MINISTACK
    return MOTO if _is_moto(server) else None


def _is_ministack(server: str) -> bool:
    return server == MINISTACK.name


def _is_moto(server: str) -> bool:
    return server.startswith("Werkzeug")


def _shows(description: Mapping[str, Any], key: str) -> bool:
    """Return whether a table, or one of its indexes, has a value of ``key``.

    Zeros of the table are none: ministack shows them for whatever is set.
    """
    if shown := description.get(key):
        units = [value for value in dict(shown).values() if isinstance(value, int)]
        return any(units) or not units
    return any(key in index for index in description.get("GlobalSecondaryIndexes") or ())
