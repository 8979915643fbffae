"""Copying: the same commits again on top of another history, each with the origin that makes it the same."""

from __future__ import annotations

from collections.abc import Sequence

from tract_nb.engine.canonical import commit_hash
from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.model.commit import HASH_SHOWN, Row
from tract_nb.operations.edit import content_of
from tract_nb.operations.transaction import Transaction, counted_text
from tract_nb.store import copies, objects


def copy_all(
    tx: Transaction, rows: Sequence[Row], history: Snapshot, *, again: bool = False
) -> tuple[list[Row], Snapshot]:
    """Store copies of commits behind a history; return them and the history with them.

    A copy keeps author time, config, message, metadata, key, usage and origin. With ``again`` it is a
    commit of its own: a new author time, no origin, no key.
    """
    found = copies.carried(tx.db, [row.id for row in rows])
    made: list[Row] = []
    for row in rows:
        parent = None if history.is_empty else history.last
        copy = _put(tx, row, found[row.id], parent, again=again)
        history = history.plus(copy)
        if history.last.context != copy.context:
            copy = tx.set_context(copy, history.last.context)
        made.append(copy)
    if made:
        tx.ws.remember(made[-1].hash, history)
    if made and not again:
        numbers = {row.id: copy.id for row, copy in zip(rows, made, strict=True)}
        copies.copy_usage(tx.db, numbers)
        copies.copy_records(tx.db, numbers)
    return made, history


def _put(tx: Transaction, row: Row, carried: copies.Carried, parent: Row | None, *, again: bool) -> Row:
    """Store one copy; nothing of its content is read, unless another tract counted it otherwise."""
    ws = tx.ws
    origin = None if again else row.identity
    author = tx.tick() if again else row.author_us
    parents = [parent.hash] if parent else []
    tokens = row.tokens if carried.encoding == ws.encoding else _counted(tx, row)
    columns = (
        commit_hash(row.kind, carried.content, parents, row.targets, row.priority, origin, author),
        row.kind,
        parent.id if parent else None,
        None,
        origin,
        author,
        *row[7:13],  # priority, type, role, name, call_id, blob
        tokens,
        parent.context if parent else 0,
        None if again else row.key,
    )
    extra = objects.Extra(tx.started_us, ws.encoding, carried.config, carried.message, carried.metadata)
    number = objects.put_commit(tx.db, columns, row.targets, extra)
    copy = Row(number, *columns, row.targets)
    ws.keep(copy)
    return copy


def _counted(tx: Transaction, row: Row) -> int:
    """Return the tokens of a text that was counted in the encoding of another tract."""
    if row.blob is None:
        return 0
    return tx.ws.count(counted_text(content_of(tx.ws, row)))


def out_of_order(before: Snapshot, after: Snapshot, copied: set[bytes]) -> tuple[str, ...]:
    """Return what copies lost by standing elsewhere: a question, a call, what an instruction governed.

    Parameters
    ----------
    before : Snapshot
        The history they were copied from.
    after : Snapshot
        The one that has the copies.
    copied : set of bytes
        Their identities.
    """
    shown = list(before.shown)
    # of each unit, where the first of what came after it stands now
    ahead = [after.count] * len(shown)
    for place in range(len(shown) - 1, 0, -1):
        unit = shown[place]
        here = after.count if unit.row.role == "system" else after.place_of(unit.identity)
        ahead[place - 1] = min(ahead[place], here)
    found: dict[str, None] = {}
    asked: Unit | None = None
    for unit, first in zip(shown, ahead, strict=True):
        if unit.row.role == "user":
            asked = unit
        if unit.identity in copied:
            short, place = unit.row.hash.hex()[:HASH_SHOWN], after.place_of(unit.identity)
            if unit.row.role == "assistant" and asked is not None and not _stands(asked, after, place):
                found[
                    f"{short} replies to {asked.row.hash.hex()[:HASH_SHOWN]}, which is not before it here"
                ] = None
                asked = None  # once a question
            if unit.call is not None and after.find(unit.call) is None:
                found[f"the result {short} stands here without its call"] = None
            if unit.row.type == "instruction" and first < place:
                found[f"the instruction {short} stands behind what it governed"] = None
    return tuple(found)


def _stands(unit: Unit, history: Snapshot, before: int) -> bool:
    """Tell whether a unit shows in a history before a place."""
    found = history.find(unit.identity)
    return found is not None and found.shown and history.place_of(unit.identity) < before
