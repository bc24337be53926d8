"""The progress of a pull: added up over its layers, and every error of the stream kept."""

from __future__ import annotations

from typing import Any

import pytest

from osem_tasks.engines.docker.progress import PullProgress


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
