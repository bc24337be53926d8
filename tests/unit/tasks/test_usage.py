"""Mistyped command lines: one line says what was meant and what to type, in `osem` and in `inv`."""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoke.program import Program
from invoke.tasks import Task

from osem_tasks import namespace
from osem_tasks.tasks import mistakes
from osem_tasks.tasks.grammar import Grammar
from tests.support import processes

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from osem_tasks.tasks.corrections import Mistake

NS = namespace.build()
GRAMMAR = Grammar(Program(namespace=NS).initial_context, tuple(NS.to_contexts()))
VALUES = {
    "--env": ("local", "dev", "prod"),
    "--with": ("local", "dev", "prod"),
    "--engine": ("auto", "docker", "moto"),
    "--table": ("Users", "Teams"),
}
OWN_TASKS = """
from invoke import task
from osem_tasks import namespace

@task(help={"loud": "Be loud."})
def serve(c, loud=False):
    "Serve."

@task
def rest(c):
    "Print what follows."
    print("rest:", c.config.get("x"))

ns = namespace.build()
ns.add_task(serve)
ns.add_task(rest)
"""


def _build(_: object, number: int = 3) -> None:
    """Build."""


def explained(words: str) -> Mistake | None:
    """What `osem WORDS` is told."""
    return mistakes.explain(shlex.split(words), GRAMMAR, lambda option: VALUES.get(option, ()))


@pytest.mark.parametrize(
    "typed, right",
    [
        # a task
        ("db.setpu", "db.setup"),
        ("local.up db.verfy", "local.up db.verify"),
        ("db.Setup", "db.setup"),
        ("db:setup", "db.setup"),
        ("db_setup", "db.setup"),
        ("db/setup", "db.setup"),
        ("db setup", "db.setup"),
        ("db steup", "db.setup"),
        ("setup", "db.setup"),
        ("stauts", "local.status"),
        ("local.pu db.setup", "local.up db.setup"),
        ("local.up,db.setup", "local.up db.setup"),
        ("db.setup;", "db.setup"),
        ("help", "--help"),
        ("help db.setup", "db.setup --help"),
        ("version", "--version"),
        # an option
        ("db.setup --evn dev", "db.setup --env dev"),
        ("db.setup --evn=dev", "db.setup --env=dev"),
        ("db.setup --ENV dev", "db.setup --env dev"),
        ("db.setup --dry_run", "db.setup --dry-run"),
        ("db.setup --dryrun", "db.setup --dry-run"),
        ("db.setup -env dev", "db.setup --env dev"),
        ("db.setup –env dev", "db.setup --env dev"),
        ("db.setup —env dev", "db.setup --env dev"),
        ("db.setup -table Users", "db.setup --table Users"),
        ("db.setup env=dev", "db.setup --env dev"),
        ("db.repair --replace", "db.repair --replace-indexes"),
        ("--hlep", "--help"),
        ("--evn dev", "db.verify --env dev"),
        # an option in the wrong place
        ("--env dev db.setup", "db.setup --env dev"),
        ("--env=dev db.setup", "db.setup --env=dev"),
        ("--quiet db.setup", "db.setup --quiet"),
        ("--env dev db.setup db.verify", "db.setup --env dev db.verify --env dev"),
        ("local.up --env dev db.setup", "local.up db.setup --env dev"),
        ("db.setup --with dev db.compare", "db.setup db.compare --with dev"),
        ("--port 0 local.up db.setup", "local.up --port 0 db.setup"),
        # a value where none belongs
        ("db.setup --json=yes", "db.setup --json"),
        ("db.setup --quiet true", "db.setup --quiet"),
        ("db.setup --force=no", "db.setup"),
        ("db.setup dev", "db.setup --env dev"),
        ("db.setup dev db.verify", "db.setup --env dev db.verify"),
        ("local.up moto", "local.up --engine moto"),
        ("db.delete Users", "db.delete --table Users"),
        ("db.verify -e dev", "db.verify --env dev"),
        ("db.verify -e dev --json", "db.verify --env dev --json"),
        ("dev db.setup", "db.setup --env dev"),
        # several
        ("--json db.verfy", "db.verify --json"),
        ("--env dev local.pu db.setpu", "local.up db.setup --env dev"),
        ("local.pu db.verfy --evn dev", "local.up db.verify --env dev"),
    ],
)
def test_what_was_meant(typed: str, right: str) -> None:
    """The command to type is whole: every other word stays as it was typed, and it parses."""
    mistake = explained(typed)

    assert mistake
    assert mistake.right == tuple(shlex.split(right))
    assert GRAMMAR.error(mistake.right) is None


