"""`osem init`: a new project's files, written beside what is there and never over it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import osem_tasks
from osem_tasks import namespace, program
from osem_tasks.config import file, pyproject
from osem_tasks.errors import ConfigurationError
from tests.support.schemas import check_output

ENGINES = ("auto", "docker", "moto")
AROUND = [
    "tasks.py",
    "noxfile.py",
    "tests/test_tables.py",
    "requirements-dynamodb.txt",
    ".github/workflows/dynamodb.yml",
]
ALL = ["tables.py", *AROUND, "invoke.yaml"]
TEMPLATE = """
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: Orders
      BillingMode: PAY_PER_REQUEST
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
"""
WITH_PARAMETER = "Parameters: {Stage: {Type: String}}" + TEMPLATE.replace(
    "TableName: Orders", "TableName: !Sub '${Stage}-Orders'"
)


@dataclass(frozen=True)
class Init:
    """Calls `osem init` in this process, in a folder of the test's own."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch

    def __call__(self, *words: str, before: tuple[str, ...] = ()) -> tuple[int, str, str]:
        """The exit code and the two streams."""
        argv = ["osem", *before, "init", *words]
        self.patch.setattr(sys, "argv", argv)
        self.capsys.readouterr()
        code: Any = 0
        try:
            program.run(argv)
        except SystemExit as stop:
            code = stop.code or 0
        captured = self.capsys.readouterr()
        return code, captured.out, captured.err

    def data(self, *words: str) -> dict[str, Any]:
        """The data of the JSON document of a run that succeeds."""
        code, out, err = self(*words, "--json")
        assert (code, err) == (0, err)
        check_output(out)
        data: dict[str, Any] = json.loads(out)["data"]
        return data

    def write(self, files: dict[str, str]) -> None:
        """Files by their names below the folder."""
        for name, text in files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text, encoding="utf-8")

    def files(self) -> dict[str, bytes]:
        """Everything that is there, by its name."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def init(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Init:
    """`osem init` in an empty folder."""
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Init(folder, capsys, monkeypatch)


def test_an_empty_folder_becomes_a_project(init: Init) -> None:
    """Every file is written and named, and the last lines are the commands to type next."""
    code, out, _ = init()

    assert (code, sorted(init.files())) == (0, sorted(ALL))
    assert all(name in out for name in ALL)
    assert out.rstrip().splitlines()[-4:] == [
        "Next:",
        "  osem local.up db.setup db.verify",
        "  pytest tests/test_tables.py",
        "  nox",
    ]


def test_the_configuration_declares_the_tables(init: Init) -> None:
    """What is written is read, with the folder's name before the tables' names."""
    init()

    settings = file.settings(init.folder, ENGINES)
    assert settings.declaration() == (("tables:TABLES",), init.folder)
    assert settings.environments["dev"].naming.real("Orders") == "shop-dev-Orders"
    assert settings.environments["dev"].application == "shop"


@pytest.mark.parametrize(
    "words, before",
    [
        pytest.param(("--dry-run",), (), id="dry-run"),
        pytest.param((), ("--dry",), id="dry"),
        pytest.param((), ("-R",), id="R"),
        pytest.param(("--dry-run", "--quiet"), (), id="quiet"),
    ],
)
def test_a_dry_run_changes_nothing(
    init: Init, words: tuple[str, ...], before: tuple[str, ...]
) -> None:
    """It says what would be written."""
    code, out, _ = init(*words, before=before)

    assert (code, init.files()) == (0, {})
    assert "7 files would be written; nothing was changed" in out


def test_a_second_run_writes_nothing(init: Init) -> None:
    """What is there already is named so, and stays."""
    init()
    before = init.files()

    data = init.data()

    assert (data["written"], data["kept"], init.files()) == ([], [], before)


@pytest.mark.parametrize("left", range(len(ALL)))
def test_an_unfinished_run_is_finished(init: Init, left: int) -> None:
    """Whatever part of the files is there, the next run writes the others, and the same ones."""
    init()
    whole = init.files()
    for name in ALL[left:]:
        (init.folder / name).unlink()

    data = init.data()

    assert (data["written"], init.files()) == (ALL[left:], whole)


@pytest.mark.parametrize("name", [*AROUND, "invoke.yaml"])
@pytest.mark.parametrize("text", ["", "# mine\n"], ids=["empty", "text"])
def test_a_file_that_exists_stays(init: Init, name: str, text: str) -> None:
    """It is named, with the lines to add, and the others are written."""
    init.write({name: text})

    code, out, _ = init()

    assert (code, (init.folder / name).read_text()) == (0, text)
    assert f"{name} was there and stays" in out
    assert sorted(init.files()) == sorted(ALL)
    if name in {"tasks.py", "noxfile.py"}:
        assert "    from osem_tasks" in out
    if name == "invoke.yaml":
        assert '    osem:\n      tables: "tables:TABLES"\n' in out
    assert ("Next, when the lines above are added:" in out) == ("by hand" in out)


@pytest.mark.parametrize(
    "name, text, line",
    [
        ("invoke.yml", "run: {}\n", '  tables: "tables:TABLES"'),
        ("invoke.json", "{}", '"osem": {"tables": "tables:TABLES"'),
        ("invoke.py", "x = 1\n", "osem = {'tables': 'tables:TABLES'"),
        ("pyproject.toml", "[tool.osem]\n", 'tables = "tables:TABLES"'),
        ("tasks/__init__.py", "", "    ns = namespace.build()"),
    ],
)
def test_files_of_other_names_count(init: Init, name: str, text: str, line: str) -> None:
    """The lines to add are in the language of the file that is there."""
    init.write({name: text})

    code, out, _ = init()

    assert (code, f"{name} was there and stays" in out, line in out) == (0, True, True)
    assert (init.folder / name).read_text() == text


def test_a_file_that_has_the_lines_is_only_named(init: Init) -> None:
    """A ``tasks.py`` of a project that uses the suite already needs nothing."""
    init.write({"tasks.py": "import osem_tasks.namespace as n\nns = n.build()\n"})

    _, out, _ = init()

    assert "tasks.py was there and stays; it names osem_tasks" in out
    assert "by hand" not in out


@pytest.mark.parametrize(
    "way, problem",
    [
        pytest.param("tasks.py/", "tasks.py is a folder", id="folder"),
        pytest.param("tests", "tests is not a folder", id="file-for-a-folder"),
        pytest.param("noxfile.py@", "noxfile.py is a link to nothing", id="dangling"),
        pytest.param(".github@/", ".github leads out of the project", id="leads-out"),
        pytest.param("tables.py", "tables.py is there already, with another", id="declaration"),
        pytest.param("invoke.yaml@", "invoke.yaml is a link to nothing", id="configuration"),
    ],
)
def test_what_is_in_the_way_stops_it(init: Init, way: str, problem: str) -> None:
    """Nothing at all is written, and every problem is named."""
    name = way.rstrip("@/")
    if "@" in way:
        (init.folder / name).symlink_to("/" if way.endswith("/") else "nowhere")
    elif way.endswith("/"):
        (init.folder / name).mkdir()
    else:
        init.write({name: "mine"})

    code, _, err = init()

    assert (code, [path.name for path in init.folder.iterdir()]) == (1, [name])
    assert (f"{problem}" in err, "Nothing was written." in err) == (True, True)


@pytest.mark.parametrize("name", ["template.yaml", "x.template", "cdk.out/S.template.json"])
def test_the_only_template_is_taken(init: Init, name: str) -> None:
    """It is said, and named in the configuration; no example is written."""
    init.write({name: json.dumps(yaml.safe_load(TEMPLATE))})

    code, _, err = init()

    assert (code, f"{name} declares the tables (the only such file here)" in err) == (0, True)
    assert file.settings(init.folder, ENGINES).tables == (name,)
    assert "tables.py" not in init.files()


def test_of_several_templates_none_is_taken(init: Init) -> None:
    """The commands that choose are shown, and nothing is written."""
    init.write({"template.yaml": TEMPLATE, "cdk.out/a.template.json": TEMPLATE})
    before = init.files()

    code, _, err = init()

    assert (code, init.files()) == (1, before)
    for words in ("--template template.yaml", "--template cdk.out/a.template.json", "--example"):
        assert f"init {words}" in err


def test_an_example_is_written_although_a_template_is_there(init: Init) -> None:
    """``--example`` is how to have none of the templates."""
    init.write({"template.yaml": TEMPLATE})

    assert init.data("--example")["tables"] == "tables:TABLES"


@pytest.mark.parametrize(
    "name",
    [
        "a b.yaml",
        "ä'\"\\.json",
        "[x]*.yaml",
        "a:b.yaml",
        "#.yaml",
        "{x}.yml",
        "../o.yaml",
    ],
)
def test_a_template_of_any_name_is_named_so_that_it_is_found(init: Init, name: str) -> None:
    """Relative or absolute, the configuration leads to the same file."""
    init.write({name: json.dumps(yaml.safe_load(TEMPLATE))})

    code, _, err = init("--template", str(init.folder / name))

    assert (code, "Traceback" in err) == (0, False)
    assert file.settings(init.folder, ENGINES).tables == (name,)


@pytest.mark.parametrize(
    "words, problem",
    [
        (("--template", "none.yaml"), "none.yaml: it cannot be read: No such file"),
        (("--template", ""), "--template is given and empty"),
        (("--template", "."), "'.'"),
        (("--template", "nomodule:TABLES"), "nomodule"),
        (("--template", "a.yaml", "--example"), "--template and --example name two sources"),
        (("--from-table", "T", "--example"), "--from-table and --example name two sources"),
        (("--template", "bad.yaml"), "bad.yaml: it cannot be parsed"),
        (("--template", "empty.yaml"), "empty.yaml"),
        (("--template", os.fsdecode(b"\xff.yaml")), "is not UTF-8"),
        (("--template", "\t.yaml"), "begins or ends with a blank"),
        (("--template", "x.yaml "), "begins or ends with a blank"),
        (("--pyproject",), "pyproject.toml: it cannot be read: No such file"),
    ],
)
def test_what_cannot_be_read_is_refused(init: Init, words: tuple[str, ...], problem: str) -> None:
    """One sentence, before anything is written."""
    init.write({"bad.yaml": "a: [", "empty.yaml": ""})
    before = init.files()

    code, _, err = init(*words)

    assert (code, init.files()) == (1, before)
    assert (problem in err, "INVALID_CONFIGURATION" in err) == (True, True)


def test_a_template_that_lacks_a_parameter_says_what_to_write(init: Init) -> None:
    """When that is written, the next run goes on with it."""
    init.write({"template.yaml": WITH_PARAMETER})
    code, _, err = init()
    assert (code, 'Write into invoke.yaml: osem: {parameters: {Stage: "VALUE"}}' in err) == (
        1,
        True,
    )
    init.write({"invoke.yaml": 'osem: {parameters: {Stage: "x"}}'})

    code, out, err = init()

    assert (code, "1 table: x-Orders" in err) == (0, True)
    assert '      tables: "template.yaml"' in out


@pytest.mark.parametrize("program_file", ["invoke.yaml", "pyproject.toml"])
def test_a_project_that_declares_tables_keeps_them(init: Init, program_file: str) -> None:
    """Only what is around them is written; another source is refused."""
    text = {
        "invoke.yaml": "osem: {tables: t.yaml}\n",
        "pyproject.toml": "[tool.osem]\ntables = 't.yaml'\n",
    }[program_file]
    init.write({program_file: text, "t.yaml": TEMPLATE})

    refused, _, err = init("--example")
    data = init.data()

    assert (refused, "has other settings already, and stays" in err) == (1, True)
    assert (data["tables"], data["written"]) == ("t.yaml", AROUND)
    assert (init.folder / program_file).read_text() == text


@pytest.mark.parametrize("name", ["invoke.yaml", "pyproject.toml"])
def test_a_configuration_above_is_named(init: Init, name: str) -> None:
    """The new one wins in its folder, and that is said."""
    text = "osem: {tables: t.yaml}\n" if name == "invoke.yaml" else "[tool.osem]\ntables = 't'\n"
    (init.folder.parent / name).write_text(text, encoding="utf-8")

    code, _, err = init()

    above = init.folder.parent / name
    assert (code, f"{above} counts here until now; the new configuration" in err) == (0, True)
    assert file.settings(init.folder, ENGINES).tables == ("tables:TABLES",)


def test_the_workflow_is_where_github_reads_it(init: Init) -> None:
    """In the root of the repository, for a project in one of its folders."""
    (init.folder.parent / ".git").mkdir()

    data = init.data()

    written = init.folder.parent / ".github" / "workflows" / "dynamodb-shop.yml"
    assert "../.github/workflows/dynamodb-shop.yml" in data["written"]
    job = yaml.safe_load(written.read_text())["jobs"]["tables"]
    assert job["defaults"] == {"run": {"working-directory": "shop"}}


def test_every_folder_of_a_repository_has_its_workflow(init: Init) -> None:
    """Two services of one name in different folders do not share a file."""
    root = init.folder.parent
    (root / ".git").mkdir()
    written = []
    for place in ("apps/orders", "services/orders"):
        (root / place).mkdir(parents=True)
        init.patch.chdir(root / place)
        written += [path for path in init.data()["written"] if "workflows" in path]

    assert [path.rpartition("/")[2] for path in written] == [
        "dynamodb-apps-orders.yml",
        "dynamodb-services-orders.yml",
    ]


def test_a_section_that_is_there_is_not_to_be_added_again(init: Init) -> None:
    """The lines to add by hand say so: a second key `osem` would be refused."""
    (init.folder / "invoke.yaml").write_text("osem: {parameters: {Stage: dev}}\n", encoding="utf-8")

    code, out, _ = init()

    assert code == 0
    assert "osem:   # there already: add to it" in out


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes to every folder")
def test_a_folder_without_rights_has_its_own_remedy(init: Init) -> None:
    """Nothing has to be moved away: the folder has to be writable."""
    init.folder.chmod(0o555)

    code, _, err = init()

    init.folder.chmod(0o755)
    assert (code, "Make the folder writable" in err, "Move it away" in err) == (1, True, False)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param('[project]\nname = "x"\n', id="project"),
        pytest.param('[project]\nname = "x"', id="no-line-end"),
        pytest.param('[project]\r\nname = "ä"\r\n', id="windows"),
        pytest.param("[tool.ruff]\nline-length = 100\n", id="another-tool"),
        pytest.param("[[tool.x]]\na = 1\n# end", id="comment"),
    ],
)
def test_pyproject_gets_a_section_when_asked(init: Init, text: str) -> None:
    """What was there stays byte for byte, and the section is read."""
    path = init.folder / "pyproject.toml"
    path.write_bytes(text.encode())

    data = init.data("--pyproject")
    after = path.read_bytes()
    again = init.data("--pyproject")

    assert after.startswith(text.encode())
    assert ("invoke.yaml" in init.files(), data["written"][-1]) == (False, "pyproject.toml")
    assert file.settings(init.folder, ENGINES).tables == ("tables:TABLES",)
    assert (again["written"], path.read_bytes()) == ([], after)
    assert (b"\r\n" in after) == (after.count(b"\n") == after.count(b"\r\n"))


def test_pyproject_is_left_alone_without_being_asked(init: Init) -> None:
    """A user's file is changed by ``--pyproject`` only."""
    init.write({"pyproject.toml": "[project]\nname = 'x'\n"})

    assert "invoke.yaml" in init.data()["written"]
    assert (init.folder / "pyproject.toml").read_text() == "[project]\nname = 'x'\n"


