"""What a run knows about its engine and databases; the xdist controller collects it of all workers."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.testing import IsolatedDatabase, Server

# The most databases that the summary lists.
MAX_LISTED = 10
_SHARED = ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_REGION", "AWS_DEFAULT_REGION")
# No local engine asks for the session token of its temporary keys.
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@dataclass(slots=True)
class Kept:
    """A database that stays: the variables that lead there, its table prefix, and its tests."""

    variables: dict[str, str]
    prefix: str
    tests: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Facts:
    """The engine in words, as soon as it is known; what is kept; why no engine can be had.

    ``own`` is the name of the engine if the run has started it and keeps it.
    """

    engine: str = ""
    endpoint: str = ""
    tables: str = ""
    scope: str = ""
    failure: str = ""
    own: str = ""
    kept: list[Kept] = field(default_factory=list)
    is_announced: bool = False

    def found(self, server: Server, scope: str) -> None:
        """Store the engine of the run."""
        self.engine, self.endpoint, self.scope = server.engine.name, server.endpoint, scope

    def line(self) -> str:
        """Return the engine in one line; empty while no test has used it."""
        if not self.engine:
            return ""
        place = self.endpoint.partition("://")[2]
        parts = [f"{self.engine} at {place}", self.tables, f"scope {self.scope}"]
        return ", ".join(part for part in parts if part)

    def keep(self, database: IsolatedDatabase) -> None:
        """Store a database that stays; the tests that follow use it."""
        self.kept.append(Kept(dict(database.environ), database.prefix))

    def used(self, test: str, *, failed: bool) -> None:
        """Store that a test used the last database that is kept."""
        if not self.kept:
            return
        last = self.kept[-1]
        if test not in last.tests:
            last.tests.append(test)
        if failed and test not in last.failed:
            last.failed.append(test)

    def sent(self) -> dict[str, Any]:
        """Return the facts of a worker in the form that xdist transfers."""
        kept = [[dict(k.variables), k.prefix, list(k.tests), list(k.failed)] for k in self.kept]
        texts = {name: getattr(self, name) for name in _TEXTS}
        return {**texts, "kept": kept}

    def receive(self, sent: dict[str, Any]) -> None:
        """Add the facts of a worker to those of the run; the first worker's words count."""
        for name in _TEXTS:
            setattr(self, name, getattr(self, name) or sent[name])
        self.kept += [Kept(*entry) for entry in sent["kept"]]


_TEXTS = ("engine", "endpoint", "tables", "scope", "failure", "own")


def kept_lines(facts: Facts, down: str) -> Iterator[str]:
    """Yield how to look into what is kept, and how to remove it; ``down`` removes the engine."""
    what = f"engine {facts.own} ({facts.engine})" if facts.own else f"tables in {facts.engine}"
    yield f"{what} at {facts.endpoint}"
    ordered = sorted(facts.kept, key=lambda database: not database.failed)
    if ordered:
        yield "To look into a database, set the first line and that of a test:"
        yield f"  {_exports(ordered[0], _SHARED)}"
    for database in ordered[:MAX_LISTED]:
        yield f"  {_tests(database)}:"
        yield f"    {_exports(database, _KEYS)}"
    if len(ordered) > MAX_LISTED:
        yield f"  and {len(ordered) - MAX_LISTED} more databases"
    if ordered:
        yield "Then, for example: aws dynamodb list-tables"
    yield f"To remove {'it' if facts.own else 'them'}: {_removal(facts, down)}"


def _tests(database: Kept) -> str:
    passed = [test for test in database.tests if test not in database.failed]
    first, *others = [*database.failed, *passed] or ["no test"]
    more = f" and {len(others)} more" if others else ""
    failed = ""
    if database.failed:
        failed = f" ({len(database.failed)} failed)" if others else " (failed)"
    prefix = f", tables {database.prefix}*" if database.prefix else ""
    return f"{first}{more}{failed}{prefix}"


def _exports(database: Kept, names: tuple[str, ...]) -> str:
    words = [f"{name}={shlex.quote(database.variables[name])}" for name in names]
    return " ".join(["export", *words])


def _removal(facts: Facts, down: str) -> str:
    if facts.own:
        return down
    prefixes = sorted({f"{database.prefix}*" for database in facts.kept if database.prefix})
    if not prefixes:
        return f"stop the server at {facts.endpoint}"
    named = ", ".join(prefixes[:MAX_LISTED])
    return f"aws dynamodb delete-table --table-name NAME   for the tables {named}"
