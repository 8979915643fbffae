"""Texts that a summary has stood for for long: which they are, and what happens where one would show."""

from __future__ import annotations

from typing import NamedTuple

from tract_nb.engine.canonical import canonical
from tract_nb.engine.snapshot import Snapshot
from tract_nb.errors import RefError
from tract_nb.model.commit import HASH_SHOWN, Kind, Row, from_us
from tract_nb.operations import present
from tract_nb.operations.workspace import Workspace
from tract_nb.store import collected, objects, reach
from tract_nb.store.collected import Why

#: states of the context that are looked at one by one; where there are more, no text is taken
MOST_STATES = 256


class Text(NamedTuple):
    """A text that is covered for long."""

    row: Row
    why: str


def covered_long(
    ws: Workspace, roots: set[int], before: int, only: set[int] | None = None
) -> dict[int, Text]:
    """Return the texts that at every root are hidden by a summary recorded before a time, by blob.

    Parameters
    ----------
    ws : Workspace
        Where.
    roots : set of int
        The commits whose contexts may still be asked for.
    before : int
        A time in microseconds since the epoch.
    only : set of int, optional
        Look at the texts of these commits alone.
    """
    light = reach.light(ws.db, reach.behind(ws.db, roots))
    old = {number for number, _, _, kind, recorded in light if kind == Kind.SUMMARY and recorded < before}
    if not old:
        return {}
    groups = _alike(light, roots, reach.results_since(ws.db, min(old)))
    if len(groups) > MOST_STATES:
        ws.say(f"{len(groups)} states of the context are kept, so no covered text was looked at.")
        return {}
    found: dict[int, Text] = {}
    needed: set[int] = set()  # blobs that show somewhere, or could
    for group in groups:
        history = ws.cold(max(group))
        hidden, rows = _hidden(history, old)
        for row in rows:
            if row.blob is None:
                continue
            if row.identity in hidden or (row.kind == Kind.EDIT and row.targets[0] in hidden):
                summary = hidden[row.targets[0] if row.kind == Kind.EDIT else row.identity]
                found.setdefault(row.blob, Text(row, f"summary {summary.hex()[:HASH_SHOWN]} stands for it"))
            else:
                needed.add(row.blob)
        # what only another root of the group has is not known to be hidden there
        beyond = reach.behind(ws.db, group) - {row.id for row in rows}
        needed.update(row.blob for row in objects.rows(ws.db, beyond).values() if row.blob is not None)
    gone = collected.texts(ws.db)
    return {
        blob: text
        for blob, text in sorted(found.items())
        if blob not in needed and blob not in gone and (only is None or text.row.id in only)
    }


def _alike(
    light: list[tuple[int, int | None, int | None, int, int]], roots: set[int], late: set[int]
) -> list[list[int]]:
    """Return the roots in groups behind which the same commits decide what is hidden.

    Those are SUMMARYs, MARKs, MERGEs and ``late`` results, which bring their calls back.
    """
    masks: dict[int, int] = {}
    bit = 1
    for number, one, two, kind, _ in light:
        mask = masks.get(one or 0, 0) | masks.get(two or 0, 0)
        if kind in (Kind.SUMMARY, Kind.MARK, Kind.MERGE) or number in late:
            mask |= bit
            bit <<= 1
        masks[number] = mask
    groups: dict[int, list[int]] = {}
    for root in roots & masks.keys():
        groups.setdefault(masks[root], []).append(root)
    return list(groups.values())


def _hidden(history: Snapshot, old: set[int]) -> tuple[dict[bytes, bytes], list[Row]]:
    """Return the units that an old summary hides, with that summary; and all commits of the history."""
    covers = {
        target: unit.row.hash
        for unit in history.units
        if unit.row.kind == Kind.SUMMARY and not unit.retired and unit.row.id in old
        for target in unit.row.targets
    }
    hidden = {
        unit.identity: covers[unit.identity]
        for unit in history.units
        if unit.covered and unit.identity in covers
    }
    return hidden, history.rows


def take(ws: Workspace, texts: dict[int, Text], at: int) -> None:
    """Let a line stand for each of these texts."""
    contents = present.contents(ws, [text.row for text in texts.values()])
    line = collected.said(Why.COVERED, at)
    left = {blob: canonical(contents[blob].without_text(line).to_payload()) for blob in texts}
    if left:
        collected.take_texts(ws.db, left, Why.COVERED, at)


def refuse_collected(ws: Workspace, before: int, after: int) -> None:
    """Refuse a verb that goes from one commit to another whose context shows a text that was collected.

    Raises
    ------
    RefError
        If it would; one that was forgotten is not missed.
    """
    if not collected.any_text(ws.db):
        return
    gone = collected.texts(ws.db)
    for blob in sorted(_shown(ws.snapshot(after)) - _shown(ws.snapshot(before))):
        if blob in gone and gone[blob].why == Why.COVERED:
            raise RefError(
                f"This would show a text that was collected on {from_us(gone[blob].at):%Y-%m-%d}. "
                "Nothing was written.",
                "compile(at=...) and expand(...) show where it stood.",
            )


def _shown(history: Snapshot) -> set[int]:
    return {unit.text.blob for unit in history.shown if unit.text.blob is not None}