@pytest.mark.parametrize(
    "text, problem",
    [
        ("tool = {}\n", "cannot get a section [tool.osem] at its end"),
        ("[broken\n", "cannot get a section [tool.osem] at its end"),
        ("a = '''\n", "cannot get a section [tool.osem] at its end"),
        ("[tool.osem]\nport = 1\n", "has other settings already, and stays"),
        ("[tool.osem\n", "it cannot be parsed"),
    ],
)
def test_a_pyproject_that_can_take_no_section(init: Init, text: str, problem: str) -> None:
    """It is refused before anything is written."""
    init.write({"pyproject.toml": text})

    code, _, err = init("--pyproject")

    assert (code, list(init.files())) == (1, ["pyproject.toml"])
    assert (problem in err, (init.folder / "pyproject.toml").read_text()) == (True, text)


def test_a_dry_run_leaves_pyproject_alone(init: Init) -> None:
    """The section is only announced."""
    init.write({"pyproject.toml": ""})

    data = init.data("--pyproject", "--dry-run")

    assert (data["planned"][-1], init.files()) == ("pyproject.toml", {"pyproject.toml": b""})


def test_a_failure_in_the_middle_is_told(init: Init) -> None:
    """What was written is named, what was not too, and the exit code says partial."""
    resource, signal = pytest.importorskip("resource"), pytest.importorskip("signal")
    before, limits = (
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
        resource.getrlimit(resource.RLIMIT_FSIZE),
    )
    resource.setrlimit(resource.RLIMIT_FSIZE, (800, limits[1]))
    try:
        code, out, err = init()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)

    assert (code, sorted(init.files())) == (2, ["noxfile.py", "tables.py", "tasks.py"])
    assert "test_tables.py cannot be written: File too large" in err
    assert ("tests/test_tables.py            not written" in out, "Next" in out) == (True, False)


def test_other_programs_have_no_such_task() -> None:
    """A project's own tasks may have an ``init``; it is not given one."""
    assert "init" not in namespace.build().task_names


@pytest.mark.process
def test_the_task_is_in_the_readme_and_has_help(init: Init) -> None:
    """As every other task: a row of the table, a summary, help for every option."""
    readme = (Path(osem_tasks.__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    command = [sys.executable, "-m", "osem_tasks", "init", "--help"]
    done = subprocess.run(command, cwd=init.folder, capture_output=True, text=True, check=True)

    rows = [row for row in done.stdout.splitlines() if row.strip().startswith("--")]
    assert ("| `osem init` |" in readme, "Example: osem init" in done.stdout) == (True, True)
    assert (len(rows), [row for row in rows if len(row.split()) == 1]) == (14, [])


def test_without_a_configuration_it_is_offered(init: Init) -> None:
    """Who has no configuration learns that one can be written."""
    with pytest.raises(ConfigurationError) as caught:
        file.settings(init.folder, ENGINES).declaration()

    assert str(caught.value.remediation).endswith("Or let it be written: osem init")
    assert pyproject.SECTION in caught.value.message
