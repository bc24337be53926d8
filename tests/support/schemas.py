"""Checks every document that `--json` prints in a test against its schema.

Whatever runs `inv` or `osem` for a test hands over its stdout (``check_output``), so that a new task
or a new field without a schema fails wherever it first appears.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

from jsonschema_rs import Draft202012Validator, ValidationErrorKind

from osem_tasks.output import schemas

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jsonschema_rs import ValidationError

# How every document begins: nothing else on a line does.
_BEGINNING = '{"success": '


def check_output(out: str) -> None:
    """Check every document in the stdout of a command line. Raises AssertionError."""
    for line in out.splitlines():
        if line.startswith(_BEGINNING):
            check(json.loads(line))


def check(document: dict[str, Any]) -> None:
    """Check a document against the schema of its command. Raises AssertionError."""
    command = document["command"]
    assert command in schemas.names(), (
        f"{command!r} has no schema: write osem_tasks/output/schemas/{command}.json"
    )
    if not validator(command).is_valid(document):
        found = "\n  ".join(problems(command, document))
        shown = json.dumps(document, indent=1)
        raise AssertionError(
            f"Not as osem_tasks/output/schemas/{command}.json has it:\n  {found}\n{shown}"
        )


def problems(command: str, document: dict[str, Any]) -> list[str]:
    """What is wrong with a document; of several alternatives, what the nearest one says."""
    return [
        f"{'.'.join(map(str, error.instance_path))}: {error.message[:300]}"
        for error in _nearest(validator(command).iter_errors(document))
    ]


def _nearest(errors: Iterable[ValidationError]) -> Iterable[ValidationError]:
    for error in errors:
        if isinstance(error.kind, ValidationErrorKind.AnyOf):
            yield from _nearest(min(error.kind.context, key=_distance))
        else:
            yield error


def _distance(errors: Iterable[ValidationError]) -> tuple[int, int]:
    """How far a document is from an alternative: one that fails deeper inside is nearer."""
    depths = [len(error.instance_path) for error in errors]
    return len(depths), -max(depths)


@functools.cache
def validator(command: str | None = None) -> Draft202012Validator:
    """The compiled schema of a command, or that of any document."""
    return Draft202012Validator(schemas.schema(command))
