"""Engines on this machine, and Docker."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tests.faults.cases.case import CONFIGURATION, NO_CHANGE, Case, account
from tests.support.docker_daemon import CONTAINER, PODMAN
from tests.support.faulty_aws import Fault

if TYPE_CHECKING:
    from tests.support.docker_daemon import Routes

UP = ("local.up", "--engine", "docker", "--name", "osem-fault")
DOCKER = {"DOCKER_HOST": "tcp://{docker}"}
UNAVAILABLE = "ENGINE_UNAVAILABLE"


def _docker(name: str, routes: Routes, error: str = UNAVAILABLE, **more: Any) -> Case:
    return Case(name=name, argv=UP, error=error, variables=DOCKER, routes=routes, **more)


def _said(status: int, message: str) -> tuple[int, Any]:
    return status, {"message": message}


# The file of a context named "mine", below DOCKER_CONFIG.
META = f"docker/contexts/meta/{hashlib.sha256(b'mine').hexdigest()}/meta.json"
MINE = {"DOCKER_CONFIG": "{home}/docker", "DOCKER_CONTEXT": "mine"}


def _misled(name: str, variables: dict[str, str], says: str, remedy: str, **more: Any) -> Case:
    """Variables or files that lead to no Docker engine."""
    variables = {"DOCKER_CONFIG": "{home}/docker", **variables}
    return Case(
        name=name,
        argv=UP,
        error=UNAVAILABLE,
        variables=variables,
        says=("Docker cannot be used", says),
        remedy=remedy,
        **more,
    )


MISLED = [
    _misled(
        "a Docker context that is gone",
        {"DOCKER_CONTEXT": "gone"},
        "the context 'gone' (DOCKER_CONTEXT) does not exist",
        "unset DOCKER_CONTEXT",
    ),
    _misled(
        "a current Docker context that is gone",
        {},
        "the context 'gone'",
        "docker context use default",
        files={"docker/config.json": '{"currentContext": "gone"}'},
    ),
    _misled("a Docker context that is half", MINE, "is broken", "unset", files={META: "{"}),
    _misled("a Docker context of rubbish", MINE, "no Docker endpoint", "", files={META: "[5]"}),
    _misled("an empty Docker context", MINE, "it is not JSON", "unset", files={META: ""}),
    _misled("no scheme", {"DOCKER_HOST": "localhost:2375"}, "no scheme", "tcp://localhost:2375"),
    _misled("no port", {"DOCKER_HOST": "tcp://127.0.0.1"}, "no port", "tcp://127.0.0.1:2375"),
    _misled("no known scheme", {"DOCKER_HOST": "htp://x:1"}, "'htp' is unknown", "unset"),
    _misled(
        "no TLS files",
        {"DOCKER_HOST": "tcp://127.0.0.1:2376", "DOCKER_TLS_VERIFY": "1"},
        "ca.pem, cert.pem, key.pem are missing",
        "unset DOCKER_TLS_VERIFY",
    ),
    _misled(
        "settings of Docker of a wrong type",
        {},
        "'auths' is not an object",
        "config.json",
        files={"docker/config.json": '{"auths": 5}'},
    ),
]
MOTO = ("local.up", "--engine", "moto", "--name", "osem-fault")
IMAGE_GONE = {"GET .*/images/.*/json": _said(404, "No such image")}
ENGINE_CASES = [
    *MISLED,
    Case(
        name="Docker on another machine",
        argv=UP,
        error=UNAVAILABLE,
        variables={"DOCKER_HOST": "tcp://build.example:2375"},
        says=("runs on another machine", "its own loopback address"),
        remedy="http://build.example:8000",
    ),
    _docker(
        "an old Docker",
        {"GET /version": (200, {"ApiVersion": "1.12"})},
        says=("older than 1.24",),
        remedy="Update",
    ),
    _docker(
        "a Docker that runs Windows containers",
        {"GET /version": (200, {"ApiVersion": "1.41", "Os": "windows"})},
        says=("runs Windows containers",),
        remedy="-SwitchLinuxEngine",
    ),
    _docker(
        "the container runs out of memory",
        {
            "GET .*/containers/c0ffee.*/json": (
                200,
                {**CONTAINER, "State": {**CONTAINER["State"], "ExitCode": 137}},
            )
        },
        says=("code 137", "memory"),
        remedy="docker stats",
    ),
    Case(
        name="no Docker socket",
        argv=UP,
        error=UNAVAILABLE,
        variables={"DOCKER_HOST": "unix:///nowhere.sock"},
        says=("/nowhere.sock",),
        remedy="--engine moto",
    ),
    Case(
        name="no Docker at its port",
        argv=UP,
        error=UNAVAILABLE,
        variables={"DOCKER_HOST": "tcp://{closed_host}"},
        says=("nothing answers",),
        remedy="Start Docker",
    ),
    _docker("Docker hangs", {"GET /version": (0, "")}, says=("in time",), remedy="Restart"),
    _docker(
        "what answers is no Docker",
        {"GET /version": (1, b"SSH-2.0-OpenSSH_9.2\r\n")},
        says=("no Docker engine",),
        remedy="DOCKER_HOST",
    ),
    _docker(
        "Docker breaks off while it creates the container",
        {"POST .*/containers/create": (1, b"HTTP/1.1 201 Created\r\n")},
        says=("broke off",),
        remedy="DOCKER_HOST",
    ),
    _docker(
        "Docker breaks off in the middle of a pull",
        {**IMAGE_GONE, "POST .*/images/create": (200, [{"status": "Downloading"}])},
        "IMAGE_NOT_FOUND",
        says=("broke off",),
        remedy="docker pull",
    ),
    Case(
        name="a port that Docker cannot have",
        argv=UP,
        error=UNAVAILABLE,
        variables={"DOCKER_HOST": "tcp://127.0.0.1:99999"},
        says=("99999",),
        remedy="DOCKER_HOST",
    ),
    Case(
        name="a name that is too long for a file",
        argv=("local.up", "--name", "x" * 250),
        error=CONFIGURATION,
        says=("128 characters",),
    ),
    _docker("Docker is broken", {"GET /version": _said(500, "daemon is broken")}),
    _docker(
        "the image cannot be found",
        {**IMAGE_GONE, "POST .*/images/create": _said(404, "manifest unknown")},
        "IMAGE_NOT_FOUND",
        says=("manifest unknown",),
        remedy="docker pull",
    ),
    _docker(
        "the registry is out of reach",
        {**IMAGE_GONE, "POST .*/images/create": _said(500, "dial tcp: lookup registry: no host")},
        "IMAGE_NOT_FOUND",
        says=("lookup registry",),
        remedy="--engine moto",
    ),
    _docker(
        "the registry's rate limit, inside a pull that seems well",
        {
            **IMAGE_GONE,
            "POST .*/images/create": (200, [{"error": "toomanyrequests: rate limit"}]),
        },
        "IMAGE_NOT_FOUND",
        says=("toomanyrequests",),
    ),
    _docker(
        "Docker Hub's rate limit, where AWS has a mirror",
        {**IMAGE_GONE, "POST .*/images/create": _said(500, "toomanyrequests: pull rate limit")},
        "IMAGE_NOT_FOUND",
        says=("docker.io limits how much may be pulled", "toomanyrequests"),
        remedy="--image public.ecr.aws/aws-dynamodb-local/aws-dynamodb-local:",
    ),
    _docker(
        "a company's proxy that reads TLS",
        {
            **IMAGE_GONE,
            "POST .*/images/create": _said(500, "x509: certificate signed by unknown authority"),
        },
        "IMAGE_NOT_FOUND",
        says=("the certificate of docker.io is not accepted",),
        remedy="update-ca-certificates",
    ),
    _docker(
        "a Podman that has no network, in the middle of a stream",
        {
            **PODMAN,
            **IMAGE_GONE,
            "POST .*/images/create": (
                200,
                [{"error": "pinging container registry: dial tcp: lookup x: no such host"}],
            ),
        },
        "IMAGE_NOT_FOUND",
        says=("the name of docker.io cannot be resolved", "Podman says"),
        remedy="--engine moto",
    ),
    _docker(
        "a rootless Podman and a port of root's",
        {
            **PODMAN,
            "POST .*/containers/.*/start": _said(
                500, "rootlessport cannot expose privileged port 81: bind: permission denied"
            ),
        },
        CONFIGURATION,
        says=("A rootless Podman may not publish port",),
        remedy="--port 0",
    ),
    _docker(
        "a Podman without space",
        {**PODMAN, "POST .*/containers/create": _said(500, "no space left on device")},
        says=("Podman refused",),
        remedy="podman --url tcp://",
    ),
    Case(
        name="a Podman that is not started",
        argv=UP,
        error=UNAVAILABLE,
        variables={"DOCKER_HOST": "unix:///nowhere/podman/podman.sock"},
        says=("No Podman engine at unix:///nowhere/podman/podman.sock",),
        remedy="Start Podman",
    ),
    Case(
        name="a Podman on another machine",
        argv=UP,
        error=UNAVAILABLE,
        variables={"DOCKER_HOST": "ssh://core@build.example/run/user/1000/podman/podman.sock"},
        says=("The Podman engine at ssh://", "runs on another machine"),
        remedy="http://build.example:8000",
    ),
    _docker(
        "the port is another container's",
        {"POST .*/containers/.*/start": _said(500, "Bind failed: port is already allocated")},
        "PORT_IN_USE",
        says=("8123",),
        remedy="--port 0",
    ),
    _docker(
        "the disk is full",
        {"POST .*/containers/create": _said(500, "no space left on device")},
        says=("no space left",),
    ),
    _docker(
        "the container's name is somebody's",
        {"GET .*/containers/osem-fault/json": (200, {**CONTAINER, "State": {"Status": "running"}})},
        says=("was not created by osem_tasks",),
        remedy="--name",
    ),
    _docker("the container ends at once", {}, says=("ended (exited)",), remedy="--engine moto"),
    Case(
        name="moto's port is taken",
        argv=(*MOTO, "--port", "{port}"),
        error="PORT_IN_USE",
        says=("{port}",),
        remedy="--port 0",
    ),
    Case(
        name="moto ends at once",
        argv=(*MOTO, "--port", "0"),
        variables={"PYTHONPATH": "{home}"},
        files={
            "moto/__init__.py": "",
            "moto/server.py": "raise SystemExit('the words of the log')",
        },
        error=UNAVAILABLE,
        says=("the words of the log",),
        remedy="pip install",
    ),
    Case(
        name="moto never answers",
        argv=(*MOTO, "--port", "0", "--timeout", "1"),
        variables={"PYTHONPATH": "{home}"},
        files={"moto/__init__.py": "", "moto/server.py": "import time\ntime.sleep(60)"},
        error=UNAVAILABLE,
        says=("within 1 s",),
        remedy="inv local.up",
    ),
    Case(
        name="an engine of another kind",
        argv=("local.up", "--engine", "oracle"),
        error=CONFIGURATION,
        says=("oracle",),
    ),
    Case(
        name="a port that is none",
        argv=("local.up",),
        variables={"OSEM_LOCAL_PORT": "80000"},
        error=CONFIGURATION,
        says=("OSEM_LOCAL_PORT", "80000"),
    ),
    Case(
        name="no state directory can be made",
        argv=("local.up",),
        variables={"OSEM_STATE_DIR": "/dev/null/state"},
        error=CONFIGURATION,
        says=("/dev/null/state",),
        remedy="OSEM_STATE_DIR",
    ),
    Case(
        name="no engine whose log could be read",
        argv=("local.logs", "--name", "osem-fault"),
        error="ENGINE_NOT_RUNNING",
        remedy="inv local.up",
    ),
    Case(
        name="no engine at the endpoint",
        argv=("db.setup", "--endpoint", "{closed}"),
        error="ENGINE_NOT_RUNNING",
        says=("{closed}",),
        remedy="inv local.up",
    ),
    Case(
        name="an engine that hangs",
        argv=("db.setup", "--endpoint", "{url}"),
        role="moto",
        faults=(Fault("*", "hang"),),
        error="TIMEOUT",
        says=("{url}",),
        account=NO_CHANGE,
    ),
    Case(
        name="an engine that dies half-way",
        argv=("db.setup", "--endpoint", "{url}"),
        role="moto",
        faults=(Fault("CreateTable", "reset", after=2), Fault("DescribeTable", "reset", after=9)),
        error="NETWORK_ERROR",
        exit=2,
        says=("{url}",),
        account=account(
            Verified=("Users",),
            Created=("Teams", "AssessmentPlans"),
            Failed=("Assessments",),
            NotAttempted=("AssessmentReports", "ConfigVersions"),
        ),
    ),
]
