"""Commands that write units, and what they are worth."""

from __future__ import annotations

from typing import Any

import orjson

from tract_nb.errors import CommandError
from tract_nb.model.commit import Commit, Priority
from tract_nb.model.event import Usage
from tract_nb.notebook.desk import Desk
from tract_nb.tract import Tract

NO_TEXT = "Write the text below the first line of the cell, or behind the command."


def user(desk: Desk, *text: str) -> Commit:
    """Append what the user says: the cell's text as it stands, or the words behind the command.

    Parameters
    ----------
    text
        The words, where there is no cell below.
    """
    said = spoken(desk, text)  # before a database is made for it
    return desk.tract.user(said, key=desk.key)


def system(desk: Desk, *text: str) -> Commit:
    """Append an instruction (role system, pinned): the cell's text as it stands, or the words behind.

    Parameters
    ----------
    text
        The words, where there is no cell below.
    """
    said = spoken(desk, text)  # before a database is made for it
    return desk.tract.system(said, key=desk.key)


def assistant(desk: Desk, *text: str) -> Commit:
    """Append what the assistant says: the cell's text as it stands, or the words behind the command.

    Parameters
    ----------
    text
        The words, where there is no cell below.
    """
    said = spoken(desk, text)  # before a database is made for it
    return desk.tract.assistant(said, key=desk.key)


def edit(desk: Desk, ref: str, *text: str) -> Commit:
    """Replace the text of one unit where it stands.

    Parameters
    ----------
    ref
        The unit.
    text
        The new words, where there is no cell below.
    """
    return desk.tract.edit(ref, spoken(desk, text))


def spoken(desk: Desk, words: tuple[str, ...]) -> str:
    """Return the cell's text, literally; else the words of the line."""
    if desk.body is not None:
        if words:
            raise CommandError(
                f"There is a text behind the command ({' '.join(words)}) and one below it.",
                "Keep one of them.",
            )
        if desk.body.strip():
            return desk.body
    if not any(word.strip() for word in words):
        raise CommandError("There is no text to commit.", NO_TEXT)
    return " ".join(words)


def pin(t: Tract, *refs: str, reason: str | None = None) -> Commit | None:
    """Pin units: no compression may touch them.

    Parameters
    ----------
    refs
        Hashes or other names; ``$name`` takes a variable, a DataFrame with a commit column too.
    reason
        Why, for the operation log.
    """
    return t.annotate(named(refs), Priority.PINNED, reason)


def skip(t: Tract, *refs: str, reason: str | None = None) -> Commit | None:
    """Leave units out of the context; of a call, its results too.

    Parameters
    ----------
    refs
        Hashes or other names; ``$name`` takes a variable, a DataFrame with a commit column too.
    reason
        Why, for the operation log.
    """
    return t.annotate(named(refs), Priority.SKIP, reason)


def unpin(t: Tract, *refs: str, reason: str | None = None) -> Commit | None:
    """Give units the normal priority again, whether they were pinned, important or skipped.

    Parameters
    ----------
    refs
        Hashes or other names; ``$name`` takes a variable, a DataFrame with a commit column too.
    reason
        Why, for the operation log.
    """
    return t.annotate(named(refs), Priority.NORMAL, reason)


def restore(t: Tract, *refs: str, reason: str | None = None) -> Commit | None:
    """Take summaries back, so that what they cover is sent again; a later priority lets them stand.

    Parameters
    ----------
    refs
        Hashes or other names of SUMMARYs; ``$name`` takes a variable, a DataFrame with a commit column too.
    reason
        Why, for the operation log.
    """
    return t.restore(named(refs), reason)


def named(refs: tuple[str, ...]) -> list[str]:
    """Return what a command was pointed at, or say that it was nothing."""
    if not refs:
        raise CommandError("Nothing is named.", "Give a hash, HEAD, or $name of a selection.")
    return list(refs)


def usage(t: Tract, reported: Any, *, commit: str | None = None, model: str | None = None) -> Usage:
    """Keep what a provider reported for a reply, so that its count stands for an estimate.

    Parameters
    ----------
    reported
        The usage as JSON, or ``$response`` of a call.
    commit
        The reply; without it the newest one.
    model
        Who wrote it.
    """
    if isinstance(reported, str):
        try:
            reported = orjson.loads(reported)
        except orjson.JSONDecodeError as error:
            raise CommandError(f"{reported!r} is no JSON.", "Write '{\"input_tokens\": 9, ...}'.") from error
    return t.record_usage(reported, commit, model=model)
