"""What the tests of summaries share: a model on loopback, hand-written traces, a cache of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.llm.conftest import _connections, _no_settings, config, llm, server, waits
from tests.trace.helpers import call, markdown, said, session

__all__ = ["_connections", "_no_settings", "call", "config", "llm", "markdown", "server", "session", "waits"]

FINDING = "The cache is never invalidated when a tide table changes on disk."


@pytest.fixture(autouse=True)
def cache(_no_settings: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRACT_NB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def reviewed(markdown) -> Path:
    """A trace in which a subagent reviews, and the main agent answers."""
    path: Path = markdown(
        said("User", "Please review\nthe cache of the   tide tables."),
        said("Assistant", 'I ask a reviewer.\n\n**Tool: Task**\n```json\n{"prompt": "Review"}\n```', 1),
        said("User", f"**Tool Result** (ID: t1)\n```\n[{{'type': 'text', 'text': '{FINDING}'}}]\n```", 2),
        said("Assistant", "I invalidate it by the file's time now.", 3),
        "\n\n## Subagent: agent-aa11\n",
        said("Assistant", FINDING, 4),
    )
    return path
