"""Exports that are found, and manifests and data files that are refused in a sentence."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.data import exports, layout, lines
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ITEM = b'{"Item":{"id":{"S":"a"}}}\n'


def export_in(folder: Path, content: bytes | None = None, items: int = 1, **summary: Any) -> Path:
    """An export as AWS writes it, with these members of the summary; None takes one out."""
    data = folder / layout.DATA
    data.mkdir(parents=True, exist_ok=True)
    (data / "f.json.gz").write_bytes(gzip.compress(ITEM) if content is None else content)
    digest = hashlib.md5((data / "f.json.gz").read_bytes(), usedforsecurity=False).digest()
    entry = {
        "itemCount": items,
        "md5Checksum": base64.b64encode(digest).decode(),
        "etag": f"{digest.hex()}-1",
        "dataFileS3Key": f"pre/AWSDynamoDB/{folder.name}/data/f.json.gz",
    }
    (folder / layout.FILES).write_text(json.dumps(entry) + "\n")
    members = {
        "version": "2020-06-30",
        "tableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/Orders",
        "exportTime": "2020-11-04T07:28:34.028Z",
        "itemCount": items,
        "outputFormat": "DYNAMODB_JSON",
        **summary,
    }
    told = {name: value for name, value in members.items() if value is not None}
    (folder / layout.SUMMARY).write_text(json.dumps(told))
    return folder


def read(folder: Path) -> list[Any]:
    """The items of an export, read as a load reads them."""
    export = exports.read(folder)
    exports.check(export)
    return [read.item for read in lines.items(export)]


def test_what_aws_exported_is_read(tmp_path: Path) -> None:
    """Manifests with AWS's members only, a prefix in the key, an etag of several parts."""
    assert read(export_in(tmp_path / "1-a")) == [{"id": {"S": "a"}}]


@pytest.mark.parametrize("ending", [".md5", ".checksum"])
@pytest.mark.parametrize("form", ["base64", "hex"])
def test_checksums_of_manifests_are_checked(tmp_path: Path, ending: str, form: str) -> None:
    """Whatever their name and form; a manifest that was changed after it is refused."""
    folder = export_in(tmp_path / "1-a")
    digest = hashlib.md5((folder / layout.SUMMARY).read_bytes(), usedforsecurity=False)
    texts = {"base64": base64.b64encode(digest.digest()).decode(), "hex": digest.hexdigest()}
    (folder / layout.SUMMARY).with_suffix(ending).write_text(texts[form] + "\n")
    assert len(read(folder)) == 1

    (folder / layout.SUMMARY).write_text((folder / layout.SUMMARY).read_text() + " ")

    with pytest.raises(OsemError, match="does not fit its checksum"):
        read(folder)


@pytest.mark.parametrize(
    "below", ["", "Orders/AWSDynamoDB", "AWSDynamoDB", "a/b/Orders/AWSDynamoDB"]
)
def test_exports_are_found_where_a_sync_puts_them(tmp_path: Path, below: str) -> None:
    """In the folder itself, in that of a table, and under the prefix of a bucket."""
    folder = export_in(tmp_path / below / "1-a")

    assert exports.find(tmp_path) == [folder]
    assert exports.find(folder) == [folder]


def damage(name: str, content: bytes) -> Callable[[Path], object]:
    """A change that replaces a file of the export."""
    return lambda folder: (folder / name).write_bytes(content)


DATA = "data/f.json.gz"


def linked(folder: Path) -> None:
    """The data file is elsewhere, and a link leads to it."""
    (folder / DATA).rename(folder / "elsewhere")
    (folder / DATA).symlink_to(folder / "elsewhere")


def foldered(folder: Path) -> None:
    """A folder has the data file's name."""
    (folder / DATA).unlink()
    (folder / DATA).mkdir()


