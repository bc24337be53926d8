"""The settings that hold for every environment which has none of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osem_tasks.config.environments import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class General:
    """``prefix``, ``table_name``, ``application`` and ``environment_tag`` directly under ``osem``.

    A ``table_name`` that is not empty wins over ``prefix``, which has a default.
    """

    prefix: str
    table_name: str
    application: str
    environment_tag: str

    def applied_to(self, environment: Environment) -> Environment:
        """Return the environment with these settings where it has none of its own."""
        tagged = replace(
            environment, application=self.application, environment_tag=self.environment_tag
        )
        if tagged.prefix is not None or tagged.table_name is not None:
            return tagged
        if self.table_name:
            return replace(tagged, table_name=self.table_name)
        return replace(tagged, prefix=self.prefix)
