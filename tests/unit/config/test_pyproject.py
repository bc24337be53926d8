"""``[tool.osem]`` in ``pyproject.toml``: the same settings in another home."""

from __future__ import annotations

import codecs
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from osem_tasks.config import file, project, pyproject
from osem_tasks.config.project import Start
from osem_tasks.errors import ConfigurationError
from tests.support import processes

if TYPE_CHECKING:
    from pathlib import Path

ENGINES = ("auto", "docker", "moto")
TASKS = "from osem_tasks import namespace\nns = namespace.build()\n"
SECTION = "[tool.osem]\ntables = 'tables.json'\n"
OTHERS = (
    "[project]\nname = 'shop'\ndependencies = [\n  'osem-tasks',\n  'osem-tasks[moto]>=1',\n]\n"
)


def write_all(folder: Path, files: dict[str, str]) -> None:
    """Files by their names below a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def call(*words: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """`python -m WORDS...` in a folder."""
    command = [sys.executable, "-m", *words]
    return processes.call(command, cwd=cwd, env={**os.environ, **variables})


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[tool.osem]\nport = 1\n", id="table"),
        pytest.param("[ tool . osem ]\nport = 1\n", id="blanks"),
        pytest.param('["tool"."osem"]\nport = 1\n', id="quoted"),
        pytest.param("['tool'.'osem']\nport = 1\n", id="single-quoted"),
        pytest.param("[tool]\nosem = {port = 1}\n", id="inline"),
        pytest.param("[tool]\nosem.port = 1\n", id="dotted"),
        pytest.param("[tool]\n'osem' . port = 1\n", id="dotted-quoted"),
        pytest.param("tool.osem.port = 1\n", id="root"),
        pytest.param("tool = {osem = {port = 1}}\n", id="inline-root"),
        pytest.param(f"{OTHERS}[tool.osem]\r\nport = 1\r\n", id="among-others"),
        pytest.param("[tool.osem] # Läden\nport = 1", id="comment"),
    ],
)
def test_every_spelling_of_the_section_is_read(tmp_path: Path, text: str) -> None:
    """TOML has many ways to write one table; the settings are the same."""
    write_all(tmp_path, {"pyproject.toml": text})

    found = project.find(tmp_path / "sub")

    assert (found.home, found.folder) == (tmp_path / "pyproject.toml", tmp_path)
    assert file.section(tmp_path / "sub")["port"] == 1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(OTHERS, id="dependency"),
        pytest.param("[tool.ruff]\nline-length = 100\n", id="other-tool"),
        pytest.param("[tool.ruff]\nexclude = ['osem']\n", id="a-value"),
        pytest.param("# [tool.osem]\n", id="comment"),
        pytest.param("description = '''\nx [tool.osem]\n'''\n", id="text"),
        pytest.param("description = '''\n[tool.osem]\nport = 1\n'''\n", id="text-at-line"),
        pytest.param("[broken\n", id="broken-of-others"),
        pytest.param("tool = 5\nosem = 1\n", id="tool-is-a-number"),
        pytest.param("x" + "osem" * 700_000, id="a-long-word"),
        pytest.param("osem-" * 500_000, id="a-long-word-of-ours"),
        pytest.param("[" * 3_000_000, id="a-long-header"),
        pytest.param(" " * 3_000_000, id="a-long-blank"),
    ],
)
def test_a_file_without_the_section_is_no_configuration(tmp_path: Path, text: str) -> None:
    """The search goes on above it, whatever else is in it."""
    write_all(tmp_path, {"invoke.yaml": "osem: {port: 2}\n", "sub/pyproject.toml": text})

    assert project.find(tmp_path / "sub").home == tmp_path / "invoke.yaml"
    assert file.section(tmp_path / "sub")["port"] == 2


@pytest.mark.parametrize(
    "files, port",
    [
        pytest.param(
            {"invoke.yaml": "osem: {port: 1}", "a/pyproject.toml": "[tool.osem]\nport = 2"},
            2,
            id="toml-is-nearer",
        ),
        pytest.param(
            {"pyproject.toml": "[tool.osem]\nport = 1", "a/invoke.yaml": "osem: {port: 2}"},
            2,
            id="yaml-is-nearer",
        ),
        pytest.param(
            {
                "pyproject.toml": "[tool.osem]\nport = 1",
                "a/pyproject.toml": "[tool.osem]\nport = 2",
            },
            2,
            id="two-tomls",
        ),
        pytest.param(
            {"a/invoke.yaml": "run: {echo: true}", "a/pyproject.toml": "[tool.osem]\nport = 2"},
            2,
            id="invoke's-own-settings-beside-it",
        ),
        pytest.param(
            {"a/invoke.yaml": "run: {echo: true}", "pyproject.toml": "[tool.osem]\nport = 2"},
            "8000",
            id="a-nearer-yaml-without-osem",
        ),
        pytest.param(
            {"a/pyproject.toml/x": "", "pyproject.toml": "[tool.osem]\nport=3"}, 3, id="folder"
        ),
    ],
)
def test_the_nearest_folder_counts(tmp_path: Path, files: dict[str, str], port: object) -> None:
    """One search for both homes; a file further up says nothing."""
    write_all(tmp_path, {**files, "a/b/x": ""})

    assert file.section(tmp_path / "a" / "b")["port"] == port


@pytest.mark.parametrize(
    "name, text",
    [
        pytest.param("invoke.yaml", "osem: {port: 1}\n", id="yaml"),
        pytest.param("invoke.yml", "osem: {}\n", id="yml"),
        pytest.param("invoke.json", '{"osem": {"port": 1}}', id="json"),
        pytest.param("invoke.py", "osem = {'port': 1}\n", id="py"),
    ],
)
def test_two_sections_in_one_folder_are_refused(tmp_path: Path, name: str, text: str) -> None:
    """Neither wins in silence: every reader names both files."""
    write_all(tmp_path, {name: text, "pyproject.toml": "[tool.osem]\nport = 2\n"})

    for read in (
        lambda: file.section(tmp_path),
        lambda: file.settings(tmp_path, ENGINES),
        lambda: file.check(start=Start(tmp_path, tmp_path)),
    ):
        with pytest.raises(ConfigurationError) as caught:
            read()
        assert caught.value.problems == (
            f"{tmp_path / name} and {tmp_path / 'pyproject.toml'} both have a section for osem",
        )


def test_a_program_beside_it_that_only_names_us_is_no_section(tmp_path: Path) -> None:
    """An ``invoke.py`` may import the package or speak of it."""
    text = "# osem is in pyproject.toml\nosem_is = 1\nrun = {'echo': True}\n"
    write_all(tmp_path, {"invoke.py": text, "pyproject.toml": "[tool.osem]\nport = 2\n"})

    assert file.section(tmp_path)["port"] == 2


@pytest.mark.parametrize(
    "content, problem",
    [
        pytest.param(b"[tool.osem\n", "it cannot be parsed: Expected ']'", id="bracket"),
        pytest.param(b"[tool.osem]\nport = \n", "it cannot be parsed: Invalid value", id="value"),
        pytest.param(b"[tool.osem]\na = 1\na = 2\n", "it cannot be parsed: ", id="key-twice"),
        pytest.param(b"[tool.osem]\n[tool.osem]\n", "it cannot be parsed: ", id="twice"),
        pytest.param(b"[tool]\nosem = 5\n", "'osem' must be a mapping, not 5", id="number"),
        pytest.param(b"[[tool.osem]]\nport = 1\n", "'osem' must be a mapping", id="array"),
        pytest.param(b"[tool.osem.port]\na = 1\n", "osem.port must not be a mapping", id="mapping"),
        pytest.param(
            b"[tool.osem]\nenvironments = ['a']\n", "osem.environments must be", id="environments"
        ),
        pytest.param(codecs.BOM_UTF8 + SECTION.encode(), "a byte order mark", id="mark"),
        pytest.param(SECTION.encode("utf-16"), "a byte order mark", id="utf-16"),
        pytest.param(SECTION.encode("utf-16-le"), "it cannot be parsed", id="utf-16-no-mark"),
        pytest.param(b"[tool.osem]\nname = '\xe4'\n", "it is not UTF-8 text", id="latin-1"),
        pytest.param(b"[tool.osem]\na = '\0'\n", "it cannot be parsed", id="nul"),
        pytest.param(b"[tool.osem]\na = " + b"[" * 9000 + b"]" * 9000, "nested", id="deep"),
        pytest.param(b"[tool.osem]\na = " + b"9" * 5000, "it cannot be parsed", id="digits"),
        pytest.param(b"[tool.osem]\n" + b"#" * 5_000_000, "more than 4,", id="large"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    """One sentence with the file's name, by every reader; never a traceback."""
    path = tmp_path / "pyproject.toml"
    path.write_bytes(content)

    with pytest.raises(ConfigurationError) as of_section:
        file.section(tmp_path)
    with pytest.raises(ConfigurationError) as of_check:
        file.check(start=Start(tmp_path, tmp_path))

    assert of_section.value.problems == of_check.value.problems
    (told,) = of_check.value.problems
    assert told.startswith(f"{path}: ")
    assert problem in told
    assert "pyproject.toml" in str(of_check.value.remediation)
    assert len(told) < 600


