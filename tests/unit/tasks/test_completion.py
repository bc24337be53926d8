"""The values that completion offers, and the scripts for the shells."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest
from invoke.program import Program

from osem_tasks import namespace
from osem_tasks.tasks import completion, options
from osem_tasks.tasks.grammar import Grammar
from osem_tasks.tasks.known_values import MAX_BYTES, KnownValues

if TYPE_CHECKING:
    from collections.abc import Sequence

NS = namespace.build()
GRAMMAR = Grammar(Program(namespace=NS).initial_context, tuple(NS.to_contexts()))
TASKS = GRAMMAR.names()
VALUES = {"--env": ("dev", "dev2", "qa"), "--table": ("Users",), "--name": ("$(touch x)", "a b")}
ORDERS = {
    "TableName": "Orders",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def offered(words: Sequence[str], *, exact: bool = True) -> list[str] | None:
    """What is offered in the place of the last word."""
    return completion.candidates(words, GRAMMAR, lambda option: VALUES.get(option, ()), exact=exact)


@pytest.mark.parametrize(
    "words, expected",
    [
        pytest.param(["db.setup", "--env", ""], ["dev", "dev2", "qa"], id="nothing-typed"),
        pytest.param(["db.setup", "--env", "de"], ["dev", "dev2"], id="begun"),
        pytest.param(["db.setup", "--env", "dev"], ["dev", "dev2"], id="whole"),
        pytest.param(["db.setup", "--env=q"], ["--env=qa"], id="one-word"),
        pytest.param(["db.setup", "--env", "=", "q"], ["qa"], id="three-words-of-bash"),
        pytest.param(["db.setup", "--env", "="], ["dev", "dev2", "qa"], id="two-words-of-bash"),
        pytest.param(["local.up", "db.list", "--table", "U"], ["Users"], id="second-task"),
        pytest.param(["db.export", "--format", "t"], ["terraform"], id="choices-of-the-task"),
        pytest.param(["db.verify", "--junit", "x"], [], id="a-file"),
        pytest.param(["local.down", "--name", ""], [], id="nothing-that-a-shell-would-run"),
        pytest.param(["--list-format", ""], ["flat", "nested", "json"], id="of-the-program"),
        pytest.param(["--list", "d"], ["db"], id="group"),
        pytest.param(["--help", "local.l"], ["local.logs"], id="task"),
        pytest.param(["db.setup", "--env", "dev", ""], None, id="value-is-finished"),
        pytest.param(["db.setup", "--json", ""], None, id="switch"),
        pytest.param(["local.up", "--env", ""], None, id="of-another-task"),
        pytest.param(["db.setup", "--en"], None, id="an-option"),
        pytest.param(["db."], None, id="a-task"),
        pytest.param([], None, id="nothing"),
    ],
)
def test_what_is_offered(words: list[str], expected: list[str] | None) -> None:
    """The values of the option at the end; None leaves tasks and options to Invoke."""
    assert offered(words) == expected


@pytest.mark.parametrize(
    "words, expected",
    [
        pytest.param(["db.setup", "--env"], ["dev", "dev2", "qa"], id="no-word-yet"),
        pytest.param(["db.setup", "--env", "q"], ["qa"], id="begun"),
        pytest.param(["db.setup", "--env", "qa"], ["qa", *TASKS], id="perhaps-finished"),
        pytest.param(["db.verify", "--junit", "r.xml"], TASKS, id="a-file"),
        pytest.param(["db.verify", "--junit"], [], id="a-file-not-yet"),
    ],
)
def test_what_is_offered_to_the_scripts_of_invoke(words: list[str], expected: list[str]) -> None:
    """They leave an empty last word out: what may be finished is followed by a task."""
    assert offered(words, exact=False) == expected


def test_every_choice_that_a_help_text_lists_is_offered() -> None:
    """The kinds of engine, the formats: whoever adds one need not think of completion."""
    for task in ("local.up", "db.export"):
        for option, argument in GRAMMAR.options(task).flags.items():
            if option in ("--engine", "--format"):
                found = completion.candidates(
                    [task, option, ""], GRAMMAR, KnownValues(Path.cwd()), exact=True
                )
                assert found
                assert all(word in argument.help for word in found)


def test_options_keep_their_help() -> None:
    """Invoke takes the texts out of a task when it is asked for its options; ours keeps them."""
    collection = namespace.build()
    for name in collection.task_names:
        first, again = (
            [(option.name, option.help) for option in collection[name].get_arguments()]
            for _ in range(2)
        )
        assert first == again
        assert all(text for _, text in first)


def test_numbers_are_marked() -> None:
    """An option whose help names a port, seconds or lines is shown as INT."""
    for name in TASKS:
        for option, argument in GRAMMAR.options(name).flags.items():
            numeric = argument.help.startswith(("Port on", "Maximum seconds", "How many"))
            assert (argument.kind is int) == numeric, (name, option)
    assert options.NUMBERS


PYTHON = """
raise SystemExit("a completion runs no code of the project")
TABLES = [table("Carts", "id S"), Table(name="Shops", key=key), {"TableName": "Items"}]
class Event(Model):
    class Meta:
        table_name = "Events"
