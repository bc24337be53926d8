"""Read the tables of one file, whichever of the known kinds it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.declarations import documents, parsing, serverless, workbench
from osem_tasks.declarations.lines import Lines
from osem_tasks.declarations.resources import read_resources
from osem_tasks.declarations.sources import FOREIGN, STATE, Found
from osem_tasks.declarations.values import Problem, RefusedError
from osem_tasks.errors import ModelError
from osem_tasks.schema.quoting import shown

if TYPE_CHECKING:
    from pathlib import Path

    from osem_tasks.declarations.context import Context
    from osem_tasks.schema.model import Table

# The most problems of one file that a message lists.
MAX_PROBLEMS = 50
# What "aws cloudformation get-template" prints around a template.
_BODY = "TemplateBody"
_WAY_OF_SCRIPTS = (
    "Set osem.tables to what the tool makes of it: cdk.out/*.template.json after 'cdk synth', "
    ".serverless/cloudformation-template-update-stack.json after 'serverless package', or the "
    "CreateTable requests that it exports, as JSON"
)


def read(path: Path, context: Context) -> Found:
    """Return what a file declares. Raises ModelError with every problem, its file and line."""
    if path.suffix.lower() in FOREIGN:
        raise _foreign(path.suffix.lower(), f"{path}: ", context)
    try:
        text = parsing.read_text(path)
        contents = parsing.parse(text, short_forms=True, json_only=path.suffix == parsing.JSON)
    except ValueError as error:
        raise ModelError([f"{path}: {error}"]) from error
    tables: list[Table] = []
    unmanaged: list[tuple[str, str]] = []
    problems: list[tuple[int, Problem]] = []
    parameters: set[str] = set()
    for position, content in enumerate(contents):
        try:
            found = _document(content, path, context)
            tables += found.tables
            unmanaged += found.unmanaged
            parameters |= found.parameters
        except RefusedError as error:
            parameters.update(error.parameters)
            problems += [(position, problem) for problem in error.found]
        except ModelError as error:
            problems += [(position, Problem(words)) for words in error.problems]
    if problems:
        raise RefusedError(_placed(path, text, problems), parameters)
    return Found(tuple(tables), tuple(unmanaged), frozenset(parameters))


def _document(content: Any, path: Path, context: Context) -> Found:
    """Return what one document of a file declares."""
    if not isinstance(content, Mapping):
        return Found(documents.read_document(content))
    if _BODY in content:
        return _document(_body(content[_BODY]), path, context)
    if serverless.is_serverless(content):
        return _serverless(content, path, context)
    if workbench.is_model(content):
        tables = documents.read_document(workbench.requests(content))
        return Found(workbench.noted(content, tables))
    if _are_resources(content):
        content = {"Resources": content}
    if "Resources" in content:
        return _resources(content, context)
    if "terraform_version" in content:
        raise _foreign(STATE, "", context)
    return Found(documents.read_document(content))


def _resources(template: Mapping[str, Any], context: Context) -> Found:
    found = read_resources(template, context)
    return Found(tuple(found.tables), tuple(found.unmanaged), frozenset(found.parameters))


def _serverless(content: Mapping[str, Any], path: Path, context: Context) -> Found:
    """Return what a serverless.yml declares, with its problems' places in that file."""
    template, asked = serverless.template(content, path.parent, context)
    # A list of resources has no such places.
    inside = (serverless.RESOURCES,) * isinstance(content[serverless.RESOURCES], Mapping)
    try:
        found = _resources(template, context)
    except RefusedError as error:
        placed = [replace(problem, path=(*inside, *problem.path)) for problem in error.found]
        raise RefusedError(placed, (*error.parameters, *asked)) from None
    return replace(found, parameters=found.parameters | asked)


def _foreign(suffix: str, before: str, context: Context) -> RefusedError:
    """Return the error of a file that is not read, with the way in."""
    ways = {
        **dict.fromkeys((".ts", ".js", ".cjs", ".mjs"), f"{_WAY_OF_SCRIPTS}. Or: {context.live}"),
        ".py": "Set osem.tables to package.module:NAME",
    }
    problem = Problem(before + FOREIGN[suffix], way=ways.get(suffix, context.live))
    return RefusedError([problem])


def _are_resources(content: Mapping[str, Any]) -> bool:
    """Return whether the file is the inside of Resources, as a serverless.yml includes it."""
    return bool(content) and all(
        isinstance(part, Mapping) and str(part.get("Type", "")).startswith("AWS::")
        for part in content.values()
    )


def _body(body: object) -> Any:
    """Return the template in what get-template prints: a mapping, or the text of a file."""
    if not isinstance(body, str):
        return body
    try:
        contents = parsing.parse(body, short_forms=True)
    except ValueError as error:
        raise ModelError([f"{_BODY}: {error}"]) from error
    if len(contents) != 1:
        raise ModelError([f"{_BODY} must hold one template, not {shown(body)}"])
    return contents[0]


def _placed(path: Path, text: str, problems: list[tuple[int, Problem]]) -> list[Problem]:
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
    return found