@pytest.mark.parametrize(
    "typed, text, helping",
    [
        ("db.re", "No task 'db.re'. Did you mean db.repair or db.reset?", ""),
        ("db.nonsense", "No task 'db.nonsense'.", ""),
        ("test", "No task 'test'.", ""),
        ("db.test", "No task 'db.test'.", ""),
        ("stop", "No task 'stop'.", ""),
        ("--json nonsense", "No option '--json'. Options of a task stand after its name.", ""),
        ("list", "No task 'list'. Did you mean db.list or --list?", ""),
        ("local", "'local' is a group of tasks: local.up, local.down, ", "--list local"),
        (
            "db.setup --with dev",
            "No option '--with' of db.setup. --with is an option of db.compare.",
            "db.setup --help",
        ),
        ("db.setup --nonsense", "No option '--nonsense' of db.setup.", "db.setup --help"),
        (
            "db.setup --env",
            "--env of db.setup needs a value, one of local, dev or prod.",
            "db.setup --help",
        ),
        ("local.up --port --json", "--port of local.up needs a value.", "local.up --help"),
        (
            "db.setup --env dev --env prod",
            "--env of db.setup is given twice; keep one of the two.",
            "db.setup --help",
        ),
        (
            "db.setup --env=dev --env=prod",
            "--env of db.setup is given twice; keep one of the two.",
            "db.setup --help",
        ),
        ("-T soon db.setup", "-T needs a whole number, not 'soon'.", "--help"),
        ("--command-timeout=x", "--command-timeout needs a whole number, not 'x'.", "--help"),
    ],
)
def test_what_cannot_be_guessed(typed: str, text: str, helping: str) -> None:
    """Nothing is guessed: what there is, and where it is listed."""
    mistake = explained(typed)

    assert mistake
    assert (mistake.right, mistake.help) == (None, tuple(helping.split()))
    assert mistake.text.startswith(text)


@pytest.mark.parametrize("words", ["build -n x", "build --number=x", "db.setup build -n x"])
def test_a_wrong_number_of_a_task_of_the_project(words: str) -> None:
    """The help to read is that of the task whose option needs the number."""
    tasks = namespace.build()
    tasks.add_task(Task(_build, name="build"))
    grammar = Grammar(Program(namespace=tasks).initial_context, tuple(tasks.to_contexts()))

    mistake = mistakes.explain(shlex.split(words), grammar, lambda _: ())

    assert mistake
    assert mistake.help == ("build", "--help")


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["db.setup", "local.up", "--env", "--json", "dev", "=", "--port=0"]),
            st.text(max_size=8),
        ),
        max_size=6,
    )
)
def test_any_words(words: list[str]) -> None:
    """A sound command line is left alone; what is suggested for another one parses."""
    words = [word for word in words if word != "--"]
    mistake = mistakes.explain(words, GRAMMAR, lambda option: VALUES.get(option, ()))

    if GRAMMAR.error(words) is None:
        assert mistake is None
    if mistake and mistake.right:
        assert GRAMMAR.error(mistake.right) is None


@given(st.sampled_from(GRAMMAR.names()), st.data())
def test_a_slip_of_the_keyboard(task: str, data: st.DataObject) -> None:
    """Two letters of a task's own name that changed places: the task is among those named."""
    group, _, leaf = task.partition(".")
    place = data.draw(st.integers(0, len(leaf) - 2))
    typed = leaf[:place] + leaf[place + 1] + leaf[place] + leaf[place + 2 :]

    mistake = explained(f"{group}.{typed}")

    assert mistake is None if typed == leaf else mistake and task in mistake.text


