"""Proposing: a compression that waits for a person, group by group, until it is done or rejected.

Kept are which units each group is of, its draft and what was decided; all else is worked out on the branch
as it is by then: a unit that was pinned, or is covered otherwise, has left its group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from tract_nb.engine.canonical import clean_text
from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.tokens import context_size
from tract_nb.errors import RefError, ReviewError
from tract_nb.model.commit import Priority
from tract_nb.model.compression import NOTHING, Compressed
from tract_nb.model.group import APPLIED, APPROVED, MASK, REJECTED, STRUCTURAL, SUMMARIZE, TEXT
from tract_nb.model.listing import counted
from tract_nb.model.review import PENDING
from tract_nb.model.summariser import Draft
from tract_nb.operations import kept_reviews as kept
from tract_nb.operations import ranges
from tract_nb.operations.annotate import annotate
from tract_nb.operations.budget import check_budget
from tract_nb.operations.covering import cover, mask
from tract_nb.operations.drafting import Ask, Plan, limits, patterns, planned, structural_text
from tract_nb.operations.groups import Live, as_written, living, shown, size_after
from tract_nb.operations.summarising import drafted, no_model, summarised
from tract_nb.operations.transaction import Transaction, refuse_detached, transaction, writing
from tract_nb.operations.workspace import Workspace
from tract_nb.store import refs, reviews
from tract_nb.store.reviews import StoredReview

VERB = "compress"


def propose(
    ws: Workspace, ask: Ask, where: Callable[[Snapshot], ranges.Range], chosen: Mapping[str, Any]
) -> Compressed:
    """Return what is proposed for a range, stored until a person has decided."""
    refuse_detached(ws)
    words = {**_words(ask), **chosen}
    with ws.db.read():
        waiting = kept.waiting(ws)
        if waiting is not None:
            return _again(ws, waiting, words)
        history = ws.snapshot(ws.tip())
        plan = planned(ws, ask, history, where(history))
    if ask.strategy == SUMMARIZE and plan.runs:
        plan = summarised(ws, plan, ws.summariser, partly=True)  # with nothing locked
    if plan.is_empty:
        size = context_size(history.size)
        return Compressed(NOTHING, ask.strategy, ws.branch or "", (), tuple(plan.notes), size, size)
    groups = [[item.unit.identity for item in run] for run in plan.runs]
    with transaction(ws, VERB) as tx:
        kept.refuse_second(ws, VERB)
        number = reviews.add(
            ws.db,
            tract=ws.tract,
            branch=str(ws.branch),
            verb=VERB,
            source=history.last.hash,
            args={
                "source": counted(sum(map(len, groups)), "unit"),
                "asked": words,
                "groups": [[unit.hex() for unit in group] for group in groups],
                "notes": plan.notes,
            },
            answers={},
            proposals={
                str(place): as_written(history, group, ask.strategy, draft)
                for place, (group, draft) in enumerate(zip(groups, plan.drafts, strict=True))
            },
            actor=ws.actor,
            at=tx.tick(),
        )
        return look(ws, number)


def _again(ws: Workspace, waiting: StoredReview, words: Mapping[str, Any]) -> Compressed:
    """Return what is pending, where it is the same; refuse another beside it."""
    if waiting.verb != VERB or waiting.args["asked"] != words:
        raise kept.waits(waiting)
    ws.say("this compression is pending already: its drafts are kept")
    return look(ws, waiting.id)


def _words(ask: Ask) -> dict[str, Any]:
    """Return what was asked for, as JSON."""
    return {**ask._asdict(), "texts": list(ask.texts), "preserve": [one.pattern for one in ask.preserve]}


def _ask(stored: StoredReview) -> Ask:
    """Return what was asked for, as it is stored."""
    words = {name: stored.args["asked"][name] for name in Ask._fields}
    return Ask(**{**words, "texts": tuple(words["texts"]), "preserve": patterns(words["preserve"])})


# -- as it stands -----------------------------------------------------------------------------------


def look(ws: Workspace, number: int, seen: Compressed | None = None) -> Compressed:
    """Return a stored compression as it is by now; as it was ``seen`` where nothing has changed."""
    stored = kept.stored(ws, number)
    if stored.state != PENDING:
        return _settled(stored, seen)
    tip = _tip(ws, stored)
    standing = (tip, stored.answers, stored.proposals)
    if seen is not None and seen.seen == standing:
        return seen
    history = ws.snapshot(tip)
    ask = _ask(stored)
    live = living(ws, history, stored, ask)
    return Compressed(
        state=PENDING,
        strategy=ask.strategy,
        branch=stored.branch,
        groups=tuple(shown(ws, history, live)),
        notes=tuple(stored.args["notes"]),
        tokens_before=context_size(history.size),
        tokens_after=context_size(size_after(history, live)),
        target_tokens=ask.target,
        number=number,
        seen=standing,
    )


def _settled(stored: StoredReview, seen: Compressed | None) -> Compressed:
    """Return a compression that is pending no more, with its groups as they were last seen."""
    if seen is None:
        return Compressed(stored.state, stored.args["asked"]["strategy"], stored.branch, number=stored.id)
    done = stored.state == APPLIED
    groups = tuple(
        replace(group, state=APPLIED if done and group.state != REJECTED else REJECTED)
        for group in seen.groups
    )
    return replace(seen, state=stored.state, groups=groups, seen=None)


def _tip(ws: Workspace, stored: StoredReview) -> int:
    tip = refs.get(ws.db, stored.tract, refs.HEADS + stored.branch)
    if not tip:
        raise RefError(f"This review is of the branch {stored.branch}, which is gone.", "reject() it.")
    return tip


# -- drafts and decisions ---------------------------------------------------------------------------


def write(ws: Workspace, seen: Compressed, key: str, text: str) -> Compressed:
    """Keep a person's text as a group's draft; how what it was made from was written stays known."""
    last = kept.stored(ws, kept.number(seen)).proposals.get(key, {})
    mine = not last.get("text")
    made = {"written_by": ws.actor} if mine else {**(last["metadata"] or {}), "edited_by": ws.actor}
    return _put(ws, seen, key, TEXT if mine else last["strategy"], Draft(clean_text(text), made))


def redraft(
    ws: Workspace,
    seen: Compressed,
    key: str,
    strategy: str | None,
    instructions: str | None,
    model: str | None,
) -> Compressed:
    """Have a group's draft written anew; while a model writes, nothing is locked."""
    with ws.db.read():
        stored = kept.stored(ws, kept.number(seen))
        kept.refuse_settled(stored)
        history = ws.snapshot(_tip(ws, stored))
        ask = _ask(stored)
        live = living(ws, history, stored, ask)
        one = _of(live, key)
        by_model = strategy is None and (instructions is not None or one.strategy == TEXT)
        chosen = SUMMARIZE if by_model else strategy or one.strategy
        said = "\n".join(text for text in (ask.instructions, instructions) if text)
        ask = ask._replace(strategy=chosen, instructions=said or None, model=model or ask.model)
        limit = limits(Plan(ask, history, [group.run for group in live], [], [], []))[live.index(one)]
        draft = Draft(structural_text(ws, ask, one.run, limit)) if chosen == STRUCTURAL else Draft("")
    if chosen == SUMMARIZE:
        if ws.summariser is None:
            raise no_model()
        draft = drafted(ws, ask, one.run, limit, ws.summariser)
        if instructions:
            draft = replace(draft, metadata={**(draft.metadata or {}), "instructions": clean_text(said)})
    return _put(ws, seen, key, chosen, draft)


