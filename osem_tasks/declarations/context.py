"""What a declaration may depend on besides its own text: parameters and the target."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The values that a template may refer to.

    ``parameters`` are those of ``osem.parameters``, as strings; a list is joined by commas.
    ``region`` and ``account`` are those of the target, None where they are not known.
    ``local``: the target is a local engine, which has no region of its own.
    ``importing`` is the command that writes a declaration of live tables, and ``home`` the name
    of the project's configuration file, both for messages.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    region: str | None = None
    account: str | None = None
    local: bool = True
    importing: str = field(default="inv db.import", compare=False)
    home: str = field(default="invoke.yaml", compare=False)

    @property
    def live(self) -> str:
        """What to do where a declaration cannot tell what a live table can."""
        return (
            f"Declare the tables as they are on AWS: {self.importing}, and set osem.tables to "
            "that file"
        )