def test_a_long_command_line() -> None:
    """The word is found among many; beyond a bound, Invoke's own words stay."""
    many = ["db.verify", "--quiet"] * 100

    mistake = mistakes.explain([*many, "--evn", "dev"], GRAMMAR, lambda _: ())
    beyond = mistakes.explain([*many * 5, "--evn"], GRAMMAR, lambda _: ())

    assert mistake
    assert mistake.right == (*many, "--env", "dev")
    assert beyond is None


def test_a_program_that_runs_again(capsys: pytest.CaptureFixture[str]) -> None:
    """Every command line is looked at, not only the first one of a program."""
    program = Program(name="p", binary="p", namespace=namespace.build())

    for word in ("setpu", "verfy"):
        with pytest.raises(SystemExit) as caught:
            program.run(["p", f"db.{word}"])
        assert caught.value.code == 1

    said = capsys.readouterr().err.splitlines()
    assert [line.rpartition("Type: ")[2] for line in said] == ["p db.setup", "p db.verify"]


def run(program: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`python -m PROGRAM WORDS` in a project with tasks of its own."""
    (folder / "tasks.py").write_text(OWN_TASKS, encoding="utf-8")
    command = [sys.executable, "-m", program, *words]
    return processes.call(command, cwd=folder)


@pytest.mark.process
@pytest.mark.parametrize("program", ["osem_tasks", "invoke"])
@pytest.mark.parametrize(
    "typed, right",
    [
        ("db.setpu", "db.setup"),
        ("--evn dev", "db.verify --env dev"),
        ("--env dev db.setup", "db.setup --env dev"),
        ("db.setup --evn dev", "db.setup --env dev"),
        ("local.up db.verfy", "local.up db.verify"),
        ("db.setup -- --env dev", "db.setup --env dev"),
        ("--help db.setpu", "--help db.setup"),
        ("--list dv", "--list db"),
        ("db.setup --port-of-call", "db.setup --help"),
    ],
)
def test_both_programs_say_it_in_one_line(
    tmp_path: Path, program: str, typed: str, right: str
) -> None:
    """`inv` is Invoke's own program, and says the same as `osem`."""
    done = run(program, tmp_path, *typed.split())

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.endswith(f" -m {program} {right}\n")


@pytest.mark.process
@pytest.mark.parametrize("program", ["osem_tasks", "invoke"])
def test_a_script_gets_a_document(tmp_path: Path, program: str) -> None:
    """With `--json`, wrong usage is one document, and no secret is repeated."""
    words = ["db.setup", "--json", "--endpiont", "http://user:s3cretpw@127.0.0.1:9"]

    done = run(program, tmp_path, *words)

    error = json.loads(done.stdout)["error"]
    assert error["code"] == "INVALID_CONFIGURATION"
    assert error["message"] == "No option '--endpiont' of db.setup. Did you mean --endpoint?"
    assert "s3cretpw" not in done.stdout + done.stderr


@pytest.mark.process
def test_a_project_s_own_tasks_keep_their_help_and_what_follows(tmp_path: Path) -> None:
    """A task of the project is suggested too; it may read what stands after `--`."""
    wrong = run("invoke", tmp_path, "sevre", "--laud")
    shown = run("invoke", tmp_path, "--help", "serve").stdout
    rest = run("invoke", tmp_path, "rest", "--", "anything")

    assert wrong.stderr.endswith(" serve --loud\n")
    assert "Be loud." in shown
    assert (rest.returncode, rest.stdout) == (0, "rest: None\n")


@pytest.mark.process
@pytest.mark.parametrize(
    "task, option",
    [
        ("local.up", "port"),
        ("local.up", "timeout"),
        ("local.logs", "lines"),
        ("local.down", "timeout"),
        ("db.setup", "timeout"),
    ],
)
def test_a_number_is_shown_as_one(tmp_path: Path, task: str, option: str) -> None:
    """`--port=INT`; a value that is none is refused in our own words, also without one."""
    shown = run("invoke", tmp_path, "--help", task).stdout
    wrong = run("invoke", tmp_path, task, f"--{option}", "soon")
    empty = run("invoke", tmp_path, task, f"--{option}=")

    assert f"--{option}=INT" in shown
    for done in (wrong, empty):
        assert (done.returncode, f"--{option}" in done.stderr) == (1, True)
        assert "INVALID_CONFIGURATION" in done.stderr
        assert "Traceback" not in done.stderr
