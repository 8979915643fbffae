"""Imagining: the commits that a verb would write, told without writing them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from tract_nb.engine.canonical import canonical, clean_text, sha256
from tract_nb.engine.masking import KEEP_LAST
from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.errors import ContentError
from tract_nb.model.commit import Kind, Priority, Row
from tract_nb.model.content import Content, Dialogue
from tract_nb.model.group import STRUCTURAL
from tract_nb.operations import edit, names, ranges, restore
from tract_nb.operations.budget import imagined
from tract_nb.operations.drafting import Ask, planned
from tract_nb.operations.masking import MASK, Mask
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects

#: the priority that an action sets; the other actions set none
PRIORITIES = {
    "skip": Priority.SKIP,
    "unmark": Priority.NORMAL,
    "important": Priority.IMPORTANT,
    "pin": Priority.PINNED,
}
#: what ``compress`` does without a model, by its strategies
COMPRESSIONS = (MASK, STRUCTURAL)
ACTIONS = (*PRIORITIES, "restore", "edit", *COMPRESSIONS)


class Imagined(NamedTuple):
    """What an action would write.

    Parameters
    ----------
    units : list of Unit
        What was named, each once.
    rows : list of Row
        The commits, in order; none where nothing would change.
    changes : int
        How many units they would change.
    """

    units: list[Unit]
    rows: list[Row]
    changes: int


def imagine(ws: Workspace, history: Snapshot, action: str, target: Any, text: str | None) -> Imagined:
    """Return what an action on some units would write.

    Raises
    ------
    RefError
        If a name is no unit of this history.
    ContentError
        If nothing is named, or the verb itself would refuse it.
    """
    if action in COMPRESSIONS:
        return _compressed(ws, history, action, target)
    listed = names.names_in(target)
    if not listed:
        raise ContentError(f"Nothing is named to {action}.", "Give a hash, or a list of them.")
    units = list(
        {unit.identity: unit for unit in (names.unit_named(ws, history, n) for n in listed)}.values()
    )
    if action == "restore":
        return _restored(ws, history, units, listed)
    if action == "edit":
        assert text is not None
        if len(units) != 1:
            raise ContentError(f"edit takes one unit, not {len(units)}.", "Name one commit.")
        content = edit.content_of(ws, units[0].row).with_text(text)
        if content.unit_text == edit.text_at(ws, units[0]):
            return Imagined(units, [], 0)
        (blob,) = known(ws, [content])
        row = imagined(ws, Kind.EDIT, content, targets=(units[0].identity,))
        return Imagined(units, [row._replace(blob=blob)], 1)
    wanted = PRIORITIES[action]
    changed = tuple(unit.identity for unit in units if unit.priority != wanted or unit.retired)
    rows = [imagined(ws, Kind.MARK, targets=changed, priority=wanted)] if changed else []
    return Imagined(units, rows, len(changed))


def _restored(ws: Workspace, history: Snapshot, units: list[Unit], listed: list[str]) -> Imagined:
    """Return what ``restore`` would write: one MARK for the summaries, an EDIT for each mask."""
    named = restore.named(ws, history, listed)
    rows = [imagined(ws, Kind.MARK, targets=named.summaries)] if named.summaries else []
    rows += [
        # the text that is brought back is stored already
        imagined(ws, Kind.EDIT, edit.content_of(ws, before), targets=(unit.identity,))._replace(
            blob=before.blob
        )
        for unit, before in named.masked
    ]
    return Imagined(units, _numbered(rows), len(named.summaries) + len(named.masked))


def _compressed(ws: Workspace, history: Snapshot, strategy: str, target: Any) -> Imagined:
    """Return what ``compress`` would write of some units, or of all that it takes by itself."""
    found = ranges.chosen(ws, history, None, None, target, KEEP_LAST)
    plan = planned(ws, Ask(strategy), history, found)
    units = found.units if target is not None else []
    if strategy == MASK:
        return Imagined(units, mask_rows(ws, plan.masks), len(plan.masks))
    said = [Dialogue(role="user", text=clean_text(draft.text)) for draft in plan.drafts]
    runs = [[item.unit for item in run] for run in plan.runs]
    rows = cover_rows(ws, runs, [ws.count(content.text) for content in said], known(ws, said))
    return Imagined(units, rows, sum(map(len, runs)))


def mask_rows(ws: Workspace, masks: Sequence[Mask]) -> list[Row]:
    """Return the EDITs that masks would be."""
    blobs = known(ws, [mask.content for mask in masks])
    return _numbered(
        imagined(ws, Kind.EDIT, targets=(mask.item.unit.identity,))._replace(tokens=mask.tokens, blob=blob)
        for mask, blob in zip(masks, blobs, strict=True)
    )


def cover_rows(
    ws: Workspace, runs: Sequence[list[Unit]], tokens: Sequence[int], blobs: Sequence[int | None]
) -> list[Row]:
    """Return the SUMMARYs that would stand for runs, of texts of so many tokens."""
    return _numbered(
        imagined(ws, Kind.SUMMARY, targets=ranges.targets_of(run), priority=Priority.NORMAL)._replace(
            role="user", type="dialogue", tokens=count, blob=blob
        )
        for run, count, blob in zip(runs, tokens, blobs, strict=True)
    )


def known(ws: Workspace, contents: Iterable[Content]) -> list[int | None]:
    """Return the blobs of contents in the order in which they would stand, up to the first that is new.

    A text that was here before is known to a provider's cache by its blob; behind a new one no cache goes on.
    """
    found: list[int | None] = []
    new = False
    for content in contents:
        number = None if new else objects.blob_number(ws.db, sha256(canonical(content.to_payload())))
        new = number is None
        found.append(number)
    return found


def _numbered(rows: Iterable[Row]) -> list[Row]:
    """Return commits that can be told from each other, as those that are written."""
    return [row._replace(id=-1 - place, hash=b"imagined %d" % place) for place, row in enumerate(rows)]
