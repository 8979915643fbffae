"""Where a Codex session's files lie: its own, and those of the subagents it started, side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from tract_nb.errors import TraceError
from tract_nb.trace.head import Head, head_of
from tract_nb.trace.json_lines import lines_of, utc

_SUBAGENT = b'"subagent"'
_TIMESTAMP = re.compile(rb'"timestamp":\s*"([0-9T:.+Z-]+)"')
_APART = 5.0  # seconds between a review's beginning and its subagent's
_LOOKED_AT = 2000  # files of a folder at the most


class Child(NamedTuple):
    """A subagent's file."""

    id: str
    path: Path
    kind: str
    began: datetime | None
    parent: str | None  # the session that started it, where the file says so

    def began_with(self, time: datetime | None) -> bool:
        """Tell whether it began when something else did."""
        if self.parent is not None or self.began is None or time is None:
            return False
        return abs((self.began - time).total_seconds()) <= _APART


def read_metadata(path: Path) -> dict[str, Any]:
    """Return what the first records say of a session: id, folder, branch, version, model."""
    head = Head(path, head_of(path))
    found: dict[str, Any] = {}
    for record in head.records or [head.members]:
        payload = record.get("payload")
        bare = "payload" not in record and "id" in record and "timestamp" in record
        said = payload if type(payload) is dict else record if bare else {}
        if record.get("type") == "session_meta" or bare:
            git = said.get("git") if type(said.get("git")) is dict else {}
            named = {
                "session_id": said.get("id"),
                "cwd": said.get("cwd"),
                "branch": git.get("branch"),  # type: ignore[union-attr]
                "version": said.get("cli_version"),
                "timestamp": said.get("timestamp"),
            }
            subagent = said["source"].get("subagent") if type(said.get("source")) is dict else None
            if subagent is not None and "session_id" not in found:
                found |= {"agent": str(said.get("id") or path.stem), "agent_type": _kind(subagent)}
                named["parent"] = _parent(subagent) or said.get("parent_thread_id")
            # a session that was resumed or forked may hold the records of the one before it
            found = {key: value for key, value in named.items() if value and type(value) is str} | found
        elif record.get("type") == "turn_context":
            for key in ("cwd", "model"):
                if type(said.get(key)) is str:
                    found.setdefault(key, said[key])
    return found


def _kind(subagent: Any) -> str:
    if type(subagent) is dict:
        spawned = subagent.get("thread_spawn")
        role = spawned.get("agent_role") if type(spawned) is dict else None
        return str(role or next(iter(subagent), "subagent"))
    return str(subagent)


def _parent(subagent: Any) -> str | None:
    spawned = subagent.get("thread_spawn") if type(subagent) is dict else None
    parent = spawned.get("parent_thread_id") if type(spawned) is dict else None
    return parent if type(parent) is str else None


def children(path: Path, own: dict[str, Any]) -> list[Child]:
    """Return the subagents that a session started: those that name it, and reviews that began in it.

    Parameters
    ----------
    path : pathlib.Path
        The session's file; subagents' lie in its folder.
    own : dict
        What :func:`read_metadata` returns of it.
    """
    found = []
    if "agent" in own:
        return []
    for beside in _beside(path):
        said = _subagent(beside)
        if said is None:
            continue
        parent = said.get("parent")
        review = parent is None and said.get("cwd") == own.get("cwd") and said.get("agent_type") == "review"
        if (parent is not None and parent == own.get("session_id")) or (review and _reviews(path, said)):
            found.append(Child(said["agent"], beside, said["agent_type"], utc(said.get("timestamp")), parent))
    return sorted(found, key=lambda child: (str(child.began), child.id))


def _subagent(path: Path) -> dict[str, Any] | None:
    """Return what a file says of itself, if it is a subagent's."""
    try:
        status = path.stat()
        return _subagent_as_of(path, status.st_size, status.st_mtime_ns)
    except (TraceError, OSError):
        return None  # gone, or not ours to read


@lru_cache(maxsize=10_000)
def _subagent_as_of(path: Path, _size: int, _time: int) -> dict[str, Any] | None:
    """Return the same, remembered while the file stays as it is: every session beside it asks."""
    if _SUBAGENT not in head_of(path):
        return None
    said = read_metadata(path)
    return said if "agent" in said else None


def _beside(path: Path) -> Iterator[Path]:
    files = sorted(path.parent.glob("*.jsonl"))[:_LOOKED_AT]
    return (file for file in files if file != path and file.is_file() and file.stat().st_size)


def _reviews(path: Path, said: dict[str, Any]) -> bool:
    """Tell whether a review began in a session when its subagent did."""
    child = Child("", path, "", utc(said.get("timestamp")), None)
    with path.open("rb") as file:
        for line in lines_of(file):
            if b'"entered_review_mode"' in line:
                stamp = _TIMESTAMP.search(line)
                if stamp is not None and child.began_with(utc(stamp[1].decode())):
                    return True
    return False
