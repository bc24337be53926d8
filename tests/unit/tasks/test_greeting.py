"""`osem` without a task: where it is, and the commands that matter there."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import osem_tasks
from tests.support import processes
from tests.support.processes import SCRIPTS

if TYPE_CHECKING:
    import subprocess

OSEM = SCRIPTS[1]
MAIN = "osem local.up db.setup db.verify"
DOCTOR, LIST, HELP = "osem local.doctor", "osem --list", "osem help db.setup"
TABLES = "osem: {tables: tables.json}\n"
# The environments of a project whose `dev` and `staging` are not on AWS, and whose `live` is.
OWN = "osem: {tables: t.json, environments: {dev: {where: local}, staging: {where: local}}}\n"


def greeted(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """`osem` in a folder, by a shell that finds it."""
    path = f"{os.path.dirname(OSEM)}{os.pathsep}{os.environ['PATH']}"  # noqa: PTH120  a text
    return processes.call([OSEM], cwd=folder, env={**os.environ, "PATH": path, **variables})


def commands(text: str) -> list[str]:
    """The commands that a greeting shows, in their order."""
    return re.findall(r"(?:^  |: )(osem .*?)(?:  .*)?$", text, re.MULTILINE)


@pytest.mark.parametrize(
    "files, folder, expected, place",
    [
        pytest.param({}, ".", ["osem init", MAIN, DOCTOR], "No project here", id="empty"),
        pytest.param(
            {"invoke.yaml": TABLES},
            ".",
            [MAIN, "osem db.verify --env dev", DOCTOR],
            "Tables: tables.json, by invoke.yaml.",
            id="project",
        ),
        pytest.param(
            {"invoke.yaml": TABLES},
            "sub/deep",
            [MAIN, "osem db.verify --env dev", DOCTOR],
            "Tables: ../../tables.json, by ../../invoke.yaml.",
            id="below",
        ),
        pytest.param(
            {"pyproject.toml": '[tool.osem]\ntables = "tables.json"\n'},
            ".",
            [MAIN, "osem db.verify --env dev", DOCTOR],
            "by pyproject.toml.",
            id="pyproject",
        ),
        pytest.param(
            {"invoke.yaml": "osem: {port: 9000}\n"},
            ".",
            ["osem init", MAIN, DOCTOR],
            "invoke.yaml declares no tables yet.",
            id="without-tables",
        ),
        pytest.param(
            {"invoke.yaml": OWN},
            ".",
            [MAIN, "osem db.verify --env prod", DOCTOR],
            "Tables: t.json",
            id="other-environments",
        ),
        pytest.param({"tasks.py": "nonsense("}, ".", ["osem init", MAIN, DOCTOR], "", id="tasks"),
    ],
)
def test_where_it_is(
    tmp_path: Path, files: dict[str, str], folder: str, expected: list[str], place: str
) -> None:
    """Three commands that work here, then how to see more; all of it on stdout, with code 0."""
    for name, text in files.items():
        tmp_path.joinpath(name).write_text(text, encoding="utf-8")
    tmp_path.joinpath(folder).mkdir(parents=True, exist_ok=True)

    done = greeted(tmp_path / folder)

    assert (done.returncode, done.stderr) == (0, "")
    assert commands(done.stdout) == [*expected, LIST, HELP]
    assert place in done.stdout
    assert done.stdout.startswith(f"osem {osem_tasks.__version__}: ")
    assert len(done.stdout.splitlines()) < 12


@pytest.mark.parametrize(
    "text, problem",
    [
        ("osem: {tables: [\n", "cannot be parsed"),
        ("osem: {port: 99999, tables: t.json}\n", "osem.port must be"),
        ("osem: 1\n", "osem"),
        ("\0", "invoke.yaml"),
    ],
)
def test_a_broken_configuration(tmp_path: Path, text: str, problem: str) -> None:
    """It says what is wrong on stderr, and names the task that works all the same."""
    tmp_path.joinpath("invoke.yaml").write_text(text, encoding="utf-8")

    done = greeted(tmp_path)

    assert (done.returncode, commands(done.stdout)) == (0, [DOCTOR, LIST, HELP])
    assert problem in done.stderr


@pytest.mark.parametrize(
    "variables, options",
    [
        ({"OSEM_ENV": "prod"}, " --env local"),
        ({"NODE_ENV": "production"}, " --env local"),
        ({"OSEM_ENV": "none-of-that-name"}, " --env local"),
        ({"OSEM_ENV": "test"}, ""),
        ({"NODE_ENV": "jest"}, ""),
        ({"OSEM_ENV": ""}, ""),
    ],
)
def test_the_main_job_stays_on_this_machine(
    tmp_path: Path, variables: dict[str, str], options: str
) -> None:
    """What is typed first creates nothing on AWS, whatever the shell holds."""
    tmp_path.joinpath("invoke.yaml").write_text(TABLES, encoding="utf-8")

    done = greeted(tmp_path, **variables)

    main = f"osem local.up db.setup{options} db.verify{options}"
    assert (done.returncode, commands(done.stdout)[0]) == (0, main)


def test_it_names_the_program_that_was_typed(tmp_path: Path) -> None:
    """Under another name, every command has that name."""
    done = processes.call([sys.executable, "-m", "osem_tasks"], cwd=tmp_path)

    assert "-m osem_tasks init\n" in done.stdout
    assert "\n  osem " not in done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize(
    "words, beginning",
    [
        (["help"], "Usage: osem [--core-opts] <subcommand>"),
        (["help", "db.setup"], "Usage: osem [--core-opts] db.setup "),
        (["-h", "db.setup"], "Usage: osem [--core-opts] db.setup "),
        (["db.setup", "--help"], "Usage: osem [--core-opts] db.setup "),
    ],
)
def test_ways_to_help(tmp_path: Path, words: list[str], beginning: str) -> None:
    """`osem help` is what other programs have; examples are of the program that runs."""
    done = processes.call([OSEM, *words], cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(beginning)
    assert "inv local.up" not in done.stdout


def test_help_for_a_misspelt_task(tmp_path: Path) -> None:
    """The nearest name, and the command to type."""
    done = processes.call([OSEM, "help", "db.setpu"], cwd=tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert "No task 'db.setpu'. Did you mean db.setup? Type: " in done.stderr
    assert done.stderr.endswith("osem --help db.setup\n")


def test_a_help_that_is_no_first_word(tmp_path: Path) -> None:
    """Elsewhere `help` is a word like any other."""
    done = processes.call([OSEM, "db.setup", "help"], cwd=tmp_path)

    assert (done.returncode, "Did you mean --help?" in done.stderr) == (1, True)


def test_a_tab_after_help(tmp_path: Path) -> None:
    """The names of tasks are completed there as after `--help`."""
    done = processes.call([OSEM, "--complete", "--", "osem", "help", "db.v"], cwd=tmp_path)

    assert done.stdout == "db.verify\n"


def test_the_page_shows_what_is_printed(tmp_path: Path) -> None:
    """The example of the documentation is this output, whatever the version."""
    page = Path(osem_tasks.__file__).parents[1] / "docs/command-line.md"
    (shown,) = re.findall(r"\$ osem\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)

    printed = greeted(tmp_path).stdout

    version = re.compile(r"^osem \S+: ")
    assert version.sub("", shown) == version.sub("", printed)
    assert max(map(len, printed.splitlines())) <= 80
