"""forget: take one text away for good, everywhere, because a secret got in. And optimize."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from typing import Any

import orjson

from tract_nb.engine.canonical import canonical
from tract_nb.errors import ContentError, RefError, StoreError
from tract_nb.model.collection import Forgotten, Room
from tract_nb.model.commit import HASH_TAKEN, Kind, Row
from tract_nb.operations import names
from tract_nb.operations.edit import content_of
from tract_nb.operations.gc import refuse_in_batch
from tract_nb.operations.transaction import transaction
from tract_nb.operations.workspace import Workspace
from tract_nb.store import collected, reviews, rewriting
from tract_nb.store.collected import Why

#: what may be a secret: a long run of letters and figures in one word
_WORD = re.compile(r"(?=[\w+=-]*\d)(?=[\w+=-]*[A-Za-z])[\w+=-]{16,200}", re.ASCII)
MOST_WORDS = 20
LEAST, MOST = 8, 400  # characters of a whole text that is looked for elsewhere


def forget(ws: Workspace, target: Any, reason: Any) -> Forgotten:
    """Take the text of a commit away, for good, and write the file anew."""
    refuse_in_batch(ws, "forget")
    if not isinstance(reason, str) or not reason.strip():
        raise ContentError("forget wants a reason: it is all that will be left.", "Give reason='...'.")
    with ws.db.hold():  # an interrupt is heard when all is done
        (digest, size, left), text, done = _taken(ws, target, reason)
        copies, wrong = [], []
        for copy in rewriting.copies(ws.db):
            try:
                if rewriting.forget_in(copy, digest, left, text):
                    copies.append(copy.name)
            except (sqlite3.Error, OSError) as error:
                wrong.append(f"{copy.name} could not be changed ({error})")
        try:
            with ws.db.translated():
                _, clean = _cleaned(ws)
        except StoreError as error:  # the text is gone all the same
            clean = False
            wrong.append(error.message)
    for text in wrong:
        ws.warn(f"It is forgotten, but bytes of it may be left: {text}")
    return replace(done, size=size, copies=tuple(copies), clean=clean)


def _taken(ws: Workspace, target: Any, reason: str) -> tuple[tuple[bytes, int, bytes], str | None, Forgotten]:
    """Take the text away; return its hash, size and what is left of it, how it read, and who had it.

    It reads as nothing where it was forgotten before.
    """
    args: dict[str, Any] = {}
    with transaction(ws, "forget", args, reason=reason) as tx:
        row = names.commit_named(ws, target)
        if row.blob is None:
            raise RefError(
                f"{row.hash.hex()[:HASH_TAKEN]} is a {Kind(row.kind).name}, which has no text.",
                "Name the unit or the EDIT that holds it.",
            )
        there = row.blob not in collected.texts(ws.db)
        text = content_of(ws, row).unit_text if there else None
        asked = reviews.take_text(ws.db.execute, text) if text and text.strip() else []
        also = () if text is None else _also(ws, row, text)
        at = tx.tick()
        line = collected.said(Why.FORGOTTEN, at)
        left = canonical(content_of(ws, row).without_text(line).to_payload())
        collected.take_texts(ws.db, {row.blob: left}, Why.FORGETTING, at)
        commits = tuple(digest.hex()[:HASH_TAKEN] for digest in collected.commits_with(ws.db, row.blob))
        args["commits"] = list(commits)
        tx.listed = True
        stored = collected.blob_of(ws.db, row.blob)
    ws.db.rollbacks += 1  # whoever keeps the text in memory reads anew
    return stored, text, Forgotten(commits, 0, also, reviews=tuple(asked))


def optimize(ws: Workspace) -> Room:
    """Write the file anew, as small as it can be; what forget began is done with it."""
    refuse_in_batch(ws, "optimize")
    with ws.db.hold():
        room, clean = _cleaned(ws)
    if not clean:
        ws.warn(f"Somebody else reads {ws.db.name}: its log keeps older pages until the next optimize.")
    return room


def _cleaned(ws: Workspace) -> tuple[Room, bool]:
    """Write the file anew, and say so of what was forgotten where nobody held the old pages."""
    room, clean = rewriting.rewrite(ws.db)
    if clean and collected.unsettled(ws.db):
        with ws.db.write():
            collected.settle(ws.db)
    return room, clean


def _also(ws: Workspace, row: Row, text: str) -> tuple[tuple[str, str], ...]:
    """Return what else holds a word of a text that may be the secret, and where it does."""
    words = list(dict.fromkeys(_WORD.findall(text)))[:MOST_WORDS]
    if LEAST <= len(text.strip()) <= MOST:
        words.append(orjson.dumps(text.strip()).decode()[1:-1])
    assert row.blob is not None
    commits = collected.commits_that_say(ws.db, words, besides=row.blob)
    found = [(digest.hex()[:HASH_TAKEN], where) for digest, where in commits]
    return (*found, *collected.others_that_say(ws.db, words))
