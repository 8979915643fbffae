"""Settling: what a person decided about a proposed compression, and doing it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.tokens import context_size
from tract_nb.errors import ReviewError
from tract_nb.model.commit import Priority
from tract_nb.model.compression import Compressed
from tract_nb.model.group import APPLIED, APPROVED, MASK, REJECTED
from tract_nb.operations import kept_reviews as kept
from tract_nb.operations.annotate import annotate
from tract_nb.operations.budget import check_budget
from tract_nb.operations.covering import Cover, cover, mask
from tract_nb.operations.drafting import Ask
from tract_nb.operations.groups import Live, living
from tract_nb.operations.proposing import VERB, group_of, look, stored_ask, tip_of
from tract_nb.operations.transaction import Transaction, transaction, writing
from tract_nb.operations.workspace import Workspace
from tract_nb.store import refs, reviews
from tract_nb.store.reviews import StoredReview


def decide(ws: Workspace, seen: Compressed, key: str, choice: str | None) -> Compressed:
    """Approve or reject a group, or take that back; it is done once no group is undecided."""
    with _settling(ws, seen) as (tx, args, stored):
        live = living(ws, ws.snapshot(tip_of(ws, stored)), stored, stored_ask(stored))
        one = group_of(live, key)
        if choice == APPROVED:
            _refuse_unfit(live.index(one), one)
        answers = {name: said for name, said in stored.answers.items() if name != key}
        if choice is not None:
            answers[key] = {"choice": choice, "by": ws.actor}
        reviews.put_answers(ws.db, stored.id, answers)
        now = look(ws, stored.id, seen)
        if choice is None or any(group.undecided for group in now.groups):
            return now
        if all(group.state == REJECTED for group in now.groups):
            reviews.settle(ws.db, stored.id, REJECTED)
            return look(ws, stored.id, now)
        return _apply(tx, args, kept.stored(ws, stored.id), seen)


def pin(ws: Workspace, seen: Compressed, units: Any) -> Compressed:
    """Pin units, as an operation of its own: they leave their groups."""
    if ws.branch != seen.branch:
        raise ReviewError(
            f"HEAD is on {ws.branch or 'a commit'}, and this is of the branch {seen.branch}.",
            f"t.switch({seen.branch!r}) first.",
        )
    with writing(ws):  # what it returns is read before it is done
        annotate(ws, units, Priority.PINNED)
        return look(ws, kept.number(seen), seen)


def _refuse_unfit(place: int, one: Live) -> None:
    """Refuse a draft that cannot stand for its group."""
    if one.problem:
        raise ReviewError(
            f"Group {place} cannot be approved: {one.problem}.",
            f"review.edit({place}, 'text') or review.ask({place}) mends it; review.reject({place}) leaves "
            "it as it is.",
        )


def reject(ws: Workspace, seen: Compressed) -> Compressed:
    """Let a pending compression be: the history is as it was."""
    number = kept.number(seen)
    with ws.db.write():
        kept.reject(ws, number)
        return look(ws, number, seen)


def approve(ws: Workspace, seen: Compressed) -> Compressed:
    """Do what was not rejected, on the branch as it is by now."""
    with _settling(ws, seen) as (tx, args, stored):
        return _apply(tx, args, stored, seen)


@contextmanager
def _settling(ws: Workspace, seen: Compressed) -> Iterator[tuple[Transaction, dict[str, Any], StoredReview]]:
    """Hold the lock for a decision; give the arguments of the operation that it may become."""
    number = kept.number(seen)
    args: dict[str, Any] = {"review": number}
    reason = stored_ask(kept.stored(ws, number)).instructions
    with transaction(ws, VERB, args, reason=reason) as tx:
        stored = kept.stored(ws, number)
        kept.refuse_settled(stored)
        yield tx, args, stored


def _apply(tx: Transaction, args: dict[str, Any], stored: StoredReview, seen: Compressed) -> Compressed:
    ws, number, ask = tx.ws, stored.id, stored_ask(stored)
    history = ws.snapshot(tip_of(ws, stored))
    every = living(ws, history, stored, ask)
    live = [one for one in every if one.choice != REJECTED]
    for place, one in enumerate(every):
        if one.choice != REJECTED:
            _refuse_unfit(place, one)
    if not live:
        ws.say("nothing is left to compress: all of it is pinned, or covered otherwise")
        reviews.settle(ws.db, number, REJECTED)
        return look(ws, number, seen)
    now = look(ws, number, seen)
    if _moved(seen, now):
        ws.warn("Units were edited since their draft was written: the compression stays pending.")
        return now
    strategies = {one.strategy for one in live}
    args.update(
        strategy=strategies.pop() if len(strategies) == 1 else ask.strategy,
        units=sum(len(one.run) for one in live),
        groups=len(live),
    )
    after, names = _write(tx, history, ask, live)
    tx.move(f"{refs.HEADS}{stored.branch}", after.last.id)
    reviews.settle(ws.db, number, APPLIED)
    if after.size > history.size:
        check_budget(ws, after.size)
    done = look(ws, number, now)
    return replace(
        done,
        groups=tuple(replace(group, commit=names.get(group.key)) for group in done.groups),
        tokens_after=context_size(after.size),
    )


def _moved(seen: Compressed, now: Compressed) -> bool:
    """Tell whether units were edited that whoever decides has not seen edited."""
    known = {edit for group in seen.groups for edit in group.edits}
    return any(not known.issuperset(group.edits) for group in now.groups if group.state != REJECTED)


def _write(tx: Transaction, history: Snapshot, ask: Ask, live: list[Live]) -> tuple[Snapshot, dict[str, str]]:
    """Store masks and SUMMARYs; return the history after them, and the SUMMARYs' hashes by group."""
    masks = [made for one in live if one.strategy == MASK for made in one.masks]
    if masks:
        history = mask(tx, history, masks)
    covers = {
        one.key: Cover(
            [item.unit for item in one.run], one.text, one.strategy, ask.instructions, one.metadata
        )
        for one in live
        if one.strategy != MASK
    }
    rows, history = cover(tx, history, list(covers.values()))
    return history, {key: row.hash.hex() for key, row in zip(covers, rows, strict=True)}
