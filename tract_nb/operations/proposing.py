"""Proposing: a compression that waits for a person, group by group, until it is done or rejected.

Kept are which units each group is of, its draft and what was decided; all else is worked out on the branch
as it is by then: a unit that was pinned, or is covered otherwise, has left its group.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tract_nb.engine.canonical import clean_text, without_surrogates
from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.tokens import context_size
from tract_nb.errors import RefError, ReviewError
from tract_nb.model.compression import NOTHING, Compressed
from tract_nb.model.group import APPLIED, MASK, REJECTED, STRUCTURAL, SUMMARIZE, TEXT
from tract_nb.model.listing import counted
from tract_nb.model.reply import Cancel
from tract_nb.model.summariser import Draft
from tract_nb.model.waiting import PENDING
from tract_nb.operations import kept_reviews as kept
from tract_nb.operations import ranges
from tract_nb.operations.drafting import Ask, Plan, limits, patterns, planned, structural_text
from tract_nb.operations.groups import Live, as_written, living, shown, size_after, unit_texts
from tract_nb.operations.summarising import drafted, no_model, summarised
from tract_nb.operations.transaction import refuse_detached, transaction
from tract_nb.operations.workspace import Workspace
from tract_nb.store import refs, reviews
from tract_nb.store.reviews import StoredReview

VERB = "compress"
OTHERS = "others"  # the drafts that other strategies wrote for a group, by the strategy


def propose(
    ws: Workspace, ask: Ask, where: Callable[[Snapshot], ranges.Range], chosen: Mapping[str, Any]
) -> Compressed:
    """Return what is proposed for a range, stored until a person has decided."""
    refuse_detached(ws)
    words = without_surrogates({**_words(ask), **chosen})
    with ws.db.read():
        branch = str(ws.branch)  # HEAD may stand elsewhere when the model has written
        waiting = kept.waiting(ws)
        if waiting is not None:
            return _again(ws, waiting, words)
        history = ws.snapshot(ws.tip())
        plan = planned(ws, ask, history, where(history))
    if ask.strategy == SUMMARIZE and plan.runs:
        plan = summarised(ws, plan, ws.summariser, partly=True)  # with nothing locked
    if plan.is_empty:
        size = context_size(history.size)
        return Compressed(NOTHING, ask.strategy, branch, (), tuple(plan.notes), size, size)
    groups = [[item.unit.identity for item in run] for run in plan.runs]
    with transaction(ws, VERB) as tx:
        kept.refuse_second(ws, VERB, branch)
        number = reviews.add(
            ws.db,
            tract=ws.tract,
            branch=branch,
            verb=VERB,
            source=history.last.hash,
            args={
                "source": counted(sum(map(len, groups)), "unit"),
                "asked": words,
                "groups": [[unit.hex() for unit in group] for group in groups],
                "notes": without_surrogates(plan.notes),
            },
            answers={},
            proposals={
                str(place): as_written(unit_texts(history, group), ask.strategy, draft)
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


def stored_ask(stored: StoredReview) -> Ask:
    """Return what was asked for, as it is stored."""
    words = {name: stored.args["asked"][name] for name in Ask._fields}
    return Ask(**{**words, "texts": tuple(words["texts"]), "preserve": patterns(words["preserve"])})


# -- as it stands -----------------------------------------------------------------------------------


def look(ws: Workspace, number: int, seen: Compressed | None = None) -> Compressed:
    """Return a stored compression as it is by now; as it was ``seen`` where nothing has changed."""
    stored = kept.stored(ws, number)
    if stored.state != PENDING:
        return _settled(stored, seen)
    tip = tip_of(ws, stored)
    standing = (tip, stored.answers, stored.proposals)
    if seen is not None and seen.seen == standing:
        return seen
    history = ws.snapshot(tip)
    ask = stored_ask(stored)
    live = living(ws, history, stored, ask)
    known = seen.groups if seen is not None and seen.seen is not None and seen.seen[0] == tip else ()
    return Compressed(
        state=PENDING,
        strategy=ask.strategy,
        branch=stored.branch,
        groups=tuple(shown(ws, history, live, known)),
        notes=tuple(stored.args["notes"]),
        tokens_before=context_size(history.size),
        tokens_after=context_size(size_after(history, live)),
        target_tokens=ask.target,
        number=number,
        seen=standing,
    )


def standing(ws: Workspace, seen: Compressed) -> tuple[Ask, Snapshot, list[Live]]:
    """Return what a pending compression was asked for, its branch, and its groups as they were ``seen``."""
    stored = kept.stored(ws, kept.number(seen))
    history, ask = ws.snapshot(tip_of(ws, stored)), stored_ask(stored)
    return ask, history, living(ws, history, stored, ask)


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


def tip_of(ws: Workspace, stored: StoredReview) -> int:
    """Return the tip of the branch that a proposal is of."""
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
    texts = next(group.texts for group in seen.groups if group.key == key)
    return _put(ws, seen, key, TEXT if mine else last["strategy"], Draft(clean_text(text), made), texts)


def redraft(
    ws: Workspace,
    seen: Compressed,
    key: str,
    strategy: str | None,
    instructions: str | None,
    model: str | None,
    cancel: Cancel | None = None,
) -> Compressed:
    """Have a group's draft written anew; while a model writes, nothing is locked."""
    with ws.db.read():
        stored = kept.stored(ws, kept.number(seen))
        kept.refuse_settled(stored)
        history = ws.snapshot(tip_of(ws, stored))
        ask = stored_ask(stored)
        live = living(ws, history, stored, ask)
        one = group_of(live, key)
        if strategy not in (None, one.strategy) and not instructions and model is None:
            before = _before(history, stored, key, str(strategy))
            if before is not None:
                return _put(ws, seen, key, str(strategy), before, one.texts)
        by_model = strategy is None and (instructions is not None or one.strategy == TEXT)
        chosen = SUMMARIZE if by_model else strategy or one.strategy
        live = _living_as(ws, history, stored, ask, key, chosen)
        one = group_of(live, key)
        said = "\n".join(text for text in (ask.instructions, instructions) if text)
        ask = ask._replace(strategy=chosen, instructions=said or None, model=model or ask.model)
        limit = limits(Plan(ask, history, [group.run for group in live], [], [], []))[live.index(one)]
        draft = Draft(structural_text(ws, ask, one.run, limit)) if chosen == STRUCTURAL else Draft("")
    if chosen == SUMMARIZE:
        if ws.summariser is None:
            raise no_model()
        draft = drafted(ws, ask, one.run, limit, ws.summariser, cancel)
        if instructions:
            draft = replace(draft, metadata={**(draft.metadata or {}), "instructions": clean_text(said)})
    return _put(ws, seen, key, chosen, draft, one.texts)


