"""What sqlite3 raises, for a person."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tract_nb.errors import StoreError

BUSY_SECONDS = 15.0  # how long a verb waits for another writer


def explained(error: sqlite3.Error, name: str, path: Path | None) -> StoreError:
    """Return what sqlite3 raised as an error for a person."""
    text = str(error)
    if "closed database" in text:
        return StoreError(f"{name} was closed.", "Open it again: Tract.open(...).")
    if "not a database" in text or "malformed" in text:
        return damaged(text, name, path)
    if "unable to open" in text:
        return StoreError(
            f"{path} cannot be opened.", "Check that the folder is there and can be written to."
        )
    if "readonly" in text or "read-only" in text:
        return StoreError(
            f"{path} cannot be written to.", "Open it with read_only=True, or copy it elsewhere."
        )
    if "locked" in text or "busy" in text:
        return StoreError(
            f"{name} was locked by another writer for {BUSY_SECONDS:.0f} s.",
            "Wait until it is done, then try again.",
        )
    if "full" in text:
        return StoreError(f"The disk that holds {name} is full.", "Make room; what was done before is there.")
    return StoreError(f"The database {name} failed: {text}.", "Try again; verify says whether all is well.")


def damaged(why: str, name: str, path: Path | None) -> StoreError:
    """Return the error for a file that is not what it was written as."""
    return StoreError(
        f"{name} is no database, or a damaged one ({why}).",
        f"`tract rescue {path}` exports what can still be read; or give another path.",
    )
