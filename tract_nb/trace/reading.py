"""From a path to a trace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from tract_nb.errors import TraceError
from tract_nb.trace.formats.claude_layout import last_time, read_metadata
from tract_nb.trace.head import LISTED, place_of
from tract_nb.trace.recording import Trace
from tract_nb.trace.registry import recognise


def read(path: str | PathLike[str]) -> Trace:
    """Read a trace, whatever its format; what it is, is told by what stands in it.

    Nothing is left out of what the events say: likely secrets are replaced on import, not here.

    Parameters
    ----------
    path : str or path-like
        A code_trace.md, or a folder that holds one. A Claude Code session's .jsonl, with its
        subagents found in both layouts; a subagent's file alone; a session's folder; a project's
        folder: its one session, or of several the newest by its last record, the others named in
        ``metadata["other_sessions"]`` and counted in ``skipped``. A Codex rollout, with its subagents.
        A chat in OpenAI's or Anthropic's form, a SWE-agent trajectory, a Langfuse export, an Inspect
        log; of a file that holds several conversations the first, the others named likewise:
        ``FILE#NAME`` reads one of them.

    Returns
    -------
    Trace

    Raises
    ------
    TraceError
        If there is nothing to read, with the path, the line where it is known, and a hint.
    """
    place, part = _part(place_of(path))
    if not place.exists():
        raise TraceError("No such file or folder.", LISTED, path=place)
    trace = _read_folder(place) if place.is_dir() else _read_file(place, part=part)
    if next(iter(trace.events), None) is None:
        unread = [what for what in trace.skipped if " line " in what]
        hint = f"Passed over: {'; '.join(unread[:3])}." if unread else LISTED
        raise TraceError("The trace holds no message.", hint, path=trace.path)
    return trace


@contextmanager
def still_there(trace: Trace) -> Iterator[None]:
    """Say in a person's words that a trace cannot be read any more, having been read before."""
    try:
        yield
    except OSError as trouble:
        raise TraceError(
            f"It cannot be read any more ({trouble.strerror or trouble}).",
            "Was it moved or taken away meanwhile?",
            path=trace.path,
        ) from trouble


def _part(path: Path) -> tuple[Path, str | None]:
    """Return a file and the conversation in it that a path names behind a ``#``."""
    name, mark, part = path.name.rpartition("#")
    try:
        if mark and part and not path.exists() and path.with_name(name).is_file():
            return path.with_name(name), part
    except (OSError, ValueError):
        pass  # no name that a file can have: said where it is looked for
    return path, None


def _read_file(path: Path, seen: Counter[str] | None = None, part: str | None = None) -> Trace:
    found, _ = recognise(path)
    return Trace(found.open(path, part), seen)


def _read_folder(folder: Path) -> Trace:
    code_trace = next((path for path in sorted(folder.glob("*.md")) if _is_code_trace(path)), None)
    if code_trace is not None:
        return _read_file(code_trace)
    files = [path for path in sorted(folder.glob("*.jsonl")) if path.is_file()]
    full = [path for path in files if path.stat().st_size]
    subagents = {path for path in full if "agent" in read_metadata(path)}
    mains = sorted(
        (path for path in full if path not in subagents), key=lambda path: (last_time(path), path.name)
    )
    if mains:
        seen = Counter(
            {"empty files": len(files) - len(full), "other sessions in this folder": len(mains) - 1}
        )
        trace = _read_file(mains[-1], +seen)
        if len(mains) > 1:
            trace.metadata["other_sessions"] = [str(path) for path in reversed(mains[:-1])]
        return trace
    beside = _session_beside(folder)
    if beside is not None:
        return _read_file(beside)
    if len(subagents) == 1:
        return _read_file(subagents.pop())
    if subagents:
        raise TraceError(
            f"{len(subagents)} subagents' files and no session they belong to.",
            "Read one of them by its own path.",
            path=folder,
        )
    raise TraceError(
        "No session in this folder. Looked for *.jsonl and code_trace.md.", _folder_hint(folder), path=folder
    )


def _is_code_trace(path: Path) -> bool:
    try:
        return recognise(path)[0].name == "code_trace"
    except TraceError:
        return False


def _session_beside(folder: Path) -> Path | None:
    """Return the session a folder belongs to: its subagents lie in a folder of the session's name."""
    home = folder.resolve()
    home = home.parent if home.name == "subagents" else home
    session = home.with_name(f"{home.name}.jsonl")
    return session if (home / "subagents").is_dir() and session.is_file() else None


def _folder_hint(folder: Path) -> str:
    if any(folder.glob("*/*.jsonl")):
        return f"Its folders hold some: tract traces {folder} (or trace.sessions(folder)) lists them."
    return LISTED
