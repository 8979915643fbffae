"""Superseding: which calls did again what an earlier one did, so that the earlier output is out of date."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from tract_nb.engine.masking import file_of
from tract_nb.model.content import CANONICAL

READ, WRITE, RUN, CALL = "read", "write", "run", "call"
READ_AGAIN, WRITTEN, RUN_AGAIN, CALLED_AGAIN = "read again", "written later", "run again", "called again"

#: arguments that say how much of a file is read
_PARTS = frozenset({"offset", "limit", "view_range", "start_line", "end_line", "start", "end", "pages"})
#: arguments by which a file is written, whole or in part
_WRITES = frozenset(
    {
        *("content", "file_text", "insert_text", "edits"),
        *("old_string", "new_string", "old_str", "new_str", "new_source"),
    }
)
#: arguments that say why or how long, not what
_ASIDE = frozenset(
    {
        *("description", "explanation", "justification", "timeout", "timeout_ms", "run_in_background"),
        *("yield_time_ms", "max_output_tokens"),
    }
)
_PATHS = frozenset({"file_path", "path", "notebook_path"})
_PATCHED = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (.+?)[ \t\r]*$", re.MULTILINE)


class Deed(NamedTuple):
    """What a call did.

    Parameters
    ----------
    what : str
        read, write, run (a command) or call (any other tool).
    about : str
        The file; of a command or a call, a hash of all that it was given.
    part : str
        Which part of the file; empty for all of it.
    """

    what: str
    about: str
    part: str = ""


def deeds(name: str, arguments: Mapping[str, Any]) -> tuple[Deed, ...]:
    """Return what a call did: one deed, or one for each file that a patch writes."""
    patched = [
        path
        for value in arguments.values()
        if isinstance(value, str) and "*** Begin Patch" in value
        for path in _PATCHED.findall(value)
    ]
    if patched:
        return tuple(Deed(WRITE, posixpath.normpath(path)) for path in patched)
    given = {key: value for key, value in arguments.items() if key not in _ASIDE and value is not None}
    path = file_of(given)
    if path is not None:
        rest = {key: value for key, value in given.items() if key not in _PATHS}
        if not _WRITES.isdisjoint(rest):
            return (Deed(WRITE, posixpath.normpath(path)),)
        if rest.get("command") == "view":
            del rest["command"]
        if _PARTS.issuperset(rest):
            return (Deed(READ, posixpath.normpath(path), _bytes(rest).decode() if rest else ""),)
    what = RUN if "command" in given or "cmd" in given else CALL
    return (Deed(what, hashlib.sha256(_bytes([name, given])).hexdigest()),)


def _bytes(value: Any) -> bytes:
    return orjson.dumps(value, option=CANONICAL)


class Done(NamedTuple):
    """A call whose result is sent.

    Parameters
    ----------
    place : int
        Where its result stands.
    deeds : tuple of Deed
        What it did.
    whole : bool
        Whether the result is sent as it was, and no mask stands for it.
    failed : bool
        Whether the result says so.
    """

    place: int
    deeds: tuple[Deed, ...]
    whole: bool
    failed: bool


def superseded(calls: Iterable[Done]) -> dict[int, tuple[int, str]]:
    """Return of the results that a later call made out of date that call's place, and how.

    A file read again (all of it, or the same part), or written later; the same command run again; the same
    call made again. What failed supersedes nothing, but a command: that it fails now is what it says. Where a
    mask stands for an output it supersedes nothing either, but a file that was written is another one all
    the same.
    """
    later: dict[tuple[str, ...], int] = {}
    found: dict[int, tuple[int, str]] = {}
    for call in sorted(calls, key=lambda call: -call.place):
        for deed in call.deeds:
            if call.whole:
                by = _by(deed, later)
                if by is not None:
                    found[call.place] = by
            counts = deed.what == WRITE or call.whole
            if counts and (deed.what == RUN or not call.failed):
                later.setdefault(deed, call.place)
    return found


def _by(deed: Deed, later: Mapping[tuple[str, ...], int]) -> tuple[int, str] | None:
    """Return the place of the newest call that supersedes a deed, and how."""
    if deed.what == WRITE:
        return None  # what it answered is that it was done, and it was
    ways = [(deed, {READ: READ_AGAIN, RUN: RUN_AGAIN, CALL: CALLED_AGAIN}[deed.what])]
    if deed.what == READ:
        ways += [(deed._replace(part=""), READ_AGAIN), (Deed(WRITE, deed.about), WRITTEN)]
    return next(((later[way], how) for way, how in ways if way in later), None)
