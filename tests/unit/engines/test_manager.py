"""The manager: which kind is chosen and why, and whose work a command may touch."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from osem_tasks.engines import manager, presence, records
from osem_tasks.engines.base import EngineRecord, EngineRequest
from osem_tasks.errors import ErrorCode, OsemError
from tests.support.fake_engines import fake_dynamodb, refusal

if TYPE_CHECKING:
    from osem_tasks.engines.base import UpResult
    from tests.support.fake_engines import Script

NOTHING = "http://127.0.0.1:9"


def request(engine: str = "auto", **facts: Any) -> EngineRequest:
    """A request of engine `mine`."""
    defaults: dict[str, Any] = {
        "name": "mine",
        "default_port": 0,
        "default_image": "",
        "timeout": 5,
    }
    return EngineRequest(engine=engine, **{**defaults, **facts})


def record(engine: str, endpoint: str = NOTHING, **facts: Any) -> EngineRecord:
    """The saved record of engine `mine`."""
    facts = {"name": "mine", "started_at": "yesterday", "used_at": 0.0, **facts}
    return records.save(EngineRecord(engine=engine, endpoint=endpoint, **facts))


def this_process(*, alive: bool = True) -> dict[str, Any]:
    """This very process as a record has it; or an earlier one of the same pid."""
    started = psutil.Process().create_time()
    return {"pid": os.getpid(), "process_started": started if alive else started - 3600}


def bring_up(wanted: EngineRequest) -> UpResult:
    """Bring the engine up without narration."""
    return manager.bring_up(wanted, lambda _: None)


Scripts = tuple["Script", "Script"]
IMAGE_GONE = ErrorCode.IMAGE_NOT_FOUND


def test_auto_takes_the_first_row_that_works(scripts: Scripts) -> None:
    """The reason is why the chosen one works, or why those before it do not."""
    first = manager.choose(request())
    scripts[0].refusal = refusal("hardware")
    second = manager.choose(request())

    assert (first.engine.kind, first.reason) == ("lasting", "lasting is here")
    assert (second.engine.kind, second.reason) == ("fleeting", "No hardware.")


@pytest.mark.usefixtures("scripts")
def test_a_named_kind_needs_no_reason() -> None:
    """The user has named it."""
    chosen = manager.choose(request("fleeting"))

    assert (chosen.engine.kind, chosen.reason) == ("fleeting", "")


def test_a_named_kind_is_never_replaced(scripts: Scripts) -> None:
    """Its refusal is the error; the remedy offers the other kinds as commands."""
    scripts[0].refusal = refusal("hardware")
    with pytest.raises(OsemError, match="No hardware") as caught:
        bring_up(request("lasting"))

    other = "inv local.up --name mine --engine fleeting"
    assert caught.value.remediation == f"install hardware   or use another engine: {other}"
    assert scripts[1].calls == []


def test_where_nothing_works_every_reason_is_given(scripts: Scripts) -> None:
    """The messages and the remedies of all kinds, with the code of the first."""
    scripts[0].refusal, scripts[1].refusal = refusal("hardware"), refusal("software")
    with pytest.raises(OsemError) as caught:
        bring_up(request())

    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE
    assert caught.value.message == "No hardware. No software."
    assert caught.value.remediation == "install hardware   or: install software"


@pytest.mark.parametrize("fresh", [False, True])
def test_auto_stays_with_a_process_that_runs(scripts: Scripts, fresh: bool) -> None:
    """A running process engine is not left for another kind, unless --fresh replaces it."""
    record("fleeting", **this_process())

    chosen = manager.choose(request(fresh=fresh))

    expected = ("lasting", "lasting is here")
    if not fresh:
        expected = ("fleeting", "it has been running since yesterday")
    assert (chosen.engine.kind, chosen.reason) == expected
    assert scripts[0].calls == []


def test_auto_falls_back_where_the_image_is_missing(scripts: Scripts) -> None:
    """Another kind is taken, marked as a fallback, with the failure as the reason."""
    scripts[0].failure = refusal("image", IMAGE_GONE)

    result = bring_up(request())

    assert (result.record.engine, result.fallback, result.reason) == ("fleeting", True, "No image.")


@pytest.mark.parametrize(
    "wanted, code",
    [
        pytest.param(request("lasting"), IMAGE_GONE, id="kind-named"),
        pytest.param(request(image="mine:1"), IMAGE_GONE, id="image-named"),
        pytest.param(request(), ErrorCode.PORT_IN_USE, id="another-failure"),
    ],
)
def test_no_other_failure_falls_back(
    scripts: Scripts, wanted: EngineRequest, code: ErrorCode
) -> None:
    """A kind or an image that was named is used, or the error is reported."""
    scripts[0].failure = refusal("chance", code)
    with pytest.raises(OsemError) as caught:
        bring_up(wanted)

    assert (caught.value.code, scripts[1].calls) == (code, [])
    offered = "inv local.up --name mine --engine fleeting" in caught.value.remediation
    assert offered is (code is IMAGE_GONE)


def test_a_fallback_that_cannot_run_adds_its_reason(scripts: Scripts) -> None:
    """The code stays that of the missing image."""
    scripts[0].failure = refusal("image", IMAGE_GONE)
    scripts[1].refusal = refusal("software")
    with pytest.raises(OsemError) as caught:
        bring_up(request())

    assert (caught.value.code, caught.value.message) == (IMAGE_GONE, "No image. No software.")


@pytest.mark.parametrize("fresh", [False, True])
def test_persist_needs_a_kind_that_keeps_data(scripts: Scripts, fresh: bool) -> None:
    """It is refused before anything is stopped or started."""
    with fake_dynamodb() as endpoint:
        record("lasting", endpoint)
        with pytest.raises(OsemError, match="keeps its data in memory only") as caught:
            bring_up(request("fleeting", persist=True, fresh=fresh))

    assert "inv local.up --name mine --engine lasting --persist" in caught.value.remediation
    assert (scripts[0].calls, scripts[1].calls) == ([], [])


def test_another_kind_that_runs_under_the_name_is_kept(scripts: Scripts) -> None:
    """It is named, with the commands that replace it."""
    with fake_dynamodb() as endpoint:
        record("lasting", endpoint)
        with pytest.raises(OsemError, match="already running as lasting") as caught:
            bring_up(request("fleeting"))

    down = "inv local.down --name mine"
    assert caught.value.remediation == f"{down} && inv local.up --name mine --engine fleeting"
    assert (scripts[0].calls, scripts[1].calls) == ([], [])


def test_another_kind_that_runs_tells_why_the_preferred_one_is_away(scripts: Scripts) -> None:
    """The engine of the name runs, and Docker cannot be asked for it now: both are said."""
    bring_up(request("lasting"))
    scripts[0].refusal = refusal("hardware")
    with pytest.raises(OsemError) as caught:
        bring_up(request())

    assert "already running as lasting" in caught.value.message
    assert caught.value.message.endswith(" No hardware.")
    assert caught.value.remediation.startswith("install hardware   or: inv local.down")


def test_a_process_of_another_kind_that_hangs_is_not_lost(scripts: Scripts) -> None:
    """It lives and does not answer: without --fresh it is kept, with --fresh it is stopped."""
    record("fleeting", **this_process())
    with pytest.raises(OsemError, match="already running as fleeting"):
        bring_up(request("lasting"))
    kept = list(scripts[1].calls)

    bring_up(request("lasting", fresh=True))

    assert (kept, scripts[1].calls, scripts[0].calls) == ([], ["down"], ["up"])


def test_a_stale_record_of_another_kind_is_ignored(scripts: Scripts) -> None:
    """A record of an engine that does not answer does not stop a new one."""
    record("lasting", NOTHING)

    result = bring_up(request("fleeting"))

    assert (result.record.engine, scripts[0].calls) == ("fleeting", [])


DOWN, WITH_DATA = ["down"], ["down with data"]


@pytest.mark.parametrize(
    "recorded, drop_data, lasting_works, asked",
    [
        pytest.param("fleeting", False, True, ([], DOWN), id="the-recorded-only"),
        pytest.param("fleeting", True, True, (WITH_DATA, WITH_DATA), id="and-what-may-keep-data"),
        pytest.param("lasting", True, True, (WITH_DATA, []), id="no-other-keeps-data"),
        pytest.param("lasting", False, False, (DOWN, []), id="the-recorded-though-it-refuses"),
        pytest.param(None, False, True, (DOWN, DOWN), id="without-a-record-all"),
        pytest.param(None, False, False, ([], DOWN), id="that-can-run"),
        pytest.param(None, True, False, (WITH_DATA, WITH_DATA), id="or-may-keep-data"),
    ],
)
def test_which_kinds_are_asked_to_stop(
    scripts: Scripts,
    recorded: str | None,
    drop_data: bool,
    lasting_works: bool,
    asked: tuple[list[str], list[str]],
) -> None:
    """The recorded kind; with --volumes what may keep data; without a record what can run."""
    if recorded:
        record(recorded)
    scripts[0].refusal = None if lasting_works else refusal("hardware")

    manager.take_down("mine", drop_data=drop_data)

    assert (scripts[0].calls, scripts[1].calls) == asked


def test_abandoned_engines_are_removed(scripts: Scripts) -> None:
    """An engine whose owner has ended is stopped; one with an owner, or without any, is not."""
    owner = this_process()
    alive = {"owner_pid": owner["pid"], "owner_started": owner["process_started"]}
    record("lasting", name="owned", **alive)
    record("lasting", name="free")
    record("lasting", name="left", **{**alive, "owner_started": alive["owner_started"] - 3600})

    manager.remove_abandoned()

    assert sorted(found.name for found in records.load_all()) == ["free", "owned"]
    assert scripts[0].calls == ["down"]


@pytest.mark.usefixtures("scripts")
@pytest.mark.parametrize(
    "engine, server, facts, expected",
    [
        pytest.param("lasting", "Jetty", {}, True, id="its-own"),
        pytest.param("lasting", "Werkzeug/3", {}, False, id="another-emulator"),
        pytest.param("fleeting", "Werkzeug/3", this_process(), True, id="its-process-lives"),
        pytest.param(
            "fleeting", "Werkzeug/3", this_process(alive=False), False, id="its-process-is-gone"
        ),
    ],
)
def test_what_answers_must_be_the_engine(
    engine: str, server: str, facts: dict[str, Any], expected: bool
) -> None:
    """An answer counts from the emulator of that kind, and only while its process lives."""
    with fake_dynamodb(server) as endpoint:
        found = record(engine, endpoint, **facts)

        assert presence.is_answering(found) is expected


@pytest.mark.usefixtures("scripts")
def test_nothing_answers_where_nothing_listens() -> None:
    """A record alone proves nothing."""
    assert not presence.is_answering(record("lasting", NOTHING))


def test_an_ended_child_is_no_running_engine(scripts: Scripts) -> None:
    """A process that has ended and was not waited for is a zombie, and counts as ended."""
    with subprocess.Popen(["sleep", "600"]) as child:
        started = psutil.Process(child.pid).create_time()
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        record("fleeting", pid=child.pid, process_started=started)

        chosen = manager.choose(request())

    assert (chosen.engine.kind, scripts[1].calls) == ("lasting", [])


def test_the_result_has_the_reason_of_the_choice(scripts: Scripts) -> None:
    """`auto` says why; a named kind does not have to."""
    scripts[0].refusal = refusal("hardware")
    by_auto = bring_up(request())
    by_name = bring_up(request("fleeting"))

    assert (by_auto.reason, by_auto.how) == ("No hardware.", "started")
    assert replace(by_name, record=by_auto.record) == replace(by_auto, how="reused", reason="")


@pytest.mark.parametrize(
    "ended, calls",
    [
        pytest.param("Its container ended.", ["down"], id="ended"),
        pytest.param("", [], id="gone-or-paused"),
        pytest.param(refusal("daemon"), [], id="cannot-be-asked"),
    ],
)
def test_what_ended_is_removed_before_another_kind_hides_it(
    scripts: Scripts, ended: str | OsemError, calls: list[str]
) -> None:
    """The container of a kind that ended has no record any more once another kind runs."""
    record("lasting")
    scripts[0].ended = ended

    result = bring_up(request("fleeting"))

    assert (result.record.engine, scripts[0].calls) == ("fleeting", calls)


def test_fresh_stops_another_kind_only_when_the_new_one_can_start(scripts: Scripts) -> None:
    """A port that somebody else holds is found out before anything is stopped."""
    with fake_dynamodb() as endpoint, fake_dynamodb() as stranger:
        record("lasting", endpoint)
        port = int(stranger.rpartition(":")[2])
        with pytest.raises(OsemError) as caught:
            bring_up(request("fleeting", fresh=True, port=port))

    assert caught.value.code is ErrorCode.PORT_IN_USE
    assert (scripts[0].calls, scripts[1].calls) == ([], [])
