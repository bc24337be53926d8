"""What `auto` says about the kind that it takes: one reason, and one line where it is weak."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.engines import manager, registry
from osem_tasks.engines.base import EngineRequest, NotInstalledError
from osem_tasks.errors import ErrorCode, OsemError
from tests.support.fake_engines import FLEETING, LASTING, refusal
from tests.support.inv import Inv

if TYPE_CHECKING:
    from tests.support.fake_engines import Script

WEAKNESS = "fleeting lets pass much"
LINE = f"ℹ {WEAKNESS}. A stricter engine: install hardware\n"


@pytest.fixture
def lasting(scripts: tuple[Script, Script], monkeypatch: pytest.MonkeyPatch) -> Script:
    """The kind that `auto` prefers to a weak one."""
    monkeypatch.setattr(registry, "KINDS", (LASTING, replace(FLEETING, weakness=WEAKNESS)))
    return scripts[0]


def request(**facts: Any) -> EngineRequest:
    """A request of engine `mine`."""
    return EngineRequest(name="mine", default_port=0, default_image="", timeout=5, **facts)


def not_installed(words: str) -> NotInstalledError:
    """An optional program is not there."""
    return NotInstalledError(
        f"There is no {words}.",
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=f"install {words}",
    )


@pytest.mark.parametrize(
    "words, told",
    [
        pytest.param((), True, id="auto"),
        pytest.param(("--quiet",), False, id="quiet"),
        pytest.param(("--engine", "fleeting"), False, id="named"),
    ],
)
def test_the_weakness_of_what_auto_ends_at_is_one_line(
    lasting: Script,
    words: tuple[str, ...],
    told: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is told at the start, with the remedy of the engine before it; never at a reuse."""
    lasting.refusal = refusal("hardware")
    inv = Inv(capsys, monkeypatch)

    first, second = (inv("local.up", "--name", "mine", *words) for _ in range(2))

    assert (LINE in first.err, WEAKNESS in second.out + second.err) == (told, False)


def test_the_weakness_is_a_field_of_the_document(
    lasting: Script, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Null, where there is none to tell."""
    lasting.refusal = refusal("hardware")
    inv = Inv(capsys, monkeypatch)

    runs = [inv("local.up", "--name", "mine", "--json") for _ in range(2)]

    told = f"{WEAKNESS}. A stricter engine: install hardware"
    assert [run.document["data"]["weakness"] for run in runs] == [told, None]


def test_a_strict_engine_has_no_such_line(lasting: Script) -> None:
    """Nor does one that `auto` prefers."""
    result = manager.bring_up(request(), lambda _: None)

    assert (result.record.engine, result.weakness, lasting.calls) == ("lasting", "", ["up"])


def test_that_something_optional_is_absent_is_no_reason(lasting: Script) -> None:
    """The weakness names it, where there is one."""
    lasting.refusal = not_installed("program")

    result = manager.bring_up(request(), lambda _: None)

    assert result.reason == "fleeting is here"
    assert result.weakness == f"{WEAKNESS}. A stricter engine: install program"


@pytest.mark.parametrize("persists", [True, False])
def test_persist_offers_only_what_keeps_data(
    lasting: Script, persists: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kind that cannot run here and would not keep data either is no remedy."""
    lasting.refusal = refusal("hardware")
    monkeypatch.setattr("tests.support.fake_engines.LastingEngine.persists", persists)
    with pytest.raises(OsemError) as caught:
        manager.bring_up(request(persist=True), lambda _: None)

    assert "The fleeting engine keeps its data in memory only." in caught.value.message
    assert ("install hardware" in caught.value.remediation) is persists
    assert "inv local.up --name mine" in caught.value.remediation


@pytest.mark.parametrize("optional", [True, False])
def test_an_optional_kind_is_offered_where_it_is_installed(
    lasting: Script, optional: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A remedy that fails at once is none."""
    kinds = (replace(LASTING, optional=optional), FLEETING)
    monkeypatch.setattr(registry, "KINDS", kinds)
    offer = "--engine lasting"

    installed = registry.alternatives("fleeting", request())
    lasting.refusal = not_installed("program")
    absent = registry.alternatives("fleeting", request())

    assert (offer in installed, offer in absent) == (True, not optional)
