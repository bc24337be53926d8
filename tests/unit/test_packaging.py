"""The lists of packages agree, and every module is in the package."""

from __future__ import annotations

import re
from pathlib import Path

import nox
import pytest

import osem_tasks

ROOT = Path(osem_tasks.__file__).parents[1]


def test_requirements_are_the_dependencies_and_extras() -> None:
    """`pip install -r requirements.txt` installs what the package and its extras name."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    project = nox.project.load_toml(ROOT / "pyproject.toml")["project"]
    extras = project["optional-dependencies"]

    required = {line for line in lines if line and not line.startswith(("#", "-e"))}

    assert required == {*project["dependencies"], *extras["moto"], *extras["test"]}


@pytest.mark.parametrize("name", ["invoke", "boto3", "colorama", "halo", "nox", "pytest", "docker"])
def test_the_promised_packages_are_required(name: str) -> None:
    """None of the packages that the suite promises to work with is missing."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")

    assert re.search(rf"^{name}\b", text, re.MULTILINE)
