"""Hand-written traces, one for each trap."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def record(kind: str, content: Any, uuid: str, parent: str | None, **more: Any) -> dict[str, Any]:
    """Return a record of Claude Code's, true to the format where a test does not say otherwise."""
    message: dict[str, Any] = {"role": kind, "content": content}
    if kind == "assistant":
        message |= {"id": more.pop("message_id", f"msg_{uuid}"), "model": "claude-x", "type": "message"}
        message["usage"] = more.pop("usage", {"input_tokens": 3, "output_tokens": 5})
    return {
        "parentUuid": parent,
        "isSidechain": False,
        "cwd": "/code/tide",
        "sessionId": "5e55-0001",
        "version": "2.1.0",
        "gitBranch": "main",
        "type": kind,
        "message": message,
        "uuid": uuid,
        "timestamp": "2025-03-01T10:00:00.000Z",
        **more,
    }


def call(name: str, call_id: str, **arguments: Any) -> list[dict[str, Any]]:
    return [{"type": "tool_use", "id": call_id, "name": name, "input": arguments}]


def result(call_id: str, content: Any, *, failed: bool = False) -> list[dict[str, Any]]:
    block = {"type": "tool_result", "tool_use_id": call_id, "content": content}
    return [{**block, "is_error": True} if failed else block]


@pytest.fixture
def session(tmp_path: Path) -> Callable[..., Path]:
    """Write records (or raw lines) as a session and return its path."""

    def write(*records: dict[str, Any] | bytes, name: str = "5e55-0001.jsonl") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [
            line if isinstance(line, bytes) else json.dumps(line, separators=(",", ":")).encode() + b"\n"
            for line in records
        ]
        path.write_bytes(b"".join(lines))
        return path

    return write


TOP = """# Conversation Trace

## Session Metadata

- **Session ID**: 0a0a-1b1b
- **Command**: code
- **Timestamp**: 2025-03-01T09:00:00
- **Worktree**: /code/tide
- **Git Branch**: gauge

## Main Conversation

"""


def said(role: str, body: str, seconds: int = 0) -> str:
    return f"\n\n### [2025-03-01T10:00:{seconds:02}.000Z] {role}\n\n{body}\n"


@pytest.fixture
def markdown(tmp_path: Path) -> Callable[..., Path]:
    """Write messages as a code_trace.md and return its path."""

    def write(*parts: str, line_end: str = "\n") -> Path:
        path = tmp_path / "sample" / "code_trace.md"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes((TOP + "".join(parts)).replace("\n", line_end).encode())
        return path

    return write
