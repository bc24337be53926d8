"""The states of a table, its indexes, replicas and key that do not end by themselves.

Source: the enumerations TableStatus, IndexStatus and ReplicaStatus of DynamoDB's service model
and their documentation. A state that is not known here may be new: waiting for it could last
until the deadline, so it counts as one that does not end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# ACTIVE, and the states of a change that DynamoDB itself ends.
PASSING = ("ACTIVE", "CREATING", "UPDATING", "DELETING")
NO_KEY = "INACCESSIBLE_ENCRYPTION_CREDENTIALS"
_FROM_BACKUP = (
    "restore the table from the backup that AWS made of it (aws dynamodb list-backups), or "
    "delete it"
)
_ADVICE = {
    NO_KEY: (
        "make its KMS key usable again (enable the key, cancel its deletion, or allow DynamoDB in "
        "its policy) before AWS archives the table, seven days after it lost the key"
    ),
    "ARCHIVING": f"its KMS key was not usable for seven days: {_FROM_BACKUP}",
    "ARCHIVED": f"its KMS key was not usable for seven days: {_FROM_BACKUP}",
    "REPLICATION_NOT_AUTHORIZED": (
        "allow its replication again in the policies of the table and of its replicas"
    ),
    "CREATION_FAILED": "remove the replica, then add it again",
    "REGION_DISABLED": "enable the replica's region for the account again, or remove the replica",
}
_OTHER_ADVICE = "see in the AWS console what it means, and end it there"


class Stuck(NamedTuple):
    """A part of a table, by its path, and its state that does not end by itself."""

    path: str
    state: str

    @property
    def advice(self) -> str:
        """What to do about it."""
        return _ADVICE.get(self.state, _OTHER_ADVICE)

    def __str__(self) -> str:
        part = "" if self.path == "table" else self.path.replace("[", " ").replace("]", "")
        return f"{part} is {self.state}".strip()


def stuck_states(description: Mapping[str, Any]) -> tuple[Stuck, ...]:
    """Return the states of a DescribeTable answer that do not end by themselves."""
    return tuple(dict.fromkeys(_stuck(description)))


def _stuck(description: Mapping[str, Any]) -> Iterator[Stuck]:
    yield from _of("table", description.get("TableStatus"))
    if (description.get("SSEDescription") or {}).get("InaccessibleEncryptionDateTime"):
        # The table may still be shown as ACTIVE for a while.
        yield Stuck("table" if description.get("TableStatus") == NO_KEY else "key", NO_KEY)
    yield from _parts(description, "GlobalSecondaryIndexes", "index", "IndexName", "IndexStatus")
    yield from _parts(description, "Replicas", "replica", "RegionName", "ReplicaStatus")
    yield from _parts(description, "GlobalTableWitnesses", "witness", "RegionName", "WitnessStatus")


def _parts(
    description: Mapping[str, Any], members: str, kind: str, name: str, status: str
) -> Iterator[Stuck]:
    parts: Iterable[Mapping[str, Any]] = description.get(members) or ()
    for part in parts:
        yield from _of(f"{kind}[{part.get(name)}]", part.get(status))


def _of(path: str, state: object) -> Iterator[Stuck]:
    if state is not None and state not in PASSING:
        yield Stuck(path, str(state))
