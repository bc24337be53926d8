"""The door of every output: nothing hidden, no forged line, no command for a runner."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.output.text import block, json_line, one_line, visible, without_commands

GITHUB = {"GITHUB_ACTIONS": "true"}
HIDDEN = ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")


@pytest.mark.parametrize(
    "text, shown",
    [
        pytest.param("osem-dev-Users", "osem-dev-Users", id="a name"),
        pytest.param("Zoë 日本 ✓ →", "Zoë 日本 ✓ →", id="letters and symbols"),
        pytest.param("\x1b[31m\x1b]0;t\x07", "\\u001b[31m\\u001b]0;t\\u0007", id="escape"),
        pytest.param("a\r\nb\tc\x00", "a\\r\\nb\\tc\\u0000", id="C0"),
        pytest.param("\x7f\x9b31m", "\\u007f\\u009b31m", id="DEL and C1"),
        pytest.param("\u202eabc\u2066", "\\u202eabc\\u2066", id="bidi"),
        pytest.param("a\u200bb\ufeff\u00ad", "a\\u200bb\\ufeff\\u00ad", id="zero width"),
        pytest.param("a\u2028b\u2029\x85", "a\\u2028b\\u2029\\u0085", id="separators"),
        pytest.param("\udc80", "\\udc80", id="surrogate"),
        pytest.param("\u3164\u115f", "\\u3164\\u115f", id="blank letters"),
        pytest.param("\U000e0041", "\\udb40\\udc41", id="tag letters"),
    ],
)
def test_what_is_hidden_is_shown(text: str, shown: str) -> None:
    """A character that acts, or that nobody sees, is written as JSON writes it."""
    assert visible(text) == shown


@given(st.text())
def test_one_line_is_one_line_of_what_can_be_seen(text: str) -> None:
    """For any text: no hidden character is left, and a second pass changes nothing."""
    line = one_line(text)

    assert not [letter for letter in line if unicodedata.category(letter) in HIDDEN]
    assert len(line.splitlines()) <= 1
    assert one_line(line) == line


@given(st.text())
def test_a_block_s_first_line_alone_begins_at_the_left(text: str) -> None:
    """No text of several lines forges a result, a remedy or a prompt below itself."""
    first, *others = block(text)

    assert [line for line in others if not line.startswith("  ")] == []
    assert [line for line in others if line.lstrip().startswith("→")] == []
    assert not [line for line in (first, *others) if len(line.splitlines()) > 1]


@pytest.mark.parametrize(
    "line, safe",
    [
        ("::error::x", "\\::error::x"),
        ("  ::stop-commands::x", "  \\::stop-commands::x"),
        ("\u3000::add-mask::x", "\u3000\\::add-mask::x"),
        ("a ##[error]x", "a ##\\[error]x"),
        ("##vso[task.setvariable]", "##vso\\[task.setvariable]"),
        ("arn:aws:iam::123456789012:user/u", "arn:aws:iam::123456789012:user/u"),
        ("✓ Users", "✓ Users"),
    ],
)
def test_a_command_for_the_runner_is_taken_apart(line: str, safe: str) -> None:
    """Under GitHub Actions only: elsewhere such a line does nothing."""
    assert without_commands(line, GITHUB) == safe
    assert without_commands(line, {}) == line


@given(st.text(st.sampled_from(":#[]a \n\u3000"), max_size=20))
def test_no_text_becomes_a_command(text: str) -> None:
    """The runner trims a line, then looks for ``::`` at its start and ``##[`` anywhere."""
    for line in block(text):
        safe = without_commands(line, GITHUB)
        assert not safe.strip().startswith("::")
        assert "##[" not in safe


@given(st.recursive(st.none() | st.booleans() | st.text(), st.lists))
def test_a_document_says_the_same_to_a_program(value: object) -> None:
    """What keeps a runner from reading along is JSON's own escape."""
    line = json_line({"key": value, "##[error]": "##vso[x]"}, GITHUB)

    assert json.loads(line) == {"key": value, "##[error]": "##vso[x]"}
    assert "##[" not in line
    assert (line.isascii(), line.isprintable()) == (True, True)
