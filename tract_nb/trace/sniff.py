"""What a file is, by what stands in it; its name is not asked."""

from __future__ import annotations

import os
import re
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from tract_nb.errors import TraceError
from tract_nb.trace.json_lines import loads

Format = Literal["code_trace", "claude_code", "codex"]

KNOWN = "Known are Claude Code sessions (*.jsonl) and code_trace.md."
LISTED = "tract traces (or trace.sessions()) lists the sessions on this computer."

_HEAD = 1 << 16
#: the keys of a record up to the first that holds more than a word
_FIRST_KEYS = re.compile(rb'\{(?:\s*"[^"\\]*"\s*:\s*(?:"(?:[^"\\]|\\.)*"|[\w.+-]+)\s*,)*')
_CODE_TRACE = b"# Conversation Trace"
#: records of Claude Code that carry neither a session nor a message
_CLAUDE_TYPES = {"summary", "file-history-snapshot", "queue-operation", "permission-mode", "last-prompt"}


def place_of(path: str | PathLike[str]) -> Path:
    """Return what a person called a path as one.

    Raises
    ------
    TraceError
        If it is empty, which is not the current folder, or names nobody's home.
    """
    if not os.fspath(path):
        raise TraceError("The path is empty.", f'The current folder is ".". {LISTED}')
    try:
        return Path(path).expanduser()
    except RuntimeError as nobody:
        raise TraceError(f"{path}: No such folder.", LISTED) from nobody


def recognise(path: Path) -> Format:
    """Return the format of a file.

    Raises
    ------
    TraceError
        If it is empty, binary, or nothing that is known here.
    """
    head = head_of(path)
    if not head.strip():
        raise TraceError("The file is empty.", KNOWN, path=path)
    if b"\0" in head:
        raise TraceError("The file is binary, not a trace.", KNOWN, path=path)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(_CODE_TRACE):
        return "code_trace"
    for record in head_records(head):
        if is_claude(record):
            return "claude_code"
        if "payload" in record and "type" in record:
            return "codex"
    # one line longer than what was looked at, or cut off: its first keys still tell
    first = _FIRST_KEYS.match(text.partition(b"\n")[0])
    if first is not None:
        keys = first[0]
        if b'"parentUuid":' in keys or (b'"sessionId":' in keys and b'"type":' in keys):
            return "claude_code"
        if b'"type":' in keys and text.startswith(b'"payload":', first.end()):
            return "codex"
    if text.startswith((b"{", b"[")):
        raise TraceError("JSON, but of no shape that this version reads.", KNOWN, path=path)
    raise TraceError("Not a trace of a known format.", KNOWN, path=path)


def head_of(path: Path, size: int = _HEAD) -> bytes:
    """Return the beginning of a file."""
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as trouble:
        raise TraceError(
            f"The file cannot be read ({trouble.strerror}).", f"Is it yours to read? {LISTED}", path=path
        ) from trouble


def head_records(head: bytes) -> list[dict[str, Any]]:
    """Return the JSON objects that stand whole at the beginning of a file, one a line."""
    records = []
    for line in head.removeprefix(b"\xef\xbb\xbf").splitlines():
        try:
            record, _ = loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            records.append(record)
    return records


def is_claude(record: dict[str, Any]) -> bool:
    """Tell whether a record is one of Claude Code's."""
    if not isinstance(record.get("type"), str):
        return False
    return (
        "sessionId" in record or ("uuid" in record and "message" in record) or record["type"] in _CLAUDE_TYPES
    )
