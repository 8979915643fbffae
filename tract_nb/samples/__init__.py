"""The samples: a session in which a coding agent adds a CSV export to a tide-table service.

A made-up session in Claude Code's own format, with what real sessions have: a rewind, a compaction,
three subagents, failing tests, an edit that did not fit, a rejected and an unanswered call, and two
secrets (made up too) in a file that the agent read. Beside it two training samples, made-up too: the same
session with how it was judged, and a shorter one that went less well.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

PROJECT = "-home-mara-src-tidepool"
SESSION = "5f0c2b1e-7a44-4d0b-9c3e-2d6a81f4b907"


def path() -> Path:
    """Return the sample session's file, the project folder of a Claude Code user around it."""
    return Path(str(files(__name__))) / PROJECT / f"{SESSION}.jsonl"


def training() -> Path:
    """Return the folder of the training samples; summaries are written into it, so copy it first."""
    return Path(str(files(__name__))) / "training"
