"""Files within limits: each way in which one cannot be read has its own words."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from osem_tasks.declarations.limits import MAX_BYTES
from osem_tasks.declarations.parsing import read, read_documents
from osem_tasks.schema.quoting import shown

if TYPE_CHECKING:
    from pathlib import Path


def multiplied(use: str) -> str:
    """YAML in which each of forty lines stands for nine times the line before."""
    lines = ["a0: &a0 {x: y}"]
    for number in range(1, 40):
        nine = ",".join([f"*a{number - 1}"] * 9)
        lines.append(f"a{number}: &a{number} {use % nine}")
    return "\n".join(lines)


ENDLESS = "it holds more than 100,000 values, aliases counted in full"
DEEP = "it is nested more than 100 levels deep"
TEXTS: dict[str, tuple[str, str, str]] = {
    "aliases-multiply": ("t.yaml", multiplied("[%s]"), f"line 6: {ENDLESS}"),
    "merges-multiply": ("t.yaml", multiplied("{<<: [%s]}"), f"line 6: {ENDLESS}"),
    "many-values": ("t.json", "[" + "1," * 100_000 + "1]", ENDLESS),
    "alias-of-itself": ("t.yaml", "a: &a [*a]", "line 1: an alias contains itself"),
    "merge-of-itself": ("t.yaml", "a: &a {<<: *a}", "line 1: an alias contains itself"),
    "key-of-itself": ("t.yaml", "&a {? *a : b}", "line 1: an alias contains itself"),
    "deep-json": ("t.json", "[" * 2_000 + "]" * 2_000, DEEP),
    "deeper-json": ("t.json", "[" * 200_000 + "]" * 200_000, DEEP),
    "deep-yaml": ("t.yaml", "[" * 2_000 + "]" * 2_000, DEEP),
    "deep-blocks": ("t.yaml", "- " * 2_000 + "a", DEEP),
    "deep-keys": ("t.yaml", "? " * 2_000 + "a", DEEP),
    "large": ("t.json", " " * (MAX_BYTES + 1), "it has more than 4,000,000 bytes"),
    "empty-json": ("t.json", " \n", "it is empty"),
    "json-twice": ("t.json", '{"a": 1, "b": 2, "a": 3}', "the key 'a' appears twice"),
    "yaml-twice": ("t.yaml", "a: 1\nb: 2\na: 3", "line 3: the key 'a' appears twice"),
    "json-syntax": ("t.json", '{"a":\n1 x}', "line 2 column 3: Expecting ',' delimiter"),
    # Python 3.13 has a sentence of its own for it, and another column.
    "json-comma": ("t.json", '{"a":\n1,}', "it cannot be parsed: line 2 column "),
    "yaml-syntax": ("t.yaml", "a: 1\nb: [", "node content"),
    "not-a-number": ("t.json", "[NaN]", "NaN is not a number that JSON knows"),
    "endless-number": ("t.json", "[-Infinity]", "-Infinity is not a number that JSON knows"),
    "huge-json": ("t.json", "9" * 5_000, "has too many digits"),
    "huge-yaml": ("t.yaml", "a: " + "9" * 5_000, "line 1: a number has too many digits"),
    "sexagesimal": ("t.yaml", "a: 1" + ":59" * 100_000, "line 1: a number has too many digits"),
    "half-json": ("t.json", r'["\ud800"]', "holds half a character (a lone surrogate)"),
    "half-key": ("t.json", r'{"\ud800": 1}', "holds half a character (a lone surrogate)"),
    "half-yaml": ("t.yaml", r'"\ud800"', "holds half a character (a lone surrogate)"),
    "control": ("t.yaml", "a: 1\nb: \x07", "line 2: a character that YAML does not allow"),
    "tab": ("t.yaml", "a:\n\t- b", "line 2: found character"),
    "documents": ("t.yaml", "a: 1\n---\nb: 2", "it holds 2 YAML documents, and may hold one"),
    "list-as-key": ("t.yaml", "? [a]\n: b", "line 1: a key must be a string"),
    "no-date": ("t.yaml", "a: 2001-99-99", "line 1: '2001-99-99' is not a value of the type"),
    "no-flag": ("t.yaml", "a: !!bool x", "line 1: 'x' is not a value of the type 'bool'"),
    "no-time": ("t.yaml", "a: !!timestamp x", "line 1: 'x' is not a value of the type"),
    "no-integer": ("t.yaml", "a: !!int ''", "line 1: '' is not a value of the type 'int'"),
    "program": ("t.yaml", "!!python/object/apply:os.getcwd []", "could not determine"),
    "undefined-alias": ("t.yaml", "a: *b", "line 1: found undefined alias"),
    "short-form": ("t.yaml", "a: !Ref b", "line 1: could not determine a constructor"),
    "long-tag": ("t.yaml", "!" + "a" * 10_000 + " b", "line 1: could not determine"),
}


@pytest.mark.parametrize("name, text, words", TEXTS.values(), ids=list(TEXTS))
def test_a_text_that_cannot_be_used(tmp_path: Path, name: str, text: str, words: str) -> None:
    """One line says what is wrong, where the parser knows it, and nothing takes long."""
    (tmp_path / name).write_text(text, encoding="utf-8")

    with pytest.raises(ValueError, match=r"^it ") as caught:
        read(tmp_path / name)

    assert words in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "content, words",
    [
        pytest.param(b"\xff\xfea", "begins as UTF-16 text, but is none", id="half-of-utf-16"),
        pytest.param(b"\xff\xfe\x00\x00a", "begins as UTF-32 text, but is none", id="utf-32"),
        pytest.param(b"a: 1\nb: Zo\xeb", "line 2: it is not UTF-8 text", id="latin-1"),
        pytest.param(b"\x7fELF\x02\x00\xff", "line 1: it is not UTF-8 text", id="program"),
        pytest.param(b"\x00" * 50, "a character that YAML does not allow", id="zeros"),
    ],
)
def test_bytes_that_are_no_text(tmp_path: Path, content: bytes, words: str) -> None:
    """The encoding is named where it can be told, the line where it cannot."""
    (tmp_path / "t.yaml").write_bytes(content)

    with pytest.raises(ValueError, match=words):
        read(tmp_path / "t.yaml")


@pytest.mark.parametrize("name", ["t.json", "t.yaml"])
@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_encoding_with_a_byte_order_mark(
    tmp_path: Path, name: str, encoding: str, end: str
) -> None:
    """PowerShell writes UTF-16, some editors begin UTF-8 with a mark: all of it is one text."""
    mark = "\ufeff" if encoding.endswith(("-le", "-be")) else ""
    text = f'{mark}{{{end}\t"a": "Zoë \U0001f600"{end}}}{end}'
    (tmp_path / name).write_bytes(text.encode(encoding))

    assert read(tmp_path / name) == {"a": "Zoë \U0001f600"}


@pytest.mark.parametrize(
    "text, expected",
    [
        pytest.param("a: 1\n---\nb: 2\n", [{"a": 1}, {"b": 2}], id="two"),
        pytest.param("---\na: 1\n...\n---\n# nothing\n", [{"a": 1}], id="an-empty-one"),
        pytest.param("# nothing\n", [], id="none"),
        pytest.param("a: &x [1]\nb: *x\n---\n- *x\n", None, id="an-alias-across"),
        pytest.param('{"a":\t[1,\t2]}', [{"a": [1, 2]}], id="json-with-tabs"),
        pytest.param('{"a": !Ref b}', [{"a": {"Ref": "b"}}], id="flow-with-short-forms"),
    ],
)
def test_documents(tmp_path: Path, text: str, expected: list[object] | None) -> None:
    """A file gives the content of every document; anchors end with their document."""
    (tmp_path / "t.yaml").write_text(text, encoding="utf-8")
    if expected is None:
        with pytest.raises(ValueError, match="found undefined alias"):
            read_documents(tmp_path / "t.yaml", short_forms=True)
        return

    assert read_documents(tmp_path / "t.yaml", short_forms=True) == expected


@pytest.mark.parametrize("text", ['{"a":\t[1,\t2}', '[{"a": 1},\n {"a": 1, "a": 2}]'])
def test_a_fault_in_json_is_told_in_terms_of_json(tmp_path: Path, text: str) -> None:
    """A file named .yaml or .template that holds JSON is read, and judged, as JSON."""
    (tmp_path / "t.json").write_text(text, encoding="utf-8")
    (tmp_path / "t.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="it cannot be parsed") as plain:
        read(tmp_path / "t.json")

    with pytest.raises(ValueError, match="it cannot be parsed") as caught:
        read(tmp_path / "t.yaml")

    assert str(caught.value) == str(plain.value)


@pytest.mark.parametrize(
    "kind, words",
    [
        ("nothing", "No such file"),
        ("directory", "Is a directory"),
        ("pipe", "a pipe or a device"),
        ("device", "a pipe or a device"),
        ("loop", "symbolic links"),
        ("long", "name too long"),
        ("nul", "no file's name holds a NUL"),
    ],
)
def test_what_is_not_a_file(tmp_path: Path, kind: str, words: str) -> None:
    """Nothing is waited for, and nothing endless is read."""
    path = tmp_path / "t.yaml"
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind in ("device", "loop"):
        path.symlink_to("/dev/zero" if kind == "device" else path)
    elif kind in ("long", "nul"):
        path = tmp_path / ("x" * 300 if kind == "long" else "t\0.yaml")

    with pytest.raises(ValueError, match="it cannot be read: ") as caught:
        read(path)

    assert words in str(caught.value)


def test_an_alias_that_is_used_twice_is_sound(tmp_path: Path) -> None:
    """Anchors and merges stay what they are for."""
    text = "a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 2}"
    (tmp_path / "t.yaml").write_text(text)

    assert read(tmp_path / "t.yaml") == {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1, "y": 2}}


class Mute:
    """An object whose own words fail."""

    def __repr__(self) -> str:
        """Fail."""
        raise RuntimeError


@pytest.mark.parametrize(
    "value",
    ["x" * 10_000, 10**5_000, list(range(1_000)), {"a": {"b": {"c": {"d": 1}}}}, Mute()],
    ids=["text", "number", "list", "nested", "mute"],
)
def test_any_value_is_quoted_in_some_words(value: object) -> None:
    """A message quotes what it is about, whatever it is, and stays readable."""
    assert 0 < len(shown(value)) < 200
