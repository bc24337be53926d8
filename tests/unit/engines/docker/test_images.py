"""The progress of a pull: added up over its layers, and every error of the stream kept."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.engines.base import Milestone
from osem_tasks.engines.docker import client, images
from osem_tasks.engines.docker.product import DOCKER
from osem_tasks.engines.docker.progress import PullProgress
from tests.support.docker_daemon import SOUND, docker_daemon
from tests.support.examples import examples
from tests.support.still_clock import still_clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

IMAGE = "amazon/dynamodb-local:3.3.1"


def loading(layer: str, current: int, total: int) -> dict[str, Any]:
    """An event of a layer on its way."""
    return {
        "id": layer,
        "status": "Downloading",
        "progressDetail": {"current": current, "total": total},
    }


def done(layer: str, status: str = "Pull complete") -> dict[str, Any]:
    """An event of a layer that is here."""
    return {"id": layer, "status": status, "progressDetail": {}}


@pytest.mark.parametrize(
    "events, expected, layers",
    [
        pytest.param([], "0 of 0 MB", 0, id="nothing"),
        pytest.param([loading("a", 5_000_000, 20_000_000)], "5 of 20 MB", 1, id="one"),
        pytest.param(
            [loading("a", 5_000_000, 20_000_000), loading("b", 1_000_000, 10_000_000)],
            "6 of 30 MB",
            2,
            id="layers-add-up",
        ),
        pytest.param(
            [loading("a", 5_000_000, 20_000_000), loading("a", 9_000_000, 20_000_000)],
            "9 of 20 MB",
            1,
            id="latest-counts",
        ),
        *(
            pytest.param(
                [loading("a", 5_000_000, 20_000_000), done("a", status)],
                "20 of 20 MB",
                1,
                id=status.lower().replace(" ", "-"),
            )
            for status in ("Pull complete", "Download complete")
        ),
        pytest.param([done("a", "Already exists")], "0 of 0 MB", 0, id="was-here"),
        pytest.param(
            [{"status": "Pulling from amazon/dynamodb-local", "id": "3.3.1"}, {"status": "Digest"}],
            "0 of 0 MB",
            0,
            id="events-without-progress",
        ),
        pytest.param(
            [{"id": "a", "status": "Waiting", "progressDetail": None}],
            "0 of 0 MB",
            0,
            id="progress-is-null",
        ),
    ],
)
def test_progress(events: list[dict[str, Any]], expected: str, layers: int) -> None:
    """Each layer counts with its latest numbers, and in full once it is here."""
    progress = PullProgress()
    for event in events:
        progress.feed(event)

    assert (expected, layers, "") == (
        str(progress).partition(",")[0],
        len(progress.layers),
        progress.error,
    )


@pytest.mark.parametrize(
    "layers, expected", [("a", "1 of 2 MB, 0 of 1 layer"), ("ab", "2 of 4 MB, 0 of 2 layers")]
)
def test_progress_in_words(layers: str, expected: str) -> None:
    """Progress reads as megabytes and a number of layers."""
    progress = PullProgress(dict.fromkeys(layers, (1000000, 2000000)))

    assert expected == str(progress)


@pytest.mark.parametrize(
    "event, expected",
    [
        pytest.param({"error": "denied"}, "denied", id="bare"),
        pytest.param(
            {"error": "toomanyrequests", "errorDetail": {"message": "Rate limit reached"}},
            "Rate limit reached",
            id="with-detail",
        ),
        pytest.param({"error": "denied", "errorDetail": {}}, "denied", id="empty-detail"),
        pytest.param({"error": "denied", "errorDetail": {"code": 1}}, "denied", id="code-only"),
    ],
)
def test_error_in_the_stream_is_kept(event: dict[str, Any], expected: str) -> None:
    """A stream that answered 200 may still fail: the error stays whatever follows it."""
    progress = PullProgress()
    for sent in (loading("a", 1, 2), event, done("a")):
        progress.feed(sent)

    assert expected == progress.error


def begun(*layers: str) -> list[dict[str, Any]]:
    """The events with which an engine announces layers."""
    return [{"id": layer, "status": "Pulling fs layer", "progressDetail": {}} for layer in layers]


def test_bytes_rate_and_layers() -> None:
    """The sentence that a terminal shows."""
    with still_clock() as clock:
        progress = PullProgress()
        for event in (*begun(*"abcde"), done("a", "Already exists"), done("b"), done("c")):
            progress.feed(event)
        progress.feed(loading("d", 1_500_000, 120_000_000))
        progress.feed(loading("e", 0, 40_000_000))
        clock.pass_(5.0)
        progress.feed(loading("d", 42_000_000, 120_000_000))

        assert str(progress) == "42 of 160 MB, 8.1 MB/s, 3 of 5 layers"


def test_the_total_is_told_when_it_is_known() -> None:
    """Docker downloads three layers at once: the sizes of the others come later."""
    progress = PullProgress()
    for event in (*begun("a", "b"), loading("a", 5_000_000, 20_000_000)):
        progress.feed(event)
    assert str(progress) == "5 MB, 0 of 2 layers"

    progress.feed(loading("b", 1_000_000, 10_000_000))
    assert str(progress) == "6 of 30 MB, 0 of 2 layers"


def test_what_is_here_is_unpacked() -> None:
    """Nothing is downloaded any more, and there is no rate."""
    with still_clock() as clock:
        progress = PullProgress()
        progress.feed(loading("a", 0, 20_000_000))
        clock.pass_(2.0)
        progress.feed(done("a", "Download complete"))
        progress.feed({"id": "a", "status": "Extracting", "progressDetail": {"current": 1}})

        assert str(progress) == "20 of 20 MB, 1 of 1 layer, unpacking"


def test_a_pull_that_stands_still_shows_it() -> None:
    """The rate is that of the last seconds, not of the whole pull."""
    with still_clock() as clock:
        progress = PullProgress()
        for current in (0, 50_000_000):
            progress.feed(loading("a", current, 90_000_000))
            clock.pass_(1.0)
        for _ in range(8):
            progress.feed(loading("a", 50_000_000, 90_000_000))
            clock.pass_(1.0)

        assert str(progress) == "50 of 90 MB, 0.0 MB/s, 0 of 1 layer"


# Podman 4.3 reports once a second, and the image's configuration like a layer.
PODMANS = [
    *begun("fc47be044d12"),
    loading("fc47be044d12", 76_227_844, 89_890_400),
    done("fc47be044d12", "Download complete"),
    *begun("e1d669be33bd"),
    done("e1d669be33bd", "Download complete"),
]


def test_podmans_events() -> None:
    """They are read as Docker's."""
    progress = PullProgress()
    said = []
    for event in PODMANS:
        progress.feed(event)
        said.append(str(progress))

    assert said[1:3] == ["76 of 90 MB, 0 of 1 layer", "90 of 90 MB, 1 of 1 layer, unpacking"]
    assert said[-1] == "90 of 90 MB, 2 of 2 layers, unpacking"


