"""Rules that decide from values alone who owns a table, and so whether it may be deleted.

Only ``guards.check_deletion`` uses them. A table may be deleted only if no rule finds
another owner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from osem_tasks.schema.emulators import account_of, region_of
from osem_tasks.schema.facts import ENVIRONMENT_TAG, OWNER_TAGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from osem_tasks.config.environments import Environment
    from osem_tasks.config.target import Target
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One table that a task would delete.

    ``declared`` is the table as the target's environment declares it, ``live`` the server's
    description of it, ``entities`` are the names of all declared tables without a prefix.
    """

    target: Target
    declared: Table
    live: LiveTable
    environments: Mapping[str, Environment]
    entities: tuple[str, ...]

    @property
    def on_local_engine(self) -> bool:
        """Whether the target is local and the server proved to be a local engine."""
        return self.target.local and bool(self.live.emulator)

    @property
    def account(self) -> str:
        """The account in the server's answer."""
        return account_of(self.live.arn)


def foreign_account(target: Target, live: LiveTable) -> str | None:
    """Return the account that holds ``live``, if the environment pins another one.

    A proven local engine has no account. If the ARN cannot be read, the result is "unknown".
    """
    pinned = target.environment.account
    if not pinned or (target.local and live.emulator):
        return None
    account = account_of(live.arn) or "unknown"
    return None if account == pinned else account


def foreign_tag(claim: Claim) -> str | None:
    """Return why a tag forbids the deletion, as text; None if all tags match.

    Missing tags forbid nothing. Unreadable tags are accepted only on a local engine.
    """
    live = claim.live
    if "tags" in live.unreadable:
        return None if claim.on_local_engine else "its tags cannot be read"
    found, own = dict(live.table.tags or ()), dict(claim.declared.tags or ())
    # Where our tables leave the tag out, one that names this environment is still right.
    own.setdefault(ENVIRONMENT_TAG, claim.target.environment.name)
    if not claim.on_local_engine and not _is_own_by_configuration(claim):
        missing = [key for key in OWNER_TAGS if key in own and key not in found]
        if missing:
            return f"only OSEM_DB_PREFIX makes its name ours, and it has no tag {missing[0]}"
    for key in OWNER_TAGS:
        if key in found and found[key] != own.get(key):
            expected = f"'{own[key]}'" if key in own else "none"
            return f"its tag {key} is '{found[key]}', that of this environment is {expected}"
    return None


def other_owners(claim: Claim) -> list[str]:
    """Return the names of other environments that declare this table at this location."""
    own, name = claim.target.environment, claim.live.table.name
    # If only OSEM_DB_PREFIX makes the name ours, another environment owns it at any location.
    by_configuration = _is_own_by_configuration(claim)
    return [
        other.name
        for other in claim.environments.values()
        if other.name != own.name
        and name in _names(other, claim.entities)
        and not (by_configuration and (_is_elsewhere(other, claim) or _is_told_apart(other, claim)))
    ]


def never_meet(own: Environment, other: Environment, region: str) -> bool:
    """Return whether a task for ``own`` in ``region`` cannot reach the tables of ``other``.

    Two pinned accounts are proven before anything is changed: STS must name the task's own.
    """
    accounts = own.account is not None and other.account is not None
    return (
        other.where == "local"
        or (accounts and own.account != other.account)
        or (other.region_strict and other.region is not None and other.region != region != "")
    )


def _is_own_by_configuration(claim: Claim) -> bool:
    """Return whether the environment's configured naming gives the table's name."""
    return claim.live.table.name in _names(claim.target.environment, claim.entities)


def _names(environment: Environment, entities: Iterable[str]) -> set[str]:
    return {environment.naming.real(entity) for entity in entities}


def _is_elsewhere(other: Environment, claim: Claim) -> bool:
    """Return whether the other environment's tables cannot be at this table's location."""
    if claim.on_local_engine:
        return other.where == "aws"
    region = region_of(claim.live.arn)
    return (
        other.where == "local"
        or (other.account is not None and other.account != claim.account != "")
        or (other.region_strict and other.region is not None and other.region != region != "")
    )


def _is_told_apart(other: Environment, claim: Claim) -> bool:
    """Return whether something other than the names separates environments with one prefix.

    A local engine has no tables worth protecting; on AWS the tag Environment must decide.
    """
    own = claim.target.environment
    if other.naming != own.naming:
        return False
    if claim.on_local_engine:
        return True
    tag = dict(claim.live.table.tags or ()).get(ENVIRONMENT_TAG)
    theirs = other.all_tags.get(ENVIRONMENT_TAG)
    # An environment without the tag may own a table with any.
    return theirs is not None and tag == own.all_tags.get(ENVIRONMENT_TAG) != theirs
