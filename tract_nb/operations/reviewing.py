"""Reviewing: the way of a verb that may have to ask, from the call to what is applied or rejected."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from tract_nb.engine.tokens import context_size
from tract_nb.errors import RefError, ReviewError
from tract_nb.model.commit import HASH_SHOWN, Row
from tract_nb.model.conflict import Conflict, Decision
from tract_nb.model.listing import counted
from tract_nb.model.review import Reviewed
from tract_nb.model.waiting import APPLIED, PENDING, REJECTED
from tract_nb.operations import joining, names, present
from tract_nb.operations import kept_reviews as kept
from tract_nb.operations.budget import asks, check_budget
from tract_nb.operations.deciding import Deciding, Decisions, checked, from_json, to_json
from tract_nb.operations.joining import Joint
from tract_nb.operations.transaction import Transaction, refuse_detached, transaction
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects, refs, reviews
from tract_nb.store.reviews import StoredReview


class Outcome(NamedTuple):
    """What a verb did to the branch."""

    tip: Row | None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Joining(Protocol):
    """A verb that joins a branch with another history; it asks by way of :class:`Merging`."""

    verb: str
    source: str

    @property
    def args(self) -> dict[str, Any]:
        """What it was asked for, as JSON."""

    def without_asking(self, tx: Transaction, ours: Row | None, theirs: Row, branch: str) -> Outcome | None:
        """Do what needs no decision; None where the two histories must be joined."""

    def plan(self, ws: Workspace, ours: Row, theirs: Row, answers: Mapping[str, Decision]) -> Joint:
        """Return what it would do."""

    def apply(self, tx: Transaction, ours: Row, theirs: Row, joint: Joint, branch: str) -> Outcome:
        """Do it: all is decided."""


#: the verbs that reviews are made of, by name; called with a review's ``args``
VERBS: dict[str, Callable[..., Joining]] = {}


def start(ws: Workspace, verb: Joining, deciding: Deciding) -> Reviewed:
    """Do a verb on the branch that HEAD is on, or make a review of what it has to ask."""
    refuse_detached(ws)
    with ws.db.read():
        theirs = names.commit_named(ws, verb.source)
        waiting = kept.waiting(ws)
    if waiting is not None:
        return _waiting(ws, verb, waiting, theirs)
    answers: Decisions = {}
    if deciding.asks_outside or asks(ws):
        with transaction(ws, verb.verb) as tx:
            head = tx.head()  # before anybody is asked, paid or not
        if head is not None:
            answers = _asked_outside(ws, verb, head, theirs, deciding)
    with transaction(ws, verb.verb, verb.args) as tx:
        ours = tx.head()
        kept.refuse_second(ws, verb.verb)
        done = verb.without_asking(tx, ours, theirs, str(ws.branch))
        if done is not None or ours is None:
            return _applied(ws, verb, ours, done or Outcome(ours))
        if not deciding.asks_outside:
            answers = deciding.decide(lambda given: _conflicts(ws, verb, ours, theirs, given))
        joint = verb.plan(ws, ours, theirs, answers)
        if joint.unanswered or (deciding.proposes and joint.plan.questions):
            return _ask(tx, verb, ours, theirs, joint, deciding)
        return _apply(tx, verb, ours, theirs, joint, str(ws.branch))


def _waiting(ws: Workspace, verb: Joining, waiting: StoredReview, theirs: Row) -> Reviewed:
    """Return the review that is pending, where it is of the same; refuse another beside it."""
    if (waiting.verb, waiting.source, dict(waiting.args)) != (verb.verb, theirs.hash, verb.args):
        raise kept.waits(waiting)
    ws.say(f"this {waiting.verb} is pending already: its answers are kept")
    return look(ws, waiting.id)


def _asked_outside(ws: Workspace, verb: Joining, head: Row, theirs: Row, deciding: Deciding) -> Decisions:
    """Ask a resolver, a model, and the budget's own function; no lock is held meanwhile."""

    def look_at(given: Mapping[str, Decision]) -> Sequence[Conflict]:
        with ws.db.read():
            return _conflicts(ws, verb, head, theirs, given)

    answers = deciding.decide(look_at)
    if asks(ws):
        with ws.db.read():
            after = context_size(_size_after(ws, verb, head, theirs, answers))
        assert ws.budget is not None
        assert callable(ws.budget.action)
        if after > context_size(head.context) and after > ws.budget.max_tokens:
            ws.budget.action(after, ws.budget.max_tokens)
    return answers