CASES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a summary that is no JSON": (damage(layout.SUMMARY, b"{"), "manifest-summary.json is no JSON"),
    "a summary that is a list": (damage(layout.SUMMARY, b"[]"), "has no JSON object"),
    "a summary nested without end": (damage(layout.SUMMARY, b"[" * 100_000), "is no JSON"),
    "no table": (lambda folder: export_in(folder, tableArn=None), "has no usable tableArn"),
    "a table that is a number": (lambda folder: export_in(folder, tableArn=1), "usable tableArn"),
    "no count": (lambda folder: export_in(folder, itemCount=None), "has no usable itemCount"),
    "a count that is true": (lambda folder: export_in(folder, itemCount=True), "usable itemCount"),
    "another count": (lambda folder: export_in(folder, itemCount=2), "says 2 items"),
    "ION": (lambda folder: export_in(folder, outputFormat="ION"), "is in the format 'ION'"),
    "an incremental export": (
        lambda folder: export_in(folder, exportType="INCREMENTAL_EXPORT"),
        "incremental export, which holds changes",
    ),
    "no list of files": (
        lambda folder: (folder / layout.FILES).unlink(),
        "files.json cannot be read",
    ),
    "a list of files that is none": (damage(layout.FILES, b"x"), "is no JSON in line 1"),
    "a file elsewhere": (
        damage(layout.FILES, b'{"itemCount":1,"dataFileS3Key":"../../../etc/passwd"}'),
        "names no data file of this export in line 1",
    ),
    "a file twice": (
        lambda folder: (folder / layout.FILES).write_text((folder / layout.FILES).read_text() * 2),
        "names no data file of this export in line 2",
    ),
    "a checksum that is none": (
        damage(
            layout.FILES, b'{"itemCount":1,"md5Checksum":"?","dataFileS3Key":"x/data/f.json.gz"}'
        ),
        "wrong count or checksum in line 1",
    ),
    "fewer than no items": (
        damage(layout.FILES, b'{"itemCount":-1,"dataFileS3Key":"x/data/f.json.gz"}'),
        "wrong count or checksum in line 1",
    ),
    "no data file": (lambda folder: (folder / DATA).unlink(), "is missing, though"),
    "a data file that was changed": (
        damage(DATA, gzip.compress(b"{}")),
        "is not as it was written",
    ),
    "a data file that was cut": (
        lambda folder: (folder / DATA).write_bytes((folder / DATA).read_bytes()[:-4]),
        "is not as it was written",
    ),
    "a link for a data file": (linked, "is no plain file"),
    "a folder for a data file": (foldered, "is no plain file"),
    # From here on, the manifest says that all is well.
    "no gzip file": (lambda folder: export_in(folder, ITEM), "is no gzip file, or damaged"),
    "half a gzip file": (
        lambda folder: export_in(folder, gzip.compress(ITEM)[:-4]),
        "it is cut: its gzip stream does not end",
    ),
    "a line that is none": (
        lambda folder: export_in(folder, gzip.compress(ITEM + b"x\n"), 2),
        "line 2 is no JSON",
    ),
    "fewer lines": (
        lambda folder: export_in(folder, gzip.compress(ITEM), 2),
        "it has 1 items; the manifest says 2",
    ),
    "more lines": (
        lambda folder: export_in(folder, gzip.compress(ITEM * 3), 2),
        "it has 3 items; the manifest says 2",
    ),
    "a line without end": (
        lambda folder: export_in(folder, gzip.compress(b"[" * (17 << 20)), 1),
        "has a line of more than",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_damaged_export_is_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    """What was cut, edited or exchanged is named, with its file and what to do."""
    change, message = CASES[name]
    folder = export_in(tmp_path / "1-a")
    change(folder)

    with pytest.raises(OsemError, match=message) as caught:
        read(folder)

    assert str(folder) in caught.value.message
    assert caught.value.code is ErrorCode.INVALID_CONFIGURATION
    assert caught.value.remediation


def test_an_unfinished_dump_is_told_from_nothing(tmp_path: Path) -> None:
    """A dump without its last manifest says that it is not complete."""
    (export_in(tmp_path / "1-a") / layout.SUMMARY).unlink()

    with pytest.raises(OsemError, match="is not complete"):
        exports.find(tmp_path)


@pytest.mark.parametrize("name", ["absent", "file", "empty"])
def test_a_folder_without_an_export_is_refused(tmp_path: Path, name: str) -> None:
    """One that is not there, one that is a file, and one that holds something else."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()

    with pytest.raises(OsemError, match=r"cannot be read|holds no export"):
        exports.find(tmp_path / name)


def test_lines_are_read_file_by_file_and_some_can_be_left_out(tmp_path: Path) -> None:
    """What an earlier run has written is not even decoded; empty lines do not count."""
    content = gzip.compress(b"x\n\n" + ITEM + b"\r\n" + ITEM)
    export = exports.read(export_in(tmp_path / "1-a", content, 3))

    found = list(lines.items(export, {0: 1}))

    assert [(read.file, read.line) for read in found] == [(0, 2), (0, 3)]


@pytest.mark.parametrize("ends", [b"\n", b""])
def test_a_file_without_gzip_is_read_too(tmp_path: Path, ends: bytes) -> None:
    """Also without an end of its last line."""
    path = tmp_path / "f.json"
    path.write_bytes(ITEM + ITEM.strip() + ends)

    assert list(lines.lines(path)) == [ITEM.strip(), ITEM.strip()]
