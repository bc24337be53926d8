"""Planned actions as data: an ordered list, each with its risk and its reason.

Other modules decide how to send (``calls``), run (``apply``) and show (``output``) them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.plan.created import NewFact
    from osem_tasks.schema.model import Index


class Effect(Enum):
    """What an action does to a table: add, remove or change."""

    ADDS = "adds"
    REMOVES = "removes"
    CHANGES = "changes"


_EFFECTS = {
    "create": Effect.ADDS,
    "enable": Effect.ADDS,
    "delete": Effect.REMOVES,
    "disable": Effect.REMOVES,
}


class Kind(str, Enum):
    """What an action does, by its name in JSON."""

    CREATE_TABLE = "create_table"
    CREATE_INDEX = "create_index"
    DELETE_INDEX = "delete_index"
    UPDATE_BILLING = "update_billing"
    UPDATE_THROUGHPUT = "update_throughput"
    UPDATE_MAX_THROUGHPUT = "update_max_throughput"
    UPDATE_WARM_THROUGHPUT = "update_warm_throughput"
    ENABLE_STREAM = "enable_stream"
    DISABLE_STREAM = "disable_stream"
    ENABLE_TTL = "enable_ttl"
    DISABLE_TTL = "disable_ttl"
    ENABLE_PITR = "enable_pitr"
    DISABLE_PITR = "disable_pitr"
    UPDATE_PITR_PERIOD = "update_pitr_period"
    SET_DELETION_PROTECTION = "set_deletion_protection"
    SET_TAGS = "set_tags"
    UPDATE_ENCRYPTION = "update_encryption"
    UPDATE_TABLE_CLASS = "update_table_class"
    # A change that needs a new table; the JSON name dates from the first release.
    NOT_IN_PLACE = "new_table"

    @property
    def words(self) -> str:
        """The kind as text for people."""
        if self is Kind.NOT_IN_PLACE:
            return "cannot change"
        words: str = self.value.replace("_", " ")
        return words.replace("pitr", "point-in-time recovery")

    @property
    def effect(self) -> Effect:
        """The effect, derived from the verb in the name."""
        return _EFFECTS.get(self.value.partition("_")[0], Effect.CHANGES)

    @property
    def of_index(self) -> bool:
        """Whether DynamoDB builds or drops an index for it, one at a time per table."""
        return self in (Kind.CREATE_INDEX, Kind.DELETE_INDEX)


class Risk(str, Enum):
    """What may be lost or cost money because of an action."""

    SAFE = "safe"
    ONLINE_BUILD = "online build"
    RATE_LIMITED = "rate-limited"
    REMOVES = "removes what may be in use"
    IMPOSSIBLE = "impossible in place"


# The options that allow an action to take something away: what is not declared; an index that
# is declared otherwise; capacity; protection, recovery or a key of one's own.
PRUNE = "--prune"
REPLACE = "--replace-indexes"
REDUCE = "--reduce"
UNPROTECT = "--unprotect"
OPTIONS = (PRUNE, REPLACE, REDUCE, UNPROTECT)


@dataclass(frozen=True, slots=True)
class Action:
    """One step on one table. ``target`` describes the result.

    ``requires`` are the options without which the action does not run, ``index`` is its global
    index, ``mends`` are the paths of the facts that it corrects. ``creates`` are all facts of a table
    to create.
    """

    table: str
    kind: Kind
    target: str
    risk: Risk
    reason: str
    requires: tuple[str, ...] = ()
    index: Index | None = None
    mends: tuple[str, ...] = ()
    creates: tuple[NewFact, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return f"{self.table}: {self.kind.words} {self.target}"

    @property
    def identity(self) -> tuple[str, Kind, str]:
        """The table, kind and target, which identify an action."""
        return self.table, self.kind, self.target

    @property
    def possible(self) -> bool:
        """Whether DynamoDB can do it to an existing table."""
        return self.risk is not Risk.IMPOSSIBLE

    def missing(self, given: Sequence[str]) -> tuple[str, ...]:
        """Return the required options that are not in ``given``."""
        return tuple(option for option in self.requires if option not in given)

    def as_json(self) -> dict[str, object]:
        """Return an entry of ``data.actions``."""
        created = [fact.as_json() for fact in self.creates]
        return {
            "tableName": self.table,
            "action": self.kind.value,
            "target": self.target,
            "risk": self.risk.value,
            "reason": self.reason,
            "requires": list(self.requires),
            **({"creates": created} if created else {}),
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """Actions in the order in which they run, and the options that were ``given``.

    A dry run shows a plan, a run carries it out, and text and JSON report it.
    """

    actions: tuple[Action, ...]
    given: tuple[str, ...] = ()

    @property
    def runnable(self) -> tuple[Action, ...]:
        """The actions that run with the given options."""
        return tuple(a for a in self.actions if a.possible and not a.missing(self.given))

    @property
    def held_back(self) -> tuple[Action, ...]:
        """The possible actions that need an option that was not given."""
        return tuple(a for a in self.actions if a.possible and a.missing(self.given))

    @property
    def missing_options(self) -> tuple[str, ...]:
        """The options that some action needs and that were not given, sorted."""
        options = {option for action in self.held_back for option in action.missing(self.given)}
        return tuple(sorted(options))

    @property
    def impossible(self) -> tuple[Action, ...]:
        """The actions that DynamoDB cannot do to an existing table."""
        return tuple(action for action in self.actions if not action.possible)

    @property
    def replacing(self) -> tuple[str, ...]:
        """The tables with an index that a run rebuilds."""
        return tuple(dict.fromkeys(a.table for a in self.runnable if REPLACE in a.requires))

    @property
    def confirmable(self) -> tuple[Action, ...]:
        """The removals of a run, which a person must confirm on AWS."""
        return tuple(action for action in self.runnable if action.requires)