def _size_after(ws: Workspace, verb: Joining, ours: Row, theirs: Row, answers: Decisions) -> int:
    one, two = ws.snapshot(ours.id), ws.snapshot(theirs.id)
    if one.has(theirs.id) or two.has(ours.id):
        return max(ours.context, theirs.context)
    return joining.size_after(ws, verb.plan(ws, ours, theirs, answers).plan)


def _conflicts(
    ws: Workspace, verb: Joining, ours: Row, theirs: Row, answers: Mapping[str, Decision]
) -> Sequence[Conflict]:
    one, two = ws.snapshot(ours.id), ws.snapshot(theirs.id)
    if one.has(theirs.id) or two.has(ours.id):
        return ()
    return joining.conflicts(ws, verb.plan(ws, ours, theirs, answers), answers)


def _applied(ws: Workspace, verb: Joining, ours: Row | None, done: Outcome) -> Reviewed:
    """Return what a verb did, as a review that is settled."""
    return Reviewed(
        number=None,
        verb=verb.verb,
        branch=str(ws.branch),
        source=verb.source,
        state=APPLIED,
        warnings=done.warnings,
        notes=done.notes,
        tokens_before=context_size(ours.context if ours else 0),
        tokens_after=context_size(done.tip.context if done.tip else 0),
        commit=present.commits(ws, [done.tip])[0] if done.tip else None,
    )


def _apply(tx: Transaction, verb: Joining, ours: Row, theirs: Row, joint: Joint, branch: str) -> Reviewed:
    answers = joint.merging.answers
    shown = joining.conflicts(tx.ws, joint, answers)
    done = verb.apply(tx, ours, theirs, joint, branch)
    if done.tip is not None and done.tip.context > ours.context:
        check_budget(tx.ws, done.tip.context)
    return replace(_applied(tx.ws, verb, ours, done), branch=branch, conflicts=shown)


def _ask(
    tx: Transaction, verb: Joining, ours: Row, theirs: Row, joint: Joint, deciding: Deciding
) -> Reviewed:
    """Store what is asked as a pending review of the branch."""
    ws, given = tx.ws, joint.merging.answers
    answers, proposals = ({}, given) if deciding.proposes else (given, {})
    shown = joining.conflicts(ws, joint, answers, proposals)
    deciding.refuse_open([one for one in shown if not one.settled])
    number = reviews.add(
        ws.db,
        tract=ws.tract,
        branch=str(ws.branch),
        verb=verb.verb,
        source=theirs.hash,
        args=verb.args,
        answers=to_json(answers),
        proposals=to_json(proposals),
        actor=ws.actor,
        at=tx.tick(),
    )
    return _pending(ws, verb, number, str(ws.branch), ours, joint, shown)


def _pending(
    ws: Workspace,
    verb: Joining,
    number: int,
    branch: str,
    ours: Row,
    joint: Joint,
    shown: tuple[Conflict, ...],
) -> Reviewed:
    return Reviewed(
        number=number,
        verb=verb.verb,
        branch=branch,
        source=verb.source,
        state=PENDING,
        conflicts=shown,
        warnings=joining.warnings(joint.plan),
        tokens_before=context_size(ours.context),
        tokens_after=context_size(joining.size_after(ws, joint.plan)),
    )


# -- what is stored ---------------------------------------------------------------------------------


def look(ws: Workspace, number: int) -> Reviewed:
    """Return a stored review as it is by now: its branch may have grown, somebody may have answered."""
    stored = kept.stored(ws, number)
    verb = _verb(stored)
    if stored.state != PENDING:
        return Reviewed(number, stored.verb, stored.branch, verb.source, stored.state)
    ours, theirs = _ends(ws, stored)
    answers, proposals = from_json(stored.answers), from_json(stored.proposals)
    one, two = ws.snapshot(ours.id), ws.snapshot(theirs.id)
    if one.has(theirs.id) or two.has(ours.id):  # meanwhile there is nothing to decide any more
        size = max(ours.context, theirs.context)
        return Reviewed(
            number, stored.verb, stored.branch, verb.source, PENDING,
            tokens_before=context_size(ours.context), tokens_after=context_size(size),
        )  # fmt: skip
    joint = verb.plan(ws, ours, theirs, {**proposals, **answers})
    shown = joining.conflicts(ws, joint, answers, proposals)
    return _pending(ws, verb, number, stored.branch, ours, joint, shown)


