"""Load the declared tables from a Python object, a file, or OSEM's own declaration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.declarations import cloudformation, documents, parsing, python
from osem_tasks.declarations.context import Context
from osem_tasks.declarations.lines import Lines
from osem_tasks.declarations.resources import read_resources
from osem_tasks.declarations.values import Problem, RefusedError
from osem_tasks.errors import ConfigurationError, ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from osem_tasks.schema.model import Table, TableSet

FILES = (".json", ".yaml", ".yml", ".template")
# The most problems of one file that a message lists.
MAX_PROBLEMS = 50
_NO_CONTEXT = Context()
# What "aws cloudformation get-template" prints around a template.
_BODY = "TemplateBody"


def load(source: str, root: Path, context: Context = _NO_CONTEXT) -> TableSet:
    """Return the tables of ``source``; paths and modules are relative to the project's ``root``.

    Raises ConfigurationError or ModelError.
    """
    if source.endswith(FILES):
        return _from_file(root / source, context)
    return python.from_module(source, root)


def _from_file(path: Path, context: Context) -> TableSet:
    try:
        text = parsing.read_text(path)
        contents = parsing.parse(text, short_forms=True, json_only=path.suffix == parsing.JSON)
    except ValueError as error:
        problem = f"osem.tables: {path}: {error}"
        raise ConfigurationError([problem], remediation=python.REMEDY) from error
    tables: list[Table] = []
    unmanaged: list[tuple[str, str]] = []
    problems: list[tuple[int, Problem]] = []
    for position, content in enumerate(contents):
        try:
            found, notes = _read(content, context)
            tables += found
            unmanaged += notes
        except RefusedError as error:
            problems += [(position, problem) for problem in error.found]
        except ModelError as error:
            problems += [(position, Problem(text)) for text in error.problems]
    if problems:
        raise _refused(path, text, problems)
    try:
        return replace(python.table_set(str(path), tuple(tables), []), unmanaged=tuple(unmanaged))
    except ModelError as error:
        raise _refused(path, text, [(0, Problem(words)) for words in error.problems]) from error


def _refused(path: Path, text: str, problems: list[tuple[int, Problem]]) -> RefusedError:
    """Return the problems with the file and the line of each of them."""
    lines = Lines(text)
    found = []
    for document, problem in problems[:MAX_PROBLEMS]:
        line = lines.of(problem.path, document)
        where = f"{path}: line {line}: " if line else f"{path}: "
        found.append(replace(problem, text=where + problem.text))
    left_out = len(problems) - MAX_PROBLEMS
    if left_out > 0:
        found.append(Problem(f"{path}: and {left_out:,} more"))
    return RefusedError(found)


def _read(content: Any, context: Context) -> tuple[tuple[Table, ...], list[tuple[str, str]]]:
    """Return the tables of a document, and its parts that are not managed here."""
    if isinstance(content, Mapping) and _BODY in content:
        return _read(_body(content[_BODY]), context)
    if cloudformation.is_template(content):
        found = read_resources(content, context)
        return tuple(found.tables), found.unmanaged
    return documents.read_document(content), []


def _body(body: object) -> Any:
    """Return the template in what get-template prints: a mapping, or the text of a file."""
    if not isinstance(body, str):
        return body
    try:
        contents = parsing.parse(body, short_forms=True)
    except ValueError as error:
        raise ModelError([f"{_BODY}: {error}"]) from error
    return contents[0] if contents else None
