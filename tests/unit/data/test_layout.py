"""What a dump writes, member by member as AWS's developer guide describes an export."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.data import exports, layout

if TYPE_CHECKING:
    from pathlib import Path

ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/osem-dev-Teams"
BEGIN = datetime(2020, 11, 4, 7, 28, 34, 28000, timezone.utc)
END = datetime(2020, 11, 4, 7, 33, 43, 897000, timezone.utc)
ID = "01604474914028-a1b2c3d4"
LINES = {"00000.json.gz": 2, "00001.json.gz": 0}
# The guide's own example of a full export: its members, and the types of their values.
SUMMARY: dict[str, Any] = {
    "version": "2020-06-30",
    "exportArn": "arn:aws:dynamodb:us-east-1:123456789012:table/P/export/01693685827463-2d8752fd",
    "startTime": "2020-11-04T07:28:34.028Z",
    "endTime": "2020-11-04T07:33:43.897Z",
    "tableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/ProductCatalog",
    "tableId": "12345a12-abcd-123a-ab12-1234abc12345",
    "exportTime": "2020-11-04T07:28:34.028Z",
    "s3Bucket": "ddb-productcatalog-export",
    "s3Prefix": "2020-Nov",
    "s3SseAlgorithm": "AES256",
    "s3SseKmsKeyId": None,
    "manifestFilesS3Key": "AWSDynamoDB/01693685827463-2d8752fd/manifest-files.json",
    "billedSizeBytes": 0,
    "itemCount": 8,
    "outputFormat": "DYNAMODB_JSON",
    "exportType": "FULL_EXPORT",
}
FILE_MEMBERS = ("itemCount", "md5Checksum", "etag", "dataFileS3Key")


def item_line(number: int) -> bytes:
    """The line of an item."""
    return json.dumps({"Item": {"teamId": {"S": f"t-{number}"}}}).encode() + b"\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A complete dump of two items."""
    path = tmp_path / "Teams" / layout.ROOT / ID
    (path / layout.DATA).mkdir(parents=True)
    files = []
    for name, count in LINES.items():
        data = path / layout.DATA / name
        data.write_bytes(gzip.compress(b"".join(map(item_line, range(count)))))
        files.append(layout.data_file(data, count))
    facts = layout.Facts(
        id=ID,
        table_arn=ARN,
        table_id="12345a12-abcd-123a-ab12-1234abc12345",
        started=BEGIN,
        ended=END,
        size=1234,
        own={"table": "Teams", "environment": "dev", "masked": {"email": "hash"}},
    )
    layout.write(path, facts, files)
    return path


def test_the_summary_has_the_members_that_aws_documents(folder: Path) -> None:
    """No member is missing, each has the documented form, and only ``osem`` is our own."""
    summary = json.loads((folder / layout.SUMMARY).read_bytes())

    assert summary.keys() - SUMMARY.keys() == {"osem"}
    assert SUMMARY.keys() - summary.keys() == set()
    assert summary == {
        **SUMMARY,
        "exportArn": f"{ARN}/export/{ID}",
        "tableArn": ARN,
        # A folder of this machine is no bucket.
        "s3Bucket": None,
        "s3Prefix": None,
        "s3SseAlgorithm": None,
        "manifestFilesS3Key": f"AWSDynamoDB/{ID}/manifest-files.json",
        "billedSizeBytes": 1234,
        "itemCount": 2,
        "osem": summary["osem"],
    }


def test_the_file_manifest_is_a_line_for_each_data_file(folder: Path) -> None:
    """Members, MD5 in base64, the etag of an object of one part, and a key below the export."""
    lines = (folder / layout.FILES).read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]

    assert [tuple(entry) for entry in entries] == [FILE_MEMBERS] * 2
    for entry, (name, count) in zip(entries, LINES.items(), strict=True):
        digest = hashlib.md5((folder / layout.DATA / name).read_bytes(), usedforsecurity=False)
        assert entry == {
            "itemCount": count,
            "md5Checksum": base64.b64encode(digest.digest()).decode(),
            "etag": digest.hexdigest(),
            "dataFileS3Key": f"AWSDynamoDB/{ID}/data/{name}",
        }


@pytest.mark.parametrize("name", [layout.SUMMARY, layout.FILES])
def test_every_manifest_has_its_checksum(folder: Path, name: str) -> None:
    """The MD5 in base64, in a file beside it that ends in .checksum."""
    digest = hashlib.md5((folder / name).read_bytes(), usedforsecurity=False).digest()

    checksum = (folder / name).with_suffix(".checksum").read_text(encoding="ascii")

    assert checksum == base64.b64encode(digest).decode()


def test_an_id_is_in_the_form_of_aws() -> None:
    """14 digits of milliseconds and eight hexadecimal ones; a later one sorts later."""
    first, second = layout.new_id(BEGIN), layout.new_id(END)

    assert re.fullmatch(r"\d{14}-[0-9a-f]{8}", first)
    assert first < second


def test_what_is_written_is_read(folder: Path) -> None:
    """The facts, the files in order, and what only a dump knows."""
    export = exports.read(folder)

    exports.check(export)
    assert (export.table, export.declared, export.environment) == (
        "osem-dev-Teams",
        "Teams",
        "dev",
    )
    assert (export.id, export.items, export.exported) == (ID, 2, "2020-11-04T07:28:34.028Z")
    assert [(file.name, file.items) for file in export.files] == list(LINES.items())
    assert export.masked == {"email": "hash"}


@pytest.mark.parametrize(
    "key, name",
    [
        ("AWSDynamoDB/1-a/data/x.json.gz", "x.json.gz"),
        ("2020-Nov/AWSDynamoDB/1-a/data/x.json.gz", "x.json.gz"),
        ("../../data/../../etc/passwd", ""),
        ("/etc/passwd", ""),
        ("data/..", ""),
        ("data/", ""),
        ("", ""),
        ("x/data/C:evil", ""),
        ("x\\data\\evil", ""),
        ("AWSDynamoDB/1-a/manifest-files.json", ""),
    ],
)
def test_a_key_names_a_file_of_this_export_only(key: str, name: str) -> None:
    """A key leads to no other folder, whatever it says."""
    assert layout.file_name(key) == name
