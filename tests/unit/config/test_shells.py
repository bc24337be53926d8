"""Lines that a shell evaluates, or that tools read from a file: evaluated and read by them."""

from __future__ import annotations

import json
import re
import shutil
import string
import subprocess
from typing import TYPE_CHECKING

import dotenv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.config import shells
from osem_tasks.errors import ConfigurationError
from tests.support.examples import examples

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = [
    "plain",
    "http://127.0.0.1:8000",
    "",
    "two words",
    " around ",
    "it's",
    '"quoted"',
    "'",
    "''",
    "\\",
    "\\'",
    "a\\",
    "$HOME ${HOME} $(id) `id`",
    "%PATH% ^ & | ; < > ( ) { } [ ] * ? !",
    "# no comment",
    "~/x",
    "=ls",
    "a=b",
    "-n",
    "é ü 日本",
    "\u2018smart\u2019 \u201aquotes\u201b",
]
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20) | (
    st.text("'\"\\$`!#~= a", max_size=8)
)
PLAIN = st.text(string.ascii_letters + string.digits + "_./:,@%+=-*~&;![]", min_size=1, max_size=20)
# Behind these lines: the value as it is, and an end that a newline in it cannot hide.
PRINTING = {
    "bash": 'printf %s "$OSEM_X"',
    "sh": 'printf %s "$OSEM_X"',
    "zsh": 'printf %s "$OSEM_X"',
    "fish": 'printf %s "$OSEM_X"',
}


def evaluated(shell: str, program: str, value: str) -> str:
    """What a program of this shell finds in the variable, in a child of its own."""
    (line,) = shells.lines(shell, {"OSEM_X": value})
    script = f"{line}\n{program} -c {json.dumps(PRINTING[shell]).replace('$', chr(92) + '$')}\n"
    done = subprocess.run([program], input=script.encode(), capture_output=True, check=True)
    return done.stdout.decode()


@pytest.mark.process
@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("shell", ["bash", "sh", "zsh", "fish"])
def test_a_shell_reads_back_what_was_written(shell: str, value: str) -> None:
    """The variable is exported, and the value is the one that was meant, whatever is in it."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not here")

    assert evaluated(shell, shell, value) == value


@pytest.mark.process
@given(VALUES)
@examples(40)
def test_bash_reads_back_any_text(value: str) -> None:
    """Nothing in a value is carried out."""
    assert evaluated("bash", "bash", value) == value


def unquoted(line: str) -> str:
    """What PowerShell reads, by its rule: one quote for two, of any kind of single quote."""
    quotes = "'\u2018\u2019\u201a\u201b"
    begun = re.fullmatch(rf"\$env:OSEM_X = '((?:[^{quotes}]|[{quotes}]{{2}})*)'", line, re.DOTALL)
    assert begun, line
    return re.sub(rf"[{quotes}]([{quotes}])", r"\1", begun[1])


@given(VALUES | st.sampled_from(HOSTILE))
@examples(200)
def test_powershell_reads_back_any_text(value: str) -> None:
    """Smart quotes end a string there, too; a dollar sign means nothing in single quotes."""
    (line,) = shells.lines("powershell", {"OSEM_X": value})

    assert unquoted(line) == value


@pytest.mark.process
@pytest.mark.skipif(shutil.which("pwsh") is None, reason="PowerShell is not here")
@pytest.mark.parametrize("value", [value for value in HOSTILE if value])
def test_powershell_itself_reads_it_back(value: str) -> None:
    """The program itself, where it is."""
    (line,) = shells.lines("powershell", {"OSEM_X": value})
    script = f"{line}; [Console]::Out.Write($env:OSEM_X)"
    done = subprocess.run(["pwsh", "-NoProfile", "-c", script], capture_output=True, check=True)

    assert done.stdout.decode() == value


@given(PLAIN)
@examples(100)
def test_a_dotenv_file_is_read_alike(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    """By python-dotenv, and by Docker, which takes the line as it stands."""
    (line,) = shells.lines("dotenv", {"OSEM_X": value})
    path = tmp_path_factory.mktemp("env") / ".env"
    path.write_text(f"{line}\n", encoding="utf-8")

    assert dotenv.dotenv_values(path) == {"OSEM_X": value}
    assert line.partition("=")[2] == value


@pytest.mark.process
@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not here")
def test_node_reads_a_dotenv_file(tmp_path: Path) -> None:
    """Every character that is allowed."""
    value = "http://127.0.0.1:8000/a_b-c.d,e@f%g+h*i~j&k;l![m]=n"
    path = tmp_path / ".env"
    path.write_text("\n".join(shells.lines("dotenv", {"OSEM_X": value})), encoding="utf-8")
    code = "process.stdout.write(process.env.OSEM_X)"
    done = subprocess.run(
        ["node", f"--env-file={path}", "-e", code], capture_output=True, check=True
    )

    assert done.stdout.decode() == value


@pytest.mark.parametrize("value", ["two words", "it's", "$HOME", "#x", "a\\", "`", '"x"', "", "é"])
def test_a_value_that_is_read_otherwise_is_refused(value: str) -> None:
    """In words, with the variable and the other way."""
    with pytest.raises(ConfigurationError) as caught:
        shells.lines("dotenv", {"OSEM_X": value})

    assert "OSEM_X holds what" in caught.value.message
    assert "--shell bash" in caught.value.remediation


def test_the_default_is_what_eval_takes() -> None:
    """`eval "$(inv local.env)"` holds in any shell of the POSIX family, and in fish."""
    assert shells.DEFAULT == "bash"
    assert {"bash", "fish", "powershell", "dotenv"} <= set(shells.names())
