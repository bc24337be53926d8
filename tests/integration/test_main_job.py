"""The main job, `inv local.up db.setup db.verify`, as a user's shell runs it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.declarations.osem import TABLES
from tests.integration import fixtures_local as given
from tests.integration.conftest import other_kinds, session_kind
from tests.integration.fixtures_local import NOWHERE, Shell, finished

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.conftest import Engine
    from tests.support.inv import Run

pytestmark = pytest.mark.integration

JOB = ("local.up", "db.setup", "db.verify")
DEAD = "http://127.0.0.1:9"
NAMES = [f"osem-local-{each.name}" for each in TABLES]


@dataclass(frozen=True)
class Place:
    """An engine kind on which the main job ran once: `inv` there, and what the job gave."""

    kind: str
    inv: Shell
    job: Run

    @property
    def engine(self) -> Engine:
        """The engine that the job brought up."""
        return self.inv.engine()

    def tables(self, prefix: str) -> dict[str, Any]:
        """The tables with that prefix, with what tells a table from its successor."""
        client = self.engine.client()
        found = given.table_names(self.engine, prefix)
        described = {name: client.describe_table(TableName=name)["Table"] for name in found}
        return {name: each["CreationDateTime"] for name, each in described.items()}


# Each is what `auto` takes where the engines before it are absent.
MINISTACK = ["ministack"] if "ministack" in (session_kind(), *other_kinds()) else []
PLACES = [pytest.param("docker", marks=pytest.mark.docker), *MINISTACK, "moto"]


@pytest.fixture(scope="module", params=PLACES)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """Each engine in turn, brought up by the main job itself."""
    state = tmp_path_factory.mktemp("job") / "state"
    if request.param != "docker":
        found = given.WITH_MINISTACK if request.param == "ministack" else {}
        inv = Shell(given.new_name(), state, {"DOCKER_HOST": NOWHERE, **found})
        yield Place(request.param, inv, inv(*JOB))
        inv.clear()
        return
    with given.connected() as docker:
        inv = Shell(given.new_name(), state)
        yield Place("docker", inv, inv(*JOB))
        inv.clear()
        docker.clear(inv.name)


@pytest.fixture
def prefix() -> str:
    """A table name prefix of the test's own."""
    return f"{given.new_name()}-"


@pytest.fixture
def inv(place: Place, prefix: str) -> Shell:
    """`inv` on the running engine, with tables of the test's own."""
    return place.inv.where({"OSEM_DB_PREFIX": prefix})


def test_the_main_job_creates_and_verifies(place: Place) -> None:
    """Exit code 0, the results on stdout, where it happened on stderr."""
    job, endpoint = place.job, place.engine.endpoint

    assert job.code == 0, job.err
    assert "Traceback" not in job.err
    for name in NAMES:
        assert name in job.out
    for words in (f"ready at {endpoint}", "6 created, 0 verified", "6 of 6 tables match the model"):
        assert words in job.out
    assert f"Engine: {place.kind}, because" in job.err
    assert f"Target: local engine {endpoint}" in job.err
    assert sorted(given.table_names(place.engine, "osem-local-")) == sorted(NAMES)


def test_a_second_run_creates_nothing(place: Place) -> None:
    """The same command again finds the engine and the tables."""
    before = place.tables("osem-local-")

    run = place.inv(*JOB)

    assert (run.code, "reused" in run.out, "0 created, 6 verified" in run.out) == (0, True, True)
    assert place.tables("osem-local-") == before


def test_a_later_process_finds_the_engine(place: Place) -> None:
    """`inv db.verify` in another shell goes where `local.up` was."""
    document = place.inv("db.verify", "--json").document

    assert (document["success"], document["endpoint"]) == (True, place.engine.endpoint)


def test_the_engine_of_local_up_wins_over_a_diverting_variable(place: Place, inv: Shell) -> None:
    """After `local.up` in the same line, a variable is passed over, and a warning names it."""
    run = inv("local.up", "db.setup", "db.verify", "--json", AWS_ENDPOINT_URL_DYNAMODB=DEAD)

    assert (run.code, run.document["endpoint"]) == (0, place.engine.endpoint)
    assert f"AWS_ENDPOINT_URL_DYNAMODB={DEAD}" in run.err


