"""One configuration for a project, from every folder of it and by every program."""

from __future__ import annotations

import codecs
import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from osem_tasks.config import file, project
from osem_tasks.config.project import Start
from osem_tasks.errors import ConfigurationError
from tests.support import processes

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

ENGINES = ("auto", "docker", "moto")
TABLE = {
    "TableName": "Orders",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
DECLARED = json.dumps({"Tables": [TABLE]})
NOWHERE = "http://127.0.0.1:9"
TASKS = "from osem_tasks import namespace\nns = namespace.build()\n"
MODULE = "from osem_tasks.tables import table\nTABLES = [table('Orders', 'id S')]\n"
PROJECT = {
    "invoke.yaml": "osem: {tables: data/tables.json, prefix: 'shop-{env}-', log: run.log}\n",
    "data/tables.json": DECLARED,
    "tasks.py": TASKS,
    "ops.py": TASKS,
    "conf/run.yaml": "osem: {tables: mine.json}\n",
    "conf/mine.json": DECLARED,
    "conf/module.yaml": "osem: {tables: 'declared:TABLES'}\n",
    "conf/declared.py": MODULE,
    "sub/deep/x": "",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with folders, beside a folder that belongs to none."""
    for name, text in PROJECT.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "other").mkdir()
    return tmp_path / "shop"


def call(*words: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """`python -m WORDS...` in a folder."""
    command = [sys.executable, "-m", *words]
    return processes.call(command, cwd=cwd, env={**os.environ, **variables})


@pytest.mark.process
@pytest.mark.parametrize(
    "folder, words, source",
    [
        pytest.param(".", ["osem_tasks"], "data/tables.json", id="osem"),
        pytest.param("sub/deep", ["osem_tasks"], "../../data/tables.json", id="osem-below"),
        pytest.param("sub/deep", ["invoke"], "../../data/tables.json", id="inv-below"),
        pytest.param("sub", ["invoke", "-c", "ops"], "../data/tables.json", id="inv-c"),
        pytest.param(
            "../other", ["invoke", "-r", "../shop/sub"], "../shop/data/tables.json", id="inv-r"
        ),
        pytest.param("sub", ["invoke", "-f", "../conf/run.yaml"], "../conf/mine.json", id="inv-f"),
        pytest.param(
            "sub", ["osem_tasks", "-f", "../conf/run.yaml"], "../conf/mine.json", id="osem-f"
        ),
        pytest.param(
            "sub", ["osem_tasks", "-f", "../conf/module.yaml"], "declared:TABLES", id="module"
        ),
    ],
)
def test_every_way_finds_the_same_declaration(
    shop: Path, folder: str, words: list[str], source: str
) -> None:
    """The file is sought upwards, and a path in a file is relative to that file."""
    done = call(*words, "db.export", "--env", "dev", "--json", cwd=shop / folder)

    data = json.loads(done.stdout)["data"]
    assert (data["declaration"], done.stderr) == ({"source": source, "tables": 1}, "")
    assert [t["TableName"] for t in data["document"]["Tables"]] == ["shop-dev-Orders"]


@pytest.mark.process
@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            {
                "tasks/__init__.py": "from tasks.own import ns\n",
                "tasks/own.py": TASKS.replace("()", "({'tables': 'data/tables.json'})"),
            },
            id="package",
        ),
        pytest.param(
            {"tasks.py": TASKS.replace("()", "({'tables': 'data/tables.json'})")}, id="module"
        ),
        pytest.param(
            {"tasks.py": TASKS, "invoke.py": "osem = {'tables': 'data/tables.json'}\n"}, id="py"
        ),
        pytest.param(
            {"tasks.py": TASKS, "invoke.json": '{"osem": {"tables": "data/tables.json"}}'},
            id="json",
        ),
    ],
)
def test_tables_named_elsewhere_than_in_yaml(shop: Path, files: dict[str, str]) -> None:
    """The path is relative to the project's folder, in every subfolder."""
    (shop / "invoke.yaml").unlink()
    (shop / "tasks.py").unlink()
    for name, text in files.items():
        (shop / name).parent.mkdir(exist_ok=True)
        (shop / name).write_text(text, encoding="utf-8")

    done = call("invoke", "db.export", "--json", cwd=shop / "sub" / "deep")

    declaration = json.loads(done.stdout)["data"]["declaration"]
    assert declaration == {"source": "../../data/tables.json", "tables": 1}


@pytest.mark.process
@pytest.mark.parametrize("program", ["osem_tasks", "invoke"])
def test_the_nearest_file_counts(shop: Path, program: str) -> None:
    """A part of a project with a file of its own has its own tables."""
    (shop / "sub" / "invoke.yaml").write_text("osem: {tables: own.json}\n", encoding="utf-8")
    (shop / "sub" / "own.json").write_text(DECLARED.replace("Orders", "Own"), encoding="utf-8")

    done = call(program, "db.export", "--json", cwd=shop / "sub" / "deep")

    tables = json.loads(done.stdout)["data"]["document"]["Tables"]
    assert [table["TableName"] for table in tables] == ["osem-local-Own"]


@pytest.mark.parametrize("folder", [".", "sub", "sub/deep"])
def test_the_pytest_plugin_finds_it_too(shop: Path, folder: str) -> None:
    """A rootdir below the file has the project's tables, never OSEM's."""
    settings = file.settings(shop / folder, ENGINES)

    assert settings.declaration() == (("data/tables.json",), shop)
    assert settings.log == str(shop / "run.log")


def test_the_plugin_s_own_setting_is_relative_to_its_root(shop: Path) -> None:
    """The ini setting ``dynamodb_tables`` stands in another file than the configuration."""
    assert file.settings(shop / "sub", ENGINES, "t.json").declaration() == (
        ("t.json",),
        shop / "sub",
    )


@pytest.mark.process
@pytest.mark.parametrize("task", ["setup", "verify", "repair", "reset", "delete", "export"])
@pytest.mark.parametrize(
    "text, found",
    [
        pytest.param(None, "there is no invoke.yaml", id="no-file"),
        pytest.param("osem: {port: '1'}\n", "does not name them", id="no-key"),
        pytest.param("# only a comment\n", "does not name them", id="comment"),
    ],
)
def test_without_a_declaration_a_task_stops(
    tmp_path: Path, task: str, text: str | None, found: str
) -> None:
    """OSEM's tables are OSEM's: elsewhere it is said what to write and where."""
    if text is not None:
        (tmp_path / "invoke.yaml").write_text(text, encoding="utf-8")

    done = call("osem_tasks", f"db.{task}", "--env", "dev", "--json", cwd=tmp_path)

    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"]) == (1, "INVALID_CONFIGURATION")
    assert ("no tables are declared" in error["message"], found in error["message"]) == (True, True)
    assert str(tmp_path / "invoke.yaml") in error["remediation"]


@pytest.mark.process
@pytest.mark.parametrize(
    "configuration, named",
    [
        ("{tables: data/tables.json}", "prefix osem-local- · 1 table of ../data/tables.json"),
        (
            "{tables: 'conf.declared:TABLES', table_name: '{table}.{env}'}",
            "names {table}.local · 1 table of conf.declared:TABLES",
        ),
    ],
)
def test_the_target_line_says_which_tables(shop: Path, configuration: str, named: str) -> None:
    """The declaration and the names stand in the line, and the source in the document."""
    (shop / "invoke.yaml").write_text(f"osem: {configuration}\n", encoding="utf-8")

    done = call("osem_tasks", "db.list", "--endpoint", NOWHERE, "--json", cwd=shop / "sub")

    assert named in done.stderr
    assert json.loads(done.stdout)["data"]["declaration"]["tables"] == 1


@pytest.mark.process
def test_what_needs_no_tables_goes_on(tmp_path: Path) -> None:
    """``local.status`` works in any folder."""
    assert call("osem_tasks", "local.status", cwd=tmp_path).returncode == 0


def test_the_search_path_is_told(tmp_path: Path) -> None:
    """Every folder that was searched is named."""
    with pytest.raises(ConfigurationError) as caught:
        file.settings(tmp_path / "a" / "b", ENGINES).declaration()

    for folder in ("a/b", "a", "."):
        assert f"{tmp_path / folder}, " in caught.value.message


@pytest.mark.parametrize(
    "files, named",
    [
        pytest.param(
            {"invoke.yaml": "osem: {port: 1}", "invoke.yml": "osem: {port: 2}"},
            "invoke.yml is not read, because",
            id="yml-beside-yaml",
        ),
        pytest.param(
            {"invoke.yml": "osem: {}", "invoke.json": '{"osem": {}}'},
            "invoke.json is not read, because",
            id="json-beside-yml",
        ),
        pytest.param({".invoke.yaml": "osem: {}"}, ".invoke.yaml is not read", id="hidden"),
        pytest.param({"Invoke.yaml": "osem: {}"}, "Invoke.yaml is not read", id="capital"),
        pytest.param({"invoke.yaml.txt": "osem: {}"}, "invoke.yaml.txt is not", id="editor"),
        pytest.param({"invoke.toml": "[osem]"}, "invoke.toml is not read", id="toml"),
        pytest.param({"osem.yaml": "osem: {}"}, "osem.yaml is not read", id="our-name"),
        pytest.param({"invoke.yaml": "osme: {tables: x}"}, "'osme' is not read", id="section"),
        pytest.param({"invoke.yaml": "osem:\n"}, "'osem' is empty", id="empty-section"),
        pytest.param({"invoke.yaml": "osem:\n\tport: 1\n"}, "spaces, never by tabs", id="tab"),
        pytest.param({"invoke.yaml": "osem: {log: 'a\tb'}\n"}, "", id="ok"),
        pytest.param({"invoke.yaml": "osem: {port: 1, port: 2}"}, "appears twice", id="key-twice"),
        pytest.param({"invoke.yaml": "osem: {}\nosem: {}"}, "appears twice", id="section-twice"),
    ],
)
def test_a_near_miss_is_named(tmp_path: Path, files: dict[str, str], named: str) -> None:
    """What looks like the project's configuration is read or refused, never passed over."""
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    try:
        file.check(start=Start(tmp_path, tmp_path))
        told = ""
    except ConfigurationError as error:
        told = error.message

    assert (named in told, bool(told)) == (True, bool(named))


def test_files_of_other_tools_are_no_near_miss(tmp_path: Path) -> None:
    """A file that does not say ``osem`` is not ours."""
    (tmp_path / "invoke.yaml").write_text("osem: {}\n", encoding="utf-8")
    (tmp_path / "invoke.yml").write_text("run: {}\n", encoding="utf-8")
    (tmp_path / ".invoke.yaml").write_text("run: {}\n", encoding="utf-8")

    file.check(start=Start(tmp_path, tmp_path))

    assert project.near_files(tmp_path) == []


TEXT = "# Läden\nosem: {name: shop}\n"
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.process
@pytest.mark.parametrize("program", ["osem_tasks", "invoke"])
@pytest.mark.parametrize(
    "content, variables, said",
    [
        pytest.param(TEXT.encode(), {}, "", id="utf-8"),
        pytest.param(codecs.BOM_UTF8 + TEXT.encode(), {}, "", id="utf-8-mark"),
        pytest.param(TEXT.encode(), C_LOCALE, "set PYTHONUTF8=1", id="c-locale"),
        pytest.param(codecs.BOM_UTF8 + b"osem: {}\n", C_LOCALE, "PYTHONUTF8=1", id="mark-in-c"),
        pytest.param(b"osem: {name: shop}\n", C_LOCALE, "", id="ascii-in-c"),
        pytest.param(TEXT.encode("latin-1"), {}, "UTF-8", id="latin-1"),
        pytest.param(TEXT.encode("latin-1"), C_LOCALE, "UTF-8", id="latin-1-in-c"),
        pytest.param(TEXT.encode("utf-16"), {}, "UTF-8", id="utf-16"),
        pytest.param(TEXT.encode("utf-16-le"), {}, "invoke.yaml", id="utf-16-without-mark"),
    ],
)
def test_encodings(
    tmp_path: Path, program: str, content: bytes, variables: dict[str, str], said: str
) -> None:
    """Read, or refused in one sentence with the file's name."""
    (tmp_path / "invoke.yaml").write_bytes(content)
    (tmp_path / "tasks.py").write_text(TASKS, encoding="utf-8")
    (tmp_path / "sub").mkdir()

    done = call(program, "local.status", cwd=tmp_path / "sub", **variables)

    assert (done.returncode, "Traceback" in done.stderr) == (1 if said else 0, False)
    assert said in done.stderr
    assert ("invoke.yaml" in done.stderr) == bool(said)