def test_an_unreadable_or_strange_file(tmp_path: Path) -> None:
    """A pipe or a broken link of that name is no configuration, and blocks nothing."""
    for name in ("pipe", "link"):
        (tmp_path / name).mkdir()
    os.mkfifo(tmp_path / "pipe" / "pyproject.toml")
    (tmp_path / "link" / "pyproject.toml").symlink_to("nowhere")

    assert [project.find(tmp_path / name).pyproject for name in ("pipe", "link")] == [None, None]


@pytest.mark.parametrize(
    "text, named",
    [
        ("[osem]\nport = 1\n", "[osem]"),
        ("[tool.osem-tasks]\nport = 1\n", "[tool.osem-tasks]"),
        ("[tool.osem_tasks]\nport = 1\n", "[tool.osem_tasks]"),
        ("[tool.OSEM]\nport = 1\n", "[tool.OSEM]"),
    ],
)
def test_a_section_of_nearly_that_name_is_named(tmp_path: Path, text: str, named: str) -> None:
    """It is refused, because its settings would be passed over in silence."""
    write_all(tmp_path, {"pyproject.toml": text})

    with pytest.raises(ConfigurationError) as caught:
        file.check(start=Start(tmp_path, tmp_path))

    assert f"{named} is not read; it must be named [tool.osem]" in caught.value.message


