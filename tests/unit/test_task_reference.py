"""docs/tasks.md is what the tasks themselves say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks import namespace
from osem_tasks.tasks.catalogue import TASKS
from scripts import task_reference
from scripts.task_effects import EFFECTS

if TYPE_CHECKING:
    from pathlib import Path

    from invoke.collection import Collection
    from invoke.tasks import Task

NS: Collection = namespace.build()
ROWS = [name for name in EFFECTS if name in TASKS]


def task(name: str) -> Task[Any]:
    """The task of that name."""
    found: Task[Any] = NS[name]
    return found


def options(name: str) -> set[str]:
    """The names of the task's options."""
    return {str(argument.name) for argument in task(name).get_arguments()}


def test_the_page_is_up_to_date() -> None:
    """The page is what `python -m scripts.task_reference` writes."""
    assert task_reference.PAGE.read_text(encoding="utf-8") == task_reference.page()


def test_the_check_finds_an_old_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--check` tells by its exit code, and writes nothing; without it the page is written."""
    old = tmp_path / "tasks.md"
    old.write_text("old", encoding="utf-8")
    monkeypatch.setattr(task_reference, "PAGE", old)

    codes = [task_reference.main(["--check"]), old.read_text(encoding="utf-8")]
    codes += [task_reference.main([]), task_reference.main(["--check"])]

    assert codes == [1, "old", 0, 0]


def test_every_task_has_a_row() -> None:
    """What a task reads, changes and deletes is written down for every one."""
    assert set(TASKS) - set(EFFECTS) == set()


@pytest.mark.parametrize("name", ROWS)
def test_the_row_agrees_with_the_summary(name: str) -> None:
    """A task whose summary says that it is read-only, or deletes nothing, has such a row."""
    summary, effect = str(task(name).__doc__).partition("\n")[0], EFFECTS[name]

    if "Read-only" in summary:
        assert (effect.deletes, effect.partial) == ("", False)
    if "Deletes nothing" in summary:
        assert effect.deletes == ""


@pytest.mark.parametrize("name", [name for name in ROWS if name.startswith("db.")])
def test_what_deletes_can_be_tried_and_asks(name: str) -> None:
    """A task that deletes something in a database has a dry run and a confirmation."""
    if EFFECTS[name].deletes:
        assert options(name) >= {"dry-run", "yes"} or options(name) >= {"dry_run", "yes"}


@pytest.mark.parametrize("name", ROWS)
def test_every_option_is_on_the_page(name: str) -> None:
    """The section of a task, or the tables that all tasks share, has each of its options."""
    text = task_reference.PAGE.read_text(encoding="utf-8")
    section = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    shared = text.partition("\n## Options of many tasks\n")[2].partition("\n## ")[0]

    shown = section + shared

    missing = [
        option
        for option in options(name)
        if f"--{option.strip('_').replace('_', '-')}" not in shown.replace("--[no-]", "--")
    ]
    assert missing == []


@given(st.text())
def test_a_text_stays_in_its_cell(text: str) -> None:
    """Whatever a help text holds, it makes neither a line nor a column nor an element of HTML."""
    shown = task_reference.cell(text)

    assert len(shown.splitlines()) <= 1
    assert re.search(r"(?<!\\)\||<", shown) is None
