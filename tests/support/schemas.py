"""Checks every document that `--json` prints in a test against its schema.

Whatever runs `inv` or `osem` for a test hands over its stdout (``check_output``), so that a new task
or a new field without a schema fails wherever it first appears.
"""

from __future__ import annotations

import functools
import json
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from osem_tasks.output import schemas

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
    problem = best_match(validator(command).iter_errors(document))
    assert problem is None, (
        f"The document of {command!r} is not that of osem_tasks/output/schemas/{command}.json: "
        f"{problem.json_path}: {problem.message}\n{json.dumps(document, indent=1)}"
    )


@functools.cache
def validator(command: str | None = None) -> Draft202012Validator:
    """The compiled schema of a command, or that of any document."""
    schema = schemas.schema(command)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)