def _put(ws: Workspace, seen: Compressed, key: str, strategy: str, draft: Draft) -> Compressed:
    """Keep a group's draft; what was decided about the last one is taken back."""
    number = kept.number(seen)
    with ws.db.write():
        stored = kept.stored(ws, number)
        kept.refuse_settled(stored)
        history = ws.snapshot(_tip(ws, stored))
        _of(living(ws, history, stored, _ask(stored)), key)
        group = [bytes.fromhex(unit) for unit in stored.args["groups"][int(key)]]
        written = as_written(history, group, strategy, draft)
        answers = {name: said for name, said in stored.answers.items() if name != key}
        reviews.put_answers(ws.db, number, answers, {**stored.proposals, key: written})
        return look(ws, number)


def decide(ws: Workspace, seen: Compressed, key: str, choice: str | None) -> Compressed:
    """Approve or reject a group, or take that back; it is done once no group is undecided."""
    with _settling(ws, seen) as (tx, args, stored):
        one = _of(living(ws, ws.snapshot(_tip(ws, stored)), stored, _ask(stored)), key)
        if choice == APPROVED:
            _refuse_unfit(int(key), one)
        answers = {name: said for name, said in stored.answers.items() if name != key}
        if choice is not None:
            answers[key] = {"choice": choice, "by": ws.actor}
        reviews.put_answers(ws.db, stored.id, answers)
        now = look(ws, stored.id)
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


def _of(live: list[Live], key: str) -> Live:
    for one in live:
        if one.key == key:
            return one
    raise ReviewError(
        "This group is gone: its units are pinned, or covered otherwise.", "review.refresh() shows what is."
    )


def _refuse_unfit(place: int, one: Live) -> None:
    """Refuse a draft that cannot stand for its group."""
    if one.problem:
        raise ReviewError(
            f"Group {place} cannot be approved: {one.problem}.",
            f"review.edit({place}, 'text') or review.ask({place}) mends it; review.reject({place}) leaves "
            "it as it is.",
        )


# -- settling ---------------------------------------------------------------------------------------


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
    reason = _ask(kept.stored(ws, number)).instructions
    with transaction(ws, VERB, args, reason=reason) as tx:
        stored = kept.stored(ws, number)
        kept.refuse_settled(stored)
        yield tx, args, stored


def _apply(tx: Transaction, args: dict[str, Any], stored: StoredReview, seen: Compressed) -> Compressed:
    ws, number, ask = tx.ws, stored.id, _ask(stored)
    history = ws.snapshot(_tip(ws, stored))
    live = [one for one in living(ws, history, stored, ask) if one.choice != REJECTED]
    for one in live:
        _refuse_unfit(int(one.key), one)
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
    known = {group.key: group.changed for group in seen.groups}
    return any(group.changed > known.get(group.key, 0) for group in now.groups if group.state != REJECTED)


def _write(tx: Transaction, history: Snapshot, ask: Ask, live: list[Live]) -> tuple[Snapshot, dict[str, str]]:
    """Store masks and SUMMARYs; return the history after them, and the SUMMARYs' hashes by group."""
    names = {}
    masks = [made for one in live if one.strategy == MASK for made in one.masks]
    if masks:
        history = mask(tx, history, masks)
    for one in live:
        if one.strategy != MASK:
            row, history = cover(
                tx,
                history,
                [item.unit for item in one.run],
                one.text,
                strategy=one.strategy,
                instructions=ask.instructions,
                metadata=one.metadata,
            )
            names[one.key] = row.hash.hex()
    return history, names
