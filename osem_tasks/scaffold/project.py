"""The files that make a folder a project."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from osem_tasks.config.project import NAMES
from osem_tasks.scaffold import surroundings, texts
from osem_tasks.scaffold.drafts import Draft

if TYPE_CHECKING:
    from pathlib import Path

    from osem_tasks.scaffold.surroundings import Requirement

TABLES = "tables.json"
EXAMPLE = "tables.py"
WORKFLOWS = ".github/workflows"


def general_settings(folder: Path) -> texts.Settings:
    """Return how the tables of a project in ``folder`` are named and tagged."""
    name = surroundings.project_name(folder)
    return {"prefix": f"{name}-{{env}}-", "application": name}


def configuration(folder: Path, settings: texts.Settings, home: Path | None = None) -> Draft:
    """Return ``invoke.yaml``; ``home`` is the folder's configuration file if it has one."""
    name = home.name if home else NAMES[0]
    return Draft(
        folder,
        name,
        texts.settings_yaml(settings),
        "which tables, and how they are named",
        by_hand=texts.section(settings, name).rstrip(),
    )


def example(folder: Path) -> Draft:
    """Return a declaration of two tables, to be changed."""
    return Draft(
        folder, EXAMPLE, texts.EXAMPLE, "an example of two tables: change them", required=True
    )


def live(folder: Path, text: str, count: str) -> Draft:
    """Return the declaration of live tables."""
    return Draft(folder, TABLES, text, f"the declaration of {count}", required=True)


def surrounding_files(folder: Path, requirement: Requirement) -> list[Draft]:
    """Return the files around the tables: tasks, sessions, a test, requirements, CI."""
    return [
        Draft(
            folder,
            "tasks.py",
            texts.TASKS,
            "the tasks, for inv",
            by_hand=texts.TASKS_BY_HAND,
            mark="osem_tasks",
            instead=("tasks/__init__.py",),
        ),
        Draft(
            folder,
            "noxfile.py",
            texts.NOXFILE,
            "a session with a fresh database, for nox",
            by_hand=texts.NOXFILE_BY_HAND,
            mark="osem_tasks",
        ),
        Draft(folder, texts.TESTS, texts.TEST, "a first test, for pytest"),
        Draft(
            folder,
            texts.REQUIREMENTS,
            texts.requirements(requirement),
            "what the tests and CI install",
            by_hand=requirement.text,
            mark=surroundings.DISTRIBUTION,
        ),
        workflow(folder),
    ]


def workflow(folder: Path) -> Draft:
    """Return the workflow, in the root of the repository: GitHub reads no other folder."""
    root = surroundings.repository(folder) or folder
    inside = os.path.relpath(folder, root)
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if inside == os.curdir:
        return Draft(folder, f"{WORKFLOWS}/dynamodb.yml", texts.workflow(python), "the tests in CI")
    name = f"{WORKFLOWS}/dynamodb-{surroundings.project_name(folder)}.yml"
    place = inside.replace(os.sep, "/")
    return Draft(root, name, texts.workflow(python, place), "the tests in CI, at the root of Git")