"""
TEMPLATE = """
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub "${Stage}-Orders"
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
Parameters: {Stage: {Type: String}}
"""


@pytest.mark.parametrize(
    "name, text, tables, expected",
    [
        pytest.param("t.json", json.dumps([ORDERS]), "t.json", ["Orders"], id="requests"),
        pytest.param("a.yaml", TEMPLATE, "a.yaml", ["x-Orders"], id="template"),
        pytest.param("a.yaml", TEMPLATE, "'*.yaml'", ["x-Orders"], id="pattern"),
        pytest.param(
            "shop.py", PYTHON, "shop:TABLES", ["Carts", "Events", "Items", "Shops"], id="module"
        ),
        pytest.param("t.json", "{", "t.json", [], id="broken"),
        pytest.param("shop.py", "def (", "shop:TABLES", [], id="broken-module"),
        pytest.param("t.json", " " * (MAX_BYTES + 1), "t.json", [], id="huge"),
        pytest.param("t.json", "", "missing.json", [], id="missing"),
        pytest.param("t.json", "", "''", [], id="none"),
    ],
)
def test_the_tables_that_are_offered(
    tmp_path: Path, name: str, text: str, tables: str, expected: list[str]
) -> None:
    """Those of a small file, or named in a module's source, which is not run."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "invoke.yaml").write_text(
        f"osem: {{tables: {tables}, parameters: {{Stage: x}}}}", encoding="utf-8"
    )

    assert sorted(KnownValues(tmp_path)("--table")) == expected


def test_the_environments_and_profiles_that_are_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The configured ones too; a broken file offers none, and is no error."""
    (tmp_path / "invoke.yaml").write_text("osem: {environments: {qa: {}}}", encoding="utf-8")
    (tmp_path / "config").write_text(
        "[default]\n[profile shop]\n[sso-session s]\n", encoding="utf-8"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    known = KnownValues(tmp_path)

    assert set(known("--env")) == {"local", "test", "dev", "staging", "prod", "qa"}
    assert known("--with") == known("--env")
    assert known("--profile") == ("default", "shop")
    (tmp_path / "invoke.yaml").write_text("osem: [", encoding="utf-8")
    (tmp_path / "config").write_text("no section", encoding="utf-8")
    broken = KnownValues(tmp_path)
    assert (broken("--env"), broken("--table"), broken("--profile")) == ((), (), ())


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with an environment and a table of its own; `osem` and `inv` are on PATH."""
    (tmp_path / "invoke.yaml").write_text(
        "osem: {tables: t.json, environments: {qa: {}}}", encoding="utf-8"
    )
    (tmp_path / "t.json").write_text(json.dumps([ORDERS]), encoding="utf-8")
    (tmp_path / "tasks.py").write_text(
        "from osem_tasks import namespace\nns = namespace.build()\n", encoding="utf-8"
    )
    (tmp_path / "bin").mkdir()
    for name, module in (("osem", "osem_tasks"), ("inv", "invoke"), ("invoke", "invoke")):
        script = tmp_path / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {sys.executable} -m {module} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.process