def test_values_are_checked_as_those_of_yaml(tmp_path: Path) -> None:
    """The same problems, and the remedy names the file that holds the value."""
    write_all(tmp_path, {"pyproject.toml": "[tool.osem]\nport = 'soon'\ntabels = 'x'\n"})

    with pytest.raises(ConfigurationError) as caught:
        file.settings(tmp_path, ENGINES)

    unknown, port = caught.value.problems
    assert unknown.startswith("osem.tabels is not known; known are ")
    assert port == "osem.port must be a port number from 0 to 65535, not 'soon'"
    assert "pyproject.toml ([tool.osem])" in str(caught.value.remediation)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    """As in ``invoke.yaml``: the tables and the log are beside the file."""
    write_all(tmp_path, {"pyproject.toml": f"{SECTION}log = 'run.log'\n", "sub/x": ""})

    settings = file.settings(tmp_path / "sub", ENGINES)

    assert settings.declaration() == (("tables.json",), tmp_path)
    assert settings.log == str(tmp_path / "run.log")


def test_without_tables_the_remedy_is_a_line_of_toml(tmp_path: Path) -> None:
    """What to write fits the file that it is written into."""
    write_all(tmp_path, {"pyproject.toml": "[tool.osem]\nport = 1\n"})

    with pytest.raises(ConfigurationError) as caught:
        file.settings(tmp_path, ENGINES).declaration()

    wanted = f'Write into {tmp_path / "pyproject.toml"}: tables = "tables.json" below [tool.osem]'
    assert str(caught.value.remediation).startswith(wanted)


@pytest.mark.parametrize(
    "level, port",
    [
        pytest.param({"HOME": "home"}, 5, id="the-user's-file-is-below"),
        pytest.param({"INVOKE_OSEM_PORT": "7"}, 7, id="a-variable-is-above"),
        pytest.param({"INVOKE_RUNTIME_CONFIG": "run.yaml"}, 9, id="f-is-above"),
    ],
)
def test_the_levels_are_those_of_invoke(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: dict[str, str], port: int
) -> None:
    """The section has the place of the project's file: above the user's, below the rest."""
    write_all(
        tmp_path,
        {
            "pyproject.toml": "[tool.osem]\nport = 5\n",
            "home/.invoke.yaml": "osem: {port: 3}\n",
            "run.yaml": "osem: {port: 9}\n",
        },
    )
    for name, value in level.items():
        path = value if name == "INVOKE_OSEM_PORT" else str(tmp_path / value)
        monkeypatch.setenv(name, path)

    assert file.section(tmp_path)["port"] == port


