"""Docker's exceptions, row by row: what a user reads, and what helps."""

from __future__ import annotations

import pytest
import requests
from docker.errors import APIError, DockerException, NotFound

from osem_tasks.engines.docker import errors
from osem_tasks.errors import ErrorCode, OsemError

HOST = "unix:///var/run/docker.sock"


@pytest.mark.parametrize(
    "error, why, remedy",
    [
        pytest.param(
            DockerException("('Connection aborted.', PermissionError(13, 'Permission denied'))"),
            "this user may not open its socket",
            "Add yourself to the group 'docker' and log in again: "
            'sudo usermod -aG docker "$USER"',
            id="no-right",
        ),
        pytest.param(
            requests.ReadTimeout("HTTPConnectionPool: Read timed out."),
            "it does not answer in time",
            "Restart the Docker engine, then see whether it answers: docker version",
            id="hung",
        ),
        pytest.param(
            DockerException("('Connection aborted.', FileNotFoundError(2, 'No such file'))"),
            "nothing answers there",
            "Start Docker, or set DOCKER_HOST",
            id="absent",
        ),
        pytest.param(
            ConnectionRefusedError(111, "Connection refused"),
            "nothing answers there",
            "Start Docker, or set DOCKER_HOST",
            id="refused",
        ),
    ],
)
def test_an_engine_that_cannot_be_reached(error: Exception, why: str, remedy: str) -> None:
    """The host is named; the cause is found in the text of the exception."""
    with pytest.raises(OsemError) as caught, errors.translated("listing", HOST):
        raise error

    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE
    assert caught.value.message == f"No Docker engine at {HOST}: {why}."
    assert (caught.value.remediation, caught.value.details) == (remedy, {"dockerHost": HOST})


def test_a_refusal_is_quoted() -> None:
    """What Docker says is shown with the step, because no table knows all of it."""
    response = requests.Response()
    response.status_code = 500
    with pytest.raises(OsemError) as caught, errors.translated("starting the container", HOST):
        raise APIError("500 Server Error", response, explanation="no space left on device")

    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE
    assert caught.value.message == (
        "Docker refused while starting the container: no space left on device"
    )
    assert caught.value.details == {"status": 500}


def test_an_error_of_this_package_passes() -> None:
    """It is translated already."""
    mine = OsemError("x", code=ErrorCode.TIMEOUT, remediation="y")
    with pytest.raises(OsemError) as caught, errors.translated("x", HOST):
        raise mine

    assert caught.value is mine


@pytest.mark.parametrize(
    "words, expected",
    [
        ("Bind for 127.0.0.1:8000 failed: port is already allocated", True),
        ("listen tcp4 127.0.0.1:8000: bind: address already in use", True),
        ("Ports are not available: exposing port TCP 127.0.0.1:8000", True),
        ("no space left on device", False),
    ],
)
def test_a_taken_port_is_recognised_by_its_message(words: str, expected: bool) -> None:
    """Docker has no code for it, and every engine has a message of its own."""
    assert errors.is_port_taken(NotFound(words)) is expected


def test_an_image_that_cannot_be_pulled() -> None:
    """The reason is quoted, and the pull that shows it is named."""
    error = errors.pull_failed("mine:1", "manifest unknown")

    assert error.code is ErrorCode.IMAGE_NOT_FOUND
    assert error.message.endswith("manifest unknown")
    assert error.remediation.startswith("docker pull mine:1")
