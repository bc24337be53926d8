"""The settings that hold for every environment which has none of its own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from osem_tasks.config.parameters import of_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.config.environments import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class General:
    """The keys directly under ``osem`` that concern environments.

    A ``table_name`` that is not empty wins over ``prefix``, which has a default. ``parameters``
    hold for every environment, too; an environment's own win.
    """

    prefix: str
    table_name: str
    application: str
    environment_tag: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    def applied_to(self, environment: Environment) -> Environment:
        """Return the environment with these settings where it has none of its own."""
        tagged = replace(
            environment,
            application=self.application,
            environment_tag=self.environment_tag,
            parameters=of_environment(self.parameters, environment.parameters, environment.name),
        )
        if tagged.prefix is not None or tagged.table_name is not None:
            return tagged
        if self.table_name:
            return replace(tagged, table_name=self.table_name)
        return replace(tagged, prefix=self.prefix)
