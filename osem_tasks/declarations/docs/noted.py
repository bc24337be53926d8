"""Read the file of ``osem.notes``: notes by declared table, for sources that have no place for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from osem_tasks.declarations import parsing
from osem_tasks.errors import ModelError
from osem_tasks.schema.notes import Notes
from osem_tasks.schema.quoting import shown

if TYPE_CHECKING:
    from pathlib import Path


def read(path: Path, environment: str) -> dict[str, Notes]:
    """Return the notes of a file of YAML or JSON, in which ``{env}`` is the environment's name.

    Raises ModelError with every problem.
    """
    try:
        text = parsing.read_text(path).replace("{env}", environment)
        contents = parsing.parse(text, json_only=path.suffix == parsing.JSON)
    except ValueError as error:
        raise ModelError([f"{path}: {error}"]) from error
    if len(contents) > 1:
        raise ModelError([f"{path}: it holds {len(contents)} YAML documents, and may hold one"])
    content = contents[0] if contents else {}
    if not isinstance(content, Mapping):
        raise ModelError([f"{path}: it must map tables to their notes, not {shown(content)}"])
    found: dict[str, Notes] = {}
    problems: list[str] = []
    for table, given in content.items():
        try:
            found[str(table)] = Notes.read(given, str(table))
        except ModelError as error:
            problems += [f"{path}: {problem}" for problem in error.problems]
    if problems:
        raise ModelError(problems)
    return found