STATUS = st.sampled_from(
    ["Pulling fs layer", "Waiting", "Downloading", "Extracting", "Pull complete", "Already exists",
     "Download complete", "Verifying Checksum", "Retrying in 3 seconds", ""]
)  # fmt: skip
EVENT = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["a", "b", ""]),
        "status": STATUS,
        "progressDetail": st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "current": st.none() | st.integers(0, 10**9),
                "total": st.none() | st.integers(0, 10**9),
            },
        ),
    },
)


@given(events=st.lists(EVENT, max_size=12))
@examples(100)
def test_any_events_are_told(events: list[dict[str, Any]]) -> None:
    """Whatever an engine reports, in whatever order, there is a sentence and no failure."""
    progress = PullProgress()
    for event in events:
        progress.feed(event)

    assert str(progress).count("MB") in (1, 2)
    assert progress.here <= progress.seen
    assert progress.error == ""


@contextlib.contextmanager
def pulling(monkeypatch: pytest.MonkeyPatch, events: Iterator[dict[str, Any]]) -> Iterator[Any]:
    """A Docker engine without the image, until ``events`` have been read."""
    there = iter([404, 200])

    def image_of(name: str) -> Any:
        if next(there) == 200:
            return {"Id": "sha256:1", "RepoTags": [name]}
        from docker.errors import ImageNotFound

        raise ImageNotFound(name)

    with docker_daemon({}) as host:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{host}")
        docker: DockerClient = client.open_connection().client
        monkeypatch.setattr(docker.api, "inspect_image", image_of)
        monkeypatch.setattr(docker.api, "pull", lambda *_, **__: events)
        with contextlib.closing(docker):
            yield docker


def test_a_pull_is_told_calmly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A milestone at each end, with size and time; the rest a few times a second at most."""
    said: list[str] = []
    with still_clock() as clock:

        def events() -> Iterator[dict[str, Any]]:
            # Docker reports every layer dozens of times a second.
            for step in range(1, 1001):
                clock.pass_(0.021)
                yield loading("a", step * 160_000, 160_000_000)
            yield done("a")

        with pulling(monkeypatch, events()) as docker:
            images.ensure(docker, IMAGE, said.append, "tcp://x", whose=DOCKER)

    milestones = [str(text) for text in said if isinstance(text, Milestone)]
    assert milestones == [f"pulling {IMAGE}", f"pulled {IMAGE}: 160 MB in 21 s"]
    assert (said[0], said[-1]) == tuple(milestones)
    assert len(said) <= 2 + 21 / 0.25
    told = rf"pulling {IMAGE}: \d+ of 160 MB(, \d+\.\d MB/s)?, [01] of 1 layer(, unpacking)?"
    assert all(re.fullmatch(told, text) for text in said[1:-1])
    assert "7.6 MB/s" in said[len(said) // 2]


def test_an_image_that_is_here_is_not_pulled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said either."""
    said: list[str] = []
    requests: list[str] = []
    with docker_daemon(SOUND, requests) as host:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{host}")
        docker = client.open_connection().client
        with contextlib.closing(docker):
            images.ensure(docker, IMAGE, said.append, "tcp://x")

    assert said == []
    assert not any("images/create" in request for request in requests)
