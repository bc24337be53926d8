"""Decides from values alone where a task acts: environment, endpoint, region, prefix."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from osem_tasks.config.commands import command
from osem_tasks.config.endpoints import (
    UNKNOWN_SETTING,
)
from osem_tasks.config.local_access import DEFAULT_REGION, LOCAL_ACCOUNT
from osem_tasks.declarations.context import Context

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from osem_tasks.config.endpoints import SdkEndpoint
    from osem_tasks.config.environments import Environment
    from osem_tasks.config.naming import Naming
    from osem_tasks.schema.model import TableSet

ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL")
OPTION = "--endpoint"
STARTED = "local.up"
# What chose the environment, where an option did.
BY_OPTION = "--env"
DEFAULT = "the default"
REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The place where a task acts.

    ``endpoint`` None leaves it to the SDK (AWS itself). ``local`` applies the rules for local
    engines: dummy keys, no STS, no confirmation. ``region`` None means the profile's region,
    then us-east-1. ``diverted_by`` is the variable, or in words the setting, that redirects an
    AWS environment. ``chosen_by`` says what chose the environment; it is empty for the default.
    ``options`` and ``variables`` make a later command use the same target. ``only`` holds the
    names to which ``--table`` narrows the task; empty for all tables.
    """

    environment: Environment
    local: bool
    endpoint: str | None
    source: str
    region: str | None
    naming: Naming
    profile: str | None = None
    diverted_by: str | None = None
    chosen_by: str = ""
    warnings: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    only: tuple[str, ...] = ()

    def narrowed(self, names: Sequence[str]) -> Target:
        """Return this target for these tables only."""
        return replace(self, only=tuple(names))

    @property
    def prefix(self) -> str:
        """What stands before every table name; ``naming`` may also have something after it."""
        return self.naming.prefix

    def command(self, task: str, *words: str) -> str:
        """Return a command line of ``task`` for this target that works in any shell."""
        tables = [word for name in self.only for word in ("--table", name)]
        options = ("--env", self.environment.name, *self.options, *tables)
        return command(task, *options, *words, variables=self.variables)

    @property
    def described(self) -> str:
        """The environment in words, and what chose it unless it is the default."""
        by = f" (by {self.chosen_by})" if self.chosen_by else ""
        return f"environment {self.environment.name}{by}"

    def led_to(self, found: SdkEndpoint) -> Target:
        """Return this AWS target with the endpoint that its client of DynamoDB really has."""
        if found.is_aws and not found.by:
            return replace(self, endpoint=None, source="AWS", diverted_by=None)
        source = found.by or UNKNOWN_SETTING
        diverted = None if found.is_aws or source == OPTION else source
        return replace(self, endpoint=found.url, source=source, diverted_by=diverted)

    @property
    def protected(self) -> bool:
        """Whether tasks may not delete a table here."""
        return self.environment.protected and not self.local

    def without_local_rules(self) -> Target:
        """Return this target without local rules, for a server that is not proven to be local."""
        return replace(self, local=False)

    def context(self, *, region: str | None = None, account: str | None = None) -> Context:
        """Return what a declaration may depend on; ``region`` and ``account`` where known."""
        environment = self.environment
        local = (DEFAULT_REGION, LOCAL_ACCOUNT) if self.local else (None, None)
        return Context(
            parameters=environment.parameters,
            region=region or self.region or environment.region or local[0],
            account=account or environment.account or local[1],
            local=self.local,
            importing=self._importing,
        )

    @property
    def _importing(self) -> str:
        # A local engine has the tables only after they are declared: they are elsewhere.
        name = "ENV" if self.local else self.environment.name
        return command(
            "db.import", "--env", name, "--from-table", "NAME", "--output", "tables.json"
        )

    def tables_of(self, declared: TableSet) -> TableSet:
        """Return the declared tables for this target, with their names, tags and protection."""
        environment = self.environment
        # On a local engine, an AWS environment keeps its names but not its protection.
        protect = not self.local or environment.where == "local"
        return declared.for_environment(
            self.naming.prefix,
            self.naming.suffix,
            tags=environment.all_tags,
            deletion_protection=environment.deletion_protection if protect else None,
            point_in_time_recovery=environment.point_in_time_recovery if protect else None,
        )
