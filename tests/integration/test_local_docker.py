"""``local.*`` on a real Docker engine: reused, repaired, refused, and nothing left behind."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from docker.errors import APIError

from osem_tasks.engines.docker.container import LABEL, volume_of
from tests.integration import fixtures_local as given
from tests.integration.fixtures_local import Docker, Shell, eventually, finished, wait_for_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from docker.models.containers import Container

pytestmark = [pytest.mark.integration, pytest.mark.docker]

SIGNALS = [signal.SIGINT, signal.SIGTERM]
# Nothing listens at the discard port, so a pull fails at once.
NO_REGISTRY = "127.0.0.1:9/osem/nothing:1"
# What the paused JVM writes first.
WORDS = "JAVA_TOOL_OPTIONS"


@dataclass(frozen=True)
class Bench:
    """One engine name of the test's own: `inv` with it, and Docker's view of it."""

    inv: Shell
    docker: Docker

    @property
    def name(self) -> str:
        """The engine's name."""
        return self.inv.name

    @property
    def container(self) -> Container:
        """The engine's one container."""
        return self.docker.one(self.name)

    @property
    def left(self) -> list[str]:
        """What exists of the engine on Docker."""
        return self.docker.left(self.name)

    @property
    def tables(self) -> list[str]:
        """The tables on the recorded engine."""
        return given.table_names(self.inv.engine())


@pytest.fixture(scope="module")
def docker() -> Iterator[Docker]:
    """The real Docker engine."""
    with given.connected() as engine:
        yield engine


def _bench(docker: Docker, state: Path) -> Iterator[Bench]:
    bench = Bench(Shell(given.new_name(), state), docker)
    yield bench
    bench.inv.clear()
    docker.clear(bench.name)


@pytest.fixture
def bench(docker: Docker, tmp_path: Path) -> Iterator[Bench]:
    """An engine name of which nothing exists yet."""
    yield from _bench(docker, tmp_path / "state")


