"""What stands around a new project."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks import __version__
from osem_tasks.config.naming import prefix_problem
from osem_tasks.scaffold import project, surroundings
from osem_tasks.scaffold.surroundings import Requirement

TABLES = "Resources: {T: {Type: AWS::DynamoDB::Table}}\n"


@pytest.mark.parametrize(
    "folder, name",
    [
        ("/x/shop", "shop"),
        ("/x/my shop", "my-shop"),
        ("/x/Läden & Co.", "L-den-Co"),
        ("/x/店", "app"),
        ("/x/-rf", "rf"),
        ("/", "app"),
        ("/x/" + "a" * 200, "a" * 40),
        ("/x/{env}", "env"),
    ],
)
def test_the_name_of_a_project(folder: str, name: str) -> None:
    """The folder's name, in the characters that a table's name may have."""
    assert surroundings.project_name(Path(folder)) == name


@given(name=st.text(min_size=1).filter(lambda text: "/" not in text and "\0" not in text))
def test_every_name_makes_a_prefix(name: str) -> None:
    """Whatever the folder is called, its prefix is allowed."""
    assert prefix_problem(project.general_settings(Path("/x") / name)["prefix"]) == ""


@pytest.mark.parametrize(
    "origin, text, local",
    [
        ({}, f"osem-tasks[moto,test]>={__version__}", False),
        ({"url": ""}, f"osem-tasks[moto,test]>={__version__}", False),
        (
            {"url": "file:///a%20b", "dir_info": {"editable": True}},
            "osem-tasks[moto,test] @ file:///a%20b",
            True,
        ),
        (
            {"url": "https://host/x.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "osem-tasks[moto,test] @ git+https://host/x.git@abc",
            False,
        ),
        (
            {"url": "ssh://git@host/x.git", "vcs_info": {"vcs": "git"}},
            "osem-tasks[moto,test] @ git+ssh://git@host/x.git",
            False,
        ),
        (
            {"url": "https://user:secret@host/x.whl", "archive_info": {}},
            "osem-tasks[moto,test] @ https://host/x.whl",
            False,
        ),
    ],
)
def test_the_requirement_is_where_this_package_came_from(
    origin: dict[str, Any], text: str, local: bool
) -> None:
    """The line installs the same package again, and holds no password."""
    assert surroundings.of_origin(origin) == Requirement(text, local=local)


@pytest.mark.parametrize(
    "files, found",
    [
        ({"template.yaml": TABLES}, ["template.yaml"]),
        ({"serverless.yml": TABLES, "x.template": TABLES}, ["x.template", "serverless.yml"]),
        ({"cdk.out/A.template.json": TABLES}, ["cdk.out/A.template.json"]),
        ({"template.yaml": "Resources: {}\n"}, []),
        ({"template.yaml": "{{ .Values.x }}\n", "other.yaml": TABLES}, []),
        ({"template.yaml/x": TABLES}, []),
        ({}, []),
    ],
)
def test_templates_that_name_tables_are_found(
    tmp_path: Path, files: dict[str, str], found: list[str]
) -> None:
    """Only files under the names that tools give them, and only with tables in them."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")

    assert surroundings.templates(tmp_path) == found


def test_a_pipe_is_no_template(tmp_path: Path) -> None:
    """Looking for templates does not block."""
    os.mkfifo(tmp_path / "template.yaml")

    assert surroundings.templates(tmp_path) == []


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_the_repository_is_the_nearest(tmp_path: Path, kind: str) -> None:
    """``.git`` is a folder, or a file in a worktree and a submodule."""
    git = tmp_path / ".git"
    (tmp_path / "a" / "b").mkdir(parents=True)
    before = surroundings.repository(tmp_path / "a" / "b")
    if kind == "folder":
        git.mkdir()
    else:
        git.write_text("gitdir: x", encoding="utf-8")

    assert (before, surroundings.repository(tmp_path / "a" / "b")) == (None, tmp_path)


def test_a_repository_of_the_home_is_not_a_project_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People keep their settings in one."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "shop").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))

    assert surroundings.repository(tmp_path / "shop") is None
