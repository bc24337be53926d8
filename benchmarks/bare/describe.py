"""Describe the tables of a JSON file one after another. No comparison, no output."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import boto3

client = boto3.client(
    "dynamodb",
    endpoint_url=sys.argv[1],
    region_name="us-east-1",
    aws_access_key_id="local",
    aws_secret_access_key="local",
)
for request in json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")):
    client.describe_table(TableName=request["TableName"])
