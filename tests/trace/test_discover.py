"""The sessions on a computer: found by what they hold, the newest first, at a bounded cost."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.trace.helpers import record
from tract_nb import trace
from tract_nb.errors import TraceError

Write = Callable[..., Path]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "claude"))
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "codex"))
    return tmp_path


def at(path: Path, seconds: int) -> Path:
    os.utime(path, (seconds, seconds))
    return path


def test_the_usual_folders(home: Path, session: Write) -> None:
    side = {"isSidechain": True, "agentId": "aa"}
    old = session(
        record("user", "<command-name>/x</command-name>", "u0", None),
        record("user", "Fix\nthe  gauge", "u1", "u0"),
        name="claude/projects/-work-tide/s1.jsonl",
    )
    session(record("user", "x", "s1", None, **side), name="claude/projects/-work-tide/agent-aa.jsonl")
    session(
        record("user", "x", "s1", None, **side), name="claude/projects/-work-tide/s1/subagents/agent-bb.jsonl"
    )
    session(name="claude/projects/-work-tide/empty.jsonl")
    session(b"not a trace\n", name="claude/projects/-work-tide/odd.jsonl")
    new = session(
        {"timestamp": "2025", "type": "session_meta", "payload": {"id": "c0de", "cwd": "/code/boat"}},
        {"timestamp": "2025", "type": "event_msg", "payload": {"type": "user_message", "message": "Sail"}},
        name="codex/sessions/2025/03/01/rollout-1.jsonl",
    )
    session(
        {"type": "session_meta", "payload": {"id": "kid", "source": {"subagent": "review"}}},
        {"type": "event_msg", "payload": {"type": "user_message", "message": "Review"}},
        name="codex/sessions/2025/03/01/rollout-2.jsonl",
    )
    at(old, 1000), at(new, 2000)
    found = trace.sessions()
    frame = found.to_frame()
    assert frame[["n", "format", "project", "session", "prompt"]].values.tolist() == [
        [1, "codex", "boat", "c0de", "Sail"],
        [2, "claude_code", "tide", "5e55-0001", "Fix the gauge"],
    ]
    assert str(frame["time"][1]) == "1970-01-01 00:16:40+00:00"
    assert trace.read(found.path(2)).session_id == "5e55-0001"
    assert [event.text for event in trace.read(found.path(1)).events] == ["Sail"]
    with pytest.raises(TraceError, match="no session 3"):
        found.path(3)


def test_no_folders_no_sessions(home: Path) -> None:
    found = trace.sessions()
    assert len(found) == 0
    assert list(found.to_frame().columns) == [column.name for column in found.columns]


def test_only_the_beginning_of_a_file_is_read(session: Write, tmp_path: Path) -> None:
    path = session(*[record("user", "Hello " * 20, f"u{turn}", None) for turn in range(400)])
    with path.open("ab") as file:
        file.truncate(5_000_000_000)  # a file with a hole: reading it whole would take a while
    assert trace.sessions(tmp_path).to_frame()["size"].tolist() == [5_000_000_000]


def test_real_folders(traces: Path) -> None:
    frame = trace.sessions([traces / "claude_code", traces / "code_trace"]).to_frame()
    assert frame["format"].value_counts().to_dict() == {"claude_code": 7, "code_trace": 1}
    assert frame["time"].is_monotonic_decreasing