@pytest.mark.parametrize("program", ["osem", "inv"])
@pytest.mark.parametrize(
    "line, expected", [("db.setup --env q", "qa"), ("db.list --table O", "Orders")]
)
def test_the_command_behind_the_scripts(
    project: Path, program: str, line: str, expected: str
) -> None:
    """`PROGRAM --complete -- LINE` prints candidates, and loads no SDK for them."""
    words = [program, "--complete", "--", program, *line.split()]
    environment = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}

    done = subprocess.run(
        words, cwd=project, capture_output=True, text=True, check=True, env=environment
    )

    assert done.stdout == f"{expected}\n"
    imported = {row.rpartition("|")[2].strip() for row in done.stderr.splitlines()}
    assert "invoke" in imported
    assert not imported & {"boto3", "botocore", "docker", "halo", "moto", "requests"}


def _typed(project: Path, shell: list[str], *lines: str) -> str:
    """The terminal after the last of the lines, which ends in a tab."""
    environment = {**os.environ, "TERM": "dumb", "OSEM_STATE_DIR": str(project / "state")}
    child = pexpect.spawn(
        shell[0], shell[1:], cwd=project, env=environment, encoding="utf-8", timeout=60
    )
    try:
        for line in lines[:-1]:
            child.sendline(line)
        child.sendline("echo rea''dy")
        child.expect("ready\r")
        child.send(f"{lines[-1]}\t")
        child.expect(r" (--env[ =]qa|Orders|moto|invoke\.yaml) ")
        return str(child.match.group(1))
    finally:
        child.close(force=True)


@pytest.mark.process
@pytest.mark.parametrize("program", ["osem", "inv"])
@pytest.mark.parametrize(
    "line, expected",
    [
        ("db.setup --env q", "--env qa"),
        ("db.setup --env=q", "--env=qa"),
        ("db.list --table O", "Orders"),
        ("local.up --engine mo", "moto"),
        ("db.verify --junit invo", "invoke.yaml"),
    ],
)
def test_in_bash(project: Path, program: str, line: str, expected: str) -> None:
    """A tab completes the value, or the name of a file where a file is meant."""
    load = f'eval "$({program} --print-completion-script=bash)"'

    shell = ["bash", "--norc", "--noprofile", "-i"]
    assert _typed(project, shell, load, f"{program} {line}") == expected


@pytest.mark.process
@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
@pytest.mark.parametrize("program, early", [("osem", True), ("osem", False), ("inv", False)])
@pytest.mark.parametrize(
    "line, expected", [("db.setup --env q", "--env qa"), ("db.setup --env=q", "--env=qa")]
)
def test_in_zsh(project: Path, program: str, early: bool, line: str, expected: str) -> None:
    """With its completion system; `osem` also without."""
    system = "true" if early else "autoload -U compinit; compinit -u"
    load = f'eval "$({program} --print-completion-script=zsh)"'

    assert _typed(project, ["zsh", "-f", "-i"], system, load, f"{program} {line}") == expected


@pytest.mark.process
@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
@pytest.mark.parametrize("program", ["osem", "invoke", "inv"])
@pytest.mark.parametrize(
    "line, expected", [("db.setup --env q", "qa"), ("db.setup --env=q", "--env=qa")]
)
def test_in_fish(project: Path, program: str, line: str, expected: str) -> None:
    """Invoke's script names `invoke` only; `inv` is said to be the same."""
    printing = "osem" if program == "osem" else "inv"
    script = (
        f"{printing} --print-completion-script=fish | source\n"
        "complete --command inv --wraps invoke\n"
        f"complete --do-complete '{program} {line}'"
    )

    done = subprocess.run(
        ["fish", "--no-config", "-c", script],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == f"{expected}\n"
