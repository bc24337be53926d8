"""The files around the code: versions that must agree, and a floor that only rises."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import nox
import pytest
import yaml

import osem_tasks

ROOT = Path(osem_tasks.__file__).parents[1]
PYPROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
# A section of the changelog: a version and its day.
RELEASED = re.compile(r"^## (\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)$", re.MULTILINE)
GROUPS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
FLOOR = re.compile(r"^\+fail_under = ([\d.]+)$", re.MULTILINE)


def test_the_version_has_a_section_in_the_changelog() -> None:
    """The newest section under Unreleased is that of the package's version."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", changelog, re.MULTILINE)
    versions = [tuple(map(int, version.split("."))) for version, _ in RELEASED.findall(changelog)]

    assert headings[0] == "Unreleased"
    assert headings[1].startswith(f"{osem_tasks.__version__} - ")
    assert len(versions) == len(headings) - 1
    assert versions == sorted(versions, reverse=True)


def test_the_changelog_is_grouped() -> None:
    """Each section has the groups of Keep a Changelog, in their order, and none twice."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for section in changelog.split("\n## ")[1:]:
        groups = re.findall(r"^### (.*)$", section, re.MULTILINE)

        assert groups == [group for group in GROUPS if group in groups]


def test_the_hooks_are_what_the_lint_session_runs() -> None:
    """pre-commit installs the same versions of the linters as `nox -s lint`."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    used = {
        package
        for repository in hooks["repos"]
        for hook in repository["hooks"]
        for package in hook["additional_dependencies"]
        if not package.startswith("pre-commit-hooks")
    }

    assert used == set(PYPROJECT["dependency-groups"]["lint"])


def test_no_hook_needs_a_forge() -> None:
    """Hooks are packages: a commit works where only a package index is reached."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))

    assert [repository["repo"] for repository in hooks["repos"]] == ["local"]


@pytest.mark.process
def test_the_floor_of_the_coverage_only_rises() -> None:
    """No commit has had a higher floor than this one; `nox -s coverage` measures against it."""
    words = ("log", "-p", "--format=", "-G", "^fail_under", "--", "pyproject.toml")
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a clone: there is no history to compare with")

    earlier = [float(floor) for floor in FLOOR.findall(done.stdout)]

    assert PYPROJECT["tool"]["coverage"]["report"]["fail_under"] >= max(earlier, default=0)


def test_the_dev_container_installs_what_is_here() -> None:
    """The dev container's file is read, and its command names files that are there."""
    text = (ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8")
    container = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))

    files = re.findall(r"-r (\S+)", container["postCreateCommand"])

    assert files == ["requirements.txt"]
    assert all((ROOT / file).is_file() for file in files)


def test_the_metadata_names_no_unsupported_python() -> None:
    """The classifiers begin with the lowest Python that is required, which ruff and mypy use too."""
    lowest = PYPROJECT["project"]["requires-python"].removeprefix(">=")

    assert nox.project.python_versions(PYPROJECT)[0] == lowest
    assert PYPROJECT["tool"]["mypy"]["python_version"] == lowest
    assert PYPROJECT["tool"]["ruff"]["target-version"] == f"py{lowest.replace('.', '')}"
