"""Where Docker is: by variable, by context, by default; and each thing that can be wrong there."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.engines.docker import address
from osem_tasks.errors import ErrorCode, OsemError
from tests.support.examples import examples

if TYPE_CHECKING:
    from pathlib import Path

    from osem_tasks.engines.docker.address import Address

NO_DEFAULT = "or, for the default engine: unset DOCKER_HOST"


def meta_file(folder: Path, name: str) -> Path:
    """The file of a context of that name, in a folder that exists."""
    identifier = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    path = folder / "contexts" / "meta" / identifier / "meta.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def context(host: object, name: str = "mine") -> str:
    """What the docker command writes for a context."""
    return json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host}}})


def refused(environment: dict[str, str]) -> OsemError:
    """The error for a shell with these variables."""
    with pytest.raises(OsemError) as caught:
        address.find(environment)
    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE
    return caught.value


def outcome(environment: dict[str, str]) -> Address | OsemError:
    """The address, or the error."""
    try:
        return address.find(environment)
    except OsemError as error:
        return error


@pytest.mark.parametrize(
    "host, expected",
    [
        ("tcp://127.0.0.1:2375", "tcp://127.0.0.1:2375"),
        ("  tcp://localhost:2375 ", "tcp://localhost:2375"),
        ("http://[::1]:2375", "http://[::1]:2375"),
        ("unix:///run/user/1000/docker.sock", "unix:///run/user/1000/docker.sock"),
        ("unix://var/run/docker.sock", "unix:///var/run/docker.sock"),
        ("ssh://me@build.example", "ssh://me@build.example"),
        ("", address.DEFAULT),
        ("   ", address.DEFAULT),
    ],
)
def test_docker_host_is_taken_as_the_docker_command_takes_it(
    host: str, expected: str, tmp_path: Path
) -> None:
    """Spaces around it are dropped, an empty variable counts as unset."""
    found = address.find({"DOCKER_HOST": host, "DOCKER_CONFIG": str(tmp_path)})

    assert (found.host, found.tls, found.note) == (expected, None, "")


@pytest.mark.parametrize(
    "host, why, remedy",
    [
        ("localhost:2375", "has no scheme", "export DOCKER_HOST=tcp://localhost:2375   "),
        ("127.0.0.1", "has no scheme", "export DOCKER_HOST=tcp://127.0.0.1:2375   "),
        ("docker", "has no scheme", "export DOCKER_HOST=tcp://docker:2375   "),
        ("/run/docker.sock", "has no scheme", "export DOCKER_HOST=unix:///run/docker.sock   "),
        ("unix:/run/d.sock", "has no scheme", "export DOCKER_HOST=unix:///run/d.sock   "),
        ("[::1", "has no scheme", "unset DOCKER_HOST"),
        ("tcp://127.0.0.1", "has no port", "export DOCKER_HOST=tcp://127.0.0.1:2375   "),
        ("tcp://127.0.0.1:", "has no port", "export DOCKER_HOST=tcp://127.0.0.1:2375   "),
        ("tcp://", "names no host", "unset DOCKER_HOST"),
        ("tcp://127.0.0.1:99999", "port out of range", "unset DOCKER_HOST"),
        ("tcp://127.0.0.1:x", "which is no address", "unset DOCKER_HOST"),
        ("tcp://[::1:2375", "which is no address", "unset DOCKER_HOST"),
        ("tcp://127.0.0.1:2375?x=y", "more than a host and a port", "unset DOCKER_HOST"),
        ("nonsense://x:1", "scheme 'nonsense' is unknown", "unset DOCKER_HOST"),
        ("htp://localhost:2375", "scheme 'htp' is unknown", "unset DOCKER_HOST"),
        ("fd://", "scheme 'fd' is unknown", "unset DOCKER_HOST"),
        ("unix://", "names no socket", "unset DOCKER_HOST"),
        ("x y", "a space or a control character", "unset DOCKER_HOST"),
        ("tcp://127.0.0.1:1\n2", "a space or a control character", "unset DOCKER_HOST"),
    ],
)
def test_an_address_that_is_none_says_what_it_lacks(
    host: str, why: str, remedy: str, tmp_path: Path
) -> None:
    """The variable, its value and what is wrong with it; the command that mends it."""
    error = refused({"DOCKER_HOST": host, "DOCKER_CONFIG": str(tmp_path)})

    assert error.message.startswith(f"Docker cannot be used: DOCKER_HOST is {host!r}, ")
    assert why in error.message
    assert error.remediation.startswith(remedy)
    assert error.remediation.endswith("unset DOCKER_HOST")


@pytest.mark.skipif(os.name == "nt", reason="Windows has named pipes")
def test_a_named_pipe_is_refused_where_there_are_none(tmp_path: Path) -> None:
    """A variable that was copied from Windows."""
    pipe = "npipe:////./pipe/docker_engine"

    assert "only Windows" in refused({"DOCKER_HOST": pipe, "DOCKER_CONFIG": str(tmp_path)}).message


@pytest.mark.skipif(bool(importlib.util.find_spec("paramiko")), reason="paramiko is installed")
def test_ssh_to_this_machine_needs_paramiko(tmp_path: Path) -> None:
    """The package is named with its command; the user's name is not shown."""
    error = refused({"DOCKER_HOST": "ssh://me@localhost", "DOCKER_CONFIG": str(tmp_path)})

    assert "pip install paramiko" in error.message
    assert "ssh://***@localhost" in error.message