def _living_as(
    ws: Workspace, history: Snapshot, stored: StoredReview, ask: Ask, key: str, strategy: str
) -> list[Live]:
    """Return the groups as they would be if a strategy wrote the draft of one.

    A mask takes the output of a tool alone; a summary takes it with its call, or not at all.
    """
    proposals = {**stored.proposals, key: {**stored.proposals.get(key, {}), "strategy": strategy}}
    live = living(ws, history, stored._replace(proposals=proposals), ask)
    if strategy != MASK and all(one.key != key for one in live):
        group_of(living(ws, history, stored, ask), key)
        raise ReviewError(
            "No summary can stand for this group: its outputs stand without their calls.",
            "Approve its masks, or reject it and compress calls and results together.",
        )
    return live


def _before(history: Snapshot, stored: StoredReview, key: str, strategy: str) -> Draft | None:
    """Return what a strategy wrote last for a group, edits included; None where units changed since."""
    found = stored.proposals.get(key, {}).get(OTHERS, {}).get(strategy)
    units = [bytes.fromhex(unit) for unit in stored.args["groups"][int(key)]]
    if found is None or found["of"] != unit_texts(history, units):
        return None
    return Draft(found["text"], found["metadata"], found["problem"])


def _put(
    ws: Workspace, seen: Compressed, key: str, strategy: str, draft: Draft, texts: Sequence[str]
) -> Compressed:
    """Keep a group's draft, written of ``texts``; what was decided about the last one is taken back."""
    number = kept.number(seen)
    with ws.db.write():
        stored = kept.stored(ws, number)
        kept.refuse_settled(stored)
        history = ws.snapshot(tip_of(ws, stored))
        group_of(_living_as(ws, history, stored, stored_ask(stored), key, strategy), key)
        written = as_written(texts, strategy, draft)
        last = stored.proposals.get(key, {})
        others = {name: said for name, said in last.get(OTHERS, {}).items() if name != strategy}
        if last.get("text") and last["strategy"] != strategy:
            others[last["strategy"]] = {name: said for name, said in last.items() if name != OTHERS}
        if others:
            written[OTHERS] = others
        answers = {name: said for name, said in stored.answers.items() if name != key}
        reviews.put_answers(ws.db, number, answers, {**stored.proposals, key: written})
        return look(ws, number, seen)


def group_of(live: list[Live], key: str) -> Live:
    """Return the group that goes by a key."""
    for one in live:
        if one.key == key:
            return one
    raise ReviewError(
        "This group is gone: its units are pinned, or covered otherwise.", "review.refresh() shows what is."
    )
