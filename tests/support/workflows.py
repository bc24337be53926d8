"""The GitHub workflows of this repository and of the examples, as their files say."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

import osem_tasks

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(osem_tasks.__file__).parents[1]
OURS = sorted((ROOT / ".github" / "workflows").iterdir())
EXAMPLES = sorted((ROOT / "examples" / "github").glob("*.yml"))
Job = dict[str, Any]


@cache
def read(path: Path) -> dict[str, Any]:
    """The workflow in the file. Its triggers are under the key True, which is YAML's "on"."""
    workflow: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return workflow


def jobs(path: Path) -> dict[str, Job]:
    """The workflow's jobs by name."""
    found: dict[str, Job] = read(path)["jobs"]
    return found


def lines(path: Path) -> Iterator[str]:
    """Every command line that the workflow's steps run."""
    for job in jobs(path).values():
        for step in job.get("steps", ()):
            yield from filter(None, map(str.strip, step.get("run", "").splitlines()))


def suite_commands(text_lines: Iterator[str]) -> list[str]:
    """The lines that run the suite's tasks."""
    return [line for line in text_lines if re.match(r"(inv|osem) ", line)]