def test_a_diverting_variable_wins_over_the_recorded_engine(inv: Shell) -> None:
    """Without `local.up` in the line, the variable decides, and nothing answers there."""
    run = inv("db.setup", "--json", AWS_ENDPOINT_URL_DYNAMODB=DEAD)

    error = run.document["error"]
    assert (run.code, run.document["endpoint"], error["code"]) == (1, DEAD, "ENGINE_NOT_RUNNING")
    assert "inv local.up" in error["remediation"]


def test_json_after_local_up_is_one_document(inv: Shell) -> None:
    """`inv local.up db.setup --json`: stdout is one document, of the setup."""
    run = inv("local.up", "db.setup", "--json")

    assert (run.code, run.document["command"], run.document["environment"]) == (0, "setup", "local")
    assert len(run.document["data"]["tablesCreated"]) == 6
    assert "ready at" in run.err


def test_json_for_every_task_is_a_line_each(place: Place, inv: Shell) -> None:
    """Three tasks with `--json`: three lines, each a document."""
    run = inv("local.up", "--json", "db.setup", "--json", "db.verify", "--json")

    documents = [json.loads(line) for line in run.out.splitlines()]
    assert run.code == 0
    assert [each["command"] for each in documents] == ["up", "setup", "verify"]
    assert {each["endpoint"] for each in documents} == {place.engine.endpoint}


def test_a_failure_in_the_chain_stops_it(inv: Shell, prefix: str, place: Place) -> None:
    """A task that fails ends the command line: nothing after it runs."""
    run = inv("db.verify", "db.setup")

    assert (run.code, place.tables(prefix)) == (1, {})
    assert "TABLE_NOT_FOUND" in run.err


def test_reset_gives_new_empty_tables(place: Place, inv: Shell, prefix: str) -> None:
    """`db.reset` deletes and sets up again; nothing of the items stays."""
    inv.json("db.setup")
    client = place.engine.client()
    client.put_item(TableName=f"{prefix}Users", Item={"userId": {"S": "u"}})

    data = inv.json("db.reset")

    assert (len(data["tablesDeleted"]), len(data["tablesCreated"])) == (6, 6)
    assert client.scan(TableName=f"{prefix}Users")["Count"] == 0


def test_delete_takes_one_table_or_all(place: Place, inv: Shell, prefix: str) -> None:
    """`--table` takes the model's name and the full one; without it, all go."""
    inv.json("db.setup")

    one = inv.json("db.delete", "--table", "Users")["tablesDeleted"]
    other = inv.json("db.delete", "--table", f"{prefix}Teams")["tablesDeleted"]
    rest = inv.json("db.delete")["tablesDeleted"]

    assert (one, other, len(rest)) == ([f"{prefix}Users"], [f"{prefix}Teams"], 4)
    assert place.tables(prefix) == {}


def test_delete_of_an_unknown_table_lists_the_known(place: Place, inv: Shell, prefix: str) -> None:
    """A table that is none of the model's is not deleted."""
    given.put_table(place.engine, f"{prefix}Other")

    run = inv("db.delete", "--table", "Other", "--json")

    error = run.document["error"]
    assert (run.code, error["code"]) == (1, "INVALID_CONFIGURATION")
    assert f"{prefix}Users" in error["message"]
    assert list(place.tables(prefix)) == [f"{prefix}Other"]


def test_list_shows_what_is_there(place: Place, inv: Shell, prefix: str) -> None:
    """`db.list` shows each table with its state, a missing one as missing, others beside."""
    inv.json("db.setup")
    inv.json("db.delete", "--table", "Teams")
    given.put_table(place.engine, f"{prefix}Other")

    run = inv("db.list")

    rows = {line.split()[0]: line for line in run.out.splitlines() if line.startswith(prefix)}
    assert (run.code, len(rows)) == (0, 7)
    assert "ACTIVE" in rows[f"{prefix}Users"]
    assert "isActive-index (ACTIVE)" in rows[f"{prefix}ConfigVersions"]
    assert "missing" in rows[f"{prefix}Teams"]
    assert "not in the model" in rows[f"{prefix}Other"]


@pytest.mark.parametrize(
    "words",
    [("db.setup", "--dry-run"), ("--dry", "db.setup"), ("db.setup", "--dry")],
    ids=" ".join,
)
def test_a_dry_setup_creates_nothing(
    place: Place, inv: Shell, prefix: str, words: tuple[str, ...]
) -> None:
    """The plan names every table, and none is created."""
    run = inv(*words)

    assert (run.code, place.tables(prefix)) == (0, {})
    for table in TABLES:
        assert f"{prefix}{table.name}" in run.out
    assert "nothing was changed" in run.out