@pytest.mark.parametrize("by_variable", [True, False])
def test_a_context_names_the_engine(by_variable: bool, tmp_path: Path) -> None:
    """By DOCKER_CONTEXT, or the current one; also where there is no config.json."""
    meta_file(tmp_path, "mine").write_text(context("tcp://127.0.0.1:7"), encoding="utf-8")
    environment = {"DOCKER_CONFIG": str(tmp_path)}
    if by_variable:
        environment["DOCKER_CONTEXT"] = "mine"
    else:
        (tmp_path / "config.json").write_text('{"currentContext": "mine"}', encoding="utf-8")

    assert address.find(environment).host == "tcp://127.0.0.1:7"
    assert address.find({**environment, "DOCKER_HOST": "tcp://[::1]:8"}).host == "tcp://[::1]:8"
    assert address.find(environment, recorded="tcp://[::1]:9").host == "tcp://[::1]:9"


@pytest.mark.parametrize(
    "variables, settings, source, remedy",
    [
        ({"DOCKER_CONTEXT": "gone"}, "{}", "DOCKER_CONTEXT", "unset DOCKER_CONTEXT"),
        ({}, '{"currentContext": "gone"}', "config.json", "docker context use default"),
        ({"DOCKER_CONTEXT": "gone"}, "{", "DOCKER_CONTEXT", "unset DOCKER_CONTEXT"),
    ],
)
def test_a_context_that_is_gone_is_named(
    variables: dict[str, str], settings: str, source: str, remedy: str, tmp_path: Path
) -> None:
    """The SDK would use the default engine instead; what selects the context is undone."""
    (tmp_path / "config.json").write_text(settings, encoding="utf-8")
    error = refused({**variables, "DOCKER_CONFIG": str(tmp_path)})

    assert "the context 'gone' (" in error.message
    assert f"{source}) does not exist" in error.message
    assert error.remediation.startswith(remedy)


