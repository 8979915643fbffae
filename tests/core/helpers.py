"""What the tests of the core share: a frozen clock, other processes, and small looks into a tract."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tract_nb import Tract
from tract_nb.model.event import Event

ROOT = Path(__file__).resolve().parents[2]
NINE = datetime(2026, 4, 1, 9, tzinfo=UTC)


def frozen() -> datetime:
    """Return the same time whenever it is asked."""
    return NINE


def texts(tract: Tract, at: str | None = None) -> list[str]:
    """Return what compiles, as texts."""
    return [message.text for message in tract.compile(at).messages]


def count(tract: Tract, table: str) -> int:
    """Return the number of rows of a table."""
    found = tract._ws.db.one(f'SELECT count(*) FROM "{table}"')  # noqa: S608  names of our own
    assert found is not None
    return int(found[0])


def written(tract: Tract) -> dict[str, int]:
    """Return how much the database holds of everything that a verb can write."""
    return {table: count(tract, table) for table in ("blob", "commit", "target", "op", "op_ref", "ref")}


def environment() -> dict[str, str]:
    """Return the environment of a child that imports the package from this checkout."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def start_python(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start another Python process; its output can be read line by line."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def run_python(code: str, *arguments: object) -> str:
    """Run another Python process to its end and return what it printed."""
    child = start_python(code, *arguments)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 0, err
    return out


@dataclass
class MadeAgent:
    """A subagent of a made-up trace."""

    id: str
    events: list[Event]
    call: str | None = None


@dataclass
class MadeTrace:
    """A trace that is only events; conforms to ``Recording``."""

    events: Iterable[Event]
    session_id: str = "5e551011-0000-4000-8000-000000000001"
    format: str = "made_up"
    metadata: Mapping[str, Any] = field(default_factory=dict)
    agents: Mapping[str, MadeAgent] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)


class Reread(Iterable[Event]):
    """Events that a function yields anew at each reading; it is told the number of the reading."""

    def __init__(self, read: Any) -> None:
        self._read = read
        self.readings = 0

    def __iter__(self) -> Iterator[Event]:
        self.readings += 1
        yield from self._read(self.readings)
