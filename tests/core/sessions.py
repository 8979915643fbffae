"""Small Claude Code sessions, written record by record as the program writes them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.core.helpers import NINE

ID = "0b5e55ed-0000-4000-8000-00000000c0de"


@dataclass
class SessionFile:
    """A session under the pen: each record follows the one before, or the one that ``parent`` names."""

    id: str = ID
    agent: str | None = None
    start: datetime = NINE - timedelta(days=1)
    records: list[dict[str, Any]] = field(default_factory=list)
    last: str | None = None

    def write(self, path: Path) -> Path:
        """Write the session so far."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(record) + "\n" for record in self.records))
        return path

    def time(self, number: int) -> datetime:
        """Return the time of the n-th record, counted from 0."""
        return self.start + timedelta(seconds=10 * number)

    def add(self, kind: str, *, parent: str | None = "before", uuid: str | None = None, **fields: Any) -> str:
        """Add a record and return its uuid."""
        uuid = uuid or f"{self.agent or 'r'}-{len(self.records):04}"
        record = {
            "parentUuid": self.last if parent == "before" else parent,
            "isSidechain": self.agent is not None,
            "userType": "external",
            "cwd": "/home/ann/app",
            "sessionId": self.id,
            "version": "2.0.1",
            "gitBranch": "main",
            "type": kind,
            "uuid": uuid,
            "timestamp": self.time(len(self.records)).isoformat().replace("+00:00", "Z"),
            **fields,
        }
        if self.agent:
            record["agentId"] = self.agent
        self.records.append(record)
        self.last = uuid
        return uuid

    def user(self, content: Any, **fields: Any) -> str:
        return self.add("user", message={"role": "user", "content": content}, **fields)

    def assistant(
        self,
        *blocks: dict[str, Any] | str,
        message: str | None = None,
        usage: tuple[int, int] | None = None,
        **fields: Any,
    ) -> str:
        """Add a record of a reply; several with one ``message`` are one reply."""
        content = [{"type": "text", "text": block} if isinstance(block, str) else block for block in blocks]
        said: dict[str, Any] = {
            "id": message or f"msg_{len(self.records):04}",
            "type": "message",
            "role": "assistant",
            "model": "claude-sonnet-4-5",
            "content": content,
        }
        if usage is not None:
            said["usage"] = {
                "input_tokens": usage[0],
                "output_tokens": usage[1],
                "cache_read_input_tokens": 10,
            }
        return self.add("assistant", message=said, **fields)

    def result(self, call_id: str, content: Any, *, failed: bool = False, **fields: Any) -> str:
        block: dict[str, Any] = {"type": "tool_result", "tool_use_id": call_id, "content": content}
        if failed:
            block["is_error"] = True
        return self.user([block], **fields)

    def compact(self, text: str) -> str:
        """Add a compaction: its boundary and its summary."""
        self.add(
            "system",
            parent=None,
            logicalParentUuid=self.last,
            subtype="compact_boundary",
            content="Conversation compacted",
            compactMetadata={"trigger": "auto", "preTokens": 100_000},
        )
        return self.user(text, isCompactSummary=True, isVisibleInTranscriptOnly=True)


def use(call_id: str, name: str = "Read", **arguments: Any) -> dict[str, Any]:
    """Return a block that calls a tool."""
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


def plain() -> SessionFile:
    """Return a session of a question, a call with its result, and an answer."""
    session = SessionFile()
    session.user("What is in a.py?")
    session.assistant(
        {"type": "thinking", "thinking": "I should read it.", "signature": "s"}, message="msg_1", usage=(5, 2)
    )
    session.assistant("I read it.", message="msg_1", usage=(5, 2))
    session.assistant(use("toolu_1", file_path="/home/ann/app/a.py"), message="msg_1", usage=(5, 30))
    session.result("toolu_1", "x = 1")
    session.assistant("It sets x to 1.", usage=(50, 8))
    return session