@pytest.mark.parametrize(
    "words",
    [
        ("--dry", "db.reset"),
        ("db.reset", "--dry"),
        ("db.reset", "--dry-run"),
        ("--dry", "db.delete"),
        ("db.delete", "--dry-run", "--table", "Users"),
    ],
    ids=" ".join,
)
def test_a_dry_run_deletes_nothing(place: Place, words: tuple[str, ...]) -> None:
    """What would be deleted is shown, and stays: the very same tables."""
    before = place.tables("osem-local-")

    run = place.inv(*words)

    assert (run.code, len(before), place.tables("osem-local-")) == (0, 6, before)
    assert NAMES[0] in run.out
    assert "nothing was changed" in run.out


def test_drift_is_named_and_nothing_is_created(place: Place, inv: Shell, prefix: str) -> None:
    """A table that differs stops the setup before the first creation; verify names it too."""
    given.put_table(place.engine, f"{prefix}Teams")

    setup, verify = inv("db.setup", "--json"), inv("db.verify", "--json")

    assert (setup.code, list(place.tables(prefix))) == (1, [f"{prefix}Teams"])
    assert setup.document["error"]["code"] == "SCHEMA_VALIDATION_FAILED"
    assert f"{prefix}Teams" in setup.document["error"]["message"]
    issues = {each["tableName"]: each["issues"] for each in verify.document["data"]["checks"]}
    assert (verify.code, len(issues)) == (1, 6)
    assert "WRONG_PARTITION_KEY" in [each["type"] for each in issues[f"{prefix}Teams"]]
    assert [each["type"] for each in issues[f"{prefix}Users"]] == ["TABLE_NOT_FOUND"]


def test_two_setups_at_once_both_succeed(place: Place, inv: Shell, prefix: str) -> None:
    """Two `db.setup` at the same time: two successes, six tables."""
    both = [inv.start("db.setup", "--json") for _ in range(2)]
    runs = [finished(each) for each in both]

    assert [each.code for each in runs] == [0, 0], [each.err for each in runs]
    assert len(place.tables(prefix)) == 6
    created = [len(each.document["data"]["tablesCreated"]) for each in runs]
    assert sum(created) == 6


def test_a_reader_that_goes_away_is_no_error(inv: Shell) -> None:
    """`inv db.list | head -1` ends without a traceback, also when nobody reads at all."""
    head = inv.sh("inv db.list | head -n 1")
    nobody = inv.sh("{ inv db.list; echo $? >&2; } | true")

    assert (head.code, len(head.out.splitlines())) == (0, 1)
    for each in (head, nobody):
        assert "BrokenPipe" not in each.err
        assert "Traceback" not in each.err
    assert nobody.err.splitlines()[-1] == "0"


OTHER_WORK = {
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), DEAD),
    **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), DEAD),
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "half-a-pair",
    "AWS_SESSION_TOKEN": "t",
    "AWS_CA_BUNDLE": "/no/such/file",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "NODE_ENV": "something-of-their-own",
}


@pytest.mark.parametrize(
    "variables", [OTHER_WORK, {"AWS_PROFILE": "no-such-profile"}], ids=["many", "profile"]
)
def test_a_developers_variables_do_not_disturb(inv: Shell, variables: dict[str, str]) -> None:
    """Proxies, profiles, keys and regions of other work do no harm to local work."""
    run = inv(*JOB, **variables)

    assert (run.code, "6 of 6 tables match" in run.out) == (0, True), run.err


@pytest.fixture
def nobody(tmp_path: Path) -> Iterator[Shell]:
    """`inv` where no engine was ever started, and none is wanted."""
    shell = Shell(given.new_name(), tmp_path / "deep" / "state", {"DOCKER_HOST": NOWHERE})
    yield shell
    shell.clear()


def test_nothing_answers_is_told(nobody: Shell) -> None:
    """At an endpoint where nothing answers: ENGINE_NOT_RUNNING and `inv local.up`."""
    endpoint = f"http://127.0.0.1:{given.free_port()}"

    for task in ("db.setup", "db.verify", "db.list", "db.reset", "db.delete"):
        run = nobody(task, "--endpoint", endpoint, "--json")

        error = run.document["error"]
        assert (run.code, error["code"]) == (1, "ENGINE_NOT_RUNNING"), task
        assert endpoint in error["message"]
        assert "inv local.up" in error["remediation"]


