"""Differences and remedies in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from osem_tasks.config.commands import remedy_text
from osem_tasks.config.environments import Environment
from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.output.messages import message
from osem_tasks.plan.remedies import Remedies, Remedy
from osem_tasks.schema.compare import compare_all
from osem_tasks.schema.difference import Fact, IssueType, Verdict
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import Index, Key, Projection, Stream, Table, TableSet
from tests.unit.schema.base import BASE as FULL
from tests.unit.schema.test_compare import CHANGES

QA = resolve(Environment(name="qa", where="aws"), TargetOptions(), {})
BASE = Table(name="Plans", key=Key.parse("pk S, sk S"))
LOCAL = Index("i-local", Key.parse("pk S, a S"))


def fact(issue: IssueType, expected: Any, found: Any, path: str = "x") -> Fact:
    """A difference of the fact at ``path``."""
    return Fact(path, Verdict.DIFFERENT, issue, expected, found)


@pytest.mark.parametrize(
    "expected, found, sentence",
    [
        pytest.param("a S", "a N", "x: expected a S, found a N", id="texts"),
        pytest.param("a S", None, "x: missing (expected a S)", id="missing"),
        pytest.param(None, "a S", "x: not declared, found a S", id="extra"),
        pytest.param(True, False, "x: expected on, found off", id="booleans"),
        pytest.param(
            {"b": "2", "a": "1"}, {}, "x: expected a=1, b=2, found none", id="mappings-in-order"
        ),
    ],
)
def test_message(expected: object, found: object, sentence: str) -> None:
    """One sentence says what was expected and what was found."""
    assert sentence == message(fact(IssueType.WRONG_STREAM, expected, found))


@pytest.mark.parametrize(
    "found, sentence",
    [
        pytest.param(None, "the table does not exist", id="missing"),
        pytest.param("ACTIVE", "the table exists here only", id="on-one-side-only"),
    ],
)
def test_message_about_a_whole_table(found: str | None, sentence: str) -> None:
    """A table that one side lacks is said to be missing, not to differ."""
    assert message(fact(IssueType.TABLE_NOT_FOUND, None, found, "table")) == sentence


def remedies(declared: Table, found: LiveTable | None) -> list[tuple[IssueType, str]]:
    """The type of every difference and what to do about it."""
    comparison = compare_all(TableSet((declared,)), {declared.name: found})
    mending = Remedies(comparison, protected=False)
    return [
        (fact.issue_type, remedy_text(mending.of(diff, fact), QA))
        for diff in comparison.diffs
        for fact in diff.issues
    ]


def live(found: Table) -> LiveTable:
    """``found`` as an engine holds it."""
    return LiveTable(table=found, status="ACTIVE", index_status={})


@pytest.mark.parametrize(
    "found, issue", [pytest.param(found, issue, id=case) for case, found, issue, _ in CHANGES]
)
def test_every_issue_has_a_remedy(found: LiveTable | None, issue: IssueType) -> None:
    """Each kind of issue names a command to type next, with the environment."""
    declared = FULL
    if found and issue is not IssueType.WRONG_DELETION_PROTECTION:
        # A table that is protected is never reset.
        declared = replace(FULL, deletion_protection=False)
        found = replace(found, table=replace(found.table, check=False, deletion_protection=False))

    ((kind, text),) = remedies(declared, found)

    assert kind is issue
    assert "inv db." in text
    assert "--env qa" in text


REPAIR = "inv db.repair --env qa"
BY_RESET = (
    "cannot be changed in place. To keep the items: inv db.migrate --env qa --table Plans"
    "   or, if the items can be discarded: inv db.reset --env qa"
)


def with_(*indexes: Index, **facts: Any) -> Table:
    """The table with these global indexes and facts."""
    return replace(BASE, global_indexes=indexes, **facts)


def index(key: str = "a S", **facts: Any) -> Index:
    """The index of these tables."""
    return Index("i-index", Key.parse(key), **facts)


@pytest.mark.parametrize(
    "declared, found, issue, remedy",
    [
        pytest.param(BASE, None, IssueType.TABLE_NOT_FOUND, "inv db.setup --env qa", id="no-table"),
        pytest.param(
            BASE,
            replace(BASE, key=Key.parse("b S, sk S")),
            IssueType.WRONG_PARTITION_KEY,
            BY_RESET,
            id="key",
        ),
        pytest.param(
            BASE,
            replace(BASE, key=Key.parse("pk N, sk S")),
            IssueType.WRONG_KEY_TYPE,
            BY_RESET,
            id="key-type",
        ),
        pytest.param(
            replace(BASE, local_indexes=(LOCAL,)),
            replace(BASE, local_indexes=(replace(LOCAL, key=Key.parse("pk S, a N")),)),
            IssueType.WRONG_KEY_TYPE,
            BY_RESET,
            id="local-key-type",
        ),
        pytest.param(
            replace(BASE, local_indexes=(LOCAL,)),
            BASE,
            IssueType.MISSING_LSI,
            BY_RESET,
            id="local-index",
        ),
        pytest.param(with_(index()), BASE, IssueType.MISSING_GSI, REPAIR, id="index-missing"),
        pytest.param(
            BASE, with_(index()), IssueType.EXTRA_GSI, f"{REPAIR} --prune", id="index-extra"
        ),
        *(
            pytest.param(
                with_(index()),
                with_(other),
                issue,
                f"{REPAIR} --replace-indexes",
                id=f"index-{issue.value.lower()}",
            )
            for issue, other in (
                (IssueType.WRONG_GSI_KEYS, index("b S")),
                (IssueType.WRONG_GSI_PROJECTION, index(projection=Projection("KEYS_ONLY"))),
                (IssueType.WRONG_KEY_TYPE, index("a N")),
            )
        ),
        pytest.param(
            replace(BASE, tags=(("a", "1"),)),
            replace(BASE, tags=()),
            IssueType.WRONG_TAGS,
            REPAIR,
            id="tags",
        ),
        pytest.param(
            replace(BASE, stream=Stream("NEW_IMAGE")),
            replace(BASE, stream=Stream(None)),
            IssueType.WRONG_STREAM,
            REPAIR,
            id="stream-off",
        ),
        pytest.param(
            replace(BASE, stream=Stream(None)),
            replace(BASE, stream=Stream("NEW_IMAGE")),
            IssueType.WRONG_STREAM,
            f"{REPAIR} --prune",
            id="stream-on",
        ),
        pytest.param(
            replace(BASE, point_in_time_recovery=True),
            replace(BASE, point_in_time_recovery=False),
            IssueType.WRONG_PITR,
            REPAIR,
            id="recovery-off",
        ),
        pytest.param(
            replace(BASE, point_in_time_recovery=False),
            replace(BASE, point_in_time_recovery=True),
            IssueType.WRONG_PITR,
            f"{REPAIR} --unprotect",
            id="recovery-on",
        ),
    ],
)
def test_remedy(declared: Table, found: Table | None, issue: IssueType, remedy: str) -> None:
    """What can be repaired names db.repair with the option it takes; what cannot says so."""
    assert remedies(declared, live(found) if found else None) == [(issue, remedy)]


@pytest.mark.parametrize(
    "remedy, expected",
    [
        pytest.param(Remedy("nothing helps"), "nothing helps", id="words-only"),
        pytest.param(Remedy(task="db.setup"), "inv db.setup --env qa", id="command-only"),
        pytest.param(
            Remedy("first this, then: ", "db.repair", ("--prune", "--replace-indexes")),
            "first this, then: inv db.repair --env qa --prune --replace-indexes",
            id="words-and-command",
        ),
    ],
)
def test_remedy_in_words(remedy: Remedy, expected: str) -> None:
    """The words stand before the command; without a task there is no command."""
    assert remedy_text(remedy, QA) == expected