def test_invoke_s_option_f_reads_no_toml(tmp_path: Path) -> None:
    """Invoke would end in a traceback."""
    write_all(tmp_path, {"pyproject.toml": SECTION})

    with pytest.raises(ConfigurationError) as caught:
        file.check(str(tmp_path / "pyproject.toml"))

    assert "Invoke reads no TOML" in caught.value.message


@pytest.mark.process
@pytest.mark.parametrize(
    "folder, words, variables, name",
    [
        pytest.param(".", ["invoke"], {}, "shop", id="inv"),
        pytest.param("sub/deep", ["invoke"], {}, "shop", id="inv-below"),
        pytest.param("sub", ["osem_tasks"], {}, "shop", id="osem-below"),
        pytest.param("other", ["invoke", "-r", "../sub"], {}, "shop", id="inv-r"),
        pytest.param("part/deep", ["invoke"], {}, "part", id="inv-nearer-than-tasks"),
        pytest.param("part", ["osem_tasks"], {}, "part", id="osem-nearer-than-tasks"),
        pytest.param("sub", ["invoke", "-f", "../run.yaml"], {}, "run", id="inv-f"),
        pytest.param(".", ["osem_tasks", "-f", "run.yaml"], {}, "run", id="osem-f"),
        pytest.param(".", ["invoke"], {"INVOKE_OSEM_NAME": "var"}, "var", id="inv-variable"),
        pytest.param(".", ["osem_tasks"], {"OSEM_LOCAL_NAME": "own"}, "own", id="osem-variable"),
        pytest.param(".", ["invoke"], {"HOME": "home"}, "shop", id="inv-user"),
    ],
)
def test_both_programs_read_it(
    tmp_path: Path, folder: str, words: list[str], variables: dict[str, str], name: str
) -> None:
    """`inv` and `osem` agree in every folder, with the precedence of ``invoke.yaml``."""
    write_all(
        tmp_path,
        {
            "pyproject.toml": "[tool.osem]\nname = 'shop'\n",
            "tasks.py": TASKS,
            "sub/deep/x": "",
            "other/x": "",
            "part/pyproject.toml": "[tool.osem]\nname = 'part'\n",
            "part/deep/x": "",
            "run.yaml": "osem: {name: run}\n",
            "home/.invoke.yaml": "osem: {name: user}\n",
        },
    )
    if "HOME" in variables:
        variables = {"HOME": str(tmp_path / variables["HOME"])}

    done = call(*words, "local.status", "--json", cwd=tmp_path / folder, **variables)

    assert (json.loads(done.stdout)["data"]["name"], done.stderr) == (name, "")


@pytest.mark.process
def test_a_project_s_own_tasks_see_the_settings(tmp_path: Path) -> None:
    """``c.osem`` holds them as if they stood in ``invoke.yaml``; Invoke's own file counts too."""
    text = (
        "from invoke import task\nfrom osem_tasks import namespace\n"
        "@task\ndef own(c):\n    print(c.osem.name, c.osem.environments.dev.region, c.run.echo)\n"
        "ns = namespace.build({'name': 'built'})\nns.add_task(own)\n"
    ).replace("c.run.echo", "c.config.run.echo")
    toml = "[tool.osem]\nname = 'shop'\n[tool.osem.environments.dev]\nregion = 'eu-west-1'\n"
    write_all(
        tmp_path, {"tasks.py": text, "pyproject.toml": toml, "invoke.yaml": "run: {echo: true}\n"}
    )

    done = call("invoke", "own", cwd=tmp_path)

    assert (done.stdout, done.stderr) == ("shop eu-west-1 True\n", "")


@pytest.mark.process
def test_a_file_that_is_not_ours_is_not_parsed(tmp_path: Path) -> None:
    """Listing tasks costs no reader of TOML where no section is likely."""
    write_all(tmp_path, {"pyproject.toml": OTHERS, "tasks.py": TASKS})
    code = "import sys, tasks; print('tomllib' in sys.modules or 'tomli' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"


def test_the_section_of_this_text_is_found_by_its_words() -> None:
    """``parse`` gives what TOML says, and one sentence where it says nothing."""
    assert pyproject.parse("a = 1\n") == {"a": 1}
    with pytest.raises(ValueError, match="it cannot be parsed: "):
        pyproject.parse("a = ")
