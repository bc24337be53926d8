"""Programs named ``node`` and ``npm`` for a PATH without the real ones."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Serves one page, as dynamodb-admin does: it is called as `node -e CODE MARK SCRIPT --host H
# --port P --dynamo-endpoint E`.
SERVING = f"""#!{sys.executable}
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

if sys.argv[1:] == ["--version"]:
    sys.exit(print("v22.1.0"))
words = dict(zip(sys.argv[5::2], sys.argv[6::2]))
print("fake node for", words["--dynamo-endpoint"], flush=True)

class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<title>DynamoDB Admin</title>")

HTTPServer((words["--host"], int(words["--port"])), Page).serve_forever()
"""
ENDING = f"""#!{sys.executable}
import sys
if sys.argv[1:] == ["--version"]:
    sys.exit(print("v22.1.0"))
sys.exit("Error: Cannot find module 'express'")
"""
SILENT = f"""#!{sys.executable}
import sys, time
if sys.argv[1:] == ["--version"]:
    sys.exit(print("v22.1.0"))
time.sleep(600)
"""
INSTALLING = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
mkdir -p "$3/node_modules/dynamodb-admin/dist"
: > "$3/node_modules/dynamodb-admin/dist/dynamodb-admin.js"
"""


def versioned(version: str) -> str:
    """A Node.js that says its version and does nothing else."""
    return f"#!/bin/sh\necho {version}\n"


def put(folder: Path, name: str, text: str) -> Path:
    """Write an executable program ``name`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(text, encoding="utf-8")
    program.chmod(0o755)
    return program
