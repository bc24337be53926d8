"""The page about `--json` tells what is there, and its examples work."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import osem_tasks
from osem_tasks.output import schemas

PAGE = (Path(osem_tasks.__file__).parents[1] / "docs/json.md").read_text(encoding="utf-8")
ISSUE = {"type": "WRONG_TTL", "path": "ttl"}
DOCUMENT: dict[str, Any] = {
    "command": "verify",
    "data": {"checks": [{"tableName": "T", "issues": [ISSUE]}, {"tableName": "U", "issues": []}]},
    "error": {"code": "SCHEMA_VALIDATION_FAILED", "remediation": "inv db.repair"},
}
EARLY = {**DOCUMENT, "command": "setup", "data": {}}


def test_every_command_is_named() -> None:
    """The table of documents has each of them once."""
    table = PAGE.partition("| command | what")[2].partition("\n\n")[0]
    named = [
        name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])
    ]

    assert sorted(named) == [*schemas.names()]


def test_every_member_is_named() -> None:
    """The table of members has what the schema requires."""
    document = schemas.schema("verify")["$defs"]["common"]["$defs"]["document"]
    table = PAGE.partition("| member |")[2].partition("\n\n")[0]
    named = [
        name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])
    ]

    assert named == document["required"]


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")
@pytest.mark.parametrize(
    "position, documents, expected",
    [
        (0, [DOCUMENT], "T\tWRONG_TTL\tttl\n"),
        (0, [EARLY], ""),
        (1, [EARLY], "setup: SCHEMA_VALIDATION_FAILED: inv db.repair\n"),
        (
            1,
            [{**EARLY, "error": None}, DOCUMENT],
            "verify: SCHEMA_VALIDATION_FAILED: inv db.repair\n",
        ),
    ],
)
def test_the_filters_for_jq(position: int, documents: list[Any], expected: str) -> None:
    """They print what the page says, also after an early failure."""
    program = re.findall(r"jq -r '([^']*)'", PAGE)[position]

    done = subprocess.run(
        ["jq", "-r", program],
        input="\n".join(map(json.dumps, documents)),
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == expected


def test_the_example_in_python_is_python() -> None:
    """It compiles, and imports what is there."""
    (text,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

    compile(text, "json.md", "exec")
    assert "from osem_tasks.output.schemas import schema\n" in text
    assert callable(schemas.schema)