def answer(ws: Workspace, review: Reviewed, key: str, given: Decision | None) -> Reviewed:
    """Keep an answer to a pending review; None takes it back."""
    number = kept.number(review)
    with ws.db.write():
        stored = kept.stored(ws, number)
        kept.refuse_settled(stored)
        answers = from_json(stored.answers)
        if given is None:
            answers.pop(key, None)
        else:
            answers[key] = checked(asked(look(ws, number), key), replace(given, by=ws.actor))
        reviews.put_answers(ws.db, number, to_json(answers))
        return look(ws, number)


def propose(ws: Workspace, review: Reviewed, key: str, given: Decision) -> Reviewed:
    """Keep a proposal for one conflict of a pending review; an answer to it is taken back."""
    number = kept.number(review)
    with ws.db.write():
        stored = kept.stored(ws, number)
        kept.refuse_settled(stored)
        answers, proposals = from_json(stored.answers), from_json(stored.proposals)
        answers.pop(key, None)
        proposals[key] = checked(asked(look(ws, number), key), given)
        reviews.put_answers(ws.db, number, to_json(answers), to_json(proposals))
        return look(ws, number)


def asked(review: Reviewed, key: str) -> Conflict:
    """Return the conflict that goes by a key.

    Raises
    ------
    ReviewError
        If it is not asked any more.
    """
    for one in review.conflicts:
        if one.key == key:
            return one
    raise ReviewError(
        "This conflict is not asked any more: the branch has changed.", "review.refresh() shows what is."
    )


def approve(ws: Workspace, review: Reviewed) -> Reviewed:
    """Apply a pending review on its branch as it is by now."""
    number = kept.number(review)
    stored = kept.stored(ws, number)
    kept.refuse_settled(stored)
    verb = _verb(stored)
    with transaction(ws, stored.verb, {**verb.args, "review": number}) as tx:
        stored = kept.stored(ws, number)
        kept.refuse_settled(stored)
        ours, theirs = _ends(ws, stored)
        done = verb.without_asking(tx, ours, theirs, stored.branch)
        if done is not None:
            reviews.settle(ws.db, number, APPLIED)
            return replace(_applied(ws, verb, ours, done), number=number, branch=stored.branch)
        answers, proposals = from_json(stored.answers), from_json(stored.proposals)
        joint = verb.plan(ws, ours, theirs, {**proposals, **answers})
        if joint.unanswered:
            return _still_asks(ws, review, joint, len(joint.unanswered), number)
        applied = _apply(tx, verb, ours, theirs, joint, stored.branch)
        reviews.settle(ws.db, number, APPLIED)
        return replace(applied, number=number)


def _still_asks(ws: Workspace, review: Reviewed, joint: Joint, count: int, number: int) -> Reviewed:
    """Refuse to apply what is undecided; what is new keeps the review pending and says so."""
    seen = {one.key for one in review.conflicts}
    if any(one.key in seen for one in joint.unanswered):
        raise ReviewError(
            f"{counted(count, 'conflict')} of {len(joint.plan.questions)} nobody has decided.",
            "review.choose(i, 'ours') or review.edit(i, 'text') decides one.",
        )
    ws.warn(
        f"The branch asks {counted(count, 'question')} more than when you looked: the review stays pending."
    )
    return look(ws, number)


def reject(ws: Workspace, review: Reviewed) -> Reviewed:
    """Let a pending review be: the history is as it was."""
    kept.reject(ws, kept.number(review))
    return replace(review, state=REJECTED)


def _ends(ws: Workspace, stored: StoredReview) -> tuple[Row, Row]:
    """Return the tip of a review's branch as it is by now, and the other side as it was."""
    tip = refs.get(ws.db, stored.tract, refs.HEADS + stored.branch)
    theirs = objects.row_by_hash(ws.db, stored.source)
    if not tip or theirs is None:
        what = f"the branch {stored.branch}" if not tip else f"the commit {stored.source.hex()[:HASH_SHOWN]}"
        raise RefError(f"This review is of {what}, which is gone.", "reject() it.")
    return ws.row(tip), theirs


def _verb(stored: StoredReview) -> Joining:
    return VERBS[stored.verb](**stored.args)
