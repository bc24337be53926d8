"""The files of the AWS configuration, as the SDK itself reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import botocore.configloader
import pytest
from botocore.exceptions import ConfigParseError
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.doctor import aws_files
from osem_tasks.findings import Status
from tests.support.examples import examples
from tests.support.situations import situation_of

if TYPE_CHECKING:
    from pathlib import Path

    from osem_tasks.findings import Finding

SOUND = "[default]\nregion = us-east-1\ns3 =\n  max_concurrent_requests = 5\n[profile me]\n"
BROKEN: dict[str, tuple[str | bytes, str]] = {
    "no section": ("region = x\n", ", line 1: there is no [section] before it"),
    "no value": ("[default]\n\nregion\n", ", line 3: it has no name = value"),
    "section twice": ("[a]\n[b]\n[a]\n", ", line 3: its section is there twice"),
    "name twice": ("[a]\nregion=1\nregion=2\n", ", line 3: its name is there twice"),
    "nested": ("[a]\ns3 =\n  x = 1\n  y\n", ", line 4: a setting below 's3' has no ="),
    "encoding": (b"[a]\nx = \xff\n", ": it is not UTF-8"),
}
TEXTS = st.lists(
    st.sampled_from(["[a]", "[b]", "[default]", "x = 1", "y", "s3 =", "  z = 2", "  w", "# c", ""]),
    max_size=7,
).map(lambda lines: "\n".join([*lines, ""]))


def check(config: Path, credentials: Path | None = None, **variables: str) -> list[Finding]:
    """The findings about these files."""
    others = {"AWS_SHARED_CREDENTIALS_FILE": str(credentials or config.with_name("absent"))}
    shell = {"AWS_CONFIG_FILE": str(config), **others, **variables}
    return aws_files.check(situation_of(shell))


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_does_not_parse_is_named_with_its_line(tmp_path: Path, name: str) -> None:
    """Local tasks do without it, so that it is a warning; an editor opens at the line."""
    content, words = BROKEN[name]
    path = tmp_path / "config"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    first, *_ = check(path)

    assert (first.status, first.message.startswith(f"{path}{words}")) == (Status.WARNING, True)
    assert first.remediation.endswith(str(path))


@pytest.mark.parametrize("which", ["folder", "null", "absent"])
def test_a_file_that_is_none(tmp_path: Path, which: str) -> None:
    """A folder cannot be read; nothing, and the null device, count as empty."""
    path = {"folder": tmp_path, "null": tmp_path / "n", "absent": tmp_path / "a"}[which]
    if which == "null":
        path.symlink_to("/dev/null")

    first, *_ = check(path)

    assert first.status is (Status.WARNING if which == "folder" else Status.OK)


@given(TEXTS)
@examples(150)
def test_what_the_sdk_refuses_is_what_is_reported(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """No more and no less: the SDK is the judge."""
    path = tmp_path_factory.mktemp("aws") / "config"
    path.write_text(text, encoding="utf-8")
    try:
        botocore.configloader.load_config(str(path))
        refused = False
    except ConfigParseError:
        refused = True

    first, *_ = check(path)

    assert (first.status is Status.WARNING) == refused


@pytest.mark.parametrize(
    "variables, status, words",
    [
        ({}, Status.OK, "no profile is named"),
        ({"AWS_PROFILE": "me"}, Status.OK, "AWS_PROFILE names the profile me"),
        ({"AWS_PROFILE": "default"}, Status.OK, "profile default"),
        ({"AWS_PROFILE": "keys"}, Status.OK, "profile keys"),
        ({"AWS_PROFILE": "nobody"}, Status.WARNING, "'nobody', which no file has"),
        ({"AWS_DEFAULT_PROFILE": "nobody"}, Status.WARNING, "AWS_DEFAULT_PROFILE names"),
    ],
    ids=str,
)
def test_a_profile_that_is_missing_is_named(
    tmp_path: Path, variables: dict[str, str], status: Status, words: str
) -> None:
    """In neither file; the remedy takes the variable away."""
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    config.write_text(SOUND, encoding="utf-8")
    credentials.write_text("[keys]\naws_access_key_id = x\n", encoding="utf-8")

    first, second = check(config, credentials, **variables)

    assert (first.status, second.status, words in second.message) == (Status.OK, status, True)
    if status is Status.WARNING:
        assert second.remediation.startswith(f"unset {next(iter(variables))}")


def test_the_command_that_opens_a_file_can_be_typed(tmp_path: Path) -> None:
    """Also where the home directory has a space in its name."""
    path = tmp_path / "my home" / "config"
    path.parent.mkdir()
    path.write_text("region = x\n", encoding="utf-8")

    first, *_ = check(path)

    assert first.remediation == f"\"${{EDITOR:-vi}}\" +1 '{path}'"
