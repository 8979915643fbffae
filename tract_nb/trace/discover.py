"""The sessions on this computer, without reading them whole."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

from tract_nb.errors import TraceError
from tract_nb.model.table import UTC as UTC_DTYPE
from tract_nb.model.table import Column, Table
from tract_nb.trace.formats.claude_blocks import is_typed
from tract_nb.trace.gather import one_line
from tract_nb.trace.head import head_of, head_records, place_of
from tract_nb.trace.registry import recognise

_HEAD = 1 << 16  # bytes that are read of each file
_PROMPT = 80
_IGNORED = {"subagents"}


class Sessions(Table):
    """Sessions found on this computer, the newest first."""

    columns: ClassVar[tuple[Column, ...]] = (
        Column("n", "int64", "the row's number, counted from 1; names the session in `%tract import`"),
        Column("time", UTC_DTYPE, "when the file was last written"),
        Column("format", "str", "claude_code, code_trace, codex or another that `trace.sniff` tells"),
        Column("project", "str", "the folder that the session ran in, its last part"),
        Column("session", "str", "the session's id"),
        Column("size", "int64", "of the file, in bytes"),
        Column(
            "prompt", "str", "the first thing that was asked, on one line; missing if not near the beginning"
        ),
        Column("path", "str", "the file"),
    )

    def path(self, n: int) -> Path:
        """Return the file of row ``n``, counted from 1."""
        if not 1 <= n <= len(self.rows):
            raise TraceError(
                f"There is no session {n}; {len(self.rows)} are listed.",
                "Numbers count from 1, newest first.",
            )
        return Path(self.rows[n - 1][-1])


def sessions(folders: str | PathLike[str] | Iterable[str | PathLike[str]] | None = None) -> Sessions:
    """List the sessions under some folders, the newest first.

    Of each file only the beginning is read. Empty files and subagents' files are left out.

    Parameters
    ----------
    folders : path or iterable of path, optional
        Where to look, at any depth; by default where Claude Code and Codex keep theirs
        (``$CLAUDE_CONFIG_DIR/projects`` or ``~/.claude/projects``, ``$CODEX_HOME/sessions`` or
        ``~/.codex/sessions``). Folders that do not exist hold nothing.
    """
    if folders is None:
        places = _usual_folders()
    elif isinstance(folders, (str, PathLike)):
        places = [place_of(folders)]
    else:
        places = [place_of(folder) for folder in folders]
    found = {path: status for place in places for path, status in _files(place)}
    newest = sorted(found, key=lambda path: (-found[path].st_mtime_ns, str(path)))
    rows = [row for path in newest if (row := _row(path, found[path])) is not None]
    return Sessions(tuple((number, *row) for number, row in enumerate(rows, 1)))


def _usual_folders() -> list[Path]:
    claude = Path(os.environ.get("CLAUDE_CONFIG_DIR") or Path.home() / ".claude")
    codex = Path(os.environ.get("CODEX_HOME") or Path.home() / ".codex")
    return [claude / "projects", codex / "sessions"]


def _files(place: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield what may be a session: files that are not empty, with their state."""
    for pattern in ("*.jsonl", "code_trace.md"):
        for path in place.rglob(pattern):
            if _IGNORED.intersection(path.parts):
                continue
            try:
                status = path.stat()
            except OSError:
                continue  # gone since it was listed, or not ours to look at
            if status.st_size and path.is_file():
                yield path, status


def _row(path: Path, status: os.stat_result) -> tuple[Any, ...] | None:
    """Return what is listed of a file; None for one that is no session."""
    try:
        found = recognise(path)[0].name
        records = head_records(head_of(path, _HEAD)) if found != "code_trace" else []
    except TraceError:
        return None
    said: dict[str, str] = {}
    for record in records:
        if record.get("isSidechain") and "session" not in said:
            return None  # a subagent's own file, which comes with its session
        payload = record.get("payload")
        for source in (record, payload if isinstance(payload, dict) else {}):
            for key, name in (("sessionId", "session"), ("cwd", "folder")):
                if isinstance(source.get(key), str):
                    said.setdefault(name, source[key])
        if isinstance(payload, dict) and record.get("type") == "session_meta":
            if isinstance(payload.get("source"), dict) and "subagent" in payload["source"]:
                return None  # likewise
            said.setdefault("session", str(payload.get("id")))
        if "prompt" not in said and (prompt := _prompt(record)):
            said["prompt"] = one_line(prompt, _PROMPT)
    time = datetime.fromtimestamp(status.st_mtime, UTC)
    folder = said.get("folder") or str(path.parent)
    project = folder.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return (
        *(time, found, project, said.get("session") or path.stem, status.st_size),
        *(said.get("prompt"), str(path)),
    )


def _prompt(record: dict[str, Any]) -> str | None:
    """Return what a person said in a record, if it is one in which a person spoke."""
    if record.get("isMeta") or record.get("isCompactSummary") or record.get("isSidechain"):
        return None
    payload = record.get("payload")
    if isinstance(payload, dict):
        said = payload.get("message") if payload.get("type") == "user_message" else None
        return said if isinstance(said, str) else None
    message = record.get("message")
    if record.get("type") != "user" or not isinstance(message, dict):
        return None
    content = message.get("content")
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    texts = [
        block.get("text") for block in blocks or () if isinstance(block, dict) and block.get("type") == "text"
    ]
    typed = [text for text in texts if isinstance(text, str) and text.strip() and is_typed(text)]
    return " ".join(typed) or None
