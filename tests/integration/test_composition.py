"""The suite's tasks as parts of a project's own: before, after and inside its tasks."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration import fixtures_local as given
from tests.integration.fixtures_local import NOWHERE, Shell
from tests.support import typed_lines
from tests.support.inv import Run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration

TABLES = [
    {
        "TableName": name,
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    for name in ("Users", "Teams")
]
TASKS = """
from invoke import Collection, Config, Context, Executor, MockContext, Program, call, task
from osem_tasks import namespace
from osem_tasks.tasks import db, local

ddb = namespace.build({"engine": "moto", "port": "0", "tables": "tables.json"})

@task(pre=[local.up, db.setup])
def pre(c):
    print("own")

@task(pre=[local.up], post=[db.setup, db.verify])
def post(c):
    print("own")

@task(pre=[call(local.up, engine="moto", port="0"), call(db.setup, json=True)])
def called(c):
    print("own")

@task
def body(c):
    local.up(c, engine="moto", port=0)
    db.setup(c, table="Users")
    db.setup(c, json=True)

@task(pre=[local.up, call(db.verify, json=True), call(db.setup, json=True)])
def failing(c):
    print("own")

@task(pre=[local.up, local.up, db.setup], post=[local.up])
def twice(c):
    print("own")

@task
def mock(c):
    local.up(MockContext(), engine="moto", port=0)
    db.setup(MockContext(), json=True)

@task
def executor(c):
    Executor(ddb, Config()).execute("local.up", ("db.setup", {"json": True}))

@task
def program(c):
    Program(namespace=ddb).run("ladders local.up db.setup --json", exit=False)

ns = Collection(pre, post, called, body, failing, twice, mock, executor, program)
ns.add_collection(ddb, name="ddb")
"""


@dataclass(frozen=True)
class Project:
    """A project of another team, in a shell of its own."""

    shell: Shell
    root: Path

    def __call__(self, line: str) -> Run:
        """What a shell gives for ``line`` in the project's folder."""
        environment = self.shell.environment(PATH=os.environ["PATH"], PYTHONPATH=str(given.ROOT))
        done = typed_lines.typed(line, cwd=self.root, env=environment)
        return Run(done.returncode, done.stdout, done.stderr)

    def documents(self, line: str) -> list[dict[str, Any]]:
        """The JSON documents on stdout."""
        lines = [text for text in self(line).out.splitlines() if text.startswith("{")]
        return [json.loads(text) for text in lines]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project with two tables, on the embedded engine."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "tasks.py").write_text(TASKS, encoding="utf-8")
    (root / "tables.json").write_text(json.dumps(TABLES), encoding="utf-8")
    (root / "invoke.yaml").write_text("osem: {tables: tables.json}\n", encoding="utf-8")
    shell = Shell(given.new_name(), tmp_path / "state", {"DOCKER_HOST": NOWHERE})
    yield Project(shell, root)
    shell.clear()


@pytest.mark.parametrize(
    "task", ["pre", "post", "called", "body", "twice", "mock", "executor", "program"]
)
def test_every_way_of_calling_sets_the_tables_up(project: Project, task: str) -> None:
    """As a pre-task, a post-task, a call, in a body, by an executor or another program."""
    run = project(f"inv {task}")

    assert (run.code, "Traceback" in run.err) == (0, False), run.err
    assert sorted(given.table_names(project.shell.engine())) == [
        "osem-local-Teams",
        "osem-local-Users",
    ]


@pytest.mark.parametrize("task", ["called", "body", "mock", "executor", "program"])
def test_a_call_gives_one_document(project: Project, task: str) -> None:
    """``json=True`` in a call is ``--json``: one document of that task on stdout."""
    (document,) = project.documents(f"inv {task}")

    assert (document["command"], document["success"]) == ("setup", True)
    assert document["data"]["totalTables"] == 2


def test_the_example_of_the_page_works(project: Project) -> None:
    """`inv dev` sets up before the own task runs; `inv again` empties a table."""
    blocks = re.findall(
        r"```python\n(.*?)```", (given.ROOT / "docs/new-project.md").read_text("utf-8"), re.DOTALL
    )
    (example,) = [block for block in blocks if "pre=[" in block]
    orders = [{**TABLES[0], "TableName": "Orders"}]
    (project.root / "tasks.py").write_text(example, encoding="utf-8")
    (project.root / "tables.json").write_text(json.dumps(orders), encoding="utf-8")
    shop = "import os; print('the shop runs on', os.environ['AWS_ENDPOINT_URL_DYNAMODB'])\n"
    (project.root / "shop.py").write_text(shop, encoding="utf-8")

    dev, again = project("OSEM_LOCAL_ENGINE=moto inv dev"), project("inv again")

    assert (dev.code, again.code) == (0, 0), dev.err + again.err
    assert dev.out.index("1 created") < dev.out.index("the shop runs on http://127.0.0.1:")
    assert json.loads(again.out)["data"]["tablesDeleted"] == ["osem-local-Orders"]
    assert given.table_names(project.shell.engine()) == ["osem-local-Orders"]


