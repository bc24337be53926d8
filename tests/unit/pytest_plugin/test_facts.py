"""What the plugin says of its engine and of what it keeps."""

from __future__ import annotations

import json
from typing import Any

import pytest

from osem_tasks.pytest_plugin.facts import MAX_LISTED, Facts, Kept, kept_lines
from osem_tasks.schema import emulators
from osem_tasks.testing import IsolatedDatabase, Server

URL = "http://127.0.0.1:51234"


def facts(*databases: Kept, own: str = "osem-pytest-1") -> Facts:
    """The facts of a run on moto."""
    found = Facts(own=own, kept=list(databases))
    server = Server(URL, emulators.MOTO.isolation, emulators.MOTO)
    found.found(server, "function")
    return found


def kept(*tests: str, failed: tuple[str, ...] = (), prefix: str = "") -> Kept:
    """A database whose key is named after its first test."""
    database = IsolatedDatabase(URL, f"key of {tests[0]}", "secret", prefix=prefix)
    return Kept(dict(database.environ), prefix, list(tests), list(failed))


@pytest.mark.parametrize(
    "tables, line",
    [
        ("", "moto at 127.0.0.1:51234, scope function"),
        ("2 tables of t.yaml", "moto at 127.0.0.1:51234, 2 tables of t.yaml, scope function"),
    ],
)
def test_the_line_of_the_engine(tables: str, line: str) -> None:
    """The tables are named where a test uses them; before any test there is no line."""
    found = facts()
    found.tables = tables

    assert (found.line(), Facts().line()) == (line, "")


def test_failed_tests_come_first() -> None:
    """With the keys of their database, after what all databases share."""
    text = list(kept_lines(facts(kept("a"), kept("b", "c", "d", failed=("c",))), "osem local.down"))

    assert text == [
        f"engine osem-pytest-1 (moto) at {URL}",
        "To look into a database, set the first line and that of a test:",
        f"  export AWS_ENDPOINT_URL_DYNAMODB={URL} AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1",
        "  c and 2 more (1 failed):",
        "    export AWS_ACCESS_KEY_ID='key of b' AWS_SECRET_ACCESS_KEY=secret",
        "  a:",
        "    export AWS_ACCESS_KEY_ID='key of a' AWS_SECRET_ACCESS_KEY=secret",
        "Then, for example: aws dynamodb list-tables",
        "To remove it: osem local.down",
    ]


@pytest.mark.parametrize(
    "database, removal",
    [
        (kept("a"), f"To remove them: stop the server at {URL}"),
        (
            kept("a", prefix="t1-"),
            "To remove them: aws dynamodb delete-table --table-name NAME   for the tables t1-*",
        ),
    ],
)
def test_a_server_of_another_is_not_removed(database: Kept, removal: str) -> None:
    """The run did not start it: only the tables are named."""
    assert list(kept_lines(facts(database, own=""), "unused"))[-1] == removal


def test_many_databases_are_a_short_list() -> None:
    """The rest is counted."""
    databases = [kept(f"test {number}") for number in range(MAX_LISTED + 7)]

    text = list(kept_lines(facts(*databases), "osem local.down"))

    assert sum("ACCESS_KEY_ID" in line for line in text) == MAX_LISTED
    assert "  and 7 more databases" in text


def test_a_controller_collects_the_facts_of_its_workers() -> None:
    """As plain values, which xdist can transfer; the first failure and engine count."""
    first, second = facts(kept("a")), facts(kept("b"))
    second.failure = "no engine"
    run = Facts()

    for worker in (first, second):
        sent: dict[str, Any] = json.loads(json.dumps(worker.sent()))
        run.receive(sent)

    assert (run.line(), run.failure) == (first.line(), "no engine")
    assert run.kept == [*first.kept, *second.kept]


def test_a_test_belongs_to_the_last_database() -> None:
    """Its setup, call and teardown are reports of one test."""
    found = facts(kept("a"))

    for failed in (False, True, False):
        found.used("b", failed=failed)

    assert (found.kept[0].tests, found.kept[0].failed) == (["a", "b"], ["b"])