def test_an_engine_that_was_killed_is_told(nobody: Shell) -> None:
    """A recorded engine that answers no more: ENGINE_NOT_RUNNING, mended by `inv local.up`."""
    nobody.json("local.up")
    nobody.clear()

    before, after = nobody("db.setup"), nobody("local.up", "db.setup")

    assert (before.code, "ENGINE_NOT_RUNNING" in before.err, after.code) == (1, True, 0)
    assert "inv local.up" in before.err


@pytest.mark.parametrize("option", [True, False], ids=["option", "variable"])
def test_an_unknown_environment_lists_the_known(nobody: Shell, option: bool) -> None:
    """An unknown environment is an error that lists the known ones."""
    run = nobody("db.list", "--env", "nope") if option else nobody("db.list", OSEM_ENV="nope")

    assert (run.code, "INVALID_CONFIGURATION" in run.err) == (1, True)
    assert "local, test, dev, staging, prod" in run.err


@pytest.mark.parametrize("environment", ["test", "prod"])
def test_an_explicit_loopback_endpoint_makes_any_environment_local(
    place: Place, inv: Shell, prefix: str, environment: str
) -> None:
    """`--env prod --endpoint http://127.0.0.1:...` is harmless and needs no credentials."""
    run = inv("db.setup", "--env", environment, "--endpoint", place.engine.endpoint, "--json")

    assert (run.code, run.document["environment"]) == (0, environment), run.err
    assert len(place.tables(prefix)) == 6


@pytest.mark.parametrize(
    "words, variables",
    [
        (("local.up", "--port", "x"), {}),
        (("local.up", "--port", "70000"), {}),
        (("local.up", "--port", "-1"), {}),
        (("local.up", "--timeout", "x"), {}),
        (("local.up", "--timeout", "0"), {}),
        (("local.up", "--engine", "podman"), {}),
        (("local.up", "--name", "../x"), {}),
        (("local.down", "--name", "a b"), {}),
        (("local.status", "--name", "a/b"), {}),
        (("local.logs", "--lines", "x"), {}),
        (("local.up",), {"OSEM_LOCAL_PORT": "x"}),
        (("local.up",), {"OSEM_LOCAL_ENGINE": "podman"}),
        (("local.status",), {"OSEM_LOCAL_NAME": "../x"}),
        (("db.setup", "--timeout", "x"), {}),
        (("db.setup", "--timeout", "0"), {}),
        (("db.setup", "--endpoint", "nonsense"), {}),
        (("db.setup", "--endpoint", "http://127.0.0.1:99999"), {}),
        (("db.setup", "--endpoint", "http://"), {}),
        (("db.setup",), {"AWS_ENDPOINT_URL": "nonsense"}),
        (("db.setup",), {"AWS_ENDPOINT_URL": "https://dynamodb.us-east-1.amazonaws.com"}),
        (("db.setup", "--endpoint", "https://dynamodb.eu-west-1.api.aws"), {}),
        (("db.setup",), {"OSEM_DB_PREFIX": "a/b"}),
        (("db.setup", "--region", "no such region"), {}),
    ],
)
def test_a_wrong_value_is_told_without_a_traceback(
    nobody: Shell, words: tuple[str, ...], variables: dict[str, str]
) -> None:
    """A value that cannot be used, or leads to AWS: exit code 1 and what is wrong with it."""
    run = nobody(*words, "--json", **variables)

    error = run.document["error"] or {}
    assert (run.code, error.get("code")) == (1, "INVALID_CONFIGURATION"), run.out
    assert [*words, *variables.values()][-1] in error["message"]
    assert "Traceback" not in run.err
    assert list(nobody.state.parent.glob("*/*")) == []


def test_an_unknown_option_is_told_without_a_traceback(nobody: Shell) -> None:
    """Bad usage ends with exit code 1 and Invoke's own words."""
    run = nobody("db.setup", "--no-such-option")

    assert (run.code, "Traceback" in run.err, "no-such-option" in run.err) == (1, False, True)


def test_it_works_from_a_directory_below(place: Place, inv: Shell) -> None:
    """Invoke finds `tasks.py` in a parent directory; so does the suite its engine."""
    run = inv.sh("cd tests && inv db.list --json")

    assert (run.code, run.document["endpoint"]) == (0, place.engine.endpoint)
