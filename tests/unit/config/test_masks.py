"""``osem.mask`` as a file holds it, and the masking key, which nothing shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from osem_tasks.config import masks, secrets, sections
from osem_tasks.config.settings import Settings
from osem_tasks.errors import ConfigurationError

KEY = "3f9ac0ffee00112233445566778899aa"


@pytest.mark.parametrize(
    "given, expected",
    [
        pytest.param({}, {}, id="none"),
        pytest.param(
            {"Users": {"email": "hash", "a.b": None}},
            {"Users": (("email", "hash"), ("a.b", "null"))},
            id="mapping",
        ),
        pytest.param(
            {"Users": [{"email": "hash"}, {"Email": "drop"}]},
            {"Users": (("email", "hash"), ("Email", "drop"))},
            id="list",
        ),
    ],
)
def test_masks(given: Any, expected: dict[str, Any]) -> None:
    """A mapping, or a list of mappings; YAML's null is the rule null."""
    assert masks.declared(given) == (expected, [])
    assert Settings.read({"mask": given}, {}, engines=("auto",)).mask == expected


@pytest.mark.parametrize(
    "given, problem",
    [
        pytest.param([], "osem.mask must map tables to rules, not []", id="list-of-tables"),
        pytest.param(None, "osem.mask must map tables to rules, not None", id="empty-section"),
        pytest.param({"Users": "email"}, "osem.mask.Users must map attribute paths", id="text"),
        pytest.param({"Users": None}, "osem.mask.Users must map attribute paths", id="no-rules"),
        pytest.param({"Users": {}}, "osem.mask.Users must map attribute paths", id="empty"),
        pytest.param({"Users": []}, "osem.mask.Users must map attribute paths", id="empty-list"),
        pytest.param({"Users": ["email"]}, "osem.mask.Users must map attribute paths", id="names"),
        pytest.param(
            {"Users": {"email": {"x": "hash"}}},
            "osem.mask.Users.email must be a rule such as hash, not {'x': 'hash'}",
            id="nested",
        ),
        pytest.param({"Users": {"email": True}}, "must be a rule such as hash, not True", id="yes"),
        pytest.param({"Users": {7: "hash"}}, "7: the path must be a string", id="number"),
    ],
)
def test_wrong_masks(given: Any, problem: str) -> None:
    """A mask of another shape is refused: passed over, it would leak."""
    with pytest.raises(ConfigurationError) as caught:
        Settings.read({"mask": given}, {}, engines=("auto",))

    assert problem in caught.value.message


@pytest.mark.parametrize(
    "file, variables, expected",
    [
        pytest.param("", {}, None, id="none"),
        pytest.param("", {"OSEM_MASK_KEY": ""}, None, id="empty"),
        pytest.param("", {"OSEM_MASK_KEY": f" {KEY}\n"}, KEY, id="variable"),
        pytest.param("key", {}, f"{KEY}0", id="file"),
        pytest.param("key", {"OSEM_MASK_KEY": KEY}, KEY, id="variable-first"),
    ],
)
def test_key(tmp_path: Path, file: str, variables: dict[str, str], expected: str | None) -> None:
    """The variable comes before the file; white space around the key does not count."""
    (tmp_path / "key").write_text(f"{KEY}0\n")

    found = masks.key(str(tmp_path / file) if file else "", variables)

    assert found == (expected.encode() if expected else None)
    assert KEY not in secrets.redact(f"the key is {expected or ''}")


@pytest.mark.parametrize(
    "content, problem",
    [
        pytest.param(None, "cannot be read: No such file or directory", id="missing"),
        pytest.param(b"\xff\xfe\xfd" * 9, "it is no text in UTF-8", id="binary"),
        pytest.param(b"short", "holds 5 characters; a key has 16 or more", id="short"),
        pytest.param(b"\n", "holds 0 characters", id="empty"),
    ],
)
def test_wrong_key_files(tmp_path: Path, content: bytes | None, problem: str) -> None:
    """What is wrong is said without the file's content, with a way to a good key."""
    if content is not None:
        (tmp_path / "key").write_bytes(content)

    with pytest.raises(ConfigurationError) as caught:
        masks.key(str(tmp_path / "key"), {})

    assert problem in caught.value.message
    assert "short" not in caught.value.message
    assert "openssl rand -hex 32" in caught.value.remediation


def test_a_key_in_place_of_its_file_is_not_shown(tmp_path: Path) -> None:
    """``mask_key: KEY`` is a mistake that lies near, and an error must not publish the key."""
    with pytest.raises(ConfigurationError) as caught:
        masks.key(str(tmp_path / KEY), {})

    assert KEY not in f"{caught.value.message}{caught.value.remediation}"


def test_the_file_is_relative_to_the_one_that_names_it() -> None:
    """``osem.mask_key`` follows the rule of all paths in the configuration."""
    settings = Settings.read({"mask_key": "secrets/mask"}, {}, engines=("auto",))

    assert settings.mask_key == str(Path("secrets/mask"))


def test_attributes_that_share_a_variable() -> None:
    """Invoke cannot tell ``Email`` from ``email``; attributes cannot be renamed, so a list helps."""
    merged = {"osem": {"mask": {"Users": {"email": "hash", "Email": "hash"}}}}

    (problem,) = sections.variable_problems(merged, {})

    assert problem.endswith("write the table's rules as a list of mappings")
    assert sections.variable_problems(
        {"osem": {"mask": {"Users": [{"email": "hash"}, {"Email": "hash"}]}}}, {}
    ) == []  # fmt: skip
