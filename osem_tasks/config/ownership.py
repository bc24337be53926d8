"""Whose a table is: every rule of what may be deleted, decided from values only.

``guards.check_deletion`` is its one user. A table goes only if no rule finds that it
belongs to somebody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from osem_tasks.schema.emulators import account_of, region_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from osem_tasks.config.environments import Environment
    from osem_tasks.config.target import Target
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table

OWN_TAGS = ("Environment", "Application")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One table that a task would delete.

    ``declared`` is the table as the target's environment holds it, ``live`` what the server
    says of it, ``entities`` are the names of all declared tables without a prefix.
    """

    target: Target
    declared: Table
    live: LiveTable
    environments: Mapping[str, Environment]
    entities: tuple[str, ...]

    @property
    def on_local_engine(self) -> bool:
        """Whether the target is local, and the server proved to be a local engine."""
        return self.target.local and bool(self.live.emulator)

    @property
    def account(self) -> str:
        """The account that the server names."""
        return account_of(self.live.arn)


def foreign_account(target: Target, live: LiveTable) -> str | None:
    """The account that holds ``live``, where the environment pins another one.

    A server that proves to be a local engine has no account. An ARN that cannot be read
    is no proof: the answer is then "unknown".
    """
    pinned = target.environment.account
    if not pinned or (target.local and live.emulator):
        return None
    account = account_of(live.arn) or "unknown"
    return None if account == pinned else account


def foreign_tag(claim: Claim) -> str | None:
    """What a tag says against the deletion, in words; None if every tag fits.

    Tags that are absent say nothing. Where they cannot be read, only a local engine may go on.
    """
    live = claim.live
    if "tags" in live.unreadable:
        return None if claim.on_local_engine else "its tags cannot be read"
    found, own = dict(live.table.tags or ()), dict(claim.declared.tags or ())
    for key in OWN_TAGS:
        if key in found and found[key] != own.get(key):
            expected = f"'{own[key]}'" if key in own else "none"
            return f"its tag {key} is '{found[key]}', that of this environment is {expected}"
    return None


def other_owners(claim: Claim) -> list[str]:
    """The other environments that declare a table of that name in that place, by name."""
    own, name = claim.target.environment, claim.live.table.name
    # A name that OSEM_DB_PREFIX alone makes ours is another environment's anywhere.
    by_configuration = name in _names(own, claim.entities)
    return [
        other.name
        for other in claim.environments.values()
        if other.name != own.name
        and name in _names(other, claim.entities)
        and not (by_configuration and (_is_elsewhere(other, claim) or _is_told_apart(other, claim)))
    ]


def _names(environment: Environment, entities: Iterable[str]) -> set[str]:
    return {environment.default_prefix + entity for entity in entities}


def _is_elsewhere(other: Environment, claim: Claim) -> bool:
    """Whether the other environment's tables cannot be where this table is."""
    if claim.on_local_engine:
        return other.where == "aws"
    region = region_of(claim.live.arn)
    return (
        other.where == "local"
        or (other.account is not None and other.account != claim.account != "")
        or (other.region_strict and other.region is not None and other.region != region != "")
    )


def _is_told_apart(other: Environment, claim: Claim) -> bool:
    """Whether two environments with one prefix are told apart otherwise than by names.

    A local engine's tables are nobody's loss; on AWS the tag Environment must say it.
    """
    own = claim.target.environment
    if other.default_prefix != own.default_prefix:
        return False
    if claim.on_local_engine:
        return True
    tag = dict(claim.live.table.tags or ()).get("Environment")
    return tag == own.all_tags["Environment"] != other.all_tags["Environment"]