@pytest.fixture(scope="module")
def running(docker: Docker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A running engine, for tests that leave it as it is."""
    for bench in _bench(docker, tmp_path_factory.mktemp("running") / "state"):
        bench.inv.json("local.up")
        yield bench


@pytest.fixture(scope="module")
def mute_image(docker: Docker) -> Iterator[str]:
    """An image whose JVM says a word and then pauses for good."""
    pause = "-XX:+UnlockDiagnosticVMOptions -XX:+PauseAtStartup -XX:PauseAtStartupFile=/tmp/p"
    yield from _image(docker, pause)


@pytest.fixture(scope="module")
def broken_image(docker: Docker) -> Iterator[str]:
    """An image whose JVM says a word and ends."""
    yield from _image(docker, "-XX:+NoSuchOption")


def _image(docker: Docker, options: str) -> Iterator[str]:
    tag = f"{given.new_name()}:1"
    # The image has no shell: what its JVM does is told by a variable.
    recipe = f'FROM {given.IMAGE}\nENV JAVA_TOOL_OPTIONS="{options}"\n'
    docker.client.images.build(fileobj=io.BytesIO(recipe.encode()), tag=tag, rm=True)
    yield tag
    docker.client.images.remove(tag, force=True)


def test_a_first_up_starts_and_a_second_reuses(bench: Bench) -> None:
    """The second `local.up` finds the very container of the first."""
    first, second = bench.inv.json("local.up"), bench.inv.json("local.up")

    results = [(up["how"], up["container"], up["endpoint"]) for up in (first, second)]
    assert results == [
        ("started", bench.container.short_id, first["endpoint"]),
        ("reused", bench.container.short_id, first["endpoint"]),
    ]


def test_it_is_found_by_label_without_any_state(bench: Bench) -> None:
    """An engine whose record was lost is found again and known again."""
    first = bench.inv.json("local.up")
    shutil.rmtree(bench.inv.state)

    second = bench.inv.json("local.up")

    assert (second["how"], second["container"]) == ("reused", first["container"])
    assert bench.inv.json("local.status")["running"] is True


@pytest.mark.parametrize(
    "harm",
    [
        lambda container: container.stop(timeout=5),
        lambda container: container.kill(),
        lambda container: container.remove(force=True),
    ],
    ids=["stopped", "killed", "removed"],
)
def test_an_engine_that_ended_is_started_again(
    bench: Bench, harm: Callable[[Container], None]
) -> None:
    """`local.status` sees that it does not respond, `local.up` starts it again."""
    bench.inv.json("local.up")
    harm(bench.container)

    before = bench.inv.json("local.status")["running"]
    how = bench.inv.json("local.up")["how"]

    assert (before, how, bench.container.status) == (False, "started", "running")
    assert bench.tables == []


def test_a_paused_engine_is_resumed_with_its_data(bench: Bench) -> None:
    """A paused container goes on where it was."""
    first = bench.inv.json("local.up")
    given.put_table(bench.inv.engine())
    eventually(lambda: _paused(bench.container), "the container is paused")

    second = bench.inv.json("local.up")

    assert (second["container"], bench.tables) == (first["container"], ["Mine"])


def test_a_half_created_container_is_replaced(bench: Bench) -> None:
    """A container that was created and never started does not stand in the way."""
    bench.docker.client.containers.create(given.IMAGE, name=bench.name, labels={LABEL: bench.name})

    bench.inv.json("local.up")

    assert (bench.container.status, bench.tables) == ("running", [])


def test_only_fresh_empties(bench: Bench) -> None:
    """A table stays over `local.up`, and is gone after `local.up --fresh`."""
    bench.inv.json("local.up")
    given.put_table(bench.inv.engine())
    bench.inv.json("local.up")
    kept = bench.tables

    bench.inv.json("local.up", "--fresh")

    assert (kept, bench.tables) == (["Mine"], [])


def test_persist_keeps_data_until_volumes_are_removed(bench: Bench) -> None:
    """Data outlives a stop and `local.down`, but not `local.down --volumes`."""
    bench.inv.json("local.up", "--persist")
    given.put_table(bench.inv.engine())
    bench.container.stop(timeout=5)
    bench.inv.json("local.up")
    after_stop = bench.tables
    bench.inv.json("local.down")
    between = bench.left
    bench.inv.json("local.up", "--persist")
    after_down = bench.tables

    bench.inv.json("local.down", "--volumes")

    assert (after_stop, between, after_down) == (["Mine"], ["volume"], ["Mine"])
    assert bench.left == []


def test_fresh_empties_a_kept_volume(bench: Bench) -> None:
    """`--fresh --persist` starts empty, whether the engine runs or only its volume is left."""
    bench.inv.json("local.up", "--persist")
    given.put_table(bench.inv.engine())
    bench.inv.json("local.up", "--fresh", "--persist")
    running = bench.tables
    given.put_table(bench.inv.engine())
    bench.inv.json("local.down")

    bench.inv.json("local.up", "--fresh", "--persist")

    assert (running, bench.tables, bench.docker.has_volume(bench.name)) == ([], [], True)


def test_the_remark_on_kept_data_leads_to_it(bench: Bench) -> None:
    """After a `local.up` without --persist, the command of the remark brings the data back."""
    bench.inv.json("local.up", "--persist")
    given.put_table(bench.inv.engine())
    bench.inv.json("local.down")
    without = bench.inv("local.up")
    between = bench.tables

    run = bench.inv.sh(without.err.rpartition("To use it: ")[2])

    assert (between, run.code, bench.tables) == ([], 0, ["Mine"]), run.err


def test_volumes_are_removed_when_the_container_is_gone_already(bench: Bench) -> None:
    """`local.down` and, later, `local.down --volumes` leave nothing."""
    bench.inv.json("local.up", "--persist")
    bench.inv.json("local.down")

    removed = bench.inv.json("local.down", "--volumes")["removed"]

    assert (removed, bench.left) == ([f"volume {volume_of(bench.name)}"], [])


def test_a_foreign_container_of_that_name_is_refused_and_untouched(bench: Bench) -> None:
    """No `local.*` task touches a container that it did not start."""
    foreign = bench.docker.client.containers.create(given.IMAGE, name=bench.name)
    foreign.start()
    foreign.reload()
    begun = foreign.attrs["State"]["StartedAt"]

    runs = [bench.inv("local.up", *more) for more in ((), ("--fresh",))]
    down = bench.inv("local.down", "--volumes")

    foreign.reload()
    assert [run.code for run in runs] == [1, 1]
    for run in runs:
        assert f"'{bench.name}' already exists and was not created by osem_tasks" in run.err
        assert f"inv local.up --name {bench.name}-2" in run.err
    assert (down.code, "nothing to stop" in down.out) == (0, True)
    assert (foreign.status, foreign.attrs["State"]["StartedAt"]) == ("running", begun)


def test_a_foreign_volume_is_untouched(bench: Bench) -> None:
    """`local.down --volumes` removes no volume that `local.up` did not make."""
    bench.docker.client.volumes.create(volume_of(bench.name))

    bench.inv("local.down", "--volumes")

    assert bench.docker.has_volume(bench.name)


def test_down_leaves_every_other_engine(bench: Bench, running: Bench) -> None:
    """`local.down` ends the engine of its own name and no other."""
    bench.inv.json("local.up")
    before = running.container.id

    bench.inv.json("local.down")

    assert (bench.left, running.container.id) == ([], before)
    assert running.inv.json("local.status")["running"] is True


def test_a_port_taken_by_a_process_is_named(bench: Bench) -> None:
    """The message names pid and program of the port's owner; nothing half-made is left."""
    with given.listening() as port:
        run = bench.inv("local.up", "--port", str(port), "--persist")

    assert (run.code, bench.left) == (1, [])
    assert f"PORT_IN_USE: Port {port} " in run.err
    assert f"process {os.getpid()} ({psutil.Process().name()})" in run.err
    assert f"inv local.up --name {bench.name} --port 0 --persist" in run.err
    assert not bench.inv.record_path.exists()


def test_a_port_taken_by_a_container_is_named(bench: Bench, running: Bench) -> None:
    """The message names the container that publishes the port."""
    port = running.inv.engine().endpoint.rpartition(":")[2]

    run = bench.inv("local.up", "--port", port, "--json")

    assert (run.code, run.document["error"]["code"], bench.left) == (1, "PORT_IN_USE", [])
    assert f"container '{running.name}'" in run.document["error"]["message"]


def test_a_missing_image_of_the_named_engine_is_an_error(bench: Bench) -> None:
    """With `--engine docker` there is no fallback: IMAGE_NOT_FOUND and what to type."""
    run = bench.inv("local.up", "--engine", "docker", "--image", NO_REGISTRY, "--json")

    error = run.document["error"]
    assert (run.code, error["code"], bench.left) == (1, "IMAGE_NOT_FOUND", [])
    assert NO_REGISTRY in error["message"]
    assert re.search(r"(docker|podman --url \S+) pull", error["remediation"])
    assert f"inv local.up --name {bench.name} --engine moto" in error["remediation"]


def test_a_missing_image_lets_auto_take_moto_and_say_why(bench: Bench) -> None:
    """`auto` takes an engine that works, and gives the reason."""
    run = bench.inv("local.up", OSEM_LOCAL_IMAGE=NO_REGISTRY)

    assert (run.code, bench.inv.record()["engine"], bench.left) == (0, "moto", []), run.err
    assert f"Engine: moto, because image {NO_REGISTRY} is not on this machine" in run.err


def test_an_image_that_was_asked_for_is_never_replaced_by_moto(bench: Bench) -> None:
    """To name an image is to name Docker."""
    run = bench.inv("local.up", "--image", NO_REGISTRY)

    assert (run.code, "IMAGE_NOT_FOUND" in run.err, bench.left) == (1, True, [])


def test_it_is_published_on_loopback_only(running: Bench) -> None:
    """DynamoDB Local has no authentication: no other machine may reach it."""
    ports: dict[str, Any] = running.container.attrs["NetworkSettings"]["Ports"]

    hosts = {binding["HostIp"] for bindings in ports.values() for binding in bindings or []}

    assert hosts == {"127.0.0.1"}


@pytest.mark.parametrize(
    "options",
    [("--port", "1"), ("--image", "osem/other:1"), ("--persist",)],
    ids=["port", "image", "persist"],
)
def test_a_running_engine_that_differs_is_refused(running: Bench, options: tuple[str, ...]) -> None:
    """An engine that runs with other settings is kept, and the remedy is named."""
    before = running.container.id

    run = running.inv("local.up", *options)

    assert (run.code, running.container.id) == (1, before)
    assert f"is already running with other settings: {options[0][2:]}" in run.err
    down, up = f"inv local.down --name {running.name}", f"inv local.up --name {running.name}"
    assert f"{down} && {up} {' '.join(options)}   replaces it" in run.err


def test_the_remedy_for_an_engine_that_differs_replaces_it(running: Bench, bench: Bench) -> None:
    """Typed in a shell, it gives the engine that was requested, and leaves others alone."""
    bench.inv.json("local.up")
    refused = bench.inv("local.up", "--isolated")
    commands = refused.err.rpartition("→ ")[2].partition("   ")[0]

    run = bench.inv.sh(commands)

    assert (refused.code, run.code, bench.inv.record()["shared"]) == (1, 0, False), run.err
    assert running.inv.json("local.status")["running"] is True


def test_the_remedy_for_the_taken_port_of_a_stopped_engine_works(bench: Bench) -> None:
    """Its old port is taken meanwhile: the remedy starts it on another one."""
    with given.listening() as port:
        pass
    bench.inv.json("local.up", "--port", str(port))
    bench.container.stop(timeout=5)
    with given.listening(port):
        refused = bench.inv("local.up")
        command = refused.err.rpartition("Use any free port: ")[2].partition("   ")[0]
        run = bench.inv.sh(command)

    assert (refused.code, "PORT_IN_USE" in refused.err, run.code) == (1, True, 0), run.err
    assert bench.tables == []


@pytest.mark.parametrize("shared", [True, False], ids=["one-state", "two-states"])
def test_two_at_once_end_with_one_container(bench: Bench, tmp_path: Path, shared: bool) -> None:
    """Two `local.up` at the same time: one container, two successes, one endpoint."""
    states = [str(bench.inv.state), str(bench.inv.state if shared else tmp_path / "other")]

    both = [bench.inv.start("local.up", "--json", OSEM_STATE_DIR=state) for state in states]
    runs = [finished(process) for process in both]

    assert [run.code for run in runs] == [0, 0], [run.err for run in runs]
    assert {run.document["endpoint"] for run in runs} == {bench.inv.engine().endpoint}
    assert (len(bench.left), bench.tables) == (1, [])


@pytest.mark.parametrize("number", SIGNALS)
def test_interrupted_while_it_starts_leaves_nothing(bench: Bench, number: signal.Signals) -> None:
    """A signal the moment the container appears: code 130, nothing left, and it says so."""
    process = bench.inv.start("local.up", "--persist")
    eventually(lambda: bench.docker.containers(bench.name), "the container appears")

    run = given.interrupted(process, number)

    assert (run.code, bench.left) == (130, [])
    assert "INTERRUPTED" in run.err
    assert "Traceback" not in run.err


@pytest.mark.parametrize("number", SIGNALS)
def test_interrupted_while_it_waits_leaves_nothing(
    bench: Bench, number: signal.Signals, mute_image: str
) -> None:
    """A signal while the first answer is awaited: code 130 and nothing left."""
    process = bench.inv.start("local.up", "--persist", "--image", mute_image)
    eventually(lambda: _logged(bench), "the container runs")

    run = given.interrupted(process, number)

    assert (run.code, bench.left, bench.inv.record_path.exists()) == (130, [], False)
    assert "INTERRUPTED" in run.err


def test_impatient_interrupts_cannot_stop_the_clean_up(bench: Bench, mute_image: str) -> None:
    """Ctrl-C again and again until it ends: nothing is left either."""
    process = bench.inv.start("local.up", "--persist", "--image", mute_image)
    eventually(lambda: _logged(bench), "the container runs")

    def ended_by_another_interrupt() -> bool:
        process.send_signal(signal.SIGINT)
        return process.poll() is not None

    eventually(ended_by_another_interrupt, "it ends")

    finished(process)
    eventually(lambda: not bench.left, "nothing is left", timeout=5)


def test_an_interrupted_reuse_keeps_the_engine(bench: Bench) -> None:
    """An engine that was there before is not removed by an interrupt."""
    bench.inv.json("local.up")
    # Frozen, so that the second call waits for an answer until it is interrupted.
    bench.container.kill(signal="STOP")
    process = bench.inv.start("local.up", "--verbose")
    wait_for_line(process, "waiting for an answer")

    run = given.interrupted(process, signal.SIGINT)

    bench.container.kill(signal="CONT")
    assert (run.code, bench.container.status) == (130, "running")


def test_no_answer_in_time_shows_the_log(bench: Bench, mute_image: str) -> None:
    """A container that never answers: its log is shown, nothing is left, more time is advised."""
    run = bench.inv("local.up", "--persist", "--timeout", "1", "--image", mute_image)

    assert (run.code, bench.left) == (1, [])
    assert "TIMEOUT" in run.err
    assert f"  Picked up {WORDS}" in run.err
    assert f"--image {mute_image} --persist --timeout 2   waits longer" in run.err
    assert not bench.inv.record_path.exists()


def test_a_container_that_ends_shows_its_log(bench: Bench, broken_image: str) -> None:
    """A container that ends at once: the end of its log is shown, and nothing of it is left."""
    run = bench.inv("local.up", "--image", broken_image)

    assert (run.code, bench.left) == (1, [])
    assert "ENGINE_UNAVAILABLE" in run.err
    assert "NoSuchOption" in run.err


def test_a_tiny_timeout_is_named_as_it_was_given(bench: Bench) -> None:
    """`--timeout 0.2` ends the wait, and the message gives that number."""
    run = bench.inv("local.up", "--timeout", "0.2")

    assert (run.code, bench.left) == (1, [])
    assert "within 0.2 s" in run.err


def test_status_shows_where_and_since_when(running: Bench) -> None:
    """`local.status` shows endpoint, container and start; its JSON has the same."""
    run, data = running.inv("local.status"), running.inv.json("local.status")

    assert (run.code, data["running"], data["engine"]) == (0, True, "docker")
    assert data["container"] == running.container.short_id
    for text in (data["endpoint"], data["startedAt"], data["name"]):
        assert text in run.out


def test_status_of_nothing_says_what_to_type(bench: Bench) -> None:
    """`local.status` without an engine is a fact, not a failure."""
    run = bench.inv("local.status")

    start = f"inv local.up --name {bench.name}"
    assert (run.code, "not running" in run.out, start in run.out) == (0, True, True)
    assert bench.inv.json("local.status") == {
        "name": bench.name,
        "running": False,
        "others": [],
        "engines": [],
    }


def test_logs_are_the_containers_own(running: Bench) -> None:
    """`local.logs` gives the container's lines, `--lines` limits their number."""
    run = running.inv("local.logs")
    last = running.inv.json("local.logs", "--lines", "1")["lines"]

    assert (run.code, "DynamoDB Local" in run.out) == (0, True)
    assert last == run.out.splitlines()[-1:]


def test_env_lines_work_in_a_real_shell(running: Bench) -> None:
    """`eval "$(inv local.env)"` gives a shell the variables that the AWS CLI reads."""
    run = running.inv.sh('eval "$(inv local.env)"\nenv')

    variables = dict(line.partition("=")[::2] for line in run.out.splitlines())
    expected = running.inv.json("local.env")["variables"]
    assert run.err == ""
    assert {key: variables.get(key) for key in expected} == expected
    assert expected["AWS_ENDPOINT_URL_DYNAMODB"] == running.inv.engine().endpoint


@pytest.mark.parametrize("task", ["local.logs", "local.env"])
def test_logs_and_env_without_an_engine_say_what_to_type(bench: Bench, task: str) -> None:
    """Without an engine: ENGINE_NOT_RUNNING, `inv local.up`, and nothing to eval on stdout."""
    run = bench.inv(task)

    assert (run.code, run.out) == (1, "")
    assert "ENGINE_NOT_RUNNING" in run.err
    assert f"inv local.up --name {bench.name}" in run.err


@pytest.mark.parametrize("task", ["up", "status", "logs", "env"])
def test_each_task_gives_one_document(running: Bench, task: str) -> None:
    """`--json`: one document with the contract's keys, and nothing else on stdout."""
    document = running.inv(f"local.{task}", "--json").document

    keys = "success command environment region endpoint timestamp duration data error"
    assert list(document) == keys.split()
    assert (document["success"], document["command"], document["error"]) == (True, task, None)
    assert document["endpoint"] == running.inv.engine().endpoint


def test_down_gives_one_document(bench: Bench) -> None:
    """`local.down --json` names what was removed; a second time there is nothing."""
    bench.inv.json("local.up")

    removed = [bench.inv.json("local.down")["removed"] for _ in range(2)]

    assert removed == [[f"container {bench.name}"], []]


@pytest.mark.parametrize("words", [("--dry", "local.up"), ("local.up", "--dry")])
def test_a_dry_up_starts_nothing(bench: Bench, words: tuple[str, ...]) -> None:
    """Invoke's `--dry`, before or after the task, starts and records nothing."""
    run = bench.inv(*words)

    assert (run.code, bench.left, bench.inv.record_path.exists()) == (0, [], False)
    assert "nothing was changed" in run.out


@pytest.mark.parametrize(
    "words",
    [
        ("--dry", "local.up", "--fresh"),
        ("--dry", "local.down", "--volumes"),
        ("local.down", "--dry"),
    ],
    ids=" ".join,
)
def test_a_dry_run_keeps_a_running_engine(running: Bench, words: tuple[str, ...]) -> None:
    """With `--dry` a running engine is neither replaced nor removed."""
    before = (running.container.id, running.inv.record())

    run = running.inv(*words)

    assert (run.code, (running.container.id, running.inv.record())) == (0, before)
    assert "nothing was changed" in run.out


def _paused(container: Container) -> bool:
    """Pause it. While all its threads want a processor, runc may give up ("unable to freeze")."""
    with contextlib.suppress(APIError):
        container.pause()
    container.reload()
    return container.status == "paused"


def _logged(bench: Bench) -> bool:
    containers = bench.docker.containers(bench.name)
    return any(WORDS.encode() in container.logs() for container in containers)
