"""The pages, the tasks and the configuration tell the same story."""

from __future__ import annotations

import inspect
import re
import runpy
import shlex
import sys
from typing import TYPE_CHECKING

import pytest
from invoke.parser import Parser
from invoke.tasks import Task

from osem_tasks import namespace, program
from osem_tasks.config.defaults import DEFAULTS, VARIABLES
from osem_tasks.config.environments import BUILT_IN
from osem_tasks.errors import ErrorCode
from tests.support import pages, processes

if TYPE_CHECKING:
    from pathlib import Path

    from invoke.collection import Collection

README = pages.read(pages.README)
ENVIRONMENTS = pages.read(pages.DOCS / "environments.md")
CONFIGURATION = pages.read(pages.DOCS / "configuration.md")
NS: Collection = namespace.build()
TASKS = sorted(NS.task_names)
# What a page shows in order to say that it is wrong.
WRONG = {"inv db.setpu --evn dev", "inv db.setup dev", "osem --env dev db.setup"}


def commands() -> list[tuple[str, str]]:
    """Every command of the suite that a page shows, in a block or in a sentence."""
    found = []
    for path in pages.PAGES:
        text = pages.read(path)
        shown = pages.commands(text, "inv", "osem") + pages.quoted(text, "inv", "osem")
        found += [(pages.name(path), command) for command in shown if command not in WRONG]
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_in_the_readme(name: str) -> None:
    """The task table names every task."""
    assert f"| `{name}` |" in README


@pytest.mark.process
@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_summary_help_and_example(name: str) -> None:
    """One-line summary, help for every option, an example; as `inv --help TASK` shows them."""
    command = [sys.executable, "-m", "invoke", "--help", name]
    shown = processes.call(command, cwd=pages.ROOT).stdout

    documentation, _, options = shown.partition("Options:")
    rows = [each for each in options.splitlines() if each.strip().startswith("--")]
    helpless = [each for each in rows if len(each.split()) == 1]

    summary = (inspect.getdoc(NS[name].body) or "").splitlines()[0]
    assert (summary.endswith("."), "Example:" in documentation, helpless) == (True, True, [])


@pytest.mark.parametrize("page, command", commands())
def test_every_command_of_a_page_parses(page: str, command: str) -> None:
    """No command of a page has a task or an option that is not there."""
    name, *words = shlex.split(command)
    own = [word for word in words if word not in {"--dry", "--debug", "--help", "-R"}]
    if not own or own[0] == "--list" or own[0].startswith("--print-completion-script"):
        return
    tasks = namespace.build()
    if name == "osem":
        for extra in [part for part in vars(program).values() if isinstance(part, Task)]:
            tasks.add_task(extra, name=getattr(extra, "osem_name", None))

    parsed = Parser(contexts=tasks.to_contexts()).parse_argv(own)

    assert parsed, page
    assert [part.name for part in parsed][:1] == own[:1]


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_error_code_is_on_a_page(code: ErrorCode) -> None:
    """A script's author finds every code, in the table of codes."""
    assert f"| {code.value} |" in pages.read(pages.DOCS / "output.md")


@pytest.mark.parametrize("name", [*DEFAULTS, *VARIABLES.values(), *BUILT_IN])
def test_every_setting_and_environment_is_on_a_page(name: str) -> None:
    """Keys, variables and environments are documented."""
    assert f"`{name}`" in CONFIGURATION + ENVIRONMENTS


def test_the_defaults_of_the_page_are_the_defaults() -> None:
    """The configuration table shows what the code says."""
    section = pages.sections(CONFIGURATION)["What can be set"]
    shown = dict(re.findall(r"^\| `(\w+)` \| [^|]*\| `([^`]*)` \|", section, re.MULTILINE))

    expected = {key: value for key, value in DEFAULTS.items() if value}

    assert shown == expected


@pytest.mark.parametrize("path", pages.PAGES, ids=pages.name)
def test_a_page_names_every_heading_once(path: Path) -> None:
    """No section stands twice, and no anchor means two places."""
    headings = pages.headings(pages.read(path))

    assert len(headings) == len(set(headings))


@pytest.mark.parametrize("path", pages.PAGES, ids=pages.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    """A page, a heading or a file of this repository that a page links to is there."""
    for link in pages.links(pages.read(path)):
        if link.startswith(("https://", "http://")):
            continue
        target, _, anchor = link.partition("#")
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), link
        assert file.is_relative_to(pages.ROOT), link
        assert not anchor or anchor in pages.anchors(pages.read(file)), link


@pytest.mark.parametrize("path", sorted(pages.DOCS.glob("*.md")), ids=pages.name)
def test_a_page_begins_with_what_it_answers(path: Path) -> None:
    """Below the title stands a sentence: no table, list, code or further heading."""
    lines = [line for line in pages.read(path).splitlines() if line and line[:4] != "<!--"]

    assert re.match(r"# \w", lines[0])
    assert re.match(r"[A-Z0-9`]", lines[1]), lines[1]
    assert not lines[1].startswith("```")


def test_the_readme_is_short() -> None:
    """It says what this is and leads on; everything else has a page."""
    assert len(README.splitlines()) <= 150


@pytest.mark.parametrize("path", pages.PAGES, ids=pages.name)
def test_a_page_names_no_machine(path: Path) -> None:
    """No path of the machine on which a transcript was made."""
    assert re.findall(r"/tmp/\w|/root/|/home/\w", pages.read(path)) == []


def test_the_site_leads_to_every_page_once() -> None:
    """Its navigation names each page of docs/ one time, but for the first page."""
    navigation = runpy.run_path(str(pages.DOCS / "conf.py"))["NAVIGATION"]

    named = sorted(page for entries in navigation.values() for page in entries)

    assert named == sorted(path.stem for path in pages.DOCS.glob("*.md") if path.stem != "index")
