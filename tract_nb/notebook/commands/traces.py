"""Commands that find, read and import traces."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tract_nb import trace
from tract_nb.errors import CommandError
from tract_nb.model.listing import Imported
from tract_nb.notebook.desk import Desk

if TYPE_CHECKING:
    import pandas as pd


def import_trace(
    desk: Desk, source: str | None = None, *, last: bool = False, redact: bool = True
) -> Imported:
    """Turn an agent's trace into history; what is here already is passed over.

    Parameters
    ----------
    source
        A file or folder, or the number of a row that ``traces`` listed.
    last
        Take the newest session there is.
    redact
        With --no-redact likely secrets stay; else placeholders stand for them.
    """
    recording = trace.read(trace_path(desk, source, last=last))  # before a database is made for it
    return desk.tract.import_trace(recording, redact=redact)


def trace_path(desk: Desk, source: str | None, *, last: bool) -> Path:
    """Return the file that a path, a row of ``traces`` or ``--last`` means."""
    if not source and not last:
        raise CommandError(
            "There is no trace named.", "Give a path, the number of a row of traces, or --last."
        )
    if source is not None and (not source.isdecimal() or Path(source).exists()):
        return Path(source).expanduser()
    desk.listed = desk.listed or trace.sessions()
    if not desk.listed:
        raise CommandError("There is no session under the usual folders.", "Give a path.")
    return desk.listed.path(1 if source is None else int(source))


def traces(desk: Desk, *folders: str) -> pd.DataFrame:
    """List the newest sessions of Claude Code and Codex, newest first.

    Parameters
    ----------
    folders
        Where to look; without one, the usual folders.
    """
    desk.listed = trace.sessions([Path(folder).expanduser() for folder in folders] or None)
    return desk.listed.to_frame()


def read_trace(desk: Desk, source: str | None = None, *, last: bool = False) -> trace.Trace:
    """Read a trace without importing it: its events and tables (``.calls``, ``.failures`` ...).

    Parameters
    ----------
    source
        A file or folder, or the number of a row that ``traces`` listed.
    last
        Take the newest session there is.
    """
    return trace.read(trace_path(desk, source, last=last))