def test_a_recorded_engine_keeps_the_tls_files_of_its_context(tmp_path: Path) -> None:
    """The record has the address as the SDK shows it, and no files."""
    meta = meta_file(tmp_path, "mine")
    meta.write_text(context("tcp://127.0.0.1:7"), encoding="utf-8")
    files = tmp_path / "contexts" / "tls" / meta.parent.name / "docker"
    files.mkdir(parents=True)
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (files / name).touch()
    environment = {"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "mine"}

    assert address.find(environment, "https://127.0.0.1:7").tls == files
    assert address.find(environment, "https://127.0.0.1:8").tls is None
    assert address.find({**environment, "DOCKER_CONTEXT": "gone"}, "tcp://[::1]:7").tls is None


@pytest.mark.parametrize(
    "text, why",
    [
        ("", "it is not JSON"),
        ("{", "it is not JSON"),
        ("[" * 9999, "it is not JSON"),
        ("[]", "names no Docker endpoint"),
        ("null", "names no Docker endpoint"),
        ('{"Name": "mine"}', "names no Docker endpoint"),
        ('{"Endpoints": []}', "names no Docker endpoint"),
        ('{"Endpoints": {"kubernetes": {}}}', "names no Docker endpoint"),
        ('{"Endpoints": {"docker": 5}}', "names no Docker endpoint"),
        (context(5), "is no string"),
        (context("localhost:2375"), "has no scheme"),
        (context("nonsense://x"), "scheme 'nonsense' is unknown"),
    ],
)
def test_a_broken_context_is_named_with_its_file(text: str, why: str, tmp_path: Path) -> None:
    """One sentence, and the command after which Docker's default is used."""
    meta_file(tmp_path, "mine").write_text(text, encoding="utf-8")
    error = refused({"DOCKER_CONTEXT": "mine", "DOCKER_CONFIG": str(tmp_path)})

    assert "the context 'mine' (DOCKER_CONTEXT)" in error.message
    assert why in error.message
    assert "unset DOCKER_CONTEXT" in error.remediation


@pytest.mark.parametrize(
    "settings, why",
    [
        ("[]", "there is no JSON object"),
        ("5", "there is no JSON object"),
        ('{"currentContext": 5}', "'currentContext' is not a string"),
        ('{"auths": 5}', "'auths' is not an object"),
        ('{"auths": {"x": 5}}', "'auths' holds no object for 'x'"),
        ('{"proxies": []}', "'proxies' is not an object"),
        ('{"HttpHeaders": "x"}', "'HttpHeaders' is not an object"),
        ('{"credsStore": {}}', "'credsStore' is not a string"),
        ('{"credHelpers": "x"}', "'credHelpers' is not an object"),
    ],
)
def test_settings_of_a_wrong_type_are_named(settings: str, why: str, tmp_path: Path) -> None:
    """The file and the key, whichever engine is meant."""
    path = tmp_path / "config.json"
    path.write_text(settings, encoding="utf-8")
    error = refused({"DOCKER_HOST": "tcp://127.0.0.1:7", "DOCKER_CONFIG": str(tmp_path)})

    assert error.message == f"Docker cannot be used: in {path}, {why}."
    assert error.remediation.startswith(f"Correct {path}")


@pytest.mark.parametrize("content", ["", "{", "\x00", None])
def test_an_unreadable_config_is_ignored_as_the_docker_command_ignores_it(
    content: str | None, tmp_path: Path
) -> None:
    """The default engine may still work; why the file counts for nothing is noted."""
    path = tmp_path / "config.json"
    if content is None:
        path.mkdir()
    else:
        path.write_text(content, encoding="utf-8")
    found = address.find({"DOCKER_CONFIG": str(tmp_path)})

    assert found.host == address.DEFAULT
    assert found.note.startswith(f"{path} is ignored: ")


@pytest.mark.parametrize(
    "variables, present, missing, off",
    [
        ({"DOCKER_TLS_VERIFY": "1"}, (), "ca.pem, cert.pem, key.pem are", "DOCKER_TLS_VERIFY"),
        ({"DOCKER_TLS_VERIFY": "1"}, ("ca.pem", "key.pem"), "cert.pem is", "DOCKER_TLS_VERIFY"),
        ({}, (), "cert.pem, key.pem are", "DOCKER_CERT_PATH"),
    ],
)
def test_missing_tls_files_are_named(
    variables: dict[str, str], present: tuple[str, ...], missing: str, off: str, tmp_path: Path
) -> None:
    """Each file, its folder, and the variables that ask for it."""
    for name in present:
        (tmp_path / name).write_text("x", encoding="utf-8")
    settings = {"DOCKER_CERT_PATH": str(tmp_path), "DOCKER_CONFIG": str(tmp_path), **variables}
    error = refused({"DOCKER_HOST": "tcp://127.0.0.1:2376", **settings})

    assert f"{missing} missing in {tmp_path}" in error.message
    assert "tcp://127.0.0.1:2376" in error.message
    assert f"unset {off}" in error.remediation


@pytest.mark.parametrize(
    "host, remote",
    [
        ("unix:///var/run/docker.sock", False),
        ("tcp://127.0.0.1:2375", False),
        ("tcp://host.docker.internal:2375", False),
        ("tcp://0.0.0.0:2375", False),
        (f"tcp://{socket.gethostname().lower()}:2375", False),
        ("tcp://docker:2375", True),
        ("tcp://10.0.0.7:2376", True),
        ("ssh://me@build.example", True),
        ("ssh://localhost", False),
    ],
)
def test_a_remote_engine_is_known_by_its_address(host: str, remote: bool) -> None:
    """A container's host counts as this machine: its published ports may be reached."""
    assert address.is_remote(host) is remote


TEXTS = st.text(max_size=30) | st.sampled_from(
    ["tcp://", "unix://", "ssh://a@b", "tcp://[", "http://x:80/y", "tcp://a:b@c:1", "npipe://", ":"]
)
KEYS = st.sampled_from(
    ["currentContext", "auths", "proxies", "Endpoints", "docker", "Host", "Name", "credsStore", "x"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)


@given(host=TEXTS, name=TEXTS, settings=JSON | st.text(), meta=JSON | st.text())
@examples(200)
def test_whatever_stands_there_is_an_address_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory,
    host: str,
    name: str,
    settings: object,
    meta: object,
) -> None:
    """Random variables and files never end in anything but an OsemError with a remedy."""
    folder = tmp_path_factory.mktemp("docker")
    for path, content in ((folder / "config.json", settings), (meta_file(folder, name), meta)):
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
    for variables in ({"DOCKER_HOST": host}, {"DOCKER_CONTEXT": name}, {}):
        found = outcome({**variables, "DOCKER_CONFIG": str(folder)})
        if isinstance(found, OsemError):
            assert (found.code, bool(found.remediation)) == (ErrorCode.ENGINE_UNAVAILABLE, True)
        else:
            assert "://" in found.host
            address.is_remote(found.host)
