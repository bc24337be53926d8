"""What a refusal for a limit says: whether the limit passes, and when.

DynamoDB uses LimitExceededException for the work of others, for a number of changes per day and
for the account's quotas; only the wording differs. The wordings are those of the API reference
and of messages that AWS has sent.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osem_tasks.errors import OsemError

# The codes for a table that something else is changing or creating.
IN_USE = ("ResourceInUseException", "TableInUseException", "TableAlreadyExistsException")
# A backup of the table is being made, deleted or restored.
BACKUP_IN_USE = "BackupInUseException"


class Limit(Enum):
    """The kinds of limits, by what ends them."""

    WORK = "other work, which ends within minutes"
    INTERVAL = "a time that AWS sets between two changes"
    QUOTA = "a higher quota, or fewer tables, indexes or units"
    UNKNOWN = "unknown"


# In order: the first row that matches decides. A wording has several words where it can, so that
# the name of a table in the message matches none.
_WORDINGS: tuple[tuple[Limit, tuple[str, ...]], ...] = (
    (
        # "Update to PayPerRequest mode are limited to once in 1 day(s). ... Next update can be
        # made at ...", "Updates to TableClass are limited to 2 times in 30 day(s)", "Provisioned
        # throughput decreases are limited within a given UTC day", "Encryption mode changes are
        # limited in the 24h window ending at ...".
        Limit.INTERVAL,
        (
            r"limited to (once|twice|\d+ times?) (in|per|every|within|a) ",
            r"limited (in|within) (a|an|the|one|any) .*(day|hour|window|minutes)",
            r"once (an|every|per|in|within) (the )?(same |given )?(\w+ )?(hour|day|minute|second)",
            r"(only|at most) once ",
            r"next (\w+ )?(update|change|decrease|increase|switch|modification)s? can be (made|performed)",
            r"(per|a|in a given|same) (UTC |calendar )?(day|hour)\b",
            r"modified multiple times within a fixed interval",
            # "up to four times in a 24-hour rolling window", "twice in a 30-day trailing period"
            r"(in|per|every|last|past|within|trailing|after) ((a|any|the|last|past|trailing) )*\d+[- ]?(h|hours?|days?|minutes?)\b",
            r"less than \d+ (hours?|days?|minutes?) ago|(?<![\w.-])daily (\w+ )?(limit|quota|maximum)",
            r"for (one|an) hour after",
        ),
    ),
    (
        # "Only 10 tables can be created, updated, or deleted simultaneously", "Only 1 online index
        # can be created or deleted simultaneously per table", "There is a limit to the number of
        # tables that can be created simultaneously", "Table tags are being updated: ...".
        Limit.WORK,
        (
            r"(?<![\w.-])(simultaneous|concurrent)(ly)?(?![\w-])|in parallel|at the same time",
            r"(?<![\w.-])being (created|updated|deleted|restored|changed|backed up)",
            r"too many (\w+ )?(operations|requests|updates|changes|calls) (for|on|in|at|per|are)",
            r"in (the )?(creating|updating|deleting)( \w+)* (state|status)",
            r"at (a|one|any) (given )?time|(?<![\w.-])(ongoing|outstanding|busy)(?![\w-])",
            r"in progress|under way|try again later|retry later|rate (of \w+ )?exceed",
        ),
    ),
    (
        # "There is a limit of 2500 tables per subscriber", "... is above the per table maximum for
        # the account", "... exceeds TableMaxReadCapacityUnits of the account in region ...",
        # "Number of global secondary indexes exceeds per-table limit of 20".
        Limit.QUOTA,
        (
            r"(table|account)max\w*(capacity|request)units",
            r"(?<![\w.-])quotas?(?![\w-])",
            r"tables? per|number of tables|limit of \d+",
            r"per[- ](account|subscriber|region|table|index)\b",
            r"(maximum|limit|capacity|reserved|exceeded) (\w+ )?(for|of|by|in) (the|this|your) account",
            r"account[- ](limit|maximum|level)|limits? of (the|this|your) account",
            r"(maximum|allowed) number of|already has the maximum",
            # "Cannot create more than 2500 tables", "The account has reached its table limit"
            r"(table|index|capacity|count|size|tag)s? (limit|maximum)(?![\w-])|may not exceed \d+",
            r"more than [\d,]+ (\w+ )?(tables|indexes|attributes|tags)|exceeds (the )?maximum",
        ),
    ),
)
_TABLE = tuple(
    (limit, "|".join(f"(?:{wording})" for wording in wordings)) for limit, wordings in _WORDINGS
)
_NEXT = re.compile(
    r"next (?:\w+ )?\w+ can be (?:made|performed) (?:at|after|on) (?P<when>.+?)\s*(?:[(.]|$)",
    re.IGNORECASE,
)
_SPAN = re.compile(
    r"(?:once|twice|\d+ times?) (?:in|every|per|within) (?P<span>\d+ [a-z]+(?:\(s\))?)",
    re.IGNORECASE,
)
_LENGTH = re.compile(
    r"(?<![\w.-])(?P<number>\d+)[- ]?(?P<unit>h|hour|day|minute)s?\b", re.IGNORECASE
)


def limit_in(words: str) -> Limit:
    """Return the kind of the limit that the service's ``words`` are about."""
    # ``re`` compiles a pattern at its first use and keeps it: most tasks are never limited.
    return next(
        (limit for limit, wording in _TABLE if re.search(wording, words, re.IGNORECASE)),
        Limit.UNKNOWN,
    )


def limit_of(error: OsemError) -> Limit:
    """Return the kind of the limit that the refusal ``error`` is about."""
    if error.details.get("awsCode") in (*IN_USE, BACKUP_IN_USE):
        return Limit.WORK
    return limit_in(error.reason)


def when(words: str) -> str:
    """Return when a limit of the kind INTERVAL ends, as far as the ``words`` tell: "after ..."."""
    if moment := _NEXT.search(words):
        return f"after {moment['when']}"
    if length := _SPAN.search(words):
        return f"when {length['span']} have passed"
    if length := _LENGTH.search(words):
        unit = "hour" if length["unit"] in "hH" else length["unit"].lower()
        return f"when {length['number']} {unit}s have passed"
    if "hour" in words.lower() or "interval" in words.lower():
        return "in an hour"
    return "tomorrow" if re.search("day|daily", words.lower()) else "later"
