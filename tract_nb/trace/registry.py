"""Which formats there are, and which one a file has.

Other packages add theirs as entry points of the group ``tract_nb.trace_formats``, each naming a
:class:`Format`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from os import PathLike
from pathlib import Path

from tract_nb.errors import TraceError, TractWarning, UnknownFormatError
from tract_nb.trace.formats import (
    anthropic_messages,
    claude_layout,
    code_trace,
    codex,
    inspect_log,
    langfuse,
    openai_chat,
    swe_agent,
)
from tract_nb.trace.head import LISTED, Head, head_of, place_of
from tract_nb.trace.recording import Source

GROUP = "tract_nb.trace_formats"


@dataclass(frozen=True, slots=True)
class Format:
    """A format of traces.

    Parameters
    ----------
    name : str
        One word, lower case; stands in ``Trace.format``.
    about : str
        What its files are, a few words.
    why : callable
        Returns of a file's head why it is one of these, as a short sentence; None where it is not.
    open : callable
        Returns the :class:`~tract_nb.trace.recording.Source` of a path, and of the name of a part
        (None for the first) where a file holds several conversations.
    parts : callable, optional
        Returns the names of the conversations in a file that may hold several; none where it is one.
    """

    name: str
    about: str
    why: Callable[[Head], str | None]
    open: Callable[[Path, str | None], Source]
    parts: Callable[[Path], list[str]] | None = None


#: asked in this order
BUILT_IN = (
    Format("code_trace", "code_trace.md", code_trace.why, lambda path, _: code_trace.CodeTrace(path)),
    Format(
        "claude_code",
        "Claude Code sessions",
        claude_layout.why,
        lambda path, _: claude_layout.ClaudeSession(path),
    ),
    Format("codex", "Codex rollouts", codex.why, lambda path, _: codex.Rollout(path)),
    Format("langfuse", "Langfuse exports", langfuse.why, lambda path, _: langfuse.Export(path)),
    Format("inspect", "Inspect logs", inspect_log.why, inspect_log.InspectLog, inspect_log.parts),
    Format("swe_agent", "SWE-agent trajectories", swe_agent.why, lambda path, _: swe_agent.Trajectory(path)),
    Format(
        "anthropic_messages",
        "Anthropic messages",
        anthropic_messages.why,
        anthropic_messages.Messages,
        openai_chat.parts,
    ),
    Format("openai_chat", "OpenAI chats", openai_chat.why, openai_chat.Chat, openai_chat.parts),
)
KNOWN = f"Known are {', '.join(one.about for one in BUILT_IN[:-1])} and {BUILT_IN[-1].about}."


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What a file is.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    format : str
        The format's name.
    about : str
        What files of this format are.
    why : str
        What in it says so.
    """

    path: Path
    format: str
    about: str
    why: str

    def __repr__(self) -> str:
        return f"{self.path.name}: {self.format} ({self.about}): {self.why}"


@cache
def added() -> tuple[Format, ...]:
    """Return the formats of other packages; one that cannot be loaded is warned of and left out."""
    found: list[Format] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        try:
            made = entry.load()
        except Exception as trouble:  # noqa: BLE001  another package's module may raise anything
            warnings.warn(
                f"The trace format {entry.name} cannot be loaded: {trouble}", TractWarning, stacklevel=2
            )
            continue
        if isinstance(made, Format):
            found.append(made)
        else:
            warnings.warn(f"The trace format {entry.name} is no Format: {made!r}", TractWarning, stacklevel=2)
    return tuple(found)


def recognise(path: Path) -> tuple[Format, str]:
    """Return the format of a file, and what in it says so.

    Raises
    ------
    UnknownFormatError
        If it is empty, binary, or nothing that is known here.
    TraceError
        If it cannot be read.
    """
    head = Head(path, head_of(path))
    if not head.data.strip():
        raise UnknownFormatError("The file is empty.", KNOWN, path=path)
    for formats in (lambda: BUILT_IN, added):
        for one in formats():
            reason = one.why(head)
            if reason is not None:
                return one, reason
    if b"\0" in head.data and not head.is_zip:
        raise UnknownFormatError("The file is binary, not a trace.", KNOWN, path=path)
    if head.is_zip:
        raise UnknownFormatError("An archive, but no log of Inspect's.", KNOWN, path=path)
    if head.text.startswith((b"{", b"[")):
        raise UnknownFormatError("JSON, but of no shape that this version reads.", KNOWN, path=path)
    raise UnknownFormatError("Not a trace of a known format.", KNOWN, path=path)


def sniff(path: str | PathLike[str]) -> Sniffed:
    """Say what a file is and why, without reading it whole.

    Parameters
    ----------
    path : str or path-like
        A file.

    Returns
    -------
    Sniffed
        With ``.format`` and ``.why``.

    Raises
    ------
    TraceError
        If it is no trace of a known format, saying what it is instead.
    """
    place = place_of(path)
    if place.is_dir():
        raise TraceError("A folder, not a file.", LISTED, path=place)
    found, why = recognise(place)
    return Sniffed(place, found.name, found.about, why)