def test_a_failing_part_stops_the_rest(project: Project) -> None:
    """Its exit code is that of the command line, and no later document is printed."""
    run = project("inv failing")

    (document,) = [json.loads(text) for text in run.out.splitlines() if text.startswith("{")]
    assert (run.code, "own" in run.out) == (1, False)
    assert (document["command"], document["error"]["code"]) == ("verify", "TABLE_NOT_FOUND")
    assert document["error"]["remediation"].startswith("inv ddb.db.setup --env local")


def drifted(project: Project) -> None:
    """Have Users with a key of another type, and no Teams."""
    project("inv ddb.local.up")
    project.shell.engine().client().create_table(
        TableName="osem-local-Users",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}],
        BillingMode="PAY_PER_REQUEST",
    )


@pytest.mark.parametrize("options", ["", "--repair"])
def test_a_dry_run_says_what_the_real_run_does(project: Project, options: str) -> None:
    """Drift stops both at the same place: the same lines, the same account, the same code."""
    drifted(project)

    dry, real = (project(f"inv ddb.db.setup {options} {word}") for word in ("--dry-run", ""))
    planned, done = (
        project.documents(f"inv ddb.db.setup --json {options} {word}")[0]
        for word in ("--dry-run", "")
    )

    seconds = re.compile(r"\d+\.\d\d s")
    assert (dry.code, real.code) == (1, 1)
    assert seconds.sub("", dry.out) == seconds.sub("", real.out)
    assert dry.err == real.err
    assert planned["data"].pop("actions") == []
    assert (planned["data"], planned["error"]) == (done["data"], done["error"])
    assert [row["tableName"] for row in done["data"]["tablesNotAttempted"]] == ["osem-local-Teams"]


@pytest.mark.parametrize(
    "program", ["inv ddb.", "python -m invoke ddb.", "osem ", "inv -c tasks ddb."]
)
@pytest.mark.parametrize("task", ["db.setup", "db.verify"])
def test_the_remedies_of_drift_lead_out_of_it(project: Project, program: str, task: str) -> None:
    """Typed as they are printed, one after the other, they end in tables as declared."""
    drifted(project)
    remedy = project(f"{program}{task}").err.split("→ ")[1]
    name = re.escape(program.partition(" ")[0])
    # A remedy and its explanation, or an alternative, have three spaces between them.
    commands = re.findall(rf"{name} (?:(?! {{3}})[^;\n])*", remedy)

    # Migrate the one or reset it, and set up the other.
    assert len(commands) == 3
    assert all("--table osem-local-" in line for line in commands)
    assert [project(line).code for line in commands] == [0, 0, 0]
    assert project(f"{program}db.verify").code == 0


def test_every_task_takes_a_table(project: Project) -> None:
    """The other table, which differs, neither stops nor changes anything."""
    drifted(project)
    before = project.shell.engine().client().describe_table(TableName="osem-local-Users")["Table"]

    setup, verify, listed, repair, reset, export = (
        project.documents(f"inv ddb.db.{task} --json --table Teams")[0]
        for task in ("setup", "verify", "list", "repair", "reset", "export")
    )

    codes = [one["success"] for one in (setup, verify, listed, repair, reset, export)]
    assert codes == [True] * 6
    assert [row["tableName"] for row in setup["data"]["tablesCreated"]] == ["osem-local-Teams"]
    assert [row["tableName"] for row in verify["data"]["checks"]] == ["osem-local-Teams"]
    assert verify["data"]["summary"]["totalTables"] == 1
    assert [row["tableName"] for row in listed["data"]["tables"]] == ["osem-local-Teams"]
    assert listed["data"]["otherTables"] == []
    assert repair["data"]["actions"] == []
    assert reset["data"]["tablesDeleted"] == ["osem-local-Teams"]
    assert [t["TableName"] for t in export["data"]["document"]["Tables"]] == ["osem-local-Teams"]
    after = project.shell.engine().client().describe_table(TableName="osem-local-Users")["Table"]
    assert after["CreationDateTime"] == before["CreationDateTime"]


def test_an_undeclared_index_is_told_and_stays(project: Project) -> None:
    """Setup goes on beside it, in a dry run too; verify still shows it as a difference."""
    project("inv ddb.local.up")
    client = project.shell.engine().client()
    project("inv ddb.db.setup --table Users")
    client.update_table(
        TableName="osem-local-Users",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("id", "at")
        ],
        GlobalSecondaryIndexUpdates=[
            {
                "Create": {
                    "IndexName": "by-at",
                    "KeySchema": [{"AttributeName": "at", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            }
        ],
    )

    dry, real = (project(f"inv ddb.db.setup {word}") for word in ("--dry-run", ""))
    verify = project("inv ddb.db.verify")

    assert (dry.code, real.code, verify.code) == (0, 0, 1)
    for run in (dry, real):
        assert "osem-local-Users: index[by-at]: not declared, found at S; it stays" in run.out
    assert "1 step would run" in dry.out
    assert "1 created, 1 verified" in real.out
    assert "EXTRA_GSI" in verify.out
