"""The line that stands where a tool's output was masked: what stood there, and how to know it again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from tract_nb.model.commit import preview

LONG = 1_000  # tokens from which a text that no tool gave is masked too
KEEP_LAST = 10  # units at the end that masking leaves whole
ARGUMENTS, FAILURE = 80, 120  # characters of them in the line

_FAILS = re.compile(r"error|exception|fail|fatal|denied|not found|traceback", re.IGNORECASE)


def mask_line(name: str, about: str, status: str, output: str, tokens: int) -> str:
    """Return the line that would stand for a tool's output.

    Parameters
    ----------
    name, about : str
        The tool, and what its call was about.
    status : str
        ``success``, or how it failed.
    output : str
        The output's effective text.
    tokens : int
        How many tokens that has.
    """
    called = " ".join(part for part in (name or "tool", preview(about, ARGUMENTS)) if part)
    outcome = "" if status == "success" else f", {status}{_failure(output)}"
    return f"[{called}{outcome}: {tokens:,} tokens left out, sha256 {digest(output)}]"


def text_line(what: str, text: str, tokens: int) -> str:
    """Return the line that would stand for a long text that no tool gave.

    Parameters
    ----------
    what : str
        What it is: its role or type, with what its kind says.
    text : str
        The effective text, of which the beginning is quoted.
    tokens : int
        How many tokens it has.
    """
    return f"[{what} ({preview(text, FAILURE)}): {tokens:,} tokens left out, sha256 {digest(text)}]"


def digest(text: str) -> str:
    """Return by what a line says which text it stands for."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def telling_line(output: str, most: int = FAILURE) -> str:
    """Return the line of an output that says best what failed; empty where it says nothing."""
    lines = [line for line in output[-20_000:].splitlines() if line.strip()]
    telling = next((line for line in reversed(lines) if _FAILS.search(line)), lines[-1] if lines else "")
    return preview(telling, most)


def _failure(output: str) -> str:
    telling = telling_line(output)
    return f" ({telling})" if telling else ""


def file_of(arguments: Mapping[str, Any]) -> str | None:
    """Return the file that a call is about; None where its arguments name none."""
    for name in ("file_path", "path", "notebook_path"):
        value = arguments.get(name)
        if isinstance(value, str) and value.strip():
            return value
    return None
