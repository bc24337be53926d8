"""What a source holds, and the files of tools that are no source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osem_tasks.schema.model import Table

STATE = ".tfstate"
_SCRIPT = "(Dynamoose, OneTable, CDK, serverless), which is not run"
# Files of tools that are not read, by how their names end.
FOREIGN = {
    ".tf": "it is Terraform's HCL, which is not read",
    STATE: "it is Terraform's state, which is not read",
    ".hcl": "it is HCL, which is not read",
    ".ts": f"it is TypeScript {_SCRIPT}",
    ".js": f"it is JavaScript {_SCRIPT}",
    ".cjs": f"it is JavaScript {_SCRIPT}",
    ".mjs": f"it is JavaScript {_SCRIPT}",
    ".py": "it is a Python module, which is named in another way",
}


@dataclass(frozen=True, slots=True)
class Found:
    """The tables of a source, its parts that are not managed here, and its parameters."""

    tables: tuple[Table, ...] = ()
    unmanaged: tuple[tuple[str, str], ...] = ()
    parameters: frozenset[str] = frozenset()
