"""The help of every task: an example that can be typed as it stands."""

from __future__ import annotations

import inspect
import re
import shlex

import pytest
from invoke.parser import Parser
from invoke.program import Program

from osem_tasks import namespace
from osem_tasks.tasks.init import init
from osem_tasks.tasks.schema import schema

NS = namespace.build()
for _task in (init, schema):
    NS.add_task(_task)
CORE = Program().initial_context


def examples() -> list[tuple[str, str]]:
    """Every task with the command lines that its help gives, those in the text too."""
    return [
        (name, line)
        for name in NS.task_names
        for line in re.findall(r"\b(?:inv|osem) [^|;>\n]+", inspect.getdoc(NS[name].body) or "")
    ]


@pytest.mark.parametrize("name", sorted(NS.task_names))
def test_every_task_has_an_example_of_itself(name: str) -> None:
    """The last line of a task's help is a command line that names the task."""
    last = (inspect.getdoc(NS[name].body) or "").splitlines()[-1]

    assert last.startswith("Example: ")
    assert name in last


@pytest.mark.parametrize("name, line", examples())
def test_every_example_parses(name: str, line: str) -> None:
    """No example has a task or an option that is not there, or lacks a value."""
    words = shlex.split(line.rstrip(')"'))[1:]

    parsed = Parser(initial=CORE, contexts=NS.to_contexts()).parse_argv(words)

    assert name in [context.name for context in parsed]
    assert not parsed.unparsed
